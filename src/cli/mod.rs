//! Arguments → settings → one file per command.

pub mod mock;
pub mod sign;
