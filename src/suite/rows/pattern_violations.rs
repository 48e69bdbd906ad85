//! Values that break each pattern, up to three a row: `it.value`, `it.index`.

use super::{Row, RowSource, with};
use crate::contract::Parameter;

pub(super) fn rows(source: &RowSource<'_>) -> Vec<Row> {
    let patterned = source.parameters().filter_map(|parameter| Some((parameter, parameter.pattern.as_deref()?)));
    patterned
        .flat_map(|(parameter, pattern)| {
            let values = violations(parameter, pattern).into_iter().enumerate();
            values.map(move |(idx, value)| {
                with(with(source.parameter_row(parameter, "pattern"), "value", value), "index", idx + 1)
            })
        })
        .collect()
}

fn violations(parameter: &Parameter, pattern: &str) -> Vec<String> {
    // A pattern that does not compile is a mistake of the contract and reported there.
    let Ok(pattern) = regex::Regex::new(pattern) else { return Vec::new() };
    let limit = parameter.max_length.map_or(usize::MAX, |limit| limit as usize);
    let mut found: Vec<String> = Vec::new();
    for candidate in candidates(parameter.example.as_deref().unwrap_or("a1")) {
        let length = candidate.chars().count();
        if length <= limit && !pattern.is_match(&candidate) && !found.contains(&candidate) && found.len() < 3 {
            found.push(candidate);
        }
    }
    found
}

/// Spoils the example in ways that real callers do: a stray sign, a foreign script, a scheme, a piece cut off.
fn candidates(example: &str) -> Vec<String> {
    let n_characters = example.chars().count();
    let head: String = example.chars().take(n_characters.saturating_sub(1)).collect();
    let tail: String = example.chars().skip(1).collect();
    vec![
        format!("{head}!"),
        format!("中{tail}"),
        example.replacen("https://", "http://", 1),
        head.clone(),
        format!("{head} "),
        "!".to_owned(),
        "a b".to_owned(),
    ]
    .into_iter()
    .filter(|candidate| !candidate.is_empty() && candidate != example)
    .collect()
}
