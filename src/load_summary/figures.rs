//! Figures by step, by second and in all.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use indexmap::IndexMap;

use super::histogram::{add, empty, read_histogram};
use crate::event::{LoadClass, LoadInterval, LoadRow, LoadStepPlanned, count_code};

/// Answers of one step and class.
#[derive(Debug, Clone)]
pub struct Answers {
    pub calls: u64,
    /// Microseconds from the due time to the last byte.
    pub latency: Histogram<u64>,
    /// Microseconds from the first byte sent to the last byte.
    pub service: Histogram<u64>,
}

/// Figures of one step.
#[derive(Debug, Clone)]
pub struct StepFigures {
    pub step: String,
    pub api: String,
    pub operation: String,
    pub classes: BTreeMap<LoadClass, Answers>,
    pub codes: IndexMap<String, u64>,
    /// Microseconds from the due time to the first byte sent, of all calls.
    pub lag: Histogram<u64>,
}

impl StepFigures {
    pub(super) fn new(planned: &LoadStepPlanned) -> Self {
        Self {
            step: planned.step.clone(),
            api: planned.api.clone(),
            operation: planned.operation.clone(),
            classes: BTreeMap::new(),
            codes: IndexMap::new(),
            lag: empty(),
        }
    }

    pub(super) fn add(
        &mut self,
        row: &LoadRow,
        (latency, service, lag): (&Histogram<u64>, &Histogram<u64>, &Histogram<u64>),
    ) {
        let answers =
            self.classes.entry(row.class).or_insert_with(|| Answers { calls: 0, latency: empty(), service: empty() });
        answers.calls += row.calls;
        // Histograms that grow hold whatever another holds.
        let _ = add(&mut answers.latency, latency);
        let _ = add(&mut answers.service, service);
        let _ = add(&mut self.lag, lag);
        for (code, count) in &row.codes {
            count_code(&mut self.codes, code, *count);
        }
    }

    /// Returns the answers of a class.
    pub fn count(&self, class: LoadClass) -> u64 {
        self.classes.get(&class).map_or(0, |answers| answers.calls)
    }

    /// Returns all answers, and calls that had none.
    pub fn calls(&self) -> u64 {
        self.classes.values().map(|answers| answers.calls).sum()
    }

    /// Returns good answers.
    pub fn ok(&self) -> Option<&Answers> {
        self.classes.get(&LoadClass::Ok)
    }
}

/// One second of the run.
#[derive(Debug, Clone)]
pub struct SecondFigures {
    pub second: u64,
    pub micros: u64,
    pub due: u64,
    pub dropped: u64,
    pub held_by_limit: u64,
    pub held_by_connection: u64,
    pub connections: u64,
    pub open: u64,
    /// Microseconds late of the calls answered: the 99th percentile.
    pub lag_p99: u64,
    /// Of each limit that is held together with other processes: calls a second that were this one's.
    pub shares: Vec<u32>,
    /// By step, in the order of the plan.
    pub steps: Vec<StepSecond>,
}

/// One step in one second.
#[derive(Debug, Clone, Default)]
pub struct StepSecond {
    pub ok: u64,
    pub refused: u64,
    pub throttled: u64,
    pub failed: u64,
    /// Latency of good answers as the events have it: a hundredth of what it takes when it is read, and runs have hours.
    latency: Vec<Box<str>>,
}

impl StepSecond {
    /// Reads the latency of good answers, in microseconds.
    pub fn latency(&self) -> Histogram<u64> {
        let mut all = empty();
        // They could be read when they were heard, and a histogram that grows holds whatever another holds.
        for one in self.latency.iter().filter_map(|text| read_histogram(text).ok()) {
            let _ = add(&mut all, &one);
        }
        all
    }
}

impl SecondFigures {
    pub(super) fn new(interval: &LoadInterval, n_steps: usize) -> Self {
        Self {
            second: interval.second,
            micros: interval.micros,
            due: interval.due,
            dropped: interval.dropped,
            held_by_limit: interval.held_by_limit,
            held_by_connection: interval.held_by_connection,
            connections: interval.connections,
            open: interval.open,
            lag_p99: 0,
            shares: interval.shares.clone(),
            steps: vec![StepSecond::default(); n_steps],
        }
    }

    pub(super) fn add(&mut self, row: &LoadRow) {
        let Some(step) = self.steps.get_mut(row.step as usize) else { return };
        match row.class {
            LoadClass::Ok => {
                step.ok += row.calls;
                step.latency.push(row.latency.as_str().into());
            }
            LoadClass::Refused => step.refused += row.calls,
            LoadClass::Throttled => step.throttled += row.calls,
            LoadClass::Failed => step.failed += row.calls,
        }
    }
}

/// Figures of the whole run, warm-up included where it is not said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Arrivals that were due.
    pub due: u64,
    /// Warm-up left out.
    pub dropped: u64,
    pub warm_up_dropped: u64,
    pub finished: u64,
    pub abandoned: u64,
    pub submissions_failed: u64,
    pub retries: u64,
    pub held_by_limit: u64,
    pub held_by_connection: u64,
    pub connections: u64,
    /// Connections that this machine had nothing left for.
    pub lacking: u64,
    pub checked: u64,
    pub wrong: u64,
    /// Answers of the warm-up.
    pub warm_up_calls: u64,
    /// Seconds that the figures are of, warm-up left out.
    pub measured_seconds: f64,
}

impl Totals {
    pub(super) fn add(&mut self, interval: &LoadInterval) {
        self.due += interval.due;
        self.dropped += interval.dropped;
        self.warm_up_dropped += interval.warm_up_dropped;
        self.lacking += interval.lacking;
        self.finished += interval.finished;
        self.abandoned += interval.abandoned;
        self.submissions_failed += interval.submissions_failed;
        self.retries += interval.retries;
        self.held_by_limit += interval.held_by_limit;
        self.held_by_connection += interval.held_by_connection;
        self.connections += interval.connections;
        self.checked += interval.checked;
        self.wrong += interval.wrong;
    }
}

/// What throttled answers tell of a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttling {
    /// Seconds from the run's start to the first throttled answer and to the last.
    pub first: u64,
    pub last: u64,
    /// Seconds that had one.
    pub seconds: u64,
    /// Good answers in a second that had throttled ones: the median, and the most.
    pub accepted: u64,
    pub accepted_most: u64,
    /// Seconds from the last throttled answer to the next good one; absent where none came.
    pub recovered_after: Option<u64>,
}

impl Throttling {
    /// Reads the throttling of a step; absent where nothing was throttled.
    pub fn of(seconds: &[SecondFigures], step: usize) -> Option<Self> {
        let of_step = seconds.iter().filter_map(|second| Some((second.second, second.steps.get(step)?)));
        let throttled: Vec<(u64, u64)> =
            of_step.clone().filter(|(_, step)| step.throttled > 0).map(|(second, step)| (second, step.ok)).collect();
        let (first, last) = (throttled.first()?.0, throttled.last()?.0);
        let mut accepted: Vec<u64> = throttled.iter().map(|(_, ok)| *ok).collect();
        accepted.sort_unstable();
        let recovered = of_step.clone().find(|(second, step)| *second > last && step.ok > 0);
        Some(Self {
            first,
            last,
            seconds: throttled.len() as u64,
            accepted: accepted[accepted.len() / 2],
            accepted_most: accepted.last().copied().unwrap_or_default(),
            recovered_after: recovered.map(|(second, _)| second - last),
        })
    }
}
