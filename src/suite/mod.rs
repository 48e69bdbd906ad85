//! Suites: what was written, expanded over the contracts.

pub mod model;
