//! The stack, its one network interface, its descriptors, and the time.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::time::Duration;

use nix::errno::Errno;
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium, Received};
use stack::{Config, InterfaceConfig, Secret, Stack, TcpSockets, UdpSockets};
use tcp::ConnectionOptions;
use trace::Tracer;

use crate::descriptors::{Descriptors, Object};
use crate::settings::Settings;
use crate::udp_socket::UdpSocket;

/// What a clock on the wall shows when the library starts: 2001-09-09 01:46:40 UTC, a round
/// number of seconds. Only differences matter to packetdrill.
const EPOCH: Duration = Duration::from_secs(1_000_000_000);

/// By how much `gettimeofday` moves the clock: packetdrill asks again and again until it is time.
const TICK: Duration = Duration::from_micros(1);

/// How many packets wait for `netdev_receive`. The next ones wait inside of the stack, which has
/// limits of its own.
const SENT_LIMIT: usize = 4096;

/// Decides all numbers that are random elsewhere: a script is to go the same way each time.
const SECRET: Secret = Secret::new([0x7061_636b_6574, 0x6472_696c_6c00]);

/// A packet that has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// When.
    pub(crate) at: Duration,
    /// From its first byte of the IP header on.
    pub(crate) packet: Vec<u8>,
}

/// The stack at a moment.
#[derive(Debug)]
pub(crate) struct Net {
    stack: Stack,
    pub(crate) now: Instant,
}

impl Net {
    /// TCP's sockets.
    pub(crate) const fn tcp(&mut self) -> TcpSockets<'_> {
        self.stack.tcp(self.now)
    }

    /// UDP's sockets.
    pub(crate) const fn udp(&mut self) -> UdpSockets<'_> {
        self.stack.udp(self.now)
    }
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) net: Net,
    pub(crate) descriptors: Descriptors,
    /// What TCP sockets begin with.
    pub(crate) options: ConnectionOptions,
    /// The host's own address.
    address: IpAddr,
    interface: InterfaceId,
    /// Packets that have left and were not asked for yet, at most [`SENT_LIMIT`].
    sent: VecDeque<Sent>,
    buffer: Buffer,
}

impl World {
    /// One host with one interface, by which everybody else is reached.
    pub(crate) fn new(settings: &Settings) -> Self {
        let now = Instant::START;
        let mut stack = Stack::new(Config::new(SECRET), Tracer::off());
        let capabilities = Capabilities::without_offload(Medium::Ip, settings.mtu);
        let config = InterfaceConfig::new(settings.address, capabilities);
        // An empty routing table has room for two routes.
        let interface = stack.add_interface(now, config).unwrap_or(InterfaceId(0));
        let _ = stack.add_default_route(interface, None);
        if let Some(number) = settings.first_number {
            stack.tcp(now).begin_sequence_numbers_at(number);
        }
        Self {
            net: Net { stack, now },
            descriptors: Descriptors::default(),
            options: settings.options.clone(),
            address: settings.address.address().into(),
            interface,
            sent: VecDeque::new(),
            buffer: Buffer::new(),
        }
    }

    pub(crate) const fn now(&self) -> Instant {
        self.net.now
    }

    /// What a clock on the wall shows. Asking moves it.
    pub(crate) fn ask_the_time(&mut self) -> Duration {
        let then = self.now() + TICK;
        while let Some(due) = self.next_deadline().filter(|&due| due <= then) {
            self.pass_to(due);
        }
        self.pass_to(then);
        wall_clock(then)
    }

    /// When the stack has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.net.stack.next_deadline()
    }

    /// Time passes until `at`, before which nothing is due.
    pub(crate) fn pass_to(&mut self, at: Instant) {
        self.net.now = at.max(self.now());
        if self.next_deadline().is_some_and(|due| due <= self.now()) {
            self.net.stack.handle_timeout(self.net.now);
        }
        self.settle();
    }

    /// A packet comes.
    pub(crate) fn inject(&mut self, packet: &[u8]) {
        self.net.stack.receive(self.net.now, self.interface, Received::from(packet));
        self.settle();
    }

    /// The packet that left first.
    pub(crate) fn take_sent(&mut self) -> Option<Sent> {
        let sent = self.sent.pop_front();
        self.settle();
        sent
    }

    /// What follows of whatever happened: packets leave at this moment, and descriptors hear that
    /// something changed.
    pub(crate) fn settle(&mut self) {
        let Self { net, interface, sent, buffer, .. } = self;
        while sent.len() < SENT_LIMIT && net.stack.transmit(net.now, *interface, buffer).is_some() {
            sent.push_back(Sent { at: wall_clock(net.now), packet: buffer.as_slice().to_vec() });
        }
        while let Some(event) = self.net.tcp().poll_event() {
            self.descriptors.hear_of_tcp(event.socket);
        }
        while let Some(event) = self.net.udp().poll_event() {
            self.descriptors.hear_of_udp(&mut self.net, event.socket);
        }
    }
}

impl World {
    /// Whether the host has this address, or all addresses are meant.
    pub(crate) fn is_own_or_any(&self, local: SocketAddr) -> bool {
        local.ip().is_unspecified() || local.ip() == self.address
    }

    /// The UDP socket under `number`, with the stack that it is in.
    ///
    /// # Errors
    /// EBADF, ENOTSOCK.
    pub(crate) fn udp_socket(
        &mut self,
        number: RawFd,
    ) -> Result<(&mut Net, &mut UdpSocket), Errno> {
        match &mut self.descriptors.get_mut(number)?.object {
            Object::Udp(socket) => Ok((&mut self.net, socket)),
            _ => Err(Errno::ENOTSOCK),
        }
    }
}

/// The time since 1970.
fn wall_clock(now: Instant) -> Duration {
    EPOCH + now.since_start()
}
