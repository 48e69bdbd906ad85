//! Parameters of a call: baseline, then what the case sets, leaves out and differs in.

use indexmap::IndexMap;

use crate::suite::{Baseline, Call, Difference};

/// Names that belong to the protocol rather than to an operation (source: signing.md §1.1).
const COMMON: &[&str] = &[
    "Action",
    "Version",
    "AccessKeyId",
    "Timestamp",
    "SignatureNonce",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureType",
    "Signature",
    "Format",
    "SecurityToken",
    "RegionId",
    "BearerToken",
];

/// Parameters before rendering, business and common apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    pub business: IndexMap<String, String>,
    /// Common parameters and `x-acs-*` headers given by the case.
    pub common: IndexMap<String, String>,
    /// Common parameters to leave out.
    pub without: Vec<String>,
    /// Sent a second time.
    pub duplicates: IndexMap<String, String>,
}

impl Parameters {
    /// Returns the parameters of a call.
    pub fn of(baseline: &Baseline, call: &Call) -> Self {
        let mut parameters = Self { business: baseline.parameters.clone(), ..Self::default() };
        // Left out first, so that a parameter may be taken from its place and set anew.
        call.unset.iter().for_each(|name| parameters.unset(name));
        parameters.set(&call.set);
        match &call.differs {
            Some(Difference::Set(set)) => parameters.set(set),
            Some(Difference::Unset(names)) => names.iter().for_each(|name| parameters.unset(name)),
            Some(Difference::Empty(names)) => {
                parameters.set(&names.iter().map(|name| (name.clone(), String::new())).collect());
            }
            Some(Difference::Duplicate(duplicates)) => parameters.duplicates = duplicates.clone(),
            _ => {}
        }
        parameters
    }

    /// Returns the parameters of a baseline with some set.
    pub fn with(baseline: &Baseline, set: &IndexMap<String, String>) -> Self {
        let mut parameters = Self { business: baseline.parameters.clone(), ..Self::default() };
        parameters.set(set);
        parameters
    }

    fn set(&mut self, set: &IndexMap<String, String>) {
        for (name, value) in set {
            self.without.retain(|left_out| left_out != name);
            let is_common = COMMON.contains(&name.as_str()) || name.to_ascii_lowercase().starts_with("x-acs-");
            let place = if is_common { &mut self.common } else { &mut self.business };
            place.insert(name.clone(), value.clone());
        }
    }

    fn unset(&mut self, name: &str) {
        self.business.shift_remove(name);
        self.common.shift_remove(name);
        if name == "ServiceParameters" {
            self.business.retain(|key, _| !key.starts_with("ServiceParameters#"));
        }
        if COMMON.contains(&name) || name.starts_with("x-acs-") {
            self.without.push(name.to_owned());
        }
    }
}

/// Puts the keys `NAME#key` into the JSON text of the parameter `NAME`, where the first of them stands. A parameter
/// `NAME` that is given itself wins.
pub(super) fn assemble(rendered: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut done: Vec<(String, String)> = Vec::with_capacity(rendered.len());
    let mut objects: IndexMap<String, serde_json::Map<String, serde_json::Value>> = IndexMap::new();
    let whole: Vec<String> = rendered.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in rendered {
        match name.split_once('#') {
            None => done.push((name, value)),
            Some((outer, _)) if whole.iter().any(|name| name == outer) => {}
            Some((outer, key)) => {
                if !objects.contains_key(outer) {
                    done.push((outer.to_owned(), String::new()));
                }
                objects.entry(outer.to_owned()).or_default().insert(key.to_owned(), value.into());
            }
        }
    }
    for (name, value) in &mut done {
        if let Some(object) = objects.get(name) {
            *value = serde_json::Value::Object(object.clone()).to_string();
        }
    }
    done
}
