//! For CI: a suite for each suite file, a test case for each case, so that consumers count right.
//!
//! Failed is `failure`; indeterminate and harness errors are `error`; not exercised, not run and known failures are
//! `skipped` with their reason; a SHOULD that fails without `--strict` passes with a warning in `system-out`, as the
//! gate does. What concerns the run as a whole is a test case of the suite `idvet/run`.

use std::time::Duration;

use indexmap::IndexMap;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::coverage::{CaseOutcome, CaseResult, ExitReason, GateFinding};
use crate::report::markup::{cut, visible};
use crate::report::text::{self, Lang, Word};
use crate::report::{Document, block, console, table};

/// Characters of a value; `events.jsonl` has the rest.
const VALUE_LENGTH: usize = 2_000;

pub(super) fn render(document: &Document, lang: Lang) -> String {
    let summary = &document.summary;
    let mut suites: IndexMap<String, TestSuite> = IndexMap::new();
    for case in &summary.case_results {
        let (suite, name) = split_id(&case.case);
        let test = test_case(document, case, name, lang);
        suites.entry(suite.to_owned()).or_insert_with(|| TestSuite::new(visible(suite))).add_test_case(test);
    }
    let mut report = Report::new("idvet");
    if let Some(finished) = &summary.finished {
        report.set_time(Duration::from_micros(finished.elapsed_micros));
    }
    let mut suites: Vec<TestSuite> = suites.into_values().collect();
    // JUnit has properties of suites, not of reports.
    if let (Some(first), Some(text)) = (suites.first_mut(), table::would_catch(summary, lang)) {
        first.add_property(Property::new("would-catch", text));
    }
    report.add_test_suites(suites);
    report.add_test_suites(run_suite(document, lang));
    report.to_string().expect("XML text without control characters")
}

/// The file is what stands before the second `/`; ids without one are suites of their own.
fn split_id(case: &str) -> (&str, &str) {
    let second = case.match_indices('/').nth(1);
    second.map_or(("idvet", case), |(at, _)| (&case[..at], &case[at + 1..]))
}

fn test_case(document: &Document, case: &CaseResult, name: &str, lang: Lang) -> TestCase {
    let mut out = None;
    let status = match case.outcome {
        CaseOutcome::Passed => TestCaseStatus::success(),
        CaseOutcome::Warned => {
            out = Some(story(document, case, lang));
            TestCaseStatus::success()
        }
        CaseOutcome::Failed => {
            let mut status = non_success(NonSuccessKind::Failure, "mismatch", &headline(document, case, lang));
            status.set_description(story(document, case, lang));
            status
        }
        CaseOutcome::KnownFailure => {
            out = Some(story(document, case, lang));
            skipped(case, &excuse(document, case, lang), lang)
        }
        CaseOutcome::Indeterminate => non_success(NonSuccessKind::Error, "indeterminate", reason(case)),
        CaseOutcome::HarnessError => non_success(NonSuccessKind::Error, "harness-error", reason(case)),
        CaseOutcome::NotExercised | CaseOutcome::NotRun => skipped(case, reason(case), lang),
    };
    let mut test = TestCase::new(visible(name), status);
    test.set_classname(visible(split_id(&case.case).0).replace('/', "."));
    test.set_time(Duration::from_micros(case.elapsed_micros));
    test.set_assertions(case.n_checks);
    if let Some(out) = out {
        test.set_system_out(out);
    }
    test
}

fn non_success(kind: NonSuccessKind, what: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(what).set_message(visible(&cut(message, VALUE_LENGTH)));
    status
}

fn skipped(case: &CaseResult, why: &str, lang: Lang) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    let message = format!("{}: {why}", text::outcome(lang, case.outcome));
    status.set_message(visible(&cut(&message, VALUE_LENGTH)));
    status
}

fn reason(case: &CaseResult) -> &str {
    case.reason.as_deref().unwrap_or("-")
}

/// The first mismatch on one line.
fn headline(document: &Document, case: &CaseResult, lang: Lang) -> String {
    let first = block::blocks(document, case, lang).into_iter().find(|block| !block.is_known);
    first.map_or_else(String::new, |block| {
        let [place, expected, actual] = block.sides().map(|(_, value)| cut(value, VALUE_LENGTH));
        let (wanted, got) = (lang.say(Word::Expected), lang.say(Word::Actual));
        format!("{}: {place}: {wanted} {expected}, {got} {actual}", block.requirement)
    })
}

/// Every mismatch, with what is needed to run the case again.
fn story(document: &Document, case: &CaseResult, lang: Lang) -> String {
    let mut lines = vec![lang.pick(&case.title_en, &case.title_zh).to_owned()];
    let mut add = |label: Word, value: &str| lines.push(format!("{}: {}", lang.say(label), cut(value, VALUE_LENGTH)));
    for block in block::blocks(document, case, lang) {
        add(Word::Requirement, &format!("{} ({})", block.requirement, block.level_name()));
        block.citations.iter().for_each(|citation| add(Word::Citation, citation));
        block.sides().into_iter().for_each(|(label, value)| add(label, value));
    }
    add(Word::Suite, &case.place);
    add(Word::Again, &case.reproduce);
    lines.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n")
}

fn excuse(document: &Document, case: &CaseResult, lang: Lang) -> String {
    let entry = document.summary.known_failures.iter().find(|entry| entry.cases.contains(&case.case));
    entry.map_or_else(String::new, |entry| {
        let (owner, expires) = (lang.say(Word::Owner), lang.say(Word::Expires));
        format!("{} ({owner} {}, {expires} {})", entry.reason, entry.owner, entry.expires)
    })
}

/// Findings that no case carries; without them a stopped run would look green.
fn run_suite(document: &Document, lang: Lang) -> Option<TestSuite> {
    let mut suite = TestSuite::new("idvet/run");
    for finding in &document.summary.gate.findings {
        let name = match finding {
            GateFinding::MustFailed { .. } | GateFinding::ShouldFailed { .. } | GateFinding::HarnessErrors { .. } => {
                continue;
            }
            GateFinding::NothingSelected | GateFinding::NothingJudged => "judged",
            GateFinding::TooMuchIndeterminate { .. } => "determinate",
            GateFinding::Stopped { .. } => "complete",
            GateFinding::StaleLedger { .. } => "ledger",
        };
        let mut message = text::finding(lang, *finding);
        if name == "complete" {
            message = format!("{}: {message}{}", lang.say(Word::Partial), console::why_partial(document));
        }
        let is_ledger = finding.reason() == ExitReason::StaleLedger;
        let kind = if is_ledger { NonSuccessKind::Failure } else { NonSuccessKind::Error };
        let mut test = TestCase::new(name, non_success(kind, name, &message));
        test.set_classname("idvet.run");
        suite.add_test_case(test);
    }
    (suite.tests > 0).then_some(suite)
}
