//! Which cases are meant: patterns over ids, `--only` and `--skip` over requirements, APIs and levels.

use std::collections::HashSet;

use super::PlanError;
use crate::contract::{Contracts, Level};
use crate::suite::{Case, Suites, glob_matches};

/// What was asked for. Empty lists mean all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Case ids; `*` matches any run of characters, a pattern without it matches as a part of the id.
    pub patterns: Vec<String>,
    /// Requirement ids (with `*`), APIs, or levels (`must`, `should`, `info`): one of them must fit.
    pub only: Vec<String>,
    /// The same: none may fit.
    pub skip: Vec<String>,
}

/// Returns the ids of the cases selected, without the twins they need.
pub(super) fn select<'a>(
    selection: &Selection,
    suites: &'a Suites,
    contracts: &Contracts,
) -> Result<HashSet<&'a str>, PlanError> {
    for pattern in &selection.patterns {
        if !suites.cases.keys().any(|id| pattern_fits(pattern, id, suites)) {
            return Err(no_match(pattern, suites.cases.keys()));
        }
    }
    for term in selection.only.iter().chain(&selection.skip) {
        if !suites.cases.values().any(|case| term_fits(term, case, contracts)) {
            return Err(no_match(term, contracts.by_api.keys().chain(contracts.requirements.keys())));
        }
    }
    let chosen = suites.cases.values().filter(|case| {
        let by_pattern = selection.patterns.iter().any(|pattern| pattern_fits(pattern, &case.id, suites));
        let by_only = selection.only.iter().any(|term| term_fits(term, case, contracts));
        (selection.patterns.is_empty() || by_pattern)
            && (selection.only.is_empty() || by_only)
            && !selection.skip.iter().any(|term| skips(term, case, contracts))
    });
    let chosen: HashSet<&str> = chosen.map(|case| case.id.as_str()).collect();
    if chosen.is_empty() { Err(PlanError::NothingSelected) } else { Ok(chosen) }
}

/// A full id means that case alone, so that a reproduction line runs one case.
fn pattern_fits(pattern: &str, id: &str, suites: &Suites) -> bool {
    if suites.cases.contains_key(pattern) {
        return pattern == id;
    }
    if pattern.contains('*') { glob_matches(pattern, id) } else { id.contains(pattern) }
}

fn term_fits(term: &str, case: &Case, contracts: &Contracts) -> bool {
    match level(term) {
        Some(level) => levels(case, contracts).any(|found| found == level),
        None => case.api == term || case.requirements().any(|id| glob_matches(term, id)),
    }
}

/// A case goes when its API or a requirement it names is skipped, or when all it names has the skipped level.
fn skips(term: &str, case: &Case, contracts: &Contracts) -> bool {
    match level(term) {
        Some(level) => !case.named.is_empty() && levels(case, contracts).all(|found| found == level),
        None => case.api == term || case.named.iter().any(|id| glob_matches(term, id)),
    }
}

fn levels(case: &Case, contracts: &Contracts) -> impl Iterator<Item = Level> {
    case.named.iter().filter_map(|id| contracts.requirements.get(id)).map(|requirement| requirement.level)
}

fn level(term: &str) -> Option<Level> {
    match term {
        "must" => Some(Level::Must),
        "should" => Some(Level::Should),
        "info" => Some(Level::Info),
        _ => None,
    }
}

fn no_match<'a>(pattern: &str, names: impl Iterator<Item = &'a String>) -> PlanError {
    let mut scored: Vec<(f64, &String)> = names.map(|name| (strsim::jaro_winkler(pattern, name), name)).collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let near = scored.into_iter().take_while(|(likeness, _)| *likeness >= 0.6).take(3);
    PlanError::NoMatch { pattern: pattern.to_owned(), nearest: near.map(|(_, name)| name.clone()).collect() }
}
