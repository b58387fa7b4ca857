//! ARP: from an IPv4 address to the MAC address of the neighbour that has it (RFC 826).
//!
//! ```text
//!    0                   1                   2                   3
//!    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!   ┌───────────────────────────────┬───────────────────────────────┐
//!   │      Hardware Type (1)        │     Protocol Type (0x0800)    │
//!   ├───────────────┬───────────────┼───────────────────────────────┤
//!   │ Hardware      │ Protocol      │           Operation           │
//!   │ Length (6)    │ Length (4)    │     (1 request, 2 reply)      │
//!   ├───────────────┴───────────────┴───────────────────────────────┤
//!   │                    Sender Hardware Address                    │
//!   ├───────────────────────────────┬───────────────────────────────┤
//!   │         ... its end           │    Sender Protocol Address    │
//!   ├───────────────────────────────┼───────────────────────────────┤
//!   │         ... its end           │    Target Hardware Address    │
//!   ├───────────────────────────────┴───────────────────────────────┤
//!   │                           ... its end                         │
//!   ├───────────────────────────────────────────────────────────────┤
//!   │                    Target Protocol Address                    │
//!   └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! [`Packet::parse`] proves that bytes are such a packet, [`Packet::message`] gives its values,
//! [`Message::prepend_to`] writes them again.
//!
//! [`Arp`] is the protocol on one interface. It answers who asks for our address, keeps the
//! neighbours' addresses in a cache, and keeps the packets that wait for one. An entry of the
//! cache goes through these states, which have their names from RFC 4861:
//!
//! ```text
//!    (nothing)
//!        │ a packet for the neighbour: everybody is asked, at most REQUESTS times
//!        ▼
//!    Incomplete ── no answer ──► (nothing), and the packets are given back
//!        │ an answer
//!        ▼
//!    Reachable ◄─────────────────────────────────────────────────────┐
//!        │ reachable_time                                            │
//!        ▼                                                           │
//!      Stale ── stale_time ──► (nothing)                             │
//!        │ a packet for the neighbour                                │
//!        ▼                                                           │
//!      Delay ── the layers above confirm ───────────────────────────►┤
//!        │ DELAY_TIME: the neighbour is asked, at most PROBES times  │
//!        ▼                                                           │
//!      Probe ── an answer ───────────────────────────────────────────┘
//!        └───── no answer ──► (nothing)
//! ```
//!
//! From Reachable to Probe packets leave at once, so that asking again costs nobody a pause. A
//! neighbour that says where it is without being asked is Stale: it speaks, but may not hear us.
//!
//! Anybody on the link can claim anything, and ARP has no proof to offer. What can be done is
//! done: only those who ask for us get an entry of their own accord, everybody else can at most
//! change one that is there ([`Learned`], [`Ignored`]); the first answer wins for [`LOCK_TIME`];
//! entries that we use never give way to those that strangers made; and whoever claims our own
//! address is told off ([`Defence`]).

#![forbid(unsafe_code)]

mod arp;
mod asked;
mod cache;
mod claim;
mod config;
mod entry;
mod learn;
mod local;
mod message;
mod outcome;
mod table;
#[cfg(test)]
mod test_support;
mod view;
mod waiting;

pub use arp::Arp;
pub use asked::{BROADCASTS_PER_SECOND, REQUEST_INTERVAL};
pub use claim::{
    ANNOUNCE_INTERVAL, ANNOUNCE_WAIT, ANNOUNCEMENTS, CLAIM_PROBES, DEFEND_INTERVAL, Defence,
    PROBE_MAX, PROBE_MIN, PROBE_WAIT,
};
pub use config::Config;
pub use entry::{DELAY_TIME, LOCK_TIME, NeighbourState, PROBES, REFRESH_INTERVAL, REQUESTS};
pub use local::{Local, multicast_hardware};
pub use message::{Message, Operation, PACKET_LEN};
pub use outcome::{
    Due, Ignored, Learned, Neighbour, Outcome, Outgoing, Payload, Refusal, Released, Sent,
    Unreachable,
};
pub use table::{INCOMPLETE_LIMIT, NEIGHBOUR_LIMIT};
pub use view::{Malformed, Packet};
pub use waiting::{
    WAITING_BYTES, WAITING_BYTES_PER_NEIGHBOUR, WAITING_LIMIT, WAITING_PER_NEIGHBOUR,
};
