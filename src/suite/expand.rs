//! Case templates to cases: one for each row, requirements resolved, baselines named in full.

use std::collections::HashMap;

use serde_json::Value;

use super::glob::glob_matches;
use super::loaded::{Case, Row};
use super::model::{CaseTemplate, Difference, Each, Rows, Step, Wire};
use super::nearest::hint;
use super::parse::ParsedFile;
use super::rows::{RowSource, rows};
use super::substitute::{mentions_row, substitute};
use crate::contract::{Contracts, Text};
use crate::diagnostic::Diagnostic;

/// Cases of one file with the number of the template each came from, and the mistakes met.
#[derive(Default)]
pub(super) struct Expansion {
    pub(super) cases: Vec<(usize, Case)>,
    pub(super) mistakes: Vec<Diagnostic>,
}

/// Expands every template of a file.
pub(super) fn expand(parsed: &ParsedFile, contracts: &Contracts) -> Expansion {
    let mut expansion = Expansion::default();
    let mut globs = HashMap::new();
    for (case_idx, template) in parsed.file.cases.iter().enumerate() {
        let template = &template.value;
        let place = format!("{}:{}", parsed.source.origin, parsed.source.line(parsed.range(case_idx).start));
        let mut mistake = |needle: &str, message: String, hint: Option<String>| {
            let span = parsed.source.find(&parsed.range(case_idx), needle);
            expansion.mistakes.push(parsed.source.mistake(span, message, hint));
        };
        let rows = match template.each.as_ref().map(|each| family(each, &parsed.folder, contracts)) {
            None => vec![Row::new()],
            Some(Ok(rows)) => rows,
            Some(Err((needle, message, hint))) => {
                mistake(&needle, message, Some(hint));
                continue;
            }
        };
        // Goes through JSON, so that a new field of a step needs no code here.
        let steps = match serde_json::to_value(&template.steps) {
            Ok(steps) => steps,
            Err(error) => {
                mistake("steps:", error.to_string(), None);
                continue;
            }
        };
        for row in rows {
            match instance(parsed, (template, &steps), row, &place) {
                Ok(mut case) => {
                    case.named = resolved(&case.named, contracts, &mut globs, &mut mistake);
                    expansion.cases.push((case_idx, case));
                }
                Err(message) => mistake("it.", message, None),
            }
        }
    }
    expansion
}

type EachMistake = (String, String, String);

fn family(each: &Each, folder: &str, contracts: &Contracts) -> Result<Vec<Row>, EachMistake> {
    let api = each.api.as_deref().unwrap_or(folder);
    let Some(contract) = contracts.by_api.get(api) else {
        if each.rows == Rows::Listed {
            return Ok(each
                .list
                .iter()
                .map(|row| row.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect())
                .collect());
        }
        let hint = hint(api, contracts.by_api.keys().map(String::as_str), "name a folder that has a contract.yaml");
        return Err((api.to_owned(), format!("no contract `{api}`"), hint));
    };
    let operation = match &each.operation {
        None => None,
        Some(name) => Some(contract.operations.iter().find(|operation| operation.name == *name).ok_or_else(|| {
            let names = contract.operations.iter().map(|operation| operation.name.as_str());
            (name.clone(), format!("no operation `{name}` in `{api}`"), hint(name, names, "name one of the contract"))
        })?),
    };
    if operation.is_none() && !matches!(each.rows, Rows::Products | Rows::Listed) {
        let hint = "add `operation:` with the operation whose rows are meant".to_owned();
        return Err(("rows:".to_owned(), "rows of no operation".to_owned(), hint));
    }
    let found = rows(each, &RowSource { contract, operation });
    let names: Vec<&str> = found.iter().filter_map(|row| row.get("name")?.as_str()).collect();
    match each.only.iter().find(|only| each.rows != Rows::Listed && !names.contains(&only.as_str())) {
        Some(only) => Err((only.clone(), format!("no such row `{only}`"), hint(only, names, "leave it out"))),
        None => Ok(found),
    }
}

fn instance(
    parsed: &ParsedFile,
    (template, steps): (&CaseTemplate, &Value),
    row: Row,
    place: &str,
) -> Result<Case, String> {
    let id = substitute(&template.id, &row)?;
    let text = |text: &Text| -> Result<Text, String> {
        Ok(Text { en: substitute(&text.en, &row)?, zh: substitute(&text.zh, &row)? })
    };
    let steps = match row.is_empty() {
        true => template.steps.clone(),
        false => serde_json::from_value(substituted(steps, &row)?).map_err(|error| error.to_string())?,
    };
    let mut case = Case {
        id: format!("{}/{}/{id}", parsed.folder, parsed.topic),
        api: parsed.folder.clone(),
        title: text(&template.title)?,
        named: template.requirements.iter().map(|id| substitute(id, &row)).collect::<Result<_, _>>()?,
        implied: Vec::new(),
        place: place.to_owned(),
        twin: template.twin.as_ref().map(|twin| substitute(twin, &row)).transpose()?,
        derived: false,
        row,
        steps,
    };
    case.steps.iter_mut().for_each(|step| qualify(step, &parsed.folder));
    match case.steps.iter().find_map(unresolved) {
        Some(text) => Err(format!("`{text}` stands where only `it.…` of a family may")),
        None => Ok(case),
    }
}

fn substituted(value: &Value, row: &Row) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) if mentions_row(text) => Value::String(substitute(text, row)?),
        Value::Array(items) => items.iter().map(|item| substituted(item, row)).collect::<Result<_, _>>()?,
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                let key = if mentions_row(key) { substitute(key, row)? } else { key.clone() };
                Ok::<_, String>((key, substituted(value, row)?))
            };
            Value::Object(entries.iter().map(entry).collect::<Result<_, _>>()?)
        }
        other => other.clone(),
    })
}

/// Returns an expression that the row did not resolve, where a value must be known before the run.
fn unresolved(step: &Step) -> Option<&str> {
    let call = match step {
        Step::Call(call) => call,
        Step::Callback(callback) => return callback.answer.as_ref()?.unresolved(),
        _ => return None,
    };
    let differs = match &call.differs {
        Some(Difference::Tamper(tamper)) => tamper.unresolved(),
        Some(Difference::ClockSkewSeconds(seconds)) => seconds.unresolved(),
        Some(Difference::Wire(wire)) => unresolved_wire(wire),
        _ => None,
    };
    differs.or_else(|| unresolved_wire(&call.wire))
}

fn unresolved_wire(wire: &Wire) -> Option<&str> {
    None.or_else(|| wire.scheme.as_ref()?.unresolved())
        .or_else(|| wire.place.as_ref()?.unresolved())
        .or_else(|| wire.space.as_ref()?.unresolved())
        .or_else(|| wire.order.as_ref()?.unresolved())
}

/// Gives a baseline its full name, `<folder>/<name>`.
fn qualify(step: &mut Step, folder: &str) {
    let baseline = match step {
        Step::Call(call) => &mut call.baseline,
        Step::Burst(burst) => &mut burst.baseline,
        _ => return,
    };
    if !baseline.contains('/') {
        *baseline = format!("{folder}/{baseline}");
    }
}

fn resolved(
    named: &[String],
    contracts: &Contracts,
    globs: &mut HashMap<String, Vec<String>>,
    mistake: &mut impl FnMut(&str, String, Option<String>),
) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for name in named {
        if contracts.requirements.contains_key(name) {
            ids.push(name.clone());
            continue;
        }
        let found = globs.entry(name.clone()).or_insert_with(|| match name.contains('*') {
            true => contracts.requirements.keys().filter(|id| glob_matches(name, id)).cloned().collect(),
            false => Vec::new(),
        });
        if found.is_empty() {
            let known = contracts.requirements.keys().map(String::as_str);
            let hint = hint(name, known, "name a requirement as `idvet list requirements` prints it");
            mistake(name, format!("no requirement `{name}`"), Some(hint));
        }
        ids.extend(found.iter().cloned());
    }
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}
