//! From figures to an exit code.
//!
//! Every finding is told; the exit code is that of the gravest, in this order: a bug of ours (70), a failed
//! requirement (1), a budget that stopped the run (5), no basis for a judgement (3), a stale ledger (4).

use schemars::JsonSchema;
use serde::Serialize;

use crate::coverage::figures::{CaseTotals, Figures};
use crate::coverage::known::KnownFailureResult;
use crate::event::{RunFinished, StopCause};

/// Share of the selected cases, in percent, above which indeterminate ones leave no basis for a judgement.
pub const INDETERMINATE_PERCENT: usize = 10;

/// Why the process ends as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExitReason {
    Satisfied,
    Failed,
    CouldNotJudge,
    StaleLedger,
    Budget,
    Bug,
}

impl ExitReason {
    /// Returns the documented exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Satisfied => 0,
            Self::Failed => 1,
            Self::CouldNotJudge => 3,
            Self::StaleLedger => 4,
            Self::Budget => 5,
            Self::Bug => 70,
        }
    }

    fn gravity(self) -> u8 {
        match self {
            Self::Satisfied => 0,
            Self::StaleLedger => 1,
            Self::CouldNotJudge => 2,
            Self::Budget => 3,
            Self::Failed => 4,
            Self::Bug => 5,
        }
    }
}

/// One reason why the gate does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GateFinding {
    /// MUST requirements failed, in so many cases.
    MustFailed {
        cases: usize,
    },
    /// SHOULD requirements failed in a strict run, in so many cases.
    ShouldFailed {
        cases: usize,
    },
    /// idvet could not do its work in so many cases.
    HarnessErrors {
        cases: usize,
    },
    NothingSelected,
    /// No selected case came to a definite outcome.
    NothingJudged,
    TooMuchIndeterminate {
        cases: usize,
        of: usize,
    },
    /// The run ended before every planned case had finished.
    Stopped {
        cause: Option<StopCause>,
    },
    StaleLedger {
        entries: usize,
    },
}

impl GateFinding {
    /// Returns what the process would end with if this were all.
    pub fn reason(self) -> ExitReason {
        match self {
            Self::MustFailed { .. } | Self::ShouldFailed { .. } => ExitReason::Failed,
            Self::HarnessErrors { .. } | Self::Stopped { cause: Some(StopCause::Internal) } => ExitReason::Bug,
            Self::Stopped { cause: Some(StopCause::Budget) } => ExitReason::Budget,
            Self::StaleLedger { .. } => ExitReason::StaleLedger,
            Self::NothingSelected | Self::NothingJudged | Self::TooMuchIndeterminate { .. } | Self::Stopped { .. } => {
                ExitReason::CouldNotJudge
            }
        }
    }
}

/// Whether the run satisfies, and if not, why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gate {
    pub reason: ExitReason,
    pub exit_code: u8,
    pub findings: Vec<GateFinding>,
}

/// What the gate looks at.
pub(super) struct Basis<'a> {
    pub(super) strict: bool,
    /// Cases in which an unexcused MUST mismatch stands.
    pub(super) must_failed_cases: usize,
    pub(super) figures: &'a Figures,
    pub(super) cases: &'a CaseTotals,
    pub(super) known: &'a [KnownFailureResult],
    pub(super) finished: Option<&'a RunFinished>,
    pub(super) partial: bool,
}

impl Gate {
    pub(super) fn judge(basis: &Basis<'_>) -> Self {
        let mut findings = Vec::new();
        find_failures(basis, &mut findings);
        if basis.partial {
            findings.push(GateFinding::Stopped { cause: basis.finished.and_then(|finished| finished.cause) });
        }
        find_doubts(basis.cases, &mut findings);
        let entries = basis.known.iter().filter(|entry| entry.state.is_stale()).count();
        if entries > 0 {
            findings.push(GateFinding::StaleLedger { entries });
        }
        let reasons = findings.iter().map(|finding| finding.reason());
        let reason = reasons.max_by_key(|reason| reason.gravity()).unwrap_or(ExitReason::Satisfied);
        Self { reason, exit_code: reason.code(), findings }
    }
}

fn find_failures(basis: &Basis<'_>, findings: &mut Vec<GateFinding>) {
    if basis.cases.harness_errors > 0 {
        findings.push(GateFinding::HarnessErrors { cases: basis.cases.harness_errors });
    }
    if basis.must_failed_cases > 0 {
        findings.push(GateFinding::MustFailed { cases: basis.must_failed_cases });
    }
    let should_only = basis.cases.failed - basis.must_failed_cases;
    if basis.strict && (should_only > 0 || basis.figures.wrong_should > 0) {
        findings.push(GateFinding::ShouldFailed { cases: should_only });
    }
}

fn find_doubts(cases: &CaseTotals, findings: &mut Vec<GateFinding>) {
    let definite = cases.passed + cases.warned + cases.failed + cases.known_failures;
    if cases.selected == 0 {
        findings.push(GateFinding::NothingSelected);
    } else if definite == 0 {
        findings.push(GateFinding::NothingJudged);
    }
    if cases.indeterminate * 100 > cases.selected * INDETERMINATE_PERCENT {
        findings.push(GateFinding::TooMuchIndeterminate { cases: cases.indeterminate, of: cases.selected });
    }
}
