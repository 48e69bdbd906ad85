//! What will happen: which cases run, in which order, with which accounts, and why others do not.

mod account;
mod budget;
mod need;
mod plan_cases;
mod roles;
mod select;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::contract::Contracts;
use crate::suite::{Case, Suites};
use crate::target::model::Target;

pub use plan_cases::plan;
pub use roles::RolesInUse;
pub use select::Selection;

/// All a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    pub suites: &'a Suites,
    pub contracts: &'a Contracts,
    pub target: &'a Target,
    pub selection: &'a Selection,
    /// Seeds nonces, unique texts and the reproduction line.
    pub seed: u64,
}

/// Cases in the order of their events.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub cases: Vec<PlannedCase>,
    /// Cases left out for the budget of billable calls.
    pub n_over_budget: usize,
}

/// One selected case, or a twin that one needs.
#[derive(Debug, Clone)]
pub struct PlannedCase {
    pub case: Arc<Case>,
    pub fate: Fate,
    /// Account role to the number of the account within its pool.
    pub accounts: IndexMap<String, u32>,
    /// Beside what it may run.
    pub lane: Lane,
    /// True when a listener for callbacks has to be there.
    pub listens: bool,
    /// Calls of billable operations the case makes.
    pub billable_calls: u64,
    /// Command line that runs this case alone.
    pub reproduce: String,
}

/// Beside what a case may run. A plan holds its cases lane by lane, so that what finished early never waits for a later
/// lane to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Any others.
    Together,
    /// A few of its kind: a burst has to be over within a second.
    Bursts,
    /// Nothing.
    Alone,
}

/// What becomes of a planned case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Run,
    /// The target lacks something; the reason is a lower-case fragment.
    NotExercised(String),
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A pattern, `--only` or `--skip` that matches nothing is a slip, never an empty selection.
    #[error("find anything that `{pattern}` matches{}", suggestions(.nearest))]
    NoMatch { pattern: String, nearest: Vec<String> },
    #[error("select any case: `--only` and `--skip` leave none")]
    NothingSelected,
}

fn suggestions(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => format!("; nearest: {}", names.join(", ")),
    }
}

impl Plan {
    /// Returns how many cases will run.
    pub fn n_to_run(&self) -> usize {
        self.cases.iter().filter(|planned| planned.fate == Fate::Run).count()
    }

    /// Says whether some case that runs waits for callbacks.
    pub fn listens(&self) -> bool {
        self.cases.iter().any(|planned| planned.listens && planned.fate == Fate::Run)
    }
}

#[cfg(test)]
mod tests;
