//! Fuzzes [`fuzz_targets::ipv4_datagram`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::ipv4_datagram(bytes));
