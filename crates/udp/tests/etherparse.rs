//! etherparse judges the datagrams: what one writes the other reads the same, and both agree on
//! what is no datagram at all.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use checksum::Sum;
use etherparse::{IpNumber, Ipv4Header, Ipv6Header, UdpHeader, UdpSlice};
use packet::{Buffer, ReceivedChecksum};
use proptest::prelude::*;
use udp::{AddressPair, ChecksumBy, Datagram, Header, Malformed};

/// 17, the protocol's number.
const UDP: u16 = 17;

fn any_addresses() -> impl Strategy<Value = AddressPair> {
    let v4 = any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    let v6 = any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)));
    prop_oneof![(v4.clone(), v4), (v6.clone(), v6)]
        .prop_map(|(source, destination)| AddressPair { source, destination })
}

fn any_header() -> impl Strategy<Value = Header> {
    (any::<u16>(), any::<u16>())
        .prop_map(|(source_port, destination_port)| Header { source_port, destination_port })
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..100)
}

/// What the layer below hands in.
fn pseudo_header(addresses: AddressPair) -> Sum {
    let add = |sum: Sum, address| match address {
        IpAddr::V4(address) => sum.add_bytes(&Ipv4Addr::octets(&address)),
        IpAddr::V6(address) => sum.add_bytes(&Ipv6Addr::octets(&address)),
    };
    add(add(Sum::new().add_u16(UDP), addresses.source), addresses.destination)
}

/// The same in etherparse's words, the checksum computed by it.
fn in_its_words(header: Header, addresses: AddressPair, payload: &[u8]) -> UdpHeader {
    let Header { source_port, destination_port } = header;
    let header = match (addresses.source, addresses.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => UdpHeader::with_ipv4_checksum(
            source_port,
            destination_port,
            &Ipv4Header {
                source: source.octets(),
                destination: destination.octets(),
                protocol: IpNumber::UDP,
                ..Ipv4Header::default()
            },
            payload,
        ),
        (IpAddr::V6(source), IpAddr::V6(destination)) => UdpHeader::with_ipv6_checksum(
            source_port,
            destination_port,
            &Ipv6Header {
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv6Header::default()
            },
            payload,
        ),
        (source, destination) => panic!("{source} and {destination} are of two families"),
    };
    header.unwrap()
}

fn written(header: Header, addresses: AddressPair, payload: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    buffer.append(payload);
    header.prepend_to(&mut buffer, pseudo_header(addresses), ChecksumBy::Us).unwrap();
    buffer.as_slice().to_vec()
}

fn parse(bytes: &[u8], addresses: AddressPair) -> Result<Datagram<'_>, Malformed> {
    Datagram::parse(bytes, pseudo_header(addresses), ReceivedChecksum::Unverified)
}

/// What etherparse and we say of the same bytes must be one and the same.
fn compare_verdicts(bytes: &[u8], addresses: AddressPair) -> Result<(), TestCaseError> {
    match (parse(bytes, addresses), UdpSlice::from_slice(bytes)) {
        (Ok(ours), Ok(theirs)) => {
            let Header { source_port, destination_port } = ours.header();
            prop_assert_eq!(source_port, theirs.source_port());
            prop_assert_eq!(destination_port, theirs.destination_port());
            prop_assert_eq!(ours.payload(), theirs.payload());
            let expected = in_its_words(ours.header(), addresses, theirs.payload()).checksum;
            let correct = if ours.has_checksum() { expected } else { 0 };
            prop_assert_eq!(theirs.checksum(), correct);
        }
        // A checksum is ours alone to judge: etherparse reads it and leaves it at that.
        (Err(Malformed::Checksum { found, computed }), Ok(theirs)) => {
            prop_assert_eq!(found, theirs.checksum());
            let header = Header {
                source_port: theirs.source_port(),
                destination_port: theirs.destination_port(),
            };
            let expected = in_its_words(header, addresses, theirs.payload()).checksum;
            prop_assert_eq!(computed, expected);
        }
        // It takes a length of 0 for a jumbogram's (RFC 2675), which nobody carries to us.
        (Err(Malformed::Length { length: 0 }), Ok(_)) => {}
        (Err(_), Err(_)) => {}
        (ours, theirs) => prop_assert!(false, "ours: {:?}, theirs: {:?}", ours, theirs),
    }
    Ok(())
}

proptest! {
    #[test]
    fn udp_4_what_we_write_it_reads_the_same(
        header in any_header(), addresses in any_addresses(), payload in any_payload()
    ) {
        let bytes = written(header, addresses, &payload);
        let (theirs, rest) = UdpHeader::from_slice(&bytes).unwrap();
        prop_assert_eq!(theirs, in_its_words(header, addresses, &payload));
        prop_assert_eq!(rest, payload);
    }

    #[test]
    fn udp_4_what_it_writes_we_read_the_same(
        header in any_header(), addresses in any_addresses(), payload in any_payload()
    ) {
        let mut bytes = in_its_words(header, addresses, &payload).to_bytes().to_vec();
        bytes.extend(&payload);
        let datagram = parse(&bytes, addresses).unwrap();
        prop_assert_eq!(datagram.header(), header);
        prop_assert_eq!(datagram.payload(), payload);
        prop_assert!(datagram.has_checksum());
    }

    #[test]
    fn udp_6_a_sum_of_zero_is_written_as_all_ones_by_both(
        header in any_header(), addresses in any_addresses(), payload in any_payload()
    ) {
        // The checksum of the rest as two more bytes makes the sum all ones, its complement zero.
        let mut payload = payload;
        payload.truncate(payload.len() & !1);
        payload.extend([0, 0]);
        let checksum = written(header, addresses, &payload)[6..8].to_vec();
        payload.truncate(payload.len() - 2);
        payload.extend(checksum);
        let bytes = written(header, addresses, &payload);
        prop_assert_eq!(&bytes[6..8], &[0xff, 0xff]);
        prop_assert_eq!(in_its_words(header, addresses, &payload).checksum, 0xffff);
        prop_assert!(parse(&bytes, addresses).is_ok());
    }

    #[test]
    fn what_was_read_is_written_again_byte_for_byte(
        header in any_header(), addresses in any_addresses(), payload in any_payload()
    ) {
        let bytes = written(header, addresses, &payload);
        let datagram = parse(&bytes, addresses).unwrap();
        prop_assert_eq!(written(datagram.header(), addresses, datagram.payload()), bytes);
    }

    #[test]
    fn a_device_that_fills_in_the_checksum_gets_what_we_would_have_written(
        header in any_header(), addresses in any_addresses(), payload in any_payload()
    ) {
        let mut buffer = Buffer::new();
        buffer.append(&payload);
        let offload =
            header.prepend_to(&mut buffer, pseudo_header(addresses), ChecksumBy::Device).unwrap();
        let offload = offload.checksum.unwrap();
        // Headers of the layers below come in front, and change nothing.
        buffer.prepend(&[0x45; 20]);
        let covered = buffer.len() - usize::from(offload.covered);
        let field = covered + usize::from(offload.field);
        let filled_in = Sum::new().add_bytes(&buffer.as_slice()[covered..]).checksum();
        let filled_in = if filled_in == 0 { 0xffff } else { filled_in };
        buffer.as_mut_slice()[field..field + 2].copy_from_slice(&filled_in.to_be_bytes());
        prop_assert_eq!(&buffer.as_slice()[20..], written(header, addresses, &payload));
    }

    #[test]
    fn udp_5_a_changed_bit_is_found(
        header in any_header(),
        addresses in any_addresses(),
        payload in any_payload(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut bytes = written(header, addresses, &payload);
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verdict = parse(&bytes, addresses);
        // But for the one that turns the checksum into "none".
        prop_assert!(verdict.is_err() || bytes[6..8] == [0, 0], "{:?}", verdict);
    }

    #[test]
    fn udp_5_another_address_is_found(
        header in any_header(),
        addresses in any_addresses(),
        others in any_addresses(),
        payload in any_payload(),
    ) {
        prop_assume!(pseudo_header(addresses).fold() != pseudo_header(others).fold());
        let bytes = written(header, addresses, &payload);
        let is_refused = matches!(parse(&bytes, others), Err(Malformed::Checksum { .. }));
        prop_assert!(is_refused);
    }

    #[test]
    fn random_and_cut_off_bytes_get_the_same_verdict(
        mut bytes in prop::collection::vec(any::<u8>(), 0..60),
        addresses in any_addresses(),
        header in prop::option::of(any_header()),
        changes in prop::collection::vec((0usize..8, any::<u8>()), 0..3),
        length in any::<prop::sample::Index>(),
    ) {
        if let Some(header) = header {
            bytes = written(header, addresses, &bytes);
            for (at, to) in changes {
                bytes[at] = to;
            }
            bytes.truncate(length.index(bytes.len() + 1));
        }
        compare_verdicts(&bytes, addresses)?;
    }

    #[test]
    fn padding_gets_the_same_verdict(
        header in any_header(),
        addresses in any_addresses(),
        payload in any_payload(),
        padding in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let mut bytes = written(header, addresses, &payload);
        bytes.extend(padding);
        prop_assert_eq!(parse(&bytes, addresses).unwrap().payload(), payload);
        compare_verdicts(&bytes, addresses)?;
    }
}
