//! What a trace looks like. Each type here listens to the one stream of events ([`trace`]) and
//! turns it into what a person or a tool reads:
//!
//! - [`Lines`]: a line a packet, or every layer of it, as it happens (`-v`, `-vv`).
//! - [`Pcapng`]: a file that Wireshark opens, with what the stack did as packet comments.
//! - [`Ladder`]: a drawing of who sent what to whom, when all is over.
//! - [`JsonLines`]: one JSON object an event, for programs.
//!
//! ```text
//!   <- kernel  192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 84 bytes
//!   -> kernel  192.0.2.2 > 192.0.2.1  ICMP echo reply id 7 seq 1, 84 bytes
//! ```
//!
//! None of them stops the stack. Where one cannot write (the disk is full, nobody reads the pipe
//! any more), it keeps the error for whoever asks and stays silent from then on.

#![forbid(unsafe_code)]

mod framing;
mod json;
mod ladder;
mod lines;
mod names;
mod output;
mod pcapng;
mod reasons;
mod style;
mod words;

#[cfg(test)]
mod samples;

pub use json::JsonLines;
pub use ladder::{Ladder, MOST_ENTRIES, MOST_HOSTS, WIDTH};
pub use lines::{Detail, Lines};
pub use names::Names;
pub use pcapng::{MOST_COMMENT_BYTES, MOST_COMMENTS, MOST_HELD, Pcapng};
pub use style::Style;
