//! Fuzzes `idvet::untrusted::signature`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::signature(bytes));
