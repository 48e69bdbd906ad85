//! Billable calls: how many a case makes, and what the budget leaves.

use crate::contract::Contracts;
use crate::suite::{Case, Step, Suites};

/// Returns how many calls of billable operations a case makes.
pub(super) fn billable_calls(case: &Case, suites: &Suites, contracts: &Contracts) -> u64 {
    let billable = |name: &str| {
        let baseline = suites.baseline(name)?;
        Some(contracts.operation(&baseline.api, &baseline.baseline.operation)?.billable)
    };
    let step = |step: &Step| match step {
        Step::Call(call) if billable(&call.baseline) == Some(true) => 1,
        // A count that is an expression is known during the run only; the gate of the transport counts it then.
        Step::Burst(burst) if billable(&burst.baseline) == Some(true) => burst.count.trim().parse().unwrap_or(1),
        _ => 0,
    };
    case.steps.iter().map(step).sum()
}

/// What is left of the budget for billable calls.
pub(super) struct Budget(Option<u64>);

impl Budget {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self(limit)
    }

    /// Takes calls from the budget, or leaves it as it is and returns false when they exceed it.
    pub(super) fn take(&mut self, calls: u64) -> bool {
        match &mut self.0 {
            None => true,
            Some(left) if *left >= calls => {
                *left -= calls;
                true
            }
            Some(_) => false,
        }
    }
}
