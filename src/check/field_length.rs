//! A field whose text has a longest length, in characters.

use serde_json::Value;

use super::in_body;
use crate::contract::path::as_text;
use crate::event::Mismatch;

/// Returns the mismatch of a value with its longest length.
pub(super) fn mismatch(path: &str, longest: u32, value: &Value) -> Option<Mismatch> {
    let length = as_text(value).chars().count();
    (length > longest as usize)
        .then(|| in_body(path, format!("at most {longest} characters"), format!("{length} characters")))
}
