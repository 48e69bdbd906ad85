//! Targets: where to send, with which keys, into which sandbox, within which budgets.

pub mod model;
pub mod sandbox;
