//! Reasons why a requirement's breach may go unnoticed: `suites/mutants.yaml`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, parse_yaml};
use crate::suite::glob_matches;

/// Where the reasons stand, below the suites folder.
pub const EXCUSES_FILE: &str = "mutants.yaml";

/// The value of `format` in the file.
const FORMAT: &str = "idvet/mutants/1";

/// Written reasons.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Excuses {
    /// Always `idvet/mutants/1`.
    pub format: String,
    pub excused: Vec<Excuse>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Excuse {
    /// Requirement id, or defect id; `*` matches any run of characters.
    pub of: String,
    pub reason: String,
}

/// Reads the reasons.
pub fn load_excuses(origin: &str, text: &Arc<str>) -> Result<Excuses, Vec<Diagnostic>> {
    let excuses: Excuses = parse_yaml(origin, text)?;
    if excuses.format == FORMAT {
        return Ok(excuses);
    }
    Err(vec![Diagnostic {
        origin: origin.to_owned(),
        text: Arc::clone(text),
        span: 0..0,
        message: format!("format {:?} is not known", excuses.format),
        hint: Some(format!("write `format: {FORMAT}`")),
    }])
}

impl Excuses {
    /// Returns the reason given for a requirement or defect.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.excused.iter().find(|excuse| glob_matches(&excuse.of, id)).map(|excuse| excuse.reason.as_str())
    }
}
