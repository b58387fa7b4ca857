//! Packets for the tests of this crate.

use packet::Medium;

use crate::{Offload, dissect};

/// An echo request from the kernel with 8 bytes of data.
pub(crate) const PING: &[u8] = &[
    0x45, 0x00, 0x00, 0x24, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xd5, 192, 0, 2, 1, 192, 0,
    2, 2, 0x08, 0x00, 0x66, 0x62, 0x00, 0x07, 0x00, 0x01, b'a', b'b', b'c', b'd', b'e', b'f', b'g',
    b'h',
];

/// The same on TAP.
pub(crate) const ETHERNET_PING: &[u8] = &[
    0x02, 0x00, 0x5e, 0x00, 0x02, 0x02, 0x02, 0x00, 0x5e, 0x00, 0x02, 0x01, 0x08, 0x00, 0x45, 0x00,
    0x00, 0x24, 0x00, 0x00, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xd5, 192, 0, 2, 1, 192, 0, 2, 2, 0x08,
    0x00, 0x66, 0x62, 0x00, 0x07, 0x00, 0x01, b'a', b'b', b'c', b'd', b'e', b'f', b'g', b'h',
];

/// What the kernel says when a program attaches to a TUN device.
pub(crate) const ROUTER_SOLICITATION: &[u8] = &[
    0x60, 0, 0, 0, 0, 8, 58, 255, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x02,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 133, 0, 0x7d, 0x36, 0, 0, 0, 0,
];

/// The summary's line.
pub(crate) fn line(bytes: &[u8], medium: Medium) -> String {
    dissect(bytes, medium, Offload::default()).summary.to_string()
}

/// A frame from 02:00:5e:00:02:01.
pub(crate) fn frame(destination: [u8; 6], length_or_type: u16, payload: &[u8]) -> Vec<u8> {
    let number = length_or_type.to_be_bytes();
    [&destination[..], &[2, 0, 0x5e, 0, 2, 1], &number, payload].concat()
}

/// An IPv4 datagram with a correct header.
pub(crate) fn datagram(
    protocol: u8,
    source: [u8; 4],
    destination: [u8; 4],
    payload: &[u8],
) -> Vec<u8> {
    let header = ipv4::Header::new(source.into(), destination.into(), protocol.into());
    let mut buffer = packet::Buffer::new();
    buffer.append(payload);
    header.prepend_to(&mut buffer).unwrap();
    buffer.as_slice().to_vec()
}

/// An ICMP message from 192.0.2.2 to 192.0.2.1.
pub(crate) fn icmp(kind: u8, code: u8, rest: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut message = [&[kind, code, 0, 0], &rest, data].concat();
    let checksum = checksum::Sum::new().add_bytes(&message).checksum();
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    datagram(1, [192, 0, 2, 2], [192, 0, 2, 1], &message)
}
