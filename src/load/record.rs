//! What one worker saw within one second: histograms by step, class and phase.

use hdrhistogram::Histogram;
use indexmap::IndexMap;

use crate::event::{LoadClass, count_code};

/// Microseconds: a minute and a bit more than any time-out that makes sense.
const LONGEST: u64 = 3_600_000_000;

/// Significant digits: figures are right to a thousandth.
const DIGITS: u8 = 3;

/// Returns an empty histogram of microseconds.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("bounds that fit")
}

/// Answers of one step, class and phase.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) latency: Histogram<u64>,
    pub(super) service: Histogram<u64>,
    pub(super) lag: Histogram<u64>,
    pub(super) codes: IndexMap<String, u64>,
    pub(super) calls: u64,
}

/// Times of one call, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) due: u64,
    pub(super) sent: u64,
    pub(super) done: u64,
}

/// What one worker saw within one second.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    rows: Vec<Option<Box<Row>>>,
    pub(super) due: u64,
    pub(super) dropped: u64,
    pub(super) warm_up_dropped: u64,
    pub(super) lacking: u64,
    pub(super) finished: u64,
    pub(super) abandoned: u64,
    pub(super) submissions_failed: u64,
    pub(super) retries: u64,
    pub(super) held_by_limit: u64,
    pub(super) held_by_connection: u64,
    pub(super) connections: u64,
    pub(super) open: u64,
    /// Calls sent, by label.
    pub(super) sent: Vec<u64>,
}

const CLASSES: [LoadClass; 4] = [LoadClass::Ok, LoadClass::Refused, LoadClass::Throttled, LoadClass::Failed];

impl Row {
    fn new() -> Self {
        Self { latency: histogram(), service: histogram(), lag: histogram(), codes: IndexMap::new(), calls: 0 }
    }
}

impl Record {
    pub(super) fn new(n_labels: usize) -> Self {
        Self { rows: vec![None; n_labels * CLASSES.len() * 2], sent: vec![0; n_labels], ..Self::default() }
    }

    /// Takes an answer, or that there was none.
    pub(super) fn put(&mut self, label: usize, (class, warm_up): (LoadClass, bool), code: &str, times: Times) {
        let class = CLASSES.iter().position(|known| *known == class).unwrap_or_default();
        let row = self.rows[(label * CLASSES.len() + class) * 2 + usize::from(warm_up)]
            .get_or_insert_with(|| Box::new(Row::new()));
        let Times { due, sent, done } = times;
        // Saturating: a clock of the machine that is monotonic makes these differences what they are.
        row.latency.saturating_record(micros(done.saturating_sub(due)));
        row.service.saturating_record(micros(done.saturating_sub(sent)));
        row.lag.saturating_record(micros(sent.saturating_sub(due)));
        row.calls += 1;
        count_code(&mut row.codes, code, 1);
    }

    /// Returns rows with something in them, with label, class and whether they are of the warm-up.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, LoadClass, bool, &Row)> {
        self.rows.iter().enumerate().filter_map(|(idx, row)| {
            let row = row.as_deref()?;
            Some((idx / 2 / CLASSES.len(), CLASSES[idx / 2 % CLASSES.len()], idx % 2 == 1, row))
        })
    }

    /// Adds what another worker saw.
    pub(super) fn add(&mut self, other: Self) {
        for (mine, theirs) in self.rows.iter_mut().zip(other.rows) {
            match (mine, theirs) {
                (_, None) => {}
                (mine @ None, theirs) => *mine = theirs,
                (Some(mine), Some(theirs)) => mine.add(*theirs),
            }
        }
        for (mine, theirs) in self.sent.iter_mut().zip(other.sent) {
            *mine += theirs;
        }
        self.due += other.due;
        self.dropped += other.dropped;
        self.warm_up_dropped += other.warm_up_dropped;
        self.lacking += other.lacking;
        self.finished += other.finished;
        self.abandoned += other.abandoned;
        self.submissions_failed += other.submissions_failed;
        self.retries += other.retries;
        self.held_by_limit += other.held_by_limit;
        self.held_by_connection += other.held_by_connection;
        self.connections += other.connections;
        self.open += other.open;
    }
}

impl Row {
    fn add(&mut self, other: Self) {
        let pairs =
            [(&mut self.latency, &other.latency), (&mut self.service, &other.service), (&mut self.lag, &other.lag)];
        for (mine, theirs) in pairs {
            mine.add(theirs).expect("histograms of the same bounds");
        }
        self.calls += other.calls;
        for (code, count) in other.codes {
            count_code(&mut self.codes, &code, count);
        }
    }
}

/// Rounds to the nearest microsecond: cutting would lose half of one on average.
fn micros(nanos: u64) -> u64 {
    (nanos + 500) / 1_000
}
