//! UDP: ports and a checksum on top of IP, and nothing more (RFC 768; RFC 1122, 4.1).
//!
//! ```text
//!    0                   1                   2                   3
//!    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!   ┌───────────────────────────────┬───────────────────────────────┐
//!   │          Source Port          │       Destination Port        │
//!   ├───────────────────────────────┼───────────────────────────────┤
//!   │            Length             │           Checksum            │
//!   ├───────────────────────────────┴───────────────────────────────┤
//!   │                          Payload ...                          │
//!   └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! The length counts header and payload. The checksum covers both, and before them a
//! pseudo-header that is never sent: the addresses, the protocol's number and that length. The
//! layer below knows the first two and hands in their sum, so nothing here depends on how long an
//! address is.
//!
//! [`Datagram::parse`] proves that bytes are a datagram, [`Datagram::header`] gives its
//! [`Header`]; [`Header::prepend_to`] writes one in front of its payload.
//!
//! [`Sockets`] is where programs send and receive:
//!
//! ```text
//!      bind, connect, send ...                                   receive, take_report ...
//!               │                                                            ▲
//!   ┌───────────▼────────────────────────── Sockets ─────────────────────────┴───────────┐
//!   │  one send queue for all                 demultiplexer ──► each socket's own queue  │
//!   └───────────┬─────────────────────────────────▲───────────────────────▲──────────────┘
//!         take_outgoing                    handle_datagram          handle_report
//!               ▼                                 │                       │
//!          to the layer below             a datagram came       ICMP says what became of one
//! ```

#![forbid(unsafe_code)]

mod datagram;
mod demultiplexer;
mod error;
mod exchange;
mod header;
mod inbox;
mod network;
mod options;
mod outbox;
mod queues;
mod readiness;
mod receiving;
mod recent;
mod report;
mod sending;
mod sockets;
mod spare;
mod udp_socket;

pub use datagram::{Datagram, Malformed};
pub use error::Error;
pub use exchange::{Copied, Delivery, Envelope, Incoming, Message, Metadata, Outgoing};
pub use header::{HEADER_LEN, Header, MAX_PAYLOAD_LEN, PayloadTooLong};
pub use network::{AddressKind, Network};
pub use options::{MAX_IP_OPTIONS_LEN, MULTICAST_TTL, SendOptions, SocketOptions};
pub use packet::ChecksumBy;
pub use queues::{
    DATAGRAM_OVERHEAD, RECEIVE_QUEUE_BYTES, RECEIVE_QUEUE_DATAGRAMS, SEND_QUEUE_BYTES,
    SEND_QUEUE_DATAGRAMS, TOTAL_RECEIVE_BYTES, TOTAL_SEND_BYTES,
};
pub use readiness::{Event, Readiness};
pub use receiving::{DatagramDropped, ReportDropped};
pub use recent::{RECENT_LIFETIME, RECENT_SENDS};
pub use report::{Cause, REPORT_QUEUE_LIMIT, Report};
pub use socket::{AddressPair, EPHEMERAL_PORT_TRIES, FIRST_EPHEMERAL_PORT, SocketId, SocketPair};
pub use sockets::{MAX_SOCKETS, Sockets};
