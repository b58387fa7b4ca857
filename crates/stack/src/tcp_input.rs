//! A TCP segment that came, and what became of one that left (RFC 9293, 3.10.7 and 3.9.2.2).

use std::net::{IpAddr, SocketAddr};

use icmp::{ErrorReport, HostError};
use ipv4::{Datagram, Destination, Protocol};
use packet::Instant;
use tcp::{
    AddressPair, Error, Malformed, Quote, Report, ReportDropped, Segment, SegmentDropped,
    SocketPair,
};
use trace::{Event, Layer};

use crate::arrival::Arrival;
use crate::network::NetworkNow;
use crate::{Counter, Stack};

impl Stack {
    /// Takes the payload of `datagram` as a segment and hands it to its connection.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn tcp_input(
        &mut self,
        arrival: Arrival,
        to: Destination,
        datagram: &Datagram<'_>,
    ) -> Result<(), Counter> {
        let bytes = datagram.payload();
        let (source, destination) = (datagram.source(), datagram.destination());
        let pseudo_header = ipv4::pseudo_header(source, destination, Protocol::Tcp);
        let segment = Segment::parse(bytes, pseudo_header, arrival.checksum).map_err(reason)?;
        self.tracer.emit(arrival.now, || Event::Packet { layer: Layer::Tcp, upward: true, bytes });
        // MUST-57: a connection is between two hosts.
        if to != Destination::Host {
            return Err(Counter::TcpToMany);
        }
        let addresses = AddressPair { source: source.into(), destination: destination.into() };
        let network = NetworkNow { network: &self.network, now: arrival.now };
        let evicted = self.tcp.time_wait_evicted();
        let withheld = self.tcp.replies_withheld();
        let taken = self.tcp.handle_segment(arrival.now, &network, addresses, &segment);
        if self.tcp.time_wait_evicted() != evicted {
            self.count(Counter::TcpTimeWaitEvicted);
        }
        if self.tcp.replies_withheld() != withheld {
            self.count(Counter::TcpRepliesWithheld);
        }
        taken.map_err(reason_of_drop)?;
        self.count(Counter::TcpReceived);
        Ok(())
    }

    /// Hands a report to the connection whose segment it is about (MUST-54).
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn tcp_report(&mut self, now: Instant, report: &ErrorReport) -> Result<(), Counter> {
        let quoted = &report.quoted;
        let quote = Quote::read(&quoted.transport).ok_or(Counter::IcmpErrorForNobody)?;
        let end = |address, port| SocketAddr::new(IpAddr::V4(address), port);
        let pair = SocketPair {
            local: end(quoted.source, quote.source_port),
            remote: end(quoted.destination, quote.destination_port),
        };
        let error = error(report.kind.host_error());
        let report = Report { pair, sequence_number: quote.sequence_number, error };
        match self.tcp.handle_report(now, &report) {
            Ok(()) => Ok(()),
            Err(ReportDropped::NoConnection) => Err(Counter::IcmpErrorForNobody),
            Err(ReportDropped::NotOutstanding) => Err(Counter::IcmpErrorForged),
        }
    }
}

/// What an ICMP error means to a program that uses TCP.
const fn error(error: HostError) -> Error {
    match error {
        HostError::NetworkUnreachable => Error::NetworkUnreachable,
        HostError::ConnectionRefused => Error::ConnectionRefused,
        HostError::ProtocolNotAvailable => Error::ProtocolNotAvailable,
        HostError::ProtocolError => Error::ProtocolError,
        HostError::HostUnreachable
        | HostError::HostDown
        | HostError::NotOnNetwork
        | HostError::MessageTooLong { .. }
        | HostError::SourceRouteFailed => Error::HostUnreachable,
    }
}

/// The counter for bytes that are no segment.
const fn reason(malformed: Malformed) -> Counter {
    match malformed {
        Malformed::Truncated { .. } => Counter::TcpTruncated,
        Malformed::HeaderLength { .. } => Counter::TcpBadHeaderLength,
        Malformed::Checksum { .. } => Counter::TcpBadChecksum,
    }
}

/// The counter for a segment that went no further.
const fn reason_of_drop(dropped: SegmentDropped) -> Counter {
    match dropped {
        SegmentDropped::NoConnection => Counter::TcpNoConnection,
        SegmentDropped::OutOfWindow => Counter::TcpOutOfWindow,
        SegmentDropped::OldTimestamp => Counter::TcpOldTimestamp,
        SegmentDropped::NoTimestamp => Counter::TcpNoTimestamp,
        SegmentDropped::ResetNotExact => Counter::TcpResetNotExact,
        SegmentDropped::UnexpectedReset => Counter::TcpUnexpectedReset,
        SegmentDropped::UnexpectedSyn => Counter::TcpUnexpectedSyn,
        SegmentDropped::BadAcknowledgment => Counter::TcpBadAcknowledgment,
        SegmentDropped::NoFlags => Counter::TcpNoFlags,
        SegmentDropped::NobodyReads => Counter::TcpNobodyReads,
        SegmentDropped::BacklogFull => Counter::TcpBacklogFull,
        SegmentDropped::TooManyConnections => Counter::TcpTooManyConnections,
    }
}
