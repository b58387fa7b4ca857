//! Fuzzes [`fuzz_targets::ethernet`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::ethernet(bytes));
