//! Reports of a made-up run.

use super::*;
use crate::event::{Event, LoadClass, LoadWrong, Mismatch, RecordedMessage, StopCause};
use crate::load_summary::Reason;
use crate::load_summary::fixture::{MadeUp, row, second};

fn summary() -> LoadSummary {
    let ok = || row(LoadClass::Ok, "200", &(1..=100).map(|n| n * 100).collect::<Vec<_>>(), 40);
    let throttled = row(LoadClass::Throttled, "Throttling.User", &[300; 5], 40);
    let mut made_up = MadeUp::new(vec![second(0, vec![ok()]), second(1, vec![ok(), throttled])]);
    made_up.thresholds = vec!["p99(init) < 12ms", "throttled == 0", "p99.9 < 1s"];
    made_up.seconds[1].checked = 3;
    let mut events = made_up.events();
    let mismatch = Mismatch {
        place: "response body, RequestId".to_owned(),
        expected: "a string".to_owned(),
        actual: "\u{1b}[31m5 | <b>".to_owned(),
    };
    let response = RecordedMessage {
        start: "HTTP/1.1 200".to_owned(),
        headers: Vec::new(),
        parameters: Default::default(),
        body: "{}".to_owned(),
        body_bytes: 2,
        volatile: Default::default(),
    };
    let requirement = "cloudauth.InitFaceVerify.response.RequestId.type".to_owned();
    events.insert(3, Event::LoadWrong(LoadWrong { step: "init".to_owned(), requirement, mismatch, response }));
    LoadSummary::from_events(&events).expect("a load run")
}

#[test]
fn the_console_report_shows_figures_and_verdicts() {
    insta::assert_snapshot!(render_console(&summary(), Lang::En));
}

#[test]
fn every_format_is_rendered_in_both_languages() {
    let summary = summary();
    for lang in [Lang::En, Lang::Zh] {
        insta::assert_snapshot!(format!("markdown_{lang:?}"), LoadFormat::Markdown.render(&summary, lang));
    }
    insta::assert_snapshot!("csv", LoadFormat::Csv.render(&summary, Lang::En));
    insta::assert_snapshot!("hgrm", LoadFormat::Hgrm.render(&summary, Lang::En));
    insta::assert_snapshot!("json", LoadFormat::Json.render(&summary, Lang::En));
}

#[test]
fn reasons_are_told_in_both_languages() {
    let stopped = |cause| Reason::Stopped { cause: Some(cause), said: "stopped".to_owned() };
    let all = [
        Reason::NoCall,
        Reason::NothingMeasured,
        Reason::NoneChecked,
        Reason::NoGoodAnswer,
        Reason::TooFew { n: 7, percentile: 99.9, needed: 1_000.0 },
        Reason::Void { wrong: 7, checked: 70 },
        Reason::EndedEarly,
        Reason::Unsent { dropped: 7, lacking: false },
        Reason::Unsent { dropped: 7, lacking: true },
        Reason::Lacking,
        Reason::SentLate { ms: 7.0 },
        Reason::Missed("p99 < 7ms".to_owned()),
        Reason::Inconclusive("p99 < 7ms".to_owned(), Box::new(Reason::EndedEarly)),
        stopped(StopCause::Interrupted),
        stopped(StopCause::Budget),
        Reason::CutOff,
        Reason::NoneUnderstood,
        Reason::NoRateHolds { from: 7.0 },
        Reason::Unconfirmed,
    ];
    let has_chinese = |text: &str| text.chars().any(|char| ('\u{4e00}'..'\u{9fff}').contains(&char));
    for one in &all {
        let (english, chinese) = (words::reason(one, Lang::En), words::reason(one, Lang::Zh));
        assert!(!has_chinese(&english) && has_chinese(&chinese), "{english} | {chinese}");
        // Figures are the same in both.
        assert_eq!(english.matches('7').count(), chinese.matches('7').count(), "{english} | {chinese}");
    }
}

#[test]
fn nothing_of_a_peer_reaches_a_terminal_as_it_is() {
    let summary = summary();
    for text in [render_console(&summary, Lang::En), LoadFormat::Markdown.render(&summary, Lang::Zh)] {
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    let html = LoadFormat::Html.render(&summary, Lang::Zh);
    assert!(!html.contains("<b>") && html.contains("5 | &lt;b&gt;"), "{html}");
}

#[test]
fn the_page_has_every_plot_and_fetches_nothing() {
    let html = LoadFormat::Html.render(&summary(), Lang::En);
    assert_eq!(html.matches("<svg").count(), 5, "{html}");
    for title in ["by percentile", "Latency over time", "Rate asked and achieved", "Answers by kind", "How late"] {
        assert!(html.contains(title), "{title}");
    }
    assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("href="), "{html}");
}

#[test]
fn the_log_is_read_by_its_own_reader() {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    let text = LoadFormat::Hlog.render(&summary(), Lang::En);
    let entries: Vec<_> = IntervalLogIterator::new(text.as_bytes()).map(|entry| entry.expect("an entry")).collect();
    let mut counts = Vec::new();
    for entry in &entries {
        let LogEntry::Interval(interval) = entry else { continue };
        assert_eq!(interval.tag().map(|tag| tag.as_str()), Some("init"));
        let histogram = crate::load_summary::read_histogram(interval.encoded_histogram()).expect("a histogram");
        counts.push(histogram.len());
    }
    assert_eq!(counts, [100, 100]);
}

#[test]
fn shares_that_differ_are_told_in_points() {
    let run = |failed: usize| {
        let seconds = (0..20).map(|n| {
            let ok = row(LoadClass::Ok, "200", &vec![1_000; 100 - failed], 10);
            second(n, vec![ok, row(LoadClass::Failed, "reset", &vec![1_000; failed], 10)])
        });
        LoadSummary::from_events(&MadeUp::new(seconds.collect()).events()).expect("a load run")
    };
    let (base, new) = (run(10), run(30));
    let compared = crate::load_summary::compare(&base, &new, &Default::default()).expect("a step in common");
    let text = render_comparison(&base, &new, &compared, Lang::En);
    assert!(text.contains("| init | 10.00 % | 30.00 % | +20.00 points … +20.00 points | WORSE |"), "{text}");
    assert!(text.contains("NOT COMPARED"), "{text}");
    let same = crate::load_summary::compare(&base, &base, &Default::default()).expect("a step in common");
    let text = render_comparison(&base, &base, &same, Lang::Zh);
    assert!(text.contains("+0.00 个百分点 … +0.00 个百分点 | 未见变化，可察觉的变化为 +0.00 个百分点 |"), "{text}");
}
