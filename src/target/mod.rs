//! Targets: where to send, with which keys, into which sandbox, within which budgets.

mod load;
pub mod model;
mod role;
pub mod sandbox;
mod schema;

pub use load::load;
pub use schema::target_schema;
