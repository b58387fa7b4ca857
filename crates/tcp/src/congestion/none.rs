//! No congestion control: for tests in which the congestion window should not matter.

use packet::Instant;

use super::{Ack, Congestion, CongestionControl, CongestionControlFactory, Start, Timeout};

/// Starts [`Unlimited`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnlimitedConfig;

impl CongestionControlFactory for UnlimitedConfig {
    fn make(&self, _: &Start) -> Box<dyn CongestionControl> {
        Box::new(Unlimited)
    }
}

/// A window without a bound. On a network that others use this does harm.
#[derive(Clone, Copy, Debug)]
pub struct Unlimited;

impl CongestionControl for Unlimited {
    fn window(&self) -> u32 {
        u32::MAX
    }

    fn slow_start_threshold(&self) -> u32 {
        u32::MAX
    }

    fn on_ack(&mut self, _: &Ack) {}

    fn on_congestion(&mut self, _: &Congestion) {}

    fn on_recovery_end(&mut self, _: Instant, _: u32) {}

    fn on_retransmission_timeout(&mut self, _: &Timeout) {}

    fn on_idle_restart(&mut self, _: Instant) {}

    fn on_mss_changed(&mut self, _: u32) {}

    fn name(&self) -> &'static str {
        "none"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_happens_the_window_has_no_bound() {
        let now = Instant::START;
        let start = Start { now, smss: 1000, is_syn_retransmitted: true };
        let mut unlimited = UnlimitedConfig.make(&start);
        unlimited.on_congestion(&Congestion { now, flight_size: 1 });
        unlimited.on_recovery_end(now, 1);
        unlimited.on_retransmission_timeout(&Timeout { now, flight_size: 1, is_first: true });
        unlimited.on_idle_restart(now);
        unlimited.on_mss_changed(1);
        assert_eq!((unlimited.window(), unlimited.slow_start_threshold()), (u32::MAX, u32::MAX));
        assert_eq!(unlimited.name(), "none");
    }
}
