//! Tests that cross modules.

mod architecture;
mod inputs;
mod suites;
