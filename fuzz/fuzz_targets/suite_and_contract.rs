//! Fuzzes `idvet::untrusted::suite_and_contract`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::suite_and_contract(bytes));
