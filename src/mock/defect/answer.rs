//! Defects in the content of an answer: a field, a code, a status, a verdict.

use serde_json::{Map, Value};

use crate::contract::FieldType;
use crate::contract::path::{as_text, look_up};

/// What is changed, in which answers: of one operation, as the contract names it, or of all.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AnswerChange {
    /// A field of an operation's answers.
    Field { operation: Option<String>, path: String, how: FieldBreach },
    /// A code, wherever it stands at `path`.
    Code { operation: Option<String>, path: String, code: Codes, to: String },
    /// The HTTP status of answers with a code.
    Status { operation: Option<String>, path: String, code: Codes, status: u16 },
    /// The verdict beside a sub-code.
    Verdict { operation: String, sub_path: String, sub_code: String, path: String },
}

/// Which codes are meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Codes {
    One(String),
    /// What begins so and goes on with the name of a parameter, except what is documented as a code of its own.
    Named {
        prefix: String,
        except: Vec<String>,
    },
}

impl Codes {
    fn hold(&self, text: &str) -> bool {
        match self {
            Self::One(code) => code == text,
            Self::Named { prefix, except } => {
                let name = text.strip_prefix(prefix.as_str()).unwrap_or_default();
                !name.is_empty() && !name.contains('.') && !except.iter().any(|code| code == text)
            }
        }
    }
}

/// How a field is broken.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FieldBreach {
    Dropped,
    Null,
    /// There although it must not be.
    Added(String),
    /// Of another type than this.
    Retyped(FieldType),
    /// Another text.
    Text(String),
}

impl AnswerChange {
    /// Changes status and content of an answer. Returns true when something is different now.
    pub(super) fn apply(&self, operation: &str, status: &mut u16, body: &mut Map<String, Value>) -> bool {
        let before = (*status, body.clone());
        let holds = |body: &Map<String, Value>, path: &str, codes: &Codes| {
            look_up(&Value::Object(body.clone()), path).is_some_and(|value| codes.hold(&as_text(&value)))
        };
        match self {
            Self::Field { operation: of, path, how } if is_of(of, operation) => edit(body, path, how),
            Self::Code { operation: of, path, code, to } if is_of(of, operation) && holds(body, path, code) => {
                set_text(body, path, to);
            }
            Self::Status { operation: of, path, code, status: other }
                if is_of(of, operation) && holds(body, path, code) =>
            {
                *status = *other;
            }
            Self::Verdict { operation: of, sub_path, sub_code, path }
                if of == operation && holds(body, sub_path, &Codes::One(sub_code.clone())) =>
            {
                let other = match look_up(&Value::Object(body.clone()), path).as_deref().and_then(Value::as_str) {
                    Some("T") => "F",
                    Some("F") => "T",
                    Some("Y") => "N",
                    Some("N") => "Y",
                    _ => return false,
                };
                set_text(body, path, other);
            }
            _ => {}
        }
        (*status, &*body) != (before.0, &before.1)
    }
}

/// Of what the gateway refused only the action is known, which several operations may share.
fn is_of(wanted: &Option<String>, operation: &str) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == operation || wanted.split('.').next() == Some(operation))
}

/// Sets a text; a number stays a number where the text is one.
fn set_text(body: &mut Map<String, Value>, path: &str, text: &str) {
    at(body, path, &mut |parent, key| {
        if let Some(slot) = parent.get_mut(key) {
            let number = text.parse::<i64>().ok().filter(|_| slot.is_number());
            *slot = number.map_or_else(|| Value::from(text), Value::from);
        }
    });
}

fn edit(body: &mut Map<String, Value>, path: &str, how: &FieldBreach) {
    // A field that refusals do not have is not missed there.
    let is_refusal = body.contains_key("HostId");
    at(body, path, &mut |parent, key| match how {
        FieldBreach::Dropped => {
            parent.shift_remove(key);
        }
        FieldBreach::Null => {
            parent.get_mut(key).into_iter().for_each(|slot| *slot = Value::Null);
        }
        FieldBreach::Added(_) if is_refusal => {}
        FieldBreach::Added(text) => {
            parent.entry(key).or_insert_with(|| Value::from(text.as_str()));
        }
        FieldBreach::Retyped(kind) if parent.contains_key(key) || !is_refusal => {
            parent.insert(key.to_owned(), of_another_type(*kind));
        }
        FieldBreach::Retyped(_) => {}
        FieldBreach::Text(text) => {
            parent.get_mut(key).into_iter().for_each(|slot| *slot = Value::from(text.as_str()));
        }
    });
}

/// A value that nobody who wants the type can take.
fn of_another_type(kind: FieldType) -> Value {
    match kind {
        FieldType::String => Value::from(7),
        FieldType::JsonText => Value::from("text that holds no JSON"),
        FieldType::Integer | FieldType::Number => Value::from("text"),
        FieldType::Boolean => Value::from("true"),
        FieldType::Object | FieldType::Array => Value::from("{}"),
    }
}

/// Calls `act` with every object that holds the last key of a path, and that key; `#` enters JSON text, `[]` every item.
fn at(map: &mut Map<String, Value>, path: &str, act: &mut dyn FnMut(&mut Map<String, Value>, &str)) {
    let Some(end) = path.find(['.', '#']) else { return act(map, path.trim_end_matches("[]")) };
    let (head, rest, into_text) = (&path[..end], &path[end + 1..], path.as_bytes()[end] == b'#');
    let Some(value) = map.get_mut(head.trim_end_matches("[]")) else { return };
    if into_text {
        let Some(Ok(mut inner)) = value.as_str().map(serde_json::from_str::<Value>) else { return };
        each(&mut inner, rest, act);
        *value = Value::String(inner.to_string());
    } else {
        each(value, rest, act);
    }
}

fn each(value: &mut Value, rest: &str, act: &mut dyn FnMut(&mut Map<String, Value>, &str)) {
    match value {
        Value::Object(map) => at(map, rest, act),
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, rest, act)),
        _ => {}
    }
}
