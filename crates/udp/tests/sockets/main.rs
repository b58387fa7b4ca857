//! What programs and the network see of the sockets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod bounds;
mod calls;
mod demultiplexing;
mod host;
mod receiving;
mod reports;
mod sending;
