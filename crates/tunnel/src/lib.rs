//! A virtual wire between two hosts, or more: the frames of a TUN or TAP device travel over the
//! kernel's sockets.
//!
//! ```text
//!       this host                                            another host
//!   ┌───────────────┐                                     ┌───────────────┐
//!   │    kernel     │                                     │    kernel     │
//!   └───┬───────▲───┘                                     └───▲───────┬───┘
//!     tun0      │ socket                                 socket│     tun0
//!   ┌───▼───────┴───┐     TCP: 2 bytes of length, frame   ┌────┴──────▼───┐
//!   │    tunnel     │ ◄─────────────────────────────────► │    tunnel     │
//!   └───────────────┘     UDP: a datagram a frame         └───────────────┘
//! ```
//!
//! | to read | file |
//! | --- | --- |
//! | how a stream of bytes carries frames | `framing.rs` |
//! | the tunnel over TCP, and over UDP | `streams.rs`, `session.rs`, `datagrams.rs` |
//! | which end a frame is for | `switch.rs`, `addresses.rs` |
//! | how frames are sealed, and what comes twice | `sealing.rs`, `replay_window.rs` |
//!
//! Nothing here has a socket or a clock. A tunnel is a [`packet::Host`], the device is driven by
//! the event loop as always, and what travels goes in and out as bytes. Only the keys of a
//! handshake are drawn from the system's random numbers, by the crate that makes them.

#![forbid(unsafe_code)]

mod addresses;
mod back_off;
mod counters;
mod datagrams;
mod framing;
mod hub;
mod key;
mod news;
mod replay_window;
mod sealing;
mod session;
mod streams;
mod switch;
mod terms;

pub use back_off::{BackOff, FIRST_WAIT, LONGEST_WAIT};
pub use counters::{Counter, Counters};
pub use datagrams::{DatagramTunnel, FORGET_AFTER, KEEP_ALIVE, LOST_AFTER, OUTGOING_QUEUE};
pub use framing::{LENGTH_LEN, LyingLength, OUTBOX};
pub use hub::{DEVICE_QUEUE, MAX_PEERS, PeerId};
pub use key::{KEY_LEN, Key, WrongKeySize};
pub use news::{News, What};
pub use replay_window::SPAN;
pub use sealing::SEALING_OVERHEAD;
pub use streams::{GREETING_PATIENCE, Role, STALL_PATIENCE, StreamTunnel};
pub use switch::HOSTS_PER_PORT;
pub use terms::Terms;

/// The port that simpletun chose.
pub const DEFAULT_PORT: u16 = 55_555;

#[cfg(test)]
const fn peer_id(number: u64) -> PeerId {
    PeerId(number)
}
