//! The `example` of each optional parameter: `it.value`.

use super::{Row, RowSource, with};
use crate::contract::Presence;

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let optional = source.parameters().filter(|parameter| parameter.presence == Presence::Optional);
    optional
        .filter_map(|parameter| {
            let example = parameter.example.as_deref()?;
            Some(with(source.parameter_row(parameter, "presence"), "value", example))
        })
        .collect()
}
