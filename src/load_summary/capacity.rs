//! What a capacity search found: rates, how each fared, and the highest that held whenever it was tried.

use super::histogram::HistogramError;
use super::judge::how_it_ended;
use super::reason::Reason;
use super::{GateOutcome, LoadSummary, LoadSummaryBuilder, LoadSummaryError, Verdict};
use crate::event::{Event, LoadCapacity, LoadInterval, LoadPlanned, LoadPlateau, RunFinished, RunStarted, StopCause};
use crate::load_profile::{CapacitySearch, Span, Tried};

/// One rate, tried once.
#[derive(Debug, Clone)]
pub struct Plateau {
    /// Arrivals a second.
    pub rate: f64,
    pub outcome: Tried,
    /// Its figures, thresholds judged.
    pub summary: Box<LoadSummary>,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Capacity {
    pub search: LoadCapacity,
    pub plateaus: Vec<Plateau>,
    /// The highest rate below every one that missed, arrivals a second.
    pub rate: Option<f64>,
    /// How often it held.
    pub held: u32,
    /// The lowest rate that missed.
    pub missed: Option<f64>,
}

impl Plateau {
    pub(super) fn of(
        plateau: &LoadPlateau,
        (run, planned): (&RunStarted, &LoadPlanned),
        intervals: Vec<LoadInterval>,
    ) -> Result<Self, HistogramError> {
        let mut builder = LoadSummaryBuilder::default();
        let first = intervals.first().map_or(0, |interval| interval.second);
        builder.hear(&Event::RunStarted(run.clone()));
        builder.hear(&Event::LoadPlanned(LoadPlanned {
            length_nanos: plateau.length_nanos,
            warm_up_nanos: plateau.settle_nanos,
            capacity: None,
            ..planned.clone()
        }));
        for mut interval in intervals {
            interval.second -= first;
            builder.hear(&Event::LoadInterval(interval));
        }
        builder.hear(&Event::RunFinished(RunFinished {
            partial: plateau.partial,
            cause: None,
            reason: None,
            calls: Default::default(),
            billable_calls: 0,
            elapsed_micros: plateau.elapsed_micros,
        }));
        let summary = builder.finish().map_err(|error| match error {
            LoadSummaryError::Histogram(error) => error,
            LoadSummaryError::NotLoad => unreachable!("the run and its plan were heard"),
        })?;
        let any = |verdict: Verdict| summary.thresholds.iter().any(|one| one.verdict == verdict);
        let outcome = match () {
            () if any(Verdict::Missed) => Tried::Missed,
            () if any(Verdict::Inconclusive) || summary.gate.exit_code != 0 => Tried::Inconclusive,
            () => Tried::Held,
        };
        Ok(Self { rate: plateau.rate, outcome, summary: Box::new(summary) })
    }

    /// Returns the conditions that did not hold, as written.
    pub fn failed(&self) -> Vec<&str> {
        let failed = self.summary.thresholds.iter().filter(|one| one.verdict != Verdict::Held);
        failed.map(|one| one.text.as_str()).collect()
    }
}

impl Capacity {
    pub(super) fn of(search: LoadCapacity, plateaus: Vec<Plateau>) -> Self {
        let tried: Vec<(f64, Tried)> = plateaus.iter().map(|plateau| (plateau.rate, plateau.outcome)).collect();
        let rules = rules(&search);
        let rate = rules.best(&tried);
        Self {
            search,
            rate,
            held: rate.map_or(0, |rate| rules.count(&tried, rate)),
            missed: rules.lowest_missed(&tried),
            plateaus,
        }
    }

    /// Says whether the answer held as often as it has to.
    pub fn is_confirmed(&self) -> bool {
        self.rate.is_some() && self.held >= self.search.repeats
    }

    pub(super) fn gate(&self, summary: &LoadSummary) -> GateOutcome {
        let finished = summary.finished.as_ref();
        let mut reasons: Vec<Reason> = how_it_ended(finished).into_iter().collect();
        if self.rate.is_none() && !self.plateaus.is_empty() {
            reasons.push(Reason::NoRateHolds { from: self.search.from });
        } else if !self.is_confirmed() {
            reasons.push(Reason::Unconfirmed);
        }
        let missed = self.plateaus.first().is_some_and(|first| first.outcome == Tried::Missed);
        let exit_code = match finished.and_then(|finished| finished.cause) {
            Some(StopCause::Internal) => 70,
            Some(StopCause::Budget) => 5,
            _ if self.rate.is_none() && missed => 1,
            _ if reasons.is_empty() => 0,
            _ => 3,
        };
        GateOutcome { exit_code, reasons }
    }
}

/// Returns the rules of a search; lengths do not matter to them.
fn rules(search: &LoadCapacity) -> CapacitySearch {
    CapacitySearch {
        from: search.from,
        to: search.to,
        step: search.step,
        resolution: search.resolution,
        repeats: search.repeats,
        plateau: Span(0),
        settle: Span(0),
    }
}
