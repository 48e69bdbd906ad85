//! One value outside each enumeration: `it.value`.

use super::{Row, RowSource, with};
use crate::contract::{Parameter, ParameterType};

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let enumerations = source.parameters().filter(|parameter| !parameter.values.is_empty());
    enumerations.map(|parameter| with(source.parameter_row(parameter, "values"), "value", outside(parameter))).collect()
}

/// Keeps the type and the length limit of the row, so that the enumeration alone is broken.
fn outside(parameter: &Parameter) -> String {
    let candidates: &[&str] = match parameter.kind {
        ParameterType::Long => &["9", "99", "77777"],
        _ => &["NOT_A_VALUE", "zz", "z", "9"],
    };
    let limit = parameter.max_length.map_or(usize::MAX, |limit| limit as usize);
    let fits = |text: &&&str| text.len() <= limit && !parameter.values.iter().any(|value| value == **text);
    candidates.iter().find(fits).unwrap_or(&candidates[0]).to_string()
}
