//! What can be told of datagrams that come: how many were lost, how many came out of order, and
//! how evenly they came.
//!
//! ```text
//!    0               4               8               12 or 16
//!   ┌───────────────┬───────────────┬───────────────┐
//!   │ sent: seconds │ microseconds  │ number        │ filling ...
//!   └───────────────┴───────────────┴───────────────┘
//! ```
//!
//! Jitter is RTP's (RFC 3550, 6.4.1): the mean difference between how long one datagram was under
//! way and how long the next. The clocks of the two ends need not agree for that.

use std::time::Duration;

use packet::Instant;

/// How long the header of a datagram with a 32-bit number is; with 64 bits it is 4 bytes longer.
pub(super) const HEADER_LEN: usize = 12;

/// What was seen of one stream's datagrams.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct UdpMeasure {
    /// The highest number that came: as many were sent.
    pub(super) packets: u64,
    /// Of those, how many are missing.
    pub(super) lost: u64,
    /// How many came after one with a higher number.
    pub(super) out_of_order: u64,
    /// In seconds.
    pub(super) jitter: f64,
    /// How long the last one was under way, by two clocks, in seconds.
    last_transit: Option<f64>,
}

/// What stands first in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DatagramHeader {
    /// On the sender's clock.
    pub(super) sent: Duration,
    /// Counted from 1.
    pub(super) number: u64,
}

impl DatagramHeader {
    pub(super) fn read(bytes: &[u8], long_numbers: bool) -> Option<Self> {
        let (seconds, rest) = bytes.split_first_chunk()?;
        let (microseconds, rest) = rest.split_first_chunk()?;
        let seconds = u64::from(u32::from_be_bytes(*seconds));
        let microseconds = u64::from(u32::from_be_bytes(*microseconds));
        let sent = Duration::from_secs(seconds) + Duration::from_micros(microseconds);
        let number = if long_numbers {
            u64::from_be_bytes(*rest.first_chunk()?)
        } else {
            u64::from(u32::from_be_bytes(*rest.first_chunk()?))
        };
        Some(Self { sent, number })
    }

    /// Writes it over the beginning of a datagram, which is long enough.
    pub(super) fn write(self, long_numbers: bool, datagram: &mut [u8]) {
        let seconds = u32::try_from(self.sent.as_secs()).unwrap_or(u32::MAX);
        let [.., a, b, c, d] = self.number.to_be_bytes();
        let mut header = [0; HEADER_LEN + 4];
        let (times, number) = header.split_at_mut(8);
        let (first, second) = times.split_at_mut(4);
        first.copy_from_slice(&seconds.to_be_bytes());
        second.copy_from_slice(&self.sent.subsec_micros().to_be_bytes());
        let length = if long_numbers {
            number.copy_from_slice(&self.number.to_be_bytes());
            HEADER_LEN + 4
        } else {
            number.copy_from_slice(&[a, b, c, d, 0, 0, 0, 0]);
            HEADER_LEN
        };
        for (to, from) in datagram.iter_mut().zip(header).take(length) {
            *to = from;
        }
    }
}

impl UdpMeasure {
    /// A datagram came at `now`.
    pub(super) fn note(&mut self, now: Instant, header: DatagramHeader) {
        let expected = self.packets + 1;
        if header.number >= expected {
            self.lost += header.number - expected;
            self.packets = header.number;
        } else {
            // It was taken for lost; or it came twice, which nobody can tell.
            self.out_of_order += 1;
            self.lost = self.lost.saturating_sub(1);
        }
        let transit = now.since_start().as_secs_f64() - header.sent.as_secs_f64();
        if let Some(last) = self.last_transit.replace(transit) {
            self.jitter += ((transit - last).abs() - self.jitter) / 16.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Datagrams, each with when it was sent and came.
    fn measure(datagrams: &[(u64, u64, u64)]) -> UdpMeasure {
        let mut measure = UdpMeasure::default();
        for &(number, sent, came) in datagrams {
            let header = DatagramHeader { sent: ms(1_000_000 + sent), number };
            measure.note(Instant::START + ms(came), header);
        }
        measure
    }

    #[test]
    fn a_gap_is_a_loss_until_it_is_filled() {
        let seen = measure(&[(1, 0, 0), (2, 0, 0), (5, 0, 0)]);
        assert_eq!((seen.packets, seen.lost, seen.out_of_order), (5, 2, 0));
        let seen = measure(&[(1, 0, 0), (2, 0, 0), (5, 0, 0), (3, 0, 0)]);
        assert_eq!((seen.packets, seen.lost, seen.out_of_order), (5, 1, 1));
        let seen = measure(&[(1, 0, 0), (1, 0, 0)]);
        assert_eq!((seen.packets, seen.lost, seen.out_of_order), (1, 0, 1));
    }

    #[test]
    fn datagrams_that_are_all_as_long_under_way_have_no_jitter() {
        let seen = measure(&[(1, 0, 40), (2, 10, 50), (3, 20, 60)]);
        assert!(seen.jitter.abs() < 1e-9, "{}", seen.jitter);
        // One comes 16 ms late, the next on time: 1 ms, and then 1 + (16 - 1) / 16 ms.
        let seen = measure(&[(1, 0, 40), (2, 10, 66), (3, 20, 60)]);
        assert!((seen.jitter - 0.001_937_5).abs() < 1e-9, "{}", seen.jitter);
    }

    #[test]
    fn headers_are_read_as_they_are_written() {
        for long_numbers in [false, true] {
            let header = DatagramHeader { sent: Duration::from_micros(5_000_007), number: 258 };
            let mut datagram = [7; 20];
            header.write(long_numbers, &mut datagram);
            assert_eq!(DatagramHeader::read(&datagram, long_numbers), Some(header));
            assert_eq!(datagram[if long_numbers { 16 } else { 12 }], 7);
        }
        assert_eq!(DatagramHeader::read(&[0; 11], false), None);
        assert_eq!(DatagramHeader::read(&[0; 15], true), None);
    }
}
