//! The gateway: judges a call from its transport to its signature, before any service sees it.
//!
//! Order (source: signing.md §4): transport → method → common parameters → key → time → nonce → token → signature →
//! version and action. What follows (account state, throttle, parameters) is `service`'s.

mod admit;
pub(super) mod body;
mod common;
mod credentials;
pub(super) mod parameters;
pub(super) mod refusal;
mod transport;

pub(super) use admit::{Admitted, Progress, admit};
pub(super) use body::Format;
pub(super) use parameters::Parameters;
pub(super) use refusal::{Refusal, Statuses};
pub use transport::Arrival;
