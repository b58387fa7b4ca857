//! Fuzzes [`fuzz_targets::dissect_frame`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::dissect_frame(bytes));
