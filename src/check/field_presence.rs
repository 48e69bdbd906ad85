//! A field that has to be there, or must not be.

use super::response_rows::Row;
use super::{in_body, judged};
use crate::contract::Facts;
use crate::contract::path::FieldPath;
use crate::event::CheckRecorded;

/// Whether a row binds for an answer, and what came of it.
pub(super) enum Presence {
    /// There, or rightly not.
    Fine(Option<CheckRecorded>),
    /// Wanted and not there: its inner rows say nothing more.
    Missing(CheckRecorded),
}

/// Checks a row; `is_there` says for how many of the places that could hold it the field is there.
pub(super) fn check(row: &Row, facts: &Facts<'_>, holders: usize, found: usize, step: u32) -> Presence {
    let requirement = format!("{}.presence", row.requirement);
    let record = |mismatch| judged(&requirement, "field-presence", step, mismatch);
    if found > 0 && row.absent_when.iter().any(|test| test.holds(facts)) {
        return Presence::Fine(Some(record(Some(in_body(&row.path_text, "no such field", "the field is there")))));
    }
    let wanted = match row.is_required {
        // A required field is required of what holds it: where that is absent there is nothing to want.
        true => holders > 0,
        false => row.required_when.iter().any(|test| test.holds(facts)),
    };
    if wanted && found < holders.max(1) {
        return Presence::Missing(record(Some(in_body(&row.path_text, "the field", "no such field"))));
    }
    Presence::Fine((wanted || found > 0).then(|| record(None)))
}

/// Returns the path from what holds a field to the field, and of what holds it; nothing for a key of the answer itself.
pub(super) fn split(path: &str) -> (Option<FieldPath>, FieldPath) {
    match FieldPath::parent(path) {
        None => (None, FieldPath::parse(path)),
        Some(parent) => {
            let rest = &path[parent.len()..];
            (Some(FieldPath::parse(parent)), FieldPath::parse(rest.strip_prefix('.').unwrap_or(rest)))
        }
    }
}
