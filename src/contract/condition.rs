//! Conditions of rows: taken apart once, then asked about a request, an answer or both.

use std::borrow::Cow;

use serde_json::Value;

use super::path::{FieldPath, as_text};
use super::{Condition, RequestParameters};

/// What conditions may ask about. What is absent here nobody can tell, so a condition on it does not hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    pub request: Option<&'a RequestParameters<'a>>,
    /// The request that began the transaction the answer is about.
    pub init: Option<&'a RequestParameters<'a>>,
    /// The answer as JSON.
    pub answer: Option<&'a Value>,
    pub scene: Option<SceneFacts<'a>>,
}

/// What is known of the scene a request names.
#[derive(Debug, Clone, Copy, Default)]
pub struct SceneFacts<'a> {
    /// Solution bound to the scene (older flow).
    pub solution: Option<&'a str>,
    pub keeps_material: bool,
}

/// Which row a condition stands in: a bare name is a parameter in one, a path of the answer in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    Request,
    Response,
}

/// A condition, ready to be asked.
#[derive(Debug, Clone)]
pub struct Test {
    parts: Vec<(Subject, Wanted)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Request(String, FieldPath),
    Init(String, FieldPath),
    Answer(FieldPath),
    Solution,
    KeepsMaterial,
    /// A fact of the scene that does not exist: a mistake in the contract.
    NoSuchFact,
}

#[derive(Debug, Clone)]
enum Wanted {
    Given,
    Absent,
    OneOf(Vec<String>),
}

enum Answer<'a> {
    Unknown,
    Absent,
    Text(Cow<'a, str>),
}

impl Test {
    /// Takes a condition apart.
    pub fn new(condition: &Condition, row: Row) -> Self {
        let parts = condition.iter().map(|(name, values)| {
            let wanted = match values.as_slice() {
                [] => Wanted::Absent,
                [any] if any == "*" => Wanted::Given,
                many => Wanted::OneOf(many.to_vec()),
            };
            (Subject::new(name, row), wanted)
        });
        Self { parts: parts.collect() }
    }

    /// Says whether all parts hold.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.parts.iter().all(|(subject, wanted)| wanted.is_met(subject.ask(facts)))
    }

    pub(super) fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.parts.iter().map(|(subject, _)| subject)
    }
}

/// Says whether a condition holds; for callers that ask once.
pub fn holds(condition: &Condition, row: Row, facts: &Facts<'_>) -> bool {
    Test::new(condition, row).holds(facts)
}

impl Wanted {
    fn is_met(&self, answer: Answer<'_>) -> bool {
        match (self, answer) {
            (_, Answer::Unknown) => false,
            (Self::Absent, Answer::Absent) => true,
            (_, Answer::Absent) => false,
            (Self::Given, Answer::Text(text)) => !text.is_empty(),
            (Self::Absent, Answer::Text(text)) => text.is_empty(),
            (Self::OneOf(values), Answer::Text(text)) => values.iter().any(|value| *value == text),
        }
    }
}

impl Subject {
    fn new(name: &str, row: Row) -> Self {
        let parameter = |rest: &str| {
            let (name, path) = rest.split_once('#').unwrap_or((rest, ""));
            (name.to_owned(), FieldPath::parse(path))
        };
        match (name.split_once('.'), row) {
            (Some(("scene", fact)), _) => match fact {
                "solution" => Self::Solution,
                "keeps_material" => Self::KeepsMaterial,
                _ => Self::NoSuchFact,
            },
            (Some(("request", rest)), Row::Response) => {
                let (name, path) = parameter(rest);
                Self::Request(name, path)
            }
            (Some(("init", rest)), _) => {
                let (name, path) = parameter(rest);
                Self::Init(name, path)
            }
            (_, Row::Request) => {
                let (name, path) = parameter(name);
                Self::Request(name, path)
            }
            (_, Row::Response) => Self::Answer(FieldPath::parse(name)),
        }
    }

    fn ask<'a>(&self, facts: &Facts<'a>) -> Answer<'a> {
        match self {
            Self::Request(name, path) => ask_parameter(facts.request, name, path),
            Self::Init(name, path) => ask_parameter(facts.init, name, path),
            Self::Answer(path) => match facts.answer {
                None => Answer::Unknown,
                Some(answer) => path.value(answer).map_or(Answer::Absent, text_of),
            },
            Self::Solution => match facts.scene {
                None => Answer::Unknown,
                Some(scene) => scene.solution.map_or(Answer::Absent, |text| Answer::Text(Cow::Borrowed(text))),
            },
            Self::KeepsMaterial => match facts.scene {
                None => Answer::Unknown,
                Some(scene) => Answer::Text(Cow::Borrowed(if scene.keeps_material { "true" } else { "false" })),
            },
            Self::NoSuchFact => Answer::Unknown,
        }
    }
}

fn ask_parameter<'a>(parameters: Option<&'a RequestParameters<'a>>, name: &str, path: &FieldPath) -> Answer<'a> {
    let Some(parameters) = parameters else { return Answer::Unknown };
    let Some(text) = parameters.get(name) else { return Answer::Absent };
    if path.is_empty() {
        return Answer::Text(text);
    }
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let found = json.as_ref().and_then(|json| path.value(json)).map(|value| as_text(&value).into_owned());
    found.map_or(Answer::Absent, |text| Answer::Text(Cow::Owned(text)))
}

fn text_of(value: Cow<'_, Value>) -> Answer<'_> {
    match value {
        Cow::Borrowed(value) => Answer::Text(as_text(value)),
        Cow::Owned(value) => Answer::Text(Cow::Owned(as_text(&value).into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use serde_json::json;

    use super::*;

    fn condition(parts: &[(&str, &[&str])]) -> Condition {
        let parts = parts.iter().map(|(name, values)| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            ((*name).to_owned(), values)
        });
        parts.collect::<IndexMap<_, _>>()
    }

    fn check(row: Row, parts: &[(&str, &[&str])], expected: bool) {
        let meta = r#"{"deviceType":"h5"}"#;
        let request = RequestParameters::new([("MetaInfo", meta), ("Empty", ""), ("Code", "asked")]);
        let service = r#"{"method":"init","bizCode":"FACE"}"#;
        let init = RequestParameters::new([("ServiceParameters", service)]);
        let answer = json!({ "Code": "200", "Data": { "passed": "T" } });
        let scene = SceneFacts { solution: Some("RPBasic"), keeps_material: true };
        let facts = Facts { request: Some(&request), init: Some(&init), answer: Some(&answer), scene: Some(scene) };
        assert_eq!(holds(&condition(parts), row, &facts), expected, "{parts:?}");
        assert!(!holds(&condition(parts), row, &Facts::default()), "nobody can tell {parts:?}");
    }

    #[test]
    fn all_parts_have_to_hold() {
        check(Row::Request, &[("MetaInfo#deviceType", &["h5", "web"])], true);
        check(Row::Request, &[("MetaInfo#deviceType", &["ios"])], false);
        check(Row::Request, &[("Code", &["asked"])], true);
        check(Row::Response, &[("Code", &["200"]), ("Data.passed", &["T"])], true);
        check(Row::Response, &[("Code", &["200"]), ("Data.passed", &["F"])], false);
        check(Row::Response, &[("request.Code", &["asked"]), ("request.MetaInfo#deviceType", &["*"])], true);
        check(Row::Response, &[("init.bizCode", &["FACE"])], true);
        check(Row::Response, &[("scene.solution", &["RPBasic"]), ("scene.keeps_material", &["true"])], true);
    }

    #[test]
    fn a_star_means_given_and_an_empty_list_means_absent_or_empty() {
        check(Row::Request, &[("MetaInfo", &["*"])], true);
        check(Row::Request, &[("Empty", &["*"])], false);
        check(Row::Request, &[("Empty", &[])], true);
        check(Row::Request, &[("Nothing", &[])], true);
        check(Row::Request, &[("MetaInfo", &[])], false);
        check(Row::Response, &[("Data.none", &[])], true);
    }
}
