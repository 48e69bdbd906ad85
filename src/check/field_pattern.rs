//! A field whose text follows a pattern.

use regex::Regex;
use serde_json::Value;

use super::{in_body, shown};
use crate::contract::path::as_text;
use crate::event::Mismatch;

/// Returns the mismatch of a value with its pattern.
pub(super) fn mismatch(path: &str, pattern: &Regex, value: &Value) -> Option<Mismatch> {
    (!pattern.is_match(&as_text(value))).then(|| in_body(path, format!("a text like {pattern}"), shown(value)))
}
