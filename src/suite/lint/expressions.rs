//! Expressions compile and name only what there is.

use std::collections::HashSet;

use minijinja::Environment;
use serde_json::Value;

use super::at_case;
use crate::diagnostic::Diagnostic;
use crate::files::SuiteFiles;
use crate::suite::loaded::Suites;
use crate::suite::model::Step;

/// Roots and functions that every expression may name.
const ROOTS: &[&str] = &[
    "account",
    "scene",
    "person",
    "device",
    "picture",
    "sandbox",
    "target",
    "callback",
    "now",
    "unique",
    "repeat",
    "sm2",
    "enc_token",
    "figure",
];

pub(super) fn check(files: &SuiteFiles, suites: &Suites) -> Vec<Diagnostic> {
    let environment = environment();
    let mut mistakes = Vec::new();
    let mut seen = HashSet::new();
    for case in suites.cases.values() {
        let mut known: HashSet<String> = ROOTS.iter().map(|root| (*root).to_owned()).collect();
        if !case.row.is_empty() {
            known.insert("it".to_owned());
        }
        for step in &case.steps {
            for text in texts(step, suites) {
                if let Some((message, hint)) = mistake(&environment, &text, &known)
                    && seen.insert((case.place.clone(), text.clone()))
                {
                    mistakes.push(at_case(files, &case.place, &text, message, &hint));
                }
            }
            known.extend(name(step));
        }
    }
    mistakes
}

/// Knows the filter that the run adds, so that compiling here and there means the same.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.add_filter("json", |text: String| text);
    environment
}

fn name(step: &Step) -> Option<String> {
    match step {
        Step::Call(call) => call.name.clone(),
        _ => None,
    }
}

/// Returns every text of a step that holds an expression, its baseline's included.
fn texts(step: &Step, suites: &Suites) -> Vec<String> {
    let mut found = Vec::new();
    collect(&serde_json::to_value(step).unwrap_or_default(), &mut found);
    let baseline = match step {
        Step::Call(call) => suites.baseline(&call.baseline),
        Step::Burst(burst) => suites.baseline(&burst.baseline),
        _ => None,
    };
    let parameters = baseline.into_iter().flat_map(|loaded| loaded.baseline.parameters.values());
    found.extend(parameters.filter(|text| text.contains("{{")).cloned());
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("{{") => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(entries) => {
            found.extend(entries.keys().filter(|key| key.contains("{{")).cloned());
            entries.values().for_each(|value| collect(value, found));
        }
        _ => {}
    }
}

fn mistake(environment: &Environment<'_>, text: &str, known: &HashSet<String>) -> Option<(String, String)> {
    let template = match environment.template_from_str(text) {
        Ok(template) => template,
        Err(error) => {
            let message = format!("the expression does not compile: {}", error.detail().unwrap_or("syntax"));
            return Some((message, "write `{{ root.key }}`, functions as `unique(32)`".to_owned()));
        }
    };
    let mut unknown: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|root| !known.contains(root)).collect();
    unknown.sort();
    let root = unknown.first()?;
    let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
    names.sort_unstable();
    let nearest = super::super::nearest::hint(root, names.iter().copied(), &format!("there are {}", names.join(", ")));
    Some((format!("nothing is called `{root}` here"), nearest))
}
