//! etherparse judges the segments: what one writes the other reads the same, and both agree on
//! what is no segment at all.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use checksum::Sum;
use etherparse::{TcpHeader, TcpOptionElement, TcpSlice};
use packet::{Buffer, ChecksumBy, ReceivedChecksum};
use proptest::prelude::*;
use tcp::{
    Flags, Header, Malformed, Options, SackBlock, Segment, SequenceNumber, Timestamps, WindowScale,
};

/// 6, the protocol's number.
const TCP: u16 = 6;

const SOURCE: [u8; 4] = [192, 0, 2, 1];
const DESTINATION: [u8; 4] = [192, 0, 2, 2];

/// Half of them within 100 KB of the wrap.
fn any_sequence_number() -> impl Strategy<Value = SequenceNumber> {
    let near_the_wrap = (0u32..200_000).prop_map(|offset| offset.wrapping_sub(100_000));
    prop_oneof![any::<u32>(), near_the_wrap].prop_map(SequenceNumber::new)
}

fn any_header() -> impl Strategy<Value = Header> {
    let ports = any::<(u16, u16)>();
    let numbers = (any_sequence_number(), any_sequence_number());
    (ports, numbers, any::<u8>(), any::<u16>(), any::<u16>()).prop_map(
        |(ports, numbers, flags, window, urgent_pointer)| Header {
            source_port: ports.0,
            destination_port: ports.1,
            sequence_number: numbers.0,
            acknowledgment_number: numbers.1,
            flags: Flags::from_bits(flags),
            window,
            urgent_pointer,
        },
    )
}

/// Two blocks at most: those always have room.
fn any_options() -> impl Strategy<Value = Options> {
    let timestamps =
        any::<(u32, u32)>().prop_map(|(value, echo_reply)| Timestamps { value, echo_reply });
    let block = (any_sequence_number(), any_sequence_number())
        .prop_map(|(left, right)| SackBlock { left, right });
    (
        prop::option::of(1..=u16::MAX),
        prop::option::of((0..=14u8).prop_map(WindowScale::new)),
        any::<bool>(),
        prop::option::of(timestamps),
        prop::collection::vec(block, 0..=2),
    )
        .prop_map(
            |(maximum_segment_size, window_scale, sack_permitted, timestamps, blocks)| {
                let sack_blocks = blocks.into_iter().collect();
                Options {
                    maximum_segment_size,
                    window_scale,
                    sack_permitted,
                    timestamps,
                    sack_blocks,
                }
            },
        )
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..100)
}

/// What the layer below hands in.
fn pseudo_header() -> Sum {
    Sum::new().add_u16(TCP).add_bytes(&SOURCE).add_bytes(&DESTINATION)
}

fn written(header: &Header, options: &Options, payload: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    buffer.append(payload);
    header.prepend_to(options, &mut buffer, pseudo_header(), ChecksumBy::Us, None).unwrap();
    buffer.as_slice().to_vec()
}

fn parse(bytes: &[u8]) -> Result<Segment<'_>, Malformed> {
    Segment::parse(bytes, pseudo_header(), ReceivedChecksum::Unverified)
}

/// The same header in etherparse's words, checksum and options left out.
fn in_its_words(header: &Header) -> TcpHeader {
    let mut theirs = TcpHeader::new(
        header.source_port,
        header.destination_port,
        header.sequence_number.value(),
        header.window,
    );
    theirs.acknowledgment_number = header.acknowledgment_number.value();
    theirs.urgent_pointer = header.urgent_pointer;
    theirs.fin = header.flags.fin();
    theirs.syn = header.flags.syn();
    theirs.rst = header.flags.rst();
    theirs.psh = header.flags.psh();
    theirs.ack = header.flags.ack();
    theirs.urg = header.flags.urg();
    theirs.ece = header.flags.ece();
    theirs.cwr = header.flags.cwr();
    theirs
}

/// The options in etherparse's words. Whoever uses it for writing chooses the order.
fn options_in_its_words(options: &Options) -> Vec<TcpOptionElement> {
    let mut elements = Vec::new();
    elements.extend(options.maximum_segment_size.map(TcpOptionElement::MaximumSegmentSize));
    elements.extend(options.window_scale.map(|it| TcpOptionElement::WindowScale(it.bits())));
    if options.sack_permitted {
        elements.push(TcpOptionElement::SelectiveAcknowledgementPermitted);
    }
    elements
        .extend(options.timestamps.map(|it| TcpOptionElement::Timestamp(it.value, it.echo_reply)));
    let mut blocks = options.sack_blocks.as_slice().iter();
    let mut next = || blocks.next().map(|block| (block.left.value(), block.right.value()));
    if let Some(first) = next() {
        let others = [next(), next(), next()];
        elements.push(TcpOptionElement::SelectiveAcknowledgement(first, others));
    }
    elements
}

/// What etherparse makes of the options, up to the first that it does not understand, as ours.
/// Whether it understood all stands beside.
fn options_in_our_words(theirs: &TcpSlice<'_>) -> (Options, bool) {
    let mut options = Options::NONE;
    for element in theirs.options_iterator() {
        match element {
            Ok(TcpOptionElement::Noop) => {}
            Ok(TcpOptionElement::MaximumSegmentSize(0)) => {}
            Ok(TcpOptionElement::MaximumSegmentSize(size)) => {
                options.maximum_segment_size = Some(size);
            }
            Ok(TcpOptionElement::WindowScale(bits)) => {
                options.window_scale = Some(WindowScale::new(bits));
            }
            Ok(TcpOptionElement::SelectiveAcknowledgementPermitted) => {
                options.sack_permitted = true;
            }
            Ok(TcpOptionElement::Timestamp(value, echo_reply)) => {
                options.timestamps = Some(Timestamps { value, echo_reply });
            }
            Ok(TcpOptionElement::SelectiveAcknowledgement(first, others)) => {
                let blocks = std::iter::once(first).chain(others.into_iter().flatten());
                options.sack_blocks = blocks
                    .map(|(left, right)| SackBlock {
                        left: SequenceNumber::new(left),
                        right: SequenceNumber::new(right),
                    })
                    .collect();
            }
            Err(_) => return (options, false),
        }
    }
    (options, true)
}

/// What etherparse and we say of the same bytes must be one and the same.
fn compare_verdicts(bytes: &[u8]) -> Result<(), TestCaseError> {
    // The checksum is ours alone to judge: etherparse reads it and leaves it at that.
    let vouched_for = Segment::parse(bytes, pseudo_header(), ReceivedChecksum::Verified);
    match (vouched_for, TcpSlice::from_slice(bytes)) {
        (Ok(ours), Ok(theirs)) => {
            let header = theirs.to_header();
            let expected = TcpHeader {
                // A bit that was one of the flags for some years, and is reserved again.
                ns: header.ns,
                checksum: header.checksum,
                options: header.options.clone(),
                ..in_its_words(&ours.header())
            };
            prop_assert_eq!(&header, &expected);
            prop_assert_eq!(ours.payload(), theirs.payload());
            let (options, is_whole) = options_in_our_words(&theirs);
            if is_whole {
                prop_assert_eq!(ours.options(), options);
            }
            compare_checksums(bytes, &theirs)?;
        }
        (Err(_), Err(_)) => {}
        (ours, theirs) => prop_assert!(false, "ours: {:?}, theirs: {:?}", ours, theirs),
    }
    Ok(())
}

fn compare_checksums(bytes: &[u8], theirs: &TcpSlice<'_>) -> Result<(), TestCaseError> {
    let expected = theirs.calc_checksum_ipv4(SOURCE, DESTINATION).unwrap();
    match parse(bytes) {
        Ok(_) => prop_assert_eq!(theirs.checksum(), expected),
        Err(malformed) => {
            let found = theirs.checksum();
            prop_assert_eq!(malformed, Malformed::Checksum { found, computed: expected });
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn must_2_what_we_write_it_reads_the_same(
        header in any_header(), options in any_options(), payload in any_payload()
    ) {
        let bytes = written(&header, &options, &payload);
        let theirs = TcpSlice::from_slice(&bytes).unwrap();
        let mut expected = in_its_words(&header);
        expected.set_options_raw(theirs.options()).unwrap();
        expected.checksum = expected.calc_checksum_ipv4_raw(SOURCE, DESTINATION, &payload).unwrap();
        prop_assert_eq!(theirs.to_header(), expected);
        prop_assert_eq!(theirs.payload(), payload);
        prop_assert_eq!(options_in_our_words(&theirs), (options, true));
        prop_assert_eq!(theirs.header_len(), tcp::HEADER_LEN + options.length());
    }

    #[test]
    fn must_64_what_it_writes_we_read_the_same(
        header in any_header(),
        options in any_options(),
        order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
        payload in any_payload(),
    ) {
        let elements = options_in_its_words(&options);
        // In any order, and aligned by chance only.
        let elements: Vec<_> =
            order.iter().filter_map(|&place: &usize| elements.get(place).cloned()).collect();
        let mut theirs = in_its_words(&header);
        theirs.set_options(&elements).unwrap();
        theirs.checksum = theirs.calc_checksum_ipv4_raw(SOURCE, DESTINATION, &payload).unwrap();
        let mut bytes = theirs.to_bytes().to_vec();
        bytes.extend(&payload);
        let segment = parse(&bytes).unwrap();
        prop_assert_eq!(segment.header(), header);
        prop_assert_eq!(segment.options(), options);
        prop_assert_eq!(segment.payload(), payload);
    }

    #[test]
    fn what_was_read_is_written_again_byte_for_byte(
        header in any_header(), options in any_options(), payload in any_payload()
    ) {
        let bytes = written(&header, &options, &payload);
        let segment = parse(&bytes).unwrap();
        prop_assert_eq!(segment.header(), header);
        prop_assert_eq!(segment.options(), options);
        prop_assert_eq!(written(&segment.header(), &segment.options(), segment.payload()), bytes);
    }

    #[test]
    fn a_device_that_fills_in_the_checksum_gets_what_we_would_have_written(
        header in any_header(), options in any_options(), payload in any_payload()
    ) {
        let mut buffer = Buffer::new();
        buffer.append(&payload);
        let offload = header
            .prepend_to(&options, &mut buffer, pseudo_header(), ChecksumBy::Device, None)
            .unwrap();
        let offload = offload.checksum.unwrap();
        // Headers of the layers below come in front, and change nothing.
        buffer.prepend(&[0x45; 20]);
        let covered = buffer.len() - usize::from(offload.covered);
        let field = covered + usize::from(offload.field);
        let filled_in = Sum::new().add_bytes(&buffer.as_slice()[covered..]).checksum();
        buffer.as_mut_slice()[field..field + 2].copy_from_slice(&filled_in.to_be_bytes());
        prop_assert_eq!(&buffer.as_slice()[20..], written(&header, &options, &payload));
    }

    #[test]
    fn must_3_a_changed_bit_is_found(
        header in any_header(),
        options in any_options(),
        payload in any_payload(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut bytes = written(&header, &options, &payload);
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(parse(&bytes).is_err());
    }

    #[test]
    fn random_bent_and_cut_off_bytes_get_the_same_verdict(
        mut bytes in prop::collection::vec(any::<u8>(), 0..80),
        header in prop::option::of((any_header(), any_options())),
        changes in prop::collection::vec((0usize..20, any::<u8>()), 0..3),
        length in any::<prop::sample::Index>(),
    ) {
        if let Some((header, options)) = header {
            bytes = written(&header, &options, &bytes);
            for (at, to) in changes {
                bytes[at] = to;
            }
            bytes.truncate(length.index(bytes.len() + 1));
        }
        compare_verdicts(&bytes)?;
    }

    #[test]
    fn must_7_options_of_any_bytes_get_the_same_verdict_where_etherparse_has_one(
        header in any_header(),
        options in prop::collection::vec(prop_oneof![0..12u8, any::<u8>()], 0..=40),
    ) {
        let mut theirs = in_its_words(&header);
        theirs.set_options_raw(&options).unwrap();
        theirs.checksum = theirs.calc_checksum_ipv4_raw(SOURCE, DESTINATION, &[]).unwrap();
        compare_verdicts(&theirs.to_bytes())?;
    }
}
