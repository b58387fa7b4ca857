//! A UDP datagram that came, and what became of one that left (RFC 1122, 4.1.3).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use icmp::{ErrorKind, ErrorReport, ParameterProblem, TimeExceeded, Unreachable};
use ipv4::{Datagram, Destination, Protocol};
use packet::{Instant, Segmentation, SegmentationKind};
use trace::{Event, Layer};
use udp::{
    AddressPair, Cause, DatagramDropped, Delivery, Envelope, Malformed, Report, ReportDropped,
    SocketPair,
};

use crate::arrival::Arrival;
use crate::{Counter, Stack};

impl Stack {
    /// Takes the payload of `datagram` as a UDP datagram, or as a superframe of several, up to its
    /// socket.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn udp_input(
        &mut self,
        arrival: Arrival,
        to: Destination,
        datagram: &Datagram<'_>,
    ) -> Result<(), Counter> {
        let bytes = datagram.payload();
        let (source, destination) = (datagram.source(), datagram.destination());
        let pseudo_header = ipv4::pseudo_header(source, destination, Protocol::Udp);
        let parsed =
            udp::Datagram::parse(bytes, pseudo_header, arrival.checksum).map_err(reason)?;
        self.tracer.emit(arrival.now, || Event::Packet { layer: Layer::Udp, upward: true, bytes });
        let is_superframe = |cut: &Segmentation| {
            cut.kind == SegmentationKind::Udp && cut.segments(parsed.payload().len()) > 1
        };
        let Some(Segmentation { size, .. }) = arrival.segmentation.filter(is_superframe) else {
            return self.deliver_udp(arrival, to, datagram, &parsed);
        };
        for one in parsed.cut(size) {
            let delivered = self.deliver_udp(arrival, to, datagram, &one);
            self.count_if_dropped(arrival.now, delivered);
        }
        Ok(())
    }

    /// Puts what `datagram` carries into its socket's queue.
    fn deliver_udp(
        &mut self,
        arrival: Arrival,
        to: Destination,
        datagram: &Datagram<'_>,
        carried: &udp::Datagram<'_>,
    ) -> Result<(), Counter> {
        let (source, destination) = (datagram.source(), datagram.destination());
        let envelope = Envelope {
            addresses: AddressPair { source: source.into(), destination: destination.into() },
            delivery: delivery(to),
            interface: arrival.interface,
            ttl: datagram.ttl(),
            traffic_class: datagram.traffic_class(),
            ip_options: datagram.options(),
        };
        match self.udp.handle_datagram(arrival.now, &envelope, carried) {
            Ok(_) => {
                self.count(Counter::UdpReceived);
                Ok(())
            }
            Err(DatagramDropped::NoSocket) => {
                // UDP-1
                let nobody = ErrorKind::DestinationUnreachable(Unreachable::Port);
                self.send_error(arrival, nobody, datagram);
                Err(Counter::UdpNoSocket)
            }
            Err(DatagramDropped::NoChecksum) => Err(Counter::UdpNoChecksum),
            Err(DatagramDropped::QueueFull | DatagramDropped::MemoryFull) => {
                Err(Counter::UdpReceiveQueueFull)
            }
        }
    }

    /// Hands a report to the socket whose datagram it is about (UDP-3).
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn udp_report(
        &mut self,
        now: Instant,
        reporter: Ipv4Addr,
        report: &ErrorReport,
    ) -> Result<(), Counter> {
        let quoted = &report.quoted;
        let ports = quoted.ports().ok_or(Counter::IcmpErrorForNobody)?;
        let end = |address, port| SocketAddr::new(IpAddr::V4(address), port);
        let pair = SocketPair {
            local: end(quoted.source, ports.source),
            remote: end(quoted.destination, ports.destination),
        };
        let cause = cause(report.kind);
        let report = Report { pair, cause, reporter: reporter.into(), at: now };
        match self.udp.handle_report(now, report) {
            Ok(_) => Ok(()),
            Err(ReportDropped::NoSocket) => Err(Counter::IcmpErrorForNobody),
            Err(ReportDropped::NotSent) => Err(Counter::IcmpErrorForged),
            Err(ReportDropped::QueueFull) => Err(Counter::IcmpErrorQueueFull),
        }
    }
}

/// To whom it was sent, in UDP's words.
const fn delivery(to: Destination) -> Delivery {
    match to {
        // Nothing for others gets this far.
        Destination::Host | Destination::Other => Delivery::Unicast,
        Destination::Broadcast => Delivery::Broadcast,
        Destination::Multicast => Delivery::Multicast,
    }
}

/// What an ICMP error means to UDP.
const fn cause(kind: ErrorKind) -> Cause {
    match kind {
        ErrorKind::DestinationUnreachable(why) => match why {
            Unreachable::Network
            | Unreachable::NetworkUnknown
            | Unreachable::NetworkForTypeOfService => Cause::NetworkUnreachable,
            Unreachable::Host
            | Unreachable::HostUnknown
            | Unreachable::SourceHostIsolated
            | Unreachable::HostForTypeOfService
            | Unreachable::Other(_) => Cause::HostUnreachable,
            Unreachable::Protocol => Cause::ProtocolUnreachable,
            Unreachable::Port => Cause::PortUnreachable,
            Unreachable::FragmentationNeeded { next_hop_mtu } => {
                Cause::FragmentationNeeded { mtu: next_hop_mtu }
            }
            Unreachable::SourceRouteFailed => Cause::SourceRouteFailed,
            Unreachable::NetworkProhibited
            | Unreachable::HostProhibited
            | Unreachable::CommunicationProhibited
            | Unreachable::HostPrecedenceViolation
            | Unreachable::PrecedenceCutoff => Cause::Prohibited,
        },
        ErrorKind::TimeExceeded(TimeExceeded::Reassembly) => Cause::ReassemblyTimeExceeded,
        ErrorKind::TimeExceeded(_) => Cause::TimeExceeded,
        ErrorKind::ParameterProblem(ParameterProblem::Pointer(pointer)) => {
            Cause::ParameterProblem { pointer }
        }
        ErrorKind::ParameterProblem(_) => Cause::ParameterProblem { pointer: 0 },
    }
}

/// The counter for bytes that are no datagram.
const fn reason(malformed: Malformed) -> Counter {
    match malformed {
        Malformed::Truncated { .. } => Counter::UdpTruncated,
        Malformed::Length { .. } | Malformed::CutShort { .. } => Counter::UdpBadLength,
        Malformed::Checksum { .. } => Counter::UdpBadChecksum,
    }
}
