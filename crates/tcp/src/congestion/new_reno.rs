//! NewReno's congestion window: slow start, congestion avoidance, half the rate after a loss
//! (RFC 5681, 3; with bytes counted as RFC 3465 has it).
//!
//! ```text
//!   cwnd │        ╱│            ╱│
//!        │       ╱ │          ╱  │ lost, repaired      │ lost, and the timer had to tell:
//!        │      ╱  │        ╱    │ by retransmission:  │ back to one segment
//!        │     ╱   │      ╱      │ half                │
//!        │    ╱    │    ╱        │         ╱│          │
//!   ssthresh ······│··╱··········│·······╱··│··········│············
//!        │  ╱      └╱            └─────╱    └──────╱
//!        │_╱                                     _╱
//!        └──────────────────────────────────────────────────► time
//!         slow    congestion avoidance:            slow start
//!         start   a segment more each round trip
//! ```

use packet::Instant;

use super::{
    Ack, Congestion, CongestionControl, CongestionControlFactory, InitialWindow, MAX_WINDOW, Start,
    Timeout,
};

/// By how many segments an acknowledgment makes the window grow at most in slow start: L in RFC
/// 3465, 2.3. Two, so that a peer that acknowledges every second segment doubles the window each
/// round trip all the same.
pub const SLOW_START_LIMIT: u32 = 2;

/// Starts [`NewReno`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRenoConfig {
    /// How much may be sent before the first acknowledgment.
    pub initial_window: InitialWindow,
    /// By how many segments an acknowledgment makes the window grow at most in slow start; 0
    /// counts as 1, which is what RFC 5681 (2) has. See [`SLOW_START_LIMIT`].
    pub slow_start_limit: u32,
}

impl Default for NewRenoConfig {
    fn default() -> Self {
        Self { initial_window: InitialWindow::default(), slow_start_limit: SLOW_START_LIMIT }
    }
}

impl CongestionControlFactory for NewRenoConfig {
    fn make(&self, start: &Start) -> Box<dyn CongestionControl> {
        Box::new(NewReno::new(*self, start))
    }
}

/// The window of one connection.
#[derive(Clone, Debug)]
pub struct NewReno {
    /// SMSS in bytes, at least 1.
    smss: u32,
    /// cwnd in bytes, from SMSS to [`MAX_WINDOW`].
    window: u32,
    /// ssthresh in bytes; `u32::MAX` before anything was lost.
    threshold: u32,
    /// IW in bytes, to which the window falls back after an idle time.
    initial_window: u32,
    /// Bytes acknowledged in congestion avoidance that have not made the window grow yet.
    bytes_acknowledged: u32,
    slow_start_limit: u32,
    /// Whether slow start goes on because the timer fired: acknowledgments may then cover what
    /// had arrived long before, and count for one segment (RFC 3465, 2.3).
    is_after_timeout: bool,
}

impl NewReno {
    /// The window of a connection whose data begins now.
    #[must_use]
    pub fn new(config: NewRenoConfig, start: &Start) -> Self {
        let smss = start.smss.clamp(1, MAX_WINDOW);
        let initial_window = config.initial_window.bytes(&Start { smss, ..*start });
        Self {
            smss,
            window: initial_window.min(MAX_WINDOW),
            threshold: u32::MAX,
            initial_window,
            bytes_acknowledged: 0,
            slow_start_limit: config.slow_start_limit.max(1),
            is_after_timeout: false,
        }
    }

    const fn is_in_slow_start(&self) -> bool {
        self.window < self.threshold
    }

    /// One more segment for each that was acknowledged (RFC 5681 (2)), up to ssthresh.
    fn slow_start(&mut self, bytes_acknowledged: u32) {
        let limit = if self.is_after_timeout { 1 } else { self.slow_start_limit };
        let increase = bytes_acknowledged.min(self.smss.saturating_mul(limit));
        self.set_window(self.window.saturating_add(increase).min(self.threshold));
        self.is_after_timeout = self.is_after_timeout && self.is_in_slow_start();
    }

    /// One more segment for each window that was acknowledged (RFC 3465, 2.1).
    fn avoid_congestion(&mut self, bytes_acknowledged: u32) {
        self.bytes_acknowledged = self.bytes_acknowledged.saturating_add(bytes_acknowledged);
        if let Some(rest) = self.bytes_acknowledged.checked_sub(self.window) {
            // What no window can hold was not sent in one.
            self.bytes_acknowledged = rest.min(self.window);
            self.set_window(self.window.saturating_add(self.smss));
        }
    }

    /// Half of what was outstanding, not of the window, which may not have been in use (RFC 5681
    /// (4)).
    fn halve_threshold(&mut self, flight_size: u32) {
        self.threshold = (flight_size / 2).max(self.smss.saturating_mul(2));
    }

    /// All changes of the window go through here, so that it never leaves its bounds.
    fn set_window(&mut self, window: u32) {
        self.window = window.clamp(self.smss, MAX_WINDOW);
    }
}

impl CongestionControl for NewReno {
    fn window(&self) -> u32 {
        self.window
    }

    fn slow_start_threshold(&self) -> u32 {
        self.threshold
    }

    fn on_ack(&mut self, ack: &Ack) {
        if ack.is_in_recovery || !ack.is_window_limited {
            return;
        }
        if self.is_in_slow_start() {
            self.slow_start(ack.bytes_acknowledged);
        } else {
            self.avoid_congestion(ack.bytes_acknowledged);
        }
    }

    fn on_congestion(&mut self, congestion: &Congestion) {
        self.halve_threshold(congestion.flight_size);
        self.set_window(self.threshold);
        self.bytes_acknowledged = 0;
    }

    fn on_recovery_end(&mut self, _: Instant, flight_size: u32) {
        // Not simply ssthresh: with little outstanding, that would be a burst (RFC 6582, 3.2,
        // step 3, way 1).
        let little_more = flight_size.max(self.smss).saturating_add(self.smss);
        self.set_window(self.threshold.min(little_more));
        self.bytes_acknowledged = 0;
    }

    fn on_retransmission_timeout(&mut self, timeout: &Timeout) {
        if timeout.is_first {
            self.halve_threshold(timeout.flight_size);
        }
        // LW, the loss window (RFC 5681, 3.1).
        self.set_window(self.smss);
        self.bytes_acknowledged = 0;
        self.is_after_timeout = true;
    }

    fn on_idle_restart(&mut self, _: Instant) {
        // RW, the restart window.
        self.set_window(self.window.min(self.initial_window));
        self.bytes_acknowledged = 0;
    }

    fn on_mss_changed(&mut self, smss: u32) {
        let old = std::mem::replace(&mut self.smss, smss.clamp(1, MAX_WINDOW));
        // As many segments as before if they are smaller now, no more bytes if they are larger
        // (RFC 5681, 3.1).
        let scaled = |bytes: u32| {
            let scaled = u64::from(bytes) * u64::from(self.smss.min(old)) / u64::from(old);
            u32::try_from(scaled).unwrap_or(u32::MAX).max(self.smss)
        };
        let (window, initial_window) = (scaled(self.window), scaled(self.initial_window));
        self.initial_window = initial_window;
        self.set_window(window);
        self.threshold = self.threshold.max(self.smss.saturating_mul(2));
    }

    fn name(&self) -> &'static str {
        "newreno"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MSS: u32 = 1000;
    const NOW: Instant = Instant::START;

    fn start(smss: u32) -> Start {
        Start { now: NOW, smss, is_syn_retransmitted: false }
    }

    fn new_reno() -> NewReno {
        let initial_window = InitialWindow::Segments(10);
        NewReno::new(NewRenoConfig { initial_window, ..NewRenoConfig::default() }, &start(MSS))
    }

    fn ack(bytes_acknowledged: u32) -> Ack {
        Ack {
            now: NOW,
            bytes_acknowledged,
            flight_size: bytes_acknowledged,
            is_window_limited: true,
            is_in_recovery: false,
            rtt: None,
            smoothed_rtt: None,
        }
    }

    fn lose(new_reno: &mut NewReno, flight_size: u32) {
        new_reno.on_congestion(&Congestion { now: NOW, flight_size });
    }

    fn time_out(new_reno: &mut NewReno, flight_size: u32, is_first: bool) {
        new_reno.on_retransmission_timeout(&Timeout { now: NOW, flight_size, is_first });
    }

    /// One round trip in which the peer acknowledges every `stride` segments.
    fn round_trip(new_reno: &mut NewReno, stride: u32) {
        let segments = new_reno.window() / MSS;
        (0..segments / stride).for_each(|_| new_reno.on_ack(&ack(stride * MSS)));
    }

    #[test]
    fn must_19_slow_start_doubles_the_window_each_round_trip() {
        for stride in [1, 2] {
            let mut new_reno = new_reno();
            for segments in [10, 20, 40, 80] {
                assert_eq!(new_reno.window(), segments * MSS);
                round_trip(&mut new_reno, stride);
            }
        }
    }

    #[test]
    fn must_19_one_acknowledgment_counts_for_two_segments_at_most() {
        let mut new_reno = new_reno();
        new_reno.on_ack(&ack(10 * MSS));
        assert_eq!(new_reno.window(), 12 * MSS);
        new_reno.on_ack(&ack(1));
        assert_eq!(new_reno.window(), 12 * MSS + 1, "nor for more than it acknowledges");
    }

    #[test]
    fn must_19_congestion_avoidance_adds_a_segment_each_round_trip() {
        for stride in [1, 2, 10] {
            let mut new_reno = new_reno();
            lose(&mut new_reno, 20 * MSS);
            for segments in 10..14 {
                assert_eq!(new_reno.window(), segments * MSS, "by {stride}");
                // A window's worth of bytes, whatever they are acknowledged in.
                let window = new_reno.window();
                (0..stride).for_each(|_| new_reno.on_ack(&ack(window / stride + 1)));
            }
        }
    }

    #[test]
    fn must_19_slow_start_ends_at_the_threshold() {
        let mut new_reno = new_reno();
        time_out(&mut new_reno, 9 * MSS, true);
        assert_eq!((new_reno.window(), new_reno.slow_start_threshold()), (MSS, 4500));
        (0..4).for_each(|_| new_reno.on_ack(&ack(MSS)));
        assert_eq!(new_reno.window(), 4500);
        new_reno.on_ack(&ack(MSS));
        assert_eq!(new_reno.window(), 4500);
        (0..4).for_each(|_| new_reno.on_ack(&ack(MSS)));
        assert_eq!(new_reno.window(), 5500);
    }

    #[test]
    fn must_19_a_loss_halves_what_was_outstanding_and_not_the_window() {
        let mut new_reno = new_reno();
        (0..50).for_each(|_| new_reno.on_ack(&ack(2 * MSS)));
        assert_eq!(new_reno.window(), 110 * MSS);
        lose(&mut new_reno, 12 * MSS);
        assert_eq!(new_reno.window(), 6 * MSS);
        lose(&mut new_reno, MSS);
        assert_eq!(new_reno.window(), 2 * MSS, "two segments at least");
    }

    #[test]
    fn the_end_of_a_recovery_is_no_burst() {
        let mut new_reno = new_reno();
        lose(&mut new_reno, 20 * MSS);
        new_reno.on_recovery_end(NOW, 3 * MSS);
        assert_eq!((new_reno.window(), new_reno.slow_start_threshold()), (4 * MSS, 10 * MSS));
        new_reno.on_recovery_end(NOW, 0);
        assert_eq!(new_reno.window(), 2 * MSS);
        new_reno.on_recovery_end(NOW, 15 * MSS);
        assert_eq!(new_reno.window(), 10 * MSS);
    }

    #[test]
    fn must_19_a_timeout_goes_back_to_one_segment_and_counts_acknowledgments_by_one() {
        let mut new_reno = new_reno();
        time_out(&mut new_reno, 40 * MSS, true);
        assert_eq!((new_reno.window(), new_reno.slow_start_threshold()), (MSS, 20 * MSS));
        new_reno.on_ack(&ack(30 * MSS));
        assert_eq!(new_reno.window(), 2 * MSS);
        time_out(&mut new_reno, 4 * MSS, false);
        assert_eq!((new_reno.window(), new_reno.slow_start_threshold()), (MSS, 20 * MSS));
        (0..19).for_each(|_| new_reno.on_ack(&ack(2 * MSS)));
        assert_eq!(new_reno.window(), 20 * MSS);
        assert!(!new_reno.is_after_timeout);
    }

    #[test]
    fn a_window_that_is_not_made_use_of_does_not_grow() {
        let mut new_reno = new_reno();
        new_reno.on_ack(&Ack { is_window_limited: false, ..ack(MSS) });
        new_reno.on_ack(&Ack { is_in_recovery: true, ..ack(MSS) });
        assert_eq!(new_reno.window(), 10 * MSS);
    }

    #[test]
    fn after_an_idle_time_the_window_is_the_initial_one_again() {
        let mut new_reno = new_reno();
        (0..50).for_each(|_| new_reno.on_ack(&ack(2 * MSS)));
        new_reno.on_idle_restart(NOW);
        assert_eq!(new_reno.window(), 10 * MSS);
        lose(&mut new_reno, 6 * MSS);
        new_reno.on_idle_restart(NOW);
        assert_eq!(new_reno.window(), 3 * MSS, "nothing is gained by it");
    }

    #[test]
    fn smaller_segments_are_no_more_of_them() {
        let mut new_reno = new_reno();
        new_reno.on_mss_changed(MSS / 2);
        assert_eq!(new_reno.window(), 5 * MSS);
        new_reno.on_mss_changed(MSS);
        assert_eq!(new_reno.window(), 5 * MSS);
        new_reno.on_mss_changed(8 * MSS);
        assert_eq!(new_reno.window(), 8 * MSS, "one segment at least");
    }

    #[test]
    fn the_window_stops_growing_before_it_overflows() {
        let mut new_reno = NewReno::new(NewRenoConfig::default(), &start(65_495));
        (0..10_000).for_each(|_| new_reno.on_ack(&ack(u32::MAX)));
        assert_eq!(new_reno.window(), MAX_WINDOW);
        lose(&mut new_reno, u32::MAX);
        (0..10_000).for_each(|_| new_reno.on_ack(&ack(u32::MAX)));
        assert_eq!(new_reno.window(), MAX_WINDOW);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Ack(Ack),
        Congestion(u32),
        RecoveryEnd(u32),
        Timeout(u32, bool),
        Idle,
        Mss(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let amount = || prop_oneof![any::<u32>(), 0..100_000u32];
        prop_oneof![
            (amount(), any::<bool>()).prop_map(|(bytes, is_window_limited)| Step::Ack(Ack {
                is_window_limited,
                ..ack(bytes)
            })),
            amount().prop_map(Step::Congestion),
            amount().prop_map(Step::RecoveryEnd),
            (amount(), any::<bool>()).prop_map(|(flight, first)| Step::Timeout(flight, first)),
            Just(Step::Idle),
            amount().prop_map(Step::Mss),
        ]
    }

    proptest! {
        #[test]
        fn the_window_stays_within_its_bounds_whatever_happens(
            smss: u32, steps in prop::collection::vec(step(), 0..100)
        ) {
            let mut new_reno = NewReno::new(NewRenoConfig::default(), &start(smss));
            for step in steps {
                let before = new_reno.window();
                match step {
                    Step::Ack(ack) => {
                        new_reno.on_ack(&ack);
                        prop_assert!(new_reno.window() >= before);
                        prop_assert!(new_reno.window() - before <= new_reno.smss.saturating_mul(2));
                    }
                    Step::Congestion(flight_size) => lose(&mut new_reno, flight_size),
                    Step::RecoveryEnd(flight_size) => new_reno.on_recovery_end(NOW, flight_size),
                    Step::Timeout(flight_size, first) => {
                        time_out(&mut new_reno, flight_size, first);
                    }
                    Step::Idle => new_reno.on_idle_restart(NOW),
                    Step::Mss(smss) => new_reno.on_mss_changed(smss),
                }
                prop_assert!((new_reno.smss..=MAX_WINDOW).contains(&new_reno.window()));
                prop_assert!(
                    u64::from(new_reno.slow_start_threshold()) >= 2 * u64::from(new_reno.smss)
                );
            }
        }
    }
}
