//! What a case came to: its own steps first, then its twin.

use crate::contract::Level;
use crate::event::{CheckRecorded, Verdict};

/// Why a case stopped before its last step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// A mismatch that leaves later steps without ground.
    Mismatch,
    /// No verdict can be given: no answer, throttled, budget.
    Indeterminate(String),
    /// The target lacks what the case turned out to need.
    Lacking(String),
    /// idvet could not do its work.
    Harness(String),
}

/// Judges a case by itself.
pub(super) fn own_verdict(
    stop: Option<&Stop>,
    checks: &[CheckRecorded],
    level: impl Fn(&str) -> Level,
) -> (Verdict, Option<String>) {
    let binding = |check: &CheckRecorded| check.mismatch.is_some() && level(&check.requirement) != Level::Info;
    if checks.iter().any(binding) {
        return (Verdict::Failed, None);
    }
    match stop {
        None | Some(Stop::Mismatch) => (Verdict::Passed, None),
        Some(Stop::Indeterminate(reason)) => (Verdict::Indeterminate, Some(reason.clone())),
        Some(Stop::Lacking(reason)) => (Verdict::NotExercised, Some(reason.clone())),
        // An earlier answer was not what the next step builds on, but only as INFO: then there is nothing to judge.
        Some(Stop::Harness(reason)) if checks.iter().any(|check| check.mismatch.is_some()) => {
            (Verdict::Indeterminate, Some(reason.clone()))
        }
        Some(Stop::Harness(reason)) => (Verdict::HarnessError, Some(reason.clone())),
    }
}

/// Judges a refusal by its twin: it proves something only when the twin passed in the same run.
pub(super) fn with_twin(own: Verdict, twin: &str, twin_verdict: Option<Verdict>) -> (Verdict, Option<String>) {
    let why = match (own, twin_verdict) {
        (Verdict::Passed, Some(Verdict::Passed)) | (Verdict::Failed | Verdict::Indeterminate, _) => return (own, None),
        (Verdict::NotExercised | Verdict::HarnessError, _) => return (own, None),
        (Verdict::Passed, Some(Verdict::Failed)) => "failed",
        (Verdict::Passed, Some(Verdict::NotExercised)) => "is not exercised",
        (Verdict::Passed, Some(_)) => "has no verdict",
        (Verdict::Passed, None) => "did not run",
    };
    (Verdict::Indeterminate, Some(format!("not proven: its twin `{twin}` {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Mismatch;

    fn check(requirement: &str, holds: bool) -> CheckRecorded {
        let mismatch = Mismatch { place: "p".to_owned(), expected: "e".to_owned(), actual: "a".to_owned() };
        CheckRecorded {
            requirement: requirement.to_owned(),
            check: "code".to_owned(),
            step: 0,
            mismatch: (!holds).then_some(mismatch),
        }
    }

    #[test]
    fn info_never_fails_and_no_answer_is_no_verdict() {
        let level = |id: &str| if id == "info" { Level::Info } else { Level::Must };
        let gone = Stop::Indeterminate("gone".to_owned());
        let lacking = Stop::Lacking("no key".to_owned());
        let odd = Stop::Harness("odd".to_owned());
        for (stop, checks, expected) in [
            (None, vec![check("must", true)], Verdict::Passed),
            (None, vec![check("info", false)], Verdict::Passed),
            (Some(&Stop::Mismatch), vec![check("must", false)], Verdict::Failed),
            (Some(&gone), vec![check("must", true)], Verdict::Indeterminate),
            (Some(&gone), vec![check("must", false)], Verdict::Failed),
            (Some(&lacking), vec![], Verdict::NotExercised),
            (Some(&odd), vec![], Verdict::HarnessError),
            (Some(&odd), vec![check("info", false)], Verdict::Indeterminate),
        ] {
            assert_eq!(own_verdict(stop, &checks, level).0, expected, "{stop:?}");
        }
    }

    #[test]
    fn a_refusal_without_a_passed_twin_proves_nothing() {
        let reason = |twin| with_twin(Verdict::Passed, "t", twin);
        assert_eq!(reason(Some(Verdict::Passed)), (Verdict::Passed, None));
        let (verdict, text) = reason(Some(Verdict::Failed));
        assert_eq!((verdict, text.as_deref()), (Verdict::Indeterminate, Some("not proven: its twin `t` failed")));
        assert_eq!(reason(None).0, Verdict::Indeterminate);
        assert_eq!(with_twin(Verdict::Failed, "t", Some(Verdict::Failed)), (Verdict::Failed, None));
    }
}
