//! Arguments → settings → one file per command.
//!
//! The only place that meets environment, streams and system clock, and it is handed them as a [`World`]: the whole
//! command line is a function that tests call.

pub mod args;
pub mod check;
mod completions;
mod credentials;
mod doctor;
pub mod exit;
mod explain;
mod failure;
pub mod lint;
mod list;
mod load;
pub mod mock;
pub mod mutants;
pub mod output;
mod plan;
mod profile;
pub mod report;
mod run;
mod schema;
mod sdk;
mod settings;
pub mod sign;
mod signals;
mod world;

#[cfg(test)]
mod tests;

pub use failure::Failure;
pub use run::run;
pub use world::World;
