//! TIME-WAIT: all is said, and for 2 MSL the end that closed first answers for the connection
//! (MUST-13; RFC 9293, 3.6.1 and 3.10.7.4).
//!
//! It stays for two reasons: the peer may not have heard the acknowledgment of its FIN and sends
//! it again; and segments that are still under way somewhere must not be taken for those of a
//! next connection between the same ends.
//!
//! For both a few numbers are enough. So a connection that enters TIME-WAIT leaves a
//! [`TimeWait`] in a table of its own, and the network meets that from then on. Where the
//! application has let go, that is all that is left; where it has not, the connection itself
//! waits for the end with nothing but its handle.
//!
//! | what comes | what is done |
//! | --- | --- |
//! | the FIN again | acknowledged, and 2 MSL begin anew |
//! | an RST at RCV.NXT | the end |
//! | a SYN that is clearly newer | the next connection (RFC 6191) |
//! | anything else | an acknowledgment, or nothing |
//!
//! RFC 1337 shows how an old segment ends TIME-WAIT too early: it draws an acknowledgment, the
//! peer, which has forgotten the connection, answers that with an RST at RCV.NXT. RFC 9293 has
//! the RST count all the same, and so do we. What could harm the next connection is then left to
//! its initial sequence number, which lies beyond the old one's, and to timestamps.

mod table;

use std::num::NonZeroU8;

use packet::Instant;
use socket::{SocketId, SocketPair};

use crate::challenge_ack::LastChallengeAck;
use crate::connection::{Connection, TIME_WAIT_TIME, timestamp};
use crate::segment_arrives::{Seg, SegmentDropped};
use crate::{Flags, Header, Options, SequenceNumber, Timestamps};

pub(crate) use table::TimeWaits;
pub use table::{MAX_TIME_WAIT, TIME_WAIT_SIZE};

/// What is remembered of a connection in TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeWait {
    /// Whose socket it was, and still is if nobody has let go of it.
    pub(crate) owner: SocketId,
    /// When it is over.
    pub(crate) until: Instant,
    pub(crate) last_challenge: LastChallengeAck,
    /// SND.NXT, behind our FIN.
    snd_nxt: SequenceNumber,
    /// RCV.NXT, behind the peer's FIN.
    rcv_nxt: SequenceNumber,
    /// RCV.WND in bytes, and as we announce it.
    rcv_wnd: u32,
    window: u16,
    /// TS.Recent, if segments carry timestamps, and what our clock is shifted by.
    recent: Option<u32>,
    timestamp_offset: u32,
    pub(crate) ttl: Option<NonZeroU8>,
    pub(crate) traffic_class: u8,
}

/// What a segment in TIME-WAIT leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    /// It is dropped.
    Drop(SegmentDropped),
    /// It is dropped, and the peer is told where we stand.
    Acknowledge(SegmentDropped),
    /// As that, but only so often (RFC 5961, 7).
    Challenge(SegmentDropped),
    /// The FIN came again: it is acknowledged, and 2 MSL begin anew.
    Restart,
    /// It asks for the next connection, and clearly not for one of the past.
    Reopen,
    /// It ends TIME-WAIT.
    End,
}

impl TimeWait {
    /// What is left of a connection that has entered TIME-WAIT.
    pub(crate) fn of(connection: &mut Connection, owner: SocketId, now: Instant) -> Self {
        let window = connection.rcv.announce();
        Self {
            owner,
            until: now + TIME_WAIT_TIME,
            last_challenge: connection.last_challenge,
            snd_nxt: connection.snd.nxt,
            rcv_nxt: connection.rcv.nxt,
            rcv_wnd: connection.rcv.wnd(),
            window,
            recent: connection.agreed.timestamps.map(|ours| ours.recent),
            timestamp_offset: connection.timestamp_offset,
            ttl: connection.options.ttl,
            traffic_class: connection.options.traffic_class,
        }
    }

    /// SEGMENT ARRIVES in TIME-WAIT.
    pub(crate) fn segment_arrives(&mut self, seg: &Seg<'_>) -> Verdict {
        if self.asks_for_the_next(seg) {
            return Verdict::Reopen;
        }
        if self.is_outdated(seg) {
            return Verdict::Acknowledge(SegmentDropped::OldTimestamp); // RFC 7323, 5.3, R1
        }
        // First, the sequence number.
        if !seg.is_acceptable(self.rcv_nxt, self.rcv_wnd) {
            return self.arrives_outside_of_the_window(seg);
        }
        // Second, RST: at RCV.NXT and nowhere else (RFC 5961, 3.2).
        if seg.flags.rst() {
            let is_exact = seg.seq == self.rcv_nxt;
            let doubtful = Verdict::Challenge(SegmentDropped::ResetNotExact);
            return if is_exact { Verdict::End } else { doubtful };
        }
        // Fourth, SYN (RFC 5961, 4.2).
        if seg.flags.syn() {
            return Verdict::Challenge(SegmentDropped::UnexpectedSyn);
        }
        // Fifth, ACK: of nothing that we never sent. Behind the FIN there is no text and no
        // further FIN.
        match seg.ack {
            None => Verdict::Drop(SegmentDropped::NoFlags),
            Some(ack) if ack.is_after(self.snd_nxt) => {
                Verdict::Challenge(SegmentDropped::BadAcknowledgment)
            }
            Some(_) => Verdict::Drop(SegmentDropped::OutOfWindow),
        }
    }

    fn arrives_outside_of_the_window(&self, seg: &Seg<'_>) -> Verdict {
        if seg.flags.rst() {
            return Verdict::Drop(SegmentDropped::UnexpectedReset);
        }
        if seg.flags.syn() {
            return Verdict::Challenge(SegmentDropped::UnexpectedSyn);
        }
        // The peer's own FIN stands just before RCV.NXT. Any other would let a stranger who knows
        // the ports keep the record for ever, and have us answer without a limit.
        if seg.fin().is_some_and(|fin| fin + 1 == self.rcv_nxt) {
            return Verdict::Restart;
        }
        Verdict::Challenge(SegmentDropped::OutOfWindow)
    }

    /// Whether the SYN `seg` begins a new connection: nothing of the old one can be mistaken for
    /// something of it, by its timestamp or else by its number (RFC 6191, 2; MAY-2, SHLD-4).
    fn asks_for_the_next(&self, seg: &Seg<'_>) -> bool {
        if !seg.flags.syn() || seg.flags.rst() || seg.ack.is_some() {
            return false;
        }
        let is_beyond = seg.seq.is_after(self.rcv_nxt);
        match (self.recent, seg.options.timestamps) {
            (Some(recent), Some(theirs)) => {
                is_later(theirs.value, recent) || (theirs.value == recent && is_beyond)
            }
            // Segments of the old one carry no timestamp, and are known by that.
            (None, Some(_)) => true,
            (_, None) => is_beyond,
        }
    }

    fn is_outdated(&self, seg: &Seg<'_>) -> bool {
        let theirs = seg.options.timestamps.filter(|_| !seg.flags.rst());
        matches!((self.recent, theirs), (Some(recent), Some(it)) if is_later(recent, it.value))
    }

    /// The acknowledgment that tells the peer where we stand.
    pub(crate) fn acknowledgment(&self, now: Instant, pair: &SocketPair) -> (Header, Options) {
        let header = Header {
            source_port: pair.local.port(),
            destination_port: pair.remote.port(),
            sequence_number: self.snd_nxt,
            acknowledgment_number: self.rcv_nxt,
            flags: Flags::ACK,
            window: self.window,
            urgent_pointer: 0,
        };
        let timestamps = self.recent.map(|recent| Timestamps {
            value: timestamp(now, self.timestamp_offset),
            echo_reply: recent,
        });
        (header, Options { timestamps, ..Options::NONE })
    }

    /// Where a next connection between the same ends must not begin before: far enough beyond our
    /// last number that no old segment fits its window (RFC 1122, 4.2.2.13; MAY-2).
    pub(crate) fn next_iss(&self) -> SequenceNumber {
        self.snd_nxt + (1 << 16)
    }
}

/// Whether the timestamp `a` is later than `b`, modulo 2^32 (RFC 7323, 5.2).
pub(crate) const fn is_later(a: u32, b: u32) -> bool {
    SequenceNumber::new(a).is_after(SequenceNumber::new(b))
}
