//! What ARP does on one interface, told from outside.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

mod ageing;
mod interleavings;
mod lab;
mod limits;
mod resolution;
mod smoltcp;
mod trust;
