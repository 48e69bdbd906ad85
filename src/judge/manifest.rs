//! `drivers/<name>/driver.yaml`: which SDK a driver calls, how it is installed and run.

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::diagnostic::{Diagnostic, parse_yaml};

/// The value of `format` in a manifest.
pub const DRIVER_FORMAT: &str = "idvet/driver/1";

/// One driver. In commands `{cache}` is a folder of its own that stays, `{driver}` the folder of the driver's files and
/// `{version}` the version of the SDK.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `idvet/driver/1`.
    pub format: String,
    /// The folder's name.
    pub name: String,
    /// Another driver whose files this one uses besides its own.
    #[serde(default)]
    pub files_of: Option<String>,
    /// Package that is judged.
    pub sdk: String,
    /// Version that is installed unless another is asked for.
    pub version: String,
    /// Programs that have to be there, with what installs them.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Commands that install the SDK into `{cache}`, run once.
    #[serde(default)]
    pub install: Vec<Vec<String>>,
    /// The command that starts the driver.
    pub run: Vec<String>,
    /// Variables that turn the SDK's debug log on. The driver sees to it that the log goes to stderr.
    #[serde(default)]
    pub debug: IndexMap<String, String>,
}

/// A program that a driver needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    pub program: String,
    /// What to install, in words.
    pub install: String,
}

/// Reads a manifest.
pub fn read_manifest(origin: &str, text: &Arc<str>) -> Result<Manifest, Vec<Diagnostic>> {
    let manifest: Manifest = parse_yaml(origin, text)?;
    let fault = if manifest.format != DRIVER_FORMAT {
        Some((format!("format {:?} is not known", manifest.format), format!("write `format: {DRIVER_FORMAT}`")))
    } else if manifest.run.is_empty() {
        Some(("run names no command".to_owned(), "name the program and its arguments".to_owned()))
    } else {
        None
    };
    match fault {
        None => Ok(manifest),
        Some((message, hint)) => Err(vec![Diagnostic {
            origin: origin.to_owned(),
            text: Arc::clone(text),
            span: 0..0,
            message,
            hint: Some(hint),
        }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_strictly() {
        let text = "format: idvet/driver/1\nname: a\nfiles_of: b\nsdk: s\nversion: '1'\nneeds: [{ program: sh, install: a shell }]\ninstall: [[sh, -c, 'true']]\nrun: [sh, '{driver}/run.sh']\n";
        let manifest = read_manifest("driver.yaml", &Arc::from(text)).expect("reads");
        assert_eq!((manifest.name.as_str(), manifest.install.len()), ("a", 1));
        assert_eq!(manifest.files_of.as_deref(), Some("b"));
        for (from, to) in
            [("idvet/driver/1", "idvet/driver/9"), ("run: [sh, '{driver}/run.sh']", "run: []"), ("sdk: s", "sdks: s")]
        {
            assert!(read_manifest("driver.yaml", &Arc::from(text.replace(from, to))).is_err(), "{to}");
        }
    }
}
