//! The kernel's UDP socket under a tunnel.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use event_loop::{Descriptor, Descriptors, Outside, Token};
use packet::Instant;
use tunnel::DatagramTunnel;

use super::Side;
use crate::failure::Failure;
use crate::listening::cannot_listen;
use crate::say::say;

/// How many datagrams are read in one turn, so that the device has its turn too.
const READS_PER_TURN: usize = 64;

/// The socket, by which all other ends are reached.
pub(super) struct OverUdp {
    socket: Descriptor<UdpSocket>,
    /// Whether it sends to one other end alone.
    is_connected: bool,
    /// What the last read gave.
    buffer: Box<[u8]>,
    /// What went wrong the last time, so that it is said once.
    said: Option<ErrorKind>,
    /// Whether a turn left something undone.
    has_more: bool,
}

impl OverUdp {
    pub(super) fn open(side: Side, descriptors: &Descriptors) -> Result<Self, Failure> {
        let socket = match side {
            Side::Listens(address) => {
                UdpSocket::bind(address).map_err(|error| cannot_listen(address, &error))
            }
            // From anybody else the kernel takes nothing then.
            Side::Connects(server) => any_port(server).map_err(|error| {
                Failure::new(format_args!("no datagrams can be sent to {server}: {error}"))
            }),
        }?;
        let watched = socket.set_nonblocking(true).and_then(|()| descriptors.watch(socket));
        Ok(Self {
            socket: watched.map_err(Failure::new)?,
            is_connected: matches!(side, Side::Connects(_)),
            buffer: vec![0; usize::from(u16::MAX)].into_boxed_slice(),
            said: None,
            has_more: false,
        })
    }

    /// Reads what has come. Whether there may be more.
    fn read(&mut self, now: Instant, tunnel: &mut DatagramTunnel) -> bool {
        for _ in 0..READS_PER_TURN {
            let buffer = &mut self.buffer;
            match self.socket.read_by(|socket| socket.recv_from(buffer)) {
                Ok((length, from)) => {
                    let datagram = self.buffer.get(..length).unwrap_or_default();
                    tunnel.receive_datagram(now, from, datagram);
                    self.said = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => self.say_once(&error),
            }
        }
        true
    }

    fn write(&mut self, tunnel: &mut DatagramTunnel) {
        let is_connected = self.is_connected;
        while let Some((to, datagram)) = tunnel.next_datagram() {
            let sent = self.socket.write_by(|socket| match is_connected {
                true => socket.send(datagram),
                false => socket.send_to(datagram, to),
            });
            match sent {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => self.say_once(&error),
                Ok(_) => {}
            }
            // One that cannot be sent is lost, as on the way.
            tunnel.datagram_is_gone();
        }
    }

    /// What the network says of earlier datagrams. It may mend itself, so the tunnel goes on.
    fn say_once(&mut self, error: &io::Error) {
        if self.said.replace(error.kind()) != Some(error.kind()) {
            say(format_args!("the datagrams do not arrive: {error}; trying again"));
        }
    }
}

impl Outside<DatagramTunnel> for OverUdp {
    fn turn(&mut self, now: Instant, tunnel: &mut DatagramTunnel, _ready: &[Token]) {
        self.has_more = self.read(now, tunnel);
        self.write(tunnel);
        while let Some(news) = tunnel.next_news() {
            say(news);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.has_more.then_some(Instant::START)
    }
}

/// A socket at a port of the kernel's choice that speaks with `server` alone.
fn any_port(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    Ok(socket)
}
