//! YAML as a tree in which every key and value knows its bytes; built only when a file has a mistake.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// A value and where it stands: a scalar's own bytes, a list's or map's first token.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) span: Range<usize>,
}

/// Where the text is not YAML, and why.
#[derive(Debug)]
pub(super) struct SyntaxMistake {
    pub(super) at: usize,
    pub(super) message: String,
}

/// Parses the first document. An alias becomes an empty plain scalar: no file here uses any.
pub(super) fn parse(text: &str) -> Result<Node, SyntaxMistake> {
    let mut events = Vec::new();
    for item in Parser::new_from_str(text) {
        let (event, span) = item.map_err(|error| SyntaxMistake {
            at: error.marker().byte_offset().unwrap_or_default(),
            message: error.info(),
        })?;
        let span = span.byte_range().unwrap_or_default();
        events.push((event, span));
    }
    let mut events = events.into_iter().filter(|(event, _)| {
        matches!(event, Event::Alias(_) | Event::Scalar(..) | Event::SequenceStart(..) | Event::SequenceEnd)
            || matches!(event, Event::MappingStart(..) | Event::MappingEnd)
    });
    let empty = Node { span: 0..0, kind: Kind::Scalar { text: String::new(), plain: true } };
    Ok(node(&mut events).unwrap_or(empty))
}

/// Takes one value from the events; nothing at the end of a list or map.
fn node<'a>(events: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>) -> Option<Node> {
    let (event, span) = events.next()?;
    let kind = match event {
        Event::Scalar(text, style, ..) => {
            Kind::Scalar { text: text.into_owned(), plain: matches!(style, ScalarStyle::Plain) }
        }
        Event::SequenceStart(..) => Kind::List(std::iter::from_fn(|| node(events)).collect()),
        Event::MappingStart(..) => Kind::Map(std::iter::from_fn(|| entry(events)).collect()),
        Event::SequenceEnd | Event::MappingEnd => return None,
        _ => Kind::Scalar { text: String::new(), plain: true },
    };
    Some(Node { span, kind })
}

fn entry<'a>(events: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>) -> Option<(Key, Node)> {
    let key = node(events)?;
    let value = node(events)?;
    let name = match key.kind {
        Kind::Scalar { text, .. } => text,
        _ => String::new(),
    };
    Some((Key { name, span: key.span }, value))
}

impl Node {
    /// Returns the JSON a schema judges: plain scalars as YAML's core schema reads them.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar { text, plain: true } => plain_scalar(text),
            Kind::Scalar { text, .. } => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(Self::to_json).collect(),
            Kind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.name.clone(), value.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// Follows a JSON pointer; returns the value and the bytes that name it: its key, or the value itself in a list.
    pub(super) fn find(&self, pointer: &str) -> Option<(&Node, Range<usize>)> {
        let mut found = (self, self.first_token());
        for part in pointer.split('/').skip(1) {
            let name = part.replace("~1", "/").replace("~0", "~");
            found = match &found.0.kind {
                Kind::Map(entries) => {
                    entries.iter().find(|(key, _)| key.name == name).map(|(key, value)| (value, key.span.clone()))?
                }
                Kind::List(items) => items.get(name.parse::<usize>().ok()?).map(|item| (item, item.first_token()))?,
                Kind::Scalar { .. } => return None,
            };
        }
        Some(found)
    }

    /// Returns the keys that stand twice in one map, anywhere below.
    pub(super) fn repeated_keys(&self) -> Vec<&Key> {
        match &self.kind {
            Kind::Scalar { .. } => Vec::new(),
            Kind::List(items) => items.iter().flat_map(Self::repeated_keys).collect(),
            Kind::Map(entries) => {
                let own = entries
                    .iter()
                    .enumerate()
                    .filter(|(at, (key, _))| entries[..*at].iter().any(|(earlier, _)| earlier.name == key.name));
                let own = own.map(|(_, (key, _))| key);
                own.chain(entries.iter().flat_map(|(_, value)| value.repeated_keys())).collect()
            }
        }
    }

    fn first_token(&self) -> Range<usize> {
        match &self.kind {
            Kind::Map(entries) => entries.first().map_or(self.span.clone(), |(key, _)| key.span.clone()),
            Kind::List(items) => items.first().map_or(self.span.clone(), Self::first_token),
            Kind::Scalar { .. } => self.span.clone(),
        }
    }
}

fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(integer), _) => Value::Number(integer.into()),
            (_, Ok(float)) if text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) => {
                Number::from_f64(float).map_or_else(|| Value::String(text.to_owned()), Value::Number)
            }
            _ => Value::String(text.to_owned()),
        },
    }
}
