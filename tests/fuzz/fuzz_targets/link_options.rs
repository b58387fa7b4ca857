//! Fuzzes [`fuzz_targets::link_options`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::link_options(bytes));
