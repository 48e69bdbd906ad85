//! Tests that cross the mock: whole calls against the embedded sandbox and contracts.

mod lifecycle;
mod stand;
mod wire;
