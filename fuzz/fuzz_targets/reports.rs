//! Fuzzes `idvet::untrusted::reports`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::reports(bytes));
