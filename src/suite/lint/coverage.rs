//! Every requirement at MUST or SHOULD has a case, or the contract says why none can be.

use std::collections::HashSet;

use crate::contract::{Contracts, Level, Requirement};
use crate::diagnostic::Diagnostic;
use crate::files::SuiteFiles;
use crate::suite::loaded::Suites;

pub(super) fn check(files: &SuiteFiles, contracts: &Contracts, suites: &Suites) -> Vec<Diagnostic> {
    let covered: HashSet<&String> = suites.cases.values().flat_map(|case| case.requirements()).collect();
    let binding = contracts.requirements.values().filter(|requirement| requirement.level != Level::Info);
    let open = binding.filter(|requirement| requirement.unexercised.is_none() && !covered.contains(&requirement.id));
    open.map(|requirement| mistake(files, requirement)).collect()
}

fn mistake(files: &SuiteFiles, requirement: &Requirement) -> Diagnostic {
    let path = format!("{}/contract.yaml", requirement.api);
    let text = files.files.get(&path).cloned().unwrap_or_default();
    let span = place(&text, requirement);
    let message = format!("no case for `{}` and no reason given", requirement.id);
    let hint =
        format!("name it in a case under suites/{}/, or add it to `unexercised` with the reason", requirement.api);
    Diagnostic { origin: files.origin(&path), text, span, message, hint: Some(hint) }
}

/// Returns the bytes of the row a requirement comes from, as near as its name is found behind its operation.
fn place(text: &str, requirement: &Requirement) -> std::ops::Range<usize> {
    let operation = requirement.operation.as_deref();
    let start = operation.and_then(|name| text.find(&format!("name: {name}\n"))).unwrap_or_default();
    let parts: Vec<&str> = requirement.id.split('.').collect();
    let whole = |key: &str, name: &str| {
        text[start..].find(&format!("{key}: {name}")).map(|at| (start + at, key.len() + 2 + name.len()))
    };
    let quoted = |key: &str, name: &str| {
        text[start..].find(&format!("{key}: \"{name}\"")).map(|at| (start + at, key.len() + 4 + name.len()))
    };
    for n_dropped in 0..=1 {
        for first in 1..parts.len().saturating_sub(n_dropped) {
            let name = parts[first..parts.len() - n_dropped].join(".");
            for key in ["id", "path", "name", "code"] {
                if let Some((at, length)) = whole(key, &name).or_else(|| quoted(key, &name)) {
                    return at..at + length;
                }
            }
        }
    }
    0..0
}
