//! What a case remembers from step to step.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use indexmap::IndexMap;

use super::blank::Markers;
use super::random::Random;
use super::{Built, RequestInput};
use crate::plan::PlannedCase;
use crate::suite::Row;

/// The state of a running case.
#[derive(Debug)]
pub struct CaseState {
    pub(super) random: Random,
    pub(super) unique_count: Arc<AtomicUsize>,
    pub(super) nonce_count: usize,
    pub(super) row: Row,
    accounts: IndexMap<String, u32>,
    /// Address of the case's listener, where it has one.
    pub callback_url: Option<String>,
    pub(super) answers: HashMap<String, Arc<serde_json::Value>>,
    sent: Vec<Sent>,
    /// Where the state makes blanks rather than requests.
    pub(super) markers: Option<Markers>,
}

/// A request that was sent, and its answer.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Name of the step.
    pub name: Option<String>,
    pub built: Built,
    pub answer: Option<Arc<serde_json::Value>>,
}

impl CaseState {
    /// Returns the state before the first step.
    pub fn new(planned: &PlannedCase, input: &RequestInput<'_>) -> Self {
        Self {
            random: Random::new(input.seed, input.salt, &planned.case.id),
            unique_count: Arc::new(AtomicUsize::new(0)),
            nonce_count: 0,
            row: planned.case.row.clone(),
            accounts: planned.accounts.clone(),
            callback_url: None,
            answers: HashMap::new(),
            sent: Vec::new(),
            markers: None,
        }
    }

    /// Returns the state of a scenario whose requests are made once and filled in many times. Each role stands for its
    /// first account.
    pub fn for_blanks(name: &str, input: &RequestInput<'_>, markers: Markers) -> Self {
        Self {
            random: Random::new(input.seed, input.salt, name),
            unique_count: Arc::new(AtomicUsize::new(0)),
            nonce_count: 0,
            row: Row::new(),
            accounts: IndexMap::new(),
            callback_url: None,
            answers: HashMap::new(),
            sent: Vec::new(),
            markers: Some(markers),
        }
    }

    /// Returns the number of the case's account of a role.
    pub fn account_number(&self, role: &str) -> u32 {
        self.accounts.get(role).copied().unwrap_or_default()
    }

    /// Returns the roles of the accounts the case uses.
    pub fn account_roles(&self) -> impl Iterator<Item = &String> {
        self.accounts.keys()
    }

    /// Remembers a request and its answer for later steps.
    pub fn remember(&mut self, name: Option<&str>, built: Built, answer: Option<serde_json::Value>) {
        let answer = answer.map(Arc::new);
        if let (Some(name), Some(answer)) = (name, &answer) {
            self.answers.insert(name.to_owned(), Arc::clone(answer));
        }
        self.sent.push(Sent { name: name.map(str::to_owned), built, answer });
    }

    /// Returns the latest request of a step's name.
    pub(super) fn sent_as(&self, name: &str) -> Option<&Sent> {
        self.sent.iter().rev().find(|sent| sent.name.as_deref() == Some(name))
    }

    /// Returns the earlier request that began the transaction a request is about: the latest of another operation
    /// that gave or was given one of the request's long values.
    pub fn beginning_of(&self, built: &Built) -> Option<&Sent> {
        let gave = |sent: &Sent, ids: &[String]| sent.answer.as_ref().is_some_and(|answer| holds_any(answer, ids));
        self.sent.iter().rev().find(|sent| built.goes_on_from(&sent.built, |ids| gave(sent, ids)))
    }

    /// Returns the next text for a nonce.
    pub(super) fn next_nonce(&mut self) -> String {
        self.nonce_count += 1;
        let hex = self.random.hex(&format!("nonce {}", self.nonce_count), 32);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

impl Built {
    /// Says whether an earlier request began the transaction that this one is about: it is of another operation, and was
    /// given one of this request's ids, or its answer gave one, which `gave` says.
    pub fn goes_on_from(&self, earlier: &Self, gave: impl FnOnce(&[String]) -> bool) -> bool {
        if earlier.operation == self.operation || earlier.api != self.api {
            return false;
        }
        let ids = long_values(&self.parameters);
        long_values(&earlier.parameters).iter().any(|value| ids.contains(value)) || gave(&ids)
    }
}

/// Ids are long; shorter values would tie requests together by chance.
fn long_values(parameters: &[(String, String)]) -> Vec<String> {
    let mut values = Vec::new();
    for (name, value) in parameters {
        if name == "ServiceParameters" {
            let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_str(value).unwrap_or_default();
            let keys = keys.iter().filter(|(key, _)| is_id(key));
            values.extend(keys.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
        } else if is_id(name) {
            values.push(value.clone());
        }
    }
    values.retain(|value| value.len() >= 16);
    values
}

fn is_id(name: &str) -> bool {
    ["CertifyId", "certifyId", "BizId", "TransactionId", "VerifyToken", "TaskId"].contains(&name)
}

fn holds_any(value: &serde_json::Value, texts: &[String]) -> bool {
    match value {
        serde_json::Value::String(text) => texts.contains(text),
        serde_json::Value::Array(items) => items.iter().any(|item| holds_any(item, texts)),
        serde_json::Value::Object(entries) => entries.values().any(|value| holds_any(value, texts)),
        _ => false,
    }
}
