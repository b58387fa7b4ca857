//! Headers with correct checksums, for what is wrong elsewhere.

use checksum::Sum;
use kernel_tests::injector::Random;

pub(crate) const KERNEL: [u8; 4] = [192, 0, 2, 1];
pub(crate) const STACK: [u8; 4] = [192, 0, 2, 2];

pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;

/// More fragments follow.
pub(crate) const MORE: u16 = 0x2000;

/// What there is to say in an IPv4 header.
#[derive(Clone)]
pub(crate) struct Ipv4 {
    pub(crate) source: [u8; 4],
    pub(crate) destination: [u8; 4],
    pub(crate) protocol: u8,
    pub(crate) identification: u16,
    /// The flags, and the fragment offset in units of 8 bytes.
    pub(crate) fragment: u16,
    pub(crate) ttl: u8,
    /// In whole words of 4 bytes, at most 40.
    pub(crate) options: Vec<u8>,
}

impl Ipv4 {
    /// From the kernel to the stack.
    pub(crate) const fn new(protocol: u8) -> Self {
        Self {
            source: KERNEL,
            destination: STACK,
            protocol,
            identification: 1,
            fragment: 0,
            ttl: 64,
            options: Vec::new(),
        }
    }

    /// From anybody to the stack.
    pub(crate) fn from_anybody(random: &mut Random, protocol: u8) -> Self {
        Self { source: anybody(random), ..Self::new(protocol) }
    }

    /// The packet with this payload.
    pub(crate) fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let header_length = 20 + self.options.len();
        let total_length = word(header_length + payload.len());
        let mut packet = vec![0x40 | word(header_length / 4)[1], 0];
        packet.extend(total_length);
        packet.extend(self.identification.to_be_bytes());
        packet.extend(self.fragment.to_be_bytes());
        packet.extend([self.ttl, self.protocol, 0, 0]);
        packet.extend(self.source);
        packet.extend(self.destination);
        packet.extend(&self.options);
        set_checksum(&mut packet, 10, Sum::new());
        packet.extend(payload);
        packet
    }
}

/// Puts the checksum of all `bytes`, with what was summed up before, to its place.
pub(crate) fn set_checksum(bytes: &mut [u8], at: usize, before: Sum) {
    bytes[at..at + 2].fill(0);
    let checksum = before.add_bytes(bytes).checksum();
    bytes[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
}

/// The kernel, a host of 192.0.2.0/24, or any address at all.
pub(crate) fn anybody(random: &mut Random) -> [u8; 4] {
    match random.below(4) {
        0 => KERNEL,
        1 => [192, 0, 2, random.byte()],
        _ => address(random),
    }
}

/// Any address at all.
pub(crate) fn address(random: &mut Random) -> [u8; 4] {
    [random.byte(), random.byte(), random.byte(), random.byte()]
}

/// A number for a field of 16 bits, of which too much is cut off.
pub(crate) fn word(number: usize) -> [u8; 2] {
    let [low, high, ..] = number.to_le_bytes();
    [high, low]
}

/// Up to `limit` bytes of any content.
pub(crate) fn some_bytes(random: &mut Random, limit: usize) -> Vec<u8> {
    let count = random.below(limit + 1);
    random.bytes(count)
}
