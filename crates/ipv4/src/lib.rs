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
//!
//! | on the way in | | on the way out | |
//! | --- | --- | --- | --- |
//! | is it for us? | [`Destination`], [`AddressKind`] | where does it leave? | [`RoutingTable`] |
//! | what do its options say? | [`OptionList`] | which datagram is it? | [`Identifications`] |
//! | it came in pieces | [`Reassembler`] | it is too long | [`Fragments`] |

#![forbid(unsafe_code)]

mod address;
mod datagram;
mod destination;
mod fragmentation;
mod header;
mod identification;
mod ledger;
mod option_list;
mod options;
mod partial;
mod pseudo_header;
mod reassembly;
mod routes;

pub use address::{Cidr, InvalidCidr};
pub use datagram::{Datagram, Malformed, QuotedChecksum};
pub use destination::{ALL_HOSTS, AddressKind, Destination, is_unicast_source};
pub use fragmentation::{CannotFragment, Fragments};
pub use header::{
    Dscp, Ecn, FragmentOffset, Header, MAX_LEN, MAX_PAYLOAD_LEN, MIN_HEADER_LEN, PayloadTooLong,
    Protocol,
};
pub use identification::{IDENTIFICATION_COUNTERS, Identifications};
pub use ledger::{
    MAX_REASSEMBLIES, MAX_REASSEMBLY_BYTES, MAX_REASSEMBLY_BYTES_PER_SOURCE, REASSEMBLY_TIMEOUT,
    ReassemblyLimits,
};
pub use option_list::{HeaderOption, MalformedOption, OptionKind, OptionList};
pub use options::{HeaderTooLong, Options};
pub use partial::{FirstFragment, MIN_FIRST_TCP_FRAGMENT, RefusedFragment};
pub use pseudo_header::pseudo_header;
pub use reassembly::{ExpiredDatagram, Reassembled, Reassembler, Reassembly};
pub use routes::{
    MAX_ROUTED_NETWORKS, MAX_ROUTES_PER_NETWORK, MAX_SILENT_NEXT_HOPS, NEXT_HOP_SILENCE, Route,
    RoutingTable, TableFull,
};
