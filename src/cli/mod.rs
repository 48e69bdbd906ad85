//! Arguments → settings → one file per command.

pub mod check;
pub mod lint;
pub mod minimal;
pub mod mock;
pub mod report;
pub mod sign;
