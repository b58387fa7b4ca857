//! A length of time as a person writes it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::parse::{ParseError, Unit, display, quantity};

/// A length of time, up to 584 years. Written `20ms`, `1.5s`, `500us` or `0ns`, as in tc(8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delay {
    nanoseconds: u64,
}

/// Largest first.
const UNITS: [Unit; 4] = [("s", 9), ("ms", 6), ("us", 3), ("ns", 0)];

impl From<Delay> for Duration {
    fn from(delay: Delay) -> Self {
        Self::from_nanos(delay.nanoseconds)
    }
}

impl FromStr for Delay {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let nanoseconds =
            quantity(text, &UNITS).ok_or_else(|| ParseError::NotDelay(text.to_owned()))?;
        Ok(Self { nanoseconds })
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(f, self.nanoseconds, &UNITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Option<Duration> {
        text.parse::<Delay>().ok().map(Duration::from)
    }

    #[test]
    fn is_written_with_its_unit() {
        assert_eq!(parsed("20ms"), Some(Duration::from_millis(20)));
        assert_eq!(parsed("1s"), Some(Duration::from_secs(1)));
        assert_eq!(parsed("1.5MS"), Some(Duration::from_micros(1500)));
        assert_eq!(parsed("0.25us"), Some(Duration::from_nanos(250)));
        for wrong in ["", "20", "ms", "20 ms", "20min", "-1s", "0.5ns"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_displayed_parses_to_the_same(nanoseconds: u64) {
            let delay = Delay { nanoseconds };
            prop_assert_eq!(delay.to_string().parse(), Ok(delay));
        }
    }
}
