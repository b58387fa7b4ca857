//! Initial sequence numbers: where a connection begins to count (RFC 6528; RFC 9293, 3.4.1).
//!
//! ```text
//!   ISN = M + F(local address, local port, remote address, remote port, secret)
//!         │   └─ where the clock stands at the start: another place for each four-tuple
//!         └─ a clock that ticks every 4 microseconds, and wraps after 4.8 hours
//! ```
//!
//! A connection that takes the place of an older one with the same addresses and ports begins
//! behind it, since the clock went on, so that segments of the old one that are still under way
//! fall outside its window. And whoever does not see the segments of a connection cannot forge
//! any, since F is not to be guessed; knowing it for one four-tuple says nothing about another.

use std::net::SocketAddr;
use std::time::Duration;

use packet::Instant;
use secret::Secret;

use crate::SequenceNumber;

/// How often the clock ticks (MUST-8).
pub const ISN_TICK: Duration = Duration::from_micros(4);

/// Chooses the initial sequence number of each connection.
#[derive(Clone, Copy, Debug)]
pub struct InitialSequenceNumbers {
    hash: Secret,
}

impl InitialSequenceNumbers {
    /// Numbers that follow from `secret` (MUST-9). The same one may serve other uses as well.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { hash: Secret::new(secret.derive("tcp initial sequence numbers")) }
    }

    /// ISS for a connection between these two ends that begins now (SHLD-1).
    #[must_use]
    pub fn next(&self, now: Instant, local: SocketAddr, remote: SocketAddr) -> SequenceNumber {
        let ends = (local.ip(), local.port(), remote.ip(), remote.port());
        SequenceNumber::new(low_half(self.hash.number(&ends))) + clock(now)
    }
}

/// M: how often the clock has ticked, modulo 2^32.
fn clock(now: Instant) -> u32 {
    let ticks = now.since_start().as_nanos() / ISN_TICK.as_nanos();
    // No more than 64 bits of nanoseconds went in.
    low_half(u64::try_from(ticks).unwrap_or(u64::MAX))
}

/// The lower 32 bits.
pub(crate) const fn low_half(bits: u64) -> u32 {
    let [.., a, b, c, d] = bits.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn numbers() -> InitialSequenceNumbers {
        InitialSequenceNumbers::new(Secret::new([1, 2]))
    }

    fn end(last: u8, port: u16) -> SocketAddr {
        ([192, 0, 2, last], port).into()
    }

    fn at_us(microseconds: u64) -> Instant {
        Instant::at(Duration::from_micros(microseconds))
    }

    fn at_start(local: SocketAddr, remote: SocketAddr) -> u32 {
        numbers().next(Instant::START, local, remote).value()
    }

    #[test]
    fn must_8_the_number_advances_by_one_every_four_microseconds() {
        let next = |now| numbers().next(now, end(2, 7), end(1, 40_000));
        let first = next(at_us(1_000_000));
        assert_eq!(next(at_us(1_000_003)), first);
        assert_eq!(next(at_us(1_000_004)), first + 1);
        assert_eq!(next(at_us(2_000_000)), first + 250_000);
        let once_round = 4 << 32;
        assert_eq!(next(at_us(1_000_000 + once_round)), first);
        assert_eq!(next(at_us(1_000_004 + once_round)), first + 1);
    }

    #[test]
    fn shld_1_each_part_of_the_four_tuple_moves_the_number_elsewhere() {
        let tuples = [
            (end(2, 7), end(1, 40_000)),
            (end(3, 7), end(1, 40_000)),
            (end(2, 9), end(1, 40_000)),
            (end(2, 7), end(4, 40_000)),
            (end(2, 7), end(1, 40_001)),
            (end(1, 40_000), end(2, 7)),
        ];
        let numbers: HashSet<u32> =
            tuples.iter().map(|&(local, remote)| at_start(local, remote)).collect();
        assert_eq!(numbers.len(), tuples.len());
    }

    #[test]
    fn must_9_another_secret_gives_other_numbers() {
        let other = InitialSequenceNumbers::new(Secret::new([1, 3]));
        let (local, remote) = (end(2, 7), end(1, 40_000));
        assert_ne!(other.next(Instant::START, local, remote).value(), at_start(local, remote));
    }

    #[test]
    fn must_9_the_numbers_of_neighbouring_ports_tell_nothing_of_one_another() {
        // The step from one port to the next: were it to repeat, it could be foretold.
        let offsets: Vec<u32> = (0..10_000).map(|port| at_start(end(2, 7), end(1, port))).collect();
        let steps: HashSet<u32> =
            offsets.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        // Of 10,000 random ones, 0.01 pairs are the same on average.
        assert!(steps.len() >= 9_997);
        // Each quarter of the circle gets its share.
        for quarter in 0..4 {
            let share = offsets.iter().filter(|&&offset| offset >> 30 == quarter).count();
            assert!((2_200..2_800).contains(&share), "{share}");
        }
    }

    #[test]
    fn flow_labels_and_scopes_do_not_matter() {
        let plain: SocketAddr = "[2001:db8::1]:7".parse().unwrap();
        let SocketAddr::V6(mut labelled) = plain else { panic!() };
        labelled.set_flowinfo(9);
        assert_eq!(at_start(plain, end(1, 1)), at_start(labelled.into(), end(1, 1)));
    }
}
