//! The frames on the path, by the moment at which they arrive.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use packet::Instant;

/// Most frames that a link holds, waiting or on the path; what comes then is dropped as by a full
/// queue. A second of 1,500-byte frames at 780 Mbit/s, about 100 MB.
pub const MAX_IN_FLIGHT: usize = 65_536;

/// Frames under way. Memory is used again: in the long run a frame costs a copy of its bytes and
/// no allocation.
#[derive(Clone, Debug)]
pub(crate) struct Flight<O> {
    /// The earliest first; of those that arrive together, the one that left first.
    arrivals: BinaryHeap<Reverse<Arrival>>,
    /// How many have left so far.
    departures: u64,
    /// As many as were ever under way at the same time.
    slots: Vec<Slot<O>>,
    /// Those of `slots` that hold no frame now.
    free: Vec<usize>,
}

/// Ordered by its fields from the first on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Arrival {
    due: Instant,
    departure: u64,
    slot: usize,
}

#[derive(Clone, Debug)]
struct Slot<O> {
    bytes: Vec<u8>,
    offload: O,
}

impl<O: Copy> Flight<O> {
    pub(crate) const fn new() -> Self {
        Self { arrivals: BinaryHeap::new(), departures: 0, slots: Vec::new(), free: Vec::new() }
    }

    /// How many frames are under way.
    pub(crate) fn len(&self) -> usize {
        self.arrivals.len()
    }

    /// When the next frame arrives.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.arrivals.peek().map(|Reverse(arrival)| arrival.due)
    }

    /// Puts a copy of `frame` on the path, and gives it so that it can be damaged.
    pub(crate) fn depart(&mut self, due: Instant, frame: &[u8], offload: O) -> &mut [u8] {
        let slot = self.free.pop().unwrap_or(self.slots.len());
        let arrival = Arrival { due, departure: self.departures, slot };
        self.arrivals.push(Reverse(arrival));
        self.departures += 1;
        if slot == self.slots.len() {
            self.slots.push(Slot { bytes: Vec::new(), offload });
        }
        let Some(slot) = self.slots.get_mut(slot) else { return &mut [] };
        slot.offload = offload;
        slot.bytes.clear();
        slot.bytes.extend_from_slice(frame);
        &mut slot.bytes
    }

    /// The next frame that has arrived by `now`, without taking it.
    pub(crate) fn peek(&self, now: Instant) -> Option<(&[u8], O)> {
        let Reverse(arrival) = self.arrivals.peek()?;
        if arrival.due > now {
            return None;
        }
        self.frame(arrival.slot)
    }

    /// Takes the next frame that has arrived by `now`.
    pub(crate) fn arrive(&mut self, now: Instant) -> Option<(&[u8], O)> {
        if self.next_arrival()? > now {
            return None;
        }
        let Reverse(arrival) = self.arrivals.pop()?;
        // The slot is not written again before the borrow of its frame has ended.
        self.free.push(arrival.slot);
        self.frame(arrival.slot)
    }

    fn frame(&self, slot: usize) -> Option<(&[u8], O)> {
        self.slots.get(slot).map(|slot| (slot.bytes.as_slice(), slot.offload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(milliseconds: u64) -> Instant {
        Instant::at(Duration::from_millis(milliseconds))
    }

    /// Takes out everything that has arrived by then.
    fn arrivals<const N: usize>(flight: &mut Flight<()>, now: Instant) -> Vec<[u8; N]> {
        std::iter::from_fn(|| flight.arrive(now).map(|(frame, ())| frame.try_into().unwrap()))
            .collect()
    }

    #[test]
    fn frames_arrive_when_they_are_due_and_together_in_the_order_they_left() {
        let mut flight = Flight::new();
        // Twice, since the second time slots are used again in another order.
        for _ in 0..2 {
            for (due, name) in [(2, b"late 1"), (2, b"late 2"), (1, b"soon 1"), (1, b"soon 2")] {
                flight.depart(at(due), name, ());
            }
            assert_eq!(flight.next_arrival(), Some(at(1)));
            assert_eq!(flight.arrive(at(0)), None);
            assert_eq!(flight.peek(at(1)), Some((&b"soon 1"[..], ())));
            assert_eq!(arrivals(&mut flight, at(1)), [*b"soon 1", *b"soon 2"]);
            assert_eq!(arrivals(&mut flight, at(2)), [*b"late 1", *b"late 2"]);
            assert_eq!(flight.next_arrival(), None);
        }
    }

    #[test]
    fn a_slot_is_used_again_and_holds_nothing_of_the_frame_before() {
        let mut flight = Flight::new();
        for round in 0..100_u8 {
            let frame = vec![round; 100 - usize::from(round)];
            flight.depart(at(1), &frame, round);
            assert_eq!(flight.arrive(at(1)), Some((frame.as_slice(), round)));
        }
        assert_eq!(flight.slots.len(), 1);
    }
}
