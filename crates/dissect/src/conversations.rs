//! Where the numbers of each TCP connection began, so that they can be counted from there.
//!
//! A connection begins at a number that nobody can guess, so the numbers in its segments are long
//! and tell a person nothing. Counted from the SYN's they do:
//!
//! ```text
//!   [SYN] seq 3633342303                        [SYN] seq 0
//!   [SYN, ACK] seq 1954303858 ack 3633342304    [SYN, ACK] seq 0 ack 1
//!   [PSH, ACK] seq 3633342304 ... data 6        [PSH, ACK] seq 1 ... data 6
//! ```
//!
//! The SYNs also tell by how much windows are scaled, so a window can be told in bytes.

use std::collections::HashMap;
use std::mem;

use tcp::{Flags, Options, SequenceNumber, WindowScale};

use crate::dissector::Dissector;
use crate::{Dissection, Framing, Offload};

/// How many directions of connections are remembered at least, if there were as many. Twice as
/// many are kept at most; then the older half is forgotten.
pub const MOST_REMEMBERED: usize = 4096;

/// What is known of the connections that a listener has seen begin.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    recent: HashMap<Way, Beginning>,
    older: HashMap<Way, Beginning>,
}

/// One direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Way {
    pub(crate) source: (String, u16),
    pub(crate) destination: (String, u16),
}

/// What a SYN said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beginning {
    number: SequenceNumber,
    scale: Option<WindowScale>,
}

/// A segment's numbers as a person counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// From the number of its sender's SYN; `None` if that was not seen.
    pub(crate) sequence_number: Option<u32>,
    /// From the number of the other's SYN; `None` if that was not seen.
    pub(crate) acknowledgment_number: Option<u32>,
    /// By how much its window is scaled.
    pub(crate) scale: Option<WindowScale>,
}

impl Conversations {
    /// As [`crate::dissect`], but TCP's numbers are counted from where the connection began, if
    /// that was seen. What the packet begins is remembered.
    pub fn dissect(
        &mut self,
        bytes: &[u8],
        framing: impl Into<Framing>,
        offload: Offload,
    ) -> Dissection {
        let mut dissector = Dissector::with(offload);
        dissector.conversations = Some(mem::take(self));
        dissector.read(bytes, framing.into());
        *self = dissector.conversations.take().unwrap_or_default();
        dissector.finish(bytes)
    }

    /// Learns what a segment with SYN says of its direction.
    pub(crate) fn note(
        &mut self,
        way: &Way,
        number: SequenceNumber,
        flags: Flags,
        options: &Options,
    ) {
        if !flags.syn() {
            return;
        }
        let beginning = Beginning { number, scale: options.window_scale };
        let is_another = self.find(way).is_some_and(|known| known.number != number);
        if is_another && !flags.ack() {
            // The same ports again: what the other side said belongs to the connection before.
            self.forget(&way.back());
        }
        if self.recent.len() >= MOST_REMEMBERED {
            self.older = mem::take(&mut self.recent);
        }
        self.recent.insert(way.clone(), beginning);
    }

    /// The numbers of a segment that goes this way.
    pub(crate) fn count(
        &self,
        way: &Way,
        sequence_number: SequenceNumber,
        acknowledgment_number: SequenceNumber,
        flags: Flags,
    ) -> Counted {
        let (ours, theirs) = (self.find(way), self.find(&way.back()));
        // Windows are scaled if both offered it, and never beside a SYN (RFC 7323, 2.2).
        let scale = match (ours, theirs) {
            (Some(ours), Some(theirs)) if !flags.syn() => theirs.scale.and(ours.scale),
            _ => None,
        };
        let since =
            |number: SequenceNumber| move |beginning: &Beginning| number.since(beginning.number);
        Counted {
            sequence_number: ours.map(since(sequence_number)),
            acknowledgment_number: theirs.map(since(acknowledgment_number)),
            scale,
        }
    }

    fn find(&self, way: &Way) -> Option<&Beginning> {
        self.recent.get(way).or_else(|| self.older.get(way))
    }

    fn forget(&mut self, way: &Way) {
        self.recent.remove(way);
        self.older.remove(way);
    }
}

impl Way {
    /// The other direction.
    fn back(&self) -> Self {
        Self { source: self.destination.clone(), destination: self.source.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{PacketBuilder, TcpOptionElement};
    use packet::Medium;

    const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 40_000);
    const SERVER: ([u8; 4], u16) = ([192, 0, 2, 2], 7);

    /// What the summary says of a segment, after the ports.
    fn said(
        conversations: &mut Conversations,
        (from, to): (([u8; 4], u16), ([u8; 4], u16)),
        flags: Flags,
        (seq, ack, window): (u32, u32, u16),
        scale: Option<u8>,
    ) -> String {
        let mut builder = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, seq, window);
        if flags.syn() {
            builder = builder.syn();
        }
        if flags.rst() {
            builder = builder.rst();
        }
        if flags.ack() {
            builder = builder.ack(ack);
        }
        let scale: Vec<_> = scale.map(TcpOptionElement::WindowScale).into_iter().collect();
        let mut bytes = Vec::new();
        builder.options(&scale).unwrap().write(&mut bytes, &[]).unwrap();
        let what = conversations.dissect(&bytes, Medium::Ip, Offload::default()).summary.what;
        what.split_once('[').unwrap().1.to_owned()
    }

    const SYN_ACK: Flags = Flags::SYN.with(Flags::ACK);

    #[test]
    fn numbers_are_counted_from_the_syns_and_windows_told_in_bytes() {
        let known = &mut Conversations::default();
        let (there, back) = ((CLIENT, SERVER), (SERVER, CLIENT));
        // The client's numbers wrap behind the first byte.
        let iss = u32::MAX - 1;
        assert_eq!(said(known, there, Flags::SYN, (iss, 0, 500), Some(7)), "SYN] seq 0 win 500");
        let syn_ack = said(known, back, SYN_ACK, (9_000, iss + 1, 600), Some(2));
        assert_eq!(syn_ack, "SYN, ACK] seq 0 ack 1 win 600");
        let ack = said(known, there, Flags::ACK, (iss + 1, 9_001, 10), None);
        assert_eq!(ack, "ACK] seq 1 ack 1 win 1280");
        let ack = said(known, back, Flags::ACK, (9_001, 5, 10), None);
        assert_eq!(ack, "ACK] seq 1 ack 7 win 40");
    }

    #[test]
    fn a_window_is_scaled_only_if_both_offered_it() {
        let known = &mut Conversations::default();
        said(known, (CLIENT, SERVER), Flags::SYN, (100, 0, 500), Some(7));
        said(known, (SERVER, CLIENT), SYN_ACK, (200, 101, 500), None);
        let ack = said(known, (CLIENT, SERVER), Flags::ACK, (101, 201, 10), None);
        assert_eq!(ack, "ACK] seq 1 ack 1 win 10");
    }

    #[test]
    fn where_nobody_saw_the_beginning_numbers_stay_as_they_are() {
        let known = &mut Conversations::default();
        let ack = said(known, (CLIENT, SERVER), Flags::ACK, (101, 201, 10), None);
        assert_eq!(ack, "ACK] seq 101 ack 201 win 10");
        // Of a refusal only one side's beginning is known.
        said(known, (CLIENT, SERVER), Flags::SYN, (100, 0, 500), None);
        let reset = said(known, (SERVER, CLIENT), Flags::RST.with(Flags::ACK), (0, 101, 0), None);
        assert_eq!(reset, "RST, ACK] seq 0 ack 1 win 0");
    }

    #[test]
    fn the_same_ports_can_begin_again_and_both_sides_at_once() {
        let known = &mut Conversations::default();
        let (there, back) = ((CLIENT, SERVER), (SERVER, CLIENT));
        said(known, there, Flags::SYN, (100, 0, 500), None);
        said(known, back, SYN_ACK, (200, 101, 500), None);
        // Its SYN comes again: nothing is forgotten. Then another connection's.
        said(known, there, Flags::SYN, (100, 0, 500), None);
        assert_eq!(said(known, back, Flags::ACK, (201, 101, 5), None), "ACK] seq 1 ack 1 win 5");
        said(known, there, Flags::SYN, (70_000, 0, 500), None);
        let late = said(known, back, Flags::ACK, (201, 101, 5), None);
        assert!(late.starts_with("ACK] seq 201 "), "{late}");

        let known = &mut Conversations::default();
        said(known, there, Flags::SYN, (100, 0, 500), None);
        said(known, back, Flags::SYN, (200, 0, 500), None);
        let crossed = said(known, there, SYN_ACK, (100, 201, 500), None);
        assert_eq!(crossed, "SYN, ACK] seq 0 ack 1 win 500");
    }

    #[test]
    fn not_all_connections_are_remembered_for_ever() {
        let known = &mut Conversations::default();
        for port in 1..=u16::try_from(3 * MOST_REMEMBERED).unwrap() {
            said(known, ((CLIENT.0, port), SERVER), Flags::SYN, (100, 0, 500), None);
        }
        assert!(known.recent.len() + known.older.len() <= 2 * MOST_REMEMBERED);
        let first = said(known, ((CLIENT.0, 1), SERVER), Flags::ACK, (101, 0, 5), None);
        assert!(first.starts_with("ACK] seq 101 "), "{first}");
        let last = u16::try_from(3 * MOST_REMEMBERED).unwrap();
        let last = said(known, ((CLIENT.0, last), SERVER), Flags::ACK, (101, 0, 5), None);
        assert!(last.starts_with("ACK] seq 1 "), "{last}");
    }
}
