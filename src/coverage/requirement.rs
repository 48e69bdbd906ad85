//! What each requirement came to over all cases of the run, and on what evidence.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::coverage::case::{CaseOutcome, CaseResult, Weight};
use crate::event::{CaseFinished, RequirementDeclared};

/// Held checks that a result lists one by one; the rest are counted. Events hold them all.
const HELD_LISTED: usize = 3;

/// Verdict on a requirement: the worst that any definite check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequirementVerdict {
    Failed,
    KnownFailure,
    Passed,
    /// INFO: seen, and at least once other than the sources say. Not judged.
    Differs,
    /// INFO: seen as the sources say. Not judged.
    Holds,
    /// Tried, without a definite answer.
    Indeterminate,
    /// Named by cases, none of which could run on this target.
    NotExercised,
    /// The contract says why no case can exercise it.
    Unexercised,
    /// No case of this run names it.
    NeverNamed,
}

impl RequirementVerdict {
    /// Says whether the requirement was judged, one way or the other.
    pub fn is_definite(self) -> bool {
        matches!(self, Self::Failed | Self::KnownFailure | Self::Passed)
    }
}

/// One thing known about a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    pub case: String,
    /// Step of the case; absent where the case as a whole speaks.
    pub step: Option<u32>,
    pub kind: EvidenceKind,
    /// Why not, for kinds without a verdict.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    Mismatch,
    KnownMismatch,
    Held,
    Indeterminate,
    NotExercised,
}

/// A requirement and what was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RequirementResult {
    pub id: String,
    /// `must`, `should` or `info`.
    pub level: String,
    pub api: String,
    pub operation: Option<String>,
    pub text_en: String,
    pub text_zh: String,
    pub citations: Vec<String>,
    pub unexercised_en: Option<String>,
    pub unexercised_zh: Option<String>,
    pub verdict: RequirementVerdict,
    /// Cases with a definite check.
    pub n_cases: usize,
    /// Worst first; of what held, the first few.
    pub evidence: Vec<Evidence>,
}

/// Evidence by requirement, and the pairs of case and requirement that were judged.
pub(super) struct Gathered<'a> {
    pub(super) evidence: HashMap<&'a str, Vec<Evidence>>,
    pub(super) exercised: HashSet<(&'a str, &'a str)>,
}

/// Gathers what each case says of each requirement.
pub(super) fn gather<'a>(cases: &'a [CaseResult], finished: &HashMap<&'a str, &'a CaseFinished>) -> Gathered<'a> {
    let mut all = Gathered { evidence: HashMap::new(), exercised: HashSet::new() };
    for case in cases {
        match case.outcome {
            CaseOutcome::Passed | CaseOutcome::Warned | CaseOutcome::Failed | CaseOutcome::KnownFailure => {
                if let Some(finished) = finished.get(case.case.as_str()) {
                    gather_definite(case, finished, &mut all);
                }
            }
            CaseOutcome::Indeterminate | CaseOutcome::HarnessError => {
                gather_named(case, EvidenceKind::Indeterminate, &mut all);
            }
            CaseOutcome::NotExercised | CaseOutcome::NotRun => {
                gather_named(case, EvidenceKind::NotExercised, &mut all);
            }
        }
    }
    all
}

/// One piece of evidence a requirement and case: the worst check. A named requirement without a check of its own is
/// proven by a case that passed with others; when the case failed elsewhere first, it stays open.
fn gather_definite<'a>(case: &'a CaseResult, finished: &'a CaseFinished, all: &mut Gathered<'a>) {
    let mut worst: IndexMap<&str, (EvidenceKind, u32)> = IndexMap::new();
    let mut n_mismatches = 0;
    for check in &finished.checks {
        let kind = match &check.mismatch {
            None => EvidenceKind::Held,
            Some(_) if case.excused.contains(&n_mismatches) => EvidenceKind::KnownMismatch,
            Some(_) => EvidenceKind::Mismatch,
        };
        n_mismatches += usize::from(check.mismatch.is_some());
        let entry = worst.entry(&check.requirement).or_insert((kind, check.step));
        if kind < entry.0 {
            *entry = (kind, check.step);
        }
    }
    let proves_all = case.outcome == CaseOutcome::Passed && !finished.checks.is_empty();
    for requirement in &case.requirements {
        if !worst.contains_key(requirement.as_str()) {
            let kind = if proves_all { EvidenceKind::Held } else { EvidenceKind::Indeterminate };
            let reason = (!proves_all).then(|| "the case ended before its check".to_owned());
            push(all, case, requirement, Evidence { case: case.case.clone(), step: None, kind, reason });
        }
    }
    for (requirement, (kind, step)) in worst {
        push(all, case, requirement, Evidence { case: case.case.clone(), step: Some(step), kind, reason: None });
    }
}

fn gather_named<'a>(case: &'a CaseResult, kind: EvidenceKind, all: &mut Gathered<'a>) {
    for requirement in &case.requirements {
        let evidence = Evidence { case: case.case.clone(), step: None, kind, reason: case.reason.clone() };
        push(all, case, requirement, evidence);
    }
}

fn push<'a>(all: &mut Gathered<'a>, case: &'a CaseResult, requirement: &'a str, evidence: Evidence) {
    if evidence.kind <= EvidenceKind::Held {
        all.exercised.insert((&case.case, requirement));
    }
    all.evidence.entry(requirement).or_default().push(evidence);
}

/// Says what a requirement came to.
pub(super) fn conclude(declared: &RequirementDeclared, mut evidence: Vec<Evidence>) -> RequirementResult {
    evidence.sort_by_key(|evidence| evidence.kind);
    let verdict = verdict_of(declared, evidence.first().map(|worst| worst.kind));
    let n_cases = evidence.iter().filter(|evidence| evidence.kind <= EvidenceKind::Held).count();
    let mut n_held = 0;
    evidence.retain(|evidence| {
        n_held += usize::from(evidence.kind == EvidenceKind::Held);
        evidence.kind != EvidenceKind::Held || n_held <= HELD_LISTED
    });
    RequirementResult {
        id: declared.id.clone(),
        level: declared.level.clone(),
        api: declared.api.clone(),
        operation: declared.operation.clone(),
        text_en: declared.text_en.clone(),
        text_zh: declared.text_zh.clone(),
        citations: declared.citations.clone(),
        unexercised_en: declared.unexercised_en.clone(),
        unexercised_zh: declared.unexercised_zh.clone(),
        verdict,
        n_cases,
        evidence,
    }
}

fn verdict_of(declared: &RequirementDeclared, worst: Option<EvidenceKind>) -> RequirementVerdict {
    let is_info = Weight::of(&declared.level) == Weight::Info;
    match worst {
        Some(EvidenceKind::Mismatch | EvidenceKind::KnownMismatch) if is_info => RequirementVerdict::Differs,
        Some(EvidenceKind::Held) if is_info => RequirementVerdict::Holds,
        Some(EvidenceKind::Mismatch) => RequirementVerdict::Failed,
        Some(EvidenceKind::KnownMismatch) => RequirementVerdict::KnownFailure,
        Some(EvidenceKind::Held) => RequirementVerdict::Passed,
        Some(EvidenceKind::Indeterminate) => RequirementVerdict::Indeterminate,
        Some(EvidenceKind::NotExercised) => RequirementVerdict::NotExercised,
        None if declared.unexercised_en.is_some() => RequirementVerdict::Unexercised,
        None => RequirementVerdict::NeverNamed,
    }
}
