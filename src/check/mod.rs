//! Checks: exchange in, mismatches out. One file per check.
