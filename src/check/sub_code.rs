//! The sub-code inside a successful answer, and the verdict that goes with it.

use super::{Answer, in_body, judged};
use crate::contract::Operation;
use crate::contract::path::{as_text, look_up};
use crate::event::CheckRecorded;

/// Checks that verdict and sub-code of an answer go together; nothing where it has no documented sub-code.
pub fn check_sub_code(api: &str, operation: &Operation, answer: &Answer, step: u32) -> Vec<CheckRecorded> {
    let text = |path: &Option<String>| {
        let found = look_up(&answer.value, path.as_ref()?)?;
        Some(as_text(&found).into_owned())
    };
    let Some(sub_code) = text(&operation.envelope.sub_code) else { return Vec::new() };
    let Some(row) = operation.sub_codes.iter().find(|row| row.code == sub_code) else { return Vec::new() };
    let id = format!("{api}.{}.sub-code.{sub_code}", operation.name);
    let (Some(path), Some(wanted), Some(actual)) =
        (&operation.envelope.passed, &row.passed, text(&operation.envelope.passed))
    else {
        return vec![judged(&id, "sub-code", step, None)];
    };
    let mismatch =
        (actual != *wanted).then(|| in_body(path, format!("{wanted}, since the sub-code is {sub_code}"), actual));
    vec![judged(&id, "sub-code", step, None), judged(&format!("{id}.passed"), "passed", step, mismatch)]
}
