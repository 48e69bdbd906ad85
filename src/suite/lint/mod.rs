//! What loading leaves to `idvet lint`, since it is slow or about the whole: coverage, expressions, patterns.

mod coverage;
mod expressions;
mod patterns;

use super::loaded::Suites;
use crate::contract::Contracts;
use crate::diagnostic::Diagnostic;
use crate::files::SuiteFiles;

/// Returns the mistakes of suites that loaded.
pub fn lint(files: &SuiteFiles, contracts: &Contracts, suites: &Suites) -> Vec<Diagnostic> {
    let mut mistakes = expressions::check(files, suites);
    mistakes.extend(patterns::check(files, suites));
    mistakes.extend(coverage::check(files, contracts, suites));
    mistakes
}

/// Returns a mistake about a text somewhere in a case, given the case's place.
fn at_case(files: &SuiteFiles, place: &str, needle: &str, message: String, hint: &str) -> Diagnostic {
    let (origin, line) = place.rsplit_once(':').unwrap_or((place, "1"));
    let path = origin.strip_prefix(&files.root).map_or(origin, |path| path.trim_start_matches('/'));
    let text = files.files.get(path).cloned().unwrap_or_default();
    let first: usize = line.parse::<usize>().unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(first).map(str::len).sum();
    // A needle over several lines, or one that a row filled in, is not found as it stands: then the case is marked.
    let found = text.get(start..).and_then(|rest| rest.find(needle)).filter(|_| !needle.is_empty());
    let end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| start + length);
    let span = found.map_or(start..end, |at| start + at..start + at + needle.len());
    Diagnostic { origin: origin.to_owned(), text, span, message, hint: Some(hint.to_owned()) }
}
