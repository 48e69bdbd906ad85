//! Rows that a family of cases is repeated for: one file per kind, each from contract to rows.

mod enum_values;
mod enum_violations;
mod longest_values;
mod optional_examples;
mod overlong_values;
mod pattern_violations;
mod products;
mod required_parameters;
mod sub_codes;

use serde_json::Value;

use super::loaded::Row;
use super::model::{Each, Rows};
use crate::contract::{Contract, Operation, Parameter, Place};

/// What rows are made of: a contract, and an operation of it where the kind needs one.
pub(super) struct RowSource<'a> {
    pub(super) contract: &'a Contract,
    pub(super) operation: Option<&'a Operation>,
}

/// Returns the rows an `each` selects, in contract order.
pub(super) fn rows(each: &Each, source: &RowSource<'_>) -> Vec<Row> {
    let all = match each.rows {
        Rows::RequiredParameters => required_parameters::rows(source),
        Rows::EnumValues => enum_values::rows(source),
        Rows::EnumViolations => enum_violations::rows(source),
        Rows::LongestValues => longest_values::rows(source),
        Rows::OverlongValues => overlong_values::rows(source),
        Rows::PatternViolations => pattern_violations::rows(source),
        Rows::OptionalExamples => optional_examples::rows(source),
        Rows::SubCodes => sub_codes::rows(source),
        Rows::Products => products::rows(source),
        Rows::Listed => return each.list.iter().map(listed).collect(),
    };
    all.into_iter().filter(|row| selected(each, row)).collect()
}

fn selected(each: &Each, row: &Row) -> bool {
    let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
    (each.only.is_empty() || each.only.iter().any(|only| only == name)) && !each.except.iter().any(|out| out == name)
}

fn listed(row: &indexmap::IndexMap<String, String>) -> Row {
    row.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
}

impl<'a> RowSource<'a> {
    fn parameters(&self) -> impl Iterator<Item = &'a Parameter> + use<'a> {
        self.operation.map_or(&[][..], |operation| operation.request.as_slice()).iter()
    }

    /// Returns a row about a parameter: `it.name`, `it.key` (as `set` and `unset` write it) and `it.requirement`.
    fn parameter_row(&self, parameter: &Parameter, aspect: &str) -> Row {
        let operation = self.operation.map_or("", |operation| operation.name.as_str());
        let mut row =
            named(&parameter.name, format!("{}.{operation}.request.{}.{aspect}", self.contract.api, parameter.name));
        row.insert("key".to_owned(), Value::String(wire_key(parameter)));
        row
    }
}

/// Returns the name under which baselines and `set` know a parameter.
pub(super) fn wire_key(parameter: &Parameter) -> String {
    match parameter.place {
        Place::ServiceParameters if !parameter.name.contains('#') => format!("ServiceParameters#{}", parameter.name),
        _ => parameter.name.clone(),
    }
}

fn named(name: &str, requirement: String) -> Row {
    Row::from([("name".to_owned(), name.into()), ("requirement".to_owned(), requirement.into())])
}

fn with(mut row: Row, key: &str, value: impl Into<Value>) -> Row {
    row.insert(key.to_owned(), value.into());
    row
}

/// Returns a text of `length` characters that satisfies the row's pattern, where a simple one is found.
fn text_of_length(parameter: &Parameter, length: usize) -> Option<String> {
    let pattern = parameter.pattern.as_deref().map(regex::Regex::new).transpose().ok()?;
    let stems = [parameter.example.as_deref().unwrap_or_default(), "https://example.com/", ""];
    stems
        .iter()
        .flat_map(|stem| ["a", "1", "A"].map(|fill| grown(stem, fill, length)))
        .find(|text| text.chars().count() == length && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text)))
}

/// Long texts stay an expression, so that cases stay small until they are sent.
fn as_value(stem: &str, fill: &str, count: usize) -> String {
    if count > 4096 {
        format!("{stem}{{{{ repeat('{fill}', {count}) }}}}")
    } else {
        format!("{stem}{}", fill.repeat(count))
    }
}

fn grown(stem: &str, fill: &str, length: usize) -> String {
    let kept: String = stem.chars().take(length).collect();
    let missing = length - kept.chars().count();
    format!("{kept}{}", fill.repeat(missing))
}

/// Returns `text_of_length`, or plain letters where no text of that length can satisfy the pattern.
fn long_value(parameter: &Parameter, length: usize) -> String {
    match text_of_length(parameter, length) {
        Some(text) if length <= 4096 => text,
        _ => as_value("", "a", length),
    }
}
