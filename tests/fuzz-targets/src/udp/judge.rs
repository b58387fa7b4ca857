//! etherparse on datagrams: what we accept, what we refuse and what we write.

use std::net::IpAddr;

use checksum::Sum;
use packet::{Buffer, ReceivedChecksum};
use udp::{AddressPair, ChecksumBy, Datagram, Header, Malformed, SocketPair};

/// UDP datagrams between two addresses, as the bytes are and with the checksum mended.
pub(super) fn judge(bytes: &[u8], addresses: AddressPair) {
    let computed = one_datagram(bytes, addresses);
    if let Some(computed) = computed {
        let mut mended = bytes.to_vec();
        mended[6..8].copy_from_slice(&computed.to_be_bytes());
        assert_eq!(one_datagram(&mended, addresses), None, "the mended checksum is wrong");
    }
}

/// etherparse is the judge of what is well-formed, and of what the checksum should be, which is
/// returned if it is another.
fn one_datagram(bytes: &[u8], addresses: AddressPair) -> Option<u16> {
    let sum = pseudo_header(addresses);
    let ours = Datagram::parse(bytes, sum, ReceivedChecksum::Unverified);
    let Ok(theirs) = etherparse::UdpSlice::from_slice(bytes) else {
        assert!(ours.is_err());
        return None;
    };
    if theirs.length() == 0 {
        // To etherparse the length of a jumbogram (RFC 2675), which nobody carries to us.
        assert_eq!(ours, Err(Malformed::Length { length: 0 }));
        return None;
    }
    let header = theirs.to_header();
    let payload = theirs.payload();
    let correct = match (addresses.source, addresses.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            header.calc_checksum_ipv4_raw(source.octets(), destination.octets(), payload)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            header.calc_checksum_ipv6_raw(source.octets(), destination.octets(), payload)
        }
        (source, destination) => panic!("{source} and {destination} are of two families"),
    };
    let correct = correct.expect("a datagram's length fits");
    if theirs.checksum() != 0 && theirs.checksum() != correct {
        let found = theirs.checksum();
        assert_eq!(ours, Err(Malformed::Checksum { found, computed: correct }));
        return Some(correct);
    }
    let ours = ours.expect("we read every datagram that etherparse reads");
    assert_eq!(ours.header().source_port, theirs.source_port());
    assert_eq!(ours.header().destination_port, theirs.destination_port());
    assert_eq!(ours.payload(), payload);
    assert_eq!(ours.has_checksum(), theirs.checksum() != 0);

    let mut buffer = Buffer::new();
    buffer.append(payload);
    ours.header().prepend_to(&mut buffer, sum, ChecksumBy::Us).expect("what was read fits");
    let (mut again, _) = etherparse::UdpHeader::from_slice(buffer.as_slice()).expect("it is one");
    assert_eq!(again.checksum, correct);
    again.checksum = theirs.checksum();
    assert_eq!(again, header);
    assert_eq!(buffer.as_slice()[8..], *payload);
    None
}

/// What the layer below says of a datagram's addresses.
pub(super) fn pseudo_header(addresses: AddressPair) -> Sum {
    let add = |sum: Sum, address| match address {
        IpAddr::V4(address) => sum.add_bytes(&address.octets()),
        IpAddr::V6(address) => sum.add_bytes(&address.octets()),
    };
    add(add(Sum::new().add_u16(17), addresses.source), addresses.destination)
}

/// A datagram as it stands on the wire.
pub(super) fn written(pair: SocketPair, has_checksum: bool, payload: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    buffer.append(payload);
    let header = Header { source_port: pair.remote.port(), destination_port: pair.local.port() };
    let sum = pseudo_header(AddressPair { source: pair.remote.ip(), destination: pair.local.ip() });
    header.prepend_to(&mut buffer, sum, ChecksumBy::Us).expect("a fuzzer's payload fits");
    let mut bytes = buffer.as_slice().to_vec();
    if !has_checksum {
        bytes[6..8].fill(0);
    }
    bytes
}
