//! A moment in time, as a number that is handed in.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment, in nanoseconds since a start that its owner chose.
///
/// The event loop fills it from the monotonic clock, the simulator from its virtual one. Code
/// that takes an `Instant` never asks what time it is, and so behaves the same under both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    nanoseconds: u64,
}

impl Instant {
    /// The start from which moments are counted.
    pub const START: Self = Self { nanoseconds: 0 };

    /// The moment `since_start` after [`Instant::START`]; the furthest one that fits, 584 years
    /// on, if it lies beyond that.
    #[must_use]
    pub fn at(since_start: Duration) -> Self {
        Self { nanoseconds: u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX) }
    }

    /// The time from [`Instant::START`] to this moment.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.nanoseconds)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// The moment `duration` later, or the furthest one that fits.
    fn add(self, duration: Duration) -> Self {
        Self::at(self.since_start().saturating_add(duration))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time that passed since `earlier`; zero if `earlier` is in fact later.
    fn sub(self, earlier: Self) -> Duration {
        self.since_start().saturating_sub(earlier.since_start())
    }
}

/// Seconds with six decimals, as packet tools print them: `12.000350`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_start = self.since_start();
        write!(f, "{}.{:06}", since_start.as_secs(), since_start.subsec_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let soon = Instant::START + Duration::from_millis(5);
        assert_eq!(soon - Instant::START, Duration::from_millis(5));
        assert_eq!(Instant::START - soon, Duration::ZERO);
        let end = Instant::at(Duration::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert!(end > soon);
    }

    #[test]
    fn display_is_in_seconds() {
        let moment = Instant::at(Duration::from_micros(12_000_350));
        assert_eq!(moment.to_string(), "12.000350");
    }
}
