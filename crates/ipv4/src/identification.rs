//! Identifications for datagrams that may be fragmented.
//!
//! ```text
//!   identification  =  hash(secret, source, destination, protocol)      where it starts
//!                    + counter[one of 4,096, picked by the same hash]   how far it has come
//! ```
//!
//! The receiver puts fragments together by source, destination, protocol and identification, so
//! these four must not come again while fragments of the last time may be on their way. And
//! whoever can foretell the number can smuggle a fragment of his own into a stranger's datagram,
//! or count what a host sends (RFC 7739). So each triple counts from a start of its own that
//! only the secret knows.

use std::net::Ipv4Addr;

use crate::header::Protocol;
use secret::Secret;

/// How many counters there are. Triples that share one skip each other's numbers.
pub const IDENTIFICATION_COUNTERS: usize = 4096;

/// Source, destination and protocol, as numbers.
type Triple = (u32, u32, u8);

/// What the hash of a triple says.
#[derive(Clone, Copy, Debug)]
struct Start {
    /// The identification from which it counts.
    identification: u16,
    /// The place of its counter.
    place: usize,
}

/// Gives each datagram that may be fragmented its identification.
#[derive(Clone, Debug)]
pub struct Identifications {
    secret: Secret,
    /// The triple of the last datagram, and where its numbers start. The next datagram often has
    /// the same.
    last: (Triple, Start),
    /// Always [`IDENTIFICATION_COUNTERS`].
    counters: Vec<u16>,
}

impl Identifications {
    /// A generator whose numbers nobody foretells who does not know `secret`.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        let none = (0, 0, 0);
        let last = (none, Start::of(secret, none));
        Self { secret, last, counters: vec![0; IDENTIFICATION_COUNTERS] }
    }

    /// The identification of the next datagram of this triple.
    ///
    /// None comes again before 65,536 datagrams have taken one from the same counter.
    #[must_use]
    pub fn next(&mut self, source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol) -> u16 {
        self.next_several(source, destination, protocol, 1)
    }

    /// The first of `count` identifications in a row, for the datagrams that a device makes of a
    /// superframe: it counts up from the first.
    #[must_use]
    pub fn next_several(
        &mut self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        protocol: Protocol,
        count: u16,
    ) -> u16 {
        let triple = (source.to_bits(), destination.to_bits(), u8::from(protocol));
        if triple != self.last.0 {
            self.last = (triple, Start::of(self.secret, triple));
        }
        let Start { identification, place } = self.last.1;
        let Some(counter) = self.counters.get_mut(place) else {
            return identification; // Cannot be: there are as many counters as places.
        };
        let first = identification.wrapping_add(*counter).wrapping_add(1);
        *counter = counter.wrapping_add(count);
        first
    }
}

impl Start {
    fn of(secret: Secret, triple: Triple) -> Self {
        let [a, b, c, d, ..] = secret.number(&triple).to_le_bytes();
        let place = usize::from(u16::from_le_bytes([c, d])) % IDENTIFICATION_COUNTERS;
        Self { identification: u16::from_le_bytes([a, b]), place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
    const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

    fn generator(key: u64) -> Identifications {
        Identifications::new(Secret::new([key, 7]))
    }

    #[test]
    fn several_in_a_row_are_taken_at_once() {
        let (mut one_by_one, mut at_once) = (generator(1), generator(1));
        let next = |of: &mut Identifications| of.next(US, PEER, Protocol::Udp);
        let five = [(); 5].map(|()| next(&mut one_by_one));
        assert_eq!(at_once.next_several(US, PEER, Protocol::Udp, 5), five[0]);
        assert_eq!(next(&mut at_once), next(&mut one_by_one));
    }

    #[test]
    fn a_triple_uses_every_number_before_one_comes_again() {
        let mut generator = generator(1);
        let first = generator.next(US, PEER, Protocol::Udp);
        let mut seen = HashSet::from([first]);
        for _ in 1..=u16::MAX {
            assert!(seen.insert(generator.next(US, PEER, Protocol::Udp)));
        }
        assert_eq!(generator.next(US, PEER, Protocol::Udp), first);
    }

    #[test]
    fn what_others_take_makes_no_number_come_again() {
        let mut generator = generator(2);
        let mut seen = HashSet::new();
        for round in 0..1000u32 {
            assert!(seen.insert(generator.next(US, PEER, Protocol::Udp)));
            for stranger in 0..50 {
                let other = Ipv4Addr::from_bits(0xcb00_7100 + stranger + round * 50);
                let _ = generator.next(US, other, Protocol::Udp);
            }
        }
    }

    #[test]
    fn each_of_the_three_and_the_secret_moves_the_start() {
        let first =
            |key, source, destination, protocol| generator(key).next(source, destination, protocol);
        let other = Ipv4Addr::new(192, 0, 2, 3);
        let starts = HashSet::from([
            first(1, US, PEER, Protocol::Udp),
            first(2, US, PEER, Protocol::Udp),
            first(1, other, PEER, Protocol::Udp),
            first(1, US, other, Protocol::Udp),
            first(1, US, PEER, Protocol::Icmp),
        ]);
        assert_eq!(starts.len(), 5);
    }

    #[test]
    fn a_stranger_does_not_see_how_much_we_send_to_others() {
        let mut generator = generator(3);
        let stranger = Ipv4Addr::new(203, 0, 113, 9);
        let before = generator.next(US, stranger, Protocol::Udp);
        for _ in 0..500 {
            let _ = generator.next(US, PEER, Protocol::Udp);
        }
        let after = generator.next(US, stranger, Protocol::Udp);
        assert_eq!(after.wrapping_sub(before), 1);
    }

    #[test]
    fn starts_and_counters_are_spread_evenly() {
        let mut generator = generator(4);
        let mut starts = HashSet::new();
        for number in 0..4096u32 {
            starts.insert(generator.next(US, Ipv4Addr::from_bits(number), Protocol::Udp));
        }
        // Of 4,096 draws from 65,536 about 3,970 differ; of as many from 4,096 about 2,589.
        assert!(starts.len() > 3900, "{} different starts", starts.len());
        let used = generator.counters.iter().filter(|&&counter| counter != 0).count();
        assert!((2400..2800).contains(&used), "{used} counters in use");
    }
}
