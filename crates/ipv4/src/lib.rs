//! IPv4: the datagram that carries everything else (RFC 791).
//!
//! ```text
//!    0                   1                   2                   3
//!    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!   ┌───────┬───────┬───────────┬───┬───────────────────────────────┐
//!   │Version│  IHL  │   DSCP    │ECN│         Total Length          │
//!   ├───────┴───────┴───────────┴───┼─┬─┬─┬─────────────────────────┤
//!   │        Identification         │0│D│M│     Fragment Offset     │
//!   ├───────────────┬───────────────┼─┴─┴─┴─────────────────────────┤
//!   │ Time to Live  │   Protocol    │        Header Checksum        │
//!   ├───────────────┴───────────────┴───────────────────────────────┤
//!   │                        Source Address                         │
//!   ├───────────────────────────────────────────────────────────────┤
//!   │                     Destination Address                       │
//!   ├───────────────────────────────────────────────────────────────┤
//!   │           Options, 0 to 40 bytes, padded to words             │
//!   ├───────────────────────────────────────────────────────────────┤
//!   │                          Payload ...                          │
//!   └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! Reading takes two steps. [`Datagram::parse`] proves that the bytes are a datagram, or says
//! what is wrong with them ([`Malformed`]); [`Datagram::header`] gives its [`Header`] as a value.
//! Writing goes back: the payload is laid into a [`packet::Buffer`] and
//! [`Header::prepend_to`] puts the header in front.

#![forbid(unsafe_code)]

mod address;
mod datagram;
mod header;

pub use address::{Cidr, InvalidCidr, is_unicast_source};
pub use datagram::{Datagram, Malformed};
pub use header::{
    Dscp, Ecn, FragmentOffset, Header, HeaderTooLong, MIN_HEADER_LEN, Options, PayloadTooLong,
    Protocol,
};
