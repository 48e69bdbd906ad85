//! Several runs of one profile's shards → one run, without loss: histograms are added bucket by bucket.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use indexmap::IndexMap;

use super::histogram::{HistogramError, add, read_histogram};
use crate::event::{Event, LoadClass, LoadInterval, LoadLimit, LoadPlanned, LoadRow, RunFinished, RunStarted};

/// Why runs cannot be merged; a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    #[error("merge the runs: the {0} of them is no load run")]
    NotLoad(usize),
    #[error("merge the runs: the {0} of them is of another profile, other steps or other thresholds")]
    Different(usize),
    #[error("merge the runs: two of them are shard {0}")]
    Twice(String),
    #[error("merge the runs: shards {0} are missing")]
    Missing(String),
    #[error("{0}")]
    Histogram(#[from] HistogramError),
    #[error("write a histogram: {0}")]
    Write(String),
}

/// Merges the events of shards into those of one run.
///
/// # Errors
/// When they are not the shards of one run, all of them, each once.
pub fn merge(runs: &[Vec<Event>]) -> Result<Vec<Event>, MergeError> {
    let parts: Vec<Part<'_>> =
        runs.iter().enumerate().map(|(idx, run)| Part::of(run, idx + 1)).collect::<Result<_, _>>()?;
    let Some(first) = parts.first() else { return Ok(Vec::new()) };
    for (idx, part) in parts.iter().enumerate() {
        if like(part.planned) != like(first.planned) {
            return Err(MergeError::Different(idx + 1));
        }
    }
    check_shards(&parts)?;
    let mut seconds: BTreeMap<u64, Merging> = BTreeMap::new();
    for interval in parts.iter().flat_map(|part| &part.intervals) {
        seconds.entry(interval.second).or_default().add(interval)?;
    }
    let mut events = vec![
        Event::RunStarted(RunStarted { started_at: earliest(&parts), ..first.run.clone() }),
        Event::LoadPlanned(LoadPlanned { shard: None, limits: limits(&parts), ..first.planned.clone() }),
    ];
    for (second, merging) in seconds {
        events.push(Event::LoadInterval(merging.finish(second)?));
    }
    events.extend(parts.iter().flat_map(|part| part.wrong.iter().map(|event| (*event).clone())));
    events.push(Event::RunFinished(finished(&parts)));
    Ok(events)
}

struct Part<'a> {
    run: &'a RunStarted,
    planned: &'a LoadPlanned,
    intervals: Vec<&'a LoadInterval>,
    wrong: Vec<&'a Event>,
    finished: Option<&'a RunFinished>,
}

impl<'a> Part<'a> {
    fn of(events: &'a [Event], number: usize) -> Result<Self, MergeError> {
        let run = events.iter().find_map(|event| match event {
            Event::RunStarted(run) => Some(run),
            _ => None,
        });
        let planned = events.iter().find_map(|event| match event {
            Event::LoadPlanned(planned) => Some(planned),
            _ => None,
        });
        let (Some(run), Some(planned)) = (run, planned) else { return Err(MergeError::NotLoad(number)) };
        let intervals = events.iter().filter_map(|event| match event {
            Event::LoadInterval(interval) => Some(interval),
            _ => None,
        });
        let finished = events.iter().find_map(|event| match event {
            Event::RunFinished(finished) => Some(finished),
            _ => None,
        });
        let wrong = events.iter().filter(|event| matches!(event, Event::LoadWrong(_))).collect();
        Ok(Self { run, planned, intervals: intervals.collect(), wrong, finished })
    }
}

/// What shards of one run share.
fn like(planned: &LoadPlanned) -> LoadPlanned {
    LoadPlanned { shard: None, limits: Vec::new(), ..planned.clone() }
}

/// Runs that say which shard they are have to be all of them, each once; runs that do not are simply added.
fn check_shards(parts: &[Part<'_>]) -> Result<(), MergeError> {
    let shards: Vec<&String> = parts.iter().filter_map(|part| part.planned.shard.as_ref()).collect();
    for (idx, shard) in shards.iter().enumerate() {
        if shards[..idx].contains(shard) {
            return Err(MergeError::Twice((*shard).clone()));
        }
    }
    let total = shards.iter().filter_map(|shard| shard.split_once('/')?.1.parse::<u64>().ok()).max();
    let Some(total) = total else { return Ok(()) };
    let wanted = (0..total).map(|i| format!("{i}/{total}"));
    let missing: Vec<String> = wanted.filter(|wanted| !shards.contains(&wanted)).collect();
    if missing.is_empty() { Ok(()) } else { Err(MergeError::Missing(missing.join(", "))) }
}

/// Each shard kept to its part of every limit, and together they kept to the sum; a limit that they held together is one.
fn limits(parts: &[Part<'_>]) -> Vec<LoadLimit> {
    let mut sums: Vec<LoadLimit> = Vec::new();
    for limit in parts.iter().flat_map(|part| &part.planned.limits) {
        match sums.iter_mut().find(|sum| (&sum.name, sum.documented) == (&limit.name, limit.documented)) {
            Some(sum) if sum.is_shared && limit.is_shared => sum.per_second = sum.per_second.max(limit.per_second),
            Some(sum) => sum.per_second = sum.per_second.saturating_add(limit.per_second),
            None => sums.push(limit.clone()),
        }
    }
    sums
}

fn earliest(parts: &[Part<'_>]) -> String {
    parts.iter().map(|part| part.run.started_at.clone()).min().unwrap_or_default()
}

fn finished(parts: &[Part<'_>]) -> RunFinished {
    let ends: Vec<&RunFinished> = parts.iter().filter_map(|part| part.finished).collect();
    let mut calls: IndexMap<String, u64> = IndexMap::new();
    for (api, count) in ends.iter().flat_map(|end| &end.calls) {
        *calls.entry(api.clone()).or_default() += count;
    }
    calls.sort_keys();
    let cut = ends.len() < parts.len();
    let stopped = ends.iter().find(|end| end.partial);
    RunFinished {
        partial: cut || stopped.is_some(),
        cause: stopped.and_then(|end| end.cause),
        reason: match stopped {
            Some(end) => end.reason.clone(),
            None => cut.then(|| "a shard was cut off".to_owned()),
        },
        calls,
        billable_calls: ends.iter().map(|end| end.billable_calls).sum(),
        elapsed_micros: ends.iter().map(|end| end.elapsed_micros).max().unwrap_or_default(),
    }
}

/// One second of several shards.
#[derive(Default)]
struct Merging {
    sum: LoadInterval,
    rows: BTreeMap<(u32, LoadClass, bool), MergingRow>,
}

struct MergingRow {
    row: LoadRow,
    histograms: [hdrhistogram::Histogram<u64>; 3],
}

impl Merging {
    fn add(&mut self, interval: &LoadInterval) -> Result<(), HistogramError> {
        let sum = &mut self.sum;
        sum.micros = sum.micros.max(interval.micros);
        sum.due += interval.due;
        sum.dropped += interval.dropped;
        sum.warm_up_dropped += interval.warm_up_dropped;
        sum.lacking += interval.lacking;
        sum.finished += interval.finished;
        sum.abandoned += interval.abandoned;
        sum.submissions_failed += interval.submissions_failed;
        sum.retries += interval.retries;
        sum.held_by_limit += interval.held_by_limit;
        sum.held_by_connection += interval.held_by_connection;
        sum.connections += interval.connections;
        sum.open += interval.open;
        sum.checked += interval.checked;
        sum.wrong += interval.wrong;
        sum.shares.resize(sum.shares.len().max(interval.shares.len()), 0);
        sum.shares.iter_mut().zip(&interval.shares).for_each(|(sum, share)| *sum += share);
        for row in &interval.rows {
            let read = [read_histogram(&row.latency)?, read_histogram(&row.service)?, read_histogram(&row.lag)?];
            match self.rows.get_mut(&(row.step, row.class, row.warm_up)) {
                None => {
                    let merging = MergingRow { row: row.clone(), histograms: read };
                    self.rows.insert((row.step, row.class, row.warm_up), merging);
                }
                Some(known) => {
                    known.row.calls += row.calls;
                    for (code, count) in &row.codes {
                        *known.row.codes.entry(code.clone()).or_default() += count;
                    }
                    for (mine, theirs) in known.histograms.iter_mut().zip(&read) {
                        add(mine, theirs)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(self, second: u64) -> Result<LoadInterval, MergeError> {
        let mut interval = LoadInterval { second, ..self.sum };
        for MergingRow { mut row, histograms } in self.rows.into_values() {
            let [latency, service, lag] = histograms;
            row.codes.sort_keys();
            (row.latency, row.service, row.lag) = (text(&latency)?, text(&service)?, text(&lag)?);
            interval.rows.push(row);
        }
        Ok(interval)
    }
}

fn text(histogram: &hdrhistogram::Histogram<u64>) -> Result<String, MergeError> {
    let mut bytes = Vec::new();
    let written = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
    written.map_err(|error| MergeError::Write(format!("{error:?}")))?;
    Ok(BASE64_STANDARD.encode(bytes))
}
