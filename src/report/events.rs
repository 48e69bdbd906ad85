//! `events.jsonl`: one event a line, written as it happens, readable whenever the run was stopped.

use std::io::{BufRead, Write};

use crate::event::{Event, ExchangeRecorded, LoadInterval, RecordedMessage, SCHEMA_VERSION};
use crate::redact::Redactor;

/// What two runs with one seed need not share, as paths into the events.
pub const VOLATILE_FIELDS: &[&str] = &[
    "run-started.started_at",
    "exchange.elapsed_micros",
    "exchange.request.body_bytes",
    "exchange.request.volatile",
    "exchange.response.body_bytes",
    "exchange.response.volatile",
    "case-finished.elapsed_micros",
    "load-interval",
    "load-plateau.elapsed_micros",
    "run-finished.elapsed_micros",
];

/// Why an event could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EventWriteError {
    #[error("write an event: {0}")]
    Io(#[from] std::io::Error),
    #[error("put an event into JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes events, one a line. Known secrets and persons are removed from whatever text reaches it.
#[derive(Debug)]
pub struct EventWriter<W: Write> {
    out: W,
    redactor: Redactor,
}

impl<W: Write> EventWriter<W> {
    /// Writes to `out`, which needs no buffer: each line is written at once.
    pub fn new(out: W, redactor: Redactor) -> Self {
        Self { out, redactor }
    }

    /// Writes an event and returns it as written: reports must be made of that, or they would differ from those made
    /// of the file.
    pub fn write(&mut self, event: Event) -> Result<Event, EventWriteError> {
        let mut line = serde_json::to_string(&event)?;
        let clean = self.redactor.values_in(&line);
        let event = match &clean {
            std::borrow::Cow::Borrowed(_) => event,
            std::borrow::Cow::Owned(clean) => serde_json::from_str(clean)?,
        };
        if let std::borrow::Cow::Owned(clean) = clean {
            line = clean;
        }
        line.push('\n');
        // One write a line and a flush: a killed run leaves whole lines, but for the last.
        self.out.write_all(line.as_bytes())?;
        self.out.flush()?;
        Ok(event)
    }

    /// Returns the stream written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Why a stream of events could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EventReadError {
    #[error("read line {line}: {source}")]
    Io { line: usize, source: std::io::Error },
    #[error("understand line {line}: {message}")]
    Line { line: usize, message: String },
    #[error("read events of version {found}: this idvet reads version {SCHEMA_VERSION}")]
    Version { found: u64 },
    #[error("find a run-started event in line 1: this is no events.jsonl")]
    NotEvents,
    #[error("find any event: the stream is empty")]
    Empty,
}

/// A stream as read.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    pub events: Vec<Event>,
    /// True when the last line is cut and was left out.
    pub truncated: bool,
}

/// Reads a stream whole. A last line that was cut is left out; any other damage is an error that names its line.
pub fn read_events(reader: impl BufRead) -> Result<Stream, EventReadError> {
    let mut stream = Stream::default();
    for event in EventReader::new(reader) {
        match event? {
            Read::Event(event) => stream.events.push(*event),
            Read::Truncated => stream.truncated = true,
        }
    }
    if stream.events.is_empty() {
        return Err(EventReadError::Empty);
    }
    Ok(stream)
}

/// What a line held.
#[derive(Debug)]
pub enum Read {
    Event(Box<Event>),
    /// The last line, cut.
    Truncated,
}

/// Reads events one by one, for streams too large to keep.
#[derive(Debug)]
pub struct EventReader<R> {
    reader: R,
    line: usize,
    done: bool,
}

impl<R: BufRead> EventReader<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, line: 0, done: false }
    }

    fn read_line(&mut self) -> Result<Option<Read>, EventReadError> {
        loop {
            self.line += 1;
            let line = self.line;
            let mut bytes = Vec::new();
            self.reader.read_until(b'\n', &mut bytes).map_err(|source| EventReadError::Io { line, source })?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let is_whole = bytes.last() == Some(&b'\n');
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            return match parse_line(line, &bytes) {
                Ok(event) => Ok(Some(Read::Event(Box::new(event)))),
                // A version or kind that is readable but wrong is no truncation.
                Err(EventReadError::Line { .. }) if !is_whole => Ok(Some(Read::Truncated)),
                Err(error) => Err(error),
            };
        }
    }
}

impl<R: BufRead> Iterator for EventReader<R> {
    type Item = Result<Read, EventReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read_line().transpose();
        self.done = !matches!(read, Some(Ok(Read::Event(_))));
        read
    }
}

fn parse_line(line: usize, bytes: &[u8]) -> Result<Event, EventReadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| EventReadError::Line {
        line,
        message: format!("not UTF-8 from byte {}", error.valid_up_to()),
    })?;
    if line == 1 {
        check_head(text)?;
    }
    serde_json::from_str(text).map_err(|error| EventReadError::Line { line, message: error.to_string() })
}

/// The version is looked at before anything else: fields of another version need not make sense here.
fn check_head(text: &str) -> Result<(), EventReadError> {
    let head: serde_json::Value =
        serde_json::from_str(text).map_err(|error| EventReadError::Line { line: 1, message: error.to_string() })?;
    if head.get("event").and_then(serde_json::Value::as_str) != Some("run-started") {
        return Err(EventReadError::NotEvents);
    }
    match head.get("schema_version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(SCHEMA_VERSION) => Ok(()),
        Some(found) => Err(EventReadError::Version { found }),
        None => Err(EventReadError::NotEvents),
    }
}

/// Clears the volatile fields, for comparing two runs.
pub fn strip_volatile(event: &mut Event) {
    match event {
        Event::RunStarted(run) => run.started_at.clear(),
        Event::Exchange(exchange) => strip_exchange(exchange),
        Event::CaseFinished(case) => case.elapsed_micros = 0,
        Event::RunFinished(run) => run.elapsed_micros = 0,
        Event::LoadInterval(interval) => *interval = LoadInterval::default(),
        Event::LoadPlateau(plateau) => plateau.elapsed_micros = 0,
        Event::Requirement(_)
        | Event::KnownFailure(_)
        | Event::CasePlanned(_)
        | Event::LoadPlanned(_)
        | Event::LoadWrong(_) => {}
    }
}

fn strip_exchange(exchange: &mut ExchangeRecorded) {
    let strip = |message: &mut RecordedMessage| {
        message.body_bytes = 0;
        message.volatile.clear();
    };
    strip(&mut exchange.request);
    exchange.response.as_mut().map(strip);
    exchange.elapsed_micros = 0;
}
