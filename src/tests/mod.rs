//! Tests that cross modules.

mod architecture;
mod inputs;
mod suites;
mod whole_run;
