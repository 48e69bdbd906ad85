//! Fuzzes `idvet::untrusted::events`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::events(bytes));
