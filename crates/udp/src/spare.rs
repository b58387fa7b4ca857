//! Memory for the datagrams that come: what a program has done with is used again.

use crate::{Incoming, Metadata};

/// How many datagrams are kept: as many as there are in a burst.
const SPARE_DATAGRAMS: usize = 64;

/// The longest payload whose memory is kept, in bytes: what one frame brings, not what fragments
/// add up to.
const LONGEST_SPARE: usize = 2048;

/// Datagrams that nobody needs any more, for those that come.
///
/// Each stays where it is in memory, from when it comes until it is needed no more: what passes
/// from hand to hand is where that is.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    /// At most [`SPARE_DATAGRAMS`], each with memory for at most [`LONGEST_SPARE`] bytes.
    #[expect(clippy::vec_box, reason = "a datagram is to stay where it is")]
    datagrams: Vec<Box<Incoming>>,
}

impl Spare {
    /// A datagram, in memory that was used before if there is any.
    pub(crate) fn filled(&mut self, metadata: Metadata, payload: &[u8]) -> Box<Incoming> {
        let Some(mut datagram) = self.datagrams.pop() else {
            return Box::new(Incoming { metadata, payload: payload.to_vec() });
        };
        datagram.metadata = metadata;
        datagram.payload.clear();
        datagram.payload.extend_from_slice(payload);
        datagram
    }

    /// Takes back the memory of a datagram, whatever is in it.
    pub(crate) fn recycle(&mut self, datagram: Box<Incoming>) {
        if self.datagrams.len() < SPARE_DATAGRAMS && datagram.payload.capacity() <= LONGEST_SPARE {
            self.datagrams.push(datagram);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Delivery;
    use packet::{Instant, InterfaceId};
    use std::net::IpAddr;

    fn from(port: u16) -> Metadata {
        Metadata {
            source: ([192, 0, 2, 1], port).into(),
            destination: IpAddr::from([192, 0, 2, 2]),
            delivery: Delivery::Unicast,
            interface: InterfaceId(0),
            ttl: 64,
            traffic_class: 0,
            ip_options: Box::default(),
            at: Instant::START,
        }
    }

    #[test]
    fn a_datagram_holds_what_came_and_nothing_of_what_was_there_before() {
        let mut spare = Spare::default();
        spare.recycle(Box::new(Incoming { metadata: from(1), payload: b"longer".to_vec() }));
        let memory = spare.datagrams[0].payload.as_ptr();
        let datagram = spare.filled(from(2), b"abc");
        assert_eq!(datagram.payload.as_ptr(), memory);
        assert_eq!(*datagram, Incoming { metadata: from(2), payload: b"abc".to_vec() });
        assert_eq!(spare.filled(from(3), b"new").payload, b"new");
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut spare = Spare::default();
        let of_length = |length| Box::new(Incoming { metadata: from(1), payload: vec![0; length] });
        spare.recycle(of_length(LONGEST_SPARE + 1));
        assert_eq!(spare.datagrams.len(), 0);
        for _ in 0..=SPARE_DATAGRAMS {
            spare.recycle(of_length(LONGEST_SPARE));
        }
        assert_eq!(spare.datagrams.len(), SPARE_DATAGRAMS);
    }
}
