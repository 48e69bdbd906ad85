//! Tests that cross the mock: whole calls against the embedded sandbox and contracts.

mod control;
mod lifecycle;
mod recordings;
mod stand;
mod wire;
