//! All suite files of a folder to cases: parse, expand, derive twins, check names; every mistake at once.

use std::sync::Arc;

use super::expand::expand;
use super::implied::imply;
use super::loaded::{Case, LoadedBaseline, Suites};
use super::parse::{ParsedFile, parse_files, side_by_side};
use super::twin::Twins;
use super::validate::{validate_baselines, validate_cases};
use crate::contract::Contracts;
use crate::diagnostic::Diagnostic;
use crate::files::SuiteFiles;

/// Loads every suite file, or returns all mistakes found in them.
pub fn load(files: &SuiteFiles, contracts: &Contracts) -> Result<Suites, Vec<Diagnostic>> {
    build(parse(files), contracts)
}

/// Suite files as parsed, before the contracts are looked at.
pub struct ParsedSuites(Vec<Result<ParsedFile, Vec<Diagnostic>>>);

/// Parses every suite file. Needs no contract, so that both can be read at the same time.
pub fn parse(files: &SuiteFiles) -> ParsedSuites {
    ParsedSuites(parse_files(files))
}

/// Makes suites of what was parsed, or returns all mistakes found.
pub fn build(files: ParsedSuites, contracts: &Contracts) -> Result<Suites, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let mut parsed: Vec<ParsedFile> = Vec::new();
    for result in files.0 {
        match result {
            Ok(file) => parsed.push(file),
            Err(found) => mistakes.extend(found),
        }
    }
    let mut suites = Suites::default();
    collect_baselines(&parsed, &mut suites, &mut mistakes);
    mistakes.extend(validate_baselines(&parsed, contracts));
    // A file that did not parse may hold the baselines that others name: their mistakes would be noise.
    let complete = mistakes.is_empty();
    let mut cases = Vec::new();
    let expansions = side_by_side(&parsed, |file| file.source.text.len(), |file| expand(file, contracts));
    for (file_idx, expansion) in expansions.into_iter().enumerate() {
        mistakes.extend(expansion.mistakes);
        cases.extend(expansion.cases.into_iter().map(|(case_idx, case)| Written { file_idx, case_idx, case }));
    }
    if complete {
        mistakes.extend(validate_cases(&parsed, &cases, &suites, contracts));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    add_cases(cases, &mut suites, contracts);
    Ok(suites)
}

/// A case and where it was written.
pub(super) struct Written {
    pub(super) file_idx: usize,
    pub(super) case_idx: usize,
    pub(super) case: Case,
}

fn collect_baselines(parsed: &[ParsedFile], suites: &mut Suites, mistakes: &mut Vec<Diagnostic>) {
    for file in parsed {
        for (name, baseline) in &file.file.baselines {
            let api = baseline.api.clone().unwrap_or_else(|| file.folder.clone());
            let loaded = LoadedBaseline { api, baseline: baseline.clone() };
            if suites.baselines.insert(format!("{}/{name}", file.folder), loaded).is_some() {
                let span = file.source.find(&(0..file.source.text.len()), &format!("{name}:"));
                let message = format!("a second baseline `{name}` in the folder `{}`", file.folder);
                mistakes.push(file.source.mistake(span, message, Some("give it another name".to_owned())));
            }
        }
    }
}

fn add_cases(cases: Vec<Written>, suites: &mut Suites, contracts: &Contracts) {
    let mut twins = Twins::default();
    for Written { mut case, .. } in cases {
        if let Some(mut twin) = twins.derive(&mut case) {
            imply(&mut twin, suites, contracts);
            suites.cases.insert(twin.id.clone(), Arc::new(twin));
        }
        imply(&mut case, suites, contracts);
        suites.cases.insert(case.id.clone(), Arc::new(case));
    }
}
