//! Tests that cross modules.

mod architecture;
mod corpus;
mod example;
mod inputs;
mod load;
mod mutants;
mod suites;
mod variants;
mod whole_run;
