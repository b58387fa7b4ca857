//! UDP datagrams from the sockets' send queue, on their way down.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;

use ipv4::{Dscp, Ecn, Header, MIN_HEADER_LEN, Options, Protocol};
use packet::{Buffer, Instant, Segmentation, SegmentationKind, TransmitOffload};
use trace::{Event, Layer};
use udp::{ChecksumBy, Outgoing, SocketPair};

use crate::interface::TRANSMIT_QUEUE_LIMIT;
use crate::network::NextHop;
use crate::{Counter, Stack};

/// What stands before a datagram's payload at least, in bytes.
const HEADERS: usize = MIN_HEADER_LEN + udp::HEADER_LEN;

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
            let Some((payload, segmentation)) = self.take_udp(hop) else { return };
            let sent = self.send_udp(now, hop, header, ports, payload, segmentation);
            self.count_if_dropped(now, sent);
        }
    }

    /// Takes the next datagram out of the send queue, or the next few as one superframe if the
    /// device cuts it apart again.
    fn take_udp(&mut self, hop: NextHop) -> Option<(Buffer, Option<Segmentation>)> {
        let longest = usize::from(self.network.mtu(hop.interface)).saturating_sub(HEADERS);
        let together = match self.network.cuts_udp_superframes(hop.interface) {
            true => self.udp.superframe_len(longest, ipv4::MAX_LEN - HEADERS),
            false => 1,
        };
        let mut payload = self.udp.take_outgoing()?;
        if together <= 1 {
            return Some((payload, None));
        }
        let size = u16::try_from(payload.len()).ok().and_then(NonZeroU16::new)?;
        for _ in 1..together {
            let next = self.udp.take_outgoing()?;
            payload.append(next.as_slice());
            self.buffers.give_back(next);
        }
        Some((payload, Some(Segmentation { kind: SegmentationKind::Udp, size })))
    }

    /// Whether all pieces of `outgoing` find room, or as much room is free as there can be.
    fn has_room_for(&self, hop: NextHop, outgoing: &Outgoing) -> bool {
        let header = MIN_HEADER_LEN + outgoing.options.ip_options.len();
        let length = udp::HEADER_LEN + outgoing.buffer.len();
        let left = usize::from(self.network.mtu(hop.interface)).saturating_sub(header);
        // Each piece but the last carries whole units of eight bytes.
        let pieces = if length <= left { 1 } else { length.div_ceil((left / 8).max(1) * 8) };
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
        segmentation: Option<Segmentation>,
    ) -> Result<(), Counter> {
        let length = header.length() + udp::HEADER_LEN + buffer.len();
        let checksum_by = match segmentation {
            Some(_) => ChecksumBy::Device,
            None => self.checksum_by(hop, length),
        };
        let datagrams = segmentation.map_or(1, |cut| cut.segments(buffer.len()));
        let pseudo_header = ipv4::pseudo_header(header.source, header.destination, Protocol::Udp);
        let offload = ports
            .prepend_to(&mut buffer, pseudo_header, checksum_by)
            .map_err(|_| Counter::Ipv4TooLong)?;
        let offload = TransmitOffload { segmentation, ..offload };
        self.tracer.emit(now, || Event::Packet {
            layer: Layer::Udp,
            upward: false,
            bytes: buffer.as_slice(),
        });
        self.ipv4_output_by(now, hop, header, buffer, offload)?;
        self.counters.add(Counter::UdpSent, datagrams);
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
