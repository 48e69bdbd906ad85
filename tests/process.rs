//! What only a process can show: signals, sudden death, streams that close. Everything else is tested in `src`.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use idvet::event::{Event, StopCause};
use idvet::report::events::{Stream, read_events};

fn idvet(folder: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idvet"));
    command.args(line).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

fn events(folder: &Path) -> Stream {
    let file = std::fs::File::open(folder.join("reports/latest/events.jsonl")).expect("events");
    read_events(BufReader::new(file)).expect("readable events")
}

/// Starts a check and waits until so many cases are on disk.
fn check_until(folder: &Path, n_cases: usize) -> Child {
    let mut child = idvet(folder, &["check"]).spawn().expect("starts");
    let path = folder.join("reports/latest/events.jsonl");
    let begun = Instant::now();
    let is_there = || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        text.matches("\"event\":\"case-finished\"").count() >= n_cases
    };
    while !is_there() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().and_then(|()| child.wait()).expect("ends");
            panic!("no case within a minute");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn n_finished(stream: &Stream) -> usize {
    stream.events.iter().filter(|event| matches!(event, Event::CaseFinished(_))).count()
}

fn n_planned(stream: &Stream) -> usize {
    stream.events.iter().filter(|event| matches!(event, Event::CasePlanned(_))).count()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The reports of a run that was cut short can be made, and say so.
fn holds_a_partial_report(folder: &Path) {
    let Output { status, stdout, stderr } =
        idvet(folder, &["report", "render", "console", "junit=x.xml"]).output().expect("runs");
    assert_eq!(status.code(), Some(0), "{}", text(&stderr));
    assert!(text(&stdout).contains("PARTIAL RUN"), "{}", text(&stdout));
    assert!(folder.join("x.xml").exists());
}

#[test]
fn an_interrupted_check_tells_what_it_has_and_that_it_is_partial() {
    for name in ["INT", "TERM"] {
        let folder = tempfile::tempdir().expect("folder");
        let child = check_until(folder.path(), 20);
        signal(&child, name);
        let begun = Instant::now();
        let Output { status, stdout, .. } = child.wait_with_output().expect("ends");
        assert!(begun.elapsed() < Duration::from_secs(10), "stops at once");
        assert_eq!(status.code(), Some(3), "{name}: {}", text(&stdout));
        assert!(text(&stdout).contains("stopped before its end"), "{}", text(&stdout));
        let stream = events(folder.path());
        let Some(Event::RunFinished(last)) = stream.events.last() else { panic!("no last event") };
        assert_eq!((last.partial, last.cause), (true, Some(StopCause::Interrupted)));
        assert!(n_finished(&stream) >= 20 && n_finished(&stream) < n_planned(&stream));
        for name in ["report.json", "junit.xml", "report.md"] {
            assert!(folder.path().join("reports/latest").join(name).exists(), "{name}");
        }
        holds_a_partial_report(folder.path());
    }
}

#[test]
fn a_killed_check_leaves_readable_events() {
    for n_cases in [1, 50, 400] {
        let folder = tempfile::tempdir().expect("folder");
        let mut child = check_until(folder.path(), n_cases);
        child.kill().expect("killed");
        child.wait().expect("ends");
        let stream = events(folder.path());
        assert!(n_finished(&stream) >= n_cases);
        assert!(!stream.events.iter().any(|event| matches!(event, Event::RunFinished(_))));
        holds_a_partial_report(folder.path());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().expect("folder");
    let mut child = idvet(folder.path(), &["list", "requirements"]).spawn().expect("starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    drop(stdout);
    let status = child.wait().expect("ends");
    let mut stderr = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("text");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_mock_says_where_it_is_and_stops_when_told() {
    let folder = tempfile::tempdir().expect("folder");
    let line = ["mock", "--tls", "--ready-file", "ready.json"];
    let mut child = idvet(folder.path(), &line).spawn().expect("starts");
    let mut address = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut address).expect("a line");
    let url = address.split(' ').next().expect("an address").to_owned();
    // The file is written behind the line, whole or not at all.
    let begun = Instant::now();
    let ready = loop {
        match std::fs::read_to_string(folder.path().join("ready.json")) {
            Ok(text) => break text,
            Err(_) => assert!(begun.elapsed() < Duration::from_secs(10), "no ready file"),
        }
    };
    let ready: serde_json::Value = serde_json::from_str(&ready).expect("JSON");
    assert_eq!(ready["url"], url.as_str());
    let ca = ready["ca"].as_str().expect("a CA");
    let checked =
        idvet(folder.path(), &["check", "saf/baseline/", "--target", &url, "--ca", ca]).output().expect("runs");
    assert_eq!(checked.status.code(), Some(0), "{}{}", text(&checked.stdout), text(&checked.stderr));
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn file_descriptors_that_run_out_are_nobody_elses_fault() {
    let here = tempfile::tempdir().expect("a temporary folder");
    // Takes every connection and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let _taker = std::thread::spawn(move || silent.incoming().take(2_000).collect::<Vec<_>>());
    let open = lacks_descriptors(here.path(), &address, "{ model: constant, rate: 45 }", "dropped == 0");
    assert!(open["arrivals"]["dropped"].as_u64().is_some_and(|dropped| dropped > 0), "{open}");
    // Users wait, and may get a descriptor of those that time out.
    lacks_descriptors(here.path(), &address, "{ model: users, users: 48, pause: 1ms }", "p99 < 10s");
}

fn lacks_descriptors(here: &Path, address: &str, arrivals: &str, threshold: &str) -> serde_json::Value {
    let profile = format!(
        "format: idvet/load/1\napi: cloudauth\ntitle: {{ en: Many, zh: 多 }}\nscenarios:\n  - name: s\n    steps:\n\
         \x20     - call: {{ baseline: init-id-pro, as: init }}\narrivals: {arrivals}\nduration: 3s\n\
         timeout: 2s\nthresholds: [\"{threshold}\"]\n"
    );
    std::fs::write(here.join("many.yaml"), profile).expect("written");
    let line = format!(
        "ulimit -n 40; exec '{}' load many.yaml --target {address} --max-qps 50 --quiet",
        env!("CARGO_BIN_EXE_idvet")
    );
    let output = Command::new("sh").args(["-c", &line]).current_dir(here).output().expect("runs");
    let report = std::fs::read_to_string(here.join("reports/latest/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let codes = report["steps"][0]["codes"].as_object().expect("codes");
    assert_eq!(codes.keys().collect::<Vec<_>>(), ["time-out"], "{arrivals} {}", text(&output.stderr));
    assert!(report["arrivals"]["connections_lacking"].as_u64().is_some_and(|lacking| lacking > 0), "{report}");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    report
}
