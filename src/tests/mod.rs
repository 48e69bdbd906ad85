//! Tests that cross modules.

mod architecture;
mod corpus;
mod example;
mod inputs;
mod suites;
mod variants;
mod whole_run;
