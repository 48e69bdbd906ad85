//! A load run as reports see it: figures by step and second, and what they say of the thresholds;
//! runs merged, and compared. Made of events alone.

mod capacity;
mod compare;
mod figures;
#[cfg(test)]
pub(crate) mod fixture;
mod histogram;
mod judge;
mod merge;
mod reason;

#[cfg(test)]
mod tests;

use crate::event::{Event, LoadInterval, LoadPlanned, LoadWrong, RunFinished, RunStarted};
use crate::load_profile::Tried;

pub use capacity::{Capacity, Plateau};
pub use compare::{AnswersCompared, Change, CompareError, CompareOptions, Compared, Comparison, compare};
pub use figures::{Answers, SecondFigures, StepFigures, StepSecond, Throttling, Totals};
pub use histogram::{HistogramError, read_histogram};
pub use judge::{GateOutcome, ThresholdVerdict, Verdict};
pub use merge::{MergeError, merge};
pub use reason::Reason;

/// Everything a load report is made of.
#[derive(Debug, Clone)]
pub struct LoadSummary {
    pub run: RunStarted,
    pub planned: LoadPlanned,
    /// Absent where the run was killed.
    pub finished: Option<RunFinished>,
    /// By step, warm-up left out.
    pub steps: Vec<StepFigures>,
    /// By second, warm-up and all.
    pub seconds: Vec<SecondFigures>,
    pub totals: Totals,
    pub thresholds: Vec<ThresholdVerdict>,
    /// What a capacity search found.
    pub capacity: Option<Capacity>,
    pub wrong: Vec<LoadWrong>,
    pub gate: GateOutcome,
}

/// Hears events one by one and keeps of them what reports show.
#[derive(Debug, Default)]
pub struct LoadSummaryBuilder {
    run: Option<RunStarted>,
    planned: Option<LoadPlanned>,
    finished: Option<RunFinished>,
    steps: Vec<StepFigures>,
    seconds: Vec<SecondFigures>,
    totals: Totals,
    wrong: Vec<LoadWrong>,
    /// Rates of a capacity search that are over.
    plateaus: Vec<Plateau>,
    /// Intervals since the last of them.
    open: Vec<LoadInterval>,
    /// What could not be read.
    broken: Option<HistogramError>,
}

impl LoadSummaryBuilder {
    /// Takes note of an event.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::RunStarted(run) => self.run = Some(run.clone()),
            Event::LoadPlanned(planned) => {
                self.steps = planned.steps.iter().map(StepFigures::new).collect();
                self.planned = Some(planned.clone());
            }
            Event::LoadPlateau(plateau) => {
                let (Some(run), Some(planned)) = (&self.run, &self.planned) else { return };
                match Plateau::of(plateau, (run, planned), std::mem::take(&mut self.open)) {
                    Ok(plateau) => self.plateaus.push(plateau),
                    Err(error) => self.broken = Some(error),
                }
            }
            Event::LoadInterval(interval) => {
                if self.planned.as_ref().is_some_and(|planned| planned.capacity.is_some()) {
                    self.open.push(interval.clone());
                }
                if let Err(error) = self.hear_interval(interval) {
                    self.broken = Some(error);
                }
            }
            Event::LoadWrong(wrong) => self.wrong.push(wrong.clone()),
            Event::RunFinished(finished) => self.finished = Some(finished.clone()),
            _ => {}
        }
    }

    /// Returns what became of the last rate of a capacity search.
    pub fn last_outcome(&self) -> Option<Tried> {
        self.plateaus.last().map(|plateau| plateau.outcome)
    }

    fn hear_interval(&mut self, interval: &LoadInterval) -> Result<(), HistogramError> {
        self.totals.add(interval);
        let mut second = SecondFigures::new(interval, self.steps.len());
        let mut late = histogram::empty();
        for row in &interval.rows {
            let Some(step) = self.steps.get_mut(row.step as usize) else { continue };
            let (latency, service, lag) =
                (read_histogram(&row.latency)?, read_histogram(&row.service)?, read_histogram(&row.lag)?);
            second.add(row);
            histogram::add(&mut late, &lag)?;
            if row.warm_up {
                self.totals.warm_up_calls += row.calls;
            } else {
                step.add(row, (&latency, &service, &lag));
            }
        }
        second.lag_p99 = late.value_at_quantile(0.99);
        self.seconds.push(second);
        Ok(())
    }

    /// Concludes.
    ///
    /// # Errors
    /// When the events are not those of a load run, or a histogram in them cannot be read.
    pub fn finish(self) -> Result<LoadSummary, LoadSummaryError> {
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        let (Some(run), Some(planned)) = (self.run, self.planned) else { return Err(LoadSummaryError::NotLoad) };
        let mut summary = LoadSummary {
            run,
            planned,
            finished: self.finished,
            steps: self.steps,
            seconds: self.seconds,
            totals: self.totals,
            thresholds: Vec::new(),
            capacity: None,
            wrong: self.wrong,
            gate: GateOutcome::default(),
        };
        summary.totals.measured_seconds = summary.measured_seconds();
        match summary.planned.capacity {
            // Each rate was judged by itself; all of them together mean nothing.
            Some(search) => {
                let capacity = Capacity::of(search, self.plateaus);
                summary.gate = capacity.gate(&summary);
                summary.capacity = Some(capacity);
            }
            None => {
                summary.thresholds = judge::thresholds(&summary);
                summary.gate = judge::gate(&summary);
            }
        }
        Ok(summary)
    }
}

impl LoadSummary {
    /// Makes the summary of a stream.
    ///
    /// # Errors
    /// As [`LoadSummaryBuilder::finish`].
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, LoadSummaryError> {
        let mut builder = LoadSummaryBuilder::default();
        events.into_iter().for_each(|event| builder.hear(event));
        builder.finish()
    }

    /// Returns the latency of good answers of all steps, in microseconds.
    pub fn latency(&self) -> hdrhistogram::Histogram<u64> {
        let mut all = histogram::empty();
        for answers in self.steps.iter().filter_map(StepFigures::ok) {
            // A histogram that grows holds whatever another holds.
            let _ = histogram::add(&mut all, &answers.latency);
        }
        all
    }

    /// Returns the least and the largest share that this run had of a limit, and in how many seconds it had none; nothing where
    /// all of the limit was its own.
    pub fn share(&self, limit: usize) -> Option<(u32, u32, usize)> {
        let shares = || self.seconds.iter().filter_map(|second| second.shares.get(limit).copied());
        Some((shares().min()?, shares().max()?, shares().filter(|share| *share == 0).count()))
    }

    /// Says whether the run ended before its last arrival.
    pub fn is_partial(&self) -> bool {
        self.finished.as_ref().is_none_or(|finished| finished.partial)
    }

    /// Seconds that the figures are of: those in which arrivals came behind the warm-up, and what a backlog took beyond.
    fn measured_seconds(&self) -> f64 {
        let planned = self.planned.length_nanos as f64 / 1e9;
        let warm_up = self.planned.warm_up_nanos as f64 / 1e9;
        let heard = self.seconds.last().map_or(0.0, |last| last.second as f64 + last.micros as f64 / 1e6);
        let elapsed = self.finished.as_ref().map_or(heard, |finished| finished.elapsed_micros as f64 / 1e6);
        let end = if self.is_partial() || elapsed > planned + 1.0 { elapsed } else { planned };
        (end - warm_up).max(0.0)
    }
}

/// Why events are no load run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadSummaryError {
    #[error("find a load run in the events: they are of another command")]
    NotLoad,
    #[error("{0}")]
    Histogram(#[from] HistogramError),
}
