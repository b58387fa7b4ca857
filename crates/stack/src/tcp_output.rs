//! TCP segments from the connections, on their way down.

use std::net::IpAddr;

use ipv4::{Dscp, Ecn, Header, Protocol};
use packet::{ChecksumBy, Instant};
use tcp::Outgoing;
use trace::{Event, Layer};

use crate::network::NetworkNow;
use crate::{Counter, Stack};

impl Stack {
    /// Takes segments from the connections while there is room for them below. A connection
    /// whose turn does not come keeps what it has, and acknowledges more with one segment.
    pub(crate) fn tcp_output(&mut self, now: Instant) {
        while self.tcp.is_restless() && self.network.has_room() {
            let network = NetworkNow { network: &self.network, now };
            let outgoing = self.tcp.poll_transmit(now, &network, &mut self.buffers);
            let Some(outgoing) = outgoing else { return };
            let sent = self.send_tcp(now, outgoing);
            self.count_if_dropped(now, sent);
        }
    }

    fn send_tcp(&mut self, now: Instant, outgoing: Outgoing) -> Result<(), Counter> {
        let Outgoing {
            mut buffer,
            header,
            options,
            segment_size,
            addresses,
            ttl,
            traffic_class,
            reason,
        } = outgoing;
        let (IpAddr::V4(source), IpAddr::V4(destination)) =
            (addresses.source, addresses.destination)
        else {
            return Err(Counter::Ipv4NoRoute);
        };
        let hop = self.network.next_hop(now, source, destination).ok_or(Counter::Ipv4NoRoute)?;
        let checksum_by = match self.network.fills_in_checksums(hop.interface) {
            true => ChecksumBy::Device,
            false => ChecksumBy::Us,
        };
        let pseudo_header = ipv4::pseudo_header(source, destination, Protocol::Tcp);
        let offload = header
            .prepend_to(&options, &mut buffer, pseudo_header, checksum_by, segment_size)
            .map_err(|_| Counter::Ipv4TooLong)?;
        let bytes = buffer.as_slice();
        self.tracer.emit(now, || Event::Leaving { layer: Layer::Tcp, bytes, reason });
        self.tracer.emit(now, || Event::Packet { layer: Layer::Tcp, upward: false, bytes });
        let header = Header {
            dscp: Dscp::from_traffic_class(traffic_class),
            ecn: Ecn::from_traffic_class(traffic_class),
            ttl: ttl.unwrap_or(self.config.time_to_live).get(),
            ..Header::new(source, destination, Protocol::Tcp)
        };
        self.ipv4_output_by(now, hop, header, buffer, offload)?;
        self.count(Counter::TcpSent);
        Ok(())
    }
}
