//! Suites: what was written, expanded over the contracts, every mistake with its place.

mod choice;
mod expand;
mod expect;
#[cfg(test)]
pub(crate) mod fixture;
mod glob;
mod implied;
mod lint;
mod load;
mod loaded;
pub mod model;
mod nearest;
mod parse;
#[cfg(test)]
mod round_trip;
mod rows;
mod substitute;
mod twin;
mod validate;

pub use choice::Choice;
pub use glob::glob_matches;
pub use lint::lint;
pub use load::{ParsedSuites, build, load, parse as parse_all};
pub use loaded::{Case, LoadedBaseline, Row, Suites};
pub use model::*;
pub use nearest::nearest;
pub use schema::suite_schema;
pub use twin::{TWIN, is_refusal};

mod schema;
#[cfg(test)]
mod tests;
