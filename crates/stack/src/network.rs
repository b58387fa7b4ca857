//! Our interfaces and the routes by way of them: what is ours, and how to get elsewhere.

use std::net::{IpAddr, Ipv4Addr};

use ipv4::{
    AddressKind, Cidr, Destination, Header, OptionList, Options, Protocol, Route, RoutingTable,
};
use packet::{Instant, InterfaceId};

use crate::interface::{Interface, TRANSMIT_QUEUE_LIMIT};

/// The interfaces and the routing table.
#[derive(Debug)]
pub(crate) struct Network {
    /// Indexed by [`InterfaceId`].
    interfaces: Vec<Interface>,
    pub(crate) routes: RoutingTable,
}

/// The interface that is none: what we send to ourselves comes back by it at once.
pub(crate) const LOOPBACK: InterfaceId = InterfaceId(usize::MAX);

/// Where a datagram goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NextHop {
    /// The interface that it leaves by.
    pub(crate) interface: InterfaceId,
    /// Who gets it there: the destination itself, or a router.
    pub(crate) address: Ipv4Addr,
}

impl Network {
    pub(crate) fn new() -> Self {
        Self { interfaces: Vec::new(), routes: RoutingTable::new() }
    }

    pub(crate) fn push(&mut self, interface: Interface) -> InterfaceId {
        self.interfaces.push(interface);
        InterfaceId(self.interfaces.len() - 1)
    }

    /// The number that the next interface gets.
    pub(crate) const fn next_id(&self) -> InterfaceId {
        InterfaceId(self.interfaces.len())
    }

    pub(crate) fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        self.interfaces.get(id.0)
    }

    pub(crate) fn interface_mut(&mut self, id: InterfaceId) -> Option<&mut Interface> {
        self.interfaces.get_mut(id.0)
    }

    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &Interface> + Clone {
        self.interfaces.iter()
    }

    /// Our addresses, each with the network that it is in.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = Cidr> + Clone {
        self.interfaces.iter().map(|interface| interface.config.address)
    }

    /// Whether `address` is one of our own. It does not matter by which interface somebody asks:
    /// the addresses belong to the host (RFC 1122, 3.3.4.2, the weak model).
    pub(crate) fn is_own(&self, address: Ipv4Addr) -> bool {
        self.addresses().any(|own| own.address() == address)
    }

    /// What the destination of a datagram means that came by an interface in the network
    /// `arrived_in`. A broadcast reaches those of its own link alone.
    pub(crate) fn destination(&self, address: Ipv4Addr, arrived_in: Cidr) -> Destination {
        if self.is_own(address) {
            return Destination::Host;
        }
        Destination::of(address, [arrived_in])
    }

    /// The way from `source` to `destination`; `None` if no route leads there.
    pub(crate) fn next_hop(
        &self,
        now: Instant,
        source: Ipv4Addr,
        destination: Ipv4Addr,
    ) -> Option<NextHop> {
        if is_for_a_link(destination) {
            // Such an address is on every link; the source says which is meant.
            let from_there = |interface: &Interface| interface.config.address.address() == source;
            let index = self.interfaces.iter().position(from_there)?;
            return Some(NextHop { interface: InterfaceId(index), address: destination });
        }
        if self.is_own(destination) {
            return Some(NextHop { interface: LOOPBACK, address: destination });
        }
        let route = self.route_to(now, destination)?;
        let address = route.next_hop.unwrap_or(destination);
        Some(NextHop { interface: route.interface, address })
    }

    /// The longest datagram that leaves by `interface` in one piece, in bytes.
    pub(crate) fn mtu(&self, interface: InterfaceId) -> u16 {
        match self.interface(interface) {
            Some(interface) => interface.config.capabilities.mtu,
            None => u16::MAX,
        }
    }

    /// How many more frames the queue of `interface` takes.
    pub(crate) fn room(&self, interface: InterfaceId) -> usize {
        self.interface(interface).map_or(TRANSMIT_QUEUE_LIMIT, Interface::room)
    }

    /// The source of what goes to `destination`, if its sender has not chosen one.
    pub(crate) fn source_for(&self, now: Instant, destination: Ipv4Addr) -> Option<Ipv4Addr> {
        if is_for_a_link(destination) {
            return self.addresses().next().map(Cidr::address);
        }
        if self.is_own(destination) {
            return Some(destination);
        }
        let route = self.route_to(now, destination)?;
        let own = || Some(self.interface(route.interface)?.config.address.address());
        route.source.or_else(own)
    }

    /// The route to a host of some network. To an address that is nobody's on a wire, net 127
    /// among them, none leads (IP-10).
    fn route_to(&self, now: Instant, destination: Ipv4Addr) -> Option<&Route> {
        let is_somebodys = AddressKind::of(destination) == AddressKind::Unicast;
        is_somebodys.then(|| self.routes.lookup(now, destination)).flatten()
    }

    /// The longest payload that can be sent to `destination` (FRAG-8).
    pub(crate) fn max_payload(
        &self,
        now: Instant,
        destination: Ipv4Addr,
        may_fragment: bool,
    ) -> usize {
        let source = self.source_for(now, destination);
        let hop = source.and_then(|source| self.next_hop(now, source, destination));
        let mtu = hop.map_or(0, |hop| self.mtu(hop.interface));
        let header = Header::new(destination, destination, Protocol::Udp);
        Header { dont_fragment: !may_fragment, ..header }.max_payload(mtu)
    }
}

/// Whether `address` means hosts of one link without saying which link.
fn is_for_a_link(address: Ipv4Addr) -> bool {
    matches!(
        AddressKind::of(address),
        AddressKind::Multicast | AddressKind::LimitedBroadcast | AddressKind::Unspecified
    )
}

/// What UDP's sockets may ask of the network, at a moment.
#[derive(Debug)]
pub(crate) struct NetworkNow<'a> {
    pub(crate) network: &'a Network,
    pub(crate) now: Instant,
}

impl udp::Network for NetworkNow<'_> {
    fn kind(&self, address: IpAddr) -> udp::AddressKind {
        let IpAddr::V4(address) = address else { return udp::AddressKind::Other };
        match Destination::of(address, self.network.addresses()) {
            Destination::Host => udp::AddressKind::Own,
            Destination::Broadcast => udp::AddressKind::Broadcast,
            Destination::Multicast => udp::AddressKind::Multicast,
            Destination::Other => udp::AddressKind::Other,
        }
    }

    fn source_for(&self, destination: IpAddr) -> Option<IpAddr> {
        let IpAddr::V4(destination) = destination else { return None };
        self.network.source_for(self.now, destination).map(IpAddr::V4)
    }

    fn max_payload(&self, destination: IpAddr, may_fragment: bool) -> usize {
        let IpAddr::V4(destination) = destination else { return 0 };
        self.network.max_payload(self.now, destination, may_fragment)
    }

    /// IP-25: no source route leaves, so none twice; and what we refuse of others we do not send.
    fn takes_ip_options(&self, options: &[u8]) -> bool {
        Options::new(options).is_ok_and(|options| {
            OptionList::parse(&options).is_ok_and(|list| !list.has_source_route())
        })
    }
}
