//! Strict YAML files: read at full speed, and when that fails read once more to find every mistake.

use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{Diagnostic, schema, tree};

/// Parses a strict YAML file. Fails with every mistake found.
pub fn parse_yaml<T: DeserializeOwned + JsonSchema>(origin: &str, text: &Arc<str>) -> Result<T, Vec<Diagnostic>> {
    serde_saphyr::from_str(text).map_err(|error| {
        let at = |span: Range<usize>, message: String, hint: Option<String>| Diagnostic {
            origin: origin.to_owned(),
            text: Arc::clone(text),
            span,
            message,
            hint,
        };
        let found = all_mistakes::<T>(text);
        if !found.is_empty() {
            return found.into_iter().map(|(span, message, hint)| at(span, message, hint)).collect();
        }
        // What the schema cannot say, for example a number out of range.
        let error = error.without_snippet();
        let start = error.location().map_or(0, |place| byte_at(text, place.line(), place.column()));
        vec![at(word_at(text, start), error.to_string(), None)]
    })
}

/// Returns the bytes that name the value at a JSON pointer: its key, or in a list the value's first token.
pub fn locate(text: &str, pointer: &str) -> Range<usize> {
    let tree = tree::parse(text).ok();
    tree.as_ref().and_then(|tree| tree.find(pointer)).map_or(0..0, |(_, span)| span)
}

fn all_mistakes<T: JsonSchema>(text: &str) -> Vec<(Range<usize>, String, Option<String>)> {
    let tree = match tree::parse(text) {
        Ok(tree) => tree,
        Err(mistake) => return vec![(word_at(text, mistake.at), mistake.message, None)],
    };
    let schema = schemars::schema_for!(T).to_value();
    let repeated = tree.repeated_keys().into_iter().map(|key| {
        let hint = "keep one of them".to_owned();
        (key.span.clone(), format!("key `{}` stands twice", key.name), Some(hint))
    });
    let mut found: Vec<_> = repeated.collect();
    found.extend(schema::mistakes(&tree, &schema).into_iter().map(|one| (one.span, one.message, one.hint)));
    found.sort_by_key(|(span, ..)| span.start);
    found
}

/// Returns the offset of a line and column, both counted from 1, columns in characters.
fn byte_at(text: &str, line: u64, column: u64) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let rest = &text[line_start..];
    line_start + rest.char_indices().nth(column.saturating_sub(1) as usize).map_or(rest.len(), |(at, _)| at)
}

/// Returns the word that begins at an offset, at least one character where there is one.
fn word_at(text: &str, start: usize) -> Range<usize> {
    let start = super::floor_char(text, start);
    let rest = &text[start..];
    let end = rest.find([' ', '\n', ':', ',', ']', '}']).unwrap_or(rest.len());
    let one = rest.chars().next().map_or(0, char::len_utf8);
    start..start + end.max(one)
}
