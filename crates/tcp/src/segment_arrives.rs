//! SEGMENT ARRIVES (RFC 9293, 3.10.7), a file for each of its parts:
//!
//! | the connection is in | section | file |
//! | --- | --- | --- |
//! | CLOSED: there is none | 3.10.7.1 | `closed.rs` |
//! | LISTEN | 3.10.7.2 | `listen.rs` |
//! | SYN-SENT | 3.10.7.3 | `syn_sent.rs` |
//! | any other state | 3.10.7.4 | `other_states.rs` |
//! | TIME-WAIT | 3.10.7.4 | `time_wait.rs`, one folder up |

pub(crate) mod closed;
mod listen;
mod other_states;
mod syn_sent;

use crate::connection::{Connection, Context};
use crate::{Flags, Header, Options, Segment, SequenceNumber, State};

/// A segment that arrives, by the RFC's names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seg<'a> {
    /// SEG.SEQ: the first number of the segment.
    pub(crate) seq: SequenceNumber,
    /// SEG.ACK: what it acknowledges, if the ACK bit is set.
    pub(crate) ack: Option<SequenceNumber>,
    /// SEG.LEN: how many numbers it takes, SYN and FIN counted.
    pub(crate) len: u32,
    /// SEG.WND: the window, as it stands in the header.
    pub(crate) wnd: u16,
    /// SEG.UP: the urgent pointer, if the URG bit is set.
    pub(crate) up: Option<u16>,
    /// The control bits.
    pub(crate) flags: Flags,
    /// The options.
    pub(crate) options: Options,
    /// The text.
    pub(crate) text: &'a [u8],
}

impl<'a> From<&Segment<'a>> for Seg<'a> {
    fn from(segment: &Segment<'a>) -> Self {
        let Header {
            sequence_number, acknowledgment_number, flags, window, urgent_pointer, ..
        } = segment.header();
        Self {
            seq: sequence_number,
            ack: flags.ack().then_some(acknowledgment_number),
            len: segment.length(),
            wnd: window,
            up: flags.urg().then_some(urgent_pointer),
            flags,
            options: segment.options(),
            text: segment.payload(),
        }
    }
}

impl Seg<'_> {
    /// The number of its FIN, if it has one: the last of the segment.
    pub(crate) fn fin(&self) -> Option<SequenceNumber> {
        self.flags.fin().then(|| self.seq + self.len - 1)
    }

    /// The four cases of the table in 3.4: whether some of the segment lies in the window of `wnd`
    /// bytes from RCV.NXT on. A closed window takes no text; but what stands at its edge is looked
    /// at for its control bits and its acknowledgment (MUST-66).
    pub(crate) fn is_acceptable(&self, nxt: SequenceNumber, wnd: u32) -> bool {
        if wnd == 0 {
            return self.seq == nxt;
        }
        let last = match self.len {
            0 => self.seq,
            len => self.seq + (len - 1),
        };
        self.seq.is_within(nxt, wnd) || last.is_within(nxt, wnd)
    }

    /// The number of the first byte of text.
    pub(crate) fn text_start(&self) -> SequenceNumber {
        self.seq + u32::from(self.flags.syn())
    }
}

/// Why a segment went no further. The rest of its processing is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Stop {
    /// It is dropped, and nothing is said.
    Drop(SegmentDropped),
    /// It is dropped, and the peer is told where we stand: a challenge ACK, of which only so many
    /// are sent (RFC 5961, 7).
    Challenge(SegmentDropped),
    /// It is answered with an RST.
    Reset(SegmentDropped),
    /// The connection that it began is given up, and its listener listens on.
    BackToListen,
    /// It ended the connection.
    End,
}

/// Why a segment was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentDropped {
    /// Nobody listens on the port, and there is no such connection. Answered with an RST.
    NoConnection,
    /// It lies outside the window.
    OutOfWindow,
    /// It is older than what came before, by its timestamp (RFC 7323, 5).
    OldTimestamp,
    /// It carries no timestamp, though both sides agreed that all do (RFC 7323, 3.2).
    NoTimestamp,
    /// It has an RST that may be forged: not at the very number that is expected (RFC 5961, 3).
    ResetNotExact,
    /// It has an RST outside the window, or one that no connection waits for.
    UnexpectedReset,
    /// It has a SYN on a connection that has one (RFC 5961, 4).
    UnexpectedSyn,
    /// It acknowledges what was never sent, or what was long ago (RFC 5961, 5).
    BadAcknowledgment,
    /// It has neither SYN nor ACK nor RST where one is needed.
    NoFlags,
    /// It carries data for an application that has let go. Answered with an RST (SHLD-3).
    NobodyReads,
    /// The listener has as many connections under way as it may. A SYN is answered with a cookie.
    BacklogFull,
    /// There are as many connections as there may be.
    TooManyConnections,
}

impl Connection {
    /// Processes a segment that arrived for this connection.
    pub(crate) fn segment_arrives(
        &mut self,
        context: Context<'_>,
        seg: &Seg<'_>,
    ) -> Result<(), Stop> {
        self.statistics.segments_received += 1;
        match self.state() {
            State::Closed => Err(Stop::Reset(SegmentDropped::NoConnection)),
            State::SynSent => self.arrives_in_syn_sent(context, seg),
            _ => self.arrives_in_other_states(context, seg),
        }
    }
}
