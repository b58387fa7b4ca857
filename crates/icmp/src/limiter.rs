//! How many errors are sent at most (ICMP-29; RFC 1812, 4.3.2.8).
//!
//! A host that is flooded should not flood somebody else with errors about it, least of all
//! somebody whose address was forged. Each kind of error has a token bucket: it fills at a
//! steady rate up to a limit, and an error that is sent takes one token out. The bucket of one
//! kind does not drain another's, so a flood of datagrams to closed ports leaves `traceroute`
//! alone.
//!
//! Echo replies have no bucket: a reply is no longer than its request, whoever floods with
//! `ping -f` wants to see each of them come back, and Linux does not limit them either.

use std::time::Duration;

use packet::Instant;

use crate::ErrorKind;

/// How many errors of one kind are sent each second, in the long run. Linux has the same for all
/// kinds together (`net.ipv4.icmp_msgs_per_sec`).
pub const ERRORS_PER_SECOND: u32 = 1_000;

/// How many errors of one kind are sent at once after a quiet time (`net.ipv4.icmp_msgs_burst`).
pub const ERROR_BURST: u32 = 50;

/// The time in which one token comes.
const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / ERRORS_PER_SECOND as u64);

/// The time in which an empty bucket fills.
const FILL_TIME: Duration = INTERVAL.saturating_mul(ERROR_BURST);

/// Says which errors may be sent and which would be too many.
#[derive(Clone, Debug)]
pub struct ErrorLimiter {
    destination_unreachable: TokenBucket,
    time_exceeded: TokenBucket,
    parameter_problem: TokenBucket,
}

impl ErrorLimiter {
    /// A limiter whose buckets are full.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            destination_unreachable: TokenBucket::FULL,
            time_exceeded: TokenBucket::FULL,
            parameter_problem: TokenBucket::FULL,
        }
    }

    /// Takes a token for an error of this kind; `false` if there is none, and the error must not
    /// be sent.
    ///
    /// Ask last, when nothing else stands against sending it.
    #[must_use]
    pub fn admits(&mut self, now: Instant, kind: ErrorKind) -> bool {
        match kind {
            ErrorKind::DestinationUnreachable(_) => self.destination_unreachable.take(now),
            ErrorKind::TimeExceeded(_) => self.time_exceeded.take(now),
            ErrorKind::ParameterProblem(_) => self.parameter_problem.take(now),
        }
    }
}

impl Default for ErrorLimiter {
    fn default() -> Self {
        Self::new()
    }
}

/// Tokens, kept as the time in which they came: no fraction of one is ever lost.
#[derive(Clone, Copy, Debug)]
struct TokenBucket {
    /// At most [`FILL_TIME`], as of `filled_at`.
    content: Duration,
    filled_at: Instant,
}

impl TokenBucket {
    const FULL: Self = Self { content: FILL_TIME, filled_at: Instant::START };

    fn take(&mut self, now: Instant) -> bool {
        self.content = FILL_TIME.min(self.content.saturating_add(now - self.filled_at));
        // Time that is handed in may stand still or go back; none of it may count twice.
        self.filled_at = self.filled_at.max(now);
        let Some(left) = self.content.checked_sub(INTERVAL) else { return false };
        self.content = left;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParameterProblem, TimeExceeded, Unreachable};
    use proptest::prelude::*;

    const PORT: ErrorKind = ErrorKind::DestinationUnreachable(Unreachable::Port);
    const HOST: ErrorKind = ErrorKind::DestinationUnreachable(Unreachable::Host);
    const TTL: ErrorKind = ErrorKind::TimeExceeded(TimeExceeded::InTransit);
    const OPTION: ErrorKind = ErrorKind::ParameterProblem(ParameterProblem::Pointer(20));

    /// How many of `offered` errors are admitted at `now`.
    fn admitted(limiter: &mut ErrorLimiter, now: Instant, kind: ErrorKind, offered: u32) -> u32 {
        (0..offered).map(|_| u32::from(limiter.admits(now, kind))).sum()
    }

    fn after(milliseconds: u64) -> Instant {
        Instant::START + Duration::from_millis(milliseconds)
    }

    #[test]
    fn icmp_29_a_burst_passes_and_then_the_rate() {
        let mut limiter = ErrorLimiter::default();
        assert_eq!(admitted(&mut limiter, after(0), PORT, 100), 50);
        assert_eq!(admitted(&mut limiter, after(7), PORT, 100), 7);
        assert_eq!(admitted(&mut limiter, after(7), HOST, 100), 0, "one kind, whatever the code");
        assert_eq!(admitted(&mut limiter, after(60_000), PORT, 100), 50, "no more is saved up");
    }

    #[test]
    fn icmp_29_kinds_do_not_take_each_others_tokens() {
        let mut limiter = ErrorLimiter::new();
        for kind in [PORT, TTL, OPTION] {
            assert_eq!(admitted(&mut limiter, after(1), kind, 100), 50, "{kind:?}");
        }
        assert_eq!(admitted(&mut limiter, after(1), TTL, 1), 0);
    }

    #[test]
    fn a_token_comes_when_it_is_due_and_no_sooner() {
        let mut limiter = ErrorLimiter::new();
        assert_eq!(admitted(&mut limiter, after(0), TTL, 50), 50);
        assert!(!limiter.admits(Instant::at(Duration::from_micros(999)), TTL));
        assert!(limiter.admits(Instant::at(Duration::from_millis(1)), TTL));
    }

    #[test]
    fn time_that_goes_back_brings_nothing() {
        let mut limiter = ErrorLimiter::new();
        assert_eq!(admitted(&mut limiter, after(100), PORT, 100), 50);
        assert_eq!(admitted(&mut limiter, after(0), PORT, 100), 0);
        assert_eq!(admitted(&mut limiter, after(100), PORT, 100), 0);
    }

    proptest! {
        /// Whatever the timing, any stretch of time passes at most a burst and its share, and
        /// who asks no faster than the rate always passes.
        #[test]
        fn icmp_29_the_limit_holds_over_any_stretch(
            pauses in prop::collection::vec(0u64..3_000, 1..400)
        ) {
            let mut limiter = ErrorLimiter::new();
            let mut now = Instant::START;
            let mut times = Vec::new();
            for pause in pauses {
                now = now + Duration::from_micros(pause);
                let is_admitted = limiter.admits(now, PORT);
                prop_assert!(is_admitted || pause < 1_000);
                if is_admitted { times.push(now); }
            }
            for (first, &from) in times.iter().enumerate() {
                for (last, &to) in times.iter().enumerate().skip(first) {
                    let share = u64::try_from((to - from).as_millis()).unwrap();
                    let sent = u64::try_from(last - first).unwrap() + 1;
                    prop_assert!(sent <= u64::from(ERROR_BURST) + share);
                }
            }
        }
    }
}
