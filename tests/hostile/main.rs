//! Hostile peers: servers that misbehave against `idvet check`, clients that misbehave against `idvet mock`, each in a
//! process of its own whose time and peak memory are measured (Linux). `cargo test --test hostile -- --nocapture`
//! prints the tables; `IDVET_HOSTILE=full` sends a hundred megabytes where the short form sends eight, and as many idle
//! connections as the machine lets open.
#![cfg(target_os = "linux")]

mod bomb;
mod clients;
mod process;
mod servers;
mod servers_table;

/// Says whether the long form is wanted.
#[expect(clippy::disallowed_methods, reason = "a test has nobody who hands it the environment")]
fn is_full() -> bool {
    std::env::var("IDVET_HOSTILE").is_ok_and(|text| text == "full")
}

/// Bytes of the big bodies.
fn n_big() -> usize {
    if is_full() { 100 << 20 } else { 8 << 20 }
}
