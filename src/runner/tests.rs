//! Runs against small servers.
