//! The whole check on the embedded mock: every case of the embedded suites.

use std::sync::Arc;

use crate::cli::check::check;
use crate::clock::SystemClock;
use crate::contract::Contracts;
use crate::event::{Event, Verdict};
use crate::files::SuiteFiles;
use crate::plan::{PlanInput, Selection, plan};
use crate::report::events::strip_volatile;
use crate::runner::{RunInput, RunOptions, redactor};
use crate::{suite, target};

pub(super) fn input(patterns: &[&str]) -> RunInput {
    let files = SuiteFiles::embedded();
    let contracts = Contracts::load(&files).expect("the contracts load");
    let suites = suite::load(&files, &contracts).expect("the suites load");
    let target = target::load(&files, "mock").expect("the target loads");
    let selection =
        Selection { patterns: patterns.iter().map(|text| (*text).to_owned()).collect(), ..Selection::default() };
    let input = PlanInput { suites: &suites, contracts: &contracts, target: &target, selection: &selection, seed: 1 };
    let plan = plan(&input).expect("plans");
    RunInput {
        plan: Arc::new(plan),
        contracts: Arc::new(contracts),
        suites: Arc::new(suites),
        redactor: redactor(&target),
        target: Arc::new(target),
        options: RunOptions::new(Arc::new(SystemClock)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_passes_on_the_embedded_mock() {
    let mut events = Vec::new();
    check(input(&[]), |event| events.push(event)).await.expect("the run begins");
    let mut problems = Vec::new();
    let mut n_cases = 0;
    for event in &events {
        let Event::CaseFinished(case) = event else { continue };
        n_cases += 1;
        if case.verdict != Verdict::Passed {
            let mismatches: Vec<_> = case.checks.iter().filter(|check| check.mismatch.is_some()).collect();
            problems.push(format!("{} {:?} {:?} {mismatches:?}", case.case, case.verdict, case.reason));
        }
    }
    assert!(n_cases >= 600, "{n_cases} cases");
    assert!(problems.is_empty(), "{} of {n_cases}:\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_with_one_seed_give_the_same_events_but_for_volatile_fields() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mut lines = Vec::new();
        let record = |mut event: Event| {
            strip_volatile(&mut event);
            lines.push(serde_json::to_string(&event).expect("an event is JSON"));
        };
        check(input(&["cloudauth/", "saf/", "verify-token/", "intl/"]), record).await.expect("the run begins");
        runs.push(lines);
    }
    let around = |first: &str, second: &str| {
        let at = first.bytes().zip(second.bytes()).take_while(|(a, b)| a == b).count();
        let cut =
            |text: &str| text.chars().skip(text[..at].chars().count().saturating_sub(60)).take(120).collect::<String>();
        format!("{}\n{}", cut(first), cut(second))
    };
    let pairs = runs[0].iter().zip(&runs[1]);
    let differing: Vec<String> =
        pairs.filter(|(first, second)| first != second).map(|(first, second)| around(first, second)).take(20).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
    assert_eq!(runs[0].len(), runs[1].len());
}
