//! One file per kind of step.

pub(super) mod advance;
pub(super) mod billing;
pub(super) mod burst;
pub(super) mod call;
pub(super) mod callback;
mod expectation;
pub(super) mod fetch;
pub(super) mod submit;
