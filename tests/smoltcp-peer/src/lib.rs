//! smoltcp as a host of the simulator: a peer that nobody here wrote, so that what both sides
//! agree on is not our own mistake twice.
//!
//! ```text
//!   receive ──► frame that came ──► ┌───────────────────┐
//!                                   │ smoltcp Interface │◄──► sockets
//!   transmit ◄── frames to leave ◄──└───────────────────┘
//! ```

#![forbid(unsafe_code)]

mod frames;

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Medium};
use smoltcp::socket::icmp;
use smoltcp::wire::{HardwareAddress, Icmpv4Packet, Icmpv4Repr, IpCidr, Ipv4Address, Ipv4Cidr};

use frames::Frames;

pub use frames::{IP_MTU, QUEUE_LIMIT};
pub use smoltcp;

/// The identifier of the echo requests that a peer sends.
pub const IDENTIFIER: u16 = 0x5017;

/// How many echo requests wait to be sent, and how many replies to be taken.
pub const ECHO_LIMIT: usize = 64;

/// A host with one interface, 0, on which smoltcp runs. It answers pings by itself.
pub struct SmoltcpPeer {
    interface: Interface,
    sockets: SocketSet<'static>,
    frames: Frames,
    ping: SocketHandle,
    deadline: Option<Instant>,
    /// Set when a socket was acted on and smoltcp has not looked at it since.
    needs_poll: bool,
}

/// A reply to an echo request of ours, as smoltcp hands it to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoReply {
    /// Who sent it.
    pub source: Ipv4Address,
    /// Which request it answers.
    pub sequence_number: u16,
    /// What it carries.
    pub data: Vec<u8>,
}

/// There is no room for an echo request: [`ECHO_LIMIT`] are waiting, or it is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl SmoltcpPeer {
    /// A peer on bare IP or on Ethernet, as `hardware` says, under this address. It
    /// reaches the hosts of its own network alone.
    ///
    /// # Panics
    /// If `hardware` is not unicast (smoltcp's own condition).
    #[must_use]
    pub fn new(hardware: HardwareAddress, address: Ipv4Cidr, seed: u64) -> Self {
        let medium = match hardware {
            HardwareAddress::Ip => Medium::Ip,
            HardwareAddress::Ethernet(_) => Medium::Ethernet,
        };
        let mut frames = Frames::new(medium);
        let mut config = Config::new(hardware);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut frames, smoltcp::time::Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // There is room for two, and this is the first.
            let _ = addresses.push(IpCidr::Ipv4(address));
        });
        let mut sockets = SocketSet::new(Vec::new());
        let ping = sockets.add(ping_socket());
        Self { interface, sockets, frames, ping, deadline: None, needs_poll: true }
    }

    /// Sends an echo request at the next run.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn send_echo_request(
        &mut self,
        destination: Ipv4Address,
        sequence_number: u16,
        data: &[u8],
    ) -> Result<(), NoRoom> {
        self.needs_poll = true;
        let request = Icmpv4Repr::EchoRequest { ident: IDENTIFIER, seq_no: sequence_number, data };
        let socket = self.sockets.get_mut::<icmp::Socket<'_>>(self.ping);
        let room = socket.send(request.buffer_len(), destination.into()).map_err(|_| NoRoom)?;
        request.emit(&mut Icmpv4Packet::new_unchecked(room), &ChecksumCapabilities::default());
        Ok(())
    }

    /// Takes the next reply to an echo request of this peer. smoltcp has verified its checksums;
    /// that it carries what was asked for is for the program to see.
    pub fn take_echo_reply(&mut self) -> Option<EchoReply> {
        let socket = self.sockets.get_mut::<icmp::Socket<'_>>(self.ping);
        let (bytes, source) = socket.recv().ok()?;
        let smoltcp::wire::IpAddress::Ipv4(source) = source;
        let packet = Icmpv4Packet::new_checked(bytes).ok()?;
        match Icmpv4Repr::parse(&packet, &ChecksumCapabilities::default()) {
            Ok(Icmpv4Repr::EchoReply { seq_no, data, .. }) => {
                Some(EchoReply { source, sequence_number: seq_no, data: data.to_vec() })
            }
            _ => None,
        }
    }

    /// smoltcp's sockets, to add some and act on them. What they send leaves at the next run.
    pub fn sockets_mut(&mut self) -> &mut SocketSet<'static> {
        self.needs_poll = true;
        &mut self.sockets
    }

    /// smoltcp's interface together with its sockets, for what needs both.
    pub fn parts_mut(&mut self) -> (&mut Interface, &mut SocketSet<'static>) {
        self.needs_poll = true;
        (&mut self.interface, &mut self.sockets)
    }

    fn poll(&mut self, now: Instant) {
        let timestamp = to_smoltcp(now);
        self.needs_poll = false;
        self.interface.poll(timestamp, &mut self.frames, &mut self.sockets);
        let poll_at = self.interface.poll_at(timestamp, &self.sockets);
        self.deadline = poll_at.map(|at| from_smoltcp(at).max(now));
    }
}

impl Host for SmoltcpPeer {
    fn receive(&mut self, now: Instant, _interface: InterfaceId, frame: Received<'_>) {
        self.frames.put(frame.bytes);
        self.poll(now);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        if interface != InterfaceId(0) {
            return None;
        }
        if self.needs_poll {
            self.poll(now);
        }
        buffer.clear();
        buffer.append(&self.frames.take()?);
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.poll(now);
    }
}

fn ping_socket() -> icmp::Socket<'static> {
    let buffer = || {
        icmp::PacketBuffer::new(
            vec![icmp::PacketMetadata::EMPTY; ECHO_LIMIT],
            vec![0; ECHO_LIMIT * IP_MTU],
        )
    };
    let mut socket = icmp::Socket::new(buffer(), buffer());
    // Only a socket that is bound already, or an identifier that is none, could be refused.
    let _ = socket.bind(icmp::Endpoint::Ident(IDENTIFIER));
    socket
}

/// smoltcp counts whole microseconds.
fn to_smoltcp(now: Instant) -> smoltcp::time::Instant {
    let microseconds = i64::try_from(now.since_start().as_micros()).unwrap_or(i64::MAX);
    smoltcp::time::Instant::from_micros(microseconds)
}

fn from_smoltcp(at: smoltcp::time::Instant) -> Instant {
    let microseconds = u64::try_from(at.total_micros()).unwrap_or_default();
    Instant::at(std::time::Duration::from_micros(microseconds))
}
