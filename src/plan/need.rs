//! What a case needs of a target, and what of it the target lacks.

use std::collections::BTreeSet;

use super::roles::RolesInUse;
use crate::suite::{Call, Case, Difference, LoadedBaseline, Step, SubmitDifference, Suites, Wire};
use crate::target::model::{CallbackMeans, ClockMeans, Means, Target, ThrottleMeans};

/// What a case needs of the target besides being called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) apis: BTreeSet<String>,
    pub(super) accounts: BTreeSet<String>,
    /// API and role.
    pub(super) scenes: BTreeSet<(String, String)>,
    pub(super) persons: BTreeSet<String>,
    pub(super) devices: BTreeSet<String>,
    pub(super) pictures: BTreeSet<String>,
    pub(super) submit: bool,
    pub(super) clock: bool,
    pub(super) listener: bool,
    pub(super) burst: bool,
    pub(super) billing: bool,
    pub(super) plain_http: bool,
}

/// Collects what a case needs.
pub(super) fn needs(case: &Case, suites: &Suites) -> Needs {
    let mut needs = Needs::default();
    for step in &case.steps {
        match step {
            Step::Call(call) => needs.add_call(call, suites),
            Step::Burst(burst) => {
                needs.burst = true;
                if let Some(baseline) = suites.baseline(&burst.baseline) {
                    let roles = RolesInUse::of(&baseline.baseline.roles, &burst.roles, None);
                    let texts = baseline.baseline.parameters.values().chain(burst.set.values());
                    needs.add_request(baseline, &roles, texts);
                }
            }
            Step::Submit(submit) => {
                needs.submit = true;
                needs.accounts.insert(submit.account.clone().unwrap_or_else(|| "ordinary".to_owned()));
                needs.persons.extend(submit.person.clone().filter(|role| !role.contains("{{")));
                if let Some(SubmitDifference::Person(role)) = &submit.differs {
                    needs.persons.insert(role.clone());
                }
            }
            Step::Advance(_) => needs.clock = true,
            Step::Callback(_) => needs.listener = true,
            Step::Billing(_) => needs.billing = true,
            Step::Fetch(_) => {}
        }
    }
    needs
}

impl Needs {
    fn add_call(&mut self, call: &Call, suites: &Suites) {
        let Some(baseline) = suites.baseline(&call.baseline) else { return };
        let roles = RolesInUse::of(&baseline.baseline.roles, &call.roles, call.differs.as_ref());
        let differing = match &call.differs {
            Some(Difference::Set(set) | Difference::Duplicate(set)) => Some(set),
            _ => None,
        };
        let texts = baseline.baseline.parameters.iter().chain(&call.set).chain(differing.into_iter().flatten());
        let kept = texts.filter(|(name, _)| !call.unset.contains(name)).map(|(_, text)| text);
        self.add_request(baseline, &roles, kept);
        let plain = |wire: &Wire| wire.plain_http == Some(true);
        self.plain_http |= plain(&call.wire) || matches!(&call.differs, Some(Difference::Wire(wire)) if plain(wire));
    }

    /// A role counts as needed when an expression reads it; the account always is.
    fn add_request<'a>(
        &mut self,
        baseline: &LoadedBaseline,
        roles: &RolesInUse,
        texts: impl Iterator<Item = &'a String>,
    ) {
        self.apis.insert(baseline.api.clone());
        self.accounts.insert(roles.account.clone());
        for text in texts.filter(|text| text.contains("{{")) {
            let reads = |root: &str| text.contains(root);
            if reads("scene.") {
                self.scenes.insert((baseline.api.clone(), roles.scene.clone()));
            }
            if reads("person.") {
                self.persons.insert(roles.person.clone());
            }
            if reads("device.") {
                self.devices.insert(roles.device.clone());
            }
            if reads("picture.") {
                self.pictures.insert(roles.picture.clone());
            }
            self.listener |= reads("callback.");
            self.persons.extend(named_roles(text, "sandbox.persons["));
            self.devices.extend(named_roles(text, "sandbox.devices["));
            self.pictures.extend(named_roles(text, "sandbox.pictures["));
            self.accounts.extend(named_roles(text, "sandbox.accounts["));
        }
    }

    /// Returns the first thing the target lacks, as a lower-case fragment.
    pub(super) fn lacking(&self, target: &Target) -> Option<String> {
        let sandbox = &target.sandbox;
        let capability = [
            (
                self.submit && target.capabilities.submit == Means::None,
                "stand a person in front of the camera (submit)",
            ),
            (self.clock && target.capabilities.clock == ClockMeans::None, "move its clock"),
            (
                self.listener && target.capabilities.callbacks == CallbackMeans::None,
                "reach a listener of ours (callbacks)",
            ),
            (self.burst && target.capabilities.throttle == ThrottleMeans::Never, "have its limits reached (throttle)"),
            (self.billing && target.capabilities.billing == Means::None, "tell what it billed"),
        ];
        if let Some(api) = self.apis.iter().find(|api| !target.endpoints.contains_key(*api)) {
            return Some(format!("the target has no endpoint for `{api}`"));
        }
        if let Some((_, what)) = capability.iter().find(|(lacks, _)| *lacks) {
            return Some(format!("the target cannot {what}"));
        }
        if self.plain_http && self.apis.iter().any(|api| !target.endpoints[api].starts_with("https:")) {
            return Some("the target's endpoint is plain HTTP already".to_owned());
        }
        if let Some(api) = self.apis.iter().find(|api| self.burst && target.budgets.qps.contains_key(*api)) {
            return Some(format!("the target's QPS budget for `{api}` forbids bursts"));
        }
        let absent = |kind: &str, role: &str| format!("the target's sandbox has no {kind} `{role}`");
        let account = |role: &&String| sandbox.account(role).is_none();
        let keyless = |role: &&String| sandbox.account(role).is_some_and(|found| found.access_key_id.is_none());
        let mut lacks = self.accounts.iter().filter(account).map(|role| absent("account", role));
        lacks
            .next()
            .or_else(|| {
                self.accounts
                    .iter()
                    .find(keyless)
                    .map(|role| format!("there are no credentials for the account `{role}`"))
            })
            .or_else(|| {
                let scene = self.scenes.iter().find(|(api, role)| sandbox.scene(api, role).is_none());
                scene.map(|(api, role)| format!("{} in `{api}`", absent("scene", role)))
            })
            .or_else(|| {
                self.persons.iter().find(|role| sandbox.person(role).is_none()).map(|role| absent("person", role))
            })
            .or_else(|| {
                self.devices.iter().find(|role| sandbox.device(role).is_none()).map(|role| absent("device", role))
            })
            .or_else(|| {
                self.pictures.iter().find(|role| sandbox.picture(role).is_none()).map(|role| absent("picture", role))
            })
    }
}

/// Returns the roles in `sandbox.persons["role"]`.
fn named_roles<'a>(text: &'a str, opening: &'a str) -> impl Iterator<Item = String> + 'a {
    text.match_indices(opening).filter_map(move |(at, _)| {
        let rest = &text[at + opening.len()..];
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (role, _) = rest[1..].split_once(quote)?;
        Some(role.to_owned())
    })
}
