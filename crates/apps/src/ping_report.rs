//! What became of all the requests of a run: the lines that `ping` ends with.

use std::fmt;
use std::time::Duration;

/// What became of the requests of a [`crate::Pinger`].
///
/// Printed, it is what `ping` prints in the end:
///
/// ```text
/// 5 packets transmitted, 4 received, 20% packet loss, time 4005ms
/// rtt min/avg/max/mdev = 0.047/0.083/0.120/0.036 ms
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingReport {
    /// Requests sent, those that could not leave included.
    pub sent: u64,
    /// Requests that were answered.
    pub received: u64,
    /// Further replies to the same requests.
    pub duplicates: u64,
    /// Replies that carried other data than was sent. They count as received, or as duplicates.
    pub damaged: u64,
    /// Errors: what others reported of requests, and requests that could not leave.
    pub errors: u64,
    /// The times from a request to each of its replies.
    pub round_trips: RoundTrips,
    /// How many requests were on their way at a time, at most, as far as answers show.
    pub pipe: u64,
    /// From the first request to the last.
    pub elapsed: Duration,
}

impl fmt::Display for PingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets transmitted, {} received", self.sent, self.received)?;
        for (count, what) in [(self.duplicates, "duplicates"), (self.errors, "errors")] {
            if count != 0 {
                write!(f, ", +{count} {what}")?;
            }
        }
        if self.sent != 0 {
            let lost = self.sent.saturating_sub(self.received);
            let elapsed = self.elapsed.as_secs_f64() * 1000.0;
            write!(f, ", {}% packet loss, time {elapsed:.0}ms", percentage(lost, self.sent))?;
        }
        let pipe = (self.pipe > 1).then(|| format!("pipe {}", self.pipe));
        let last: Vec<_> = self.round_trips.line().into_iter().chain(pipe).collect();
        if last.is_empty() { Ok(()) } else { write!(f, "\n{}", last.join(", ")) }
    }
}

/// Times, as far as their statistics need them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrips {
    count: u64,
    shortest: Duration,
    longest: Duration,
    /// In nanoseconds.
    sum: u128,
    /// In square nanoseconds.
    sum_of_squares: u128,
}

impl RoundTrips {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        let nanoseconds = time.as_nanos();
        self.shortest = if self.count == 0 { time } else { self.shortest.min(time) };
        self.longest = self.longest.max(time);
        self.count += 1;
        self.sum = self.sum.saturating_add(nanoseconds);
        let square = nanoseconds.saturating_mul(nanoseconds);
        self.sum_of_squares = self.sum_of_squares.saturating_add(square);
    }

    /// The shortest; `None` if there is none at all.
    #[must_use]
    pub fn shortest(&self) -> Option<Duration> {
        (self.count != 0).then_some(self.shortest)
    }

    /// The longest; `None` if there is none at all.
    #[must_use]
    pub fn longest(&self) -> Option<Duration> {
        (self.count != 0).then_some(self.longest)
    }

    /// The average; `None` if there is none at all.
    #[must_use]
    pub fn average(&self) -> Option<Duration> {
        self.sum.checked_div(self.count.into()).map(nanoseconds)
    }

    /// The standard deviation, which `ping` calls mdev; `None` if there is none at all.
    #[must_use]
    pub fn deviation(&self) -> Option<Duration> {
        let count = u128::from(self.count);
        let square_of_sum = self.sum.saturating_mul(self.sum);
        let mean_square = square_of_sum.checked_div(count)?;
        let variance = self.sum_of_squares.saturating_sub(mean_square) / count;
        Some(nanoseconds(variance.isqrt()))
    }

    /// As `ping` prints it: microseconds, the rest is cut off.
    fn line(&self) -> Option<String> {
        let times = [self.shortest()?, self.average()?, self.longest()?, self.deviation()?];
        let times = times.map(|time| {
            let microseconds = time.as_micros();
            format!("{}.{:03}", microseconds / 1000, microseconds % 1000)
        });
        Some(format!("rtt min/avg/max/mdev = {} ms", times.join("/")))
    }
}

/// So many nanoseconds, or as many as fit.
fn nanoseconds(number: u128) -> Duration {
    Duration::from_nanos(u64::try_from(number).unwrap_or(u64::MAX))
}

/// `part` of `whole`, in per cent, in six digits that count.
fn percentage(part: u64, whole: u64) -> String {
    let percent = part as f64 * 100.0 / whole as f64;
    let decimals = match percent {
        100.0.. => 3,
        10.0.. => 4,
        1.0.. => 5,
        _ => 6,
    };
    format!("{percent:.decimals$}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn microseconds(times: impl IntoIterator<Item = u64>) -> RoundTrips {
        let mut round_trips = RoundTrips::default();
        times.into_iter().map(Duration::from_micros).for_each(|time| round_trips.add(time));
        round_trips
    }

    #[test]
    fn the_summary_is_what_ping_prints() {
        let report = PingReport {
            sent: 5,
            received: 5,
            round_trips: microseconds([120, 47, 60, 3_002, 1_200_000]),
            pipe: 1,
            elapsed: Duration::from_micros(4_004_600),
            ..PingReport::default()
        };
        let expected = "5 packets transmitted, 5 received, 0% packet loss, time 4005ms\n\
                        rtt min/avg/max/mdev = 0.047/240.645/1200.000/479.678 ms";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn what_went_wrong_is_counted_behind_what_came() {
        let report = PingReport {
            sent: 4,
            received: 2,
            duplicates: 1,
            errors: 2,
            round_trips: microseconds([10, 20, 30]),
            pipe: 3,
            elapsed: Duration::from_millis(966),
            ..PingReport::default()
        };
        let expected = "4 packets transmitted, 2 received, +1 duplicates, +2 errors, \
                        50% packet loss, time 966ms\n\
                        rtt min/avg/max/mdev = 0.010/0.020/0.030/0.008 ms, pipe 3";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn without_replies_there_are_no_times() {
        let mut report = PingReport { sent: 4, errors: 4, pipe: 4, ..PingReport::default() };
        let expected =
            "4 packets transmitted, 0 received, +4 errors, 100% packet loss, time 0ms\npipe 4";
        assert_eq!(report.to_string(), expected);
        report.pipe = 0;
        assert!(report.to_string().ends_with("time 0ms"));
        assert_eq!(PingReport::default().to_string(), "0 packets transmitted, 0 received");
        assert_eq!(RoundTrips::default().average(), None);
        assert_eq!(RoundTrips::default().deviation(), None);
    }

    #[test]
    fn loss_has_six_digits_that_count() {
        for (part, whole, expected) in [
            (0, 3, "0"),
            (1, 3, "33.3333"),
            (2, 3, "66.6667"),
            (1, 30, "3.33333"),
            (1, 300, "0.333333"),
            (1, 1000, "0.1"),
            (10, 100, "10"),
            (3, 3, "100"),
        ] {
            assert_eq!(percentage(part, whole), expected, "{part} of {whole}");
        }
    }

    proptest! {
        /// Against the definition of the standard deviation, in floating-point numbers.
        #[test]
        fn the_statistics_are_those_of_the_times(
            times in prop::collection::vec(0u64..10_000_000, 1..50)
        ) {
            let round_trips = microseconds(times.iter().copied());
            let count = times.len() as f64;
            let average = times.iter().sum::<u64>() as f64 / count;
            let squares = times.iter().map(|&time| (time as f64 - average).powi(2));
            let deviation = (squares.sum::<f64>() / count).sqrt();
            let is_near = |time: Option<Duration>, expected: f64| {
                (time.unwrap().as_secs_f64() * 1e6 - expected).abs() < 0.01
            };
            prop_assert!(is_near(round_trips.average(), average));
            prop_assert!(is_near(round_trips.deviation(), deviation));
            let bounds = [times.iter().min(), times.iter().max()];
            let bounds = bounds.map(|bound| bound.copied().map(Duration::from_micros));
            prop_assert_eq!([round_trips.shortest(), round_trips.longest()], bounds);
        }
    }
}
