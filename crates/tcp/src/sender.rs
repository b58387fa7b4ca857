//! The sending half of a connection: the send sequence space (RFC 9293, 3.3.1), what the
//! application has given, and how much of it may leave.
//!
//! ```text
//!              1         2          3          4
//!         ──────────┬──────────┬──────────┬──────────
//!                SND.UNA    SND.NXT    SND.UNA + SND.WND
//!
//!   1  acknowledged             2  sent, not acknowledged
//!   3  may be sent at once      4  may not be sent yet
//! ```

use std::time::Duration;

use packet::Instant;

use crate::congestion::CongestionControl;
use crate::cork::Cork;
use crate::recovery::LossRecovery;
use crate::rtt_estimator::RttEstimator;
use crate::send_buffer::SendBuffer;
use crate::{SequenceNumber, to_u32};

/// The sending half.
#[derive(Debug)]
pub(crate) struct Sender {
    /// ISS: the number of our SYN.
    pub(crate) iss: SequenceNumber,
    /// SND.UNA: the oldest number that is not acknowledged.
    pub(crate) una: SequenceNumber,
    /// Whether our SYN is acknowledged, and no byte of the stream is before SND.UNA. To compare
    /// SND.UNA with ISS does not tell: 2 GiB on, ISS seems to come later.
    pub(crate) syn_is_acknowledged: bool,
    /// SND.NXT: the next number to be sent for the first time.
    pub(crate) nxt: SequenceNumber,
    /// SND.WND: how much the peer takes from SND.UNA on, in bytes.
    pub(crate) wnd: u32,
    /// SND.WL1: SEG.SEQ of the segment that last set SND.WND.
    pub(crate) wl1: SequenceNumber,
    /// SND.WL2: SEG.ACK of the segment that last set SND.WND.
    pub(crate) wl2: SequenceNumber,
    /// SND.UP: the number behind the last urgent byte; `None` if none is on its way.
    pub(crate) up: Option<SequenceNumber>,
    /// MAX.SND.WND: the largest window that the peer ever announced, in bytes (RFC 5961, 5.2).
    pub(crate) max_wnd: u32,
    /// Snd.Wind.Shift: by how much the windows that come are scaled, 0 to 14.
    pub(crate) wind_shift: u8,
    /// Eff.snd.MSS: the most payload in one segment, in bytes, options deducted (RFC 9293, 3.7.1).
    pub(crate) mss: u32,
    /// What was given and is not acknowledged.
    pub(crate) buffer: SendBuffer,
    /// Whether the application has closed, and what became of that.
    pub(crate) fin: Fin,
    /// Where sending goes on that was sent before and is taken for lost; `None` if nothing is.
    pub(crate) resend: Option<SequenceNumber>,
    /// Whether the segment at SND.UNA is to be sent once more, by fast retransmit.
    pub(crate) fast_retransmit: bool,
    pub(crate) congestion: Box<dyn CongestionControl>,
    pub(crate) recovery: Box<dyn LossRecovery>,
    pub(crate) rtt: RttEstimator,
    /// The number whose acknowledgment is timed, and since when. Never one that was sent twice
    /// (Karn's algorithm).
    pub(crate) timed: Option<(SequenceNumber, Instant)>,
    pub(crate) timer: SendTimer,
    /// When what is outstanding began to be, without any progress since.
    pub(crate) waiting_since: Option<Instant>,
    /// How often the timer has fired since the last progress.
    pub(crate) attempts: u32,
    /// When something was last sent that takes sequence numbers.
    pub(crate) last_sent: Instant,
    /// Whether the timer fired for our SYN.
    pub(crate) syn_was_lost: bool,
    /// Whether the congestion window, and nothing else, held back what waits to leave.
    pub(crate) is_limited_by_network: bool,
    /// What the application's cork holds back.
    pub(crate) cork: Cork,
}

/// What became of the application's close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fin {
    /// It has not closed.
    NotAsked,
    /// It has closed; the FIN leaves behind the last byte.
    Queued,
    /// The FIN has left, under this number.
    Sent(SequenceNumber),
}

/// The timer of the sending half. One at a time: what is outstanding is sent again, and only
/// where nothing is outstanding a closed window is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendTimer {
    /// Nothing is waited for.
    Off,
    /// Sends the oldest outstanding segment again (RFC 6298, 5).
    Retransmission {
        /// When.
        at: Instant,
    },
    /// Asks whether the window has opened (RFC 9293, 3.8.6.1).
    Persist {
        /// When.
        at: Instant,
        /// The time to the next probe, which doubles each time (SHLD-30).
        interval: Duration,
    },
}

impl SendTimer {
    pub(crate) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Off => None,
            Self::Retransmission { at } | Self::Persist { at, .. } => Some(at),
        }
    }
}

/// What an acknowledgment brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// How many sequence numbers, SYN and FIN counted.
    pub(crate) numbers: u32,
    /// How many of them are bytes of the stream.
    pub(crate) bytes: u32,
    /// Whether our FIN is among them.
    pub(crate) fin: bool,
}

impl Sender {
    /// The number of the first byte in the buffer: SND.UNA, once the SYN is acknowledged.
    pub(crate) fn data_start(&self) -> SequenceNumber {
        if self.syn_is_acknowledged { self.una } else { self.iss + 1 }
    }

    /// The number behind the last byte in the buffer, where the FIN goes.
    pub(crate) fn data_end(&self) -> SequenceNumber {
        self.data_start() + to_u32(self.buffer.len())
    }

    /// The number behind the last byte that was sent.
    pub(crate) fn sent_data_end(&self) -> SequenceNumber {
        if self.nxt.is_after(self.data_end()) { self.data_end() } else { self.nxt }
    }

    /// How many numbers are outstanding: FlightSize (RFC 5681, 2).
    pub(crate) fn flight_size(&self) -> u32 {
        self.nxt.since(self.una)
    }

    /// Where the next byte leaves: what is sent again comes before what is new.
    pub(crate) fn position(&self) -> SequenceNumber {
        self.resend.unwrap_or(self.nxt)
    }

    /// How many bytes may leave from [`Sender::position`] on: the peer's window and the network's
    /// leave so much room.
    pub(crate) fn usable_window(&self) -> u32 {
        let window = self.wnd.min(self.network_window());
        window.saturating_sub(self.position().since(self.una))
    }

    /// How much the network takes from SND.UNA on, in bytes.
    pub(crate) fn network_window(&self) -> u32 {
        self.congestion.window().saturating_add(self.recovery.inflation())
    }

    /// How many bytes from [`Sender::position`] on are there to leave.
    pub(crate) fn sendable(&self) -> u32 {
        let position = SequenceNumber::later_of(self.position(), self.data_start());
        match position.is_before(self.data_end()) {
            true => self.data_end().since(position),
            // All has left, the FIN perhaps too.
            false => 0,
        }
    }

    /// Whether the FIN is to leave at `position`.
    pub(crate) fn fin_is_at(&self, position: SequenceNumber) -> bool {
        match self.fin {
            Fin::NotAsked => false,
            Fin::Queued => position == self.data_end(),
            Fin::Sent(at) => position == at,
        }
    }

    /// Whether the application has closed.
    pub(crate) fn has_closed(&self) -> bool {
        self.fin != Fin::NotAsked
    }

    /// Whether the FIN has left, and all but it is acknowledged.
    pub(crate) fn only_the_fin_is_outstanding(&self) -> bool {
        matches!(self.fin, Fin::Sent(at) if at == self.una)
    }

    /// Sets SND.WND by a segment with these SEG.SEQ and SEG.ACK.
    pub(crate) fn set_window(&mut self, wnd: u32, seq: SequenceNumber, ack: SequenceNumber) {
        self.wnd = wnd;
        self.wl1 = seq;
        self.wl2 = ack;
        self.max_wnd = self.max_wnd.max(wnd);
    }

    /// Takes everything before `ack` as acknowledged: SND.UNA < `ack` =< SND.NXT.
    pub(crate) fn acknowledge(&mut self, ack: SequenceNumber) -> Acknowledged {
        let numbers = ack.since(self.una);
        let fin = matches!(self.fin, Fin::Sent(at) if ack.is_after(at));
        // Of the numbers, SYN and FIN stand for no byte in the buffer.
        let bytes = match ack.is_after(self.data_start()) {
            true => ack.since(self.data_start()).min(to_u32(self.buffer.len())),
            false => 0,
        };
        self.buffer.acknowledge(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.una = ack;
        self.syn_is_acknowledged = true;
        // What was to be sent again has arrived. Is more missing, loss recovery says so.
        self.fast_retransmit = false;
        if self.resend.is_some_and(|resend| resend.is_at_or_before(ack)) {
            self.resend = Some(ack);
        }
        if self.resend == Some(self.nxt) {
            self.resend = None;
        }
        if self.up.is_some_and(|up| up.is_at_or_before(ack)) {
            self.up = None;
        }
        Acknowledged { numbers, bytes, fin }
    }

    /// The round-trip time that the acknowledgment `ack` tells, if it answers what is timed.
    pub(crate) fn take_round_trip(
        &mut self,
        now: Instant,
        ack: SequenceNumber,
    ) -> Option<Duration> {
        let (_, since) = self.timed.take_if(|(timed, _)| timed.is_before(ack))?;
        Some(now - since)
    }
}
