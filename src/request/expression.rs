//! Texts with `{{ expressions }}` over the sandbox, the case and its answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use minijinja::value::{Object, Serde, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::blank::answers_to_come;
use super::context::CaseState;
use super::random::Random;
use super::{RequestError, RequestInput, ServiceKeys, encrypt};
use crate::clock::Timestamp;
use crate::contract::path::look_up;
use crate::plan::RolesInUse;
use crate::target::model::{Sandbox, Target};

/// Evaluates expressions; made once a run.
#[derive(Debug)]
pub struct Expressions {
    environment: Environment<'static>,
    sandbox: Value,
    target: Value,
    figure: Value,
    repeat: Value,
}

impl Expressions {
    /// Prepares what all cases share.
    pub fn new(input: &RequestInput<'_>) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.add_filter("json", |text: String| -> Result<Value, Error> {
            let value: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("not JSON: {error}")))?;
            Ok(Value::from(Serde(value)))
        });
        let rules = input.contracts.by_api.iter().flat_map(|(api, contract)| {
            contract.rules.iter().map(move |rule| ((api.clone(), rule.id.clone()), rule.figures.clone()))
        });
        let figures: std::collections::HashMap<_, _> = rules.filter(|(_, figures)| !figures.is_empty()).collect();
        let figure = move |api: String, rule: String, name: String| -> Result<i64, Error> {
            let found = figures.get(&(api.clone(), rule.clone())).and_then(|figures| figures.get(&name).copied());
            found.ok_or_else(|| {
                Error::new(ErrorKind::InvalidOperation, format!("no figure `{name}` in the rule `{api}.rule.{rule}`"))
            })
        };
        Self {
            environment,
            sandbox: sandbox_value(&input.target.sandbox),
            target: target_value(input.target),
            figure: Value::from_function(figure),
            repeat: Value::from_function(|text: String, count: usize| text.repeat(count)),
        }
    }

    /// Returns what the expressions of one step may name.
    pub(super) fn scope(&self, state: &CaseState, facts: &ScopeFacts<'_>) -> Value {
        let mut names: BTreeMap<String, Value> = BTreeMap::new();
        let mut name = |key: &str, value: Value| drop(names.insert(key.to_owned(), value));
        name("sandbox", self.sandbox.clone());
        name("target", self.target.clone());
        name("figure", self.figure.clone());
        name("repeat", self.repeat.clone());
        name("now", Value::from(facts.now.to_iso()));
        name("unique", unique_function(state));
        name("sm2", sm2_function(facts.keys));
        name("enc_token", enc_token_function(facts.keys, &state.random));
        if let Some(url) = &state.callback_url {
            name("callback", Value::from_pairs([("url", Value::from(url.as_str()))]));
        }
        if !state.row.is_empty() {
            name("it", Value::from(Serde(&state.row)));
        }
        for (key, value) in role_values(facts.target, facts.api, facts.roles, state) {
            name(key, value);
        }
        for (key, answer) in state.markers.iter().flat_map(answers_to_come) {
            name(&key, answer);
        }
        for (key, answer) in &state.answers {
            name(key, Value::from_object(AnswerObject(Arc::clone(answer))));
        }
        Value::from_pairs(names)
    }

    /// Replaces every `{{ block }}` of a text with its value; text without one is returned as it is.
    pub(super) fn render(&self, text: &str, scope: &Value) -> Result<String, RequestError> {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let Some(length) = rest[start..].find("}}") else { break };
            done.push_str(&rest[..start]);
            let expression = rest[start + 2..start + length].trim();
            done.push_str(&self.value(expression, scope)?);
            rest = &rest[start + length + 2..];
        }
        done.push_str(rest);
        Ok(done)
    }

    fn value(&self, expression: &str, scope: &Value) -> Result<String, RequestError> {
        let failed = |reason: String| RequestError::Expression { expression: expression.to_owned(), reason };
        let reason = |error: Error| failed(error.detail().map_or_else(|| error.to_string(), str::to_owned));
        let compiled = self.environment.compile_expression(expression).map_err(reason)?;
        let value = compiled.eval(scope.clone()).map_err(reason)?;
        if value.is_undefined() || value.is_none() {
            return Err(failed("it has no value; an earlier answer lacks what it names".to_owned()));
        }
        Ok(value.to_string())
    }
}

/// What a scope is about besides the state of its case.
pub(super) struct ScopeFacts<'a> {
    pub(super) target: &'a Target,
    pub(super) api: &'a str,
    pub(super) roles: &'a RolesInUse,
    pub(super) keys: &'a ServiceKeys,
    pub(super) now: Timestamp,
}

/// An answer: its keys, and contract paths such as `ResultObject.MaterialInfo#score` as keys.
#[derive(Debug)]
struct AnswerObject(Arc<serde_json::Value>);

impl Object for AnswerObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let found = self.0.get(key).cloned().or_else(|| look_up(&self.0, key).map(std::borrow::Cow::into_owned))?;
        Some(Value::from(Serde(found)))
    }
}

fn unique_function(state: &CaseState) -> Value {
    let (random, count, markers) = (state.random.clone(), Arc::clone(&state.unique_count), state.markers.clone());
    Value::from_function(move |n: usize, label: Option<String>| {
        let text = match &label {
            Some(label) => random.hex(&format!("unique {label}"), n),
            None => random.hex(&format!("unique {}", count.fetch_add(1, Ordering::Relaxed)), n),
        };
        if let Some(markers) = &markers {
            markers.drew(&text, label.is_some());
        }
        text
    })
}

fn sm2_function(keys: &ServiceKeys) -> Value {
    let key = keys.sm2.clone();
    Value::from_function(move |text: String| -> Result<String, Error> {
        let key = key.as_deref().ok_or_else(|| no_key("SM2"))?;
        encrypt::sm2(key, &text).map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))
    })
}

fn enc_token_function(keys: &ServiceKeys, random: &Random) -> Value {
    let key = keys.enc_token.clone();
    let aes_key = random.hex("encToken", 32).into_bytes();
    Value::from_function(move || -> Result<String, Error> {
        let key = key.as_deref().filter(|key| !key.is_empty()).ok_or_else(|| no_key("encToken"))?;
        encrypt::enc_token(key, &aes_key).map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))
    })
}

fn no_key(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("the target gives no public key for {what}"))
}

fn role_values(target: &Target, api: &str, roles: &RolesInUse, state: &CaseState) -> Vec<(&'static str, Value)> {
    let sandbox = &target.sandbox;
    let text = |text: &str| Value::from(text);
    let account =
        sandbox.account(&roles.account).and_then(|account| account.key_id(state.account_number(&roles.account)));
    let scene = sandbox.scene(api, &roles.scene);
    let person = sandbox.person(&roles.person);
    let device = sandbox.device(&roles.device);
    let mut values = Vec::new();
    if let Some(key_id) = account {
        values.push(("account", Value::from_pairs([("access_key_id", Value::from(key_id))])));
    }
    if let Some(scene) = scene {
        values.push(("scene", Value::from_pairs([("id", text(&scene.id)), ("role", text(&scene.role))])));
    }
    if let Some(person) = person {
        let pairs =
            [("name", text(&person.name)), ("id_number", text(&person.id_number)), ("role", text(&person.role))];
        values.push(("person", Value::from_pairs(pairs)));
    }
    if let Some(device) = device {
        values.push(("device", Value::from_pairs([("meta_info", text(&device.meta_info))])));
    }
    if let Some(picture) = sandbox.picture(&roles.picture) {
        values.push(("picture", picture_value(picture)));
    }
    values
}

fn picture_value(picture: &crate::target::model::Picture) -> Value {
    let mut pairs: Vec<(&str, Value)> = Vec::new();
    if let Some(url) = &picture.url {
        pairs.push(("url", Value::from(url.as_str())));
    }
    let made_up = picture.base64_length.map(|length| "A".repeat(length as usize));
    if let Some(base64) = picture.base64.clone().or(made_up) {
        pairs.push(("base64", Value::from(base64)));
    }
    Value::from_pairs(pairs)
}

fn target_value(target: &Target) -> Value {
    let choices =
        Value::from_pairs(target.choices.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))));
    Value::from_pairs([("name", Value::from(target.name.as_str())), ("choices", choices)])
}

fn sandbox_value(sandbox: &Sandbox) -> Value {
    let persons = sandbox.persons.iter().map(|person| {
        let pairs =
            [("name", Value::from(person.name.as_str())), ("id_number", Value::from(person.id_number.as_str()))];
        (person.role.clone(), Value::from_pairs(pairs))
    });
    let devices = sandbox.devices.iter().map(|device| {
        let pairs = [("meta_info", Value::from(device.meta_info.as_str()))];
        (device.role.clone(), Value::from_pairs(pairs))
    });
    let pictures = sandbox.pictures.iter().filter(|picture| picture.base64_length.is_none());
    let pictures = pictures.map(|picture| (picture.role.clone(), picture_value(picture)));
    let mut scenes: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for scene in &sandbox.scenes {
        let value = Value::from_pairs([("id", Value::from(scene.id.as_str()))]);
        scenes.entry(scene.api.clone()).or_default().insert(scene.role.clone(), value);
    }
    let scenes = scenes.into_iter().map(|(api, by_role)| (api, Value::from_pairs(by_role)));
    Value::from_pairs([
        ("persons", Value::from_pairs(persons)),
        ("devices", Value::from_pairs(devices)),
        ("pictures", Value::from_pairs(pictures)),
        ("scenes", Value::from_pairs(scenes)),
    ])
}
