//! The least that a server on a TUN device can do: no stack at all, a read and a write.
//!
//! Both ends of a UDP datagram stand in the packet twice, as source and as destination. Exchange
//! them and it is its own echo; the checksums are sums, to which the order is all the same.

use std::error::Error;
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use packet::{Device, Instant, TransmitOffload};
use tun_device::{Kind, Settings, TunDevice};

use super::lab::REFLECTOR_DEVICE;

/// The word that calls for this part.
pub(super) const PART: &str = "echo-reflector";

/// Echoes until somebody ends us.
pub(super) fn serve() -> Result<(), Box<dyn Error>> {
    let settings = Settings::new(Kind::Tun).named(REFLECTOR_DEVICE.parse()?).offload(false);
    let mut device = settings.attach()?;
    println!("ready");
    io::stdout().flush()?;

    let mut packet = Vec::new();
    loop {
        while receive(&mut device, &mut packet)? {
            if let Some(ends) = packet.get_mut(ENDS) {
                exchange(ends);
                device.transmit(Instant::START, &packet, TransmitOffload::default())?;
            }
        }
        poll(&mut [PollFd::new(device.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE)?;
    }
}

/// Where addresses and ports stand: at the end of an IPv4 header without options, and behind it.
const ENDS: std::ops::Range<usize> = 12..24;

/// Whether there was a packet.
fn receive(device: &mut TunDevice, packet: &mut Vec<u8>) -> Result<bool, Box<dyn Error>> {
    packet.clear();
    let received = device.receive(Instant::START)?;
    packet.extend_from_slice(received.map_or(&[], |received| received.bytes));
    Ok(received.is_some())
}

/// Exchanges source and destination.
fn exchange(ends: &mut [u8]) {
    let (addresses, ports) = ends.split_at_mut(8);
    addresses.rotate_left(4);
    ports.rotate_left(2);
}
