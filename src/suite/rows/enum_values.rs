//! Each documented value of each enumeration: `it.value`.

use super::{Row, RowSource, with};

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let row = |parameter, value: &String| with(source.parameter_row(parameter, "values"), "value", value.as_str());
    source.parameters().flat_map(|parameter| parameter.values.iter().map(move |value| row(parameter, value))).collect()
}
