//! Regular expressions in expectations compile.

use std::collections::HashSet;

use super::at_case;
use crate::diagnostic::Diagnostic;
use crate::files::SuiteFiles;
use crate::suite::loaded::Suites;
use crate::suite::model::{Expect, Step};

pub(super) fn check(files: &SuiteFiles, suites: &Suites) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let mut mistakes = Vec::new();
    for case in suites.cases.values() {
        for pattern in case.steps.iter().flat_map(expectations).flat_map(patterns).filter(|text| !text.contains("{{")) {
            if let Err(error) = regex::Regex::new(pattern)
                && seen.insert((&case.place, pattern))
            {
                let reason =
                    error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let message = format!("the pattern `{pattern}` does not compile: {reason}");
                mistakes.push(at_case(
                    files,
                    &case.place,
                    pattern,
                    message,
                    "escape signs that mean themselves with `\\`",
                ));
            }
        }
    }
    mistakes
}

fn expectations(step: &Step) -> Vec<&Expect> {
    match step {
        Step::Call(call) => call.expect.iter().chain(&call.otherwise).collect(),
        Step::Burst(burst) => vec![&burst.throttled],
        _ => Vec::new(),
    }
}

fn patterns(expect: &Expect) -> impl Iterator<Item = &String> {
    expect.matches.values().chain(expect.headers.values())
}
