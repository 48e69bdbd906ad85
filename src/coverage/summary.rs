//! Events in, [`Summary`] out.

use std::collections::HashMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::coverage::case::{Bench, CaseOutcome, CaseResult, Weight};
use crate::coverage::figures::{CaseTotals, Figures};
use crate::coverage::gate::{Basis, Gate};
use crate::coverage::known::{KnownFailureResult, Ledger};
use crate::coverage::requirement::{RequirementResult, conclude, gather};
use crate::event::{
    CaseFinished, CasePlanned, Event, KnownFailureDeclared, RequirementDeclared, RunFinished, RunStarted,
};

/// What a run came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Summary {
    /// Absent only for a stream cut before its first line.
    pub run: Option<RunStarted>,
    /// Absent when the run was killed.
    pub finished: Option<RunFinished>,
    /// True when not every planned case finished; figures then cover what did.
    pub partial: bool,
    pub gate: Gate,
    pub figures: Figures,
    /// By API, in contract order.
    pub by_api: IndexMap<String, Figures>,
    pub cases: CaseTotals,
    pub cases_by_api: IndexMap<String, CaseTotals>,
    /// In contract order.
    pub requirements: Vec<RequirementResult>,
    /// In plan order.
    pub case_results: Vec<CaseResult>,
    /// In ledger order.
    pub known_failures: Vec<KnownFailureResult>,
}

/// Hears events one by one; for streams that are not kept.
#[derive(Debug, Clone, Default)]
pub struct SummaryBuilder {
    run: Option<RunStarted>,
    finished: Option<RunFinished>,
    requirements: IndexMap<String, RequirementDeclared>,
    known: Vec<KnownFailureDeclared>,
    planned: IndexMap<String, CasePlanned>,
    cases: HashMap<String, CaseFinished>,
}

impl Summary {
    /// Builds the summary of a stream.
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut builder = SummaryBuilder::default();
        events.into_iter().for_each(|event| builder.hear(event));
        builder.finish()
    }
}

impl SummaryBuilder {
    /// Takes note of an event.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::RunStarted(run) => self.run = Some(run.clone()),
            Event::Requirement(declared) => {
                self.requirements.insert(declared.id.clone(), declared.clone());
            }
            Event::KnownFailure(entry) => self.known.push(entry.clone()),
            Event::CasePlanned(planned) => {
                self.planned.insert(planned.case.clone(), planned.clone());
            }
            Event::Exchange(_)
            | Event::LoadPlanned(_)
            | Event::LoadInterval(_)
            | Event::LoadPlateau(_)
            | Event::LoadWrong(_) => {}
            Event::CaseFinished(finished) => {
                self.planned.entry(finished.case.clone()).or_insert_with(|| unplanned(&finished.case));
                self.cases.insert(finished.case.clone(), finished.clone());
            }
            Event::RunFinished(finished) => self.finished = Some(finished.clone()),
        }
    }

    /// Concludes.
    pub fn finish(self) -> Summary {
        let weights: HashMap<&str, Weight> =
            self.requirements.values().map(|declared| (declared.id.as_str(), Weight::of(&declared.level))).collect();
        let finished: HashMap<&str, &CaseFinished> =
            self.cases.iter().map(|(case, finished)| (case.as_str(), finished)).collect();
        let today = self.run.as_ref().and_then(|run| run.started_at.get(..10)).unwrap_or_default();
        let strict = self.run.as_ref().is_some_and(|run| run.strict);
        let bench = Bench { weights: &weights, finished: &finished, strict };
        let mut ledger = Ledger::new(&self.known, today);
        let case_results: Vec<CaseResult> =
            self.planned.values().map(|planned| bench.judge(planned, &mut ledger)).collect();
        let mut gathered = gather(&case_results, &finished);
        let weight = |id: &str| weights.get(id).copied();
        let known_failures = ledger.results(weight, &case_results, &gathered.exercised);
        let requirements: Vec<RequirementResult> = self
            .requirements
            .values()
            .map(|declared| conclude(declared, gathered.evidence.remove(declared.id.as_str()).unwrap_or_default()))
            .collect();
        let must_failed_cases = count_must_failed(&case_results, &bench);
        self.conclude(Parts { strict, must_failed_cases, requirements, case_results, known_failures })
    }

    fn conclude(&self, parts: Parts) -> Summary {
        let (figures, by_api) = count_requirements(&parts.requirements);
        let (cases, cases_by_api) = count_cases(&parts.case_results);
        let partial = self.finished.as_ref().is_none_or(|finished| finished.partial) || cases.not_run > 0;
        let gate = Gate::judge(&Basis {
            strict: parts.strict,
            must_failed_cases: parts.must_failed_cases,
            figures: &figures,
            cases: &cases,
            known: &parts.known_failures,
            finished: self.finished.as_ref(),
            partial,
        });
        Summary {
            run: self.run.clone(),
            finished: self.finished.clone(),
            partial,
            gate,
            figures,
            by_api,
            cases,
            cases_by_api,
            requirements: parts.requirements,
            case_results: parts.case_results,
            known_failures: parts.known_failures,
        }
    }
}

struct Parts {
    strict: bool,
    must_failed_cases: usize,
    requirements: Vec<RequirementResult>,
    case_results: Vec<CaseResult>,
    known_failures: Vec<KnownFailureResult>,
}

fn count_must_failed(cases: &[CaseResult], bench: &Bench<'_>) -> usize {
    let has_must = |case: &&CaseResult| {
        let mut unexcused = case.mismatches.iter().enumerate().filter(|(idx, _)| !case.excused.contains(idx));
        unexcused.any(|(_, check)| bench.weight(&check.requirement) == Weight::Must)
    };
    cases.iter().filter(|case| case.outcome == CaseOutcome::Failed).filter(has_must).count()
}

fn count_requirements(requirements: &[RequirementResult]) -> (Figures, IndexMap<String, Figures>) {
    let (mut figures, mut by_api) = (Figures::default(), IndexMap::<String, Figures>::new());
    for result in requirements {
        figures.add(result);
        by_api.entry(result.api.clone()).or_default().add(result);
    }
    (figures, by_api)
}

fn count_cases(cases: &[CaseResult]) -> (CaseTotals, IndexMap<String, CaseTotals>) {
    let (mut totals, mut by_api) = (CaseTotals::default(), IndexMap::<String, CaseTotals>::new());
    for case in cases {
        totals.add(case);
        by_api.entry(case.api.clone()).or_default().add(case);
    }
    (totals, by_api)
}

/// Stands in for the plan of a case that only finished; a damaged stream must not hide a verdict.
fn unplanned(case: &str) -> CasePlanned {
    CasePlanned {
        case: case.to_owned(),
        api: case.split('/').next().unwrap_or_default().to_owned(),
        title_en: case.to_owned(),
        title_zh: case.to_owned(),
        requirements: Vec::new(),
        place: String::new(),
        twin: None,
        reproduce: String::new(),
    }
}
