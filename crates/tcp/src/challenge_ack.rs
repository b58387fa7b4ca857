//! How many challenge ACKs are sent at most (RFC 5961, 7).
//!
//! A challenge ACK answers a segment that a blind attacker may have forged: an RST or SYN that
//! fits the window but not exactly, an acknowledgment of what was never sent. The true peer
//! answers the challenge; whoever forges segments by the thousand shall not make us send as many.
//! Two limits hold:
//!
//! - One each half second for a connection, as on Linux (`net.ipv4.tcp_invalid_ratelimit`). It
//!   also ends the war of two hosts that take each other's acknowledgments for wrong.
//! - About a thousand each second for the host.
//!
//! RFC 5961 has only a limit for the host, and a fixed one can be counted: an attacker sends a
//! segment that would draw a challenge if his guess were right, in the name of somebody else,
//! then draws challenges on his own connections. If one less comes than the limit, he has guessed
//! right; so a connection's ports and sequence numbers could be found within a minute
//! (CVE-2016-5696). Here the host's limit is another one each second, and the one segment drowns
//! in that. The limit for a connection is no channel to others.

use std::time::Duration;

use packet::Instant;
use secret::Secret;

/// How long a connection sends no other challenge ACK after one.
pub const CHALLENGE_ACK_INTERVAL: Duration = Duration::from_millis(500);

/// How many challenge ACKs the host sends in one second on average. In each second it is another
/// number, from half of this to one and a half.
pub const CHALLENGE_ACKS_PER_SECOND: u64 = 1_000;

/// The limit for the host.
#[derive(Clone, Debug)]
pub struct ChallengeAckLimiter {
    /// Decides each second's limit.
    hash: Secret,
    /// The second, counted from the start, that `left` is for.
    second: u64,
    /// How many more may be sent in it.
    left: u64,
}

/// The limit for one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastChallengeAck {
    sent_at: Option<Instant>,
}

impl ChallengeAckLimiter {
    /// A limiter for a host. Its limits follow from `secret`, which may serve other uses as well.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        let hash = Secret::new(secret.derive("tcp challenge acks"));
        Self { hash, second: 0, left: limit(hash, 0) }
    }

    /// Whether a challenge ACK may be sent now on the connection whose last one is `last`; if so,
    /// it counts as sent. If not, drop the segment without an answer.
    #[must_use]
    pub fn admits(&mut self, now: Instant, last: &mut LastChallengeAck) -> bool {
        // The connection first: what it holds back takes nothing from the host's.
        if !last.is_long_ago(now) || !self.take(now) {
            return false;
        }
        last.sent_at = Some(now);
        true
    }

    fn take(&mut self, now: Instant) -> bool {
        let second = now.since_start().as_secs();
        // Time that is handed in may stand still or go back; none of it may count twice.
        if second > self.second {
            self.second = second;
            self.left = limit(self.hash, second);
        }
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        true
    }
}

impl LastChallengeAck {
    fn is_long_ago(self, now: Instant) -> bool {
        self.sent_at.is_none_or(|sent_at| now - sent_at >= CHALLENGE_ACK_INTERVAL)
    }
}

/// How many may be sent in that second.
fn limit(hash: Secret, second: u64) -> u64 {
    CHALLENGE_ACKS_PER_SECOND / 2 + hash.number(&second) % CHALLENGE_ACKS_PER_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn limiter() -> ChallengeAckLimiter {
        ChallengeAckLimiter::new(Secret::new([1, 2]))
    }

    fn at(milliseconds: u64) -> Instant {
        Instant::at(Duration::from_millis(milliseconds))
    }

    /// How many of `offered` are admitted at `now`, each on a connection of its own.
    fn admitted(limiter: &mut ChallengeAckLimiter, now: Instant, offered: u64) -> u64 {
        let admit = |_| u64::from(limiter.admits(now, &mut LastChallengeAck::default()));
        (0..offered).map(admit).sum()
    }

    #[test]
    fn a_connection_challenges_twice_a_second() {
        let mut limiter = limiter();
        let mut last = LastChallengeAck::default();
        let mut admits = |now| limiter.admits(now, &mut last);
        let admitted = [0, 1, 499, 500, 999, 1000, 5000].map(|now| admits(at(now)));
        assert_eq!(admitted, [true, false, false, true, false, true, true]);
    }

    #[test]
    fn what_a_connection_holds_back_takes_nothing_from_the_host() {
        let mut limiter = limiter();
        let mut last = LastChallengeAck::default();
        assert!(limiter.admits(at(0), &mut last));
        assert!((0..10_000).all(|_| !limiter.admits(at(0), &mut last)));
        assert!(admitted(&mut limiter, at(0), 499) == 499);
    }

    #[test]
    fn the_host_has_another_limit_each_second() {
        let mut limiter = limiter();
        let limits: Vec<u64> =
            (0..1000).map(|second| admitted(&mut limiter, at(second * 1000), 2000)).collect();
        assert!(limits.iter().all(|limit| (500..1500).contains(limit)));
        let average = limits.iter().sum::<u64>() / 1000;
        assert!((960..1040).contains(&average), "{average}");
        let distinct: HashSet<_> = limits.iter().collect();
        // 1000 draws out of 1000 hit 632 different ones on average.
        assert!(distinct.len() > 550, "{}", distinct.len());
    }

    #[test]
    fn one_second_gives_its_limit_once() {
        let mut limiter = limiter();
        let in_first = admitted(&mut limiter, at(1000), 2000);
        assert!(in_first >= 500);
        assert_eq!(admitted(&mut limiter, at(1999), 2000), 0);
        assert_eq!(admitted(&mut limiter, at(0), 2000), 0, "time went back");
        assert_eq!(admitted(&mut limiter, at(1000), 2000), 0);
        assert!(admitted(&mut limiter, at(2000), 2000) >= 500);
    }
}
