//! What leaves, one segment at a time and each connection in its turn.

use std::num::{NonZeroU8, NonZeroU16};

use packet::{Buffer, BufferPool, Instant};
use socket::{AddressPair, SocketPair};

use crate::output::Leaving;
use crate::sockets::{Socket, Sockets};
use crate::{Header, Network, Options};

/// A segment on its way to the layer below: its text is laid into the buffer, and
/// [`Header::prepend_to`] is next.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The text.
    pub buffer: Buffer,
    /// What goes in front.
    pub header: Header,
    /// The options.
    pub options: Options,
    /// Set if the device is to cut it into segments with so much text each.
    pub segment_size: Option<NonZeroU16>,
    /// From which of our addresses to whom.
    pub addresses: AddressPair,
    /// Time to live in hops; `None` for the host's default.
    pub ttl: Option<NonZeroU8>,
    /// DSCP and ECN, the second byte of the IP header.
    pub traffic_class: u8,
    /// Why it leaves, in words for whoever watches: `answers a SYN`.
    pub reason: &'static str,
}

/// A segment that belongs to no connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    pub(super) pair: SocketPair,
    pub(super) header: Header,
    pub(super) options: Options,
    /// Why it leaves.
    pub(super) reason: &'static str,
    pub(super) ttl: Option<NonZeroU8>,
    pub(super) traffic_class: u8,
}

impl Sockets {
    /// Whether there may be something to send.
    #[must_use]
    pub fn is_restless(&self) -> bool {
        !self.restless.is_empty() || !self.replies.is_empty()
    }

    /// The next segment that leaves, in a buffer from `buffers`; `None` if nothing waits.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        network: &impl Network,
        buffers: &mut BufferPool,
    ) -> Option<Outgoing> {
        let mut buffer = buffers.take();
        if let Some(reply) = self.replies.pop_front() {
            let Reply { pair, header, options, reason, ttl, traffic_class } = reply;
            return Some(Outgoing {
                buffer,
                header,
                options,
                segment_size: None,
                addresses: addresses(pair),
                ttl,
                traffic_class: traffic_class & !0b11,
                reason,
            });
        }
        while let Some(id) = self.restless.pop_front() {
            let Some(Socket::Connection(entry)) = self.slots.get_mut(id) else { continue };
            entry.is_restless = false;
            let pair = entry.connection.pair;
            let path = network.path_to(pair.remote.ip());
            let largest = path.map_or(0, |path| path.largest_superframe);
            let (ttl, traffic_class) =
                (entry.connection.options.ttl, entry.connection.options.traffic_class & !0b11);
            let leaving = self.on_connection(now, id, |connection, context| {
                connection.poll_transmit(context, largest, &mut buffer)
            });
            if let Some(Leaving { header, options, segment_size, reason }) = leaving.flatten() {
                let addresses = addresses(pair);
                return Some(Outgoing {
                    buffer,
                    header,
                    options,
                    segment_size,
                    addresses,
                    ttl,
                    traffic_class,
                    reason,
                });
            }
        }
        buffers.give_back(buffer);
        None
    }
}

const fn addresses(pair: SocketPair) -> AddressPair {
    AddressPair { source: pair.local.ip(), destination: pair.remote.ip() }
}
