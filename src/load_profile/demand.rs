//! What a profile will ask of a target, before anything is sent: calls, rates, shares of limits, billed calls.

use super::limits::{Limit, LimitOrigin, Limits};
use super::load::LoadProfile;
use super::model::{Arrivals, LoadStep};
use crate::target::model::Budgets;

/// From the least to the most, where a step asks again until it has its answer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Between {
    pub least: f64,
    pub most: f64,
}

/// What a profile asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// Arrivals in all, warm-up included; the mean for random ones.
    pub arrivals: f64,
    /// Arrivals a second, at most.
    pub peak_rate: f64,
    /// Seconds in which arrivals come, warm-up included.
    pub seconds: f64,
    /// By step, in order.
    pub steps: Vec<StepDemand>,
    pub limits: Vec<LimitDemand>,
    /// Calls that may be billed.
    pub billable: Between,
    /// The budget for them.
    pub billable_limit: Option<u64>,
    /// Why the profile cannot be run within the limits; empty: it can.
    pub problems: Vec<String>,
    /// What its reader should know.
    pub notes: Vec<String>,
}

/// Calls of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDemand {
    pub label: String,
    pub api: String,
    pub operation: String,
    pub calls: Between,
    /// Calls a second, where the rate is highest.
    pub peak: Between,
    pub billable: bool,
}

/// Calls that count against one limit.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitDemand {
    pub limit: Limit,
    /// Calls a second, where the rate is highest.
    pub peak: Between,
}

impl LimitDemand {
    /// Returns the share of the limit that the peak takes, 1 for all of it.
    pub fn share(&self) -> Between {
        let limit = f64::from(self.limit.per_second);
        Between { least: self.peak.least / limit, most: self.peak.most / limit }
    }
}

impl Between {
    fn times(self, factor: f64) -> Self {
        Self { least: self.least * factor, most: self.most * factor }
    }

    fn plus(self, other: Self) -> Self {
        Self { least: self.least + other.least, most: self.most + other.most }
    }
}

/// Rates that rounding alone lifts over a limit are not over it.
const SLACK: f64 = 1e-6;

impl Demand {
    /// Foresees a profile.
    pub fn of(profile: &LoadProfile, limits: &Limits, budgets: &Budgets) -> Self {
        Self::of_shard(profile, limits, budgets, 1)
    }

    /// Foresees one of `n` shards of a profile; limits and budgets are those of the shard.
    pub fn of_shard(profile: &LoadProfile, limits: &Limits, budgets: &Budgets, n: u64) -> Self {
        let arrivals = profile.schedule.expected_in_all() / n.max(1) as f64;
        let peak_rate = profile.schedule.peak_rate() / n.max(1) as f64;
        let per_arrival = calls_per_arrival(profile);
        let mut demand = Self {
            arrivals,
            peak_rate,
            seconds: profile.schedule.length() as f64 / 1e9,
            steps: Vec::new(),
            limits: limits
                .limits
                .iter()
                .map(|limit| LimitDemand { limit: limit.clone(), peak: Between::default() })
                .collect(),
            billable: Between::default(),
            billable_limit: budgets.billable_calls,
            problems: Vec::new(),
            notes: Vec::new(),
        };
        for ((call, per_arrival), of_call) in profile.calls.iter().zip(&per_arrival).zip(&limits.of_call) {
            let (calls, peak) = (per_arrival.times(arrivals), per_arrival.times(peak_rate));
            match demand.steps.iter_mut().find(|step| step.label == call.label) {
                Some(step) => {
                    step.calls = step.calls.plus(calls);
                    step.peak = step.peak.plus(peak);
                }
                None => demand.steps.push(StepDemand {
                    label: call.label.clone(),
                    api: call.api.clone(),
                    operation: call.operation.clone(),
                    calls,
                    peak,
                    billable: call.billable,
                }),
            }
            if call.billable {
                demand.billable = demand.billable.plus(calls);
            }
            for idx in of_call {
                demand.limits[*idx].peak = demand.limits[*idx].peak.plus(peak);
            }
        }
        demand.judge(profile);
        demand
    }

    fn judge(&mut self, profile: &LoadProfile) {
        for demanded in &self.limits {
            let LimitDemand { limit, peak } = demanded;
            let sustainable = limit.sustainable();
            let name = limit.name();
            let of = match limit.origin {
                LimitOrigin::Documented => "documented",
                LimitOrigin::Budget => "the target's budget",
            };
            if peak.least > sustainable + SLACK {
                self.problems.push(format!(
                    "{name}: {:.1} calls a second at the peak, and a limit of {} ({of}) carries {sustainable:.1} evenly spaced",
                    peak.least, limit.per_second
                ));
            } else if peak.most > sustainable + SLACK {
                self.notes.push(format!(
                    "{name}: up to {:.1} calls a second when every step asks as often as it may; beyond {sustainable:.1} calls wait",
                    peak.most
                ));
            } else if profile.schedule.is_random() && peak.least > 0.8 * sustainable {
                self.notes.push(format!(
                    "{name}: random arrivals at {:.0} % of the limit will often wait for it",
                    100.0 * peak.least / f64::from(limit.per_second)
                ));
            }
        }
        if let Some(most) = self.billable_limit
            && self.billable.least > most as f64 + SLACK
        {
            self.problems.push(format!(
                "{:.0} calls may be billed, and the budget is {most}: raise it with --max-billable",
                self.billable.least
            ));
        }
        if matches!(profile.file.arrivals, Arrivals::Users { .. }) {
            self.notes
                .push("a closed model: how many calls come of it depends on the service; limits hold them".to_owned());
        }
        if profile.file.arrivals.search().is_some() {
            self.notes.push(
                "a capacity search: these are the calls of its climb; it ends where a threshold is missed, and then halves and \
                 repeats"
                    .to_owned(),
            );
        }
        let undocumented = profile.calls.iter().filter(|call| {
            let is_of = |demanded: &LimitDemand| {
                demanded.limit.api == call.api
                    && demanded.limit.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            };
            !self.limits.iter().any(is_of)
        });
        let mut labels: Vec<&str> = undocumented.map(|call| call.label.as_str()).collect();
        labels.dedup();
        if !labels.is_empty() {
            let why = if profile.file.beyond_limits { "the profile goes beyond limits" } else { "none is documented" };
            self.notes.push(format!("no limit of calls a second on {} ({why})", labels.join(", ")));
        }
    }
}

/// Returns how often each call of the profile is made for one arrival, all scenarios weighted.
fn calls_per_arrival(profile: &LoadProfile) -> Vec<Between> {
    let weights: u32 = profile.file.scenarios.iter().map(|scenario| scenario.weight).sum();
    let calls = profile.calls.iter().map(|call| {
        let scenario = &profile.file.scenarios[call.scenario];
        let share = f64::from(scenario.weight) / f64::from(weights.max(1));
        let most = match &scenario.steps[call.step] {
            LoadStep::Call(call) => call.until.as_ref().map_or(1, |until| until.at_most),
            _ => 1,
        };
        Between { least: share, most: share * f64::from(most) }
    });
    calls.collect()
}

/// How many users a day the limits carry, and which of them binds.
#[derive(Debug, Clone, PartialEq)]
pub struct UsersADay {
    /// Transactions a second in the busiest hour.
    pub rate: f64,
    /// By limit: its demand at that rate, and the users a day at which it is reached.
    pub by_limit: Vec<(LimitDemand, f64)>,
}

impl UsersADay {
    /// Foresees so many users a day, each one arrival of the profile, of whom `busiest` (a share) come in the busiest
    /// hour. Steps that ask again make `polls` calls; where the profile has none, the last call of each scenario does.
    pub fn of(profile: &LoadProfile, limits: &Limits, (users, busiest, polls): (f64, f64, f64)) -> Self {
        let rate = users * busiest / 3_600.0;
        let per_arrival = calls_per_arrival(profile);
        let asks_again = |calls: &Between| calls.most > calls.least;
        let any_asks_again = per_arrival.iter().any(asks_again);
        let is_last = |position: usize| {
            let next = profile.calls.get(position + 1);
            next.is_none_or(|next| next.scenario != profile.calls[position].scenario)
        };
        let of_arrival = per_arrival.iter().enumerate().map(|(position, calls)| {
            let repeated = if any_asks_again { asks_again(calls) } else { is_last(position) };
            if repeated { calls.least * polls } else { calls.least }
        });
        let of_arrival: Vec<f64> = of_arrival.collect();
        let mut by_limit: Vec<(LimitDemand, f64)> = Vec::new();
        for (idx, limit) in limits.limits.iter().enumerate() {
            let counted = of_arrival.iter().zip(&limits.of_call).filter(|(_, of_call)| of_call.contains(&idx));
            let calls: f64 = counted.map(|(calls, _)| calls).sum();
            let peak = Between { least: calls * rate, most: calls * rate };
            let most_users = limit.sustainable() / calls * 3_600.0 / busiest;
            by_limit.push((LimitDemand { limit: limit.clone(), peak }, most_users));
        }
        by_limit.sort_by(|left, right| left.1.total_cmp(&right.1));
        Self { rate, by_limit }
    }
}
