//! The near end of a link: a queue, and bits that leave one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use packet::Instant;

use crate::{QueueLimit, Rate};

/// Sends frames at a rate. A frame of n bytes occupies it for 8n/rate seconds, and those that
/// come meanwhile wait, first come, first sent.
///
/// When a frame will have left is known as soon as it comes, so nothing is stored but what is
/// needed to tell how full the queue is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transmitter {
    /// When the last frame's last bit has left.
    free_at: Instant,
    /// What of a nanosecond the last frame took beyond `free_at`, in parts of 1/rate: the busy
    /// time of frames in a row does not drift, however short each is.
    remainder: u64,
    /// Those that wait, or have waited and not been removed yet: when their turn comes, and
    /// their length in bytes. In that order.
    waiting: VecDeque<(Instant, usize)>,
    /// Bytes in `waiting`.
    waiting_bytes: usize,
}

impl Transmitter {
    /// Takes a frame of `length` bytes and says when its last bit will have left; `None` if it
    /// is dropped because the queue is full.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        length: usize,
        rate: Option<Rate>,
        limit: QueueLimit,
    ) -> Option<Instant> {
        self.begin_sending_those_due(now);
        if self.free_at <= now {
            self.free_at = now;
            self.remainder = 0;
        } else if self.has_room(length, limit) {
            self.waiting.push_back((self.free_at, length));
            self.waiting_bytes += length;
        } else {
            return None;
        }
        if let Some(rate) = rate {
            self.occupy(length, rate);
        }
        Some(self.free_at)
    }

    fn begin_sending_those_due(&mut self, now: Instant) {
        while let Some(&(turn, length)) = self.waiting.front()
            && turn <= now
        {
            self.waiting.pop_front();
            self.waiting_bytes -= length;
        }
    }

    fn has_room(&self, length: usize, limit: QueueLimit) -> bool {
        match limit {
            QueueLimit::Packets(packets) => self.waiting.len() < packets,
            QueueLimit::Bytes(bytes) => self.waiting_bytes.saturating_add(length) <= bytes,
        }
    }

    fn occupy(&mut self, length: usize, rate: Rate) {
        const BIT_NANOSECONDS_PER_BYTE: u64 = 8 * 1_000_000_000;
        let rate = rate.bits_per_second();
        let work = u64::try_from(length)
            .unwrap_or(u64::MAX)
            .saturating_mul(BIT_NANOSECONDS_PER_BYTE)
            .saturating_add(self.remainder);
        self.free_at = self.free_at + Duration::from_nanos(work / rate);
        self.remainder = work % rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_START: Instant = Instant::START;

    fn after(nanoseconds: u64) -> Instant {
        Instant::at(Duration::from_nanos(nanoseconds))
    }

    fn rate(text: &str) -> Option<Rate> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_frame_occupies_the_link_for_its_bits() {
        let mut transmitter = Transmitter::default();
        let rate = rate("10mbit");
        // 1,250 bytes are 10,000 bits: a millisecond.
        assert_eq!(
            transmitter.take(AT_START, 1250, rate, QueueLimit::DEFAULT),
            Some(after(1_000_000))
        );
        assert_eq!(
            transmitter.take(AT_START, 1250, rate, QueueLimit::DEFAULT),
            Some(after(2_000_000))
        );
        let idle = after(9_000_000);
        assert_eq!(transmitter.take(idle, 125, rate, QueueLimit::DEFAULT), Some(after(9_100_000)));
    }

    #[test]
    fn frames_in_a_row_do_not_drift() {
        let mut transmitter = Transmitter::default();
        let mut left = None;
        for _ in 0..30_000 {
            // 8/3 of a nanosecond each.
            left = transmitter.take(AT_START, 1, rate("3gbit"), QueueLimit::Packets(30_000));
        }
        assert_eq!(left, Some(after(80_000)));
        for start in [90_000, 100_000] {
            let left = transmitter.take(after(start), 1, rate("3gbit"), QueueLimit::DEFAULT);
            assert_eq!(left, Some(after(start + 2)), "an idle link owes nothing");
        }
    }

    #[test]
    fn packets_that_wait_are_limited_and_the_one_being_sent_is_not_counted() {
        let mut transmitter = Transmitter::default();
        let mut take = |now| transmitter.take(now, 1250, rate("10mbit"), QueueLimit::Packets(2));
        assert!(take(AT_START).is_some(), "is being sent");
        assert!(take(AT_START).is_some(), "waits");
        assert!(take(AT_START).is_some(), "waits");
        assert_eq!(take(AT_START), None);
        assert_eq!(take(after(999_999)), None);
        assert_eq!(take(after(1_000_000)), Some(after(4_000_000)), "one has begun to be sent");
        assert_eq!(take(after(1_000_000)), None);
    }

    #[test]
    fn bytes_that_wait_are_limited_and_an_idle_link_takes_any_frame() {
        let mut transmitter = Transmitter::default();
        let mut take = |now, length| {
            transmitter.take(now, length, rate("10mbit"), QueueLimit::Bytes(1000)).is_some()
        };
        assert!(take(AT_START, 5000), "is being sent");
        assert!(take(AT_START, 600));
        assert!(!take(AT_START, 401));
        assert!(take(AT_START, 400));
        assert!(!take(AT_START, 1));
        // The first frame takes 4 ms; then the one of 600 bytes waits no longer.
        assert!(take(after(4_000_000), 600));
        assert!(!take(after(4_000_000), 1));
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let mut transmitter = Transmitter::default();
        for _ in 0..3 {
            let left = transmitter.take(after(7), 1500, None, QueueLimit::Packets(0));
            assert_eq!(left, Some(after(7)));
        }
    }
}
