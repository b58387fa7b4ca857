//! STATUS (RFC 9293, 3.10.6): what a connection knows of itself.

use std::time::Duration;

use packet::Instant;

use crate::connection::Connection;
use crate::{Error, SocketPair, State, to_u32};

/// What a connection knows of itself, at a moment. Amounts are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Between which ends it is.
    pub ends: SocketPair,
    /// Where it stands.
    pub state: State,
    /// Why it is no more, if it did not end in peace.
    pub failure: Option<Error>,
    /// SRTT; `None` before the first round trip was measured.
    pub smoothed_rtt: Option<Duration>,
    /// RTTVAR.
    pub rtt_variation: Option<Duration>,
    /// RTO, with its back-off.
    pub rto: Duration,
    /// How often the timer has fired since something new was acknowledged.
    pub attempts: u32,
    /// cwnd.
    pub congestion_window: u32,
    /// ssthresh; `u32::MAX` if nothing was ever lost.
    pub slow_start_threshold: u32,
    /// What controls congestion.
    pub congestion_control: &'static str,
    /// SND.WND: what the peer takes, from the oldest byte on that it has not acknowledged.
    pub send_window: u32,
    /// RCV.WND: what we told the peer that it may send.
    pub receive_window: u32,
    /// The most payload in a segment that we send, options deducted.
    pub send_mss: u32,
    /// The largest segment that we told the peer to send.
    pub receive_mss: u32,
    /// By how many bits the windows are scaled that come, and that we announce; `None` if they
    /// are not.
    pub window_scales: Option<(u8, u8)>,
    /// Whether segments carry timestamps.
    pub timestamps: bool,
    /// Sequence numbers that left and are not acknowledged, SYN and FIN counted.
    pub outstanding: u32,
    /// Given by the application and not acknowledged: `SIOCOUTQ`.
    pub unacknowledged: usize,
    /// Given by the application and not sent: `SIOCOUTQNSD`.
    pub unsent: usize,
    /// Came in order and not read: `SIOCINQ`.
    pub unread: usize,
    /// How much may wait to be acknowledged.
    pub send_buffer: usize,
    /// How much may wait to be read.
    pub receive_buffer: usize,
    /// How long ago the peer was last heard.
    pub since_heard: Duration,
    /// What went each way so far.
    pub statistics: Statistics,
}

/// What went each way on a connection so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Segments that came for it.
    pub segments_received: u64,
    /// Segments that left; a superframe counts as one.
    pub segments_sent: u64,
    /// Bytes that came in order.
    pub bytes_received: u64,
    /// Bytes that the peer acknowledged.
    pub bytes_acknowledged: u64,
    /// Bytes that left, those that left again counted again.
    pub bytes_sent: u64,
    /// How often something left again.
    pub retransmissions: u64,
    /// Bytes that left again.
    pub bytes_retransmitted: u64,
    /// How often the retransmission timer fired.
    pub timeouts: u64,
}

impl Connection {
    /// STATUS.
    pub(crate) fn status(&self, now: Instant) -> Status {
        let scales = (self.snd.wind_shift, self.rcv.wind_shift);
        Status {
            ends: self.pair,
            state: self.state(),
            failure: self.failure,
            smoothed_rtt: self.snd.rtt.smoothed_rtt(),
            rtt_variation: self.snd.rtt.variation(),
            rto: self.snd.rtt.rto(),
            attempts: self.snd.attempts,
            congestion_window: self.snd.congestion.window(),
            slow_start_threshold: self.snd.congestion.slow_start_threshold(),
            congestion_control: self.snd.congestion.name(),
            send_window: self.snd.wnd,
            receive_window: self.rcv.wnd(),
            send_mss: self.snd.mss,
            receive_mss: self.rcv.mss,
            window_scales: self.agreed.window_scale.then_some(scales),
            timestamps: self.agreed.timestamps.is_some(),
            outstanding: self.snd.flight_size(),
            unacknowledged: self.snd.buffer.len(),
            unsent: self.unsent(),
            unread: self.unread(),
            send_buffer: self.snd.buffer.limit(),
            receive_buffer: self.rcv.buffer.limit(),
            since_heard: now - self.last_heard,
            statistics: self.statistics,
        }
    }

    /// How many bytes the application gave that have not left once.
    fn unsent(&self) -> usize {
        let sent = self.snd.sent_data_end().since(self.snd.data_start());
        usize::try_from(to_u32(self.snd.buffer.len()).saturating_sub(sent)).unwrap_or(usize::MAX)
    }

    /// How many bytes can be read: in order, and up to the mark where an urgent byte stands aside.
    pub(crate) fn unread(&self) -> usize {
        self.readable_part().length
    }
}
