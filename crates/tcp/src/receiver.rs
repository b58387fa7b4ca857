//! The receiving half of a connection: the receive sequence space (RFC 9293, 3.3.1), what waits
//! for the application, and what is to be acknowledged.
//!
//! ```text
//!              1          2          3
//!         ──────────┬──────────┬──────────
//!                RCV.NXT    RCV.NXT + RCV.WND
//!
//!   1  received, in order     2  may come      3  may not come yet
//! ```

use std::time::Duration;

use packet::Instant;

use crate::SequenceNumber;
use crate::receive_buffer::ReceiveBuffer;
use crate::tuning::Tuning;
use crate::urgent::UrgentByte;

/// How long an acknowledgment waits for company: data that goes back, or a second segment
/// (MUST-40: less than half a second).
pub const DELAYED_ACK: Duration = Duration::from_millis(40);

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// IRS: the number of the peer's SYN.
    pub(crate) irs: SequenceNumber,
    /// RCV.NXT: the next number that is expected.
    pub(crate) nxt: SequenceNumber,
    /// RCV.NXT + RCV.WND as it was announced last. It never moves back (SHLD-14).
    pub(crate) edge: SequenceNumber,
    /// The widest window that was announced, in bytes.
    pub(crate) widest: u32,
    /// RCV.UP: the number behind the last urgent byte; `None` if none is to come.
    pub(crate) up: Option<SequenceNumber>,
    /// The byte before RCV.UP, where it does not stand in the stream.
    pub(crate) urgent_byte: UrgentByte,
    /// Rcv.Wind.Shift: by how much the windows that we announce are scaled, 0 to 14.
    pub(crate) wind_shift: u8,
    /// The largest segment that we told the peer to send, in bytes.
    pub(crate) mss: u32,
    /// How long the peer's full segments are, as far as they were seen: its options, or its way,
    /// may make them shorter than we said.
    pub(crate) full_segment: u32,
    /// What the application reads in a round trip.
    pub(crate) tuning: Tuning,
    /// What came and was not read.
    pub(crate) buffer: ReceiveBuffer,
    /// The number of the peer's FIN, once it came. RCV.NXT lies behind it when all before it came.
    pub(crate) fin: Option<SequenceNumber>,
    pub(crate) ack: Ack,
    /// Whether every segment is acknowledged at once.
    pub(crate) is_quick: bool,
    /// How many bytes came in order since an acknowledgment was last sent.
    pub(crate) unacknowledged: u32,
    /// Last.ACK.sent: the number that was acknowledged last (RFC 7323, 4.3).
    pub(crate) last_ack_sent: SequenceNumber,
}

/// Whether an acknowledgment is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ack {
    /// Nothing came that is not acknowledged.
    NotOwed,
    /// It waits for company until then.
    Delayed {
        /// When it leaves alone.
        at: Instant,
    },
    /// It leaves with the next segment, or alone.
    Now(&'static str),
}

impl Ack {
    /// Until when it waits, if it does.
    pub(crate) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Delayed { at } => Some(at),
            Self::NotOwed | Self::Now(_) => None,
        }
    }
}

impl Receiver {
    /// Begins with the peer's SYN, whose number is `irs`.
    pub(crate) fn start(&mut self, irs: SequenceNumber) {
        self.irs = irs;
        self.nxt = irs + 1;
        self.edge = self.nxt;
        self.last_ack_sent = self.nxt;
    }

    /// RCV.WND: how much may come, in bytes.
    pub(crate) fn wnd(&self) -> u32 {
        match self.edge.is_after(self.nxt) {
            true => self.edge.since(self.nxt),
            false => 0,
        }
    }

    /// Puts the text that begins at `seq` where it belongs. What came before and what lies beyond
    /// the window is cut off. By how many bytes RCV.NXT moved.
    pub(crate) fn take_text(&mut self, now: Instant, seq: SequenceNumber, text: &[u8]) -> u32 {
        let old = if seq.is_before(self.nxt) { self.nxt.since(seq) } else { 0 };
        let new = usize::try_from(old).ok().and_then(|old| text.get(old..)).unwrap_or_default();
        let offset = (seq + old).since(self.nxt);
        let had_holes = self.buffer.has_holes();
        let advanced = self.buffer.insert(offset, new);
        self.nxt += advanced;
        self.owe_for_text(now, advanced, had_holes, text.len());
        advanced
    }

    /// At once for what is out of order or fills a hole (RFC 5681, 4.2), and for every second
    /// full segment (SHLD-19); else when it has waited a little (SHLD-18).
    fn owe_for_text(&mut self, now: Instant, advanced: u32, had_holes: bool, length: usize) {
        self.unacknowledged = self.unacknowledged.saturating_add(advanced);
        let length = crate::to_u32(length);
        let is_superframe = length > self.mss;
        self.full_segment = self.full_segment.max(length.min(self.mss));
        if advanced == 0 && self.wnd() == 0 {
            self.owe_now("there is no room for what came");
        } else if advanced == 0 {
            self.owe_now("what came is out of order");
        } else if had_holes {
            self.owe_now("a hole was filled");
        } else if is_superframe || self.unacknowledged >= self.full_segment.saturating_mul(2) {
            self.owe_now("two full segments came");
        } else if self.is_quick {
            self.owe_now("the application wants it at once");
        } else {
            self.owe_later(now);
        }
    }

    pub(crate) fn owe_now(&mut self, why: &'static str) {
        if !matches!(self.ack, Ack::Now(_)) {
            self.ack = Ack::Now(why);
        }
    }

    /// Why an acknowledgment is owed, now or later; `None` if none is.
    pub(crate) const fn owes(&self) -> Option<&'static str> {
        match self.ack {
            Ack::NotOwed => None,
            Ack::Delayed { .. } => Some("an acknowledgment was owed"),
            Ack::Now(why) => Some(why),
        }
    }

    fn owe_later(&mut self, now: Instant) {
        if self.ack == Ack::NotOwed {
            self.ack = Ack::Delayed { at: now + DELAYED_ACK };
        }
    }

    /// Chooses RCV.WND for a segment that leaves now, and gives SEG.WND for it.
    ///
    /// The window opens in steps worth the while (MUST-39): of a full segment, or of half the
    /// buffer.
    pub(crate) fn announce(&mut self) -> u16 {
        if self.opens_by_a_step() {
            let free = self.room() >> self.wind_shift << self.wind_shift;
            self.edge = SequenceNumber::later_of(self.edge, self.nxt + free);
        }
        // Rounded up, since rounding down would move the edge back.
        let scaled = self.wnd().div_ceil(1 << self.wind_shift);
        let field = u16::try_from(scaled).unwrap_or(u16::MAX);
        let announced = self.nxt + (u32::from(field) << self.wind_shift);
        self.edge = SequenceNumber::later_of(self.edge, announced);
        self.widest = self.widest.max(self.wnd());
        field
    }

    /// SEG.WND of a segment with SYN, which is never scaled (RFC 7323, 2.2).
    pub(crate) fn announce_unscaled(&mut self) -> u16 {
        let field = u16::try_from(self.buffer.window()).unwrap_or(u16::MAX);
        self.edge = SequenceNumber::later_of(self.edge, self.nxt + u32::from(field));
        self.widest = self.widest.max(self.wnd());
        field
    }

    /// Whether the window that was announced last was closed.
    pub(crate) fn has_announced_none(&self) -> bool {
        // Behind the SYN nothing was announced yet that could have been used up.
        self.edge == self.last_ack_sent && self.last_ack_sent != self.irs + 1
    }

    /// Whether the window can be opened by a step that is worth the while.
    fn opens_by_a_step(&self) -> bool {
        let step = crate::to_u32(self.buffer.limit() / 2).min(self.mss).max(1);
        self.room() >= self.wnd().saturating_add(step)
    }

    /// The window that could be announced now, in bytes: what the buffer has room for, and the
    /// field too.
    fn room(&self) -> u32 {
        self.buffer.window().min(self.largest_window())
    }

    /// The largest window that can be announced with this scale, in bytes.
    fn largest_window(&self) -> u32 {
        u32::from(u16::MAX) << self.wind_shift
    }

    /// Whether the application has read so much that the peer is to know: the window was less
    /// than half of what it can be. Behind a SYN, whose window cannot be scaled, it can be much
    /// more at once; but that is no news of the application, and the next segment tells it.
    pub(crate) fn window_update_is_due(&self) -> bool {
        let largest = self.largest_window().min(self.widest);
        let half = crate::to_u32(self.buffer.limit()).min(largest) / 2;
        self.wnd() < half && self.opens_by_a_step()
    }

    /// Notes that an acknowledgment of RCV.NXT has left.
    pub(crate) fn acknowledged(&mut self) {
        self.ack = Ack::NotOwed;
        self.unacknowledged = 0;
        self.last_ack_sent = self.nxt;
    }

    /// Whether the peer's FIN has come and everything before it.
    pub(crate) fn is_at_end(&self) -> bool {
        self.fin.is_some_and(|fin| self.nxt.is_after(fin))
    }
}
