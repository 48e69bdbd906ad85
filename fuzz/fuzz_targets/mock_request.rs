//! Fuzzes `idvet::untrusted::mock_request`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| idvet::untrusted::mock_request(bytes));
