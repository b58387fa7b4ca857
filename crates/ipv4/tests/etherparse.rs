//! etherparse judges the header: what one writes the other reads the same, and both agree on
//! what is no header at all.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::net::Ipv4Addr;

use etherparse::{IpDscp, IpEcn, IpFragOffset, IpNumber, Ipv4Header, Ipv4Slice, LaxIpv4Slice};
use ipv4::{
    Datagram, Dscp, Ecn, FragmentOffset, Header, Malformed, Options, Protocol, QuotedChecksum,
};
use packet::Buffer;
use proptest::prelude::*;

fn any_options() -> impl Strategy<Value = Options> {
    (0usize..=10)
        .prop_flat_map(|words| prop::collection::vec(any::<u8>(), words * 4))
        .prop_map(|bytes| Options::new(&bytes).unwrap())
}

fn any_header() -> impl Strategy<Value = Header> {
    let ecn = prop::sample::select(vec![
        Ecn::NotCapable,
        Ecn::Capable0,
        Ecn::Capable1,
        Ecn::CongestionExperienced,
    ]);
    let fragment = (any::<bool>(), any::<bool>(), any::<bool>(), 0u16..8192);
    (
        (0u8..64, ecn, any::<u16>(), fragment),
        (any::<u8>(), any::<u8>(), any::<u32>(), any::<u32>(), any_options()),
    )
        .prop_map(|((dscp, ecn, identification, fragment), rest)| {
            let (reserved, dont_fragment, more_fragments, offset) = fragment;
            let (ttl, protocol, source, destination, options) = rest;
            Header {
                dscp: Dscp::new(dscp).unwrap(),
                ecn,
                identification,
                reserved,
                dont_fragment,
                more_fragments,
                fragment_offset: FragmentOffset::from_bytes(offset * 8).unwrap(),
                ttl,
                protocol: Protocol::from(protocol),
                source: Ipv4Addr::from_bits(source),
                destination: Ipv4Addr::from_bits(destination),
                options,
            }
        })
}

fn written(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    buffer.append(payload);
    header.prepend_to(&mut buffer).unwrap();
    buffer.as_slice().to_vec()
}

/// The same header in etherparse's words. It has none for the reserved flag.
fn in_its_words(header: &Header, payload_length: usize) -> Ipv4Header {
    let mut theirs = Ipv4Header {
        dscp: IpDscp::try_new(header.dscp.value()).unwrap(),
        ecn: IpEcn::try_new(header.ecn as u8).unwrap(),
        total_len: u16::try_from(header.length() + payload_length).unwrap(),
        identification: header.identification,
        dont_fragment: header.dont_fragment,
        more_fragments: header.more_fragments,
        fragment_offset: IpFragOffset::try_new(header.fragment_offset.bytes() / 8).unwrap(),
        time_to_live: header.ttl,
        protocol: IpNumber(header.protocol.into()),
        header_checksum: 0,
        source: header.source.octets(),
        destination: header.destination.octets(),
        options: header.options.as_slice().try_into().unwrap(),
    };
    theirs.header_checksum = theirs.calc_header_checksum();
    theirs
}

/// Where the checksum field stands.
const CHECKSUM: std::ops::Range<usize> = 10..12;

/// Puts a correct checksum into `bytes`, which begin with a header of `header_length`.
fn mend_checksum(bytes: &mut [u8], header_length: usize) {
    bytes[CHECKSUM].fill(0);
    let sum = checksum::Sum::new().add_bytes(&bytes[..header_length]);
    bytes[CHECKSUM].copy_from_slice(&sum.checksum().to_be_bytes());
}

/// What etherparse and we say of the same bytes must be one and the same.
fn compare_verdicts(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = Ipv4Slice::from_slice(bytes);
    match (Datagram::parse(bytes), theirs) {
        (Ok(ours), Ok(theirs)) => {
            let mut header = ours.header();
            header.reserved = false;
            let mut expected = in_its_words(&header, ours.payload().len());
            // The checksum that was read covers the reserved flag; theirs does not know it.
            expected.header_checksum = theirs.header().header_checksum();
            prop_assert_eq!(expected, theirs.header().to_header());
            if theirs.extensions().auth.is_none() {
                prop_assert_eq!(ours.payload(), theirs.payload().payload);
            }
            prop_assert_eq!(ours.is_fragment(), theirs.is_payload_fragmented());
        }
        // A checksum is ours alone to judge: etherparse reads it and leaves it at that.
        (Err(Malformed::Checksum { computed, .. }), Ok(theirs)) => {
            let header = theirs.header();
            prop_assert_ne!(computed, header.header_checksum());
            let reserved = bytes[6] & 0x80 != 0;
            if !reserved {
                prop_assert_eq!(computed, header.to_header().calc_header_checksum());
            }
        }
        (Err(_), Err(_)) => {}
        // etherparse reads on into an authentication header (protocol 51), which to us is payload.
        (Ok(ours), Err(_)) => prop_assert_eq!(u8::from(ours.protocol()), 51),
        (ours, theirs) => prop_assert!(false, "ours: {:?}, theirs: {:?}", ours, theirs),
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_we_write_it_reads_the_same(
        header in any_header(), payload in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        let header = Header { reserved: false, ..header };
        let bytes = written(&header, &payload);
        let (theirs, rest) = Ipv4Header::from_slice(&bytes).unwrap();
        prop_assert_eq!(theirs, in_its_words(&header, payload.len()));
        prop_assert_eq!(rest, payload);
    }

    #[test]
    fn what_it_writes_we_read_the_same(
        header in any_header(), payload in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        let header = Header { reserved: false, ..header };
        let mut bytes = in_its_words(&header, payload.len()).to_bytes().to_vec();
        bytes.extend(&payload);
        let datagram = Datagram::parse(&bytes).unwrap();
        prop_assert_eq!(datagram.header(), header);
        prop_assert_eq!(datagram.payload(), payload);
    }

    #[test]
    fn what_was_read_is_written_again_byte_for_byte(
        header in any_header(), payload in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        let bytes = written(&header, &payload);
        let datagram = Datagram::parse(&bytes).unwrap();
        prop_assert_eq!(datagram.header(), header);
        prop_assert_eq!(written(&datagram.header(), datagram.payload()), bytes);
    }

    #[test]
    fn random_bytes_get_the_same_verdict(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        compare_verdicts(&bytes)?;
    }

    #[test]
    fn bent_datagrams_get_the_same_verdict(
        header in any_header(),
        payload in prop::collection::vec(any::<u8>(), 0..60),
        changes in prop::collection::vec((0usize..20, any::<u8>()), 0..3),
        length in any::<prop::sample::Index>(),
        mended in any::<bool>(),
    ) {
        let mut bytes = written(&header, &payload);
        for (at, to) in changes {
            bytes[at] = to;
        }
        let header_length = usize::from(bytes[0] & 0x0f) * 4;
        if mended && (20..=bytes.len()).contains(&header_length) {
            mend_checksum(&mut bytes, header_length);
        }
        bytes.truncate(length.index(bytes.len() + 1));
        compare_verdicts(&bytes)?;
    }

    #[test]
    fn of_a_quoted_datagram_both_read_the_same(
        header in any_header(),
        payload in prop::collection::vec(any::<u8>(), 0..60),
        length in any::<prop::sample::Index>(),
        ttl in any::<u8>(),
    ) {
        let header = Header { reserved: false, ..header };
        let mut bytes = written(&header, &payload);
        // As some routers quote: counted down, the checksum as it was.
        bytes[8] = ttl;
        bytes.truncate(length.index(bytes.len() + 1));
        let ours = Datagram::parse_quoted(&bytes, QuotedChecksum::Ignore);
        prop_assert_eq!(ours.is_ok(), bytes.len() >= header.length());
        let theirs = LaxIpv4Slice::from_slice(&bytes);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok());
        let (Ok(ours), Ok((theirs, _))) = (ours, theirs) else { return Ok(()) };
        prop_assert_eq!(ours.header(), Header { ttl, ..header });
        prop_assert_eq!(ours.total_length(), theirs.header().total_len());
        if theirs.payload_ip_number() == theirs.header().protocol()
            && theirs.extensions().auth.is_none()
        {
            prop_assert_eq!(ours.payload(), theirs.payload().payload);
        }
        let verified = Datagram::parse_quoted(&bytes, QuotedChecksum::Verify);
        prop_assert_eq!(verified.is_ok(), ttl == header.ttl);
    }

    #[test]
    fn a_payload_without_room_is_refused_and_kept(header in any_header(), beyond in 1usize..100) {
        let longest = 65_535 - header.length();
        let mut buffer = Buffer::new();
        buffer.append(&vec![7; longest + beyond]);
        prop_assert!(header.prepend_to(&mut buffer).is_err());
        prop_assert_eq!(buffer.len(), longest + beyond);
        let mut buffer = Buffer::new();
        buffer.append(&vec![7; longest]);
        prop_assert!(header.prepend_to(&mut buffer).is_ok());
        prop_assert_eq!(Datagram::parse(buffer.as_slice()).unwrap().payload().len(), longest);
    }
}
