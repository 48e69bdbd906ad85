//! The only server side: gateway, services, lifecycle, callbacks, faults, journal, and the control API.
//!
//! [`Mock`] is the synchronous heart, [`start`] puts it behind listeners. It knows the contracts and a target's
//! sandbox, never the cases.

mod account;
mod accounts;
mod answer;
mod api;
mod arrivals;
mod callback;
mod control;
mod core;
pub mod defect;
mod faults;
mod gateway;
mod ids;
mod journal;
mod keys;
mod latency;
mod ledger;
mod links;
mod nonces;
mod operations;
mod options;
mod rows;
mod server;
mod service;
mod start;
mod sync;
mod throttle;
mod transaction;
mod variant;
mod witness;

#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use arrivals::ArrivalLog;
pub use core::Mock;
pub use gateway::Arrival;
pub use latency::Latency;
pub use options::MockOptions;
pub use start::{MockError, RunningMock, start};
pub use variant::{READINGS, Reading, Variant, VariantError, Variants};
pub use witness::{Seen, Witness};
