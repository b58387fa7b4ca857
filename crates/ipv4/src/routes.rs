//! Routes: which interface a datagram leaves by, and who on its link is to have it first.
//!
//! The longest prefix that covers the destination wins (RFC 1122, 3.3.1; RFC 1812, 5.2.4.3):
//!
//! ```text
//!   192.0.2.0/24   interface 0, on link              192.0.2.7   ─► 192.0.2.7 itself
//!   0.0.0.0/0      interface 0, next hop 192.0.2.1   203.0.113.9 ─► 192.0.2.1
//! ```
//!
//! A network may have several routes. The first is used, until its next hop is reported not to
//! answer; then another takes over (RFC 1122, ROUTE-5).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use packet::{Instant, InterfaceId};

use crate::address::Cidr;

/// How many networks a table has routes to at most. More are refused.
pub const MAX_ROUTED_NETWORKS: usize = 1024;

/// How many routes to one network there are at most. More are refused.
pub const MAX_ROUTES_PER_NETWORK: usize = 4;

/// How many next hops are known not to answer. More are not noted.
pub const MAX_SILENT_NEXT_HOPS: usize = 64;

/// How long a next hop that did not answer is passed over. Then it is tried again.
pub const NEXT_HOP_SILENCE: Duration = Duration::from_secs(60);

/// One way to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The interface that datagrams leave by.
    pub interface: InterfaceId,
    /// The router that gets them; `None` if the destinations are on the link themselves.
    pub next_hop: Option<Ipv4Addr>,
    /// The source address of what leaves this way, if its sender has not chosen one; `None`
    /// for the interface's own.
    pub source: Option<Ipv4Addr>,
}

/// Where each network lies.
#[derive(Clone, Debug, Default)]
pub struct RoutingTable {
    /// The longest prefixes first. A look-up asks each length in use once: 33 at most.
    by_length: Vec<SameLength>,
    /// Until when the next hops that did not answer are passed over.
    silent: BTreeMap<(InterfaceId, Ipv4Addr), Instant>,
    networks: usize,
}

/// The networks whose prefixes have one length, and the routes to them.
#[derive(Clone, Debug)]
struct SameLength {
    prefix_length: u8,
    /// By the network's first address, and never none. The routes to a network stand in order of
    /// preference and are never none either.
    networks: BTreeMap<Ipv4Addr, Vec<Route>>,
}

impl RoutingTable {
    /// A table without routes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route to `network`, to be used when those there have failed. A route by the same
    /// interface and next hop is replaced and keeps its place. `0.0.0.0/0` is the default route.
    ///
    /// # Errors
    /// [`TableFull`] if there are [`MAX_ROUTED_NETWORKS`] or [`MAX_ROUTES_PER_NETWORK`] already.
    pub fn add(&mut self, network: Cidr, route: Route) -> Result<(), TableFull> {
        let is_new = self.routes_to(network).is_empty();
        if is_new && self.networks == MAX_ROUTED_NETWORKS {
            return Err(TableFull);
        }
        let prefix_length = network.prefix_length();
        let at = self.by_length.partition_point(|it| it.prefix_length > prefix_length);
        if self.by_length.get(at).is_none_or(|it| it.prefix_length != prefix_length) {
            let networks = BTreeMap::new();
            self.by_length.insert(at, SameLength { prefix_length, networks });
        }
        // It is there: it stands in its place, or was just put there.
        let same_length = self.by_length.get_mut(at).ok_or(TableFull)?;
        let routes = same_length.networks.entry(network.network()).or_default();
        self.networks += usize::from(is_new);
        let way = (route.interface, route.next_hop);
        if let Some(same) = routes.iter_mut().find(|it| (it.interface, it.next_hop) == way) {
            *same = route;
        } else if routes.len() == MAX_ROUTES_PER_NETWORK {
            return Err(TableFull);
        } else {
            routes.push(route);
        }
        Ok(())
    }

    /// Makes `route` the only one to `network`.
    ///
    /// # Errors
    /// [`TableFull`] if there are routes to [`MAX_ROUTED_NETWORKS`] already, and none to this.
    pub fn replace(&mut self, network: Cidr, route: Route) -> Result<(), TableFull> {
        let _ = self.remove(network);
        self.add(network, route)
    }

    /// Removes all routes to exactly this network, and says whether there were any.
    pub fn remove(&mut self, network: Cidr) -> bool {
        let were_any = !self.routes_to(network).is_empty();
        self.retain(network, |_| false);
        were_any
    }

    /// Removes every route by an interface that is no more.
    pub fn remove_interface(&mut self, interface: InterfaceId) {
        let networks: Vec<Cidr> = self.iter().map(|(network, _)| network).collect();
        for network in networks {
            self.retain(network, |route| route.interface != interface);
        }
        self.silent.retain(|(by, _), _| *by != interface);
    }

    /// The route to `destination`: that of the longest prefix, and of several the first whose
    /// next hop is not known to be silent. If all of them are, the first.
    #[must_use]
    pub fn lookup(&self, now: Instant, destination: Ipv4Addr) -> Option<&Route> {
        let routes = self.by_length.iter().find_map(|SameLength { prefix_length, networks }| {
            networks.get(&Cidr::new(destination, *prefix_length)?.network())
        })?;
        routes.iter().find(|route| !self.is_silent(now, route)).or_else(|| routes.first())
    }

    /// Notes that `next_hop` did not answer, though it was asked: for [`NEXT_HOP_SILENCE`] other routes
    /// are preferred where there are any.
    pub fn next_hop_failed(&mut self, now: Instant, interface: InterfaceId, next_hop: Ipv4Addr) {
        self.silent.retain(|_, until| *until > now);
        let neighbour = (interface, next_hop);
        if self.silent.len() < MAX_SILENT_NEXT_HOPS || self.silent.contains_key(&neighbour) {
            self.silent.insert(neighbour, now + NEXT_HOP_SILENCE);
        }
    }

    /// Notes that `next_hop` was heard.
    pub fn next_hop_answered(&mut self, interface: InterfaceId, next_hop: Ipv4Addr) {
        self.silent.remove(&(interface, next_hop));
    }

    /// Every route with its network: the longest prefixes first, then by address, then in order
    /// of preference.
    pub fn iter(&self) -> impl Iterator<Item = (Cidr, &Route)> {
        self.by_length.iter().flat_map(|SameLength { prefix_length, networks }| {
            networks.iter().flat_map(|(&network, routes)| {
                let network = Cidr::new(network, *prefix_length);
                routes.iter().filter_map(move |route| Some((network?, route)))
            })
        })
    }

    fn is_silent(&self, now: Instant, route: &Route) -> bool {
        let until = route.next_hop.and_then(|hop| self.silent.get(&(route.interface, hop)));
        until.is_some_and(|&until| until > now)
    }

    /// The routes to exactly this network.
    fn routes_to(&self, network: Cidr) -> &[Route] {
        let length = network.prefix_length();
        let same_length = self.by_length.iter().find(|it| it.prefix_length == length);
        same_length.and_then(|it| it.networks.get(&network.network())).map_or(&[], Vec::as_slice)
    }

    /// Keeps of the routes to exactly this network those that `keep` wants.
    fn retain(&mut self, network: Cidr, keep: impl FnMut(&Route) -> bool) {
        let length = network.prefix_length();
        let same_length = self.by_length.iter_mut().find(|it| it.prefix_length == length);
        let Some(SameLength { networks, .. }) = same_length else { return };
        let Some(routes) = networks.get_mut(&network.network()) else { return };
        routes.retain(keep);
        if routes.is_empty() {
            networks.remove(&network.network());
            self.networks -= 1;
        }
        self.by_length.retain(|it| !it.networks.is_empty());
    }
}

/// There is no room for another route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the routing table is full: it holds {MAX_ROUTED_NETWORKS} networks, \
     and {MAX_ROUTES_PER_NETWORK} routes to each"
)]
pub struct TableFull;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Instant = Instant::START;
    const DEFAULT: &str = "0.0.0.0/0";

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    fn on_link(interface: usize) -> Route {
        Route { interface: InterfaceId(interface), next_hop: None, source: None }
    }

    fn through(next_hop: &str) -> Route {
        Route { next_hop: Some(address(next_hop)), ..on_link(0) }
    }

    fn table(routes: &[(&str, Route)]) -> RoutingTable {
        let mut table = RoutingTable::new();
        for (network, route) in routes {
            table.add(cidr(network), *route).unwrap();
        }
        table
    }

    #[test]
    fn route_1_the_longest_prefix_decides() {
        let table = table(&[
            (DEFAULT, through("192.0.2.1")),
            ("192.0.2.2/24", on_link(0)),
            ("192.0.2.128/25", on_link(1)),
            ("192.0.2.200/32", on_link(2)),
        ]);
        for (destination, expected) in [
            ("192.0.2.7", on_link(0)),
            ("192.0.2.129", on_link(1)),
            ("192.0.2.200", on_link(2)),
            ("203.0.113.9", through("192.0.2.1")),
        ] {
            let found = table.lookup(NOW, address(destination));
            assert_eq!(found, Some(&expected), "{destination}");
        }
    }

    #[test]
    fn route_2_without_a_router_the_own_network_is_reached() {
        let table = table(&[("192.0.2.2/24", on_link(0))]);
        assert_eq!(table.lookup(NOW, address("192.0.2.1")), Some(&on_link(0)));
        assert_eq!(table.lookup(NOW, address("203.0.113.9")), None);
    }

    #[test]
    fn route_3_and_route_5_another_router_takes_over_from_a_silent_one() {
        let mut table =
            table(&[(DEFAULT, through("192.0.2.1")), (DEFAULT, through("192.0.2.254"))]);
        let next_hop = |table: &RoutingTable, now| {
            let route = table.lookup(now, address("203.0.113.9")).unwrap();
            route.next_hop.unwrap().to_string()
        };
        assert_eq!(next_hop(&table, NOW), "192.0.2.1");

        table.next_hop_failed(NOW, InterfaceId(1), address("192.0.2.1"));
        assert_eq!(next_hop(&table, NOW), "192.0.2.1", "another interface's neighbour");
        table.next_hop_failed(NOW, InterfaceId(0), address("192.0.2.1"));
        assert_eq!(next_hop(&table, NOW), "192.0.2.254");
        assert_eq!(next_hop(&table, NOW + NEXT_HOP_SILENCE), "192.0.2.1", "it is tried again");

        table.next_hop_failed(NOW, InterfaceId(0), address("192.0.2.254"));
        assert_eq!(next_hop(&table, NOW), "192.0.2.1", "all are silent: the first");
        table.next_hop_answered(InterfaceId(0), address("192.0.2.254"));
        assert_eq!(next_hop(&table, NOW), "192.0.2.254");
    }

    #[test]
    fn silent_next_hops_are_bounded_and_forgotten() {
        let mut table = RoutingTable::new();
        for host in 0..200 {
            table.next_hop_failed(NOW, InterfaceId(0), Ipv4Addr::new(192, 0, 2, host));
        }
        assert_eq!(table.silent.len(), MAX_SILENT_NEXT_HOPS);
        table.next_hop_failed(NOW + NEXT_HOP_SILENCE, InterfaceId(0), address("192.0.2.1"));
        assert_eq!(table.silent.len(), 1);
    }

    #[test]
    fn the_same_way_is_replaced_in_its_place() {
        let mut table =
            table(&[(DEFAULT, through("192.0.2.1")), (DEFAULT, through("192.0.2.254"))]);
        let with_source = Route { source: Some(address("192.0.2.2")), ..through("192.0.2.1") };
        table.add(cidr(DEFAULT), with_source).unwrap();
        let expected = [(cidr(DEFAULT), &with_source), (cidr(DEFAULT), &through("192.0.2.254"))];
        assert_eq!(table.iter().collect::<Vec<_>>(), expected);

        table.replace(cidr(DEFAULT), through("192.0.2.7")).unwrap();
        assert_eq!(table.iter().collect::<Vec<_>>(), [(cidr(DEFAULT), &through("192.0.2.7"))]);
    }

    #[test]
    fn what_is_removed_uncovers_the_shorter_prefix() {
        let mut table = table(&[(DEFAULT, on_link(0)), ("192.0.2.0/24", on_link(1))]);
        assert!(!table.remove(cidr("192.0.2.0/25")));
        assert!(table.remove(cidr("192.0.2.77/24")), "any address names its network");
        assert_eq!(table.lookup(NOW, address("192.0.2.1")), Some(&on_link(0)));
        assert!(!table.remove(cidr("192.0.2.0/24")));
        assert_eq!(table.networks, 1);
    }

    #[test]
    fn an_interface_leaves_with_its_routes() {
        let mut table =
            table(&[(DEFAULT, on_link(0)), (DEFAULT, on_link(1)), ("192.0.2.0/24", on_link(1))]);
        for interface in [0, 1] {
            table.next_hop_failed(NOW, InterfaceId(interface), address("192.0.2.1"));
        }
        table.remove_interface(InterfaceId(1));
        assert_eq!(table.iter().collect::<Vec<_>>(), [(cidr(DEFAULT), &on_link(0))]);
        let silent: Vec<_> = table.silent.keys().collect();
        assert_eq!(silent, [&(InterfaceId(0), address("192.0.2.1"))]);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut table = RoutingTable::new();
        let host = |number: usize| {
            Cidr::new(Ipv4Addr::from_bits(u32::try_from(number).unwrap()), 32).unwrap()
        };
        for number in 0..MAX_ROUTED_NETWORKS {
            table.add(host(number), on_link(0)).unwrap();
        }
        assert_eq!(table.add(host(MAX_ROUTED_NETWORKS), on_link(0)), Err(TableFull));
        table.replace(host(3), on_link(7)).unwrap();
        for interface in 8..7 + MAX_ROUTES_PER_NETWORK {
            table.add(host(3), on_link(interface)).unwrap();
        }
        assert_eq!(table.add(host(3), on_link(99)), Err(TableFull));
        assert!(table.remove(host(5)));
        table.add(host(MAX_ROUTED_NETWORKS), on_link(0)).unwrap();
    }

    proptest! {
        #[test]
        fn a_look_up_finds_what_a_scan_of_all_routes_finds(
            steps in prop::collection::vec((any::<bool>(), 0u32..64, 0u8..=32, 0usize..100), 0..60),
            destinations in prop::collection::vec(0u32..64, 0..20),
        ) {
            // Few addresses, far apart, so that prefixes of all lengths nest.
            let spread = |number: u32| Ipv4Addr::from_bits(number.wrapping_mul(0x0401_0041));
            let mut table = RoutingTable::new();
            let mut model: Vec<(Cidr, Route)> = Vec::new();
            for (adds, number, prefix_length, interface) in steps {
                let network = Cidr::new(spread(number), prefix_length).unwrap();
                let network = Cidr::new(network.network(), prefix_length).unwrap();
                let known = model.iter().any(|(it, _)| *it == network);
                model.retain(|(it, _)| *it != network);
                if adds {
                    table.replace(network, on_link(interface)).unwrap();
                    model.push((network, on_link(interface)));
                } else {
                    prop_assert_eq!(table.remove(network), known);
                }
            }
            prop_assert_eq!(table.networks, model.len());
            prop_assert_eq!(table.iter().count(), model.len());
            for destination in destinations.into_iter().map(spread) {
                let covering = model.iter().filter(|(network, _)| network.contains(destination));
                let expected = covering.max_by_key(|(network, _)| network.prefix_length());
                let found = table.lookup(NOW, destination);
                prop_assert_eq!(found, expected.map(|(_, route)| route));
            }
        }
    }
}
