//! How long to wait for an acknowledgment before sending again: the retransmission timeout, RTO
//! (RFC 6298).
//!
//! The estimator smooths the round-trip times that it is told, and how far they stray:
//!
//! ```text
//!        RTTVAR ── strays by this much, on average
//!       ◄──────►
//!   ────────────┼──────────────────────────────┼──────────►  time since the segment left
//!              SRTT                           RTO
//!                ◄────────────────────────────►
//!                 4 × RTTVAR, at least the minimum
//! ```
//!
//! Each time that the timer fires, the RTO doubles. It stays doubled until a round trip is
//! measured again.
//!
//! What it must not be told is the time of a segment that was sent twice: the acknowledgment may
//! be of either (Karn's algorithm, MUST-18). Only with a timestamp can they be told apart. That
//! is for the caller to heed.

use std::time::Duration;

/// The RTO before any round trip was measured (RFC 6298, 2.1).
pub const INITIAL_RTO: Duration = Duration::from_secs(1);

/// The RTO that data begins with if the SYN had to be sent again (RFC 6298, 5.7).
pub const INITIAL_RTO_AFTER_LOST_SYN: Duration = Duration::from_secs(3);

/// How far the RTO stays above the smoothed round-trip time, unless it is told otherwise.
///
/// RFC 6298, 2.4, asks for an RTO of a second or more, but not strictly: that second stems from
/// clocks that ticked twice a second. What has to fit in is an acknowledgment that the peer
/// delays, on the stacks in use by 200 ms at most. Linux has the same value, FreeBSD adds as much.
pub const DEFAULT_MINIMUM_RTO: Duration = Duration::from_millis(200);

/// The longest RTO. RFC 6298, 2.5, allows none below a minute; a longer one would only find out
/// later that the peer is back.
pub const MAXIMUM_RTO: Duration = Duration::from_secs(60);

/// How finely round trips are measured at least: G. The timestamps option counts milliseconds.
pub const CLOCK_GRANULARITY: Duration = Duration::from_millis(1);

/// The most samples that one round trip is taken to give. A window is full of 536-byte segments
/// before there are more.
const MOST_EXPECTED_SAMPLES: u32 = 1 << 20;

/// Estimates the round-trip time of one connection.
#[derive(Clone, Debug)]
pub struct RttEstimator {
    /// How far the RTO stays above SRTT.
    minimum: Duration,
    /// `None` before the first sample.
    smoothed: Option<Smoothed>,
    /// The RTO, not backed off.
    base: Duration,
    /// How often the RTO was doubled since the last sample.
    back_offs: u32,
}

#[derive(Clone, Copy, Debug)]
struct Smoothed {
    /// SRTT.
    rtt: Duration,
    /// RTTVAR.
    variation: Duration,
}

impl RttEstimator {
    /// An estimator that has measured nothing. `minimum` is how far the RTO stays above the
    /// smoothed round-trip time, from [`CLOCK_GRANULARITY`] to [`MAXIMUM_RTO`]; see
    /// [`DEFAULT_MINIMUM_RTO`].
    #[must_use]
    pub fn new(minimum: Duration) -> Self {
        let minimum = minimum.clamp(CLOCK_GRANULARITY, MAXIMUM_RTO);
        Self { minimum, smoothed: None, base: INITIAL_RTO.max(minimum), back_offs: 0 }
    }

    /// The timeout for what is sent now, from [`CLOCK_GRANULARITY`] to [`MAXIMUM_RTO`].
    #[must_use]
    pub fn rto(&self) -> Duration {
        self.rto_after(self.back_offs)
    }

    /// What the timeout would be after being doubled `back_offs` times: for timers that are
    /// counted on their own, such as the one that probes a closed window (SHLD-29, SHLD-30).
    #[must_use]
    pub fn rto_after(&self, back_offs: u32) -> Duration {
        self.base.saturating_mul(2u32.saturating_pow(back_offs)).min(MAXIMUM_RTO)
    }

    /// SRTT, the smoothed round-trip time; `None` before the first sample.
    #[must_use]
    pub fn smoothed_rtt(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed.rtt)
    }

    /// RTTVAR, how far round trips stray from the smoothed one; `None` before the first sample.
    #[must_use]
    pub fn variation(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed.variation)
    }

    /// Takes a round-trip time that was measured, and ends the back-off (RFC 6298, 2.2 and 2.3).
    ///
    /// `expected_samples` says how many of its kind one round trip will give. Whoever times one
    /// segment at a time says 1. Whoever takes a sample from each acknowledgment, by timestamps,
    /// says FlightSize / (2 × SMSS), rounded up; each sample then weighs the less, so that the
    /// estimate remembers as many round trips as it did (RFC 7323, appendix G). 0 counts as 1.
    pub fn sample(&mut self, rtt: Duration, expected_samples: u32) {
        let samples = expected_samples.clamp(1, MOST_EXPECTED_SAMPLES);
        let smoothed = self.smoothed.map_or_else(
            || Smoothed { rtt, variation: rtt / 2 },
            // RTTVAR first: it is measured from the SRTT as it was.
            |Smoothed { rtt: old, variation }| Smoothed {
                variation: moved(variation, old.abs_diff(rtt), 4 * samples),
                rtt: moved(old, rtt, 8 * samples),
            },
        );
        let margin = smoothed.variation.saturating_mul(4).max(self.minimum);
        self.base = smoothed.rtt.saturating_add(margin).min(MAXIMUM_RTO);
        self.smoothed = Some(smoothed);
        self.back_offs = 0;
    }

    /// Doubles the timeout, because the timer fired (RFC 6298, 5.5).
    pub const fn back_off(&mut self) {
        self.back_offs = self.back_offs.saturating_add(1);
    }

    /// Begins anew, because data begins now and the timer fired for the SYN (RFC 6298, 5.7): it
    /// may have been [`INITIAL_RTO`] that was too short. A round trip that was measured since
    /// then, by timestamps, knows better and is kept.
    pub fn begin_after_lost_syn(&mut self) {
        if self.smoothed.is_none() {
            self.base = INITIAL_RTO_AFTER_LOST_SYN.max(self.minimum);
            self.back_offs = 0;
        }
    }
}

/// The `old` value, moved to the `new` one by one part in `parts`.
fn moved(old: Duration, new: Duration, parts: u32) -> Duration {
    old.saturating_mul(parts - 1).saturating_add(new) / parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn estimator() -> RttEstimator {
        RttEstimator::new(DEFAULT_MINIMUM_RTO)
    }

    fn sampled(samples: &[u64]) -> RttEstimator {
        let mut estimator = estimator();
        samples.iter().for_each(|&rtt| estimator.sample(ms(rtt), 1));
        estimator
    }

    #[test]
    fn must_18_the_first_rto_is_a_second() {
        assert_eq!(estimator().rto(), ms(1000));
        assert_eq!(estimator().smoothed_rtt(), None);
    }

    #[test]
    fn must_18_the_first_sample_counts_half_of_itself_as_variation() {
        let estimator = sampled(&[500]);
        assert_eq!(estimator.smoothed_rtt(), Some(ms(500)));
        assert_eq!(estimator.variation(), Some(ms(250)));
        assert_eq!(estimator.rto(), ms(1500));
    }

    #[test]
    fn must_18_later_samples_move_the_average_by_an_eighth_and_the_variation_by_a_quarter() {
        let estimator = sampled(&[500, 900]);
        assert_eq!(estimator.smoothed_rtt(), Some(ms(550)));
        assert_eq!(estimator.variation(), Some(Duration::from_micros(287_500)));
        assert_eq!(estimator.rto(), ms(1700));
    }

    #[test]
    fn a_delayed_acknowledgment_fits_into_the_rto_of_a_steady_path() {
        let mut estimator = sampled(&[190; 100]);
        assert_eq!(estimator.rto(), ms(390));
        estimator = sampled(&[0; 10]);
        assert_eq!(estimator.rto(), ms(200));
    }

    #[test]
    fn the_minimum_is_configurable_and_no_finer_than_the_clock() {
        for (minimum, margin) in [(ms(0), ms(1)), (ms(5), ms(5)), (ms(999_999), ms(60_000))] {
            let mut estimator = RttEstimator::new(minimum);
            estimator.sample(Duration::ZERO, 1);
            assert_eq!(estimator.rto(), margin);
        }
    }

    #[test]
    fn must_19_the_timeout_doubles_up_to_a_minute() {
        let mut estimator = estimator();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(estimator.rto(), Duration::from_secs(seconds));
            estimator.back_off();
        }
        (0..100).for_each(|_| estimator.back_off());
        assert_eq!(estimator.rto(), MAXIMUM_RTO);
    }

    #[test]
    fn must_19_only_a_sample_ends_the_back_off() {
        let mut estimator = sampled(&[100]);
        estimator.back_off();
        estimator.back_off();
        assert_eq!(estimator.rto(), ms(1200));
        assert_eq!(estimator.rto_after(0), ms(300));
        estimator.sample(ms(100), 1);
        assert_eq!(estimator.rto(), ms(300));
    }

    #[test]
    fn data_begins_with_three_seconds_if_the_syn_was_lost() {
        let mut estimator = estimator();
        estimator.back_off();
        estimator.begin_after_lost_syn();
        assert_eq!(estimator.rto(), ms(3000));
        estimator.sample(ms(10), 1);
        assert_eq!(estimator.rto(), ms(210));
    }

    #[test]
    fn a_round_trip_that_was_measured_outweighs_a_lost_syn() {
        let mut estimator = sampled(&[10]);
        estimator.begin_after_lost_syn();
        assert_eq!(estimator.rto(), ms(210));
    }

    #[test]
    fn many_samples_in_a_round_trip_weigh_about_as_much_as_one() {
        let after_step = |samples| {
            let mut estimator = sampled(&[100; 50]);
            (0..samples).for_each(|_| estimator.sample(ms(200), samples));
            [estimator.smoothed_rtt(), estimator.variation()].map(|it| it.unwrap().as_secs_f64())
        };
        for samples in [1, 2, 10, 1000] {
            // 100 ms and an eighth of the step; (1 - 1/8n)^n of it is left to go.
            let [rtt, variation] = after_step(samples);
            assert!((0.1117..0.1126).contains(&rtt), "{samples}: {rtt}");
            // A quarter of the step; it had died away before.
            assert!((0.0205..0.0251).contains(&variation), "{samples}: {variation}");
        }
    }

    proptest! {
        /// However strange the samples, the estimate lies between them and the RTO above it.
        #[test]
        fn the_estimate_lies_between_the_samples(
            samples in prop::collection::vec((any::<u64>(), any::<u32>()), 1..50)
        ) {
            let mut estimator = estimator();
            for &(nanoseconds, expected) in &samples {
                estimator.sample(Duration::from_nanos(nanoseconds), expected);
            }
            let all = || samples.iter().map(|&(nanoseconds, _)| Duration::from_nanos(nanoseconds));
            let rtt = estimator.smoothed_rtt().unwrap();
            prop_assert!(all().min().unwrap().saturating_sub(Duration::from_nanos(50)) <= rtt);
            prop_assert!(rtt <= all().max().unwrap());
            prop_assert!(estimator.rto() >= (rtt + DEFAULT_MINIMUM_RTO).min(MAXIMUM_RTO));
            prop_assert!(estimator.rto() <= MAXIMUM_RTO);
        }
    }
}
