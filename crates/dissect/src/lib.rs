//! A packet in words: one line for the eye, or every layer with its fields and a hex dump.
//!
//! ```text
//!   192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 84 bytes
//!
//!     IPv4, bytes 0 to 19
//!         0  version               4
//!         0  header length         20 bytes            5 words of 4 bytes
//!         ...
//!     ICMP, bytes 20 to 27
//!        20  type                  8                   echo request
//! ```
//!
//! [`dissect`] reads whatever it is given: a packet that is broken or cut short is shown as far
//! as it goes, and the summary says what is wrong. So the fields are read by position here. Where
//! a layer of the stack can judge a packet ([`ipv4::Datagram`], [`icmp::Packet`],
//! [`tcp::Segment`](::tcp::Segment)), its verdict stands, in its words: the line says what the
//! stack would say.
//!
//! [`Conversations`] reads one packet after the other and remembers where TCP's numbers began.
//!
//! A [`Dissection`] is data. [`Dissection::lines`] and `Display` make text of it; JSON and colour
//! are up to the reader of the fields and [`Span`]s.

#![forbid(unsafe_code)]

mod arp;
mod conversations;
mod dissection;
mod dissector;
mod icmp4;
mod internet;
mod ip4;
mod ip6;
mod link;
mod lldp;
mod names;
mod packet_information;
mod part;
mod tcp;
mod tcp_options;
mod text;
mod udp;

#[cfg(test)]
mod samples;

pub use conversations::{Conversations, MOST_REMEMBERED};
pub use dissection::{Brief, Dissection, Endpoints, Field, Layer, Summary};
pub use dissector::{Framing, Offload, dissect};
pub use text::{Line, MOST_DUMPED, Role, Span, hex_dump};
