//! A run with everything in it, hostile text included.
