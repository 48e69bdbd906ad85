//! Products: `it.code`, `it.qps`.

use super::{Row, RowSource, named, with};

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let api = &source.contract.api;
    source
        .contract
        .products
        .iter()
        .map(|product| {
            let row = named(&product.code, format!("{api}.product.{}", product.code));
            with(with(row, "code", product.code.as_str()), "qps", product.qps.unwrap_or_default())
        })
        .collect()
}
