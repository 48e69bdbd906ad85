//! All trials together: by API and area, requirements without a breach, cases that nothing needs.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexMap;

use super::{Excuses, Fate, Trial};
use crate::contract::{Contracts, Level};
use crate::plan::Plan;

/// Figures of some defects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub caught: usize,
    pub by_another: usize,
    pub survived: usize,
    pub not_landed: usize,
}

impl Tally {
    pub fn total(self) -> usize {
        self.caught + self.by_another + self.survived + self.not_landed
    }

    fn add(&mut self, fate: &Fate) {
        *match fate {
            Fate::Caught { .. } => &mut self.caught,
            Fate::CaughtByAnother { .. } => &mut self.by_another,
            Fate::Survived => &mut self.survived,
            Fate::NotLanded => &mut self.not_landed,
        } += 1;
    }
}

/// What the suites would have caught.
#[derive(Debug, Clone)]
pub struct Matrix {
    pub trials: Vec<Trial>,
    /// By API and area (`request`, `response`, `code`, `sub-code`, `rule`, …), in contract order.
    pub tallies: IndexMap<(String, String), Tally>,
    /// MUST and SHOULD requirements, exercisable, that no defect breaches.
    pub unbreached: Vec<String>,
    /// Cases that failed under no defect, in plan order.
    pub unneeded: Vec<String>,
}

impl Matrix {
    pub(super) fn new(contracts: &Contracts, plan: &Plan, trials: Vec<Trial>) -> Self {
        let mut tallies: IndexMap<(String, String), Tally> = IndexMap::new();
        for trial in &trials {
            tallies.entry(area(&trial.defect.requirement)).or_default().add(&trial.fate);
        }
        let breached: HashSet<&str> = trials.iter().map(|trial| trial.defect.requirement.as_str()).collect();
        let judged = contracts
            .requirements
            .values()
            .filter(|requirement| requirement.level != Level::Info && requirement.unexercised.is_none());
        let unbreached = judged.map(|requirement| requirement.id.clone());
        let unbreached = unbreached.filter(|id| !breached.contains(id.as_str())).collect();
        let failed: BTreeSet<&String> = trials.iter().flat_map(|trial| &trial.failed).collect();
        let cases = plan.cases.iter().map(|planned| planned.case.id.clone());
        let unneeded = cases.filter(|id| !failed.contains(id)).collect();
        Self { trials, tallies, unbreached, unneeded }
    }

    /// Returns the figures of all.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.trials.iter().for_each(|trial| total.add(&trial.fate));
        total
    }

    /// Returns the trials that hold the gate open: not caught by a case that names the requirement, and without a reason.
    pub fn open<'a>(&'a self, excuses: &'a Excuses) -> impl Iterator<Item = &'a Trial> {
        self.trials.iter().filter(|trial| {
            let is_excused =
                || excuses.reason(&trial.defect.requirement).or_else(|| excuses.reason(&trial.defect.id)).is_some();
            !matches!(trial.fate, Fate::Caught { .. }) && !is_excused()
        })
    }
}

/// Takes API and area from a requirement id.
fn area(requirement: &str) -> (String, String) {
    let (api, rest) = requirement.split_once('.').unwrap_or((requirement, ""));
    let known = ["request", "response", "code", "sub-code", "method", "product", "rule", "qps"];
    let area = rest.split('.').find(|part| known.contains(part)).unwrap_or("other");
    (api.to_owned(), area.to_owned())
}

#[cfg(test)]
mod tests {
    use super::area;

    #[test]
    fn areas_are_read_from_ids() {
        for (id, api, name) in [
            ("gateway.code.X.http-status", "gateway", "code"),
            ("saf.ExecuteRequest.init.request.sceneId.presence", "saf", "request"),
            ("verify-token.rule.h5.page-url", "verify-token", "rule"),
            ("cloudauth.DescribeFaceVerify.sub-code.205.passed", "cloudauth", "sub-code"),
        ] {
            assert_eq!(area(id), (api.to_owned(), name.to_owned()), "{id}");
        }
    }
}
