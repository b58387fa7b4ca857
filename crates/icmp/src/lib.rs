//! ICMP: what hosts and routers tell each other about IP itself (RFC 792).
//!
//! ```text
//!    0                   1                   2                   3
//!    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!   ┌───────────────┬───────────────┬───────────────────────────────┐
//!   │     Type      │     Code      │           Checksum            │
//!   ├───────────────┴───────────────┼───────────────────────────────┤
//!   │          Identifier           │        Sequence Number        │  of an echo; what stands
//!   ├───────────────────────────────┴───────────────────────────────┤  here differs by type
//!   │                           Data ...                            │
//!   └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! The checksum covers the whole message, and nothing outside it.
//!
//! [`Packet::parse`] proves that bytes are an ICMP message; [`Packet::message`] says which.
//! [`Message::prepend_to`] writes one in front of its data.

#![forbid(unsafe_code)]

mod message;
mod view;

pub use message::{Echo, Message, Unknown};
pub use view::{Malformed, Packet};

/// Length of every message's header, in bytes.
pub const HEADER_LEN: usize = 8;
