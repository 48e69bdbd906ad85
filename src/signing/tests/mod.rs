//! Tests of the signing module against vectors and recordings that others made.

mod explain;
mod headers;
mod properties;
mod recordings;
mod vectors;
