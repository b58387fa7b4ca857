//! How long to wait before the next try: longer each time, up to a bound.

use std::time::Duration;

use packet::Instant;

/// The first wait.
pub const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait.
pub const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Tries that fail, and the time from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    wait: Duration,
}

impl BackOff {
    /// Nothing has failed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { wait: FIRST_WAIT }
    }

    /// A try failed, at `now`: when the next one is due.
    #[must_use]
    pub fn next_try(&mut self, now: Instant) -> Instant {
        let due = now + self.wait;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        due
    }

    /// A try succeeded.
    pub const fn succeeded(&mut self) {
        self.wait = FIRST_WAIT;
    }
}

impl Default for BackOff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_last_up_to_a_bound() {
        let mut back_off = BackOff::new();
        let now = Instant::START;
        let waits: Vec<u128> = (0..7).map(|_| (back_off.next_try(now) - now).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 8000]);
        back_off.succeeded();
        assert_eq!(back_off.next_try(now) - now, FIRST_WAIT);
    }
}
