//! Fuzzes `idvet::untrusted::answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::answer(bytes));
