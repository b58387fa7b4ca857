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
//! A protocol is one file: [`Packet`] in IPv4 carries any [`Payload`], and anything else can be
//! [`Sendable`] and [`Expectable`] on its own.

#![forbid(unsafe_code)]

mod bent;
mod bent_ipv4;
mod cast;
mod description;
mod failure;
mod icmp;
mod ipv4;
mod opaque;
mod raw;
mod recorder;
mod recording;
mod story;
mod telling;
mod the_stack;
mod words;

pub use bent::{Bend, Bent};
pub use cast::{Anything, App, Cast, Nothing, Peer, Time, We};
pub use description::{Described, Differences, Expectable, Frame, Scene, Sendable};
pub use icmp::{Echo, Message, echo_reply, echo_request, icmp_message};
pub use ipv4::{Between, Packet, Payload};
pub use opaque::{Opaque, datagram};
pub use raw::{Raw, raw};
pub use story::Story;
pub use the_stack::{KERNEL, STACK, usual_stack};
pub use words::{ms, quote, seconds};
