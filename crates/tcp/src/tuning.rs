//! Buffers that grow with the path: to keep it full, as much must be able to wait as it holds,
//! its bandwidth times its round-trip time.
//!
//! ```text
//!   a round trip ◄────────► ◄────────► ◄────────►
//!   the application read 64 K      128 K      256 K
//!   may wait to be read  128 K     256 K      512 K    twice that, up to its maximum
//! ```
//!
//! The receiving side measures what the application reads in a round trip and lets twice as much
//! come (dynamic right-sizing): the sender's window may then double each round trip, as in slow
//! start. The sending side takes twice the congestion window: one that is under way, and one that
//! waits for its acknowledgment. Both fall back once the connection was idle for
//! [`IDLE_TIME`]; what was announced to the peer is not taken back (SHLD-14).
//!
//! Limits are no memory yet: that comes with the bytes, and goes with them. What all connections
//! together may have been granted beyond what they began with is [`GRANT_LIMIT`].

use std::time::Duration;

use packet::Instant;

use crate::connection::{Connection, Context};

/// How long nothing is read, or sent, before the buffers fall back.
pub const IDLE_TIME: Duration = Duration::from_secs(10);

/// How much the buffers of all connections together may have grown, in bytes; beyond it none grows
/// any more. It is passed by no more than one connection's maximum.
pub const GRANT_LIMIT: usize = 256 << 20;

/// A round trip, where none was measured.
const USUAL_ROUND_TRIP: Duration = Duration::from_millis(100);

/// What the application read since the round trip began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    since: Instant,
    read: usize,
}

impl Tuning {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { since: now, read: 0 }
    }
}

impl Connection {
    /// By how much both buffers have grown, in bytes.
    pub(crate) fn granted(&self) -> usize {
        let Self { options, snd, rcv, .. } = self;
        rcv.buffer.limit().saturating_sub(options.receive_buffer.initial())
            + snd.buffer.limit().saturating_sub(options.send_buffer.initial())
    }

    /// The connection is over: nothing more is granted to it.
    pub(crate) const fn fall_back(&mut self) {
        self.snd.buffer.set_limit(self.options.send_buffer.initial());
        self.rcv.buffer.set_limit(self.options.receive_buffer.initial());
    }

    /// The application has read `count` bytes.
    pub(crate) fn tune_receive_buffer(&mut self, context: Context<'_>, count: usize) {
        let most = self.options.receive_buffer.max();
        let Tuning { since, read } = &mut self.rcv.tuning;
        *read += count;
        let passed = context.now - *since;
        if passed < self.snd.rtt.smoothed_rtt().unwrap_or(USUAL_ROUND_TRIP) {
            return;
        }
        let wanted = read.saturating_mul(2).min(most);
        self.rcv.tuning = Tuning::new(context.now);
        if passed >= IDLE_TIME {
            self.rcv.buffer.set_limit(self.options.receive_buffer.initial());
        } else if wanted > self.rcv.buffer.limit() && context.may_grow {
            self.rcv.buffer.set_limit(wanted);
        }
    }

    /// Something new was acknowledged, so the congestion window may have grown.
    pub(crate) fn tune_send_buffer(&mut self, context: Context<'_>) {
        let most = self.options.send_buffer.max();
        let window = usize::try_from(self.snd.congestion.window()).unwrap_or(usize::MAX);
        let wanted = window.saturating_mul(2).min(most);
        if wanted > self.snd.buffer.limit() && context.may_grow {
            self.snd.buffer.set_limit(wanted);
        }
    }

    /// The application gives something to send; if it did not for long, the buffer falls back.
    pub(crate) fn forget_old_window(&mut self, now: Instant) {
        let is_idle = self.snd.buffer.is_empty() && now - self.snd.last_sent >= IDLE_TIME;
        if is_idle {
            self.snd.buffer.set_limit(self.options.send_buffer.initial());
        }
    }
}
