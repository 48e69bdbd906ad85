//! The response table of an operation, row by row: presence, type, values, pattern, length.

use std::collections::HashSet;

use regex::Regex;
use serde_json::Value;

use super::field_presence::{self, Presence};
use super::{Answer, field_length, field_pattern, field_type, field_values, judged};
use crate::contract::condition::{self, Test};
use crate::contract::path::FieldPath;
use crate::contract::{Condition, Facts, Field, FieldType, Operation};
use crate::event::{CheckRecorded, Mismatch};

/// The table, taken apart once.
#[derive(Debug, Clone)]
pub struct ResponseRows(Vec<Row>);

#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Requirement id without its last part.
    pub(super) requirement: String,
    pub(super) path_text: String,
    pub(super) is_required: bool,
    pub(super) required_when: Vec<Test>,
    pub(super) absent_when: Vec<Test>,
    holder: Option<FieldPath>,
    within: FieldPath,
    kind: FieldType,
    values: Vec<String>,
    pattern: Option<Regex>,
    max_length: Option<u32>,
}

impl ResponseRows {
    /// Takes the response table of an operation apart. A pattern that does not compile binds nobody: `lint` reports it.
    pub fn new(api: &str, operation: &Operation) -> Self {
        let prefix = format!("{api}.{}.response", operation.name);
        Self(operation.response.iter().map(|field| Row::new(&prefix, field)).collect())
    }

    /// Checks an answer. Conditions see the request, the request that began the transaction, the scene and the answer
    /// that `facts` names; rows that do not bind and whose field is absent say nothing.
    pub fn check(&self, answer: &Answer, facts: &Facts<'_>, step: u32) -> Vec<CheckRecorded> {
        let mut checks = Vec::new();
        let mut missing: HashSet<&str> = HashSet::new();
        for row in &self.0 {
            // What lies inside a field that was just found missing, or of another type, is no second mistake.
            if has_missing_parent(&row.path_text, &missing) {
                continue;
            }
            let (holders, values) = row.find(&answer.value);
            match field_presence::check(row, facts, holders, values.len(), step) {
                Presence::Missing(record) => {
                    missing.insert(&row.path_text);
                    checks.push(record);
                }
                Presence::Fine(record) => {
                    checks.extend(record);
                    if !row.check_values(answer, &values, step, &mut checks) {
                        missing.insert(&row.path_text);
                    }
                }
            }
        }
        checks
    }
}

fn has_missing_parent(path: &str, missing: &HashSet<&str>) -> bool {
    std::iter::successors(FieldPath::parent(path), |path| FieldPath::parent(path))
        .any(|parent| missing.contains(parent))
}

impl Row {
    fn new(prefix: &str, field: &Field) -> Self {
        let tests = |conditions: &[Condition]| {
            conditions.iter().map(|condition| Test::new(condition, condition::Row::Response)).collect()
        };
        let (holder, within) = field_presence::split(&field.path);
        Self {
            requirement: format!("{prefix}.{}", field.path),
            path_text: field.path.clone(),
            is_required: field.presence == crate::contract::Presence::Required,
            required_when: tests(&field.required_when),
            absent_when: tests(&field.absent_when),
            holder,
            within,
            kind: field.kind,
            values: field.values.clone(),
            pattern: field.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok()),
            max_length: field.max_length,
        }
    }

    /// Returns how many places could hold the field, and its values.
    fn find(&self, answer: &Value) -> (usize, Vec<Value>) {
        let Some(holder) = &self.holder else { return (1, owned(&self.within, answer)) };
        let holders = owned(holder, answer);
        let values = holders.iter().flat_map(|value| owned(&self.within, value)).collect();
        (holders.len(), values)
    }

    /// Checks all values; returns whether they are of the row's type.
    fn check_values(&self, answer: &Answer, values: &[Value], step: u32, checks: &mut Vec<CheckRecorded>) -> bool {
        if values.is_empty() {
            return true;
        }
        let type_idx = checks.len();
        let path = self.path_text.as_str();
        let mut check = |aspect: &str, judge: &dyn Fn(&Value) -> Option<Mismatch>| {
            let requirement = format!("{}.{aspect}", self.requirement);
            checks.push(judged(&requirement, &format!("field-{aspect}"), step, values.iter().find_map(judge)));
        };
        check("type", &|value| field_type::mismatch(path, self.kind, value, answer.format));
        if !self.values.is_empty() {
            check("values", &|value| field_values::mismatch(path, &self.values, value));
        }
        if let Some(pattern) = &self.pattern {
            check("pattern", &|value| field_pattern::mismatch(path, pattern, value));
        }
        if let Some(longest) = self.max_length {
            check("length", &|value| field_length::mismatch(path, longest, value));
        }
        checks[type_idx].mismatch.is_none()
    }
}

fn owned(path: &FieldPath, value: &Value) -> Vec<Value> {
    path.values(value).into_iter().map(std::borrow::Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::Format;
    use crate::contract::RequestParameters;

    const OPERATION: &str = r#"
name: Op
action: Op
title: { en: a, zh: a }
methods: [POST]
envelope: { code: Code, message: Message, success: "200" }
refusals: { missing: "400", missing_level: must, invalid: "401", invalid_level: should, sources: [] }
sources: []
request: []
codes: []
response:
  - { path: Code, type: string, presence: required, pattern: "^[0-9]{3}$", sources: [] }
  - { path: Result, type: object, presence: conditional, required_when: [{ Code: ["200"] }], sources: [] }
  - { path: Result.Passed, type: string, presence: conditional, required_when: [{ Code: ["200"], init.Product: [A] }], absent_when: [{ Code: ["400"] }], values: [T, F], sources: [] }
  - { path: Result.Info, type: json-text, presence: optional, sources: [] }
  - { path: "Result.Info#score", type: number, presence: required, sources: [] }
  - { path: "Result.List[].a", type: integer, presence: required, sources: [] }
  - { path: Note, type: string, presence: optional, max_length: 3, sources: [] }
"#;

    fn failures(answer: Value) -> Vec<String> {
        let operation: Operation = serde_saphyr::from_str(OPERATION).expect("an operation");
        let init = RequestParameters::new([("Product", "A")]);
        let answer = Answer { value: answer, format: Format::Json, root: None };
        let facts = Facts { init: Some(&init), answer: Some(&answer.value), ..Facts::default() };
        let checks = ResponseRows::new("x", &operation).check(&answer, &facts, 0);
        let failed = checks.into_iter().filter(|check| check.mismatch.is_some());
        failed.map(|check| check.requirement.replace("x.Op.response.", "")).collect()
    }

    #[test]
    fn rows_bind_by_their_conditions() {
        let fine = json!({ "Code": "200", "Result": { "Passed": "T", "Info": "{\"score\":0.5}", "List": [{ "a": 1 }, { "a": 2 }] }, "Note": "张三丰" });
        assert_eq!(failures(fine), [""; 0]);
        assert_eq!(failures(json!({ "Code": "400" })), [""; 0]);
        assert_eq!(failures(json!({ "Code": "200" })), ["Result.presence"]);
        assert_eq!(failures(json!({ "Code": 200, "Result": {} })), ["Code.type", "Result.Passed.presence"]);
        assert_eq!(failures(json!({ "Code": "2xx", "Note": "long" })), ["Code.pattern", "Note.length"]);
        assert_eq!(
            failures(json!({ "Code": "400", "Result": { "Passed": "X" } })),
            ["Result.Passed.presence", "Result.Passed.values"]
        );
        let inner = json!({ "Code": "200", "Result": { "Passed": "T", "Info": "{", "List": [{ "a": 1 }, {}] } });
        assert_eq!(failures(inner), ["Result.Info.type", "Result.List[].a.presence"]);
        let inner = json!({ "Code": "200", "Result": { "Passed": "T", "Info": "{}" } });
        assert_eq!(failures(inner), ["Result.Info#score.presence"]);
    }
}
