//! Counts: requirements by level, cases by outcome.

use schemars::JsonSchema;
use serde::Serialize;

use crate::coverage::case::{CaseOutcome, CaseResult, Weight};
use crate::coverage::requirement::{RequirementResult, RequirementVerdict};

/// The two figures, wrong and covered, over the requirements that the contracts fix, and what they are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Figures {
    /// The denominator: MUST and SHOULD requirements of the contracts, whatever was selected.
    pub requirements: usize,
    /// Requirements with a definite verdict.
    pub covered: usize,
    /// MUST requirements that failed; known failures are counted apart.
    pub wrong_must: usize,
    /// SHOULD requirements that failed; known failures are counted apart.
    pub wrong_should: usize,
    /// Requirements whose every failure the ledger excuses.
    pub known_failures: usize,
    pub must: LevelFigures,
    pub should: LevelFigures,
    pub info: InfoFigures,
}

/// Requirements of one level by verdict; the verdicts sum to `total`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LevelFigures {
    pub total: usize,
    pub passed: usize,
    pub failed: usize,
    pub known_failures: usize,
    pub indeterminate: usize,
    pub not_exercised: usize,
    /// The contract says why no case can exercise it.
    pub unexercised: usize,
    pub never_named: usize,
}

/// INFO facts: observed, never judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InfoFigures {
    pub total: usize,
    pub holds: usize,
    pub differs: usize,
    pub not_seen: usize,
}

/// Cases by outcome; the outcomes sum to `selected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaseTotals {
    pub selected: usize,
    pub passed: usize,
    pub warned: usize,
    pub failed: usize,
    pub known_failures: usize,
    pub not_exercised: usize,
    pub indeterminate: usize,
    pub harness_errors: usize,
    pub not_run: usize,
    /// Negative cases whose positive twin passed in this run.
    pub with_proven_twin: usize,
    /// Negative cases whose positive twin did not.
    pub with_unproven_twin: usize,
}

impl LevelFigures {
    /// Returns how many requirements have a definite verdict.
    pub fn covered(&self) -> usize {
        self.passed + self.failed + self.known_failures
    }

    fn add(&mut self, verdict: RequirementVerdict) {
        self.total += 1;
        *match verdict {
            RequirementVerdict::Failed | RequirementVerdict::Differs => &mut self.failed,
            RequirementVerdict::KnownFailure => &mut self.known_failures,
            RequirementVerdict::Passed | RequirementVerdict::Holds => &mut self.passed,
            RequirementVerdict::Indeterminate => &mut self.indeterminate,
            RequirementVerdict::NotExercised => &mut self.not_exercised,
            RequirementVerdict::Unexercised => &mut self.unexercised,
            RequirementVerdict::NeverNamed => &mut self.never_named,
        } += 1;
    }
}

impl Figures {
    pub(super) fn add(&mut self, result: &RequirementResult) {
        match Weight::of(&result.level) {
            Weight::Must => self.must.add(result.verdict),
            Weight::Should => self.should.add(result.verdict),
            Weight::Info => return self.info.add(result.verdict),
        }
        self.requirements = self.must.total + self.should.total;
        self.covered = self.must.covered() + self.should.covered();
        self.wrong_must = self.must.failed;
        self.wrong_should = self.should.failed;
        self.known_failures = self.must.known_failures + self.should.known_failures;
    }
}

impl InfoFigures {
    fn add(&mut self, verdict: RequirementVerdict) {
        self.total += 1;
        *match verdict {
            RequirementVerdict::Holds => &mut self.holds,
            RequirementVerdict::Differs => &mut self.differs,
            _ => &mut self.not_seen,
        } += 1;
    }
}

impl CaseTotals {
    pub(super) fn add(&mut self, case: &CaseResult) {
        self.selected += 1;
        *match case.outcome {
            CaseOutcome::Passed => &mut self.passed,
            CaseOutcome::Warned => &mut self.warned,
            CaseOutcome::Failed => &mut self.failed,
            CaseOutcome::KnownFailure => &mut self.known_failures,
            CaseOutcome::NotExercised => &mut self.not_exercised,
            CaseOutcome::Indeterminate => &mut self.indeterminate,
            CaseOutcome::HarnessError => &mut self.harness_errors,
            CaseOutcome::NotRun => &mut self.not_run,
        } += 1;
        match &case.twin {
            Some(twin) if twin.passed => self.with_proven_twin += 1,
            Some(_) => self.with_unproven_twin += 1,
            None => {}
        }
    }
}
