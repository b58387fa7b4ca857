//! What the fuzzers run: one function over bytes for each parser, and one for whole histories.
//!
//! A function here panics if what it looks at is broken. The fuzzers (`make fuzz`) call them
//! with bytes that they invent; the tests of this package call them, on stable Rust, with the
//! bytes that the fuzzers found worth keeping.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a target fails by panicking"
)]

mod actions;
mod arp;
mod parsers;
mod reassembly;
mod tcp_buffers;
mod tcp_segment;
mod udp;

pub use actions::{actions, live};
pub use arp::arp;
pub use parsers::{dissect_frame, ethernet, icmp_message, ipv4_datagram, link_options};
pub use reassembly::reassembly;
pub use tcp_buffers::tcp_buffers;
pub use tcp_segment::tcp_segment;
pub use udp::udp;

/// A target: it takes any bytes and panics if something is broken.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: [(&str, Target); 11] = [
    ("actions", actions),
    ("arp", arp),
    ("dissect", dissect_frame),
    ("ethernet", ethernet),
    ("icmp", icmp_message),
    ("ipv4", ipv4_datagram),
    ("link_options", link_options),
    ("reassembly", reassembly),
    ("tcp_buffers", tcp_buffers),
    ("tcp_segment", tcp_segment),
    ("udp", udp),
];
