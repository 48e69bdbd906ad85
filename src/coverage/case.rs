//! What each case came to, once levels, twins and the ledger have had their say.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::coverage::known::Ledger;
use crate::event::{CaseFinished, CasePlanned, CheckRecorded, Verdict};

/// Outcome of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CaseOutcome {
    Passed,
    /// Only SHOULD requirements failed, and the run is not strict.
    Warned,
    Failed,
    /// It failed, and the ledger of known failures excuses each mismatch.
    KnownFailure,
    NotExercised,
    Indeterminate,
    HarnessError,
    /// Planned, but the run ended first.
    NotRun,
}

/// The positive twin of a negative case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Twin {
    pub case: String,
    /// Without this, the case proves nothing.
    pub passed: bool,
}

/// A planned case and what became of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CaseResult {
    pub case: String,
    pub api: String,
    pub title_en: String,
    pub title_zh: String,
    pub requirements: Vec<String>,
    pub place: String,
    pub twin: Option<Twin>,
    pub reproduce: String,
    pub outcome: CaseOutcome,
    /// Why, where the checks do not say it.
    pub reason: Option<String>,
    /// Every check that found a mismatch, INFO ones included.
    pub mismatches: Vec<CheckRecorded>,
    /// Positions in `mismatches` that the ledger excuses.
    pub excused: Vec<usize>,
    /// How many checks were made.
    pub n_checks: usize,
    /// Volatile.
    pub elapsed_micros: u64,
}

/// Weight of a requirement as far as judging goes. An id that no contract declares weighs most: it must not hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Info,
    Should,
    Must,
}

impl Weight {
    pub(super) fn of(level: &str) -> Self {
        match level {
            "info" => Self::Info,
            "should" => Self::Should,
            _ => Self::Must,
        }
    }
}

/// What judging a case needs to know of the run.
pub(super) struct Bench<'a> {
    pub(super) weights: &'a HashMap<&'a str, Weight>,
    pub(super) finished: &'a HashMap<&'a str, &'a CaseFinished>,
    pub(super) strict: bool,
}

impl Bench<'_> {
    pub(super) fn weight(&self, requirement: &str) -> Weight {
        self.weights.get(requirement).copied().unwrap_or(Weight::Must)
    }

    /// Judges a case.
    pub(super) fn judge(&self, planned: &CasePlanned, ledger: &mut Ledger<'_>) -> CaseResult {
        let twin = planned.twin.as_ref().map(|case| Twin { case: case.clone(), passed: self.has_passed(case) });
        let finished = self.finished.get(planned.case.as_str());
        let checks: &[CheckRecorded] = finished.map_or(&[], |finished| &finished.checks);
        let mismatches: Vec<CheckRecorded> = checks.iter().filter(|check| check.mismatch.is_some()).cloned().collect();
        let mut result = CaseResult {
            case: planned.case.clone(),
            api: planned.api.clone(),
            title_en: planned.title_en.clone(),
            title_zh: planned.title_zh.clone(),
            requirements: planned.requirements.clone(),
            place: planned.place.clone(),
            twin,
            reproduce: planned.reproduce.clone(),
            outcome: CaseOutcome::NotRun,
            reason: finished.and_then(|finished| finished.reason.clone()),
            mismatches,
            excused: Vec::new(),
            n_checks: checks.len(),
            elapsed_micros: finished.map_or(0, |finished| finished.elapsed_micros),
        };
        if let Some(finished) = finished {
            self.decide(finished.verdict, &mut result, ledger);
        }
        result
    }

    fn decide(&self, verdict: Verdict, result: &mut CaseResult, ledger: &mut Ledger<'_>) {
        result.outcome = match verdict {
            Verdict::NotExercised => CaseOutcome::NotExercised,
            Verdict::Indeterminate => CaseOutcome::Indeterminate,
            Verdict::HarnessError => CaseOutcome::HarnessError,
            Verdict::Failed if result.mismatches.is_empty() => {
                result.reason.get_or_insert_with(|| "failed without a mismatch".to_owned());
                CaseOutcome::HarnessError
            }
            Verdict::Passed | Verdict::Failed => self.weigh(result, ledger),
        };
        let unproven = result.twin.as_ref().filter(|twin| !twin.passed);
        if let (CaseOutcome::Passed, Some(twin)) = (result.outcome, unproven) {
            result.reason.get_or_insert_with(|| format!("not proven: the twin {} did not pass", twin.case));
            result.outcome = CaseOutcome::Indeterminate;
        }
    }

    /// The checks decide, not the word of the engine: INFO never fails anybody, and no mismatch is forgotten.
    fn weigh(&self, result: &mut CaseResult, ledger: &mut Ledger<'_>) -> CaseOutcome {
        let mut worst = Weight::Info;
        for (idx, check) in result.mismatches.iter().enumerate() {
            let weight = self.weight(&check.requirement);
            if weight == Weight::Info {
                continue;
            }
            if ledger.excuses(&result.case, check) {
                result.excused.push(idx);
            } else {
                worst = worst.max(weight);
            }
        }
        match worst {
            Weight::Must => CaseOutcome::Failed,
            Weight::Should if self.strict => CaseOutcome::Failed,
            Weight::Should => CaseOutcome::Warned,
            Weight::Info if result.excused.is_empty() => CaseOutcome::Passed,
            Weight::Info => CaseOutcome::KnownFailure,
        }
    }

    /// A twin is judged by its own checks alone; the ledger does not make a failed one prove anything.
    fn has_passed(&self, case: &str) -> bool {
        self.finished.get(case).is_some_and(|finished| {
            let held =
                |check: &CheckRecorded| check.mismatch.is_none() || self.weight(&check.requirement) == Weight::Info;
            matches!(finished.verdict, Verdict::Passed) && finished.checks.iter().all(held)
        })
    }
}
