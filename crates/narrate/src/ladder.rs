//! A conversation as a drawing: a column a host, time runs downward, an arrow a frame.
//!
//! ```text
//!       time  alice                                       bob  took
//!   0.000000  │────── ICMP echo request seq 1, 84 bytes ──────►│  +20 ms
//!   0.020000  │◄─────── ICMP echo reply seq 1, 84 bytes ───────│  +20 ms
//!   1.000000  │── ICMP echo request seq 2, 84 bytes ── X lost  │
//! ```
//!
//! A frame is seen leaving one host and arriving at another. That both are the same frame is
//! told by its bytes, so nothing has to be marked on the way, and nothing is assumed of the link.

mod canvas;
mod drawing;
mod flight;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use dissect::{Conversations, Dissection, Framing};
use packet::{Instant, InterfaceId};
use trace::{Direction, Event, Fault, Record, Subscriber};

use crate::framing::{LastMedium, offload};
use crate::reasons::Reasons;
use crate::words;

/// How wide the drawing is at most, in characters.
pub const WIDTH: usize = 100;

/// How many hosts are drawn at most.
pub const MOST_HOSTS: usize = 6;

/// How many events are kept for the drawing; what comes after is counted.
pub const MOST_ENTRIES: usize = 10_000;

/// Collects the frames of two hosts or more, and draws them when it is displayed.
#[derive(Clone, Debug)]
pub struct Ladder {
    hosts: Vec<Host>,
    entries: Vec<Entry>,
    /// How many events came after [`MOST_ENTRIES`].
    not_kept: usize,
    medium: LastMedium,
    /// Counts TCP's numbers from where their connection began.
    conversations: Conversations,
    reasons: Reasons,
}

#[derive(Clone, Debug)]
struct Host {
    name: String,
    /// Never heard of by itself: what is sent to it counts as arrived, and what comes from
    /// nobody else comes from it.
    is_silent: bool,
}

/// An event that the drawing needs.
#[derive(Clone, Debug)]
struct Entry {
    at: Instant,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Frame {
        /// Its place among the hosts.
        host: usize,
        interface: InterfaceId,
        is_out: bool,
        frame: FrameId,
        label: Label,
    },
    Fault {
        /// Set if one of the hosts told of it, rather than a link between them.
        host: Option<usize>,
        fault: Fault,
        /// As it left.
        before: FrameId,
        /// As it arrives, if it arrives.
        after: FrameId,
        label: Label,
    },
    Note {
        host: usize,
        /// Which connection it happened to, if it did to one.
        connection: Option<String>,
        words: String,
    },
}

/// What stands on an arrow.
#[derive(Clone, Debug)]
struct Label {
    /// The ports, where the frame belongs to a connection.
    ports: Option<(u16, u16)>,
    words: String,
}

impl Label {
    /// A frame without its addresses, which the columns tell.
    fn new(dissection: &Dissection, reason: Option<&str>) -> Self {
        let summary = &dissection.summary;
        let (ports, mut words) = match &summary.brief {
            Some(brief) => (Some(brief.ports), brief.what.clone()),
            None => (None, format!("{}, {} bytes", summary.what, summary.length)),
        };
        if let Some(reason) = reason {
            words.push_str(&format!(": {reason}"));
        }
        Self { ports, words }
    }

    /// The words, and the ports where there are several connections to be told apart.
    fn text(&self, shows_ports: bool) -> String {
        match self.ports {
            Some((source, destination)) if shows_ports => {
                format!("{source} > {destination} {}", self.words)
            }
            _ => self.words.clone(),
        }
    }
}

/// Stands for a frame's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrameId(u64);

impl FrameId {
    fn of(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Ladder {
    /// A ladder between hosts who all tell their events, in columns from left to right: at most
    /// [`MOST_HOSTS`] of them.
    #[must_use]
    pub fn between(hosts: &[&str]) -> Self {
        let hosts = hosts
            .iter()
            .take(MOST_HOSTS)
            .map(|&name| Host { name: name.to_owned(), is_silent: false })
            .collect();
        Self {
            hosts,
            entries: Vec::new(),
            not_kept: 0,
            medium: LastMedium::default(),
            conversations: Conversations::default(),
            reasons: Reasons::default(),
        }
    }

    /// A ladder between the kernel, on the left, and the one host that tells its events.
    #[must_use]
    pub fn with_kernel(host: &str) -> Self {
        let mut ladder = Self::between(&["kernel", host]);
        if let Some(kernel) = ladder.hosts.first_mut() {
            kernel.is_silent = true;
        }
        ladder
    }

    fn entry(&mut self, record: &Record<'_>) -> Option<What> {
        let Record { at, host, event } = *record;
        let host = self.hosts.iter().position(|known| known.name == host);
        Some(match event {
            Event::Frame { interface, direction, medium, bytes } => {
                self.medium.saw(medium);
                let (framing, offload) = (Framing::from(medium), offload(direction));
                let dissection = self.conversations.dissect(bytes, framing, offload);
                let is_out = matches!(direction, Direction::Out(_));
                let reason = is_out.then(|| self.reasons.take(bytes, medium)).flatten();
                let frame = FrameId::of(bytes);
                let label = Label::new(&dissection, reason);
                What::Frame { host: host?, interface, is_out, frame, label }
            }
            Event::Leaving { bytes, reason, .. } => {
                self.reasons.note(bytes, reason);
                return None;
            }
            Event::Fault { fault, bytes } => {
                let dissection = self.medium.dissect_in(&mut self.conversations, bytes);
                let label = Label::new(&dissection, None);
                let before = FrameId::of(bytes);
                What::Fault { host, fault, before, after: after(fault, bytes), label }
            }
            Event::Dropped { .. }
            | Event::StateChange { .. }
            | Event::TimerFired { .. }
            | Event::TimerSet { is_routine: false, .. }
            | Event::Window { .. } => What::Note {
                host: host?,
                connection: words::connection_of(&event).map(str::to_owned),
                words: words::of_what_happened(at, &event)?,
            },
            // The frame says that it is sent again.
            Event::Packet { .. }
            | Event::TimerSet { is_routine: true, .. }
            | Event::RoundTrip { .. }
            | Event::CongestionWindow { .. }
            | Event::Retransmission { .. } => {
                return None;
            }
        })
    }
}

impl Subscriber for Ladder {
    fn record(&mut self, record: &Record<'_>) {
        if self.entries.len() >= MOST_ENTRIES {
            self.not_kept += 1;
        } else if let Some(what) = self.entry(record) {
            self.entries.push(Entry { at: record.at, what });
        }
    }
}

/// The drawing, without a line break at its end.
impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&drawing::draw(self))
    }
}

/// The frame as it is after a fault. Bits count from the first byte's most significant one.
fn after(fault: Fault, bytes: &[u8]) -> FrameId {
    let mut bytes = bytes.to_vec();
    if let Fault::Corrupted { bit } = fault
        && let Some(byte) = bytes.get_mut(bit / 8)
    {
        *byte ^= 0x80 >> (bit % 8);
    }
    FrameId::of(&bytes)
}

#[cfg(test)]
mod tests;
