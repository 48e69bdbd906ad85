//! Mistakes in files people write: where, what is wrong, what to do.

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// One mistake in a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// File as messages name it, for example `suites/cloudauth/init.yaml`.
    pub origin: String,
    /// Text of the whole file, for the snippet.
    pub text: Arc<str>,
    /// Bytes of `text` that the caret marks; empty at 0 when the file as a whole is meant.
    pub span: Range<usize>,
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl std::fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the text: a failed test would print the whole file for each mistake.
        write!(f, "{}:{:?}: {} ({:?})", self.origin, self.span, self.message, self.hint)
    }
}

/// Parses a strict YAML file. Fails with every mistake found.
pub fn parse_yaml<T: DeserializeOwned + JsonSchema>(origin: &str, text: &Arc<str>) -> Result<T, Vec<Diagnostic>> {
    serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        let start = error.location().and_then(|place| place.span().byte_offset()).unwrap_or_default() as usize;
        let start = start.min(text.len());
        vec![Diagnostic {
            origin: origin.to_owned(),
            text: Arc::clone(text),
            span: start..start,
            message: error.to_string(),
            hint: None,
        }]
    })
}
