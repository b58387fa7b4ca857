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
//!
//! # Echo
//!
//! Whoever pings from here opens a socket ([`EchoSockets`]) and is handed the replies to its own
//! requests, and the errors about them.
//!
//! # Errors
//!
//! Some messages are errors: they quote the beginning of a datagram and say what became of it.
//!
//! - Going out: [`may_be_answered_with_error`] and [`ErrorLimiter`] say whether one may be sent,
//!   [`ErrorKind::lay_down_about`] writes it.
//! - Coming in: [`ErrorReport::read`] finds out which of our datagrams it is about. Whoever sent
//!   that one is told, and learns what to make of it: [`ErrorKind::host_error`] and
//!   [`ErrorKind::severity`].
//!
//! ```text
//!      host                          router                        destination
//!        │  a datagram that goes too far │                               ╷
//!        │ ────────────────────────────► │ TTL 0: may it be answered?    ╷
//!        │   ICMP: its first 548 bytes   │ within the limit?             ╷
//!        │ ◄──────────────────────────── │ lay_down_about                ╷
//!        │ ErrorReport::read             │                               ╷
//! ```

#![forbid(unsafe_code)]

mod answerable;
mod echo_events;
mod echo_sockets;
mod error;
mod identifiers;
mod limiter;
mod message;
mod query;
mod quote;
mod recent_requests;
mod redirect;
mod report;
mod unreachable;
mod view;

pub use answerable::{Unanswerable, may_be_answered_with_error};
pub use echo_events::{
    EVENT_QUEUE_BYTES, EVENT_QUEUE_LIMIT, EchoEvent, EchoReply, EchoReport, ReplyEnvelope,
};
pub use echo_sockets::{
    EchoDropped, EchoSocketId, EchoSockets, MAX_ECHO_SOCKETS, TooManyOpenSockets,
};
pub use error::{ErrorKind, ErrorMessage, OtherCode, ParameterProblem, TimeExceeded};
pub use limiter::{ERROR_BURST, ERRORS_PER_SECOND, ErrorLimiter};
pub use message::{Echo, Message, SourceQuench, Unknown};
pub use query::{Query, QueryKind};
pub use quote::{BadQuote, ERROR_DATAGRAM_LIMIT, Ports, QUOTE_LIMIT, QuotedDatagram};
pub use recent_requests::{RECENT_REQUESTS, REQUEST_LIFETIME};
pub use redirect::{Redirect, RedirectScope};
pub use report::{ErrorReport, HostError, Severity};
pub use unreachable::Unreachable;
pub use view::{Malformed, Packet};

/// Length of every message's header, in bytes.
pub const HEADER_LEN: usize = 8;
