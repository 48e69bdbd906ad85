//! Checks: an answer and what contract and case want of it in, mismatches out. One file per check.
//!
//! A failed check is a value. Every check says which requirement it speaks for; whether that can fail anybody is for
//! those who know the levels.

mod answer;
mod code;
mod expected;
mod field_length;
mod field_pattern;
mod field_presence;
mod field_type;
mod field_values;
mod header;
mod header_equals;
mod response_rows;
mod sub_code;

pub use answer::{Answer, Format, read_answer};
pub use code::{CodeWanted, check_code, is_gateway_refusal, wanted_code_row};
pub use expected::{check_absent, check_differs, check_field, check_format, check_match, check_present};
pub use header::check_header;
pub use header_equals::check_header_equals;
pub use response_rows::ResponseRows;
pub use sub_code::check_sub_code;

use crate::event::{CheckRecorded, Mismatch};

/// Returns a check that held.
fn held(requirement: &str, check: &str, step: u32) -> CheckRecorded {
    CheckRecorded { requirement: requirement.to_owned(), check: check.to_owned(), step, mismatch: None }
}

/// Returns a check as it came out.
fn judged(requirement: &str, check: &str, step: u32, mismatch: Option<Mismatch>) -> CheckRecorded {
    CheckRecorded { mismatch, ..held(requirement, check, step) }
}

/// Returns a mismatch at a path of the body.
fn in_body(path: &str, expected: impl Into<String>, actual: impl Into<String>) -> Mismatch {
    Mismatch { place: format!("response body, {path}"), expected: expected.into(), actual: actual.into() }
}

/// Shows a value in a mismatch. It is cut where it is recorded, behind the search for secrets, which half a secret escapes.
fn shown(value: &serde_json::Value) -> String {
    value.to_string()
}
