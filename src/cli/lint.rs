//! `idvet lint`: every mistake of a suites folder.

use crate::contract::Contracts;
use crate::diagnostic::Diagnostic;
use crate::files::SuiteFiles;
use crate::suite;

/// What was linted, for the line that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linted {
    pub n_requirements: usize,
    pub n_cases: usize,
}

/// Returns what the folder holds, or all its mistakes. Suites are looked at only when the contracts load: most of what
/// could be said of them would be noise.
pub fn lint(files: &SuiteFiles) -> Result<Linted, Vec<Diagnostic>> {
    let contracts = Contracts::load(files)?;
    let suites = suite::load(files, &contracts)?;
    let mistakes = suite::lint(files, &contracts, &suites);
    match mistakes.is_empty() {
        true => Ok(Linted { n_requirements: contracts.requirements.len(), n_cases: suites.cases.len() }),
        false => Err(mistakes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_suites_have_no_mistake() {
        let linted = lint(&SuiteFiles::embedded()).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
        assert!(linted.n_cases >= 600 && linted.n_requirements >= 1_000, "{linted:?}");
    }
}
