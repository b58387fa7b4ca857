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
