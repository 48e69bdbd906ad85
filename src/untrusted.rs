//! Everything that reads bytes of strangers, one function each: what the fuzz targets under `fuzz/` call, and what
//! `cargo test` calls with the corpora under `fixtures/corpus/`. A panic is a finding; what a function returns is not
//! looked at.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::Value;

use crate::clock::{FixedClock, Timestamp};
use crate::contract::Contracts;
use crate::diagnostic::{Style, parse_yaml, render};
use crate::event::Event;
use crate::exchange::Request;
use crate::files::SuiteFiles;
use crate::load_profile::{ProfileInput, Shard, parse_profile};
use crate::load_summary::LoadSummary;
use crate::mock::{Mock, MockOptions};
use crate::report::load::LoadFormat;
use crate::report::{self, Document, Format, Lang};
use crate::signing::recording::{parse_http_text, parse_recording};
use crate::signing::{self, Credentials, Key, Scheme, SigningInput};
use crate::suite::{self, Suites};
use crate::target::model::Target;
use crate::transport::read_in_two;

/// A name of a target and what it calls.
pub type Entrance = (&'static str, fn(&[u8]));

/// All of them, by the name of the fuzz target and of the corpus folder.
pub const ENTRANCES: &[Entrance] = &[
    ("mock_request", mock_request),
    ("signature", signature),
    ("suite_and_contract", suite_and_contract),
    ("recording", recording),
    ("events", events),
    ("reports", reports),
    ("load_profile", load_profile),
    ("load_events", load_events),
    ("answer", answer),
];

/// The instant at which all of it happens: nothing here looks at the machine's clock.
const NOW: Timestamp = Timestamp(1_795_000_000_000);

static CONTRACTS: LazyLock<Contracts> =
    LazyLock::new(|| Contracts::load(&SuiteFiles::embedded()).expect("the embedded contracts load"));

static SUITES: LazyLock<Suites> =
    LazyLock::new(|| suite::load(&SuiteFiles::embedded(), &CONTRACTS).expect("the embedded suites load"));

static MOCK: LazyLock<Mock> = LazyLock::new(|| {
    let text = &SuiteFiles::embedded().files["targets/mock.yaml"];
    let target = parse_yaml::<Target>("targets/mock.yaml", text).expect("the embedded target loads");
    // Replay sets nonces, times and callbacks aside: nothing is remembered and nobody is called.
    let options = MockOptions { replay: true, ..MockOptions::new(Arc::new(FixedClock(NOW))) };
    Mock::new(&target, &CONTRACTS, options).expect("the embedded mock starts")
});

/// Answers a request, given as HTTP text: once as it is, and once signed by an account of the sandbox, so that it
/// reaches the services.
pub fn mock_request(bytes: &[u8]) {
    let Some(mut request) = read_request(bytes) else { return };
    check_answer(&MOCK.answer(&request).body, &request);
    let credentials = Credentials {
        access_key_id: "idvet-ordinary-1".to_owned(),
        secret: SecretString::from("idvet-ordinary-secret"),
        security_token: None,
    };
    let input = SigningInput::new(Scheme::V1, &credentials, NOW.to_iso(), "1".to_owned());
    if signing::sign(&mut request, &input).is_ok() {
        check_answer(&MOCK.answer(&request).body, &request);
    }
}

/// What was asked for in JSON is answered in JSON, whatever it was.
fn check_answer(body: &Bytes, request: &Request) {
    let wants_json = request.raw_query().split('&').any(|pair| pair == "Format=JSON");
    if wants_json && request.path() == "/" && serde_json::from_slice::<Value>(body).is_err() {
        // Without UTF-8 no parameter is read, `Format` neither: XML is right then.
        assert!(signing::parameters(request).is_err() || body.starts_with(b"<"), "neither JSON nor XML");
    }
}

/// Reads the claim of a request and verifies it.
pub fn signature(bytes: &[u8]) {
    let Some(request) = read_request(bytes) else { return };
    let key = Key::new(SecretString::from("secret"));
    if let Ok(claim) = signing::claim(&request) {
        let strict = key.verify(&request, &claim).is_ok();
        let lenient = key.verify_lenient(&request, &claim).is_ok();
        assert!(lenient || !strict, "what verifies strictly verifies leniently");
        let _ = signing::claimed_time(&claim);
    }
    if let Ok(parameters) = signing::parameters(&request) {
        let _ = signing::claim_decoded(&parameters);
    }
    let _ = format!("{request:?}").len();
}

/// Loads a text as contract, as suite and as target, and shows the mistakes.
pub fn suite_and_contract(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let text: Arc<str> = text.into();
    let only = |path: &str| SuiteFiles {
        root: "suites".to_owned(),
        files: [(path.to_owned(), Arc::clone(&text))].into_iter().collect(),
    };
    if let Err(mistakes) = Contracts::load(&only("saf/contract.yaml")) {
        let _ = render(&mistakes, Style::Plain);
    }
    if let Err(mistakes) = suite::load(&only("saf/fuzzed.yaml"), &CONTRACTS) {
        let _ = render(&mistakes, Style::Plain);
    }
    if let Err(mistakes) = parse_yaml::<Target>("targets/fuzzed.yaml", &text) {
        let _ = render(&mistakes, Style::Plain);
    }
}

/// Reads a recording and looks into each capture.
pub fn recording(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for capture in parse_recording(text).unwrap_or_default() {
        let _ = signing::claim(&capture.request);
        let _ = signing::parameters(&capture.request);
    }
}

/// Reads a stream of events and makes every report of what could be read.
pub fn events(bytes: &[u8]) {
    let Ok(stream) = report::events::read_events(bytes) else { return };
    render_all(&stream.events);
}

/// Puts texts of strangers (lines of the input) into the events of a small run, in the place of texts that were there,
/// and makes every report.
pub fn reports(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut texts = text.split('\u{1e}').cycle();
    let mut events = Vec::new();
    for line in SAMPLE.lines() {
        let mut value: Value = serde_json::from_str(line).expect("the sample is JSON");
        replace_texts(&mut value, &mut texts);
        events.extend(serde_json::from_value::<Event>(value));
    }
    render_all(&events);
}

const SAMPLE: &str = include_str!("../fixtures/events/mixed.jsonl");

/// Replaces texts that strangers choose: all but names that the schema fixes.
fn replace_texts<'a>(value: &mut Value, texts: &mut impl Iterator<Item = &'a str>) {
    const FIXED: &[&str] = &["event", "level", "verdict", "started_at", "tool", "requirement", "id", "case", "twin"];
    match value {
        Value::Object(map) => {
            let free = map.iter_mut().filter(|(key, _)| !FIXED.contains(&key.as_str()));
            free.for_each(|(_, child)| replace_texts(child, texts));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_texts(item, texts)),
        Value::String(text) => *text = texts.next().unwrap_or_default().to_owned(),
        _ => {}
    }
}

fn render_all(events: &[Event]) {
    let document = Document::new(events);
    for lang in [Lang::En, Lang::Zh] {
        for format in [Format::Markdown, Format::Console, Format::Json] {
            let _ = report::render(format, &document, lang);
        }
        let junit = report::render(Format::Junit, &document, lang);
        let mut reader = quick_xml::Reader::from_str(&junit);
        while !matches!(reader.read_event().expect("JUnit is well-formed XML"), quick_xml::events::Event::Eof) {}
        assert!(!junit.contains(['\u{0}', '\u{1b}']), "a control character in JUnit");
    }
}

/// Parses a load profile, shows the mistakes, and looks at the first of its arrivals.
pub fn load_profile(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = |_: &str| Err("there is no such file".to_owned());
    let input = ProfileInput { contracts: &CONTRACTS, suites: &SUITES, seed: 1, read: &read };
    match parse_profile("fuzzed", ("fuzzed.yaml", &text.into()), &input) {
        Err(mistakes) => drop(render(&mistakes, Style::Plain)),
        Ok(profile) => {
            let dues: Vec<u64> = profile.schedule.arrivals(Shard::WHOLE).take(1_000).map(|one| one.due).collect();
            assert!(dues.is_sorted(), "an arrival is due before the one before it");
        }
    }
}

/// Reads the events of a load run and makes every report of it.
pub fn load_events(bytes: &[u8]) {
    let Ok(stream) = report::events::read_events(bytes) else { return };
    let Ok(summary) = LoadSummary::from_events(&stream.events) else { return };
    for format in LoadFormat::ALL {
        let _ = format.render(&summary, Lang::Zh);
    }
}

/// Reads an answer as load runs do: the same comes of it whether it comes in one piece or in two.
pub fn answer(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let whole = read_in_two(bytes, bytes.len(), ANSWER_LIMIT);
    let pieces = read_in_two(bytes, bytes.len() * usize::from(*cut) / 256, ANSWER_LIMIT);
    assert!(bytes.len() > ANSWER_LIMIT || whole == pieces, "{whole:?} and {pieces:?}");
}

/// Bytes of an answer's body that are read.
const ANSWER_LIMIT: usize = 1 << 20;

fn read_request(bytes: &[u8]) -> Option<Request> {
    let (head, body) = match bytes.windows(4).position(|window| window == b"\r\n\r\n") {
        Some(at) => (&bytes[..at], &bytes[at + 4..]),
        None => (bytes, &[][..]),
    };
    let text = format!("{}\r\n\r\n", String::from_utf8_lossy(head));
    let mut request = parse_http_text(&text).ok()?.request;
    request.body = Bytes::copy_from_slice(body);
    Some(request)
}
