//! Tests of the signing module against vectors and recordings that others made.

mod recordings;
mod vectors;
