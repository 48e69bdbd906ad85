//! Tests that cross modules.

mod architecture;
