//! `idvet check` from command line to exit code.

use std::path::Path;
use std::sync::Arc;

use super::{Ran, folder, idvet, project};
use crate::cli::exit;
use crate::clock::SystemClock;
use crate::contract::Contracts;
use crate::files::SuiteFiles;
use crate::mock::{MockOptions, RunningMock, start};
use crate::target;

/// A mock as another process would be: known by its address alone.
struct Server {
    runtime: tokio::runtime::Runtime,
    running: RunningMock,
}

impl Server {
    fn new(change: impl FnOnce(&mut MockOptions)) -> Self {
        let files = SuiteFiles::embedded();
        let contracts = Arc::new(Contracts::load(&files).expect("contracts"));
        let target = target::load(&files, "mock").expect("target");
        let mut options = MockOptions::new(Arc::new(SystemClock));
        change(&mut options);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("threads");
        let running = runtime.block_on(start(&target, contracts, options)).expect("starts");
        Self { runtime, running }
    }

    fn stop(self) {
        self.runtime.block_on(self.running.shutdown());
    }
}

/// Returns the figures of `report.json`.
fn summary(out: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(out.join("report.json")).expect("report.json");
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["summary"].clone()
}

fn verdicts(out: &Path) -> Vec<(String, String)> {
    let summary = summary(out);
    let cases = summary["case_results"].as_array().expect("cases");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    cases.iter().map(|case| (text(&case["case"]), text(&case["outcome"]))).collect()
}

#[test]
fn a_check_on_the_embedded_mock_writes_all_reports() {
    let here = folder();
    let ran = idvet(here.path(), &["check", "saf/", "--out", "a/b"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (exit::SATISFIED, ""));
    assert!(ran.stdout.contains("gate         satisfied (exit code 0)"), "{}", ran.stdout);
    let out = here.path().join("a/b");
    for name in ["events.jsonl", "report.json", "junit.xml", "report.md"] {
        assert!(out.join(name).metadata().expect(name).len() > 1_000, "{name}");
    }
    let render = idvet(here.path(), &["report", "render", "json=again.json", "markdown=again.md", "--from", "a/b"]);
    assert_eq!(render.code, exit::SATISFIED, "{}", render.stderr);
    for (again, first) in [("again.json", "report.json"), ("again.md", "report.md")] {
        let read = |path: std::path::PathBuf| std::fs::read(path).expect("read");
        assert_eq!(read(here.path().join(again)), read(out.join(first)), "{again}");
    }
}

#[test]
fn reports_go_where_they_are_asked_to() {
    let here = folder();
    let json = idvet(here.path(), &["check", "saf/baseline/", "--report", "json=-", "--report", "junit=j/x.xml"]);
    assert_eq!(json.code, exit::SATISFIED);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON and nothing else");
    assert_eq!(report["format"], "idvet/report/1");
    assert!(here.path().join("j/x.xml").exists() && here.path().join("reports/latest/junit.xml").exists());
    assert_eq!(idvet(here.path(), &["check", "saf/baseline/", "--quiet"]).stdout, "");
    let zh = idvet(here.path(), &["check", "saf/baseline/", "--lang", "zh"]);
    assert!(zh.stdout.contains("已满足") || !zh.stdout.is_ascii(), "{}", zh.stdout);
    std::fs::write(here.path().join("taken"), "").expect("written");
    let taken = idvet(here.path(), &["check", "saf/baseline/", "--out", "taken"]);
    assert_eq!(taken.code, exit::USAGE);
    assert!(taken.stderr.starts_with("error: failed to write to taken: "), "{}", taken.stderr);
}

#[test]
fn a_selection_that_matches_nothing_is_a_slip() {
    let here = folder();
    let none = idvet(here.path(), &["check", "cloudauht/codes-init"]);
    assert_eq!(none.code, exit::USAGE);
    assert!(none.stderr.contains("nearest: cloudauth/codes-init"), "{}", none.stderr);
    assert_eq!(idvet(here.path(), &["check", "--only", "saf", "--skip", "saf"]).code, exit::COULD_NOT_JUDGE);
    assert_eq!(idvet(here.path(), &["check", "--only", "nothing.like.this"]).code, exit::USAGE);
    let target = idvet(here.path(), &["check", "--target", "mokc"]);
    assert_eq!(target.code, exit::USAGE);
    assert!(target.stderr.contains("did you mean `mock`?"), "{}", target.stderr);
    assert!(!here.path().join("reports").exists(), "nothing is written for a run that never was");
}

#[test]
fn another_server_is_judged_by_its_address_alone_run_after_run() {
    let here = folder();
    let plain = Server::new(|_| {});
    let secure = Server::new(|options| options.tls = true);
    std::fs::write(here.path().join("ca.pem"), secure.running.ca_pem().expect("a CA")).expect("written");
    let (http, https) = (plain.running.url(), secure.running.url());
    assert_eq!(idvet(here.path(), &["check", "--out", "embedded"]).code, exit::SATISFIED);
    let expected = verdicts(&here.path().join("embedded"));
    assert!(expected.len() >= 600 && expected.iter().all(|(_, outcome)| outcome == "passed"));
    for (name, line) in [
        ("http", vec!["--target", &http]),
        ("https", vec!["--target", &https, "--ca", "ca.pem"]),
        // A second run meets clocks, nonces and limits of the first.
        ("again", vec!["--target", &http]),
    ] {
        let ran = idvet(here.path(), &[vec!["check", "--out", name], line].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (exit::SATISFIED, ""), "{name}: {}", ran.stdout);
        assert_eq!(verdicts(&here.path().join(name)), expected, "{name}");
    }
    plain.stop();
    secure.stop();
}

#[test]
fn a_target_file_does_what_a_url_does() {
    let here = folder();
    let server = Server::new(|_| {});
    let text = std::fs::read_to_string(project("suites/targets/mock.yaml")).expect("read");
    let text = text.replace(": embedded", &format!(": {}", server.running.url()));
    let control = format!("control: {}\ncapabilities:", server.running.control_url());
    std::fs::write(here.path().join("own.yaml"), text.replacen("capabilities:", &control, 1)).expect("written");
    let ran = idvet(here.path(), &["check", "cloudauth/", "--target", "own.yaml"]);
    assert_eq!(ran.code, exit::SATISFIED, "{}{}", ran.stderr, ran.stdout);
    server.stop();
}

#[test]
fn a_target_that_is_not_there_leaves_a_partial_report() {
    let here = folder();
    let server = Server::new(|options| options.tls = true);
    let address = server.running.address();
    let wrong_way = |ran: Ran, expected: &str| {
        assert_eq!(ran.code, exit::COULD_NOT_JUDGE, "{}{}", ran.stderr, ran.stdout);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        let out = here.path().join("reports/latest");
        assert_eq!(summary(&out)["gate"]["exit_code"], 3);
    };
    let check = |target: &str| idvet(here.path(), &["check", "saf/baseline/", "saf/throttling/", "--target", target]);
    wrong_way(check(&format!("https://{address}")), "TLS failed: invalid peer certificate");
    // The listener of an HTTPS address tells plain calls what it takes; that is no fault of theirs or ours.
    let plain = check(&format!("http://{address}"));
    assert!(plain.stdout.contains("the target takes HTTPS only"), "{}", plain.stdout);
    wrong_way(plain, "");
    server.stop();
    wrong_way(check(&format!("http://{address}")), "failed to reach the target at");
    let report = std::fs::read_to_string(here.path().join("reports/latest/report.md")).expect("read");
    assert!(report.to_uppercase().contains("PARTIAL"), "{report}");
}

#[test]
fn addresses_beyond_this_machine_need_to_be_allowed() {
    let here = folder();
    let ran = idvet(here.path(), &["check", "saf/baseline/", "--target", "http://192.0.2.1"]);
    assert_eq!(ran.code, exit::USAGE);
    assert!(ran.stderr.contains("it is not this machine, and --allow-real was not given"), "{}", ran.stderr);
}

#[test]
fn known_failures_excuse_and_go_stale() {
    let here = folder();
    let ledger = |requirement: &str, expires: &str| {
        let text = format!(
            "format: idvet/known-failures/1\nentries:\n  - requirement: {requirement}\n    cause: never\n    \
             reason: none\n    owner: nobody\n    expires: \"{expires}\"\n"
        );
        std::fs::write(here.path().join("known.yaml"), text).expect("written");
        idvet(here.path(), &["check", "gateway/tampering", "--known-failures", "known.yaml"])
    };
    let stale = ledger("gateway.code.SignatureDoesNotMatch", "2099-01-01");
    assert_eq!(stale.code, exit::STALE_LEDGER, "{}{}", stale.stderr, stale.stdout);
    let unknown = ledger("gateway.code.Nonsense", "2099-01-01");
    assert_eq!(unknown.code, exit::USAGE);
    assert!(unknown.stderr.contains("no contract has the requirement gateway.code.Nonsense"), "{}", unknown.stderr);
    assert!(ledger("gateway.code.SignatureDoesNotMatch", "soon").stderr.contains("yyyy-MM-dd"));
}
