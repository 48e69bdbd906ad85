//! A header whose value follows a pattern.

use regex::Regex;

use super::judged;
use crate::event::{CheckRecorded, Mismatch};
use crate::exchange::Response;

/// Checks a header against a pattern. A pattern that does not compile is a mismatch that says so.
pub fn check_header(response: &Response, name: &str, pattern: &str, requirement: &str, step: u32) -> CheckRecorded {
    let value = response.header(name);
    let holds = Regex::new(pattern).is_ok_and(|pattern| value.is_some_and(|value| pattern.is_match(value)));
    let mismatch = (!holds).then(|| Mismatch {
        place: format!("response header, {name}"),
        expected: format!("a text like {pattern}"),
        actual: value.map_or_else(|| "no such header".to_owned(), |value| format!("\"{value}\"")),
    });
    judged(requirement, "header", step, mismatch)
}
