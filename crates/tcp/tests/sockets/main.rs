//! Connections as a program sees them on one side, and a peer on the other whose every segment is
//! made by hand.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod advice;
mod closed_window;
mod congestion;
mod cookies;
mod cork;
mod ending;
mod errors;
mod forged;
mod giving_up;
mod handshake;
mod keep_alive;
mod linger;
mod listening;
mod opening;
mod reasons;
mod receiving;
mod recovery;
mod robust;
mod scene;
mod sending;
mod status;
mod telling;
mod time_wait;
mod tuning;
mod urgent;
