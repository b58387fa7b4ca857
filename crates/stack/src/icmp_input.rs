//! An ICMP message that came: an echo request gets its reply (RFC 1122, 3.2.2.6).

use std::net::Ipv4Addr;

use icmp::{Echo, ErrorMessage, ErrorReport, Malformed, Message, Packet};
use ipv4::{Datagram, Header, Protocol};
use packet::{Instant, InterfaceId};
use trace::{Event, Layer};

use crate::{Counter, Stack};

impl Stack {
    /// Takes the payload of `datagram` as an ICMP message and does what it asks for.
    ///
    /// # Errors
    /// The counter under which it was dropped.
    pub(crate) fn icmp_input(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        datagram: &Datagram<'_>,
    ) -> Result<(), Counter> {
        let bytes = datagram.payload();
        let packet = Packet::parse(bytes).map_err(reason)?;
        self.tracer.emit(now, || Event::Packet { layer: Layer::Icmp, upward: true, bytes });
        match packet.message() {
            Message::EchoRequest(echo) => {
                self.count(Counter::IcmpEchoRequests);
                self.send_echo_reply(now, interface, datagram, echo, packet.data())
            }
            Message::EchoReply(_) => Err(Counter::IcmpEchoReplyUnasked),
            Message::Error(error) => {
                Err(reason_of_error(error, packet.data(), datagram.destination()))
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
        interface: InterfaceId,
        request: &Datagram<'_>,
        echo: Echo,
        data: &[u8],
    ) -> Result<(), Counter> {
        let header = Header::new(request.destination(), request.source(), Protocol::Icmp);
        self.ipv4_output(now, interface, &header, |buffer| {
            buffer.append(data);
            Message::EchoReply(echo).prepend_to(buffer);
        })?;
        self.count(Counter::IcmpEchoRepliesSent);
        Ok(())
    }
}

/// The counter for an error about something that `ours` sent, or is said to have sent. Nothing
/// that we send so far has anybody behind it who would want to know.
fn reason_of_error(error: ErrorMessage, quote: &[u8], ours: Ipv4Addr) -> Counter {
    match ErrorReport::read(error.kind(), quote, |sender| sender == ours) {
        Ok(_) => Counter::IcmpErrorForNobody,
        Err(_) => Counter::IcmpErrorForged,
    }
}

/// The counter for bytes that are no message.
const fn reason(malformed: Malformed) -> Counter {
    match malformed {
        Malformed::Truncated { .. } => Counter::IcmpTruncated,
        Malformed::Checksum { .. } => Counter::IcmpBadChecksum,
    }
}
