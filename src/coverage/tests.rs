//! Every verdict can occur, is counted once, and leads to its exit code.

use indexmap::IndexMap;

use super::*;
use crate::event::*;

/// Requirements `must.a`, `must.b`, `should.a`, `info.a` and one that is stated to be out of reach.
fn start(strict: bool) -> Vec<Event> {
    let mut events = vec![Event::RunStarted(RunStarted {
        schema_version: SCHEMA_VERSION,
        tool: "idvet".to_owned(),
        command: "check".to_owned(),
        subject: "mock".to_owned(),
        seed: 1,
        arguments: vec![],
        strict,
        would_catch: None,
        started_at: "2026-11-22T04:41:16Z".to_owned(),
    })];
    for id in ["must.a", "must.b", "should.a", "info.a", "must.far"] {
        let stated = (id == "must.far").then(|| "real person needed".to_owned());
        events.push(Event::Requirement(RequirementDeclared {
            id: id.to_owned(),
            level: id.split('.').next().expect("a level").to_owned(),
            api: "gateway".to_owned(),
            operation: None,
            text_en: id.to_owned(),
            text_zh: id.to_owned(),
            citations: vec![],
            unexercised_en: stated.clone(),
            unexercised_zh: stated,
        }));
    }
    events
}

fn entry(requirement: &str, case: Option<&str>, cause: &str, expires: &str) -> Event {
    Event::KnownFailure(KnownFailureDeclared {
        requirement: requirement.to_owned(),
        case: case.map(str::to_owned),
        cause: cause.to_owned(),
        reason: "r".to_owned(),
        owner: "o".to_owned(),
        expires: expires.to_owned(),
    })
}

/// `case[~twin] requirement=held|wrong… verdict`; each `requirement` is also named by the case.
fn case(line: &str) -> [Event; 2] {
    let mut words: Vec<&str> = line.split(' ').collect();
    let (name, twin) = words[0].split_once('~').map_or((words[0], None), |(name, twin)| (name, Some(twin)));
    let verdict = match words.pop().expect("a verdict") {
        "passed" => Verdict::Passed,
        "failed" => Verdict::Failed,
        "skipped" => Verdict::NotExercised,
        "open" => Verdict::Indeterminate,
        "broken" => Verdict::HarnessError,
        other => panic!("{other}"),
    };
    let pairs: Vec<(&str, &str)> = words[1..].iter().map(|word| word.split_once('=').expect("a pair")).collect();
    let checks = pairs.iter().filter(|(_, result)| *result != "none").map(|(requirement, result)| CheckRecorded {
        requirement: (*requirement).to_owned(),
        check: "code".to_owned(),
        step: 0,
        mismatch: (*result != "held").then(|| Mismatch {
            place: "response body, Code".to_owned(),
            expected: "200".to_owned(),
            actual: (*result).to_owned(),
        }),
    });
    let finished = CaseFinished {
        case: name.to_owned(),
        verdict,
        reason: (!matches!(verdict, Verdict::Passed | Verdict::Failed)).then(|| "because".to_owned()),
        checks: checks.collect(),
        elapsed_micros: 1,
    };
    let planned = CasePlanned {
        case: name.to_owned(),
        api: "gateway".to_owned(),
        title_en: name.to_owned(),
        title_zh: name.to_owned(),
        requirements: pairs.iter().map(|(requirement, _)| (*requirement).to_owned()).collect(),
        place: "suites/x.yaml:1".to_owned(),
        twin: twin.map(str::to_owned),
        reproduce: format!("idvet check {name}"),
    };
    [Event::CasePlanned(planned), Event::CaseFinished(finished)]
}

fn end(partial: bool, cause: Option<StopCause>) -> Event {
    let calls = IndexMap::new();
    Event::RunFinished(RunFinished { partial, cause, reason: None, calls, billable_calls: 0, elapsed_micros: 1 })
}

fn summary(strict: bool, entries: &[Event], cases: &[&str]) -> Summary {
    let mut events = start(strict);
    events.extend_from_slice(entries);
    cases.iter().for_each(|line| events.extend(case(line)));
    events.push(end(false, None));
    Summary::from_events(&events)
}

fn verdict(summary: &Summary, id: &str) -> RequirementVerdict {
    summary.requirements.iter().find(|result| result.id == id).expect("declared").verdict
}

#[test]
fn a_requirement_is_as_good_as_its_worst_definite_check() {
    use RequirementVerdict::*;
    let cases: &[(&[&str], &str, RequirementVerdict)] = &[
        (&["c must.a=held passed"], "must.a", Passed),
        (&["c must.a=held passed", "d must.a=401 failed"], "must.a", Failed),
        (&["c must.a=held passed", "d must.a=held open"], "must.a", Passed),
        (&["c must.a=held open"], "must.a", Indeterminate),
        (&["c must.a=held open", "d must.a=none skipped"], "must.a", Indeterminate),
        (&["c must.a=none skipped"], "must.a", NotExercised),
        (&["c must.b=held passed"], "must.a", NeverNamed),
        (&["c must.b=held passed"], "must.far", Unexercised),
        (&["c must.far=held passed"], "must.far", Passed),
        (&["c info.a=held passed"], "info.a", Holds),
        (&["c info.a=x passed"], "info.a", Differs),
        (&["c info.a=x failed"], "info.a", Differs),
        // A named requirement without a check is proven by a case that passed, open when the case failed elsewhere.
        (&["c must.a=none must.b=held passed"], "must.a", Passed),
        (&["c must.a=none must.b=401 failed"], "must.a", Indeterminate),
        (&["c must.a=held must.b=401 failed"], "must.a", Passed),
        (&["c must.a=none passed"], "must.a", Indeterminate),
        // A refusal proves nothing without its twin.
        (&["c~t must.a=held passed", "t must.b=held passed"], "must.a", Passed),
        (&["c~t must.a=held passed", "t must.b=401 failed"], "must.a", Indeterminate),
        (&["c~t must.a=held passed", "t must.b=held open"], "must.a", Indeterminate),
        (&["c~t must.a=held passed"], "must.a", Indeterminate),
        (&["c~t must.a=401 failed", "t must.b=401 failed"], "must.a", Failed),
        (&["c~t must.a=held passed", "t info.a=x passed"], "must.a", Passed),
    ];
    for (lines, id, expected) in cases {
        assert_eq!(verdict(&summary(false, &[], lines), id), *expected, "{lines:?}");
    }
}

#[test]
fn every_outcome_of_a_case_occurs_and_is_counted_once() {
    let lines = [
        "a must.a=held passed",
        "b must.b=401 failed",
        "c should.a=401 failed",
        "d must.a=known failed",
        "e must.a=none skipped",
        "f must.a=none open",
        "g must.a=none broken",
        "h must.a=held failed",
        "i info.a=x failed",
        "j undeclared=x failed",
        "k~b must.a=held passed",
    ];
    let summary = summary(false, &[entry("must.a", None, "known", "2026-11-22")], &lines);
    let outcomes: Vec<CaseOutcome> = summary.case_results.iter().map(|case| case.outcome).collect();
    use CaseOutcome::*;
    let expected = [
        Passed,
        Failed,
        Warned,
        KnownFailure,
        NotExercised,
        Indeterminate,
        HarnessError,
        HarnessError,
        Passed,
        Failed,
        Indeterminate,
    ];
    assert_eq!(outcomes, expected);
    let totals = summary.cases;
    let sum = totals.passed + totals.warned + totals.failed + totals.known_failures + totals.not_exercised;
    assert_eq!(sum + totals.indeterminate + totals.harness_errors + totals.not_run, lines.len());
    assert_eq!((totals.selected, totals.with_proven_twin, totals.with_unproven_twin), (lines.len(), 0, 1));
    let must = summary.figures.must;
    let by_verdict = must.covered() + must.indeterminate + must.not_exercised + must.unexercised + must.never_named;
    assert_eq!((must.total, by_verdict), (3, 3));
    assert_eq!(summary.by_api["gateway"], summary.figures);
}

#[test]
fn the_two_figures_stand_over_a_fixed_denominator() {
    let few = summary(false, &[], &["c must.a=held passed"]).figures;
    assert_eq!((few.requirements, few.covered, few.wrong_must, few.wrong_should), (4, 1, 0, 0));
    let known = [entry("must.b", Some("d"), "expected 200, actual 401", "2027-01-01")];
    let lines = ["c must.a=500 should.a=x info.a=y failed", "d must.b=401 failed"];
    let all = summary(false, &known, &lines).figures;
    assert_eq!((all.requirements, all.covered, all.wrong_must, all.wrong_should, all.known_failures), (4, 3, 1, 1, 1));
    assert_eq!((all.info.total, all.info.differs), (1, 1));
}

#[test]
fn a_ledger_entry_applies_rests_or_goes_stale() {
    use KnownState::*;
    let cases: &[(Event, &[&str], KnownState, u8)] = &[
        (entry("must.a", None, "401", "2026-11-22"), &["c must.a=401 failed"], Applied, 0),
        (entry("must.a", Some("c"), "Code", "2026-11-23"), &["c must.a=401 failed"], Applied, 0),
        (entry("must.a", Some("d"), "401", "2026-11-23"), &["c must.a=401 failed"], NotJudged, 1),
        (entry("must.a", None, "402", "2026-11-23"), &["c must.a=401 failed"], NoLongerFails, 1),
        (entry("must.a", None, "401", "2026-11-21"), &["c must.a=401 failed"], Expired, 1),
        (entry("must.a", None, "401", "2026-11-21"), &["c must.a=held passed"], Expired, 4),
        (entry("must.a", None, "401", "2026-11-23"), &["c must.a=held passed"], NoLongerFails, 4),
        (entry("must.a", None, "401", "2026-11-23"), &["c must.b=held passed"], NotJudged, 0),
        (entry("must.z", None, "401", "2026-11-23"), &["c must.b=held passed"], Unknown, 4),
        (entry("info.a", None, "401", "2026-11-23"), &["c info.a=401 must.b=held passed"], Unknown, 4),
    ];
    for (entry, lines, state, exit_code) in cases {
        let summary = summary(false, std::slice::from_ref(entry), lines);
        assert_eq!(summary.known_failures[0].state, *state, "{entry:?} {lines:?}");
        assert_eq!(summary.gate.exit_code, *exit_code, "{entry:?} {lines:?}");
    }
}

#[test]
fn an_excuse_covers_its_own_mismatch_only() {
    let known = [entry("must.a", None, "401", "2027-01-01")];
    let summary = summary(false, &known, &["c must.a=401 must.b=401 failed"]);
    assert_eq!(summary.case_results[0].outcome, CaseOutcome::Failed);
    assert_eq!(verdict(&summary, "must.a"), RequirementVerdict::KnownFailure);
    assert_eq!(verdict(&summary, "must.b"), RequirementVerdict::Failed);
}

#[test]
fn the_gravest_finding_decides_the_exit_code() {
    let ten_passed: Vec<String> = (0..10).map(|n| format!("p{n} must.a=held passed")).collect();
    let with = |extra: &[&str]| -> Vec<String> {
        ten_passed.iter().cloned().chain(extra.iter().map(|line| (*line).to_owned())).collect()
    };
    let stale = entry("must.a", None, "401", "2027-01-01");
    let cases: Vec<(bool, Vec<Event>, Vec<String>, u8)> = vec![
        (false, vec![], with(&[]), 0),
        (false, vec![], with(&["c must.b=401 failed"]), 1),
        (false, vec![], with(&["c should.a=401 failed"]), 0),
        (true, vec![], with(&["c should.a=401 failed"]), 1),
        (true, vec![], with(&["c info.a=401 passed"]), 0),
        (false, vec![], with(&["c must.b=none open"]), 0),
        (false, vec![], with(&["c must.b=none open", "d must.b=none open"]), 3),
        (false, vec![], vec![], 3),
        (false, vec![], vec!["c must.b=none open".to_owned()], 3),
        (false, vec![], vec!["c must.b=none skipped".to_owned()], 3),
        (false, vec![stale.clone()], with(&[]), 4),
        (false, vec![stale.clone()], with(&["c must.b=401 failed"]), 1),
        (false, vec![stale], with(&["c must.b=none open", "d must.b=none open"]), 3),
        (false, vec![], with(&["c must.b=401 failed", "d must.b=none broken"]), 70),
    ];
    for (strict, entries, lines, exit_code) in cases {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(summary(strict, &entries, &lines).gate.exit_code, exit_code, "{lines:?} {entries:?}");
    }
}

#[test]
fn a_run_that_was_stopped_is_partial_and_says_by_what() {
    let cases = [
        (Some(end(true, Some(StopCause::Budget))), 5),
        (Some(end(true, Some(StopCause::Interrupted))), 3),
        (Some(end(true, Some(StopCause::Target))), 3),
        (Some(end(true, Some(StopCause::Internal))), 70),
        (Some(end(true, None)), 3),
        (None, 3),
    ];
    for (last, exit_code) in cases {
        let mut events = start(false);
        events.extend(case("c must.a=held passed"));
        events.push(case("d must.b=held passed")[0].clone());
        events.extend(last);
        let summary = Summary::from_events(&events);
        assert!(summary.partial);
        assert_eq!(summary.cases.not_run, 1);
        assert_eq!(verdict(&summary, "must.b"), RequirementVerdict::NotExercised);
        assert_eq!(summary.gate.exit_code, exit_code);
    }
    let mut forgotten = start(false);
    forgotten.push(case("d must.b=held passed")[0].clone());
    forgotten.push(end(false, None));
    assert!(Summary::from_events(&forgotten).partial, "a planned case without an end makes a run partial");
}

#[test]
fn evidence_names_the_worst_first_and_counts_the_rest() {
    let mut lines: Vec<String> = (0..9).map(|n| format!("p{n} must.a=held passed")).collect();
    lines.push("f must.a=401 failed".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let summary = summary(false, &[], &lines);
    let result = &summary.requirements[0];
    let listed: Vec<&str> = result.evidence.iter().map(|evidence| evidence.case.as_str()).collect();
    assert_eq!((listed, result.n_cases), (vec!["f", "p0", "p1", "p2"], 10));
    assert_eq!((result.evidence[0].kind, result.evidence[0].step), (EvidenceKind::Mismatch, Some(0)));
}
