//! Quantities as a person writes them: a decimal number and a unit.

use std::fmt;

/// What is wrong with an option as it was written, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message says what it means")]
pub enum ParseError {
    #[error("`{0}` has no percent sign: write a number from 0 to 100 and %, as in 5% or 0.5%")]
    NoPercentSign(String),
    #[error("`{0}` is not a percentage: write a number from 0 to 100 and %, as in 5% or 0.5%")]
    NotPercentage(String),
    #[error("`{0}` is more than 100%: write a number from 0 to 100 and %, as in 5% or 0.5%")]
    MoreThanAll(String),
    #[error("`{0}` is not a length of time: write a number and s, ms, us or ns, as in 20ms")]
    NotDelay(String),
    #[error("`{0}` is not a rate: write a number and gbit, mbit, kbit or bit, as in 10mbit")]
    NotRate(String),
    #[error("`{0}` counts bytes in tc(8) and bits elsewhere: write a rate in bits, as in 10mbit")]
    AmbiguousRate(String),
    #[error("`{0}` lets nothing pass: for that write a loss of 100%")]
    ZeroRate(String),
    #[error("`{0}` is not a queue's limit: write 100packets or 64000bytes")]
    NotQueueLimit(String),
    #[error(
        "`{0}` is not a kind of loss: write a percentage (5%), gemodel:P,R (gemodel:1%,20%) \
         or frames:N,N (frames:3,7)"
    )]
    NotLoss(String),
    #[error(
        "`gemodel:{0}` needs two to four percentages (P, R, loss in the bad state, loss in the \
         good one), as in gemodel:1%,20%"
    )]
    NotGilbertElliott(String),
    #[error("`frames:{0}` needs the numbers of the frames to lose, counted from 1: frames:3,7")]
    NotFrames(String),
}

/// A unit's name and how many decimal places its number has in the smallest unit.
pub(crate) type Unit = (&'static str, u32);

/// Reads a number and one of `units`, upper or lower case, as a count of the smallest unit.
/// `None` if it is something else, or has more decimals than the smallest unit can tell.
pub(crate) fn quantity(text: &str, units: &[Unit]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, name) = text.split_at(end);
    let (_, places) = units.iter().find(|(unit, _)| name.eq_ignore_ascii_case(unit))?;
    decimal(number, *places)
}

/// Reads `number` times ten to the power of `places`, exactly.
pub(crate) fn decimal(number: &str, places: u32) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        None => (number, ""),
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let missing_places = places.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
    digits.checked_mul(10_u64.checked_pow(missing_places)?)
}

/// Writes `count` as a whole number of the largest of `units` (largest first) that divides it.
pub(crate) fn display(f: &mut fmt::Formatter<'_>, count: u64, units: &[Unit]) -> fmt::Result {
    for &(name, places) in units {
        let unit = 10_u64.pow(places);
        if count.is_multiple_of(unit) {
            return f.pad(&format!("{}{name}", count / unit));
        }
    }
    f.pad(&count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("0.1", 6), Some(100_000));
        assert_eq!(decimal("1.000001", 6), Some(1_000_001));
        assert_eq!(decimal("1.5000", 1), Some(15), "zeros at the end say nothing");
        assert_eq!(decimal("18446744073709551615", 0), Some(u64::MAX));
    }

    #[test]
    fn what_is_not_a_decimal_that_fits_is_refused() {
        for text in ["", ".", "5.", ".5", "1.2.3", "+5", "-5", "1e3", "٣", "0.0000001"] {
            assert_eq!(decimal(text, 6), None, "{text}");
        }
        assert_eq!(decimal("18446744073709551616", 0), None);
        assert_eq!(decimal("18446744073709551615", 1), None);
    }
}
