//! Streams go to disk and back; every format tells the same run, whatever stands in its texts.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use super::events::*;
use super::fixture::{HOSTILE, interrupted, mixed};
use super::*;
use crate::coverage::{CaseOutcome, Summary};
use crate::event::Event;
use crate::redact::{Form, Redactor, Sensitive, What};

fn lines(events: &[Event]) -> String {
    let mut writer = EventWriter::new(Vec::new(), Redactor::default());
    for event in events {
        writer.write(event.clone()).expect("written");
    }
    String::from_utf8(writer.into_inner()).expect("UTF-8")
}

#[test]
fn the_fixtures_hold_the_runs_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/events");
    let mixed = lines(&mixed());
    let cut = &mixed[..mixed.len() - 40];
    for (name, text) in
        [("mixed.jsonl", mixed.as_str()), ("cut.jsonl", cut), ("interrupted.jsonl", &lines(&interrupted()))]
    {
        let path = folder.join(name);
        let held = std::fs::read_to_string(&path).unwrap_or_default();
        if held != text {
            let fresh = path.with_extension("jsonl.new");
            std::fs::write(&fresh, text).expect("writable fixtures");
            panic!("{name} is stale: look at {} and move it over", fresh.display());
        }
    }
}

#[test]
fn a_stream_comes_back_as_written() {
    let events = mixed();
    let stream = read_events(lines(&events).as_bytes()).expect("readable");
    assert_eq!((stream.events, stream.truncated), (events, false));
}

#[test]
fn a_cut_last_line_is_left_out_and_other_damage_is_named() {
    let whole = lines(&mixed());
    for cut in [1, 2, 40, 400] {
        let stream = read_events(&whole.as_bytes()[..whole.len() - cut]).expect("readable");
        // Without its line break alone, the last line is still whole.
        assert_eq!((stream.truncated, stream.events.len() == mixed().len()), (cut > 1, cut == 1), "{cut}");
    }
    let second = whole.lines().nth(1).expect("a second line");
    let cases = [
        (String::new(), "find any event: the stream is empty"),
        (whole.replace(second, "{\"event\":\"requirement\"}"), "understand line 2: missing field"),
        (whole.replace(second, "{\"event\":"), "understand line 2: EOF"),
        (whole.replacen("\"schema_version\":1", "\"schema_version\":2", 1), "read events of version 2"),
        (second.to_owned() + "\n", "find a run-started event in line 1"),
        ("not json\n".to_owned(), "understand line 1"),
    ];
    for (text, expected) in cases {
        let error = read_events(text.as_bytes()).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = read_events(&b"\xff\xfe\n"[..]).expect_err("not UTF-8");
    assert_eq!(error.to_string(), "understand line 1: not UTF-8 from byte 0");
}

#[test]
fn known_values_do_not_reach_the_stream_and_reports_are_made_of_what_was_written() {
    let redactor = Redactor::new([Sensitive { what: What::PersonName, text: "张三" }]);
    let mut writer = EventWriter::new(Vec::new(), redactor.clone());
    let written: Vec<Event> = mixed().into_iter().map(|event| writer.write(event).expect("written")).collect();
    let bytes = writer.into_inner();
    assert!(redactor.scan(&bytes).is_empty());
    let read = read_events(bytes.as_slice()).expect("readable").events;
    assert_eq!(written, read);
    for format in Format::ALL {
        let (live, again) = (Document::new(&written), Document::new(&read));
        assert_eq!(render(format, &live, Lang::En), render(format, &again, Lang::En), "{format:?}");
    }
}

#[test]
fn a_file_that_leaks_does_not_stay() {
    let redactor = Redactor::new([Sensitive { what: What::PersonName, text: "张三" }]);
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("deep/report.md");
    let error = write_report(Format::Markdown, &path, &Document::new(&mixed()), Lang::En, &redactor);
    match error.expect_err("the fixture names a person") {
        error @ WriteError::Leak { .. } => {
            assert!(error.is_bug() && !error.to_string().contains("张三"), "{error}");
        }
        other => panic!("{other}"),
    }
    assert!(!path.exists());
    write_report(Format::Markdown, &path, &Document::new(&mixed()), Lang::En, &Redactor::default()).expect("written");
    assert!(path.exists());
    assert_eq!(redactor.scan("张三".as_bytes())[0].form, Form::Plain);
}

#[test]
fn volatile_fields_are_all_that_may_differ() {
    let strip = |event: &Event| {
        let mut event = event.clone();
        strip_volatile(&mut event);
        event
    };
    let (mut one, two) = (mixed(), mixed());
    for event in &mut one {
        match event {
            Event::RunStarted(run) => run.started_at = "2030-01-01T00:00:00Z".to_owned(),
            Event::Exchange(exchange) => {
                exchange.elapsed_micros += 1;
                exchange.request.body_bytes += 1;
                exchange.request.volatile.clear();
            }
            Event::CaseFinished(case) => case.elapsed_micros += 1,
            Event::RunFinished(run) => run.elapsed_micros += 1,
            _ => {}
        }
    }
    assert_ne!(one, two);
    assert_eq!(one.iter().map(strip).collect::<Vec<_>>(), two.iter().map(strip).collect::<Vec<_>>());
}

#[test]
fn every_format_reads_as_it_did() {
    for (name, events) in [("mixed", mixed()), ("interrupted", interrupted())] {
        let document = Document::new(&events);
        for lang in [Lang::En, Lang::Zh] {
            for format in Format::ALL {
                if format == Format::Json && lang == Lang::Zh {
                    continue; // JSON holds both languages.
                }
                insta::assert_snapshot!(format!("{name}.{}.{lang}", format.name()), render(format, &document, lang));
            }
        }
    }
}

/// Takes fenced blocks and code spans out of Markdown; what they hold is shown, never interpreted.
fn outside_code(markdown: &str) -> String {
    let mut text = String::new();
    let mut fence = "";
    for line in markdown.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match (fence, ticks.len() >= 3) {
            ("", true) => fence = ticks,
            ("", false) => text.push_str(&format!("{line}\n")),
            (_, _) if line == fence => fence = "",
            (_, _) => {}
        }
    }
    assert_eq!(fence, "", "every block is closed");
    let spans = regex::Regex::new("``.*?``|`[^`]*`").expect("pattern");
    spans.replace_all(&text.replace("\\`", ""), "").into_owned()
}

#[test]
fn no_format_lets_foreign_text_act() {
    let document = Document::new(&mixed());
    for lang in [Lang::En, Lang::Zh] {
        for format in Format::ALL {
            let text = render(format, &document, lang);
            assert!(!text.contains('\u{1b}'), "{format:?}");
            if matches!(format, Format::Junit | Format::Markdown) {
                assert!(!outside_code(&text).contains("<script>"), "{format:?}");
            }
            assert!(format == Format::Json || !text.contains('\u{202e}'), "{format:?}");
        }
        let console = render(Format::Console, &document, lang);
        assert!(!console.contains(HOSTILE) && !console.contains('\u{1b}'));
    }
    assert!(render_coloured(&document, Lang::En).contains("\u{1b}[1m\u{1b}[31mFAILED"));
    let markdown = render(Format::Markdown, &document, Lang::En);
    for row in markdown.lines().filter(|line| line.starts_with("| `")) {
        let bars = row.replace("\\|", "").matches('|').count();
        assert!(bars == 7 || bars == 8, "{bars}: {row}");
    }
}

#[test]
fn junit_counts_as_the_gate_does() {
    let document = Document::new(&mixed());
    let totals = document.summary.cases;
    let report = Report::deserialize_from_str(&render(Format::Junit, &document, Lang::En)).expect("XML");
    let run_level = report.test_suites.iter().find(|suite| suite.name.as_str() == "idvet/run").expect("findings");
    assert_eq!(report.tests, totals.selected + run_level.tests);
    assert_eq!(report.failures, totals.failed + run_level.failures);
    assert_eq!(report.errors, totals.indeterminate + totals.harness_errors + run_level.errors);
    assert_eq!((run_level.tests, run_level.failures), (2, 1), "too much indeterminate, stale ledger");
    let mut counted = [0; 4];
    for test in report.test_suites.iter().flat_map(|suite| &suite.test_cases) {
        counted[match &test.status {
            TestCaseStatus::Success { .. } => 0,
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => 1,
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => 2,
            TestCaseStatus::Skipped { .. } => 3,
        }] += 1;
    }
    assert_eq!(
        counted,
        [totals.passed + totals.warned, report.failures, report.errors, totals.known_failures + totals.not_exercised]
    );
    let names: Vec<&str> = report.test_suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(names, ["cloudauth/request", "cloudauth/codes", "saf/lifecycle", "idvet/run"]);
}

#[test]
fn the_fixture_has_every_outcome_once_or_more() {
    let summary = Summary::from_events(&mixed());
    use CaseOutcome::*;
    for outcome in [Passed, Warned, Failed, KnownFailure, NotExercised, Indeterminate, HarnessError] {
        assert!(summary.case_results.iter().any(|case| case.outcome == outcome), "{outcome:?}");
    }
    assert_eq!(Summary::from_events(&interrupted()).cases.not_run, 1);
}

#[test]
fn a_partial_run_says_so_in_every_format() {
    let mut killed = mixed();
    killed.truncate(killed.len() - 2);
    for events in [interrupted(), killed] {
        let document = Document::new(&events);
        for (lang, word) in [(Lang::En, "PARTIAL RUN"), (Lang::Zh, "未完整运行")] {
            for format in [Format::Console, Format::Junit, Format::Markdown] {
                assert!(render(format, &document, lang).contains(word), "{format:?} {lang}");
            }
        }
        let json: serde_json::Value = serde_json::from_str(&render(Format::Json, &document, Lang::En)).expect("JSON");
        assert_eq!(json["summary"]["partial"], true);
        let junit = Report::deserialize_from_str(&render(Format::Junit, &document, Lang::En)).expect("XML");
        assert!(junit.errors > 0);
    }
    let whole = render(Format::Console, &Document::new(&mixed()), Lang::En);
    assert!(!whole.contains("PARTIAL"));
}

#[test]
fn what_is_written_obeys_the_published_schemas() {
    let events = jsonschema::validator_for(&event_schema()).expect("a schema");
    for line in lines(&interrupted()).lines().chain(lines(&mixed()).lines()) {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(events.is_valid(&value), "{line}");
    }
    let report = jsonschema::validator_for(&report_schema()).expect("a schema");
    let mut value: serde_json::Value =
        serde_json::from_str(&render(Format::Json, &Document::new(&mixed()), Lang::En)).expect("JSON");
    assert!(report.is_valid(&value));
    value["summary"]["figures"]["covered"] = "many".into();
    assert!(!report.is_valid(&value));
}

#[test]
fn progress_counts_what_it_hears() {
    let mut bar = progress::Progress::new(false);
    mixed().iter().take_while(|event| !matches!(event, Event::RunFinished(_))).for_each(|event| bar.hear(event));
    assert_eq!(bar.position(), (10, 10));
}

#[test]
fn an_explanation_is_plain_text_in_both_languages() {
    let explained = explain::Explained {
        id: "saf.rule.x".to_owned(),
        kind: "rule".to_owned(),
        level: Some("must".to_owned()),
        text_en: "Fact".to_owned(),
        text_zh: HOSTILE.to_owned(),
        facts: vec![("HTTP status".to_owned(), "400".to_owned())],
        citations: vec!["doc.txt".to_owned()],
        related: vec!["saf/a/b".to_owned()],
        ..Default::default()
    };
    let en = "rule saf.rule.x (MUST)\n  Fact\n  HTTP status: 400\n  citation: doc.txt\n  exercised by:\n    saf/a/b\n";
    assert_eq!(explain::explain(&explained, Lang::En), en);
    let zh = explain::explain(&explained, Lang::Zh);
    assert!(zh.contains("覆盖用例:") && !zh.contains('\u{1b}') && zh.lines().count() == 6);
}
