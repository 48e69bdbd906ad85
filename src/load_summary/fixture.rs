//! Made-up runs, for tests here and of reports.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use indexmap::IndexMap;

use crate::event::{
    Event, LoadClass, LoadInterval, LoadPlanned, LoadRow, LoadStepPlanned, RunFinished, RunStarted, SCHEMA_VERSION,
    StopCause,
};

/// A run of one step, `init`, that answers so each second.
pub(crate) struct MadeUp {
    pub(crate) thresholds: Vec<&'static str>,
    pub(crate) seconds: Vec<LoadInterval>,
    pub(crate) warm_up: u64,
    pub(crate) stopped: Option<StopCause>,
}

pub(crate) fn text(micros: &[u64]) -> String {
    let mut histogram = Histogram::<u64>::new(3).expect("three digits");
    micros.iter().for_each(|value| histogram.record(*value).expect("a value that fits"));
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(&histogram, &mut bytes).expect("a histogram");
    BASE64_STANDARD.encode(bytes)
}

/// A row whose calls took so long and were so late.
pub(crate) fn row(class: LoadClass, code: &str, micros: &[u64], late: u64) -> LoadRow {
    let latency: Vec<u64> = micros.iter().map(|service| service + late).collect();
    LoadRow {
        step: 0,
        class,
        warm_up: false,
        calls: micros.len() as u64,
        codes: IndexMap::from([(code.to_owned(), micros.len() as u64)]),
        latency: text(&latency),
        service: text(micros),
        lag: text(&vec![late; micros.len()]),
    }
}

pub(crate) fn second(n: u64, rows: Vec<LoadRow>) -> LoadInterval {
    let due = rows.iter().map(|row| row.calls).sum();
    LoadInterval { second: n, micros: 1_000_000, due, finished: due, rows, ..LoadInterval::default() }
}

impl MadeUp {
    pub(crate) fn new(seconds: Vec<LoadInterval>) -> Self {
        Self { thresholds: Vec::new(), seconds, warm_up: 0, stopped: None }
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let length = self.seconds.len() as u64;
        let mut events = vec![
            Event::RunStarted(RunStarted {
                schema_version: SCHEMA_VERSION,
                tool: "idvet 0.1.0".to_owned(),
                command: "load".to_owned(),
                subject: "mock".to_owned(),
                seed: 1,
                arguments: Vec::new(),
                strict: false,
                would_catch: None,
                started_at: "2026-11-27T00:00:00Z".to_owned(),
            }),
            Event::LoadPlanned(LoadPlanned {
                profile: "cloudauth/made-up".to_owned(),
                title_en: "Made up".to_owned(),
                title_zh: "虚构".to_owned(),
                steps: vec![LoadStepPlanned {
                    step: "init".to_owned(),
                    api: "cloudauth".to_owned(),
                    operation: "InitFaceVerify".to_owned(),
                }],
                limits: Vec::new(),
                thresholds: self.thresholds.iter().map(|text| (*text).to_owned()).collect(),
                arrivals: 1.0,
                length_nanos: length * 1_000_000_000,
                warm_up_nanos: self.warm_up * 1_000_000_000,
                shard: None,
                check_every: 1,
                beyond_limits: false,
                capacity: None,
            }),
        ];
        events.extend(self.seconds.iter().cloned().map(Event::LoadInterval));
        events.push(Event::RunFinished(RunFinished {
            partial: self.stopped.is_some(),
            cause: self.stopped,
            reason: self.stopped.map(|_| "stopped".to_owned()),
            calls: IndexMap::new(),
            billable_calls: 0,
            elapsed_micros: length * 1_000_000 + 5,
        }));
        events
    }
}
