//! UDP datagrams from the sockets' send queue, on their way down.

use std::net::{Ipv4Addr, SocketAddr};

use ipv4::{Dscp, Ecn, Header, MIN_HEADER_LEN, Options, Protocol};
use packet::{Buffer, Instant};
use trace::{Event, Layer};
use udp::{ChecksumBy, Outgoing, SocketPair};

use crate::interface::TRANSMIT_QUEUE_LIMIT;
use crate::network::NextHop;
use crate::{Counter, Stack};

impl Stack {
    /// Takes datagrams out of the sockets' send queue while there is room for them below: what
    /// is too much stays there, and whoever sends more is told.
    pub(crate) fn udp_output(&mut self, now: Instant) {
        while let Some(next) = self.udp.next_outgoing() {
            let ends = addresses(next);
            let hop = ends.and_then(|(from, to)| self.network.next_hop(now, from, to));
            let (Some(ends), Some(hop)) = (ends, hop) else {
                // What has nowhere to go needs no room.
                let _ = self.udp.take_outgoing();
                self.count_drop(now, Counter::Ipv4NoRoute);
                continue;
            };
            if !self.has_room_for(hop, next) {
                return;
            }
            let (ports, header) = (next.header(), self.header_of(next, ends));
            let Some(payload) = self.udp.take_outgoing() else { return };
            let sent = self.send_udp(now, hop, header, ports, payload);
            self.count_if_dropped(now, sent);
        }
    }

    /// Whether all pieces of `outgoing` find room, or as much room is free as there can be.
    fn has_room_for(&self, hop: NextHop, outgoing: &Outgoing) -> bool {
        let mtu = usize::from(self.network.mtu(hop.interface));
        let headers = MIN_HEADER_LEN + outgoing.options.ip_options.len() + udp::HEADER_LEN;
        let length = outgoing.buffer.len();
        let pieces = match headers + length <= mtu {
            true => 1,
            false => length / mtu.saturating_sub(headers).max(8) + 1,
        };
        self.network.room(hop.interface) >= pieces.min(TRANSMIT_QUEUE_LIMIT)
    }

    /// The IPv4 header of `outgoing`, as its program asked for it.
    fn header_of(&self, outgoing: &Outgoing, (from, to): (Ipv4Addr, Ipv4Addr)) -> Header {
        let options = &outgoing.options;
        let mut header = Header {
            dscp: Dscp::from_traffic_class(options.traffic_class),
            ecn: Ecn::from_traffic_class(options.traffic_class),
            dont_fragment: options.dont_fragment,
            ttl: outgoing.ttl().unwrap_or(self.config.time_to_live).get(),
            ..Header::new(from, to, Protocol::Udp)
        };
        if !options.ip_options.is_empty() {
            // The socket took no more of them than there is room for.
            header.options = Options::new(&options.ip_options).unwrap_or_default();
        }
        header
    }

    fn send_udp(
        &mut self,
        now: Instant,
        hop: NextHop,
        header: Header,
        ports: udp::Header,
        mut buffer: Buffer,
    ) -> Result<(), Counter> {
        let length = header.length() + udp::HEADER_LEN + buffer.len();
        let pseudo_header = ipv4::pseudo_header(header.source, header.destination, Protocol::Udp);
        let offload = ports
            .prepend_to(&mut buffer, pseudo_header, self.checksum_by(hop, length))
            .map_err(|_| Counter::Ipv4TooLong)?;
        self.tracer.emit(now, || Event::Packet {
            layer: Layer::Udp,
            upward: false,
            bytes: buffer.as_slice(),
        });
        self.ipv4_output_by(now, hop, header, buffer, offload)?;
        self.count(Counter::UdpSent);
        Ok(())
    }

    /// A device computes the checksum of what it sees whole.
    fn checksum_by(&self, hop: NextHop, length: usize) -> ChecksumBy {
        let can = self.network.fills_in_checksums(hop.interface);
        let is_whole = length <= usize::from(self.network.mtu(hop.interface));
        if can && is_whole { ChecksumBy::Device } else { ChecksumBy::Us }
    }
}

/// Between which IPv4 addresses it goes.
const fn addresses(outgoing: &Outgoing) -> Option<(Ipv4Addr, Ipv4Addr)> {
    match outgoing.pair {
        SocketPair { local: SocketAddr::V4(local), remote: SocketAddr::V4(remote) } => {
            Some((*local.ip(), *remote.ip()))
        }
        _ => None,
    }
}
