//! Packets that wait for a neighbour's MAC address (ARP-4).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv4Addr;

use secret::Secret;

use crate::Payload;

/// How many packets wait for one neighbour: enough for the fragments of the longest datagram.
pub const WAITING_PER_NEIGHBOUR: usize = 64;

/// How many bytes of packets wait for one neighbour; a longer packet waits alone.
pub const WAITING_BYTES_PER_NEIGHBOUR: usize = 128 * 1024;

/// How many packets wait for all neighbours together.
pub const WAITING_LIMIT: usize = 1024;

/// How many bytes of packets wait for all neighbours together; a longer packet waits alone.
pub const WAITING_BYTES: usize = 1024 * 1024;

/// The packets that wait. The newest always finds a place: it takes that of the packet that
/// has waited longest for the same neighbour, or, where all together are too many, for any.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// None of them empty.
    queues: HashMap<Ipv4Addr, Queue, Secret>,
    /// For whom each packet waits, by the packet's number; so the oldest comes first.
    by_age: BTreeMap<u64, Ipv4Addr>,
    /// The number of the next packet.
    next_number: u64,
    /// The length of all packets.
    bytes: usize,
}

/// The packets for one neighbour.
#[derive(Debug, Default)]
struct Queue {
    /// With their numbers, the oldest first.
    packets: VecDeque<(u64, Payload)>,
    /// The length of these packets.
    bytes: usize,
}

impl Queue {
    fn has_room_for(&self, length: usize) -> bool {
        self.packets.len() < WAITING_PER_NEIGHBOUR
            && self.bytes + length <= WAITING_BYTES_PER_NEIGHBOUR
    }
}

impl Waiting {
    pub(crate) fn new(secret: Secret) -> Self {
        let queues = HashMap::with_hasher(secret);
        Self { queues, by_age: BTreeMap::new(), next_number: 0, bytes: 0 }
    }

    /// How many packets wait.
    pub(crate) fn len(&self) -> usize {
        self.by_age.len()
    }

    /// How many bytes of packets wait.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps `payload` for `neighbour`; gives back those that lost their places.
    pub(crate) fn push(&mut self, neighbour: Ipv4Addr, payload: Payload) -> Vec<Payload> {
        let length = payload.buffer.len();
        let mut dropped = Vec::new();
        while let Some(oldest) = self.first_to_go(neighbour, length) {
            dropped.extend(self.pop(oldest));
        }
        let queue = self.queues.entry(neighbour).or_default();
        queue.packets.push_back((self.next_number, payload));
        queue.bytes += length;
        self.bytes += length;
        self.by_age.insert(self.next_number, neighbour);
        self.next_number += 1;
        dropped
    }

    /// Gives back all that waits for `neighbour`, the oldest first.
    pub(crate) fn take(&mut self, neighbour: Ipv4Addr) -> Vec<Payload> {
        std::iter::from_fn(|| self.pop(neighbour)).collect()
    }

    /// Whose oldest packet is to go before one of `length` bytes finds a place.
    fn first_to_go(&self, neighbour: Ipv4Addr, length: usize) -> Option<Ipv4Addr> {
        let own = self.queues.get(&neighbour);
        if own.is_some_and(|queue| !queue.has_room_for(length)) {
            return Some(neighbour);
        }
        let full = self.len() >= WAITING_LIMIT || self.bytes + length > WAITING_BYTES;
        self.by_age.values().next().copied().filter(|_| full)
    }

    /// The packet that has waited longest for `neighbour`.
    fn pop(&mut self, neighbour: Ipv4Addr) -> Option<Payload> {
        let queue = self.queues.get_mut(&neighbour)?;
        let (number, payload) = queue.packets.pop_front()?;
        queue.bytes -= payload.buffer.len();
        if queue.packets.is_empty() {
            self.queues.remove(&neighbour);
        }
        self.bytes -= payload.buffer.len();
        self.by_age.remove(&number);
        Some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{ip, names, payload};
    use packet::Buffer;
    use proptest::prelude::*;

    fn nothing() -> Waiting {
        Waiting::new(Secret::new([3, 4]))
    }

    fn of_length(length: usize) -> Payload {
        let mut buffer = Buffer::new();
        buffer.append(&vec![0; length]);
        Payload::from(buffer)
    }

    fn lengths(payloads: &[Payload]) -> Vec<usize> {
        payloads.iter().map(|payload| payload.buffer.len()).collect()
    }

    #[test]
    fn each_neighbour_gets_its_own_in_their_order() {
        let mut waiting = nothing();
        for (neighbour, name) in [(1, "one"), (3, "other"), (1, "two")] {
            assert!(waiting.push(ip(neighbour), payload(name)).is_empty());
        }
        assert_eq!(names(&waiting.take(ip(1))), ["one", "two"]);
        assert_eq!(names(&waiting.take(ip(3))), ["other"]);
        assert!(waiting.take(ip(3)).is_empty());
        assert_eq!((waiting.len(), waiting.bytes(), waiting.queues.len()), (0, 0, 0));
    }

    #[test]
    fn arp_4_the_newest_takes_the_place_of_the_oldest_for_the_same_neighbour() {
        let mut waiting = nothing();
        assert!(waiting.push(ip(3), payload("older, but another's")).is_empty());
        for number in 0..WAITING_PER_NEIGHBOUR {
            assert!(waiting.push(ip(1), payload(&number.to_string())).is_empty());
        }
        assert_eq!(names(&waiting.push(ip(1), payload("newest"))), ["0"]);
        let kept = waiting.take(ip(1));
        assert_eq!(kept.len(), WAITING_PER_NEIGHBOUR);
        assert_eq!(names(&kept).last(), Some(&"newest"));
        assert_eq!(waiting.len(), 1);
    }

    #[test]
    fn bytes_for_one_neighbour_have_a_limit_and_a_longer_packet_waits_alone() {
        let mut waiting = nothing();
        let half = WAITING_BYTES_PER_NEIGHBOUR / 2;
        assert!(waiting.push(ip(1), of_length(half)).is_empty());
        assert!(waiting.push(ip(1), of_length(half)).is_empty());
        assert_eq!(lengths(&waiting.push(ip(1), of_length(1))), [half]);
        let long = WAITING_BYTES_PER_NEIGHBOUR + 1;
        assert_eq!(lengths(&waiting.push(ip(1), of_length(long))), [half, 1]);
        assert_eq!(lengths(&waiting.take(ip(1))), [long]);
    }

    #[test]
    fn all_packets_together_have_a_limit_and_the_oldest_of_all_goes() {
        let mut waiting = nothing();
        for number in 0..WAITING_LIMIT {
            let neighbour = Ipv4Addr::from_bits(u32::try_from(number / 8).unwrap());
            assert!(waiting.push(neighbour, payload(&number.to_string())).is_empty());
        }
        assert_eq!(names(&waiting.push(ip(1), payload("newest"))), ["0"]);
        assert_eq!(names(&waiting.push(ip(1), payload("newest"))), ["1"]);
        assert_eq!(waiting.len(), WAITING_LIMIT);
    }

    #[test]
    fn all_bytes_together_have_a_limit() {
        let mut waiting = nothing();
        let piece = WAITING_BYTES / 16;
        for neighbour in 0..16 {
            assert!(waiting.push(ip(neighbour), of_length(piece)).is_empty());
        }
        assert_eq!(waiting.bytes(), WAITING_BYTES);
        assert_eq!(lengths(&waiting.push(ip(16), of_length(piece + 1))), [piece, piece]);
        assert_eq!(lengths(&waiting.push(ip(17), of_length(WAITING_BYTES + 1))).len(), 15);
        assert_eq!(waiting.len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_books_are_right(
            steps in prop::collection::vec((0..6_u8, 0..40_000_usize, any::<bool>()), 0..100)
        ) {
            let mut waiting = nothing();
            let (mut pushed, mut back) = (0, 0);
            for (neighbour, length, take) in steps {
                if take && length % 8 == 0 {
                    back += waiting.take(ip(neighbour)).len();
                } else {
                    pushed += 1;
                    back += waiting.push(ip(neighbour), of_length(length)).len();
                }
                prop_assert_eq!(waiting.len(), pushed - back);
                let mut bytes = 0;
                for queue in waiting.queues.values() {
                    let in_queue = queue.packets.iter().map(|(_, payload)| payload.buffer.len());
                    prop_assert_eq!(queue.bytes, in_queue.sum::<usize>());
                    prop_assert!(queue.bytes <= WAITING_BYTES_PER_NEIGHBOUR);
                    prop_assert!(queue.packets.len() <= WAITING_PER_NEIGHBOUR);
                    bytes += queue.bytes;
                }
                prop_assert_eq!(waiting.bytes(), bytes);
                prop_assert!(bytes <= WAITING_BYTES);
            }
        }
    }
}
