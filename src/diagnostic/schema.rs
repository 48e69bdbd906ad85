//! What a JSON Schema finds wrong with a tree, said in the words of the file.

use std::ops::Range;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::nearest;
use super::tree::{Key, Kind, Node};

/// A mistake without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// Values that would have been right here, where the mistake is a word outside a list.
    options: Vec<String>,
    /// The map in which a key is missing or unknown, for choosing among alternatives.
    keys_of: Option<String>,
}

/// Returns everything the schema finds wrong.
pub(super) fn mistakes(tree: &Node, schema: &Value) -> Vec<Found> {
    let Ok(validator) = jsonschema::validator_for(schema) else { return Vec::new() };
    let instance = tree.to_json();
    let judge = Judge { tree, schema };
    let mut found: Vec<Found> = validator.iter_errors(&instance).flat_map(|error| judge.explain(&error)).collect();
    found.sort_by_key(|one| one.span.start);
    found.dedup();
    found
}

struct Judge<'a> {
    tree: &'a Node,
    schema: &'a Value,
}

impl Judge<'_> {
    /// Says an error in the words of the file; nothing where the file is right for a lenient reader.
    fn explain(&self, error: &ValidationError<'_>) -> Vec<Found> {
        let pointer = error.instance_path().as_str();
        let Some((node, named)) = self.tree.find(pointer) else { return Vec::new() };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => self.unknown_keys(error, node, unexpected),
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let hint = Some(format!("add `{key}: …`"));
                vec![Found { keys_of: Some(pointer.to_owned()), ..found(named, format!("missing key `{key}`"), hint) }]
            }
            ValidationErrorKind::Type { kind } => wrong_type(node, kind, pointer, named),
            ValidationErrorKind::Enum { options } => {
                let options = options.as_array().map(|list| list.iter().map(text_of).collect()).unwrap_or_default();
                vec![not_an_option(node, options)]
            }
            ValidationErrorKind::Constant { expected_value } => {
                vec![not_an_option(node, vec![text_of(expected_value)])]
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.alternatives(node, pointer, context)
            }
            _ => vec![found(value_span(node), error.masked().to_string(), None)],
        }
    }

    fn unknown_keys(&self, error: &ValidationError<'_>, node: &Node, unexpected: &[String]) -> Vec<Found> {
        let parent = error.schema_path().as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.schema.pointer(parent).and_then(|schema| schema.get("properties"));
        let known: Vec<&str> =
            properties.and_then(Value::as_object).into_iter().flatten().map(|(key, _)| &**key).collect();
        let keys = keys(node).filter(|key| unexpected.contains(&key.name));
        let pointer = error.instance_path().as_str();
        keys.map(|key| {
            let message = format!("unknown key `{}`", key.name);
            let hint = hint_of(&key.name, &known, "keys here");
            Found { keys_of: Some(pointer.to_owned()), ..found(key.span.clone(), message, hint) }
        })
        .collect()
    }

    /// Chooses the alternative the writer meant: a list of words if all are words, else the one whose own keys are there.
    fn alternatives(&self, node: &Node, pointer: &str, context: &[Vec<ValidationError<'static>>]) -> Vec<Found> {
        let mut branches: Vec<Vec<Found>> = Vec::new();
        for errors in context.iter().filter(|errors| !wants_null(errors)) {
            let branch: Vec<Found> = errors.iter().flat_map(|error| self.explain(error)).collect();
            if branch.is_empty() {
                return Vec::new();
            }
            branches.push(branch);
        }
        if branches.iter().all(|branch| branch.iter().all(|one| !one.options.is_empty())) && !branches.is_empty() {
            let options = branches.iter().flatten().flat_map(|one| one.options.clone()).collect();
            return vec![not_an_option(node, options)];
        }
        let own = |branch: &[Found]| {
            let here = |one: &Found| one.keys_of.as_deref() == Some(pointer) && one.message.starts_with("missing");
            branch.iter().any(here)
        };
        match branches.iter().find(|branch| !own(branch)) {
            Some(meant) => meant.clone(),
            None => choices(node, pointer, &branches),
        }
    }
}

/// None of the alternatives' keys is there: names the key written and the keys that could stand for it.
fn choices(node: &Node, pointer: &str, branches: &[Vec<Found>]) -> Vec<Found> {
    let here = branches.iter().flatten().filter(|one| one.keys_of.as_deref() == Some(pointer));
    let missing = here.filter_map(|one| one.message.strip_prefix("missing key `")?.strip_suffix('`'));
    let known: Vec<&str> = missing.collect();
    match keys(node).next() {
        Some(key) => {
            let hint = hint_of(&key.name, &known, "keys here");
            vec![found(key.span.clone(), format!("unknown key `{}`", key.name), hint)]
        }
        None => vec![found(value_span(node), format!("expected one of the keys {}", known.join(", ")), None)],
    }
}

fn wrong_type(node: &Node, kind: &TypeKind, pointer: &str, named: Range<usize>) -> Vec<Found> {
    let wanted: Vec<JsonType> = match kind {
        TypeKind::Single(one) => vec![*one],
        TypeKind::Multiple(many) => many.iter().collect(),
    };
    let is_text = matches!(&node.kind, Kind::Scalar { text, .. } if !text.is_empty());
    // Text keeps its source form, so `0755` and `true` are right where text is wanted.
    if is_text && wanted.contains(&JsonType::String) {
        return Vec::new();
    }
    let names: Vec<&str> = wanted.iter().filter(|one| **one != JsonType::Null).map(|one| type_name(*one)).collect();
    let written = match &node.kind {
        Kind::Scalar { text, .. } if text.is_empty() => "nothing".to_owned(),
        Kind::Scalar { text, .. } => format!("`{text}`"),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a map".to_owned(),
    };
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let message = match key.parse::<usize>() {
        Err(_) if !key.is_empty() => format!("`{key}` takes {}, not {written}", names.join(" or ")),
        _ => format!("expected {}, found {written}", names.join(" or ")),
    };
    let span = if is_text { value_span(node) } else { named };
    vec![found(span, message, None)]
}

fn not_an_option(node: &Node, options: Vec<String>) -> Found {
    let written = match &node.kind {
        Kind::Scalar { text, .. } => text.clone(),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a map".to_owned(),
    };
    let known: Vec<&str> = options.iter().map(String::as_str).collect();
    let hint = hint_of(&written, &known, "one of");
    Found { options, ..found(value_span(node), format!("`{written}` is not a value of this key"), hint) }
}

fn hint_of(written: &str, known: &[&str], lead: &str) -> Option<String> {
    match nearest(written, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() => None,
        None => Some(format!("{lead}: {}", known.join(", "))),
    }
}

fn found(span: Range<usize>, message: String, hint: Option<String>) -> Found {
    Found { span, message, hint, options: Vec::new(), keys_of: None }
}

fn value_span(node: &Node) -> Range<usize> {
    match &node.kind {
        Kind::Map(entries) => entries.first().map_or(node.span.clone(), |(key, _)| key.span.clone()),
        _ => node.span.clone(),
    }
}

fn keys(node: &Node) -> impl Iterator<Item = &Key> {
    let entries: &[(Key, Node)] = match &node.kind {
        Kind::Map(entries) => entries,
        _ => &[],
    };
    entries.iter().map(|(key, _)| key)
}

fn wants_null(errors: &[ValidationError<'static>]) -> bool {
    matches!(errors, [one] if matches!(one.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(JsonType::Null) }))
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Object => "a map",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "text",
        JsonType::Null => "nothing",
    }
}
