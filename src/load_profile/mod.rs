//! Load profiles: what is called, when each arrival is due, what is wanted of the figures, and what it will cost.
//!
//! Pure: nothing here sends. The engine is in `load`.

mod capacity;
mod demand;
mod limits;
mod load;
pub mod model;
mod schedule;
mod span;
pub mod threshold;

#[cfg(test)]
mod tests;

pub use capacity::{CapacitySearch, Tried};
pub use demand::{Between, Demand, LimitDemand, StepDemand, UsersADay};
pub use limits::{Limit, LimitOrigin, Limits, WINDOW};
pub use load::{LoadProfile, PlannedCall, ProfileInput, parse_profile, profile_file, profile_names};
pub use schedule::{Arrival, Extent, Schedule, ScheduleError, Shard};
pub use span::Span;
pub use threshold::Threshold;

/// Returns the JSON Schema of a load profile.
pub fn profile_schema() -> serde_json::Value {
    schemars::schema_for!(model::ProfileFile).to_value()
}
