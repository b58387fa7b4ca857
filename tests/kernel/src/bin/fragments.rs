//! Sends datagrams to the stack's echo service that were cut into fragments by us, in an order of
//! our choice, and wants them back: `fragments in-order|reversed|shuffled|duplicated|interleaved`.
//!
//! They leave by a raw socket, from the port of an ordinary one, by which the answers come.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;
use std::{env, iter};

use checksum::Sum;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, socket,
};

const KERNEL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const ECHO_PORT: u16 = 7;

/// How long the datagrams' payloads are.
const SIZES: [usize; 5] = [100, 1473, 4000, 20_000, 65_507];

/// How many bytes a fragment carries at most, in multiples of 8.
const CUTS: [usize; 3] = [1480, 512, 8 * 61];

fn main() -> Result<(), Box<dyn Error>> {
    let order = env::args().nth(1).unwrap_or_default();
    let sender = Sender::open()?;
    let mut count = 0;
    for size in SIZES {
        for cut in CUTS {
            // Two at a time, so that the fragments of one can come between those of the other.
            let payloads = [payload(size, cut), payload(size, cut + 1)];
            let fragments = [
                sender.fragments(count + 1, &payloads[0], cut),
                sender.fragments(count + 2, &payloads[1], cut),
            ];
            let fragments = match order.as_str() {
                "in-order" => fragments.concat(),
                "reversed" => fragments.into_iter().flat_map(reversed).collect(),
                "shuffled" => fragments.into_iter().flat_map(shuffled).collect(),
                "duplicated" => fragments.into_iter().flat_map(doubled).collect(),
                "interleaved" => interleaved(fragments),
                _ => return Err(format!("'{order}' is no order of fragments").into()),
            };
            sender.send(&fragments)?;
            sender.expect(payloads).map_err(|error| format!("{size} cut at {cut}: {error}"))?;
            count += 2;
        }
    }
    println!("{count} of {count} came back byte for byte");
    Ok(())
}

type Fragments = Vec<Vec<u8>>;

fn reversed(mut fragments: Fragments) -> Fragments {
    fragments.reverse();
    fragments
}

/// First those with an odd number, then those with an even one.
fn shuffled(fragments: Fragments) -> Fragments {
    let numbered = fragments.into_iter().enumerate();
    let (even, odd): (Vec<_>, Vec<_>) = numbered.partition(|(number, _)| number % 2 == 0);
    odd.into_iter().chain(even).map(|(_, fragment)| fragment).collect()
}

/// Each twice in a row; but a whole datagram once, since it would be answered twice.
fn doubled(fragments: Fragments) -> Fragments {
    if fragments.len() == 1 {
        return fragments;
    }
    fragments.into_iter().flat_map(|fragment| [fragment.clone(), fragment]).collect()
}

/// One of the first, one of the second, and so on; the second backwards.
fn interleaved([first, second]: [Fragments; 2]) -> Fragments {
    first.into_iter().zip(reversed(second)).flat_map(|(first, second)| [first, second]).collect()
}

/// Bytes that are the same at no two places of a datagram's fragments.
fn payload(size: usize, salt: usize) -> Vec<u8> {
    let byte = |at: usize| (at.wrapping_mul(31) ^ (at >> 8) ^ salt).to_le_bytes()[0];
    (0..size).map(byte).collect()
}

struct Sender {
    /// Takes whole IPv4 packets.
    raw: OwnedFd,
    /// Whose port they are from.
    answers: UdpSocket,
}

impl Sender {
    fn open() -> Result<Self, Box<dyn Error>> {
        let protocol = Some(SockProtocol::Raw);
        let raw = socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
        let answers = UdpSocket::bind((KERNEL, 0))?;
        answers.connect((STACK, ECHO_PORT))?;
        answers.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { raw, answers })
    }

    /// The fragments of one datagram, in order. Their identification is not 0, for which the kernel
    /// would put one of its own.
    fn fragments(&self, identification: u16, payload: &[u8], cut: usize) -> Fragments {
        let datagram = self.datagram(payload);
        let last = datagram.len().div_ceil(cut) - 1;
        let pieces = datagram.chunks(cut).enumerate();
        pieces.map(|(at, piece)| packet(identification, at * cut, at < last, piece)).collect()
    }

    /// A UDP datagram, header and payload.
    fn datagram(&self, payload: &[u8]) -> Vec<u8> {
        let port = self.answers.local_addr().map_or(0, |address| address.port());
        let length = u16::try_from(8 + payload.len()).unwrap_or(u16::MAX);
        let header =
            |checksum: u16| [port, ECHO_PORT, length, checksum].map(u16::to_be_bytes).concat();
        let pseudo_header =
            [&KERNEL.octets()[..], &STACK.octets(), &[0, 17], &length.to_be_bytes()].concat();
        let sum = Sum::new().add_bytes(&pseudo_header).add_bytes(&header(0)).add_bytes(payload);
        let checksum = if sum.checksum() == 0 { 0xffff } else { sum.checksum() };
        [header(checksum), payload.to_vec()].concat()
    }

    fn send(&self, fragments: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
        let to = SockaddrIn::from(SocketAddrV4::new(STACK, 0));
        for fragment in fragments {
            sendto(self.raw.as_raw_fd(), fragment, &to, MsgFlags::empty())?;
        }
        Ok(())
    }

    /// Wants both payloads back, in either order, each once.
    fn expect(&self, payloads: [Vec<u8>; 2]) -> Result<(), Box<dyn Error>> {
        let mut missing = payloads.to_vec();
        let mut answer = vec![0; 65_536];
        while !missing.is_empty() {
            let length = self.answers.recv(&mut answer)?;
            let answered = missing.iter().position(|it| answer.get(..length) == Some(it));
            let Some(answered) = answered else {
                return Err(format!("{length} bytes came that were not sent").into());
            };
            missing.remove(answered);
        }
        Ok(())
    }
}

/// An IPv4 packet with one fragment. The kernel fills in its length and its checksum.
fn packet(identification: u16, offset: usize, more: bool, piece: &[u8]) -> Vec<u8> {
    let offset = u16::try_from(offset / 8).unwrap_or(u16::MAX) | (u16::from(more) << 13);
    let start = [0x45, 0, 0, 0];
    let protocol = [64, 17, 0, 0];
    let fields: [&[u8]; 6] = [
        &start,
        &identification.to_be_bytes(),
        &offset.to_be_bytes(),
        &protocol,
        &KERNEL.octets(),
        &STACK.octets(),
    ];
    fields.into_iter().chain(iter::once(piece)).collect::<Vec<_>>().concat()
}
