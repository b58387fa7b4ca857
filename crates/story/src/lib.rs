//! Tests that read as stories: what the peer sends, what we send back, how time passes.
//!
//! ```
//! use story::*;
//!
//! let story = Story::new(
//!     "An echo request is answered with its own identifier, number and data",
//!     "RFC 1122, 3.2.2.6 (ICMP-19, ICMP-21)",
//! );
//! let Cast { peer, we, time, nothing, .. } = story.cast();
//!
//! peer.sends(echo_request().identifier(7).sequence_number(1).data(b"abc"));
//! we.send(echo_reply().identifier(7).sequence_number(1).data(b"abc"));
//!
//! time.passes(seconds(60));
//! nothing.is_sent();
//! ```
//!
//! A [`Story`] owns the host under test and a clock of its own, which moves only when the story
//! says so. Its [`Cast`] are the words that a story is told with. What is not told must not
//! happen: a packet that leaves and that no step expects fails the story, at the latest when the
//! story ends.
//!
//! The same description of a packet serves twice. The peer sends all of it, with usual values
//! for what the story does not name; of what we send only the named fields are compared, and
//! lengths, addresses and checksums always.
//!
//! ```text
//!              write ──► bytes ──► the host under test ──► bytes ──► judge
//!   echo_request().data(b"abc")                      echo_reply().data(b"abc")
//! ```
//!
//! Both hands are etherparse's, never our own crates', so that a
//! mistake made the same way in our writer and in our reader is seen.
//!
//! On Ethernet every packet is in a frame between the peer and us without being told so; a story
//! that is about frames says more ([`OnEthernet`], [`BendFrame`]).
//!
//! A protocol is one file: [`Packet`] in IPv4 carries any [`Payload`], and anything else can be
//! [`Sendable`] and [`Expectable`] on its own.

#![forbid(unsafe_code)]

mod arp;
mod bent;
mod bent_ipv4;
mod bent_tcp;
mod cast;
mod conversation;
mod description;
mod ethernet_frame;
mod failure;
mod first_numbers;
mod fragment;
mod icmp;
mod icmp_error;
mod ipv4;
#[cfg(test)]
mod judged;
mod opaque;
mod options;
mod raw;
mod recorder;
mod recording;
mod scene;
mod story;
mod tcp;
mod tcp_connections;
mod tcp_flags;
mod tcp_options;
mod tcp_segment;
mod tcp_sockets;
mod telling;
mod the_stack;
mod udp;
mod udp_sockets;
mod words;

pub use self::tcp::{Tcp, ack, data, fin, flags, rst, rst_ack, syn, syn_ack};
pub use self::udp::{Udp, udp};
pub use ::ethernet::MacAddress;
pub use arp::{Arp, arp_announcement, arp_probe, arp_reply, arp_request};
pub use bent::{Bend, Bent};
pub use cast::{Anything, App, Cast, Far, Nothing, Peer, Time, We};
pub use description::{Described, Differences, Expectable, Frame, Sendable};
pub use ethernet_frame::{
    BendFrame, EVERYBODY, EthernetFrame, OnEthernet, OtherFrame, frame_of_type,
};
pub use first_numbers::FirstNumbers;
pub use fragment::Fragment;
pub use icmp::{Echo, Message, echo_reply, echo_request, icmp_message};
pub use icmp_error::{
    IcmpError, fragmentation_needed, host_unreachable, network_unreachable, parameter_problem,
    port_unreachable, protocol_unreachable, reassembly_time_exceeded, source_route_failed,
    time_exceeded, unreachable_code,
};
pub use ipv4::{Between, Packet, Payload};
pub use opaque::{Opaque, datagram};
pub use options::{
    IpOption, loose_source_route, option, record_route, router_alert, stream_identifier,
    strict_source_route, timestamps,
};
pub use raw::{Raw, raw};
pub use scene::{FAR, FAR_MTU, KERNEL, KERNEL_MAC, ROUTER, STACK, STACK_MAC, Scene};
pub use story::Story;
pub use the_stack::{stack_with, usual_stack};
pub use words::{ms, quote, seconds};
