//! The date that a number of seconds stands for, in UTC.

use std::time::SystemTime;

/// A date of the Gregorian calendar with the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) weekday: &'static str,
    pub(crate) month: &'static str,
    /// From 1.
    pub(crate) day: u64,
    pub(crate) year: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
}

/// 1 January 1970 was a Thursday.
const WEEKDAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// With their days in a common year.
const MONTHS: [(&str, u64); 12] = [
    ("January", 31),
    ("February", 28),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
];

/// After so many years the calendar begins again, weekdays too.
const YEARS_IN_A_CYCLE: u64 = 400;
const DAYS_IN_A_CYCLE: u64 = 146_097;

impl Date {
    /// The date at `time`; what lies before 1970 counts as its beginning.
    pub(crate) fn at(time: SystemTime) -> Self {
        let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let (days, seconds) = (since_1970 / 86_400, since_1970 % 86_400);
        let (year, day_of_year) = year_of(days);
        let (month, day) = month_of(year, day_of_year);
        let weekday = usize::try_from(days % 7).ok().and_then(|at| WEEKDAYS.get(at));
        Self {
            weekday: weekday.copied().unwrap_or_default(),
            month,
            day: day + 1,
            year,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }
}

/// Which month that is, counted from 0, by its name or its name's first three letters.
pub(crate) fn month_number(name: &str) -> Option<usize> {
    let is_named = |month: &str| month == name || month.get(..3) == Some(name);
    MONTHS.iter().position(|(month, _)| is_named(month))
}

/// The year in which the day lies that is so many `days` after 1 January 1970, and how many days
/// of that year lie before it.
fn year_of(days: u64) -> (u64, u64) {
    let mut year = 1970 + days / DAYS_IN_A_CYCLE * YEARS_IN_A_CYCLE;
    let mut days = days % DAYS_IN_A_CYCLE;
    while days >= days_in(year) {
        days -= days_in(year);
        year += 1;
    }
    (year, days)
}

/// The month in which day `days` of `year` lies, counted from 0, and how many days of that month
/// lie before it.
fn month_of(year: u64, mut days: u64) -> (&'static str, u64) {
    let mut last = ("", 0);
    for (month, common) in MONTHS {
        let length = if month == "February" && is_leap(year) { 29 } else { common };
        last = (month, days);
        if days < length {
            break;
        }
        days -= length;
    }
    last
}

const fn days_in(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Date {
        Date::at(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn told(seconds: u64) -> String {
        let Date { weekday, month, day, year, hour, minute, second } = at(seconds);
        format!("{weekday} {day} {month} {year} {hour}:{minute}:{second}")
    }

    #[test]
    fn dates_are_those_that_date_prints() {
        for (seconds, expected) in [
            (0, "Thursday 1 January 1970 0:0:0"),
            (951_868_799, "Tuesday 29 February 2000 23:59:59"),
            (1_798_720_496, "Thursday 31 December 2026 12:34:56"),
            (4_107_542_400, "Monday 1 March 2100 0:0:0"),
            (253_402_218_123, "Friday 31 December 9999 1:2:3"),
        ] {
            assert_eq!(told(seconds), expected);
        }
    }

    #[test]
    fn each_day_follows_the_one_before_it_past_a_year_with_and_one_without_a_leap_day() {
        let number_of = |name| MONTHS.iter().position(|(month, _)| *month == name).unwrap();
        let mut before = at(0);
        for days in 1..=47_847 {
            let date = at(days * 86_400);
            let weekday_before =
                WEEKDAYS.iter().position(|&weekday| weekday == before.weekday).unwrap();
            assert_eq!(date.weekday, WEEKDAYS[(weekday_before + 1) % 7]);
            if date.day == 1 {
                let month = number_of(before.month);
                assert!(before.day >= MONTHS[month].1 && before.day <= 31, "{before:?}");
                assert_eq!(number_of(date.month), (month + 1) % 12);
                assert_eq!(date.year, before.year + u64::from(month == 11));
            } else {
                assert_eq!(date, Date { day: before.day + 1, weekday: date.weekday, ..before });
            }
            before = date;
        }
        assert_eq!((before.year, before.month, before.day), (2101, "January", 1));
    }

    #[test]
    fn after_four_hundred_years_the_calendar_begins_again() {
        for days in [0, 1, 58, 59, 11_015, 47_540, DAYS_IN_A_CYCLE - 1] {
            let (first, second) = (at(days * 86_400), at((days + DAYS_IN_A_CYCLE) * 86_400));
            assert_eq!(second, Date { year: first.year + YEARS_IN_A_CYCLE, ..first });
        }
        assert_eq!(told((DAYS_IN_A_CYCLE - 1) * 86_400), "Wednesday 31 December 2369 0:0:0");
    }

    #[test]
    fn times_that_no_calendar_reaches_do_no_harm() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Date::at(before), at(0));
        let seconds = i64::MAX.unsigned_abs();
        assert_eq!(at(seconds).year, 292_277_026_596);
    }
}
