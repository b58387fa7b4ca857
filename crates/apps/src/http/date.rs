//! Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).

use std::fmt;
use std::time::SystemTime;

use crate::calendar::{Date, month_number};

/// A moment to the second. Later moments are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HttpDate(Date);

impl HttpDate {
    pub(super) fn at(time: SystemTime) -> Self {
        Self(Date::at(time))
    }

    /// Whether it is not later than the date that `text` names. `None` if that names none in the
    /// one form that is still written.
    pub(super) fn is_no_later_than(&self, text: &str) -> Option<bool> {
        let (_, rest) = text.split_once(", ")?;
        let mut words = rest.split([' ', ':']);
        let day = words.next()?.parse().ok()?;
        let month = month_number(words.next()?)?;
        let year = words.next()?.parse().ok()?;
        let [hour, minute, second] =
            [words.next()?, words.next()?, words.next()?].map(|word| word.parse::<u64>().ok());
        if (words.next(), words.next()) != (Some("GMT"), None) {
            return None;
        }
        Some(self.in_order()? <= (year, month, day, hour?, minute?, second?))
    }

    fn in_order(&self) -> Option<(u64, usize, u64, u64, u64, u64)> {
        let Date { month, day, year, hour, minute, second, .. } = self.0;
        Some((year, month_number(month)?, day, hour, minute, second))
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date { weekday, month, day, year, hour, minute, second } = self.0;
        let short = |name: &'static str| name.get(..3).unwrap_or(name);
        let (weekday, month) = (short(weekday), short(month));
        write!(f, "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> HttpDate {
        HttpDate::at(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn the_date_is_the_one_of_the_rfc() {
        assert_eq!(at(784_111_777).to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn dates_compare_by_what_they_mean() {
        let modified = at(784_111_777);
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(true)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(false)),
            ("Thu, 01 Dec 1994 00:00:00 GMT", Some(true)),
            ("Wed, 01 Jan 1992 23:59:59 GMT", Some(false)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(modified.is_no_later_than(text), expected, "{text}");
        }
        for seconds in (0..4_000_000_000).step_by(86_399 * 37) {
            assert_eq!(at(seconds).is_no_later_than(&at(seconds).to_string()), Some(true));
            assert_eq!(at(seconds + 1).is_no_later_than(&at(seconds).to_string()), Some(false));
        }
    }
}
