//! Fuzzes [`fuzz_targets::reassembly`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::reassembly(bytes));
