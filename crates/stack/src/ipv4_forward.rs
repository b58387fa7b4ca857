//! A datagram for others, passed on (RFC 1812, 5.2). Only for a host that was asked to route.

use std::net::Ipv4Addr;

use icmp::{ErrorKind, TimeExceeded, Unreachable};
use ipv4::{AddressKind, Datagram, Header};
use packet::{Buffer, ChecksumOffload, ReceivedChecksum, TransmitOffload};

use crate::arrival::Arrival;
use crate::network::NextHop;
use crate::{Counter, Stack};

impl Stack {
    /// Passes `datagram` on to the next hop on its way, one hop older.
    ///
    /// # Errors
    /// The counter under which it was dropped. Its sender is told where that is allowed.
    pub(crate) fn ipv4_forward(
        &mut self,
        arrival: Arrival,
        datagram: &Datagram<'_>,
    ) -> Result<(), Counter> {
        if AddressKind::of(datagram.destination()) != AddressKind::Unicast {
            return Err(Counter::Ipv4NotForUs);
        }
        let header = self.one_hop_older(arrival, datagram)?;
        let hop = self.find_next_hop(arrival, datagram)?;
        self.check_fits(arrival, hop, datagram)?;

        let mut payload = self.buffers.take();
        payload.append(datagram.payload());
        if let ReceivedChecksum::LeftOut(left_out) = arrival.checksum {
            fill_in_checksum(&mut payload, left_out);
        }
        self.ipv4_send(arrival.now, hop, &header, payload, TransmitOffload::default())?;
        self.count(Counter::Ipv4Forwarded);
        Ok(())
    }

    fn one_hop_older(
        &mut self,
        arrival: Arrival,
        datagram: &Datagram<'_>,
    ) -> Result<Header, Counter> {
        let header = datagram.header();
        match header.ttl.checked_sub(1) {
            None | Some(0) => {
                let in_transit = ErrorKind::TimeExceeded(TimeExceeded::InTransit);
                self.send_error(arrival, in_transit, datagram);
                Err(Counter::Ipv4TtlExceeded)
            }
            Some(ttl) => Ok(Header { ttl, ..header }),
        }
    }

    fn find_next_hop(
        &mut self,
        arrival: Arrival,
        datagram: &Datagram<'_>,
    ) -> Result<NextHop, Counter> {
        let (source, destination) = (datagram.source(), datagram.destination());
        // RFC 2644: from outside nobody reaches all hosts of a network at once.
        if self.is_broadcast(destination) {
            return Err(Counter::Ipv4DirectedBroadcast);
        }
        let hop = self.network.next_hop(arrival.now, source, destination);
        hop.ok_or_else(|| {
            let no_route = ErrorKind::DestinationUnreachable(Unreachable::Network);
            self.send_error(arrival, no_route, datagram);
            Counter::Ipv4NoRoute
        })
    }

    fn is_broadcast(&self, destination: Ipv4Addr) -> bool {
        self.network.addresses().any(|network| network.is_broadcast(destination))
    }

    /// A sender that forbids fragments is told what fits (RFC 1191, 4).
    fn check_fits(
        &mut self,
        arrival: Arrival,
        hop: NextHop,
        datagram: &Datagram<'_>,
    ) -> Result<(), Counter> {
        if arrival.segmentation.is_some() {
            return Err(Counter::Ipv4Superframe);
        }
        let next_hop_mtu = self.network.mtu(hop.interface);
        if datagram.total_length() > next_hop_mtu && datagram.header().dont_fragment {
            let too_long = Unreachable::FragmentationNeeded { next_hop_mtu };
            self.send_error(arrival, ErrorKind::DestinationUnreachable(too_long), datagram);
            return Err(Counter::Ipv4TooLong);
        }
        Ok(())
    }
}

/// Does what the sender on this machine left to a device: its checksum field holds the
/// pseudo-header's sum alone.
fn fill_in_checksum(payload: &mut Buffer, left_out: ChecksumOffload) {
    let start = payload.len().saturating_sub(usize::from(left_out.covered));
    let covered = payload.as_mut_slice().get_mut(start..).unwrap_or_default();
    let checksum = checksum::Sum::new().add_bytes(covered).checksum();
    // UDP has no checksum of zero; for TCP all ones means the same.
    let checksum = if checksum == 0 { 0xffff } else { checksum };
    let field = usize::from(left_out.field);
    if let Some(field) = covered.get_mut(field..field + 2) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
}
