//! Fuzzes `idvet::untrusted::load_profile`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::load_profile(bytes));
