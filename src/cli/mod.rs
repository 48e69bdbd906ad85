//! Arguments → settings → one file per command.

pub mod mock;
