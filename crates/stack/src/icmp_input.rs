//! An ICMP message that came: an echo request gets its reply (RFC 1122, 3.2.2.6), an error is
//! handed to whoever caused it (3.2.2.1, 3.2.2.4, 3.2.2.5).

use std::net::Ipv4Addr;

use icmp::{
    Echo, EchoDropped, ErrorMessage, ErrorReport, HEADER_LEN, Malformed, Message, Packet,
    ReplyEnvelope,
};
use ipv4::{Datagram, Destination, Header, Protocol};
use packet::{Instant, TransmitOffload};
use trace::{Event, Layer};

use crate::arrival::Arrival;
use crate::{Counter, Stack};

impl Stack {
    /// Takes the payload of `datagram` as an ICMP message and does what it asks for.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn icmp_input(
        &mut self,
        arrival: Arrival,
        to: Destination,
        datagram: &Datagram<'_>,
    ) -> Result<(), Counter> {
        let bytes = datagram.payload();
        let packet = Packet::parse(bytes).map_err(reason)?;
        self.tracer.emit(arrival.now, || Event::Packet { layer: Layer::Icmp, upward: true, bytes });
        match packet.message() {
            Message::EchoRequest(echo) => {
                self.count(Counter::IcmpEchoRequests);
                if to != Destination::Host {
                    return Err(Counter::IcmpEchoToMany);
                }
                self.send_echo_reply(arrival.now, datagram, echo, packet.data())
            }
            Message::EchoReply(echo) => {
                self.echo_reply_input(arrival, datagram, echo, packet.data())
            }
            Message::Error(error) => {
                self.icmp_error_input(arrival.now, datagram.source(), error, packet.data())
            }
            Message::SourceQuench(_) => Err(Counter::IcmpSourceQuench),
            Message::Redirect(_) => Err(Counter::IcmpRedirect),
            Message::Query(_) => Err(Counter::IcmpQuery),
            Message::Unknown(_) => Err(Counter::IcmpUnknown),
        }
    }

    /// Sends back what came: the same identifier, number and data (ICMP-21), from the address
    /// that was asked (ICMP-20).
    fn send_echo_reply(
        &mut self,
        now: Instant,
        request: &Datagram<'_>,
        echo: Echo,
        data: &[u8],
    ) -> Result<(), Counter> {
        let (us, them) = (request.destination(), request.source());
        let fits = HEADER_LEN + data.len() <= self.network.max_payload(now, them, false);
        let asked = request.header();
        let header = Header {
            dscp: asked.dscp,
            dont_fragment: asked.dont_fragment && fits,
            ttl: self.config.time_to_live.get(),
            ..Header::new(us, them, Protocol::Icmp)
        };
        let mut message = self.buffers.take();
        message.append(data);
        Message::EchoReply(echo).prepend_to(&mut message);
        let bytes = message.as_slice();
        self.tracer.emit(now, || Event::Packet { layer: Layer::Icmp, upward: false, bytes });
        self.ipv4_output(now, header, message, TransmitOffload::default())?;
        self.count(Counter::IcmpEchoRepliesSent);
        Ok(())
    }

    /// Hands a reply to whoever asked (ICMP-23).
    fn echo_reply_input(
        &mut self,
        arrival: Arrival,
        datagram: &Datagram<'_>,
        echo: Echo,
        data: &[u8],
    ) -> Result<(), Counter> {
        let envelope = ReplyEnvelope {
            source: datagram.source(),
            destination: datagram.destination(),
            interface: arrival.interface,
            ttl: datagram.ttl(),
        };
        match self.echo.handle_reply(arrival.now, &envelope, echo, data) {
            Ok(_) => {
                self.confirm_next_hop(arrival.now, datagram);
                self.count(Counter::IcmpEchoReplies);
                Ok(())
            }
            Err(EchoDropped::NoSocket | EchoDropped::NotAsked) => {
                Err(Counter::IcmpEchoReplyUnasked)
            }
            Err(EchoDropped::QueueFull) => Err(Counter::IcmpEchoQueueFull),
        }
    }

    /// Takes an error that `reporter` sent about the datagram that `quote` begins.
    fn icmp_error_input(
        &mut self,
        now: Instant,
        reporter: Ipv4Addr,
        error: ErrorMessage,
        quote: &[u8],
    ) -> Result<(), Counter> {
        let report = ErrorReport::read(error.kind(), quote, |sender| self.network.is_own(sender))
            .map_err(|_| Counter::IcmpErrorForged)?;
        self.icmp_report(now, reporter, &report)?;
        self.count(Counter::IcmpErrorsReceived);
        Ok(())
    }

    /// Hands a report to the protocol whose datagram it is about (ICMP-3).
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn icmp_report(
        &mut self,
        now: Instant,
        reporter: Ipv4Addr,
        report: &ErrorReport,
    ) -> Result<(), Counter> {
        match report.quoted.protocol {
            Protocol::Udp => self.udp_report(now, reporter, report),
            Protocol::Icmp => match self.echo.handle_report(now, reporter, report) {
                Ok(_) => Ok(()),
                Err(EchoDropped::NoSocket) => Err(Counter::IcmpErrorForNobody),
                Err(EchoDropped::NotAsked) => Err(Counter::IcmpErrorForged),
                Err(EchoDropped::QueueFull) => Err(Counter::IcmpErrorQueueFull),
            },
            Protocol::Tcp => self.tcp_report(now, report),
            Protocol::Other(_) => Err(Counter::IcmpErrorForNobody),
        }
    }
}

/// The counter for bytes that are no message.
const fn reason(malformed: Malformed) -> Counter {
    match malformed {
        Malformed::Truncated { .. } => Counter::IcmpTruncated,
        Malformed::Checksum { .. } => Counter::IcmpBadChecksum,
    }
}
