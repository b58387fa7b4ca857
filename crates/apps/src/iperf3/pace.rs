//! How fast a stream may send.

use std::time::Duration;

use packet::Instant;

/// How much may be sent at once after a pause: what this time is worth.
const BURST: Duration = Duration::from_millis(10);

/// A rate, and what of it is used up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// In bits a second; `None` for no limit.
    rate: Option<u64>,
    /// When what was sent so far would be through.
    through_at: Instant,
}

impl Pace {
    pub(super) const fn new(now: Instant, rate: Option<u64>) -> Self {
        Self { rate, through_at: now }
    }

    /// When the next byte may be sent: it is time once that has come.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.rate.map(|_| self.through_at)
    }

    /// Whether something may be sent at `now`.
    pub(super) fn may_send(&self, now: Instant) -> bool {
        self.rate.is_none() || self.through_at <= now
    }

    /// So many bytes were sent at `now`.
    pub(super) fn sent(&mut self, now: Instant, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let nanoseconds = (bytes as u128 * 8 * 1_000_000_000) / u128::from(rate.max(1));
        let takes = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        // A pause gives no right to more than a burst.
        let earliest = Instant::at(now.since_start().saturating_sub(BURST));
        self.through_at = self.through_at.max(earliest) + takes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_second_as_much_is_sent_as_the_rate_says() {
        let mut pace = Pace::new(Instant::START, Some(8_000_000));
        let mut sent = 0;
        for millisecond in 0..1000 {
            let now = Instant::START + Duration::from_millis(millisecond);
            while pace.may_send(now) {
                pace.sent(now, 1000);
                sent += 1000;
            }
        }
        assert!((999_000..=1_001_000).contains(&sent), "{sent}");
    }

    #[test]
    fn after_a_pause_there_is_a_burst_and_no_more() {
        let mut pace = Pace::new(Instant::START, Some(8_000_000));
        let now = Instant::START + Duration::from_secs(60);
        let mut sent = 0;
        while pace.may_send(now) {
            pace.sent(now, 1000);
            sent += 1000;
        }
        assert!((10_000..=12_000).contains(&sent), "{sent}");
    }

    #[test]
    fn without_a_rate_there_is_no_end() {
        let mut pace = Pace::new(Instant::START, None);
        pace.sent(Instant::START, 1 << 30);
        assert!(pace.may_send(Instant::START));
        assert_eq!(pace.next_at(), None);
    }
}
