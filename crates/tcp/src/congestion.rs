//! Congestion control: how much may be under way so that the network can carry it (RFC 5681).
//!
//! The peer's window says what the peer can take. What the network can take nobody says; it is
//! found out by sending a little more each round trip, until something is lost.
//!
//! How exactly is up to a strategy behind [`CongestionControl`]. A new one is a file of its own
//! in this folder, with a [`CongestionControlFactory`] that is handed in by configuration, as an
//! [`Algorithm`]:
//!
//! - [`NewReno`]: what RFC 5681 describes, the default.
//! - [`Unlimited`]: no control at all, for tests of everything else.
//!
//! The strategy decides about the window only. What is taken for lost and when it is sent again
//! is for [`crate::recovery`] to say:
//!
//! ```text
//!   an ACK ───► LossRecovery ───► EnterRecovery ──► on_congestion ──────┐
//!                   │                                                   ▼
//!                   ├─────────────► ExitRecovery ──► on_recovery_end ──► window()
//!                   └─────────────► (neither) ─────► on_ack ────────────▲
//!   the timer fires ───────────────────► on_retransmission_timeout ─────┘
//! ```

mod initial_window;
mod new_reno;
mod none;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use packet::Instant;

pub use initial_window::InitialWindow;
pub use new_reno::{NewReno, NewRenoConfig, SLOW_START_LIMIT};
pub use none::{Unlimited, UnlimitedConfig};

/// The largest congestion window, in bytes. No peer's window is larger (RFC 7323, 2.3).
pub const MAX_WINDOW: u32 = 1 << 30;

/// A strategy that decides how much may be outstanding.
///
/// All amounts are in bytes of payload. FlightSize is what was sent and is not acknowledged,
/// SND.NXT - SND.UNA, whether it is taken for lost or not (RFC 5681, 2). SMSS is the most payload
/// that one segment carries, options deducted.
pub trait CongestionControl: fmt::Debug + Send {
    /// cwnd: how much may be outstanding, in bytes. At least one SMSS.
    ///
    /// While losses are repaired, [`crate::recovery::LossRecovery::inflation`] comes on top.
    fn window(&self) -> u32;

    /// ssthresh: where slow start ends, in bytes; `u32::MAX` if nothing was ever lost.
    fn slow_start_threshold(&self) -> u32;

    /// An acknowledgment of new data came, and was not one that ends a recovery.
    fn on_ack(&mut self, ack: &Ack);

    /// Something was lost, and the repair begins: once a recovery, whatever else is lost in it.
    fn on_congestion(&mut self, congestion: &Congestion);

    /// All that was outstanding when the repair began is acknowledged. `flight_size` is what is
    /// outstanding after that acknowledgment.
    fn on_recovery_end(&mut self, now: Instant, flight_size: u32);

    /// The retransmission timer fired for data (not for a SYN: see
    /// [`Start::is_syn_retransmitted`]).
    fn on_retransmission_timeout(&mut self, timeout: &Timeout);

    /// Something is about to be sent after nothing was for longer than an RTO (RFC 5681, 4.1).
    fn on_idle_restart(&mut self, now: Instant);

    /// SMSS is this now, in bytes: the path has another MTU.
    fn on_mss_changed(&mut self, smss: u32);

    /// What it is called: `newreno`.
    fn name(&self) -> &'static str;
}

/// Which strategy connections get.
#[derive(Clone, Debug)]
pub struct Algorithm {
    factory: Arc<dyn CongestionControlFactory>,
}

impl Algorithm {
    /// The strategy that `factory` starts.
    #[must_use]
    pub fn new(factory: impl CongestionControlFactory + 'static) -> Self {
        Self { factory: Arc::new(factory) }
    }

    /// The strategy for a connection whose data begins now.
    #[must_use]
    pub fn make(&self, start: &Start) -> Box<dyn CongestionControl> {
        self.factory.make(start)
    }
}

/// [`NewReno`].
impl Default for Algorithm {
    fn default() -> Self {
        Self::new(NewRenoConfig::default())
    }
}

/// Starts a strategy for each connection.
pub trait CongestionControlFactory: fmt::Debug + Send + Sync {
    /// The strategy for a connection whose data begins now.
    fn make(&self, start: &Start) -> Box<dyn CongestionControl>;
}

/// What is known of a connection when its data begins: when it enters ESTABLISHED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// What time it is.
    pub now: Instant,
    /// SMSS, in bytes.
    pub smss: u32,
    /// Whether our SYN, or SYN-ACK, had to be sent more than once: the network may be congested.
    pub is_syn_retransmitted: bool,
}

/// An acknowledgment of new data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// When it came.
    pub now: Instant,
    /// How many bytes it acknowledges that were not acknowledged before.
    pub bytes_acknowledged: u32,
    /// FlightSize before it came, in bytes.
    pub flight_size: u32,
    /// Whether it was the congestion window that held us back when we last sent: not a lack of
    /// data, nor the peer's window. A window that was not made use of has proved nothing, and
    /// must not grow (RFC 7661, 4).
    pub is_window_limited: bool,
    /// Whether losses are being repaired.
    pub is_in_recovery: bool,
    /// The round-trip time that it told, if it did.
    pub rtt: Option<Duration>,
    /// SRTT, if there is one.
    pub smoothed_rtt: Option<Duration>,
}

/// The sign that something was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Congestion {
    /// When it came.
    pub now: Instant,
    /// FlightSize, in bytes, less what limited transmit added (RFC 5681, 3.2, step 2). As
    /// [`crate::recovery::Action::EnterRecovery`] tells it.
    pub flight_size: u32,
}

/// The retransmission timer fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// When.
    pub now: Instant,
    /// FlightSize, in bytes.
    pub flight_size: u32,
    /// Whether it is the first time for the segment at SND.UNA. Later ones say nothing new about
    /// how much the network can carry.
    pub is_first: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_handed_in_by_configuration() {
        let start = Start { now: Instant::START, smss: 1460, is_syn_retransmitted: false };
        let new_reno = Algorithm::default().make(&start);
        assert_eq!((new_reno.name(), new_reno.window()), ("newreno", 14_600));
        let none = Algorithm::new(UnlimitedConfig).make(&start);
        assert_eq!((none.name(), none.window()), ("none", u32::MAX));
    }
}
