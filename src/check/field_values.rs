//! A field whose values are enumerated.

use serde_json::Value;

use super::{in_body, shown};
use crate::contract::path::as_text;
use crate::event::Mismatch;

/// Returns the mismatch of a value with its enumeration.
pub(super) fn mismatch(path: &str, values: &[String], value: &Value) -> Option<Mismatch> {
    let text = as_text(value);
    (!values.iter().any(|known| *known == *text))
        .then(|| in_body(path, format!("one of {}", values.join(", ")), shown(value)))
}
