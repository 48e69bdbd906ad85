//! Figures over the contracts: requirements × events → what was exercised, what is wrong, and whether the gate holds.
//!
//! A pure function of the stream: the same events give the same [`Summary`], live or years later.

mod case;
mod figures;
mod gate;
mod known;
mod ledger;
mod requirement;
mod summary;

#[cfg(test)]
mod tests;

pub use case::{CaseOutcome, CaseResult, Twin};
pub use figures::{CaseTotals, Figures, InfoFigures, LevelFigures};
pub use gate::{ExitReason, Gate, GateFinding, INDETERMINATE_PERCENT};
pub use known::{KnownFailureResult, KnownState};
pub use ledger::{LEDGER_FORMAT, LedgerEntry, LedgerFile, ledger_events, ledger_schema, parse_ledger};
pub use requirement::{Evidence, EvidenceKind, RequirementResult, RequirementVerdict};
pub use summary::{Summary, SummaryBuilder};
