//! The ledger of known failures against what failed: who is excused, and which entry has gone stale.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::coverage::case::{CaseOutcome, CaseResult, Weight};
use crate::event::{CheckRecorded, KnownFailureDeclared, Mismatch};

/// What an entry is worth in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KnownState {
    /// The failure occurred and was excused.
    Applied,
    /// No case of this run could show the failure.
    NotJudged,
    /// Stale: its last day is past; it excuses nothing.
    Expired,
    /// Stale: the requirement was exercised and the failure did not occur.
    NoLongerFails,
    /// Stale: no contract declares the requirement, or it is INFO and cannot fail.
    Unknown,
}

impl KnownState {
    /// Says whether the entry must be removed or renewed.
    pub fn is_stale(self) -> bool {
        matches!(self, Self::Expired | Self::NoLongerFails | Self::Unknown)
    }
}

/// An entry and its worth.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KnownFailureResult {
    pub requirement: String,
    pub case: Option<String>,
    pub cause: String,
    pub reason: String,
    pub owner: String,
    /// `yyyy-MM-dd`.
    pub expires: String,
    pub state: KnownState,
    /// Cases in which the failure occurred, in plan order.
    pub cases: Vec<String>,
}

/// The entries in force, with the cases each was seen in.
pub(super) struct Ledger<'a> {
    entries: &'a [KnownFailureDeclared],
    /// `yyyy-MM-dd` of the run.
    today: &'a str,
    seen: Vec<Vec<String>>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(entries: &'a [KnownFailureDeclared], today: &'a str) -> Self {
        Self { entries, today, seen: vec![Vec::new(); entries.len()] }
    }

    /// Says whether an entry in force excuses a mismatch, and remembers every entry that speaks of it.
    pub(super) fn excuses(&mut self, case: &str, check: &CheckRecorded) -> bool {
        let Some(mismatch) = &check.mismatch else { return false };
        let mut excused = false;
        for (entry, seen) in self.entries.iter().zip(&mut self.seen) {
            let is_bound_here = entry.case.as_deref().is_none_or(|bound| bound == case);
            if entry.requirement == check.requirement && is_bound_here && tells_of(mismatch, &entry.cause) {
                excused |= !is_expired(entry, self.today);
                if seen.last().is_none_or(|last| last != case) {
                    seen.push(case.to_owned());
                }
            }
        }
        excused
    }

    /// Says what each entry was worth. `weight` is nothing for an undeclared requirement; `exercised` holds case and
    /// requirement of every definite check.
    pub(super) fn results(
        self,
        weight: impl Fn(&str) -> Option<Weight>,
        cases: &[CaseResult],
        exercised: &HashSet<(&str, &str)>,
    ) -> Vec<KnownFailureResult> {
        let (entries, today) = (self.entries, self.today);
        let judged = |entry: &KnownFailureDeclared| {
            let is_definite =
                |case: &&CaseResult| !matches!(case.outcome, CaseOutcome::NotExercised | CaseOutcome::NotRun);
            cases.iter().filter(is_definite).any(|case| {
                let is_bound_here = entry.case.as_ref().is_none_or(|bound| *bound == case.case);
                is_bound_here && exercised.contains(&(case.case.as_str(), entry.requirement.as_str()))
            })
        };
        let results = entries.iter().zip(self.seen).map(|(entry, seen)| {
            let state = match weight(&entry.requirement) {
                None | Some(Weight::Info) => KnownState::Unknown,
                _ if is_expired(entry, today) => KnownState::Expired,
                _ if !seen.is_empty() => KnownState::Applied,
                _ if judged(entry) => KnownState::NoLongerFails,
                _ => KnownState::NotJudged,
            };
            result(entry, state, seen)
        });
        results.collect()
    }
}

fn result(entry: &KnownFailureDeclared, state: KnownState, cases: Vec<String>) -> KnownFailureResult {
    KnownFailureResult {
        requirement: entry.requirement.clone(),
        case: entry.case.clone(),
        cause: entry.cause.clone(),
        reason: entry.reason.clone(),
        owner: entry.owner.clone(),
        expires: entry.expires.clone(),
        state,
        cases,
    }
}

/// Dates of the form `yyyy-MM-dd` compare as text.
fn is_expired(entry: &KnownFailureDeclared, today: &str) -> bool {
    entry.expires.as_str() < today
}

fn tells_of(mismatch: &Mismatch, cause: &str) -> bool {
    let sides = [&mismatch.place, &mismatch.expected, &mismatch.actual];
    sides.iter().any(|side| side.contains(cause)) || line_of(mismatch).contains(cause)
}

/// A mismatch on one line, as failure blocks print it.
fn line_of(mismatch: &Mismatch) -> String {
    format!("{}: expected {}, actual {}", mismatch.place, mismatch.expected, mismatch.actual)
}
