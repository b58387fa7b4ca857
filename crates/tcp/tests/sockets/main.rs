//! Connections as a program sees them on one side, and a peer on the other whose every segment is
//! made by hand.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod closed_window;
mod cork;
mod errors;
mod linger;
mod opening;
mod robust;
mod scene;
mod status;
mod time_wait;
mod tuning;
mod urgent;
