//! What a socket has sent of late, so that an ICMP error can be told from a forged one.
//!
//! Anybody can send us an error that quotes a datagram. Only who saw the datagram, or guesses
//! both addresses and both ports, can quote one that we did send.

use std::collections::VecDeque;
use std::time::Duration;

use packet::Instant;

use crate::SocketPair;

/// How many destinations a socket remembers. The one not used for longest is forgotten first.
pub const RECENT_SENDS: usize = 16;

/// How long an error may take to come. A receiver waits up to two minutes for the fragments of a
/// datagram before it reports them missing (RFC 1122, 3.3.2).
pub const RECENT_LIFETIME: Duration = Duration::from_secs(120);

/// The last [`RECENT_SENDS`] pairs between which a socket sent, the newest last.
#[derive(Debug, Default)]
pub(crate) struct RecentSends {
    sends: VecDeque<(SocketPair, Instant)>,
}

impl RecentSends {
    #[inline]
    pub(crate) fn note(&mut self, pair: SocketPair, now: Instant) {
        match self.sends.back_mut() {
            Some((newest, at)) if *newest == pair => *at = now,
            _ => self.note_another(pair, now),
        }
    }

    fn note_another(&mut self, pair: SocketPair, now: Instant) {
        if let Some(at) = self.sends.iter().position(|(noted, _)| *noted == pair) {
            self.sends.remove(at);
        }
        if self.sends.len() >= RECENT_SENDS {
            self.sends.pop_front();
        }
        self.sends.push_back((pair, now));
    }

    pub(crate) fn contains(&self, pair: SocketPair, now: Instant) -> bool {
        self.sends.iter().any(|&(noted, at)| noted == pair && now - at <= RECENT_LIFETIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(remote_port: u16) -> SocketPair {
        let end = |port| ([192, 0, 2, 2], port).into();
        SocketPair { local: end(7), remote: end(remote_port) }
    }

    #[test]
    fn the_pair_not_used_for_longest_is_forgotten_first() {
        let mut recent = RecentSends::default();
        let now = Instant::START;
        for port in (0..16).chain([0, 16]) {
            recent.note(pair(port), now);
        }
        assert!(recent.contains(pair(0), now), "it was used again");
        assert!(!recent.contains(pair(1), now));
        assert!((2..17).all(|port| recent.contains(pair(port), now)));
        assert_eq!(recent.sends.len(), RECENT_SENDS);
    }

    #[test]
    fn an_error_may_come_within_two_minutes_of_the_last_send() {
        let mut recent = RecentSends::default();
        let seconds = |seconds| Instant::at(Duration::from_secs(seconds));
        recent.note(pair(1), seconds(0));
        recent.note(pair(1), seconds(60));
        assert!(recent.contains(pair(1), seconds(180)));
        assert!(!recent.contains(pair(1), seconds(181)));
        assert!(!recent.contains(pair(2), seconds(60)));
    }
}
