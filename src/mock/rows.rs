//! The request rows of an operation, compiled: which parameter breaks which side of its row first.

use std::borrow::Cow;

use regex::Regex;
use serde_json::Value;

use crate::contract::{Condition, Operation, Parameter, ParameterType, Presence};

/// Compiled rows of one operation.
pub(super) struct Rows(Vec<Row>);

struct Row {
    name: String,
    kind: ParameterType,
    presence: Presence,
    may_be_empty: bool,
    required_when: Vec<Condition>,
    not_when: Vec<Condition>,
    max_length: Option<usize>,
    pattern: Option<Regex>,
    values: Vec<String>,
    schema: Option<jsonschema::Validator>,
}

/// How a parameter breaks its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Breach<'a> {
    /// Absent or empty although required.
    Missing(&'a str),
    /// Of the wrong type, too long, or outside pattern, values or schema.
    Invalid(&'a str),
}

/// Gives the value of a parameter, or of something that conditions name, such as `scene.solution`.
pub(super) type Lookup<'a> = dyn Fn(&str) -> Option<Cow<'a, str>> + 'a;

impl Rows {
    /// Compiles the rows of an operation. A row whose pattern or schema does not compile binds by its other sides
    /// alone: `lint` reports it.
    pub(super) fn new(operation: &Operation) -> Self {
        Self(operation.request.iter().map(Row::new).collect())
    }

    /// Returns the first missing parameter, else the first invalid one: 400 comes before 401 in the documented order
    /// (source: cloudauth-2019-03-07.md §16).
    pub(super) fn first_breach(&self, lookup: &Lookup<'_>) -> Option<Breach<'_>> {
        let missing = self.0.iter().find(|row| row.is_missing(lookup));
        if let Some(row) = missing {
            return Some(Breach::Missing(&row.name));
        }
        self.0.iter().find(|row| row.is_invalid(lookup)).map(|row| Breach::Invalid(&row.name))
    }
}

impl Row {
    fn new(parameter: &Parameter) -> Self {
        Self {
            name: parameter.name.clone(),
            kind: parameter.kind,
            presence: parameter.presence,
            may_be_empty: parameter.may_be_empty,
            required_when: parameter.required_when.clone(),
            not_when: parameter.not_when.clone(),
            max_length: parameter.max_length.map(|length| length as usize),
            pattern: parameter.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok()),
            values: parameter.values.clone(),
            schema: parameter.schema.as_ref().and_then(|schema| jsonschema::validator_for(schema).ok()),
        }
    }

    fn is_missing(&self, lookup: &Lookup<'_>) -> bool {
        let required = match self.presence {
            Presence::Required => true,
            Presence::Conditional => any_holds(&self.required_when, lookup),
            Presence::Optional => false,
        };
        required && lookup(&self.name).is_none_or(|value| value.is_empty() && !self.may_be_empty)
    }

    fn is_invalid(&self, lookup: &Lookup<'_>) -> bool {
        let Some(value) = lookup(&self.name).filter(|value| !value.is_empty()) else { return false };
        let broken = self.max_length.is_some_and(|length| is_longer(&value, length))
            || self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&value))
            || !(self.values.is_empty() || self.values.iter().any(|known| *known == *value))
            || self.breaks_type(&value);
        broken && !any_holds(&self.not_when, lookup)
    }

    fn breaks_type(&self, value: &str) -> bool {
        match self.kind {
            ParameterType::String => false,
            ParameterType::Long => value.parse::<i64>().is_err(),
            ParameterType::Boolean => !matches!(value, "true" | "false"),
            ParameterType::Json => match (serde_json::from_str::<Value>(value), &self.schema) {
                (Err(_), _) => true,
                (Ok(value), Some(schema)) => !schema.is_valid(&value),
                (Ok(_), None) => false,
            },
        }
    }
}

fn is_longer(value: &str, length: usize) -> bool {
    value.len() > length && value.chars().count() > length
}

fn any_holds(conditions: &[Condition], lookup: &Lookup<'_>) -> bool {
    conditions.iter().any(|condition| condition.iter().all(|(key, texts)| holds(key, texts, lookup)))
}

/// An empty list asks for absence, `*` for presence, anything else for one of the texts.
fn holds(key: &str, texts: &[String], lookup: &Lookup<'_>) -> bool {
    let value = resolve(key, lookup).filter(|value| !value.is_empty());
    match value {
        None => texts.is_empty(),
        Some(value) => texts.iter().any(|text| text == "*" || *text == *value),
    }
}

/// Resolves `MetaInfo#deviceType` into the JSON text of a parameter.
fn resolve<'a>(key: &str, lookup: &Lookup<'a>) -> Option<Cow<'a, str>> {
    let Some((name, path)) = key.split_once('#') else { return lookup(key) };
    let json: Value = serde_json::from_str(&lookup(name)?).ok()?;
    let found = path.split('.').try_fold(&json, |value, part| value.get(part))?;
    Some(Cow::Owned(found.as_str().map_or_else(|| found.to_string(), str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let parameters = r#"
- { name: SceneId, in: query, type: long, presence: required, sources: [] }
- { name: Code, in: query, type: string, presence: optional, values: [A, B], sources: [] }
- { name: Name, in: query, type: string, presence: conditional, required_when: [{ Code: [A] }], max_length: 3, sources: [] }
- name: Meta
  in: query
  type: json
  presence: optional
  schema: { type: object, required: [deviceType] }
  sources: []
- { name: Url, in: query, type: string, presence: conditional, required_when: [{ "Meta#deviceType": [h5] }], pattern: "^https://", sources: [] }
- { name: No, in: query, type: string, presence: optional, pattern: "^[0-9]+$", not_when: [{ Encrypted: ["*"] }], sources: [] }
"#;
        let parameters: Vec<Parameter> = serde_saphyr::from_str(parameters).expect("rows");
        Rows(parameters.iter().map(Row::new).collect())
    }

    type Case<'a> = (&'a [(&'a str, &'a str)], Option<Breach<'a>>);

    #[test]
    fn the_first_breach_is_found() {
        let rows = rows();
        let cases: &[Case<'_>] = &[
            (&[("SceneId", "1")], None),
            (&[], Some(Breach::Missing("SceneId"))),
            (&[("SceneId", ""), ("Code", "C")], Some(Breach::Missing("SceneId"))),
            (&[("SceneId", "x")], Some(Breach::Invalid("SceneId"))),
            (&[("SceneId", "99999999999999999999")], Some(Breach::Invalid("SceneId"))),
            (&[("SceneId", "1"), ("Code", "C")], Some(Breach::Invalid("Code"))),
            (&[("SceneId", "1"), ("Code", "A")], Some(Breach::Missing("Name"))),
            (&[("SceneId", "1"), ("Code", "A"), ("Name", "张三丰")], None),
            (&[("SceneId", "1"), ("Name", "four")], Some(Breach::Invalid("Name"))),
            (&[("SceneId", "1"), ("Meta", "{")], Some(Breach::Invalid("Meta"))),
            (&[("SceneId", "1"), ("Meta", "{}")], Some(Breach::Invalid("Meta"))),
            (&[("SceneId", "1"), ("Meta", r#"{"deviceType":"h5"}"#)], Some(Breach::Missing("Url"))),
            (&[("SceneId", "1"), ("Url", "http://a")], Some(Breach::Invalid("Url"))),
            (&[("SceneId", "1"), ("No", "x")], Some(Breach::Invalid("No"))),
            (&[("SceneId", "1"), ("No", "x"), ("Encrypted", "SM2")], None),
        ];
        for (given, expected) in cases {
            let lookup =
                |name: &str| given.iter().find(|(key, _)| *key == name).map(|(_, value)| Cow::Borrowed(*value));
            assert_eq!(&rows.first_breach(&lookup), expected, "{given:?}");
        }
    }
}
