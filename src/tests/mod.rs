//! Tests that cross modules.

mod architecture;
mod suites;
