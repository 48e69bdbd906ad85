//! Paths into an answer: dots between keys, `#` into the JSON inside a string, `[]` for every item.

use std::borrow::Cow;

use serde_json::Value;

/// A path, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// Into the JSON that the string before holds.
    Json,
    /// Every item of the array before.
    Items,
}

impl FieldPath {
    /// Parses the text of a path; every text is one.
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        for (part_idx, part) in text.split('#').enumerate() {
            if part_idx > 0 {
                steps.push(Step::Json);
            }
            for key in part.split('.').filter(|key| !key.is_empty()) {
                let name = key.trim_end_matches("[]");
                if !name.is_empty() {
                    steps.push(Step::Key(name.to_owned()));
                }
                steps.extend((0..(key.len() - name.len()) / 2).map(|_| Step::Items));
            }
        }
        Self { steps }
    }

    /// Says whether the path leads nowhere but to where it starts.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the path of what holds this one, or nothing for a key of the answer itself.
    pub fn parent(text: &str) -> Option<&str> {
        text.rfind(['.', '#']).map(|at| &text[..at])
    }

    /// Returns every value the path leads to. JSON null counts as no value, and a string that does not hold JSON leads
    /// nowhere.
    pub fn values<'a>(&self, answer: &'a Value) -> Vec<Cow<'a, Value>> {
        let mut found = vec![Cow::Borrowed(answer)];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| follow(value, step)).collect();
        }
        found.retain(|value| !value.is_null());
        found
    }

    /// Returns the first value the path leads to.
    pub fn value<'a>(&self, answer: &'a Value) -> Option<Cow<'a, Value>> {
        self.values(answer).into_iter().next()
    }
}

fn follow<'a>(value: Cow<'a, Value>, step: &Step) -> Vec<Cow<'a, Value>> {
    match step {
        Step::Key(name) => match value {
            Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed).into_iter().collect(),
            Cow::Owned(mut value) => value.get_mut(name).map(Value::take).map(Cow::Owned).into_iter().collect(),
        },
        Step::Json => {
            let parsed = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            parsed.map(Cow::Owned).into_iter().collect()
        }
        Step::Items => match value {
            Cow::Borrowed(value) => value.as_array().into_iter().flatten().map(Cow::Borrowed).collect(),
            Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
            Cow::Owned(_) => Vec::new(),
        },
    }
}

/// Returns the first value a path leads to.
pub fn look_up<'a>(answer: &'a Value, path: &str) -> Option<Cow<'a, Value>> {
    FieldPath::parse(path).value(answer)
}

/// Returns a value as conditions, codes and enumerations compare it: strings as they are, all else as compact JSON.
pub fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &str, expected: &[&str]) {
        let answer = json!({
            "Code": 200,
            "Result": { "Info": "{\"face\":{\"score\":0.5,\"tags\":[\"A\",\"B\"]}}", "None": null, "Broken": "{", "List": [{ "a": 1 }, { "a": 2 }] },
        });
        let found: Vec<String> =
            FieldPath::parse(path).values(&answer).iter().map(|value| as_text(value).into_owned()).collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn paths_lead_into_objects_json_text_and_lists() {
        check("Code", &["200"]);
        check("Result.Info#face.score", &["0.5"]);
        check("Result.Info#face.tags[]", &["A", "B"]);
        check("Result.List[].a", &["1", "2"]);
        check("Result.None", &[]);
        check("Result.Broken#x", &[]);
        check("Nothing.at.all", &[]);
    }

    #[test]
    fn the_parent_of_inner_json_is_the_text() {
        assert_eq!(FieldPath::parent("R.Info#face.score"), Some("R.Info#face"));
        assert_eq!(FieldPath::parent("R.Info#face"), Some("R.Info"));
        assert_eq!(FieldPath::parent("Code"), None);
    }
}
