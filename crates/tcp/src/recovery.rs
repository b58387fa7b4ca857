//! Loss recovery: what is taken for lost, and when it is sent again before the timer fires.
//!
//! How that is found out is up to a strategy behind [`LossRecovery`]; a new one is a file of its
//! own in this folder:
//!
//! - [`FastRecovery`]: from three duplicate acknowledgments (RFC 5681, 3.2; RFC 6582).
//!
//! A strategy sees each acknowledgment and answers with an [`Action`]. It sends nothing by itself
//! and knows no timer; how much may be outstanding is for [`crate::congestion`] to say.

mod fast_recovery;

use std::fmt;

use crate::SequenceNumber;

pub use fast_recovery::{DUPLICATE_THRESHOLD, FastRecovery, LIMITED_TRANSMIT_SEGMENTS};

/// A strategy that finds out what was lost.
pub trait LossRecovery: fmt::Debug + Send {
    /// An acceptable acknowledgment came: what is to be done about it.
    fn on_ack(&mut self, ack: &Ack) -> Action;

    /// The retransmission timer fired. All that is outstanding will be sent again as it must.
    fn on_retransmission_timeout(&mut self, snd_nxt: SequenceNumber);

    /// Whether losses are being repaired.
    fn is_in_recovery(&self) -> bool;

    /// How many bytes may be outstanding on top of the congestion window: what SND.NXT - SND.UNA
    /// still counts, but has left the network.
    fn inflation(&self) -> u32;
}

/// An acknowledgment, as loss recovery sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// SND.UNA after it.
    pub snd_una: SequenceNumber,
    /// SND.NXT: behind all that was ever sent, also while older data is sent again.
    pub snd_nxt: SequenceNumber,
    /// By how much it moved SND.UNA on; 0 if it did not.
    pub acknowledged: u32,
    /// Whether it is a duplicate: it acknowledges what the last one did, while data is
    /// outstanding; carries no data, SYN or FIN; and announces the same window (RFC 5681, 2).
    pub is_duplicate: bool,
    /// SMSS in bytes.
    pub smss: u32,
    /// The congestion window in bytes.
    pub window: u32,
}

/// What an acknowledgment calls for. Afterwards send what [`LossRecovery::inflation`] and the
/// windows allow, as after each acknowledgment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Nothing but the usual.
    Nothing,
    /// Send new data, of which a segment more may be outstanding now.
    SendNewData,
    /// Something was lost. Tell the congestion control, then send the segment at SND.UNA again.
    EnterRecovery {
        /// How many bytes were outstanding before the first duplicate.
        flight_size: u32,
    },
    /// The next loss has shown. Send the segment at SND.UNA again.
    PartialAck {
        /// Whether to set the retransmission timer anew: at the first one only. If much was lost,
        /// the timer shall fire, since slow start repairs more in a round trip (RFC 6582, 3.2).
        is_first: bool,
    },
    /// All is repaired. Tell the congestion control.
    ExitRecovery,
}
