//! `report.json`: the summary with a version, and the published schemas.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::coverage::Summary;
use crate::event::Event;
use crate::report::Document;

/// The value of `format` in `report.json`. A change of meaning raises the number.
pub const REPORT_FORMAT: &str = "idvet/report/1";

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Report")]
struct JsonReport<'a> {
    /// Always `idvet/report/1`.
    format: Cow<'a, str>,
    /// What the run came to.
    summary: Cow<'a, Summary>,
}

pub(super) fn render(document: &Document) -> String {
    let report = JsonReport { format: Cow::Borrowed(REPORT_FORMAT), summary: Cow::Borrowed(&document.summary) };
    let mut text = serde_json::to_string_pretty(&report).expect("a summary has text keys only");
    text.push('\n');
    text
}

/// Returns the JSON Schema of one line of `events.jsonl`.
pub fn event_schema() -> serde_json::Value {
    schemars::schema_for!(Event).to_value()
}

/// Returns the JSON Schema of `report.json`.
pub fn report_schema() -> serde_json::Value {
    schemars::schema_for!(JsonReport<'static>).to_value()
}
