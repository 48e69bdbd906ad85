//! Values one character longer than the longest: `it.value`.

use super::{Row, RowSource, long_value, with};

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let limited = source.parameters().filter(|parameter| parameter.values.is_empty());
    let limited = limited.filter_map(|parameter| Some((parameter, parameter.max_length? as usize)));
    limited
        .map(|(parameter, longest)| {
            let row = with(source.parameter_row(parameter, "length"), "value", long_value(parameter, longest + 1));
            with(row, "length", longest + 1)
        })
        .collect()
}
