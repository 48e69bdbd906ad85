//! Two runs of one profile: did latency get worse, and were as many calls answered well?
//!
//! Where more or fewer calls went well, the latency of those that did says nothing: whoever refuses the slow ones looks fast.
//!
//! The unit of the bootstrap is a second: answers within a second have much in common, so that a percentile of 60,000
//! answers is nowhere near as certain as 60,000 independent ones would make it. Seconds are drawn anew from each run, many
//! times; the spread of the quotients is the confidence interval, widened for the number of comparisons made.

use std::collections::BTreeMap;

use super::{LoadSummary, SecondFigures, StepSecond};
use crate::chance;

/// How to compare.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareOptions {
    /// From 0 to 100.
    pub percentiles: Vec<f64>,
    /// A change smaller than this share is none, however certain.
    pub minimum_effect: f64,
    /// How often seconds are drawn anew.
    pub draws: u32,
    /// Draws are a function of it.
    pub seed: u64,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { percentiles: vec![50.0, 90.0, 99.0], minimum_effect: 0.05, draws: 2_000, seed: 1 }
    }
}

/// One percentile of one step, in both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    pub step: String,
    pub percentile: f64,
    /// Microseconds.
    pub base: u64,
    pub new: u64,
    /// `new / base - 1`.
    pub change: f64,
    /// Its confidence interval, at 95 % for all comparisons together.
    pub low: f64,
    pub high: f64,
    pub verdict: Change,
}

/// The calls of one step that had no good answer, in both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswersCompared {
    pub step: String,
    /// Shares of all calls.
    pub base: f64,
    pub new: f64,
    /// The confidence interval of `new - base`, at 95 % for all comparisons together.
    pub low: f64,
    pub high: f64,
    pub verdict: Change,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    pub latency: Vec<Compared>,
    pub answers: Vec<AnswersCompared>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Slower, or fewer good answers.
    Worse,
    Better,
    /// None was seen; one of half the interval's width would have been.
    None,
    /// Too few seconds or answers.
    Unknown,
    /// Of latency: the runs answered so differently that it cannot be compared.
    Otherwise,
}

impl Comparison {
    /// Returns every verdict.
    pub fn verdicts(&self) -> impl Iterator<Item = Change> {
        let answers = self.answers.iter().map(|one| one.verdict);
        self.latency.iter().map(|one| one.verdict).chain(answers)
    }
}

/// Why runs cannot be compared; a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    #[error("compare the runs: they have no step in common")]
    NothingInCommon,
}

/// Seconds that a run needs for its figures to have a spread.
const FEWEST_SECONDS: usize = 10;

/// A share of calls without a good answer that grows by less is no change, however certain.
const LEAST_SHARE: f64 = 0.001;

/// Compares, step by step, how many answers were good, and the latency of those.
///
/// # Errors
/// When the runs have no step in common.
pub fn compare(base: &LoadSummary, new: &LoadSummary, options: &CompareOptions) -> Result<Comparison, CompareError> {
    let common: Vec<(usize, usize)> = base
        .steps
        .iter()
        .enumerate()
        .filter_map(|(idx, step)| {
            let other =
                new.steps.iter().position(|other| (&other.step, &other.operation) == (&step.step, &step.operation))?;
            Some((idx, other))
        })
        .collect();
    if common.is_empty() {
        return Err(CompareError::NothingInCommon);
    }
    let n_comparisons = (common.len() * (options.percentiles.len() + 1)) as f64;
    let mut comparison = Comparison::default();
    for (step, other) in common {
        let name = &base.steps[step].step;
        let mut random = Random(options.seed.wrapping_add(step as u64));
        let answers = compare_answers(name, (base, step), (new, other), (&mut random, options.draws, n_comparisons));
        let is_otherwise = matches!(answers.verdict, Change::Worse | Change::Better);
        comparison.answers.push(answers);
        let (mut left, mut right) = (Sample::of(base, step), Sample::of(new, other));
        let quotients = draw(&mut left, &mut right, options, &mut random);
        for (percentile, quotients) in options.percentiles.iter().zip(quotients) {
            let (from, to) = (left.percentile(*percentile), right.percentile(*percentile));
            let mut compared = judge(name, *percentile, (from, to), quotients, (n_comparisons, options));
            if is_otherwise {
                compared.verdict = Change::Otherwise;
            }
            comparison.latency.push(compared);
        }
    }
    Ok(comparison)
}

/// Compares the shares of calls that had no good answer.
fn compare_answers(
    name: &str,
    (base, step): (&LoadSummary, usize),
    (new, other): (&LoadSummary, usize),
    (random, draws, n_comparisons): (&mut Random, u32, f64),
) -> AnswersCompared {
    let (left, right) = (calls_by_second(base, step), calls_by_second(new, other));
    let mut compared = AnswersCompared {
        step: name.to_owned(),
        base: share(left.iter()),
        new: share(right.iter()),
        low: 0.0,
        high: 0.0,
        verdict: Change::Unknown,
    };
    if left.len() < FEWEST_SECONDS || right.len() < FEWEST_SECONDS {
        return compared;
    }
    let mut drawn = |seconds: &[(u64, u64)]| share((0..seconds.len()).map(|_| &seconds[random.below(seconds.len())]));
    let mut differences: Vec<f64> = (0..draws).map(|_| drawn(&right) - drawn(&left)).collect();
    differences.sort_by(f64::total_cmp);
    (compared.low, compared.high) = interval(&differences, n_comparisons);
    let change = compared.new - compared.base;
    compared.verdict = if compared.low > 0.0 && change >= LEAST_SHARE {
        Change::Worse
    } else if compared.high < 0.0 && change <= -LEAST_SHARE {
        Change::Better
    } else {
        Change::None
    };
    compared
}

/// Returns, by second with calls, all of them and those without a good answer.
fn calls_by_second(summary: &LoadSummary, step: usize) -> Vec<(u64, u64)> {
    let of_step = measured(summary).filter_map(|second| second.steps.get(step));
    let counts = of_step.map(|step| {
        let bad = step.refused + step.throttled + step.failed;
        (step.ok + bad, bad)
    });
    counts.filter(|(calls, _)| *calls > 0).collect()
}

fn share<'a>(seconds: impl Iterator<Item = &'a (u64, u64)>) -> f64 {
    let (calls, bad) = seconds.fold((0, 0), |sum, second| (sum.0 + second.0, sum.1 + second.1));
    if calls == 0 { 0.0 } else { bad as f64 / calls as f64 }
}

/// What the warm-up sent is answered within it, but for the last moment of it.
fn measured(summary: &LoadSummary) -> impl Iterator<Item = &SecondFigures> {
    let warm_up = summary.planned.warm_up_nanos.div_ceil(1_000_000_000);
    summary.seconds.iter().filter(move |second| second.second >= warm_up)
}

/// Returns the ends of the interval that holds 95 % for all comparisons together; values are in order.
fn interval(ordered: &[f64], n_comparisons: f64) -> (f64, f64) {
    let tail = 0.025 / n_comparisons;
    let at = |share: f64| ordered.get(((ordered.len().max(1) - 1) as f64 * share).round() as usize).copied();
    (at(tail).unwrap_or_default(), at(1.0 - tail).unwrap_or_default())
}

fn judge(
    step: &str,
    percentile: f64,
    (base, new): (Option<u64>, Option<u64>),
    mut quotients: Vec<f64>,
    (n_comparisons, options): (f64, &CompareOptions),
) -> Compared {
    let unknown = |base: Option<u64>, new: Option<u64>| Compared {
        step: step.to_owned(),
        percentile,
        base: base.unwrap_or_default(),
        new: new.unwrap_or_default(),
        change: 0.0,
        low: 0.0,
        high: 0.0,
        verdict: Change::Unknown,
    };
    let (Some(from), Some(to)) = (base.filter(|base| *base > 0), new) else { return unknown(base, new) };
    if quotients.is_empty() {
        return unknown(base, new);
    }
    quotients.sort_by(f64::total_cmp);
    let (low, high) = interval(&quotients, n_comparisons);
    let (low, high) = (low - 1.0, high - 1.0);
    let change = to as f64 / from as f64 - 1.0;
    let verdict = if low > 0.0 && change >= options.minimum_effect {
        Change::Worse
    } else if high < 0.0 && change <= -options.minimum_effect {
        Change::Better
    } else {
        Change::None
    };
    Compared { step: step.to_owned(), percentile, base: from, new: to, change, low, high, verdict }
}

/// The seconds of one step: each a list of values and how often each came.
struct Sample {
    /// All values, in order.
    values: Vec<u64>,
    /// By second: position of the value, and count.
    seconds: Vec<Vec<(usize, u64)>>,
    /// Counts of all seconds, or of those drawn.
    counts: Vec<u64>,
}

impl Sample {
    fn of(summary: &LoadSummary, step: usize) -> Self {
        let histograms = measured(summary).filter_map(|second| second.steps.get(step)).map(StepSecond::latency);
        let mut by_value: BTreeMap<u64, usize> = BTreeMap::new();
        let recorded: Vec<Vec<(u64, u64)>> = histograms
            .filter(|histogram| !histogram.is_empty())
            .map(|histogram| {
                histogram.iter_recorded().map(|one| (one.value_iterated_to(), one.count_at_value())).collect()
            })
            .collect();
        for (value, _) in recorded.iter().flatten() {
            by_value.insert(*value, 0);
        }
        by_value.values_mut().enumerate().for_each(|(position, slot)| *slot = position);
        let place =
            |seconds: Vec<(u64, u64)>| seconds.into_iter().map(|(value, count)| (by_value[&value], count)).collect();
        let seconds: Vec<Vec<(usize, u64)>> = recorded.into_iter().map(place).collect();
        let mut sample = Self { values: by_value.keys().copied().collect(), counts: Vec::new(), seconds };
        sample.take_all();
        sample
    }

    fn take_all(&mut self) {
        self.take(0..self.seconds.len());
    }

    fn take(&mut self, seconds: impl Iterator<Item = usize>) {
        self.counts.clear();
        self.counts.resize(self.values.len(), 0);
        for second in seconds {
            for (position, count) in &self.seconds[second] {
                self.counts[*position] += count;
            }
        }
    }

    /// Returns a percentile of what was taken.
    fn percentile(&self, percentile: f64) -> Option<u64> {
        let total: u64 = self.counts.iter().sum();
        let wanted = ((total as f64 * percentile / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        let position = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        self.values.get(position).copied()
    }
}

/// Draws seconds anew; returns, by percentile, the quotients of new and base.
fn draw(base: &mut Sample, new: &mut Sample, options: &CompareOptions, random: &mut Random) -> Vec<Vec<f64>> {
    let mut quotients = vec![Vec::new(); options.percentiles.len()];
    if base.seconds.len() < FEWEST_SECONDS || new.seconds.len() < FEWEST_SECONDS {
        return quotients;
    }
    for _ in 0..options.draws {
        for sample in [&mut *base, &mut *new] {
            let n = sample.seconds.len();
            let drawn: Vec<usize> = (0..n).map(|_| random.below(n)).collect();
            sample.take(drawn.into_iter());
        }
        for (percentile, quotients) in options.percentiles.iter().zip(&mut quotients) {
            if let (Some(from), Some(to)) = (base.percentile(*percentile), new.percentile(*percentile)) {
                quotients.push(to as f64 / from.max(1) as f64);
            }
        }
    }
    base.take_all();
    new.take_all();
    quotients
}

/// Draws, one after another.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        let bits = chance::mix(self.0);
        self.0 = bits;
        // The bias of a remainder is far below what draws can tell.
        (bits % n.max(1) as u64) as usize
    }
}
