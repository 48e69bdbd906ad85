//! Targets: where to send, with which keys, into which sandbox, within which budgets.

pub mod model;
mod role;
pub mod sandbox;
mod schema;

pub use schema::target_schema;
