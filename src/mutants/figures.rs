//! What the suites would have caught, as figures for reports: `suites/mutants-figures.yaml`, written by
//! `idvet mutants --write-figures` and held true by `.ci/run`. They speak for exactly the suites they were measured on.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Excuses, Fate, Matrix};
use crate::diagnostic::{Diagnostic, parse_yaml};
use crate::event::WouldCatch;
use crate::files::SuiteFiles;

/// Where the figures stand, below the suites folder.
pub const FIGURES_FILE: &str = "mutants-figures.yaml";

const FORMAT: &str = "idvet/mutants-figures/1";

/// Figures and what they were measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MutantFigures {
    /// Always `idvet/mutants-figures/1`.
    pub format: String,
    /// SHA-256 of all other files of the suites folder, in hex.
    pub suites: String,
    pub would_catch: WouldCatch,
}

impl MutantFigures {
    /// Counts a whole matrix.
    pub fn of(matrix: &Matrix, excuses: &Excuses, files: &SuiteFiles) -> Self {
        let total = matrix.total();
        let open = matrix.open(excuses).count();
        let is_caught = |fate: &Fate| matches!(fate, Fate::Caught { .. });
        let caught = matrix.trials.iter().filter(|trial| is_caught(&trial.fate)).count();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let would_catch = WouldCatch {
            defects: count(total.total()),
            caught: count(caught),
            excused: count(total.total() - caught - open),
            open: count(open),
        };
        Self { format: FORMAT.to_owned(), suites: digest(files), would_catch }
    }

    /// Returns the file's text.
    pub fn to_yaml(&self) -> String {
        let WouldCatch { defects, caught, excused, open } = self.would_catch;
        format!(
            "# What these suites would have caught; written by `idvet mutants --write-figures`, shown in every report.\n\
             format: {FORMAT}\nsuites: {}\nwould_catch: {{ defects: {defects}, caught: {caught}, excused: {excused}, open: {open} }}\n",
            self.suites
        )
    }
}

/// Returns the figures of a suites folder; nothing where none were measured on just these files.
pub fn load_figures(files: &SuiteFiles) -> Result<Option<MutantFigures>, Vec<Diagnostic>> {
    let Some(text) = files.files.get(FIGURES_FILE) else { return Ok(None) };
    let origin = files.origin(FIGURES_FILE);
    let figures: MutantFigures = parse_yaml(&origin, text)?;
    if figures.format != FORMAT {
        return Err(vec![Diagnostic {
            origin,
            text: Arc::clone(text),
            span: 0..0,
            message: format!("format {:?} is not known", figures.format),
            hint: Some(format!("write `format: {FORMAT}`")),
        }]);
    }
    Ok((figures.suites == digest(files)).then_some(figures))
}

/// Hashes every file but the figures, load profiles and those of SDKs: name, length and text of each.
fn digest(files: &SuiteFiles) -> String {
    let mut hash = Sha256::new();
    // What is tried on SDKs, and how much is sent, is no matter of conformance.
    let is_other =
        |name: &str| name.starts_with("sdk/") || name.starts_with("known-failures/") || name.contains("/load/");
    for (name, text) in files.files.iter().filter(|(name, _)| *name != FIGURES_FILE && !is_other(name)) {
        hash.update(format!("{name}\n{}\n", text.len()));
        hash.update(text.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_speak_for_the_files_they_were_measured_on() {
        let mut files = SuiteFiles { root: "suites".to_owned(), ..SuiteFiles::default() };
        files.files.insert("a.yaml".to_owned(), Arc::from("a: 1\n"));
        let would_catch = WouldCatch { defects: 4, caught: 3, excused: 1, open: 0 };
        let figures = MutantFigures { format: FORMAT.to_owned(), suites: digest(&files), would_catch };
        files.files.insert(FIGURES_FILE.to_owned(), Arc::from(figures.to_yaml()));
        assert_eq!(load_figures(&files).expect("reads"), Some(figures));
        files.files.insert("a.yaml".to_owned(), Arc::from("a: 2\n"));
        assert_eq!(load_figures(&files).expect("reads"), None);
        files.files.insert(
            FIGURES_FILE.to_owned(),
            Arc::from("format: other\nsuites: x\nwould_catch: { defects: 1, caught: 1, excused: 0, open: 0 }\n"),
        );
        assert!(load_figures(&files).is_err());
        files.files.remove(FIGURES_FILE);
        assert_eq!(load_figures(&files).expect("reads"), None);
    }

    #[test]
    fn the_embedded_suites_carry_their_figures() {
        let figures = load_figures(&SuiteFiles::embedded()).expect("reads");
        let figures = figures.expect("after a change of suites: idvet mutants --suites suites --write-figures");
        assert_eq!(figures.would_catch.open, 0);
        assert!(figures.would_catch.caught > 1_000);
    }
}
