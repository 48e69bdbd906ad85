//! Sub-codes: `it.code`, `it.passed`, `it.billed`.

use super::{Row, RowSource, named, with};

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let Some(operation) = source.operation else { return Vec::new() };
    let api = &source.contract.api;
    operation
        .sub_codes
        .iter()
        .map(|sub_code| {
            let row = named(&sub_code.code, format!("{api}.{}.sub-code.{}", operation.name, sub_code.code));
            let row = with(row, "code", sub_code.code.as_str());
            let row = with(row, "passed", sub_code.passed.as_deref().unwrap_or_default());
            with(row, "billed", sub_code.billed.map_or("", |billed| if billed { "1" } else { "0" }))
        })
        .collect()
}
