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

/// How a datagram gets to its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// Our address that it comes from.
    pub(crate) source: Ipv4Addr,
    pub(crate) next_hop: NextHop,
}

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

    /// The way to `destination`, from the source that was `chosen` or else from the one that is
    /// usual there; `None` if no route leads there.
    #[inline]
    pub(crate) fn path(
        &self,
        now: Instant,
        chosen: Option<Ipv4Addr>,
        destination: Ipv4Addr,
    ) -> Option<Path> {
        let kind = AddressKind::of(destination);
        if is_for_a_link(kind) {
            return self.path_on_link(chosen, destination);
        }
        if self.is_own(destination) {
            let next_hop = NextHop { interface: LOOPBACK, address: destination };
            return Some(Path { source: chosen.unwrap_or(destination), next_hop });
        }
        // To an address that is nobody's on a wire, net 127 among them, no route leads (IP-10).
        if kind != AddressKind::Unicast {
            return None;
        }
        let Route { interface, next_hop, source } = *self.routes.lookup(now, destination)?;
        let own = || Some(self.interface(interface)?.config.address.address());
        Some(Path {
            source: chosen.or(source).or_else(own)?,
            next_hop: NextHop { interface, address: next_hop.unwrap_or(destination) },
        })
    }

    /// The way to a `destination` that is on every link: the source says which link is meant, the
    /// first if none was chosen.
    fn path_on_link(&self, chosen: Option<Ipv4Addr>, destination: Ipv4Addr) -> Option<Path> {
        let is_meant = |own: &Cidr| chosen.is_none_or(|chosen| own.address() == chosen);
        let (index, own) = self.addresses().enumerate().find(|(_, own)| is_meant(own))?;
        let next_hop = NextHop { interface: InterfaceId(index), address: destination };
        Some(Path { source: own.address(), next_hop })
    }

    /// Where a datagram from `source` to `destination` goes next; `None` if no route leads there.
    pub(crate) fn next_hop(
        &self,
        now: Instant,
        source: Ipv4Addr,
        destination: Ipv4Addr,
    ) -> Option<NextHop> {
        self.path(now, Some(source), destination).map(|path| path.next_hop)
    }

    /// The source of what goes to `destination`, if its sender has not chosen one.
    pub(crate) fn source_for(&self, now: Instant, destination: Ipv4Addr) -> Option<Ipv4Addr> {
        self.path(now, None, destination).map(|path| path.source)
    }

    /// The longest datagram that leaves by `interface` in one piece, in bytes.
    pub(crate) fn mtu(&self, interface: InterfaceId) -> u16 {
        match self.interface(interface) {
            Some(interface) => interface.config.capabilities.mtu,
            None => u16::MAX,
        }
    }

    /// Whether the device behind `interface` computes transport checksums.
    pub(crate) fn fills_in_checksums(&self, interface: InterfaceId) -> bool {
        let interface = self.interface(interface);
        interface.is_some_and(|it| it.config.capabilities.checksum_offload)
    }

    /// Whether the device behind `interface` cuts superframes of UDP datagrams.
    pub(crate) fn cuts_udp_superframes(&self, interface: InterfaceId) -> bool {
        let interface = self.interface(interface);
        interface.is_some_and(|it| it.config.capabilities.udp_segmentation_offload)
    }

    /// Whether each transmit queue takes a frame more.
    pub(crate) fn has_room(&self) -> bool {
        self.interfaces().all(|interface| interface.room() > 0)
    }

    /// How many more frames the queue of `interface` takes.
    pub(crate) fn room(&self, interface: InterfaceId) -> usize {
        self.interface(interface).map_or(TRANSMIT_QUEUE_LIMIT, Interface::room)
    }

    /// The longest payload that can be sent to `destination` (FRAG-8).
    pub(crate) fn max_payload(
        &self,
        now: Instant,
        destination: Ipv4Addr,
        may_fragment: bool,
    ) -> usize {
        let header = Header::new(destination, destination, Protocol::Udp);
        // Where we may fragment the MTU does not count, and no path need be looked up.
        let path = if may_fragment { None } else { self.path(now, None, destination) };
        let mtu = path.map_or(0, |path| self.mtu(path.next_hop.interface));
        Header { dont_fragment: !may_fragment, ..header }.max_payload(mtu)
    }
}

/// Whether an address of this kind means hosts of one link without saying which link.
const fn is_for_a_link(kind: AddressKind) -> bool {
    matches!(
        kind,
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
        let are_taken = |options: Options| {
            OptionList::parse(&options).is_ok_and(|list| !list.has_source_route())
        };
        options.is_empty() || Options::new(options).is_ok_and(are_taken)
    }
}
