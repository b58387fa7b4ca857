//! etherparse judges the messages: what one writes the other reads the same, and both agree on
//! what is no message at all.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type};
use icmp::{Echo, Malformed, Message, Packet};
use packet::Buffer;
use proptest::prelude::*;

fn any_echo() -> impl Strategy<Value = Message> {
    (any::<bool>(), any::<u16>(), any::<u16>()).prop_map(|(request, identifier, number)| {
        let echo = Echo { identifier, sequence_number: number };
        if request { Message::EchoRequest(echo) } else { Message::EchoReply(echo) }
    })
}

fn in_its_words(message: &Message) -> Icmpv4Type {
    let echo = |echo: &Echo| IcmpEchoHeader { id: echo.identifier, seq: echo.sequence_number };
    match message {
        Message::EchoRequest(request) => Icmpv4Type::EchoRequest(echo(request)),
        Message::EchoReply(reply) => Icmpv4Type::EchoReply(echo(reply)),
        Message::Unknown(other) => Icmpv4Type::Unknown {
            type_u8: other.kind(),
            code_u8: other.code(),
            bytes5to8: other.rest(),
        },
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
        (Ok(ours), Ok(theirs)) => match ours.message() {
            message @ (Message::EchoRequest(_) | Message::EchoReply(_)) => {
                prop_assert_eq!(in_its_words(&message), theirs.icmp_type());
                prop_assert_eq!(ours.data(), theirs.payload());
            }
            // It has names for messages that have none here yet.
            Message::Unknown(other) => {
                prop_assert_eq!(other.kind(), theirs.type_u8());
                prop_assert_eq!(other.code(), theirs.code_u8());
                prop_assert_eq!(other.rest(), theirs.bytes5to8());
            }
        },
        // A checksum is ours alone to judge: etherparse reads it and leaves it at that.
        (Err(Malformed::Checksum { found, computed }), Ok(theirs)) => {
            prop_assert_eq!(found, theirs.checksum());
            let mut mended = bytes.to_vec();
            mended[2..4].copy_from_slice(&computed.to_be_bytes());
            prop_assert!(Packet::parse(&mended).is_ok());
        }
        (Err(Malformed::Truncated { .. }), Err(_)) => prop_assert!(bytes.len() < 8),
        // It wants timestamp messages (13 and 14, code 0) to be 20 bytes; to us they are unknown.
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
        message in any_echo(), data in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        let bytes = written(&message, &data);
        let theirs = Icmpv4Slice::from_slice(&bytes).unwrap();
        let expected = Icmpv4Header::with_checksum(in_its_words(&message), &data);
        prop_assert_eq!(theirs.header(), expected);
        prop_assert_eq!(theirs.payload(), data);
    }

    #[test]
    fn what_it_writes_we_read_the_same(
        message in any_echo(), data in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        let theirs = Icmpv4Header::with_checksum(in_its_words(&message), &data);
        let mut bytes = theirs.to_bytes().to_vec();
        bytes.extend(&data);
        let packet = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(packet.message(), message);
        prop_assert_eq!(packet.data(), data);
    }

    #[test]
    fn what_was_read_is_written_again_byte_for_byte(
        mut bytes in prop::collection::vec(any::<u8>(), 8..100)
    ) {
        bytes[2..4].fill(0);
        let checksum = checksum::Sum::new().add_bytes(&bytes).checksum();
        bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
        let packet = Packet::parse(&bytes).unwrap();
        prop_assert_eq!(written(&packet.message(), packet.data()), bytes);
    }

    #[test]
    fn random_and_cut_off_bytes_get_the_same_verdict(
        mut bytes in prop::collection::vec(any::<u8>(), 0..60),
        message in prop::option::of(any_echo()),
        length in any::<prop::sample::Index>(),
    ) {
        if let Some(message) = message {
            bytes = written(&message, &bytes);
            bytes.truncate(length.index(bytes.len() + 1));
        }
        compare_verdicts(&bytes)?;
    }
}
