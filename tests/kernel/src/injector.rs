//! Frames of our choice on a TUN or TAP device, where strata reads them, past every layer of the
//! kernel that would set them right; and numbers to make them of.
//!
//! A frame is what the device carries: a bare IP packet on TUN, all from the Ethernet header on
//! on TAP. Before them goes one ordinary datagram to 192.0.2.2, port 9, from which the way is
//! learnt.

use std::error::Error;
use std::fs;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::sockopt::{BindToDevice, ReceiveTimeout};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvfrom, sendto,
    setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};

/// How many frames may be on their way. The device's queue holds 500 and drops what is too much;
/// the rest is for the kernel's own.
const WINDOW: u64 = 400;

/// How long the reader may take for as many.
const PATIENCE: Duration = Duration::from_secs(10);

/// A way to put frames on one device, as fast as its reader takes them.
#[derive(Debug)]
pub struct Injector {
    socket: OwnedFd,
    /// By it the socket reaches the device: what is sent there is sent as it is.
    address: LinkAddr,
    device: String,
    /// How many frames the reader had taken, or the queue dropped, before ours.
    start: u64,
    sent: u64,
}

impl Injector {
    /// The way to the device of that name.
    ///
    /// # Errors
    /// If there is no such device, it is down, or no right to a packet socket.
    pub fn open(device: &str) -> Result<Self, Box<dyn Error>> {
        let address = link_address(device)?;
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
        let start = gone_so_far(device)?;
        Ok(Self { socket, address, device: device.to_owned(), start, sent: 0 })
    }

    /// Sends one frame, once there is room for it.
    ///
    /// # Errors
    /// If the device refuses it, or nobody reads.
    pub fn inject(&mut self, frame: &[u8]) -> Result<(), Box<dyn Error>> {
        // The counters are files, so they are not read for each frame.
        if self.sent.is_multiple_of(WINDOW / 2) {
            self.wait_for(self.sent.saturating_sub(WINDOW / 2))?;
        }
        loop {
            match sendto(self.socket.as_raw_fd(), frame, &self.address, MsgFlags::empty()) {
                Ok(_) => break,
                // The queue is full. It makes room before long.
                Err(Errno::ENOBUFS) => thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(error.into()),
            }
        }
        self.sent += 1;
        Ok(())
    }

    /// Waits until no frame is on its way any more.
    ///
    /// # Errors
    /// If nobody reads.
    pub fn wait_until_read(&self) -> Result<(), Box<dyn Error>> {
        self.wait_for(self.sent)
    }

    fn wait_for(&self, count: u64) -> Result<(), Box<dyn Error>> {
        let until = Instant::now() + PATIENCE;
        while gone_so_far(&self.device)? < self.start + count {
            if Instant::now() > until {
                return Err(format!("nobody reads {}, or not all of it", self.device).into());
            }
            thread::sleep(Duration::from_micros(100));
        }
        Ok(())
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

/// How many frames the program at the other side of the device has read, or the queue dropped.
fn gone_so_far(device: &str) -> Result<u64, Box<dyn Error>> {
    let counter = |name| -> Result<u64, Box<dyn Error>> {
        let file = format!("/sys/class/net/{device}/statistics/{name}");
        Ok(fs::read_to_string(file)?.trim().parse()?)
    };
    Ok(counter("tx_packets")? + counter("tx_dropped")?)
}

/// Numbers that look random and are the same each time (xorshift).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers that belong to a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        const START: u64 = 0x5eed_0f57_7a7a_5eed;
        // Zero would stay zero.
        Self(if seed == START { START } else { seed ^ START })
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Any byte.
    pub const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    /// Any bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound
    }

    /// One of these, of which there is at least one.
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        *of.get(self.below(of.len())).expect("there is at least one")
    }
}
