//! Two runs of one profile: did latency get worse?
//!
//! The unit of the bootstrap is a second: answers within a second have much in common, so that a percentile of 60,000
//! answers is nowhere near as certain as 60,000 independent ones would make it. Seconds are drawn anew from each run, many
//! times; the spread of the quotients is the confidence interval, widened for the number of comparisons made.

use std::collections::BTreeMap;

use super::LoadSummary;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Slower,
    Faster,
    /// None was seen; one of half the interval's width would have been.
    None,
    /// Too few seconds or answers.
    Unknown,
}

/// Why runs cannot be compared; a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    #[error("compare the runs: they have no step in common")]
    NothingInCommon,
}

/// Seconds that a run needs for its figures to have a spread.
const FEWEST_SECONDS: usize = 10;

/// Compares the latency of good answers, step by step.
///
/// # Errors
/// When the runs have no step in common.
pub fn compare(base: &LoadSummary, new: &LoadSummary, options: &CompareOptions) -> Result<Vec<Compared>, CompareError> {
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
    let n_comparisons = (common.len() * options.percentiles.len()) as f64;
    let mut compared = Vec::new();
    for (step, other) in common {
        let (mut left, mut right) = (Sample::of(base, step), Sample::of(new, other));
        let mut random = Random(options.seed.wrapping_add(step as u64));
        let quotients = draw(&mut left, &mut right, options, &mut random);
        for (percentile, quotients) in options.percentiles.iter().zip(quotients) {
            let (from, to) = (left.percentile(*percentile), right.percentile(*percentile));
            compared.push(judge(&base.steps[step].step, *percentile, (from, to), quotients, (n_comparisons, options)));
        }
    }
    Ok(compared)
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
    let tail = 0.025 / n_comparisons;
    let at = |share: f64| quotients[((quotients.len() - 1) as f64 * share).round() as usize] - 1.0;
    let (low, high) = (at(tail), at(1.0 - tail));
    let change = to as f64 / from as f64 - 1.0;
    let verdict = if low > 0.0 && change >= options.minimum_effect {
        Change::Slower
    } else if high < 0.0 && change <= -options.minimum_effect {
        Change::Faster
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
        // What the warm-up sent is answered within it, but for the last moment of it.
        let warm_up = summary.planned.warm_up_nanos.div_ceil(1_000_000_000);
        let measured = summary.seconds.iter().filter(|second| second.second >= warm_up);
        let histograms = measured.filter_map(|second| second.steps.get(step)).map(|step| &step.latency);
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

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        // The bias of a remainder is far below what draws can tell.
        (bits % n.max(1) as u64) as usize
    }
}
