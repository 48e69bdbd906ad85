//! What the process ends with. Each code has one meaning, for all commands.

/// Gate satisfied, or the work is done.
pub const SATISFIED: u8 = 0;
/// Conformance failed, or a signature does not hold.
pub const FAILED: u8 = 1;
/// Usage, configuration or suite mistake.
pub const USAGE: u8 = 2;
/// Could not judge: target unreachable, nothing selected, too much indeterminate.
pub const COULD_NOT_JUDGE: u8 = 3;
/// Stale known-failures ledger.
pub const STALE_LEDGER: u8 = 4;
/// Stopped by a QPS or billing budget.
pub const BUDGET: u8 = 5;
/// Bug in idvet, or a report withheld because it would leak.
pub const BUG: u8 = 70;
