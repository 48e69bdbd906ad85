//! `idvet` vets what speaks Alibaba Cloud's ID verification protocols: endpoints, SDKs, captured traffic, capacity.
//!
//! Map, in reading order, which is also import order (a module may use those above it; `tests/architecture.rs` holds
//! the exact table):
//!
//! | module | what it holds |
//! |---|---|
//! | [`exchange`], [`clock`], [`chance`], [`redact`], [`diagnostic`], [`files`], [`control`] | leaves: bytes on the wire, time, numbers that look random, secrets, mistakes in files, the suites folder, the tester's control API as data |
//! | [`event`] | the vocabulary of results, `events.jsonl` |
//! | [`signing`] | one file per scheme: sign, verify, explain |
//! | [`contract`] | the protocol as data, and the requirements derived from it |
//! | [`check`] | one file per check: exchange in, mismatches out |
//! | [`target`], [`suite`], [`plan`] | where, what was written, what will happen |
//! | [`load_profile`] | what is called how often, when arrival n is due, which limits bind |
//! | [`request`] | case + sandbox + contract + signer → request |
//! | [`coverage`] | contracts × events → figures |
//! | [`load_summary`] | events of a load run → figures and verdicts on thresholds |
//! | [`transport`] | the only client side |
//! | [`mock`] | the only server side: gateway, services, lifecycle, faults, journal |
//! | [`runner`] | runs a plan, emits events |
//! | [`load`] | sends what a load profile schedules, within the limits, and tells what came |
//! | [`judge`] | runs SDKs through drivers against mocks that keep every request; the built-in client as a driver |
//! | [`mutants`] | runs the suites against each defect of the mock: what would they have caught? |
//! | [`report`] | one file per format, each a pure function of events |
//! | [`untrusted`] | what reads bytes of strangers, one function each, for fuzzing |
//! | [`cli`] | arguments → settings → one file per command |
//!
//! Data flow: files → contract, suite, target → plan → request (signed) → exchange → checks → events → reports.

pub mod chance;
pub mod check;
pub mod cli;
pub mod clock;
pub mod contract;
pub mod control;
pub mod coverage;
pub mod diagnostic;
pub mod event;
pub mod exchange;
pub mod files;
pub mod judge;
pub mod load;
pub mod load_profile;
pub mod load_summary;
pub mod mock;
pub mod mutants;
pub mod plan;
pub mod redact;
pub mod report;
pub mod request;
pub mod runner;
pub mod signing;
pub mod suite;
pub mod target;
pub mod transport;
pub mod untrusted;

#[cfg(test)]
mod tests;
