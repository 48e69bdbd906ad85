//! What workers tell → events: a second is told when all have told theirs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

use super::record::Record;
use crate::event::{LoadInterval, LoadRow};

/// Seconds that are not complete yet.
pub(super) struct Collector {
    n_workers: usize,
    pending: BTreeMap<u64, Pending>,
    /// Seconds that each worker has told.
    told: Vec<u64>,
    serializer: V2DeflateSerializer,
    /// Full checks since the last interval.
    pub(super) checked: u64,
    pub(super) wrong: u64,
}

struct Pending {
    record: Record,
    micros: u64,
}

/// A worker that is done holds up no second.
const DONE: u64 = u64::MAX;

impl Collector {
    pub(super) fn new(n_workers: usize) -> Self {
        Self {
            n_workers,
            pending: BTreeMap::new(),
            told: vec![0; n_workers],
            serializer: V2DeflateSerializer::new(),
            checked: 0,
            wrong: 0,
        }
    }

    /// Takes a worker's second.
    pub(super) fn put(&mut self, worker: usize, second: u64, micros: u64, record: Record) {
        match self.pending.get_mut(&second) {
            Some(pending) => {
                pending.record.add(record);
                pending.micros = pending.micros.max(micros);
            }
            None => drop(self.pending.insert(second, Pending { record, micros })),
        }
        self.told[worker] = second + 1;
    }

    pub(super) fn done(&mut self, worker: usize) {
        self.told[worker] = DONE;
    }

    pub(super) fn all_done(&self) -> bool {
        self.told.iter().all(|told| *told == DONE)
    }

    /// Returns the next second that all workers have told, and the calls sent in it, by label.
    pub(super) fn next(&mut self) -> Option<(LoadInterval, Vec<u64>)> {
        let second = *self.pending.keys().next()?;
        if self.told.iter().take(self.n_workers).any(|told| *told <= second) {
            return None;
        }
        let Pending { record, micros } = self.pending.remove(&second)?;
        let (checked, wrong) = (std::mem::take(&mut self.checked), std::mem::take(&mut self.wrong));
        Some((self.interval(second, micros, &record, (checked, wrong)), record.sent))
    }

    fn interval(&mut self, second: u64, micros: u64, record: &Record, (checked, wrong): (u64, u64)) -> LoadInterval {
        let rows = record.rows().map(|(label, class, warm_up, row)| {
            let mut codes = row.codes.clone();
            codes.sort_keys();
            LoadRow {
                step: u32::try_from(label).unwrap_or(u32::MAX),
                class,
                warm_up,
                calls: row.calls,
                codes,
                latency: self.text(&row.latency),
                service: self.text(&row.service),
                lag: self.text(&row.lag),
            }
        });
        let rows = rows.collect();
        LoadInterval {
            second,
            micros,
            due: record.due,
            dropped: record.dropped,
            warm_up_dropped: record.warm_up_dropped,
            lacking: record.lacking,
            finished: record.finished,
            abandoned: record.abandoned,
            submissions_failed: record.submissions_failed,
            retries: record.retries,
            held_by_limit: record.held_by_limit,
            held_by_connection: record.held_by_connection,
            connections: record.connections,
            open: record.open,
            checked,
            wrong,
            shares: Vec::new(),
            rows,
        }
    }

    /// Writes a histogram as its own tools read it.
    fn text(&mut self, histogram: &Histogram<u64>) -> String {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail, and counts of one second fit.
        self.serializer.serialize(histogram, &mut bytes).expect("a histogram that can be written");
        BASE64_STANDARD.encode(bytes)
    }
}
