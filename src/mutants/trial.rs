//! One defect: a mock that has it, the cases that should notice, and whether they did.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{MutantsError, TrialInput};
use crate::event::{CaseFinished, Event, Verdict};
use crate::mock::defect::Defect;
use crate::mock::{MockOptions, RunningMock, start};
use crate::plan::{Fate as CaseFate, Lane, Plan, PlannedCase};
use crate::runner::{RunInput, RunOptions, run};
use crate::suite::TWIN;

/// What became of a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A case that names the requirement, or its twin, failed for it.
    Caught { case: String },
    /// Some case failed, but none that names the requirement did so for it.
    CaughtByAnother { case: String, requirement: String },
    /// No case failed.
    Survived,
    /// No answer differed, so that nothing could have been caught.
    NotLanded,
}

/// A defect and its fate.
#[derive(Debug, Clone)]
pub struct Trial {
    pub defect: Defect,
    pub fate: Fate,
    /// Cases that failed, whatever for.
    pub failed: BTreeSet<String>,
    pub took: Duration,
}

/// Tries a defect.
pub(super) async fn try_one(input: &TrialInput, defect: Defect) -> Result<Trial, MutantsError> {
    let begun = Instant::now();
    let mut options = MockOptions::new(Arc::clone(&input.clock));
    options.seed = input.plan.seed;
    options.defect = Some(Arc::new(defect.clone()));
    let mock = start(&input.target, Arc::clone(&input.contracts), options).await;
    let mock = mock.map_err(|source| MutantsError::Mock { defect: defect.id.clone(), source })?;
    let names = |planned: &&PlannedCase| planned.case.requirements().any(|id| *id == defect.requirement);
    let intended: HashSet<&str> =
        input.plan.cases.iter().filter(names).map(|planned| planned.case.id.as_str()).collect();
    let mut watch = Watch { defect: &defect, intended: &intended, caught: None, other: None, failed: BTreeSet::new() };
    judge(input, &mock, (with_twins(&input.plan, &intended), 0), &mut watch).await?;
    if watch.caught.is_none() && watch.other.is_none() {
        // Twins run again: with a salt nonces differ, and accounts forget.
        judge(input, &mock, (others(input, &defect, &intended), 1), &mut watch).await?;
    }
    let landed = defect.is_in_rows() || mock.mock().has_landed();
    mock.shutdown().await;
    let fate = match (watch.caught, watch.other) {
        (Some(case), _) => Fate::Caught { case },
        (None, Some((case, requirement))) => Fate::CaughtByAnother { case, requirement },
        (None, None) if landed => Fate::Survived,
        (None, None) => Fate::NotLanded,
    };
    let failed = watch.failed;
    Ok(Trial { fate, failed, took: begun.elapsed(), defect })
}

/// Hears of failures.
struct Watch<'a> {
    defect: &'a Defect,
    intended: &'a HashSet<&'a str>,
    caught: Option<String>,
    other: Option<(String, String)>,
    failed: BTreeSet<String>,
}

impl Watch<'_> {
    fn hear(&mut self, case: &CaseFinished) {
        if case.verdict != Verdict::Failed {
            return;
        }
        self.failed.insert(case.case.clone());
        let mut mismatched = case.checks.iter().filter(|check| check.mismatch.is_some());
        let first = mismatched.clone().next().map(|check| check.requirement.clone()).unwrap_or_default();
        if mismatched.any(|check| check.requirement == self.defect.requirement)
            && self.intended.contains(case.case.trim_end_matches(TWIN))
        {
            self.caught.get_or_insert_with(|| case.case.clone());
        } else {
            self.other.get_or_insert_with(|| (case.case.clone(), first));
        }
    }
}

fn with_twins<'a>(plan: &'a Plan, chosen: &HashSet<&str>) -> Vec<&'a PlannedCase> {
    let named = plan.cases.iter().filter(|planned| chosen.contains(planned.case.id.as_str()));
    let twins: HashSet<&str> = named.filter_map(|planned| planned.case.twin.as_deref()).collect();
    let is_wanted = |planned: &&PlannedCase| {
        let id = planned.case.id.as_str();
        chosen.contains(id) || twins.contains(id)
    };
    plan.cases.iter().filter(is_wanted).collect()
}

/// The other cases of the API; of the gateway's requirements every API's. Bursts take a second each and speak of limits
/// alone, so they are left out.
fn others<'a>(input: &'a TrialInput, defect: &Defect, intended: &HashSet<&str>) -> Vec<&'a PlannedCase> {
    let api = input.contracts.requirements.get(&defect.requirement).map(|requirement| requirement.api.as_str());
    let chosen = input.plan.cases.iter().filter(|planned| {
        let of_api = api == Some("gateway") || api == Some(planned.case.api.as_str());
        of_api && planned.lane != Lane::Bursts && !intended.contains(planned.case.id.as_str())
    });
    let chosen: HashSet<&str> = chosen.map(|planned| planned.case.id.as_str()).collect();
    with_twins(&input.plan, &chosen)
}

async fn judge(
    input: &TrialInput,
    mock: &RunningMock,
    (cases, salt): (Vec<&PlannedCase>, u64),
    watch: &mut Watch<'_>,
) -> Result<(), MutantsError> {
    if !cases.iter().any(|planned| planned.fate == CaseFate::Run) {
        return Ok(());
    }
    let plan = Plan { seed: input.plan.seed, cases: cases.into_iter().cloned().collect(), n_over_budget: 0 };
    let mut target = (*input.target).clone();
    target.endpoints.values_mut().for_each(|address| *address = mock.url());
    target.control = Some(mock.control_url());
    let run_input = RunInput {
        plan: Arc::new(plan),
        contracts: Arc::clone(&input.contracts),
        suites: Arc::clone(&input.suites),
        target: Arc::new(target),
        redactor: input.redactor.clone(),
        options: RunOptions { salt, ..RunOptions::new(Arc::clone(&input.clock)) },
    };
    let id = watch.defect.id.clone();
    let hear = |event| {
        if let Event::CaseFinished(case) = event {
            watch.hear(&case);
        }
    };
    run(run_input, hear).await.map_err(|source| MutantsError::Run { defect: id, source })
}
