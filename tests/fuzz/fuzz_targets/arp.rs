//! Fuzzes [`fuzz_targets::arp`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::arp(bytes));
