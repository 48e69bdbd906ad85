//! Values of exactly the longest length: `it.value`. A row whose pattern admits none that we can make up is left out.

use super::{Row, RowSource, text_of_length, with};

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for parameter in source.parameters().filter(|parameter| parameter.values.is_empty()) {
        let Some(length) = parameter.max_length.map(|length| length as usize).filter(|length| *length <= 4096) else {
            continue;
        };
        if let Some(value) = text_of_length(parameter, length) {
            rows.push(with(with(source.parameter_row(parameter, "length"), "value", value), "length", length));
        }
    }
    rows
}
