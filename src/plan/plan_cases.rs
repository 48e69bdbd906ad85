//! Selection, needs, accounts and budget put together, lane by lane in suite order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::account::Accounts;
use super::budget::{Budget, billable_calls};
use super::need::{Needs, needs};
use super::select::select;
use super::{Fate, Lane, Plan, PlanError, PlanInput, PlannedCase};
use crate::suite::Case;
use crate::target::model::{ClockMeans, ThrottleMeans};

/// Plans a run.
pub fn plan(input: &PlanInput<'_>) -> Result<Plan, PlanError> {
    let mut chosen = select(input.selection, input.suites, input.contracts)?;
    let asked_for: HashSet<String> = chosen.iter().map(|id| (*id).to_owned()).collect();
    let twins: Vec<&str> = chosen.iter().filter_map(|id| input.suites.cases.get(*id)?.twin.as_deref()).collect();
    chosen.extend(twins);
    let cases: Vec<&Arc<Case>> = input.suites.cases.values().filter(|case| chosen.contains(case.id.as_str())).collect();
    let mut accounts = Accounts::new(input.target);
    let mut planned: Vec<PlannedCase> =
        cases.iter().map(|case| planned(case, input, &mut accounts, cases.len())).collect();
    planned.sort_by_key(|planned| planned.lane);
    let mut plan = Plan { seed: input.seed, cases: planned, n_over_budget: 0 };
    spend_budget(&mut plan, input);
    inherit_fates(&mut plan, input, &asked_for);
    Ok(plan)
}

fn planned(case: &Arc<Case>, input: &PlanInput<'_>, accounts: &mut Accounts<'_>, n_cases: usize) -> PlannedCase {
    let needs = needs(case, input.suites);
    let fate = needs.lacking(input.target).map_or(Fate::Run, Fate::NotExercised);
    let allotted = accounts.allot(&needs.accounts, n_cases);
    PlannedCase {
        case: Arc::clone(case),
        fate,
        lane: lane(&needs, input, allotted.shared),
        accounts: allotted.numbers,
        listens: needs.listener,
        billable_calls: billable_calls(case, input.suites, input.contracts),
        reproduce: format!("idvet check '{}' --seed {}", case.id, input.seed),
    }
}

/// A case runs alone when what it moves or uses up is not its own: everybody's clock, a shared limit, a shared account.
fn lane(needs: &Needs, input: &PlanInput<'_>, shared: bool) -> Lane {
    let capabilities = &input.target.capabilities;
    let moves_all = needs.clock && (shared || capabilities.clock == ClockMeans::Global);
    let exhausts_all = needs.burst && (shared || capabilities.throttle == ThrottleMeans::Shared);
    match moves_all || exhausts_all || (needs.billing && shared) {
        true => Lane::Alone,
        false if needs.burst => Lane::Bursts,
        false => Lane::Together,
    }
}

/// Spends the budget in plan order: a case that does not fit is left out, later and cheaper ones may still fit.
fn spend_budget(plan: &mut Plan, input: &PlanInput<'_>) {
    let limit = input.target.budgets.billable_calls;
    let mut budget = Budget::new(limit);
    for planned in plan.cases.iter_mut().filter(|planned| planned.fate == Fate::Run) {
        if !budget.take(planned.billable_calls) {
            let limit = limit.unwrap_or_default();
            let calls = planned.billable_calls;
            planned.fate =
                Fate::NotExercised(format!("its {calls} billable calls exceed what the budget of {limit} leaves"));
            plan.n_over_budget += 1;
        }
    }
}

/// A case whose twin cannot run would prove nothing.
fn inherit_fates(plan: &mut Plan, input: &PlanInput<'_>, chosen: &HashSet<String>) {
    let idle: HashMap<String, String> = plan
        .cases
        .iter()
        .filter_map(|planned| match &planned.fate {
            Fate::NotExercised(reason) => Some((planned.case.id.clone(), reason.clone())),
            Fate::Run => None,
        })
        .collect();
    for planned in plan.cases.iter_mut().filter(|planned| planned.fate == Fate::Run) {
        if let Some((twin, reason)) = planned.case.twin.as_ref().and_then(|twin| idle.get_key_value(twin)) {
            planned.fate = Fate::NotExercised(format!("its twin `{twin}` is not exercised: {reason}"));
        }
    }
    // A derived twin that nobody runs for would cost calls for nothing.
    let wanted: HashSet<String> = plan
        .cases
        .iter()
        .filter(|planned| planned.fate == Fate::Run)
        .filter_map(|planned| planned.case.twin.clone())
        .collect();
    let asked_for = |planned: &PlannedCase| !input.selection.patterns.is_empty() && chosen.contains(&planned.case.id);
    plan.cases.retain(|planned| {
        !planned.case.derived || planned.fate != Fate::Run || wanted.contains(&planned.case.id) || asked_for(planned)
    });
}
