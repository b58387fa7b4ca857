//! What can be set about a connection.

use std::num::NonZeroU8;
use std::time::Duration;

use crate::SequenceNumber;
use crate::congestion::Algorithm;
use crate::recovery::{FastRecovery, LossRecovery};
use crate::rtt_estimator::DEFAULT_MINIMUM_RTO;

/// How a connection behaves. A listener's connections begin with the listener's.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Whether small segments leave at once though others are not acknowledged: Nagle's algorithm
    /// is off (MUST-17).
    pub no_delay: bool,
    /// Whether what does not fill a segment waits for more, for [`crate::CORK_CEILING`] at most:
    /// `TCP_CORK`.
    pub cork: bool,
    /// Whether every segment is acknowledged at once: `TCP_QUICKACK`.
    pub quick_ack: bool,
    /// What becomes of what was not delivered when the application lets go: `SO_LINGER`. `None`
    /// delivers it in the background, zero throws it away, and a time is how long it may take.
    pub linger: Option<Duration>,
    /// Whether urgent data stays in the stream (RFC 6093, 6, advises so): `SO_OOBINLINE`. If not,
    /// its last byte is left out there, and read by itself.
    pub urgent_inline: bool,
    /// Whether what the network reports and may pass is made known (MUST-47, SHLD-20, SHLD-25).
    pub soft_errors: bool,
    /// Whether, and how, a silent peer is asked if it is still there. Off unless asked for
    /// (MUST-24, MUST-25).
    pub keep_alive: Option<KeepAlive>,
    /// After how long without progress the connection is given up (MUST-21; RFC 5482, locally);
    /// `None` for [`crate::GIVE_UP`].
    pub user_timeout: Option<Duration>,
    /// How much may wait to be acknowledged.
    pub send_buffer: BufferSize,
    /// How much may wait to be read: it bounds the window that is announced. The scale of windows
    /// is that for the largest.
    pub receive_buffer: BufferSize,
    /// Whether windows may be scaled (RFC 7323, 2).
    pub window_scaling: bool,
    /// Whether segments may carry timestamps (RFC 7323, 3).
    pub timestamps: bool,
    /// The largest segment to announce, in bytes, if it is less than what IP can take.
    pub maximum_segment_size: Option<u16>,
    /// The least retransmission timeout.
    pub min_rto: Duration,
    /// How congestion is controlled.
    pub congestion: Algorithm,
    /// Time to live in hops; `None` for the host's default (MUST-49).
    pub ttl: Option<NonZeroU8>,
    /// DSCP and ECN, the second byte of the IP header (MUST-48, SHLD-21, SHLD-22). TCP does not
    /// use ECN yet, so its two bits are sent as zero.
    pub traffic_class: u8,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            no_delay: false,
            cork: false,
            quick_ack: false,
            linger: None,
            urgent_inline: true,
            soft_errors: true,
            keep_alive: None,
            user_timeout: None,
            send_buffer: BufferSize::default(),
            receive_buffer: BufferSize::default(),
            window_scaling: true,
            timestamps: true,
            maximum_segment_size: None,
            min_rto: DEFAULT_MINIMUM_RTO,
            congestion: Algorithm::default(),
            ttl: None,
            traffic_class: 0,
        }
    }
}

/// How much a buffer may hold, in bytes. Unless said otherwise it begins with [`INITIAL_BUFFER`]
/// and grows with the path (see `tuning.rs`), up to [`MAX_BUFFER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferSize {
    initial: usize,
    max: usize,
}

/// What a buffer may hold at first unless said otherwise, in bytes.
pub const INITIAL_BUFFER: usize = 128 << 10;

/// How far a buffer may grow unless said otherwise, in bytes: as on Linux, and enough for 1 Gbit/s
/// at 50 ms.
pub const MAX_BUFFER: usize = 6 << 20;

impl BufferSize {
    /// So many bytes and never more, as an explicit `SO_RCVBUF` or `SO_SNDBUF` has it.
    #[must_use]
    pub const fn fixed(bytes: usize) -> Self {
        Self { initial: bytes, max: bytes }
    }

    /// So many bytes at first, and up to `max` with the path.
    #[must_use]
    pub const fn growing(initial: usize, max: usize) -> Self {
        Self { initial, max: if max < initial { initial } else { max } }
    }

    /// What it may hold at first, in bytes.
    #[must_use]
    pub const fn initial(self) -> usize {
        self.initial
    }

    /// How far it may grow, in bytes; see also [`crate::GRANT_LIMIT`].
    #[must_use]
    pub const fn max(self) -> usize {
        self.max
    }
}

impl Default for BufferSize {
    fn default() -> Self {
        Self::growing(INITIAL_BUFFER, MAX_BUFFER)
    }
}

impl ConnectionOptions {
    /// By how much the windows that we announce are scaled: as little as it takes for the buffer.
    pub(crate) fn window_shift(&self) -> u8 {
        if !self.window_scaling {
            return 0;
        }
        let bits = usize::BITS - (self.receive_buffer.max() >> 16).leading_zeros();
        u8::try_from(bits).unwrap_or(14).min(14)
    }

    pub(crate) fn recovery(&self, iss: SequenceNumber) -> Box<dyn LossRecovery> {
        Box::new(FastRecovery::new(iss))
    }
}

/// How a silent peer is asked if it is still there (RFC 9293, 3.8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// How long nothing must have come before the first probe (MUST-27, MUST-28).
    pub idle: Duration,
    /// From one probe to the next.
    pub interval: Duration,
    /// How many unanswered probes end the connection (MUST-29).
    pub probes: u32,
}

/// Two hours, then a probe every 75 seconds, nine in all: as on Linux.
impl Default for KeepAlive {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(2 * 60 * 60),
            interval: Duration::from_secs(75),
            probes: 9,
        }
    }
}
