//! The type of a field. XML knows strings alone, so there a text has to read as the type.

use serde_json::Value;

use super::{Format, in_body, shown};
use crate::contract::FieldType;
use crate::event::Mismatch;

/// Returns the mismatch of a value with its type.
pub(super) fn mismatch(path: &str, kind: FieldType, value: &Value, format: Format) -> Option<Mismatch> {
    let fits = match format {
        Format::Xml if !path.contains('#') => fits_xml(kind, value),
        // What lies inside a string that holds JSON has the types of JSON, whatever is around the string.
        Format::Json | Format::Xml => fits_json(kind, value),
    };
    (!fits).then(|| in_body(path, kind.name(), shown(value)))
}

fn fits_json(kind: FieldType, value: &Value) -> bool {
    match kind {
        FieldType::String => value.is_string(),
        FieldType::Integer => value.is_i64() || value.is_u64(),
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Object => value.is_object(),
        FieldType::Array => value.is_array(),
        // Documents allow empty text where there is nothing to tell; rows inside it say when there has to be something.
        FieldType::JsonText => value.as_str().is_some_and(|text| text.is_empty() || is_json(text)),
    }
}

fn fits_xml(kind: FieldType, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        FieldType::Integer => text.is_some_and(|text| text.parse::<i64>().is_ok()),
        FieldType::Number => text.is_some_and(|text| text.parse::<f64>().is_ok()),
        FieldType::Boolean => matches!(text, Some("true" | "false")),
        // An element without children and one that was repeated once look alike.
        FieldType::Object => value.is_object() || text.is_some_and(|text| text.trim().is_empty()),
        FieldType::Array => true,
        FieldType::String | FieldType::JsonText => fits_json(kind, value),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
