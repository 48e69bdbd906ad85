//! Operations as the mock serves them: looked up by version and action, texts and limits ready.

use std::collections::HashMap;
use std::sync::Arc;

use super::gateway::Refusal;
use super::rows::Rows;
use super::transaction::Family;
use crate::contract::{Contract, Contracts, Field, Operation};

/// One operation of a contract, with what every call needs.
pub(super) struct Served {
    pub(super) family: Family,
    /// Product as `Recommend` names it.
    pub(super) product: String,
    pub(super) operation: Operation,
    pub(super) rows: Rows,
    /// Code to HTTP status and message.
    texts: HashMap<String, (u16, String)>,
    /// Product code to calls a second.
    limits: HashMap<String, u32>,
}

/// All operations.
#[derive(Default)]
pub(super) struct Operations {
    /// Version to action to operations: several where one action multiplexes.
    by_version: HashMap<String, HashMap<String, Vec<Arc<Served>>>>,
    by_name: HashMap<(&'static str, String), Arc<Served>>,
}

impl Operations {
    pub(super) fn new(contracts: &Contracts) -> Self {
        let mut operations = Self::default();
        for contract in contracts.by_api.values() {
            let (Some(family), Some(version)) = (Family::named(&contract.api), &contract.version) else { continue };
            for operation in &contract.operations {
                let served = Arc::new(Served::new(family, contract, operation));
                let actions = operations.by_version.entry(version.clone()).or_default();
                actions.entry(operation.action.clone()).or_default().push(served.clone());
                operations.by_name.insert((family.api(), operation.name.clone()), served);
            }
        }
        operations
    }

    /// Says whether any product publishes a version.
    fn has_version(&self, version: &str) -> bool {
        self.by_version.contains_key(version)
    }

    /// Returns the product that publishes a version, or nothing.
    pub(super) fn product(&self, version: &str) -> &str {
        let served = self.by_version.get(version).and_then(|actions| actions.values().flatten().next());
        served.map_or("", |served| served.product.as_str())
    }

    /// Returns the operations of an action, or refuses the version or the action.
    pub(super) fn find(&self, version: &str, action: &str) -> Result<&[Arc<Served>], Refusal> {
        if !self.has_version(version) {
            return Err(Refusal::of("InvalidVersion"));
        }
        match self.of(version, action) {
            [] => Err(Refusal::of("InvalidAction.NotFound")),
            served => Ok(served),
        }
    }

    /// Returns the operations of an action.
    fn of(&self, version: &str, action: &str) -> &[Arc<Served>] {
        self.by_version.get(version).and_then(|actions| actions.get(action)).map_or(&[], Vec::as_slice)
    }

    /// Returns the response rows of all operations behind an action.
    pub(super) fn response_rows(&self, action: &str) -> impl Iterator<Item = &Field> {
        let behind = self.by_name.values().filter(move |served| served.operation.action == action);
        behind.flat_map(|served| &served.operation.response)
    }

    /// Says whether a sub-code of a family is billed: as its contract marks it; where a contract marks none at all,
    /// every verdict is (source: verify-token-2019-03-07.md §7).
    pub(super) fn is_billed(&self, family: Family, outcome: &str) -> bool {
        // A finished flow counts whatever its verdict (source: cloudauth-intl-2022-08-09.md §7).
        if family == Family::Intl {
            return true;
        }
        let of_family = self.by_name.iter().filter(|((api, _), _)| *api == family.api());
        let rows: Vec<_> = of_family.flat_map(|(_, served)| &served.operation.sub_codes).collect();
        if rows.iter().all(|row| row.billed.is_none()) {
            return outcome != "-1";
        }
        rows.iter().any(|row| row.code == outcome && row.billed == Some(true))
    }
}

impl Served {
    fn new(family: Family, contract: &Contract, operation: &Operation) -> Self {
        // Messages are Chinese at the domestic endpoints' documents, English at the international ones.
        let english = family == Family::Intl || family == Family::VerifyToken;
        let texts = operation.codes.iter().map(|code| {
            let text = code.message.as_ref().unwrap_or(&code.meaning);
            let message = if english { text.en.clone() } else { text.zh.clone() };
            (code.code.clone(), (code.http_status, message))
        });
        let limits = contract.products.iter().filter_map(|product| Some((product.code.clone(), product.qps?)));
        Self {
            family,
            product: contract.product.clone().unwrap_or_default(),
            operation: operation.clone(),
            rows: Rows::new(operation),
            texts: texts.collect(),
            limits: limits.collect(),
        }
    }

    /// Returns HTTP status and message of a code.
    pub(super) fn text(&self, code: &str) -> Option<(u16, &str)> {
        self.texts.get(code).map(|(status, message)| (*status, message.as_str()))
    }

    /// Returns the calls a second that an account has for a product through this operation.
    pub(super) fn limit(&self, product: &str) -> Option<u32> {
        self.limits.get(product).copied().or(self.operation.qps)
    }
}
