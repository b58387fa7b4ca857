//! What time brings: fragments that never came, and neighbours that are to be asked again.

use icmp::{ErrorKind, TimeExceeded};
use ipv4::{Datagram, ExpiredDatagram};
use packet::Instant;

use crate::{Counter, Stack};

impl Stack {
    /// When something is next to be done.
    pub(crate) fn first_deadline(&self) -> Option<Instant> {
        let neighbours =
            self.network.interfaces().filter_map(|it| it.arp.as_ref()?.next_deadline());
        neighbours.chain(self.reassembler.next_deadline()).chain(self.tcp.next_deadline()).min()
    }

    /// Gives up the datagrams whose fragments took too long, and tells their senders (FRAG-4).
    pub(crate) fn expire_reassemblies(&mut self, now: Instant) {
        while let Some(expired) = self.reassembler.expire(now) {
            let ExpiredDatagram::Incomplete { first } = expired else { continue };
            self.count_drop(now, Counter::Ipv4ReassemblyTimeout);
            let Some(first) = first else { continue };
            let mut buffer = self.buffers.take();
            first.write_to(&mut buffer);
            if let Ok(fragment) = Datagram::parse(buffer.as_slice()) {
                let too_long = ErrorKind::TimeExceeded(TimeExceeded::Reassembly);
                self.send_error_about(now, false, too_long, &fragment);
            }
            self.buffers.give_back(buffer);
        }
    }
}
