//! Arguments → settings → one file per command.

pub mod check;
pub mod mock;
pub mod report;
pub mod sign;
