//! The protocol as data: parse, look up, derive requirements.

pub mod condition;
mod load;
pub mod model;
mod parameters;
pub mod path;
mod requirement;
mod schema;
mod validate;
mod wording;

use std::collections::BTreeMap;

use indexmap::IndexMap;

pub use condition::{Facts, SceneFacts};
pub use model::*;
pub use parameters::RequestParameters;
pub use schema::contract_schema;

/// All contracts in force, with the requirements derived from them.
#[derive(Debug, Clone, Default)]
pub struct Contracts {
    /// By API: `gateway` first, then as the folders are named.
    pub by_api: IndexMap<String, Contract>,
    /// Every requirement, in contract order.
    pub requirements: IndexMap<String, Requirement>,
}

/// One citable fact of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Stable: `<api>.<Operation>.request.<Name>.<aspect>`, `<api>.<Operation>.response.<path>.<aspect>`,
    /// `<api>.<Operation>.code.<code>` (and `….http-status`), `<api>.<Operation>.sub-code.<code>` (and `….passed`,
    /// `….billing`), `<api>.<Operation>.method.<METHOD>`, `<api>.<Operation>.qps`, `<api>.product.<code>` (and `….qps`),
    /// `<api>.rule.<id>`, `gateway.code.<code>` (and `….http-status`).
    pub id: String,
    pub level: Level,
    pub api: String,
    pub operation: Option<String>,
    pub text: Text,
    /// Addresses or file names.
    pub citations: Vec<String>,
    /// Why no case can exercise it.
    pub unexercised: Option<Text>,
}

impl Contracts {
    /// Returns an operation by API and name.
    pub fn operation(&self, api: &str, name: &str) -> Option<&Operation> {
        self.by_api.get(api)?.operations.iter().find(|operation| operation.name == name)
    }

    /// Returns a rule by API and id.
    pub fn rule(&self, api: &str, id: &str) -> Option<&Rule> {
        self.by_api.get(api)?.rules.iter().find(|rule| rule.id == id)
    }

    /// Returns a figure of a rule, for example `rule_figure("cloudauth", "lifetime.certify-id", "seconds")`.
    pub fn figure(&self, api: &str, rule: &str, name: &str) -> Option<i64> {
        self.rule(api, rule)?.figures.get(name).copied()
    }

    /// Returns how many requirements there are of each level.
    pub fn count_by_level(&self) -> BTreeMap<Level, usize> {
        let mut counts = BTreeMap::new();
        for requirement in self.requirements.values() {
            *counts.entry(requirement.level).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::SuiteFiles;

    #[test]
    fn the_embedded_contracts_load_without_a_mistake() {
        let contracts = Contracts::load(&SuiteFiles::embedded()).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
        let apis: Vec<&str> = contracts.by_api.keys().map(String::as_str).collect();
        assert_eq!(apis, ["gateway", "cloudauth", "intl", "saf", "verify-token"]);
        assert_eq!(contracts.figure("cloudauth", "lifetime.certify-id", "seconds"), Some(1800));
    }

    #[test]
    fn requirements_by_api_and_level() {
        let contracts = Contracts::load(&SuiteFiles::embedded()).expect("the embedded contracts load");
        let mut lines = Vec::new();
        for api in contracts.by_api.keys() {
            let count = |level| {
                let of_api = contracts.requirements.values().filter(|one| one.api == *api);
                of_api.filter(|one| one.level == level).count()
            };
            lines.push(format!(
                "{api}: must {}, should {}, info {}",
                count(Level::Must),
                count(Level::Should),
                count(Level::Info)
            ));
        }
        insta::assert_snapshot!(lines.join("\n"), @r"
        gateway: must 95, should 17, info 98
        cloudauth: must 172, should 56, info 105
        intl: must 210, should 179, info 139
        saf: must 42, should 8, info 84
        verify-token: must 149, should 22, info 97
        ");
    }
}
