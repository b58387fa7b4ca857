//! smoltcp as a server: UDP echo as its users would write it, for speed.
//!
//! Its own device and its own way to wait, as in its examples. Tried and found no faster: the
//! crate `tun-device` beneath it in place of its own device, with offload and without. Checksums
//! are computed both ways, since its device leaves none to the kernel. Both queues hold as much
//! as strata's do.

use std::error::Error;
use std::io::{self, Write};
use std::os::fd::AsRawFd;

use smoltcp::iface::{
    Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet,
};
use smoltcp::phy::{Device, Medium, TunTapInterface, wait};
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use super::client::ECHO;
use super::lab::{SMOLTCP, SMOLTCP_DEVICE};

/// The word that calls for this part.
pub(super) const PART: &str = "echo-smoltcp";

/// How many frames are read before it is the other side's turn, as in strata's event loop.
/// `Interface::poll` knows no bound: under full load it would read on and answer nobody.
pub(super) const FRAME_BUDGET: usize = 64;

/// How many datagrams, and how many bytes of them, the socket's queues hold each.
const DATAGRAMS: usize = 512;
const BYTES: usize = 512 << 10;

/// Echoes until somebody ends us.
pub(super) fn serve() -> Result<(), Box<dyn Error>> {
    let mut device = TunTapInterface::new(SMOLTCP_DEVICE, Medium::Ip)?;
    let descriptor = device.as_raw_fd();
    let mut server = Server::new(&mut device)?;
    println!("ready");
    io::stdout().flush()?;
    loop {
        let now = Instant::now();
        if server.turn(now, &mut device)? {
            wait(descriptor, server.interface.poll_delay(now, &server.sockets))?;
        }
    }
}

/// smoltcp with a socket on the echo port of [`SMOLTCP`].
pub(super) struct Server {
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    datagram: Vec<u8>,
}

impl Server {
    pub(super) fn new(device: &mut impl Device) -> Result<Self, Box<dyn Error>> {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = 1;
        let mut interface = Interface::new(config, device, Instant::now());
        interface.update_ip_addrs(|addresses| {
            // There is room for one.
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(SMOLTCP), 24));
        });

        let queue = || PacketBuffer::new(vec![PacketMetadata::EMPTY; DATAGRAMS], vec![0; BYTES]);
        let mut socket = Socket::new(queue(), queue());
        socket.bind(ECHO)?;
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        Ok(Self { interface, sockets, handle, datagram: vec![0; usize::from(u16::MAX)] })
    }

    /// Takes what has come, up to [`FRAME_BUDGET`], and sends it back. Whether that was all.
    pub(super) fn turn(
        &mut self,
        now: Instant,
        device: &mut impl Device,
    ) -> Result<bool, Box<dyn Error>> {
        let Self { interface, sockets, handle, datagram } = self;
        interface.poll_maintenance(now);
        let is_drained = (0..FRAME_BUDGET).any(|_| {
            let read = interface.poll_ingress_single(now, device, sockets);
            read == PollIngressSingleResult::None
        });
        echo(sockets.get_mut(*handle), datagram)?;
        while interface.poll_egress(now, device, sockets) != PollResult::None {}
        Ok(is_drained)
    }
}

/// Sends back all that has come.
fn echo(socket: &mut Socket<'_>, datagram: &mut [u8]) -> Result<(), Box<dyn Error>> {
    while socket.can_send()
        && let Ok((length, metadata)) = socket.recv_slice(datagram)
    {
        socket.send_slice(datagram.get(..length).unwrap_or_default(), metadata)?;
    }
    Ok(())
}
