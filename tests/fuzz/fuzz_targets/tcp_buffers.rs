//! Fuzzes [`fuzz_targets::tcp_buffers`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::tcp_buffers(bytes));
