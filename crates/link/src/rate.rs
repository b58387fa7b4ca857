//! How fast a link carries bits.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use crate::parse::{ParseError, Unit, display, quantity};

/// Bits per second, at least one. Written `10mbit`, `1.5gbit` or `64kbit`, as in tc(8): a kbit
/// is 1,000 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    bits_per_second: NonZeroU64,
}

/// Largest first.
const UNITS: [Unit; 5] = [("tbit", 12), ("gbit", 9), ("mbit", 6), ("kbit", 3), ("bit", 0)];

impl Rate {
    /// So many bits per second.
    #[must_use]
    pub const fn new(bits_per_second: NonZeroU64) -> Self {
        Self { bits_per_second }
    }

    /// Bits per second.
    #[must_use]
    pub const fn bits_per_second(self) -> NonZeroU64 {
        self.bits_per_second
    }
}

impl FromStr for Rate {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.to_ascii_lowercase().ends_with("bps") {
            return Err(ParseError::AmbiguousRate(text.to_owned()));
        }
        let bits = quantity(text, &UNITS).ok_or_else(|| ParseError::NotRate(text.to_owned()))?;
        let bits = NonZeroU64::new(bits).ok_or_else(|| ParseError::ZeroRate(text.to_owned()))?;
        Ok(Self::new(bits))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(f, self.bits_per_second.get(), &UNITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<u64, ParseError> {
        text.parse::<Rate>().map(|rate| rate.bits_per_second().get())
    }

    #[test]
    fn is_written_in_bits() {
        assert_eq!(parsed("10mbit"), Ok(10_000_000));
        assert_eq!(parsed("1.5Gbit"), Ok(1_500_000_000));
        assert_eq!(parsed("300bit"), Ok(300));
        assert_eq!("1500kbit".parse::<Rate>().unwrap().to_string(), "1500kbit");
        assert_eq!(parsed("10mbps"), Err(ParseError::AmbiguousRate("10mbps".into())));
        assert_eq!(parsed("0mbit"), Err(ParseError::ZeroRate("0mbit".into())));
        for wrong in ["", "10", "mbit", "10m", "10 mbit", "0.5bit", "-1mbit"] {
            assert_eq!(parsed(wrong), Err(ParseError::NotRate(wrong.into())));
        }
    }

    proptest! {
        #[test]
        fn what_is_displayed_parses_to_the_same(bits: NonZeroU64) {
            let rate = Rate::new(bits);
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }
}
