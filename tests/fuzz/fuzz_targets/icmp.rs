//! Fuzzes [`fuzz_targets::icmp_message`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::icmp_message(bytes));
