//! When arrival n is due: fixed by the profile alone, in whole nanoseconds from the start of the run.
//!
//! A rate over time is a row of straight pieces. Arrival n of an even schedule is due where the area under the rate
//! reaches n; of a random one, where it reaches the sum of n exponential gaps.

use super::model::Arrivals;
use super::span::Span;
use crate::chance;

/// All arrivals of a run, to be walked through from the first.
#[derive(Debug, Clone)]
pub struct Schedule {
    pieces: Vec<Piece>,
    spacing: Spacing,
    /// Arrivals due before this many nanoseconds belong to the warm-up.
    pub warm_up: u64,
    /// Arrivals at most, those of the warm-up included.
    limit: u64,
}

#[derive(Debug, Clone)]
enum Spacing {
    Even,
    /// Exponential gaps of mean 1 in area.
    Random {
        seed: u64,
    },
    /// Times as recorded.
    Times(Vec<u64>),
}

/// A straight piece of the rate.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    /// Nanoseconds.
    start: f64,
    /// Nanoseconds.
    length: f64,
    /// Arrivals a nanosecond at its start and end.
    from: f64,
    to: f64,
    /// Area under all pieces before.
    area_before: f64,
}

impl Piece {
    fn area(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.length
    }

    /// Returns where the area from the piece's start reaches a value.
    fn when(&self, area: f64) -> f64 {
        let slope = (self.to - self.from) / self.length;
        let root = (self.from * self.from + 2.0 * slope * area).max(0.0).sqrt();
        // The form of the quadratic's solution that is exact for a flat piece too.
        match self.from + root {
            sum if sum > 0.0 => self.start + 2.0 * area / sum,
            _ => self.start,
        }
    }
}

/// Which arrivals are this process's: of each `n` one, beginning with number `i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    pub i: u64,
    pub n: u64,
}

impl Shard {
    /// The only process there is.
    pub const WHOLE: Self = Self { i: 0, n: 1 };
}

/// One arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Number, from 0, over all shards.
    pub n: u64,
    /// Nanoseconds from the start of the run.
    pub due: u64,
    /// Stays out of the figures.
    pub warm_up: bool,
}

/// Why there is no schedule; a fragment that names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScheduleError(pub String);

/// What a schedule is made of besides the arrival model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    pub duration: Option<Span>,
    pub count: Option<u64>,
    pub warm_up: Span,
    pub seed: u64,
}

/// Arrivals a second beyond which nothing is believed.
const MOST_PER_SECOND: f64 = 1e6;

impl Schedule {
    /// Makes the schedule of a model. `times` are those of the replayed file, in milliseconds.
    pub fn new(arrivals: &Arrivals, extent: Extent, times: Option<&[f64]>) -> Result<Self, ScheduleError> {
        let first = check_rates(arrivals)?;
        if let Arrivals::Users { .. } = arrivals {
            return Self::users(extent);
        }
        if let Arrivals::Replay { speed, .. } = arrivals {
            return Self::replay(times.unwrap_or_default(), *speed, extent);
        }
        let mut pieces = Pieces::default();
        pieces.add(extent.warm_up.0 as f64, first, first);
        let warm = pieces.area;
        match arrivals {
            Arrivals::Constant { rate } | Arrivals::Poisson { rate } => {
                pieces.add(length_at(extent, *rate)?, *rate, *rate)
            }
            Arrivals::Ramp { from, to } => pieces.add(length_at(extent, (from + to) / 2.0)?, *from, *to),
            Arrivals::Steps { steps } => {
                if extent.duration.is_some() || extent.count.is_some() {
                    return Err(ScheduleError(
                        "steps have their own lengths: leave `duration` and `count` out".to_owned(),
                    ));
                }
                steps.iter().for_each(|step| pieces.add(step.lasting.0 as f64, step.rate, step.rate));
            }
            // As far as can be foreseen: every rate of the climb, and none of what follows.
            Arrivals::Capacity { from, to, step, plateau, settle, .. } => {
                if extent.duration.is_some() || extent.count.is_some() || extent.warm_up.0 > 0 {
                    let text = "a capacity search has its own lengths: leave `duration`, `count` and `warm_up` out";
                    return Err(ScheduleError(text.to_owned()));
                }
                if from > to || *step <= 0.0 || *from <= 0.0 || plateau.0 == 0 {
                    return Err(ScheduleError(
                        "a capacity search goes up: 0 < `from` ≤ `to`, and `step` above 0".to_owned(),
                    ));
                }
                let n_steps = ((to - from) / step).ceil().min(1e4) as u64;
                for n in 0..=n_steps {
                    let rate = (from + n as f64 * step).min(*to);
                    pieces.add((plateau.0 + settle.0) as f64, rate, rate);
                }
            }
            Arrivals::Spike { rate, peak, after, lasting } => {
                let whole = extent.duration.ok_or_else(|| ScheduleError("a spike needs `duration`".to_owned()))?;
                let rest = whole.0.checked_sub(after.0 + lasting.0);
                let rest = rest.ok_or_else(|| ScheduleError("`after` and `lasting` exceed `duration`".to_owned()))?;
                pieces.add(after.0 as f64, *rate, *rate);
                pieces.add(lasting.0 as f64, *peak, *peak);
                pieces.add(rest as f64, *rate, *rate);
            }
            Arrivals::Replay { .. } | Arrivals::Users { .. } => {}
        }
        let spacing = match arrivals {
            Arrivals::Poisson { .. } => Spacing::Random { seed: extent.seed },
            _ => Spacing::Even,
        };
        // Numbers below a count are exact, whatever rounding does to the area. Random gaps fill a length, not a count.
        let limit = match (extent.count, &spacing) {
            (Some(count), Spacing::Even) => (warm - AREA_SLACK).ceil().max(0.0) as u64 + count,
            _ => u64::MAX,
        };
        let pieces = pieces.done;
        if !pieces.iter().any(|piece| piece.area() > 0.0) {
            return Err(ScheduleError("no arrival is due: give a rate above 0 and a length".to_owned()));
        }
        Ok(Self { pieces, spacing, warm_up: extent.warm_up.0, limit })
    }

    /// Users have no schedule but its length.
    fn users(extent: Extent) -> Result<Self, ScheduleError> {
        let (Some(length), None) = (extent.duration, extent.count) else {
            return Err(ScheduleError("users need `duration`, and no `count`".to_owned()));
        };
        let mut pieces = Pieces::default();
        pieces.add((extent.warm_up.0 + length.0) as f64, 0.0, 0.0);
        Ok(Self { pieces: pieces.done, spacing: Spacing::Even, warm_up: extent.warm_up.0, limit: 0 })
    }

    fn replay(times: &[f64], speed: f64, extent: Extent) -> Result<Self, ScheduleError> {
        if extent.count.is_some() {
            return Err(ScheduleError("a replay has its own count: leave `count` out".to_owned()));
        }
        let begin = times.first().copied().ok_or_else(|| ScheduleError("the replayed file has no time".to_owned()))?;
        if let Some(at) = times.windows(2).position(|pair| pair[1] < pair[0]) {
            return Err(ScheduleError(format!("line {} of the replayed file is earlier than the one before", at + 2)));
        }
        let nanos = |time: &f64| ((time - begin) / speed * 1e6).round().max(0.0) as u64;
        let last = extent.duration.map_or(u64::MAX, |length| length.0 + extent.warm_up.0);
        let times: Vec<u64> = times.iter().map(nanos).take_while(|due| *due < last).collect();
        Ok(Self { pieces: Vec::new(), spacing: Spacing::Times(times), warm_up: extent.warm_up.0, limit: u64::MAX })
    }

    /// Returns the schedule of one rate of a capacity search.
    pub fn plateau(rate: f64, settle: Span, length: Span) -> Self {
        let mut pieces = Pieces::default();
        pieces.add(settle.0 as f64, rate, rate);
        pieces.add(length.0 as f64, rate, rate);
        Self { pieces: pieces.done, spacing: Spacing::Even, warm_up: settle.0, limit: u64::MAX }
    }

    /// Returns the arrivals of a shard, in order.
    pub fn arrivals(&self, shard: Shard) -> impl Iterator<Item = Arrival> + Send + use<> {
        Walk { schedule: self.clone(), n: 0, piece: 0, area: 0.0 }.filter(move |arrival| arrival.n % shard.n == shard.i)
    }

    /// Returns the nanoseconds from the start of the run to the end of the last piece, or to the last recorded time.
    pub fn length(&self) -> u64 {
        match &self.spacing {
            Spacing::Times(times) => times.last().copied().unwrap_or_default(),
            _ => self.pieces.last().map_or(0, |piece| (piece.start + piece.length) as u64),
        }
    }

    /// Returns the arrivals expected behind the warm-up: their number, or its mean for a random schedule.
    pub fn expected(&self) -> f64 {
        match &self.spacing {
            Spacing::Times(times) => times.iter().filter(|due| **due >= self.warm_up).count() as f64,
            _ => {
                let pieces = self.pieces.iter().filter(|piece| piece.start >= self.warm_up as f64 - 0.5);
                pieces.map(Piece::area).sum()
            }
        }
    }

    /// Returns the arrivals expected in all, warm-up included.
    pub fn expected_in_all(&self) -> f64 {
        match &self.spacing {
            Spacing::Times(times) => times.len() as f64,
            _ => self.pieces.iter().map(Piece::area).sum(),
        }
    }

    /// Returns the highest rate, in arrivals a second: for recorded times, the most within one second.
    pub fn peak_rate(&self) -> f64 {
        match &self.spacing {
            Spacing::Times(times) => most_within(times, 1_000_000_000) as f64,
            _ => self.pieces.iter().map(|piece| piece.from.max(piece.to)).fold(0.0, f64::max) * 1e9,
        }
    }

    /// Says whether seconds may hold more arrivals than the rate says.
    pub fn is_random(&self) -> bool {
        matches!(self.spacing, Spacing::Random { .. })
    }
}

fn most_within(times: &[u64], window: u64) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, time) in times.iter().enumerate() {
        while time - times[first] >= window {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

/// Refuses rates that cannot be; returns the rate of the first moment.
fn check_rates(arrivals: &Arrivals) -> Result<f64, ScheduleError> {
    let named: Vec<(&str, f64)> = match arrivals {
        Arrivals::Constant { rate } | Arrivals::Poisson { rate } => vec![("rate", *rate)],
        Arrivals::Ramp { from, to } => vec![("from", *from), ("to", *to)],
        Arrivals::Steps { steps } => steps.iter().map(|step| ("rate", step.rate)).collect(),
        Arrivals::Spike { rate, peak, .. } => vec![("rate", *rate), ("peak", *peak)],
        Arrivals::Capacity { from, to, step, .. } => vec![("from", *from), ("to", *to), ("step", *step)],
        Arrivals::Replay { speed, .. } => vec![("speed", *speed)],
        Arrivals::Users { users: 0, .. } => return Err(ScheduleError("`users: 0` sends nothing".to_owned())),
        Arrivals::Users { users, .. } => vec![("users", f64::from(*users))],
    };
    for (name, rate) in &named {
        if !rate.is_finite() || *rate < 0.0 || *rate > MOST_PER_SECOND || (*name == "speed" && *rate == 0.0) {
            return Err(ScheduleError(format!("`{name}: {rate}` is out of range (0 to {MOST_PER_SECOND})")));
        }
    }
    named.first().map(|(_, rate)| *rate).ok_or_else(|| ScheduleError("`steps` is empty".to_owned()))
}

/// Returns the nanoseconds that arrivals come, where their mean rate is known.
fn length_at(extent: Extent, mean: f64) -> Result<f64, ScheduleError> {
    match (extent.duration, extent.count) {
        (Some(length), None) => Ok(length.0 as f64),
        (None, Some(count)) if mean > 0.0 => Ok(count as f64 / mean * 1e9),
        (None, Some(_)) => Err(ScheduleError("a `count` is never reached at rate 0".to_owned())),
        (Some(_), Some(_)) => Err(ScheduleError("give `duration` or `count`, not both".to_owned())),
        (None, None) => Err(ScheduleError("give `duration` or `count`".to_owned())),
    }
}

#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    end: f64,
    area: f64,
}

impl Pieces {
    /// Adds a piece; rates in arrivals a second.
    fn add(&mut self, length: f64, from: f64, to: f64) {
        if length <= 0.0 {
            return;
        }
        let piece = Piece { start: self.end, length, from: from / 1e9, to: to / 1e9, area_before: self.area };
        self.end += length;
        self.area += piece.area();
        self.done.push(piece);
    }
}

/// What rounding may add to an area: a piece of exactly 500 arrivals does not get a 501st.
const AREA_SLACK: f64 = 1e-6;

/// The walk through a schedule.
struct Walk {
    schedule: Schedule,
    n: u64,
    piece: usize,
    area: f64,
}

impl Iterator for Walk {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let n = self.n;
        if n >= self.schedule.limit {
            return None;
        }
        let due = match &self.schedule.spacing {
            Spacing::Times(times) => *times.get(usize::try_from(n).ok()?)?,
            Spacing::Even => self.due_at(n as f64)?,
            Spacing::Random { seed } => {
                self.area += gap(*seed, n);
                self.due_at(self.area)?
            }
        };
        self.n += 1;
        Some(Arrival { n, due, warm_up: due < self.schedule.warm_up })
    }
}

impl Walk {
    fn due_at(&mut self, area: f64) -> Option<u64> {
        loop {
            let piece = self.schedule.pieces.get(self.piece)?;
            let within = area - piece.area_before;
            if within < piece.area() - AREA_SLACK {
                return Some(piece.when(within.max(0.0)).floor() as u64);
            }
            self.piece += 1;
        }
    }
}

/// Returns an exponential gap of mean 1, a function of seed and number alone.
fn gap(seed: u64, n: u64) -> f64 {
    -chance::uniform(chance::mix(seed), n).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_profile::model::RateStep;

    const SECOND: u64 = 1_000_000_000;

    fn lasting(seconds: u64) -> Extent {
        Extent { duration: Some(Span(seconds * SECOND)), ..Extent::default() }
    }

    fn dues(arrivals: &Arrivals, extent: Extent) -> Vec<u64> {
        let schedule = Schedule::new(arrivals, extent, None).expect("a schedule");
        schedule.arrivals(Shard::WHOLE).map(|arrival| arrival.due).collect()
    }

    fn within(dues: &[u64], second: u64) -> usize {
        dues.iter().filter(|due| *due / SECOND == second).count()
    }

    #[test]
    fn an_even_rate_is_even_to_the_nanosecond() {
        for rate in [1.0, 3.0, 50.0, 5_000.0, 0.5] {
            let dues = dues(&Arrivals::Constant { rate }, lasting(60));
            assert_eq!(dues.len(), (rate * 60.0) as usize, "{rate}");
            for (n, due) in dues.iter().enumerate() {
                let exact = n as f64 * 1e9 / rate;
                assert!((*due as f64 - exact).abs() <= 1.0, "{rate}: arrival {n} at {due}, not {exact}");
            }
        }
    }

    #[test]
    fn a_count_is_exact() {
        for (rate, count) in [(7.0, 100), (0.3, 1), (9_999.0, 33_333)] {
            let extent = Extent { count: Some(count), ..Extent::default() };
            assert_eq!(dues(&Arrivals::Constant { rate }, extent).len() as u64, count);
            let extent = Extent { warm_up: Span(SECOND * 10), ..extent };
            let schedule = Schedule::new(&Arrivals::Constant { rate }, extent, None).expect("a schedule");
            let counted = schedule.arrivals(Shard::WHOLE).filter(|arrival| !arrival.warm_up).count();
            assert!((counted as u64).abs_diff(count) <= 1, "{rate}: {counted} behind the warm-up");
        }
    }

    #[test]
    fn a_ramp_follows_its_line() {
        let dues = dues(&Arrivals::Ramp { from: 0.0, to: 100.0 }, lasting(10));
        assert_eq!(dues.len(), 500);
        // The area up to t is 5 t², so arrival n is due at the root of n / 5.
        for (n, due) in dues.iter().enumerate() {
            let exact = (n as f64 / 5.0).sqrt() * 1e9;
            assert!((*due as f64 - exact).abs() < 100.0, "arrival {n} at {due}, not {exact}");
        }
        let down = super::tests::dues(&Arrivals::Ramp { from: 100.0, to: 0.0 }, lasting(10));
        assert_eq!((within(&down, 0), within(&down, 9)), (95, 5));
    }

    #[test]
    fn steps_and_spikes_change_at_their_times() {
        let step = |rate, seconds| RateStep { rate, lasting: Span(seconds * SECOND) };
        let steps = Arrivals::Steps { steps: vec![step(10.0, 2), step(0.0, 2), step(30.0, 1)] };
        let due = dues(&steps, Extent::default());
        assert_eq!([0, 1, 2, 3, 4].map(|second| within(&due, second)), [10, 10, 0, 0, 30]);
        let spike = Arrivals::Spike { rate: 5.0, peak: 40.0, after: Span(2 * SECOND), lasting: Span(SECOND) };
        let due = dues(&spike, lasting(5));
        assert_eq!([0, 1, 2, 3, 4].map(|second| within(&due, second)), [5, 5, 40, 5, 5]);
    }

    #[test]
    fn random_arrivals_are_poisson() {
        let dues = dues(&Arrivals::Poisson { rate: 200.0 }, Extent { seed: 7, ..lasting(500) });
        let n = dues.len() as f64;
        assert!((n - 100_000.0).abs() < 4.0 * 100_000.0_f64.sqrt(), "{n}");
        // Counts of a second have a variance equal to their mean, and gaps longer than t a share of e^-t.
        let counts: Vec<f64> = (0..500).map(|second| within(&dues, second) as f64).collect();
        let variance = counts.iter().map(|count| (count - 200.0).powi(2)).sum::<f64>() / 500.0;
        assert!((150.0..260.0).contains(&variance), "{variance}");
        let long = dues.windows(2).filter(|pair| pair[1] - pair[0] > 2 * 5_000_000).count() as f64 / n;
        assert!((long - (-2.0_f64).exp()).abs() < 0.005, "{long}");
        let again = super::tests::dues(&Arrivals::Poisson { rate: 200.0 }, Extent { seed: 7, ..lasting(500) });
        assert_eq!(dues, again);
        let other = super::tests::dues(&Arrivals::Poisson { rate: 200.0 }, Extent { seed: 8, ..lasting(500) });
        assert_ne!(dues, other);
    }

    #[test]
    fn a_replay_keeps_recorded_gaps() {
        let times = [1_000.0, 1_010.5, 1_500.0, 4_000.0];
        let replay = |speed| Arrivals::Replay { file: "times.txt".to_owned(), speed };
        let schedule = Schedule::new(&replay(2.0), Extent::default(), Some(&times)).expect("a schedule");
        let dues: Vec<u64> = schedule.arrivals(Shard::WHOLE).map(|arrival| arrival.due).collect();
        assert_eq!(dues, [0, 5_250_000, 250_000_000, 1_500_000_000]);
        assert_eq!(schedule.peak_rate(), 3.0);
        let mixed_up = Schedule::new(&replay(1.0), Extent::default(), Some(&[5.0, 4.0]));
        assert!(mixed_up.is_err_and(|error| error.to_string().contains("line 2")));
    }

    #[test]
    fn shards_together_are_the_whole() {
        let schedule = Schedule::new(&Arrivals::Poisson { rate: 100.0 }, lasting(10), None).expect("a schedule");
        let whole: Vec<Arrival> = schedule.arrivals(Shard::WHOLE).collect();
        let mut together: Vec<Arrival> = (0..4).flat_map(|i| schedule.arrivals(Shard { i, n: 4 })).collect();
        together.sort_by_key(|arrival| arrival.n);
        assert_eq!(together, whole);
    }

    #[test]
    fn what_cannot_be_scheduled_says_why() {
        let constant = |rate| Arrivals::Constant { rate };
        let count = Extent { count: Some(3), ..lasting(1) };
        for (arrivals, extent, word) in [
            (constant(-1.0), lasting(1), "out of range"),
            (constant(f64::NAN), lasting(1), "out of range"),
            (constant(0.0), lasting(1), "no arrival"),
            (constant(1.0), Extent::default(), "give `duration` or `count`"),
            (constant(1.0), count, "not both"),
            (Arrivals::Steps { steps: Vec::new() }, Extent::default(), "empty"),
        ] {
            let error = Schedule::new(&arrivals, extent, None).expect_err("no schedule");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
