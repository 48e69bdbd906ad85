//! Parameters with `presence: required`.

use super::{Row, RowSource};
use crate::contract::Presence;

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let required = source.parameters().filter(|parameter| parameter.presence == Presence::Required);
    required.map(|parameter| source.parameter_row(parameter, "presence")).collect()
}
