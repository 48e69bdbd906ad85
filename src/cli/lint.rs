//! `idvet lint`: every mistake of a suites folder.

use super::args::SuitesArg;
use super::profile::read_profile;
use super::settings::suite_files;
use super::{Failure, World, exit};
use crate::contract::Contracts;
use crate::coverage::parse_ledger;
use crate::diagnostic::Diagnostic;
use crate::files::SuiteFiles;
use crate::judge::suite::load_sdk;
use crate::load_profile::profile_names;
use crate::{suite, target};

/// What was linted, for the line that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linted {
    pub n_requirements: usize,
    pub n_cases: usize,
    pub n_targets: usize,
    pub n_profiles: usize,
}

pub(super) fn run(args: &SuitesArg, world: &mut World<'_>) -> Result<u8, Failure> {
    let linted = lint(&suite_files(args, world)?)?;
    let Linted { n_requirements, n_cases, n_targets, n_profiles } = linted;
    let text = format!(
        "{n_cases} cases, {n_requirements} requirements, {n_targets} targets, {n_profiles} load profiles: no mistake\n"
    );
    world.print(&text)?;
    Ok(exit::SATISFIED)
}

/// Returns what the folder holds, or all its mistakes. Suites are looked at only when the contracts load: most of what
/// could be said of them would be noise.
pub fn lint(files: &SuiteFiles) -> Result<Linted, Vec<Diagnostic>> {
    let contracts = Contracts::load(files)?;
    let suites = suite::load(files, &contracts)?;
    let mut mistakes = suite::lint(files, &contracts, &suites);
    let targets = files.files.keys().filter_map(|path| path.strip_prefix("targets/")?.strip_suffix(".yaml"));
    mistakes.extend(sdk_mistakes(files, &contracts));
    let profiles = profile_names(files);
    for name in &profiles {
        mistakes.extend(read_profile(name, files, &contracts, &suites).err().unwrap_or_default());
    }
    let mut n_targets = 0;
    for name in targets {
        n_targets += 1;
        mistakes.extend(target::load(files, name).err().unwrap_or_default());
    }
    match mistakes.is_empty() {
        true => Ok(Linted {
            n_requirements: contracts.requirements.len(),
            n_cases: suites.cases.len(),
            n_targets,
            n_profiles: profiles.len(),
        }),
        false => Err(mistakes),
    }
}

/// Mistakes in what is tried on SDKs and in their ledgers.
fn sdk_mistakes(files: &SuiteFiles, contracts: &Contracts) -> Vec<Diagnostic> {
    let suites = match load_sdk(files, contracts) {
        Ok(suites) => suites,
        Err(mistakes) => return mistakes,
    };
    let is_requirement = |id: &str| suites.requirements.contains_key(id);
    let is_case = |id: &str| suites.cases.iter().any(|planned| planned.id == id);
    let ledgers = files.files.iter().filter(|(name, _)| name.starts_with("known-failures/"));
    let read = ledgers.map(|(name, text)| parse_ledger(&files.origin(name), text, is_requirement, is_case));
    read.filter_map(Result::err).flatten().collect()
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
