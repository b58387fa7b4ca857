//! Puts bytes of our choice on a TUN or TAP device, where strata reads them, past every layer of
//! the kernel that would set them right.
//!
//! Before them goes one ordinary datagram to 192.0.2.2, port 9, from which the way is learnt.
//!
//! `inject DEVICE HEX` sends one frame. `inject DEVICE garbage COUNT` sends that many that are
//! wrong in one way or another, the same ones each time.

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::sockopt::{BindToDevice, ReceiveTimeout};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvfrom, sendto,
    setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [device, "garbage", count] => inject_garbage(device, count.parse()?),
        [device, hex] => Ok(Injector::open(device)?.inject(&from_hex(hex)?)?),
        _ => Err("usage: inject DEVICE HEX | inject DEVICE garbage COUNT".into()),
    }
}

fn from_hex(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    Ok(digits.chunks(2).map(byte).collect::<Result<_, _>>()?)
}

/// A packet socket, and the address by which it reaches the device: what is sent there is sent
/// as it is.
struct Injector {
    socket: OwnedFd,
    address: LinkAddr,
}

impl Injector {
    fn open(device: &str) -> Result<Self, Box<dyn Error>> {
        let address = link_address(device)?;
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
        Ok(Self { socket, address })
    }

    /// Sends one frame. A full queue (`ENOBUFS`) makes room before long.
    fn inject(&self, frame: &[u8]) -> nix::Result<()> {
        loop {
            match sendto(self.socket.as_raw_fd(), frame, &self.address, MsgFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(Errno::ENOBUFS) => thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(error),
            }
        }
    }
}

/// The address of a device for a packet socket, read off an ordinary datagram that leaves by it.
/// (To put one together by hand takes `unsafe`, which is not worth it here.)
fn link_address(device: &str) -> Result<LinkAddr, Box<dyn Error>> {
    let all = Some(SockProtocol::EthAll);
    let ear = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, all)?;
    setsockopt(&ear, ReceiveTimeout, &TimeVal::seconds(2))?;

    let datagram = UdpSocket::bind("0.0.0.0:0")?;
    setsockopt(&datagram, BindToDevice, &device.into())?;
    datagram.send_to(b"", "192.0.2.2:9")?;

    let index = if_nametoindex(device)?;
    loop {
        let (_, address) = recvfrom::<LinkAddr>(ear.as_raw_fd(), &mut [0; 64])?;
        if let Some(address) = address.filter(|it| u32::try_from(it.ifindex()) == Ok(index)) {
            return Ok(address);
        }
    }
}

/// How many frames are sent before the reader is waited for. The device's queue holds 500 and
/// drops what is too much.
const BURST: u64 = 200;

/// How long the reader may take for a burst.
const PATIENCE: Duration = Duration::from_secs(10);

fn inject_garbage(device: &str, count: u64) -> Result<(), Box<dyn Error>> {
    let injector = Injector::open(device)?;
    let mut random = Random(0x5eed_0f57_7a7a_5eed);
    let start = read_so_far(device)?;
    for number in 0..count {
        injector.inject(&garbage(&mut random, number))?;
        let sent = number + 1;
        if sent.is_multiple_of(BURST) || sent == count {
            wait_until_read(device, start + sent)?;
        }
    }
    println!("all {count} were read");
    Ok(())
}

fn wait_until_read(device: &str, count: u64) -> Result<(), Box<dyn Error>> {
    let until = Instant::now() + PATIENCE;
    while read_so_far(device)? < count {
        if Instant::now() > until {
            return Err(format!("nobody reads {device}, or not all of it").into());
        }
        thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

/// How many frames the program at the other side of the device has read.
fn read_so_far(device: &str) -> Result<u64, Box<dyn Error>> {
    let counter = format!("/sys/class/net/{device}/statistics/tx_packets");
    Ok(fs::read_to_string(counter)?.trim().parse()?)
}

/// An echo request from 192.0.2.1 to 192.0.2.2, correct in every field: 20 bytes of IPv4 header,
/// 8 of ICMP, 8 of data.
const ECHO_REQUEST: [u8; 36] = [
    0x45, 0x00, 0x00, 0x24, 0x00, 0x01, 0x40, 0x00, 0x40, 0x01, 0xb6, 0xd4, 192, 0, 2, 1, 192, 0,
    2, 2, 0x08, 0x00, 0xe5, 0xca, 0x12, 0x34, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// One wrong frame. In turn: noise under each first nibble, one byte, an echo request cut
/// short, one with lengths that lie, one with a wrong checksum, one with a few bytes changed.
fn garbage(random: &mut Random, number: u64) -> Vec<u8> {
    /// Where the header length, the total length and the fragment offset stand.
    const LENGTHS: &[usize] = &[0, 2, 3, 6, 7];
    /// Where the header's checksum and the message's stand.
    const CHECKSUMS: &[usize] = &[10, 11, 22, 23];

    let mut frame = ECHO_REQUEST.to_vec();
    match number % 6 {
        0 => frame = noise(random, number / 6),
        1 => frame = vec![random.byte()],
        2 => frame.truncate(1 + random.below(35)),
        3 => change_one_of(&mut frame, LENGTHS, random),
        4 => change_one_of(&mut frame, CHECKSUMS, random),
        _ => (0..=random.below(4)).for_each(|_| {
            let anywhere = random.below(36);
            change_one_of(&mut frame, &[anywhere], random);
        }),
    }
    frame
}

/// Bytes without meaning, but for the first nibble, by which a version is told.
fn noise(random: &mut Random, nibble: u64) -> Vec<u8> {
    let [version, ..] = (nibble % 16).to_le_bytes();
    let first = (version << 4) | (random.byte() & 0x0f);
    std::iter::once(first).chain((0..random.below(1499)).map(|_| random.byte())).collect()
}

/// Puts another value into one of the bytes that `places` names.
fn change_one_of(frame: &mut [u8], places: &[usize], random: &mut Random) {
    let place = places.get(random.below(places.len())).copied().unwrap_or_default();
    if let Some(byte) = frame.get_mut(place) {
        *byte = byte.wrapping_add(1 + random.byte() % 255);
    }
}

/// Numbers that look random and are the same each time (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound
    }
}
