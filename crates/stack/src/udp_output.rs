//! UDP datagrams from the sockets' send queue, on their way down.

use std::net::IpAddr;

use ipv4::{Dscp, Ecn, Header, MIN_HEADER_LEN, Options, Protocol};
use packet::Instant;
use trace::{Event, Layer};
use udp::{ChecksumBy, Outgoing, SendOptions};

use crate::interface::TRANSMIT_QUEUE_LIMIT;
use crate::network::NextHop;
use crate::{Counter, Stack};

impl Stack {
    /// Takes datagrams out of the sockets' send queue while there is room for them below: what
    /// is too much stays there, and whoever sends more is told.
    pub(crate) fn udp_output(&mut self, now: Instant) {
        while let Some(next) = self.udp.next_outgoing() {
            let hop = self.next_hop(now, next);
            // What has nowhere to go needs no room.
            if hop.is_some_and(|hop| !self.has_room_for(hop, next)) {
                return;
            }
            let Some(outgoing) = self.udp.take_outgoing() else { return };
            let sent = self.send_udp(now, hop, outgoing);
            self.count_if_dropped(now, sent);
        }
    }

    fn next_hop(&self, now: Instant, outgoing: &Outgoing) -> Option<NextHop> {
        let (source, destination) = addresses(outgoing)?;
        self.network.next_hop(now, source, destination)
    }

    /// Whether all pieces of `outgoing` find room, or as much room is free as there can be.
    fn has_room_for(&self, hop: NextHop, outgoing: &Outgoing) -> bool {
        let headers = MIN_HEADER_LEN + outgoing.options.ip_options.len();
        let least_in_a_piece =
            usize::from(self.network.mtu(hop.interface)).saturating_sub(headers + 8).max(8);
        let pieces = outgoing.buffer.len() / least_in_a_piece + 1;
        self.network.room(hop.interface) >= pieces.min(TRANSMIT_QUEUE_LIMIT)
    }

    fn send_udp(
        &mut self,
        now: Instant,
        hop: Option<NextHop>,
        outgoing: Outgoing,
    ) -> Result<(), Counter> {
        let hop = hop.ok_or(Counter::Ipv4NoRoute)?;
        let (source, destination) = addresses(&outgoing).ok_or(Counter::Ipv4NoRoute)?;
        let Outgoing { mut buffer, header: ports, options, .. } = outgoing;
        let header = self.header_with(&options, Header::new(source, destination, Protocol::Udp))?;

        let length = header.length() + udp::HEADER_LEN + buffer.len();
        let pseudo_header = ipv4::pseudo_header(source, destination, Protocol::Udp);
        let offload = ports
            .prepend_to(&mut buffer, pseudo_header, self.checksum_by(hop, length))
            .map_err(|_| Counter::Ipv4TooLong)?;
        let bytes = buffer.as_slice();
        self.tracer.emit(now, || Event::Packet { layer: Layer::Udp, upward: false, bytes });
        self.ipv4_output_by(now, hop, header, buffer, offload)?;
        self.count(Counter::UdpSent);
        Ok(())
    }

    /// `plain` with what the program asked for.
    fn header_with(&self, options: &SendOptions, plain: Header) -> Result<Header, Counter> {
        Ok(Header {
            dscp: Dscp::from_traffic_class(options.traffic_class),
            ecn: Ecn::from_traffic_class(options.traffic_class),
            dont_fragment: options.dont_fragment,
            ttl: options.ttl.unwrap_or(self.config.time_to_live).get(),
            options: Options::new(&options.ip_options).map_err(|_| Counter::Ipv4BadOption)?,
            ..plain
        })
    }

    /// A device computes the checksum of what it sees whole.
    fn checksum_by(&self, hop: NextHop, length: usize) -> ChecksumBy {
        let can = self.network.fills_in_checksums(hop.interface);
        let is_whole = length <= usize::from(self.network.mtu(hop.interface));
        if can && is_whole { ChecksumBy::Device } else { ChecksumBy::Us }
    }
}

/// Between which IPv4 addresses it goes.
const fn addresses(outgoing: &Outgoing) -> Option<(std::net::Ipv4Addr, std::net::Ipv4Addr)> {
    match (outgoing.addresses.source, outgoing.addresses.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => Some((source, destination)),
        _ => None,
    }
}
