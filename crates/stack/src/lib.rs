//! The layers put together.
//!
//! [`Stack`] is a [`Host`]: frames and the time go in, frames and the next deadline come out.
//! There is no clock here, no file descriptor and no thread, so the same code runs on a device,
//! in the simulator and under a fuzzer.
//!
//! A packet's way, file by file:
//!
//! ```text
//!                    a socket                                   a socket
//!                       ▲                                          │
//!       udp_input, tcp_input ─┐                        udp_output, tcp_output
//!                       ▲      ├─► icmp_output ─┐                  │
//!                   icmp_input ┘       ▲        │                  │
//!                       ▲              │        ▼                  ▼
//!   receive ──► [ethernet_input ──►] ipv4_input ──► ipv4_forward ──► ipv4_output
//!                       │                                          │
//!                   arp_input ◄── the neighbour cache ──►     link_output ──► transmit
//! ```
//!
//! Whatever is dropped on that way is dropped for a reason, and the reason is a [`Counter`].

#![forbid(unsafe_code)]

mod arp_input;
mod arrival;
mod config;
mod counters;
mod echo_sockets;
mod ethernet_input;
mod icmp_input;
mod icmp_output;
mod interface;
mod ipv4_forward;
mod ipv4_input;
mod ipv4_output;
mod link_output;
mod network;
mod tcp_input;
mod tcp_network;
mod tcp_output;
mod tcp_sockets;
mod timers;
mod udp_input;
mod udp_output;
mod udp_sockets;

pub use config::{Config, DEFAULT_HARDWARE, InterfaceConfig};
pub use counters::{Counter, Counters};
pub use echo_sockets::{EchoOptions, EchoSockets, SendEchoError};
pub use interface::{GROUP_LIMIT, TRANSMIT_QUEUE_LIMIT};
pub use secret::Secret;
pub use tcp_sockets::TcpSockets;
pub use udp_sockets::UdpSockets;

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use arp::Neighbour;
use icmp::ErrorLimiter;
use ipv4::{Cidr, Identifications, Reassembler, Route, RoutingTable, TableFull};
use packet::{
    Buffer, BufferPool, Host, Instant, InterfaceId, Medium, Received, ReceivedChecksum,
    TransmitOffload,
};
use trace::{Event, Tracer};

use arrival::Arrival;
use interface::Interface;
use network::{LOOPBACK, Network};

/// An IPv4 host.
#[derive(Debug)]
pub struct Stack {
    config: Config,
    network: Network,
    /// Whether an interface's neighbour cache may have something to do at once.
    neighbours_are_due: bool,
    /// What we sent to ourselves and have not taken yet.
    loopback: VecDeque<Buffer>,
    reassembler: Reassembler,
    identifications: Identifications,
    error_limiter: ErrorLimiter,
    echo: icmp::EchoSockets,
    udp: udp::Sockets,
    tcp: tcp::Sockets,
    buffers: BufferPool,
    counters: Counters,
    tracer: Tracer,
}

impl Stack {
    /// A host without interfaces, which tells `tracer` what it does.
    #[must_use]
    pub fn new(config: Config, tracer: Tracer) -> Self {
        let secret = |purpose| config.secret.derive(purpose);
        Self {
            config,
            network: Network::new(),
            neighbours_are_due: false,
            loopback: VecDeque::new(),
            reassembler: Reassembler::new(config.reassembly, Secret::new(secret("reassembly"))),
            identifications: Identifications::new(Secret::new(secret("identification"))),
            error_limiter: ErrorLimiter::new(),
            echo: icmp::EchoSockets::new(secret("echo")),
            udp: udp::Sockets::new(secret("udp")),
            tcp: tcp::Sockets::new(secret("tcp"), tracer.clone()),
            buffers: BufferPool::new(),
            counters: Counters::new(),
            tracer,
        }
    }

    /// Adds an interface, in use from `now` on, and gives it the next free number, from 0. The
    /// network that its address is in is reached by it from now on.
    ///
    /// # Errors
    /// [`TableFull`] if the routing table has no room for that network; nothing is added then.
    pub fn add_interface(
        &mut self,
        now: Instant,
        config: InterfaceConfig,
    ) -> Result<InterfaceId, TableFull> {
        let id = self.network.next_id();
        let on_link = Route { interface: id, next_hop: None, source: None };
        self.network.routes.add(config.address, on_link)?;
        let seed = self.config.secret.derive(&format!("arp {}", id.0));
        self.network.push(Interface::new(now, config, seed));
        self.neighbours_are_due = true;
        Ok(id)
    }

    /// Where each network lies. A host that is alone with others on its links needs no more than
    /// what [`Stack::add_interface`] puts there.
    #[must_use]
    pub const fn routes(&self) -> &RoutingTable {
        &self.network.routes
    }

    /// The routing table, to be changed (ROUTE-6).
    pub const fn routes_mut(&mut self) -> &mut RoutingTable {
        &mut self.network.routes
    }

    /// Sends what has no other way by `interface`: to the router `next_hop`, or, where everybody
    /// is at the other end, there itself.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn add_default_route(
        &mut self,
        interface: InterfaceId,
        next_hop: Option<Ipv4Addr>,
    ) -> Result<(), TableFull> {
        let everywhere = const { Cidr::new(Ipv4Addr::UNSPECIFIED, 0).unwrap() };
        self.network.routes.add(everywhere, Route { interface, next_hop, source: None })
    }

    /// Takes part in the group `group` on the link of `interface`, where its datagrams are heard
    /// without anybody being told (no IGMP). Whether there is such an interface and room for one
    /// of at most [`GROUP_LIMIT`] groups.
    pub fn join_group(&mut self, interface: InterfaceId, group: Ipv4Addr) -> bool {
        let interface = self.network.interface_mut(interface);
        group.is_multicast() && interface.is_some_and(|interface| interface.join(group))
    }

    /// Takes no part in `group` any more.
    pub fn leave_group(&mut self, interface: InterfaceId, group: Ipv4Addr) {
        if let Some(interface) = self.network.interface_mut(interface) {
            interface.leave(group);
        }
    }

    /// Whether our address on `interface` may be used: it was not to be claimed, or has been
    /// claimed and not lost since. `false` if there is no such interface.
    #[must_use]
    pub fn address_is_in_use(&self, interface: InterfaceId) -> bool {
        self.network.interface(interface).is_some_and(Interface::address_is_in_use)
    }

    /// The neighbours that are known on the link of `interface`, or asked for. On a link without
    /// Ethernet nobody has to be known.
    #[must_use]
    pub fn neighbours(&self, interface: InterfaceId) -> Vec<Neighbour> {
        let arp = self.network.interface(interface).and_then(|it| it.arp.as_ref());
        arp.map(arp::Arp::neighbours).unwrap_or_default()
    }

    /// What has been counted so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes a frame from a device up to whoever it is for.
    fn input(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        let arrival = Arrival {
            now,
            interface,
            link_broadcast: false,
            checksum: frame.offload.checksum,
            segmentation: frame.offload.segmentation,
        };
        let medium = self.network.interface(interface).map(|it| it.config.capabilities.medium);
        let taken = match medium {
            None => Err(Counter::UnknownInterface),
            Some(Medium::Ip) => self.ipv4_input(arrival, frame.bytes),
            Some(Medium::Ethernet) => self.ethernet_input(arrival, frame.bytes),
        };
        self.count_if_dropped(now, taken);
    }

    /// Takes what the sockets have to send down into the transmit queues.
    #[inline(never)]
    fn output(&mut self, now: Instant) {
        self.udp_output(now);
        self.tcp_output(now);
        self.settle(now);
    }

    /// Does what the last step left to be done at once: what went to ourselves, and the
    /// neighbours' questions and answers.
    #[inline]
    fn settle(&mut self, now: Instant) {
        while let Some(datagram) = self.loopback.pop_front() {
            let arrival = Arrival {
                now,
                interface: LOOPBACK,
                link_broadcast: false,
                checksum: ReceivedChecksum::Unverified,
                segmentation: None,
            };
            let taken = self.ipv4_input(arrival, datagram.as_slice());
            self.count_if_dropped(now, taken);
            self.buffers.give_back(datagram);
        }
        self.take_advice(now);
        self.poll_neighbours(now);
    }

    /// Counts something that is no drop.
    fn count(&mut self, counter: Counter) {
        self.counters.increment(counter);
    }

    /// Counts a drop, and tells of it.
    fn count_drop(&mut self, now: Instant, counter: Counter) {
        self.counters.increment(counter);
        self.tracer
            .emit(now, || Event::Dropped { counter: counter.name(), meaning: counter.meaning() });
    }

    fn count_if_dropped(&mut self, now: Instant, result: Result<(), Counter>) {
        if let Err(counter) = result {
            self.count_drop(now, counter);
        }
    }
}

impl Host for Stack {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.count(Counter::FramesReceived);
        self.input(now, interface, frame);
        self.settle(now);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let waiting = self.network.interface_mut(interface)?.dequeue();
        let (mut frame, offload) = match waiting {
            Some(waiting) => waiting,
            None => {
                self.output(now);
                self.network.interface_mut(interface)?.dequeue()?
            }
        };
        std::mem::swap(buffer, &mut frame);
        self.buffers.give_back(frame);
        self.count(Counter::FramesSent);
        Some(offload)
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.first_deadline()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.expire_reassemblies(now);
        self.tcp.handle_timeout(now);
        self.neighbours_are_due = true;
        self.settle(now);
    }
}
