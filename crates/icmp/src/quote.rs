//! The quote in an error: the beginning of the datagram that it is about.
//!
//! ```text
//!   │◄──────────────────────── at most 576 bytes ───────────────────────────►│
//!   ┌─────────────┬──────────────┬──────────────┬────────────────────────────┐
//!   │ IPv4 header │ ICMP header  │ IPv4 header  │ as much of the data as fits│
//!   └─────────────┴──────────────┴──────────────┴────────────────────────────┘
//!                                ▲ as it was received       ▲ at least 8 bytes: UDP's and
//!                                                             TCP's ports are among these
//! ```

use std::net::Ipv4Addr;

use byteorder::{ByteOrder, NetworkEndian};
use ipv4::{Datagram, Protocol, QuotedChecksum};
use packet::Buffer;

use crate::{Echo, ErrorKind, ErrorMessage, HEADER_LEN, Message, message};

/// The longest datagram that carries an error, in bytes (RFC 1812, 4.3.2.3): every host must be
/// able to take one of that length (RFC 791, 3.1).
pub const ERROR_DATAGRAM_LIMIT: usize = 576;

/// The longest quote that an error has room for, in bytes, behind an IPv4 header without options.
pub const QUOTE_LIMIT: usize = ERROR_DATAGRAM_LIMIT - ipv4::MIN_HEADER_LEN - HEADER_LEN;

impl ErrorKind {
    /// Lays the message that says this of `offending` into the empty `buffer`.
    ///
    /// Whoever received `offending` must have changed nothing in it (ICMP-2). The datagram that
    /// carries the message has no options and the default type of service (ICMP-4); it goes to
    /// the offending one's source.
    pub fn lay_down_about(self, offending: &Datagram<'_>, buffer: &mut Buffer) {
        let header = offending.header_bytes();
        let data = offending.payload();
        let room = QUOTE_LIMIT - header.len();
        buffer.append(header);
        buffer.append(data.get(..room).unwrap_or(data));
        Message::Error(ErrorMessage::new(self)).prepend_to(buffer);
    }
}

/// What a received error tells of the datagram that it is about.
///
/// Nothing of this is proven: whoever sends the error may have made it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedDatagram {
    /// Whose data it carried.
    pub protocol: Protocol,
    /// Who sent it: this host, if the error is honest.
    pub source: Ipv4Addr,
    /// Where it should have gone.
    pub destination: Ipv4Addr,
    /// How long it was in bytes, its header included. A router that tells no MTU leaves the
    /// sender to try something shorter than this (RFC 1191, 5).
    pub total_length: u16,
    /// The first 8 bytes of what it carried.
    pub transport: [u8; 8],
}

/// The ports in a [`QuotedDatagram`]; we sent it, so the source is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Ours.
    pub source: u16,
    /// The peer's.
    pub destination: u16,
}

impl QuotedDatagram {
    /// Reads `data`, what an error carries. `is_ours` says whether an address is this host's own.
    ///
    /// # Errors
    /// [`BadQuote`] says why nobody here can have sent such a datagram.
    pub fn read(data: &[u8], is_ours: impl FnOnce(Ipv4Addr) -> bool) -> Result<Self, BadQuote> {
        // Routers may have changed the header before they quoted it, and forgers can count.
        let datagram = Datagram::parse_quoted(data, QuotedChecksum::Ignore)?;
        let source = datagram.source();
        if !is_ours(source) {
            return Err(BadQuote::NotOurs { sender: source });
        }
        if datagram.header().fragment_offset.bytes() != 0 {
            return Err(BadQuote::LaterFragment);
        }
        let carried = datagram.payload();
        let transport =
            *carried.first_chunk().ok_or(BadQuote::CutShort { length: carried.len() })?;
        Ok(Self {
            protocol: datagram.protocol(),
            source,
            destination: datagram.destination(),
            total_length: datagram.total_length(),
            transport,
        })
    }

    /// Between which ports the datagram went; `None` if its protocol has none.
    #[must_use]
    pub fn ports(&self) -> Option<Ports> {
        matches!(self.protocol, Protocol::Udp | Protocol::Tcp).then(|| Ports {
            source: NetworkEndian::read_u16(&self.transport[0..2]),
            destination: NetworkEndian::read_u16(&self.transport[2..4]),
        })
    }

    /// Which of our pings it was; `None` if it was something else.
    #[must_use]
    pub fn echo_request(&self) -> Option<Echo> {
        match (self.protocol, message::Message::read(&self.transport)) {
            (Protocol::Icmp, Message::EchoRequest(request)) => Some(request),
            _ => None,
        }
    }
}

/// Why a quote is of no datagram that this host can have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuote {
    /// It does not begin with a datagram's header.
    #[error("it quotes no datagram: {0}")]
    Malformed(#[from] ipv4::Malformed),
    /// Another host sent the datagram, if anybody did.
    #[error("it quotes a datagram from {sender}, which is none of our addresses")]
    NotOurs {
        /// Who, by the quote, sent it.
        sender: Ipv4Addr,
    },
    /// There is no transport header in it. Errors about such a datagram are forbidden (ICMP-7).
    #[error("it quotes a fragment other than the first")]
    LaterFragment,
    /// Too little to tell whose datagram it was (ICMP-2).
    #[error("it quotes {length} bytes of the datagram's data, too few: there must be at least 8")]
    CutShort {
        /// How many bytes of data are quoted.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Packet, TimeExceeded, Unreachable};
    use ipv4::{FragmentOffset, Header, Options};
    use proptest::prelude::*;

    const US: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
    const UDP_HEADER: [u8; 8] = [0x9c, 0x40, 0, 9, 0, 8, 0, 0];

    /// What Linux 6.18 says of `nc -u -s 192.0.2.1 -p 40000 192.0.2.2 9`: the whole message.
    const PORT_UNREACHABLE_FROM_LINUX: &[u8] = b"\x03\x03\x02\x66\x00\x00\x00\x00\
        \x45\x00\x00\x34\xf9\x28\x40\x00\x40\x11\xbd\x8c\xc0\x00\x02\x01\xc0\x00\x02\x02\
        \x9c\x40\x00\x09\x00\x20\x84\x35hello, is anybody there?";

    fn datagram(header: &Header, payload: &[u8]) -> Vec<u8> {
        let mut buffer = Buffer::new();
        buffer.append(payload);
        header.prepend_to(&mut buffer).unwrap();
        buffer.as_slice().to_vec()
    }

    fn message_about(kind: ErrorKind, offending: &[u8]) -> Vec<u8> {
        let mut buffer = Buffer::new();
        kind.lay_down_about(&Datagram::parse(offending).unwrap(), &mut buffer);
        buffer.as_slice().to_vec()
    }

    fn read(data: &[u8]) -> Result<QuotedDatagram, BadQuote> {
        QuotedDatagram::read(data, |address| address == US)
    }

    fn udp() -> Header {
        Header::new(US, PEER, Protocol::Udp)
    }

    #[test]
    fn icmp_2_a_short_datagram_is_quoted_whole_as_linux_does() {
        let (_, offending) = PORT_UNREACHABLE_FROM_LINUX.split_at(HEADER_LEN);
        let kind = ErrorKind::DestinationUnreachable(Unreachable::Port);
        assert_eq!(message_about(kind, offending), PORT_UNREACHABLE_FROM_LINUX);
    }

    #[test]
    fn icmp_2_the_padding_of_a_frame_is_no_part_of_the_quote() {
        let mut padded = datagram(&udp(), &UDP_HEADER);
        padded.extend([0xee; 18]);
        let message = message_about(ErrorKind::TimeExceeded(TimeExceeded::InTransit), &padded);
        assert_eq!(message.len(), 8 + 28);
    }

    #[test]
    fn icmp_2_what_linux_quotes_is_read() {
        let packet = Packet::parse(PORT_UNREACHABLE_FROM_LINUX).unwrap();
        let quoted = read(packet.data()).unwrap();
        assert_eq!((quoted.source, quoted.destination, quoted.total_length), (US, PEER, 52));
        assert_eq!(quoted.transport, [0x9c, 0x40, 0, 9, 0, 0x20, 0x84, 0x35]);
        assert_eq!(quoted.ports(), Some(Ports { source: 40_000, destination: 9 }));
        assert_eq!(quoted.echo_request(), None);
    }

    #[test]
    fn only_udp_and_tcp_have_ports_and_only_a_ping_is_an_echo_request() {
        let quoted = |protocol, transport: [u8; 8]| {
            read(&datagram(&Header { protocol, ..udp() }, &transport)).unwrap()
        };
        let request = [8, 0, 0, 0, 0x12, 0x34, 0, 7];
        let ports = Some(Ports { source: 0x0800, destination: 0 });
        assert_eq!(quoted(Protocol::Tcp, request).ports(), ports);
        assert_eq!(quoted(Protocol::Tcp, request).echo_request(), None);
        assert_eq!(quoted(Protocol::Icmp, request).ports(), None);
        let echo = Echo { identifier: 0x1234, sequence_number: 7 };
        assert_eq!(quoted(Protocol::Icmp, request).echo_request(), Some(echo));
        let reply = [0, 0, 0, 0, 0x12, 0x34, 0, 7];
        assert_eq!(quoted(Protocol::Icmp, reply).echo_request(), None);
        assert_eq!(quoted(Protocol::from(47), request).ports(), None);
    }

    #[test]
    fn a_header_that_a_router_changed_is_read_all_the_same() {
        let mut changed = datagram(&udp(), &UDP_HEADER);
        changed[8] -= 1;
        assert!(read(&changed).is_ok());
    }

    #[test]
    fn what_we_cannot_have_sent_is_refused_with_the_reason() {
        let forged = datagram(&Header { source: PEER, ..udp() }, &UDP_HEADER);
        assert_eq!(read(&forged), Err(BadQuote::NotOurs { sender: PEER }));

        let honest = datagram(&udp(), &UDP_HEADER);
        assert_eq!(read(&honest[..27]), Err(BadQuote::CutShort { length: 7 }));
        assert_eq!(read(&honest[..20]), Err(BadQuote::CutShort { length: 0 }));
        assert!(matches!(read(&honest[..19]), Err(BadQuote::Malformed(_))));
        assert!(matches!(read(&[]), Err(BadQuote::Malformed(_))));

        let fragment_offset = FragmentOffset::from_bytes(8).unwrap();
        let later = Header { dont_fragment: false, fragment_offset, ..udp() };
        assert_eq!(read(&datagram(&later, &UDP_HEADER)), Err(BadQuote::LaterFragment));
        let first = Header { dont_fragment: false, more_fragments: true, ..udp() };
        assert!(read(&datagram(&first, &UDP_HEADER)).is_ok());
    }

    #[test]
    fn a_refusal_is_one_clear_line() {
        let forged = BadQuote::NotOurs { sender: PEER };
        let line = "it quotes a datagram from 192.0.2.2, which is none of our addresses";
        assert_eq!(forged.to_string(), line);
    }

    proptest! {
        /// However long the header and the data, the quote is the datagram's own beginning, as
        /// much as fits, and we read from it what we would read from the whole.
        #[test]
        fn icmp_2_the_quote_is_as_much_as_576_bytes_hold(
            options in prop::collection::vec(any::<[u8; 4]>(), 0..=10),
            payload in prop::collection::vec(any::<u8>(), 0..1_500),
            dscp in any::<u8>(),
        ) {
            let mut header = udp();
            header.options = Options::new(options.as_flattened()).unwrap();
            header.dscp = ipv4::Dscp::new(dscp & 63).unwrap();
            let offending = datagram(&header, &payload);
            let message = message_about(ErrorKind::TimeExceeded(TimeExceeded::InTransit), &offending);

            let whole = ipv4::MIN_HEADER_LEN + HEADER_LEN + offending.len();
            prop_assert_eq!(ipv4::MIN_HEADER_LEN + message.len(), whole.min(576));
            let packet = Packet::parse(&message).unwrap();
            prop_assert!(offending.starts_with(packet.data()));
            prop_assert_eq!(read(packet.data()), read(&offending));
        }

        #[test]
        fn any_bytes_are_read_without_harm(data in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = QuotedDatagram::read(&data, |_| true);
        }
    }
}
