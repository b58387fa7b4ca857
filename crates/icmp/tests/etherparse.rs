//! etherparse judges the messages: what one writes the other reads the same, and both agree on
//! what is no message at all.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use etherparse::icmpv4::{
    DestUnreachableHeader, ParameterProblemHeader, RedirectCode, RedirectHeader, TimeExceededCode,
};
use etherparse::{
    IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type, LaxIpv4Slice, PacketBuilder,
};
use icmp::{
    Echo, ErrorKind, ErrorMessage, HEADER_LEN, Malformed, Message, Packet, ParameterProblem, Query,
    QueryKind, QuotedDatagram, Redirect, RedirectScope, TimeExceeded, Unreachable,
};
use ipv4::Datagram;
use packet::Buffer;
use proptest::prelude::*;

/// Every message that has a name here and that may be sent. What has none, and what may only be
/// received, comes by its bytes.
fn any_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        (any::<bool>(), any::<u16>(), any::<u16>()).prop_map(|(request, identifier, number)| {
            let echo = Echo { identifier, sequence_number: number };
            if request { Message::EchoRequest(echo) } else { Message::EchoReply(echo) }
        }),
        any_error_kind().prop_map(|kind| Message::Error(ErrorMessage::new(kind))),
        (any_redirect_scope(), any::<[u8; 4]>()).prop_map(|(scope, router)| Message::Redirect(
            Redirect { scope, router: router.into() }
        )),
        (any_query_kind(), any::<u16>(), any::<u16>()).prop_map(|(kind, identifier, number)| {
            Message::Query(Query { kind, identifier, sequence_number: number })
        }),
    ]
}

fn any_error_kind() -> impl Strategy<Value = ErrorKind> {
    let unreachable = prop_oneof![
        prop::sample::select(&[
            Unreachable::Network,
            Unreachable::Host,
            Unreachable::Protocol,
            Unreachable::Port,
            Unreachable::SourceRouteFailed,
            Unreachable::NetworkUnknown,
            Unreachable::HostUnknown,
            Unreachable::SourceHostIsolated,
            Unreachable::NetworkProhibited,
            Unreachable::HostProhibited,
            Unreachable::NetworkForTypeOfService,
            Unreachable::HostForTypeOfService,
            Unreachable::CommunicationProhibited,
            Unreachable::HostPrecedenceViolation,
            Unreachable::PrecedenceCutoff,
        ]),
        any::<u16>().prop_map(|next_hop_mtu| Unreachable::FragmentationNeeded { next_hop_mtu }),
    ];
    let time = prop::sample::select(&[TimeExceeded::InTransit, TimeExceeded::Reassembly]);
    let parameter = prop_oneof![
        any::<u8>().prop_map(ParameterProblem::Pointer),
        Just(ParameterProblem::MissingOption),
        Just(ParameterProblem::BadLength),
    ];
    prop_oneof![
        unreachable.prop_map(ErrorKind::DestinationUnreachable),
        time.prop_map(ErrorKind::TimeExceeded),
        parameter.prop_map(ErrorKind::ParameterProblem),
    ]
}

fn any_redirect_scope() -> impl Strategy<Value = RedirectScope> {
    prop::sample::select(&[
        RedirectScope::Network,
        RedirectScope::Host,
        RedirectScope::NetworkAndTypeOfService,
        RedirectScope::HostAndTypeOfService,
    ])
}

fn any_query_kind() -> impl Strategy<Value = QueryKind> {
    prop::sample::select(&[
        QueryKind::TimestampRequest,
        QueryKind::TimestampReply,
        QueryKind::InformationRequest,
        QueryKind::InformationReply,
        QueryKind::AddressMaskRequest,
        QueryKind::AddressMaskReply,
    ])
}

/// The message as etherparse would say it; `None` if it has no word for it.
fn in_its_words(message: &Message) -> Option<Icmpv4Type> {
    let echo = |echo: &Echo| IcmpEchoHeader { id: echo.identifier, seq: echo.sequence_number };
    Some(match message {
        Message::EchoRequest(request) => Icmpv4Type::EchoRequest(echo(request)),
        Message::EchoReply(reply) => Icmpv4Type::EchoReply(echo(reply)),
        Message::Error(error) => error_in_its_words(error.kind())?,
        Message::Redirect(Redirect { scope, router }) => Icmpv4Type::Redirect(RedirectHeader {
            code: match scope {
                RedirectScope::Network => RedirectCode::RedirectForNetwork,
                RedirectScope::Host => RedirectCode::RedirectForHost,
                RedirectScope::NetworkAndTypeOfService => {
                    RedirectCode::RedirectForTypeOfServiceAndNetwork
                }
                RedirectScope::HostAndTypeOfService => {
                    RedirectCode::RedirectForTypeOfServiceAndHost
                }
            },
            gateway_internet_address: router.octets(),
        }),
        Message::Query(_) | Message::SourceQuench(_) | Message::Unknown(_) => return None,
    })
}

fn error_in_its_words(kind: ErrorKind) -> Option<Icmpv4Type> {
    use DestUnreachableHeader as Theirs;
    Some(match kind {
        ErrorKind::DestinationUnreachable(why) => Icmpv4Type::DestinationUnreachable(match why {
            Unreachable::Network => Theirs::Network,
            Unreachable::Host => Theirs::Host,
            Unreachable::Protocol => Theirs::Protocol,
            Unreachable::Port => Theirs::Port,
            Unreachable::FragmentationNeeded { next_hop_mtu } => {
                Theirs::FragmentationNeeded { next_hop_mtu }
            }
            Unreachable::SourceRouteFailed => Theirs::SourceRouteFailed,
            Unreachable::NetworkUnknown => Theirs::NetworkUnknown,
            Unreachable::HostUnknown => Theirs::HostUnknown,
            Unreachable::SourceHostIsolated => Theirs::Isolated,
            Unreachable::NetworkProhibited => Theirs::NetworkProhibited,
            Unreachable::HostProhibited => Theirs::HostProhibited,
            Unreachable::NetworkForTypeOfService => Theirs::TosNetwork,
            Unreachable::HostForTypeOfService => Theirs::TosHost,
            Unreachable::CommunicationProhibited => Theirs::FilterProhibited,
            Unreachable::HostPrecedenceViolation => Theirs::HostPrecedenceViolation,
            Unreachable::PrecedenceCutoff => Theirs::PrecedenceCutoff,
            Unreachable::Other(_) => return None,
        }),
        ErrorKind::TimeExceeded(what) => Icmpv4Type::TimeExceeded(match what {
            TimeExceeded::InTransit => TimeExceededCode::TtlExceededInTransit,
            TimeExceeded::Reassembly => TimeExceededCode::FragmentReassemblyTimeExceeded,
            TimeExceeded::Other(_) => return None,
        }),
        ErrorKind::ParameterProblem(what) => Icmpv4Type::ParameterProblem(match what {
            ParameterProblem::Pointer(pointer) => {
                ParameterProblemHeader::PointerIndicatesError(pointer)
            }
            ParameterProblem::MissingOption => ParameterProblemHeader::MissingRequiredOption,
            ParameterProblem::BadLength => ParameterProblemHeader::BadLength,
            ParameterProblem::Other(_) => return None,
        }),
    })
}

/// What both say of a message that has a name on one side alone.
fn compare_numbers(message: &Message, theirs: &Icmpv4Slice<'_>) -> Result<(), TestCaseError> {
    let numbers = (theirs.type_u8(), theirs.code_u8());
    match message {
        Message::Unknown(other) => {
            prop_assert_eq!((other.kind(), other.code()), numbers);
            prop_assert_eq!(other.rest(), theirs.bytes5to8());
        }
        Message::SourceQuench(_) => prop_assert_eq!(numbers, (4, 0)),
        Message::Query(Query { kind, identifier, sequence_number }) => {
            prop_assert_eq!(numbers, (type_of(*kind), 0));
            let echo = IcmpEchoHeader { id: *identifier, seq: *sequence_number };
            prop_assert_eq!(echo.to_bytes(), theirs.bytes5to8());
        }
        Message::Error(error) => {
            let (kind, code) = match error.kind() {
                ErrorKind::DestinationUnreachable(Unreachable::Other(code)) => (3, code),
                ErrorKind::TimeExceeded(TimeExceeded::Other(code)) => (11, code),
                ErrorKind::ParameterProblem(ParameterProblem::Other(code)) => (12, code),
                named => return Err(TestCaseError::fail(format!("{named:?} has a name"))),
            };
            prop_assert_eq!((kind, code.value()), numbers);
        }
        named => prop_assert!(false, "{:?} has a name", named),
    }
    let theirs = theirs.icmp_type();
    let is_timestamp =
        matches!(theirs, Icmpv4Type::TimestampRequest(_) | Icmpv4Type::TimestampReply(_));
    prop_assert!(is_timestamp || matches!(theirs, Icmpv4Type::Unknown { .. }), "{:?}", theirs);
    Ok(())
}

/// RFC 792 and RFC 950.
const fn type_of(query: QueryKind) -> u8 {
    match query {
        QueryKind::TimestampRequest => 13,
        QueryKind::TimestampReply => 14,
        QueryKind::InformationRequest => 15,
        QueryKind::InformationReply => 16,
        QueryKind::AddressMaskRequest => 17,
        QueryKind::AddressMaskReply => 18,
    }
}

fn written(message: &Message, data: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    buffer.append(data);
    message.prepend_to(&mut buffer);
    buffer.as_slice().to_vec()
}

/// What etherparse and we say of the same bytes must be one and the same.
fn compare_verdicts(bytes: &[u8]) -> Result<(), TestCaseError> {
    match (Packet::parse(bytes), Icmpv4Slice::from_slice(bytes)) {
        (Ok(ours), Ok(theirs)) => match in_its_words(&ours.message()) {
            Some(message) => {
                prop_assert_eq!(message, theirs.icmp_type());
                prop_assert_eq!(ours.data(), theirs.payload());
            }
            None => compare_numbers(&ours.message(), &theirs)?,
        },
        // A checksum is ours alone to judge: etherparse reads it and leaves it at that.
        (Err(Malformed::Checksum { found, computed }), Ok(theirs)) => {
            prop_assert_eq!(found, theirs.checksum());
            let mut mended = bytes.to_vec();
            mended[2..4].copy_from_slice(&computed.to_be_bytes());
            prop_assert!(Packet::parse(&mended).is_ok());
        }
        (Err(Malformed::Truncated { .. }), Err(_)) => prop_assert!(bytes.len() < 8),
        // It wants timestamp messages (13 and 14, code 0) to be 20 bytes; we read no times.
        (_, Err(_)) => {
            prop_assert!(matches!(bytes, [13 | 14, 0, ..]) && bytes.len() != 20);
        }
        (ours, theirs) => prop_assert!(false, "ours: {:?}, theirs: {:?}", ours, theirs),
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_we_write_it_reads_the_same(
        message in any_message(), data in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        let bytes = written(&message, &data);
        let Some(expected) = in_its_words(&message) else {
            // etherparse has no word for a query without the times of a timestamp.
            let bytes = written(&message, &data[..data.len().min(12)]);
            return compare_verdicts(&bytes);
        };
        let theirs = Icmpv4Slice::from_slice(&bytes).unwrap();
        prop_assert_eq!(theirs.header(), Icmpv4Header::with_checksum(expected, &data));
        prop_assert_eq!(theirs.payload(), data);
    }

    #[test]
    fn what_it_writes_we_read_the_same(
        message in any_message(), data in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        let theirs = in_its_words(&message).unwrap_or(Icmpv4Type::Unknown {
            type_u8: match message { Message::Query(query) => type_of(query.kind), _ => 42 },
            code_u8: 0,
            bytes5to8: match message {
                Message::Query(Query { identifier: id, sequence_number: seq, .. }) => {
                    IcmpEchoHeader { id, seq }.to_bytes()
                }
                _ => [0; 4],
            },
        });
        let mut bytes = Icmpv4Header::with_checksum(theirs, &data).to_bytes().to_vec();
        bytes.extend(&data);
        let packet = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(packet.message(), message);
        prop_assert_eq!(packet.data(), data);
    }

    #[test]
    fn what_was_read_is_written_again_byte_for_byte(
        mut bytes in prop::collection::vec(any::<u8>(), 8..100),
        kind in prop::option::of(0u8..20),
        code in prop::option::of(0u8..20),
    ) {
        bytes[0] = kind.unwrap_or(bytes[0]);
        bytes[1] = code.unwrap_or(bytes[1]);
        mend_checksum(&mut bytes);
        let packet = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(written(&packet.message(), packet.data()), bytes);
    }

    #[test]
    fn random_and_cut_off_bytes_get_the_same_verdict(
        mut bytes in prop::collection::vec(any::<u8>(), 0..60),
        message in prop::option::of(any_message()),
        length in any::<prop::sample::Index>(),
    ) {
        if let Some(message) = message {
            bytes = written(&message, &bytes);
            bytes.truncate(length.index(bytes.len() + 1));
        }
        compare_verdicts(&bytes)?;
    }

    /// What an error quotes of a UDP datagram, etherparse finds in our message, and we in its.
    #[test]
    fn icmp_2_the_quote_is_read_the_same(
        kind in any_error_kind(),
        source in any::<[u8; 4]>(),
        destination in any::<[u8; 4]>(),
        ports in any::<(u16, u16)>(),
        payload in prop::collection::vec(any::<u8>(), 0..1_400),
    ) {
        let mut offending = Vec::new();
        PacketBuilder::ipv4(source, destination, 64)
            .udp(ports.0, ports.1)
            .write(&mut offending, &payload)
            .unwrap();
        let mut buffer = Buffer::new();
        kind.lay_down_about(&Datagram::parse(&offending).unwrap(), &mut buffer);

        let data = Icmpv4Slice::from_slice(buffer.as_slice()).unwrap().payload();
        prop_assert_eq!(data, &offending[..offending.len().min(576 - 20 - HEADER_LEN)]);
        let (theirs, stopped) = LaxIpv4Slice::from_slice(data).unwrap();
        prop_assert_eq!(stopped, None);
        let ours = QuotedDatagram::read(data, |_| true).unwrap();
        prop_assert_eq!(ours.source, theirs.header().source_addr());
        prop_assert_eq!(ours.destination, theirs.header().destination_addr());
        prop_assert_eq!(u8::from(ours.protocol), theirs.payload_ip_number().0);
        prop_assert_eq!(ours.total_length, theirs.header().total_len());
        prop_assert_eq!(&ours.transport, &theirs.payload().payload[..8]);
        let found = ours.ports().unwrap();
        prop_assert_eq!((found.source, found.destination), ports);
    }
}

/// Every type with every code, in turn: random bytes seldom hit the ones with a name.
#[test]
fn every_type_and_code_gets_the_same_verdict() {
    for kind in 0..=u8::MAX {
        for code in 0..=u8::MAX {
            let mut bytes = vec![kind, code, 0, 0, 0x12, 0x34, 0x56, 0x78];
            bytes.resize(20, 0);
            mend_checksum(&mut bytes);
            compare_verdicts(&bytes).unwrap();
            let packet = Packet::parse(&bytes).unwrap();
            assert_eq!(written(&packet.message(), packet.data()), bytes);
        }
    }
}

/// Puts a correct checksum into `bytes`.
fn mend_checksum(bytes: &mut [u8]) {
    bytes[2..4].fill(0);
    let checksum = checksum::Sum::new().add_bytes(bytes).checksum();
    bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
}
