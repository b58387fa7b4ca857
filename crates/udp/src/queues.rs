//! How much may wait, in datagrams and in bytes.
//!
//! A datagram is charged for its payload and [`DATAGRAM_OVERHEAD`], so that a flood of empty ones
//! fills a queue too.

/// What a queued datagram is charged beyond its payload, in bytes: about what is kept beside it.
pub const DATAGRAM_OVERHEAD: usize = 256;

/// How many datagrams wait to be received at one socket. The newest is dropped when there are
/// more.
pub const RECEIVE_QUEUE_DATAGRAMS: usize = 512;

/// How many bytes wait to be received at one socket, charged as said above. The newest datagram
/// is dropped when there are more.
pub const RECEIVE_QUEUE_BYTES: usize = 512 << 10;

/// How many bytes wait to be received at all sockets together. The newest datagram is dropped
/// when there are more, whoever it is for.
pub const TOTAL_RECEIVE_BYTES: usize = 64 << 20;

/// How many datagrams of one socket wait to leave. The next is refused as
/// [`crate::Error::WouldBlock`].
pub const SEND_QUEUE_DATAGRAMS: usize = 512;

/// How many bytes of one socket wait to leave. What exceeds them is refused as
/// [`crate::Error::WouldBlock`].
pub const SEND_QUEUE_BYTES: usize = 512 << 10;

/// How many bytes of all sockets together wait to leave. What exceeds them is refused as
/// [`crate::Error::NoBufferSpace`].
pub const TOTAL_SEND_BYTES: usize = 64 << 20;

/// What a datagram is charged, in bytes.
pub(crate) const fn charge(payload_length: usize) -> usize {
    payload_length + DATAGRAM_OVERHEAD
}

/// What of a queue is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    datagrams: usize,
    bytes: usize,
}

/// The most that may be in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    datagrams: usize,
    bytes: usize,
}

pub(crate) const RECEIVE_QUEUE: Limit =
    Limit { datagrams: RECEIVE_QUEUE_DATAGRAMS, bytes: RECEIVE_QUEUE_BYTES };
pub(crate) const TOTAL_RECEIVE: Limit = Limit { datagrams: usize::MAX, bytes: TOTAL_RECEIVE_BYTES };
pub(crate) const SEND_QUEUE: Limit =
    Limit { datagrams: SEND_QUEUE_DATAGRAMS, bytes: SEND_QUEUE_BYTES };
pub(crate) const TOTAL_SEND: Limit = Limit { datagrams: usize::MAX, bytes: TOTAL_SEND_BYTES };

impl Usage {
    /// Whether a datagram with this much payload still fits under `limit`.
    pub(crate) const fn has_room(&self, limit: Limit, payload_length: usize) -> bool {
        self.datagrams < limit.datagrams && self.bytes + charge(payload_length) <= limit.bytes
    }

    /// Whether at most half of `limit` is used. Any datagram fits then.
    pub(crate) const fn is_half_free(&self, limit: Limit) -> bool {
        self.datagrams <= limit.datagrams / 2 && self.bytes <= limit.bytes / 2
    }

    pub(crate) const fn add(&mut self, payload_length: usize) {
        self.datagrams += 1;
        self.bytes += charge(payload_length);
    }

    pub(crate) const fn remove(&mut self, payload_length: usize) {
        self.datagrams -= 1;
        self.bytes -= charge(payload_length);
    }
}

const _: () = assert!(charge(crate::MAX_PAYLOAD_LEN) <= SEND_QUEUE_BYTES / 2);

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { datagrams: 4, bytes: 4 * charge(10) };

    #[test]
    fn a_queue_is_full_by_datagrams_or_by_bytes() {
        let mut usage = Usage::default();
        for _ in 0..4 {
            assert!(usage.has_room(LIMIT, 10));
            usage.add(0);
        }
        assert!(!usage.has_room(LIMIT, 0), "by datagrams");
        let mut usage = Usage::default();
        usage.add(3 * charge(10) - DATAGRAM_OVERHEAD);
        assert!(usage.has_room(LIMIT, 10) && !usage.has_room(LIMIT, 11), "by bytes");
    }

    #[test]
    fn half_free_means_both_halves() {
        let mut usage = Usage::default();
        usage.add(0);
        usage.add(0);
        assert!(usage.is_half_free(LIMIT));
        usage.add(0);
        assert!(!usage.is_half_free(LIMIT), "by datagrams");
        let mut usage = Usage::default();
        usage.add(2 * charge(10) - DATAGRAM_OVERHEAD);
        assert!(usage.is_half_free(LIMIT));
        usage.remove(0);
        usage.add(1);
        assert!(!usage.is_half_free(LIMIT), "by bytes");
    }

    #[test]
    fn what_is_removed_was_never_there() {
        let mut usage = Usage::default();
        usage.add(5);
        usage.add(7);
        usage.remove(5);
        usage.remove(7);
        assert_eq!(usage, Usage::default());
    }
}
