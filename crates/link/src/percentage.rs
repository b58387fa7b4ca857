//! How often something happens, as parts of a hundred.

use std::fmt;
use std::str::FromStr;

use crate::parse::{ParseError, decimal};

/// From 0% to 100%, in steps of a millionth of a percent. Written `5%` or `0.5%`.
///
/// A whole number inside, so that no machine rounds it differently from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentage {
    /// Millionths of a percent. Never more than [`ALL`].
    millionths: u64,
}

/// Decimal places in a percent.
const PLACES: u32 = 6;
/// 100%.
const ALL: u64 = 100_000_000;

impl Percentage {
    /// Never.
    pub const ZERO: Self = Self { millionths: 0 };
    /// Always.
    pub const ALL: Self = Self { millionths: ALL };

    /// So many parts of a hundred; more than 100 counts as 100.
    #[must_use]
    pub const fn new(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent };
        Self { millionths: percent as u64 * 1_000_000 }
    }

    /// Whether this is never.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.millionths == 0
    }

    /// Decides by a number drawn evenly from all that 32 bits can hold.
    pub(crate) const fn happens(self, drawn: u32) -> bool {
        // At 100% the bound is 2^32, above whatever is drawn.
        (drawn as u64) < (self.millionths << 32) / ALL
    }
}

impl FromStr for Percentage {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let number =
            text.strip_suffix('%').ok_or_else(|| ParseError::NoPercentSign(text.to_owned()))?;
        let millionths =
            decimal(number, PLACES).ok_or_else(|| ParseError::NotPercentage(text.to_owned()))?;
        if millionths > ALL {
            return Err(ParseError::MoreThanAll(text.to_owned()));
        }
        Ok(Self { millionths })
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = format!("{}.{:06}", self.millionths / 1_000_000, self.millionths % 1_000_000);
        f.pad(&format!("{}%", number.trim_end_matches('0').trim_end_matches('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<Percentage, ParseError> {
        text.parse()
    }

    #[test]
    fn is_written_with_its_sign() {
        assert_eq!(parsed("5%"), Ok(Percentage::new(5)));
        assert_eq!(parsed("100.0%"), Ok(Percentage::ALL));
        assert_eq!(parsed("0.5%").unwrap().to_string(), "0.5%");
        assert_eq!(parsed("5"), Err(ParseError::NoPercentSign("5".into())));
        assert_eq!(parsed("101%"), Err(ParseError::MoreThanAll("101%".into())));
        assert_eq!(parsed("five%"), Err(ParseError::NotPercentage("five%".into())));
        assert_eq!(parsed("-1%"), Err(ParseError::NotPercentage("-1%".into())));
    }

    #[test]
    fn never_is_never_and_always_is_always() {
        assert!(!Percentage::ZERO.happens(0));
        assert!(Percentage::ALL.happens(u32::MAX));
        assert!(parsed("50%").unwrap().happens(u32::MAX / 2));
        assert!(!parsed("50%").unwrap().happens(u32::MAX / 2 + 1));
        assert!(parsed("0.000001%").unwrap().happens(0), "the smallest step can happen");
    }

    proptest! {
        #[test]
        fn what_is_displayed_parses_to_the_same(millionths in 0..=ALL) {
            let percentage = Percentage { millionths };
            prop_assert_eq!(percentage.to_string().parse(), Ok(percentage));
        }
    }
}
