//! Fuzzes `idvet::untrusted::recording`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::recording(bytes));
