//! Behind which port each host is: learnt, as a switch does, from whom frames come.
//!
//! ```text
//!   device ──┐            ┌── client
//!            ├── switch ──┤
//!            │            └── client
//! ```
//!
//! A frame for a host that has been heard of goes to its port alone; one for a group, for
//! everybody, or for a host never heard of, to all ports but the one that it came by.

use std::collections::HashMap;
use std::time::Duration;

use packet::Instant;

use crate::PeerId;
use crate::addresses::{Address, Addresses};

/// How many hosts are known at a time behind one port.
pub const HOSTS_PER_PORT: usize = 256;

/// How long a host that is not heard of any more is known.
pub(crate) const FORGET_AFTER: Duration = Duration::from_secs(300);

/// One of the ends that the switch joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Port {
    /// The device on this host.
    Device,
    /// Another host's end of the tunnel.
    Peer(PeerId),
}

/// Where a frame is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By this port.
    To(Port),
    /// By every port but the one that it came by.
    ToOthers,
    /// Nowhere: the host that it is for is behind the port that it came by.
    Nowhere,
}

/// Which host is behind which port.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    hosts: HashMap<Address, Place>,
    /// How many are behind each port.
    counts: HashMap<Port, usize>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    port: Port,
    heard: Instant,
}

impl Switch {
    /// Notes that a frame of `addresses` came by `from`, and says where it goes. The second is
    /// false if its sender should have been noted and there was no room.
    pub(crate) fn way(&mut self, now: Instant, from: Port, addresses: Addresses) -> (Way, bool) {
        let is_known = self.learn(now, from, addresses.source);
        let way = match self.hosts.get(&addresses.destination) {
            Some(place) if now - place.heard >= FORGET_AFTER => Way::ToOthers,
            Some(place) if place.port == from => Way::Nowhere,
            Some(place) => Way::To(place.port),
            None => Way::ToOthers,
        };
        (way, is_known)
    }

    /// Forgets the hosts behind `port`, which is no more.
    pub(crate) fn forget(&mut self, port: Port) {
        self.hosts.retain(|_, place| place.port != port);
        self.counts.remove(&port);
    }

    /// Whether the host is known now, or is none that could be.
    fn learn(&mut self, now: Instant, port: Port, address: Address) -> bool {
        if !address.is_one_host() {
            return true;
        }
        if let Some(place) = self.hosts.get_mut(&address).filter(|place| place.port == port) {
            place.heard = now;
            return true;
        }
        if self.count(port) >= HOSTS_PER_PORT {
            self.forget_old(now);
            if self.count(port) >= HOSTS_PER_PORT {
                return false;
            }
        }
        let before = self.hosts.insert(address, Place { port, heard: now });
        if let Some(count) = before.and_then(|place| self.counts.get_mut(&place.port)) {
            *count = count.saturating_sub(1);
        }
        *self.counts.entry(port).or_default() += 1;
        true
    }

    fn count(&self, port: Port) -> usize {
        self.counts.get(&port).copied().unwrap_or_default()
    }

    fn forget_old(&mut self, now: Instant) {
        self.hosts.retain(|_, place| now - place.heard < FORGET_AFTER);
        self.counts.clear();
        for place in self.hosts.values() {
            *self.counts.entry(place.port).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer_id;

    const NOW: Instant = Instant::START;
    const DEVICE: Port = Port::Device;

    fn host(number: u16) -> Address {
        let [high, low] = number.to_be_bytes();
        Address::Mac([2, 0, 0, 0, high, low])
    }

    fn frame(source: Address, destination: Address) -> Addresses {
        Addresses { source, destination }
    }

    #[test]
    fn a_host_is_behind_the_port_that_it_was_heard_by() {
        let (mut switch, one, other) = (Switch::default(), peer(1), peer(2));
        let [a, b, c] = [1, 2, 3].map(host);
        let mut way = |from, source, destination| switch.way(NOW, from, frame(source, destination));
        assert_eq!(way(DEVICE, a, b), (Way::ToOthers, true), "nobody knows b yet");
        assert_eq!(way(one, b, a), (Way::To(DEVICE), true));
        assert_eq!(way(DEVICE, a, b), (Way::To(one), true));
        assert_eq!(way(other, c, b), (Way::To(one), true), "from client to client");
        assert_eq!(way(one, a, b), (Way::Nowhere, true), "b is on that side itself");
        assert_eq!(way(DEVICE, c, Address::Mac([255; 6])), (Way::ToOthers, true));
        assert_eq!(way(one, b, c), (Way::To(DEVICE), true), "c has moved");
    }

    fn peer(number: u64) -> Port {
        Port::Peer(peer_id(number))
    }

    #[test]
    fn a_port_that_is_no_more_leaves_nobody_behind() {
        let mut switch = Switch::default();
        switch.way(NOW, peer(1), frame(host(1), host(9)));
        switch.forget(peer(1));
        assert_eq!(switch.way(NOW, DEVICE, frame(host(2), host(1))).0, Way::ToOthers);
    }

    #[test]
    fn a_port_that_claims_too_many_hosts_takes_no_room_from_another() {
        let mut switch = Switch::default();
        let bound = u16::try_from(HOSTS_PER_PORT).unwrap();
        let noted = (0..bound + 10)
            .filter(|&number| switch.way(NOW, peer(1), frame(host(number), host(9999))).1)
            .count();
        assert_eq!(noted, HOSTS_PER_PORT);
        assert!(switch.way(NOW, peer(2), frame(host(5000), host(9999))).1);
        // When they are old, there is room again.
        let later = NOW + FORGET_AFTER;
        assert!(switch.way(later, peer(1), frame(host(6000), host(9999))).1);
        assert_eq!(switch.hosts.len(), 1);
        assert_eq!(switch.counts.values().sum::<usize>(), 1);
    }

    #[test]
    fn a_host_that_is_silent_for_long_is_looked_for_everywhere() {
        let mut switch = Switch::default();
        switch.way(NOW, peer(1), frame(host(1), host(9)));
        let later = NOW + FORGET_AFTER;
        assert_eq!(switch.way(later, DEVICE, frame(host(2), host(1))).0, Way::ToOthers);
    }

    #[test]
    fn groups_and_nobody_are_never_behind_a_port() {
        let mut switch = Switch::default();
        let everybody = Address::Mac([255; 6]);
        assert_eq!(switch.way(NOW, peer(1), frame(everybody, host(9))), (Way::ToOthers, true));
        assert!(switch.hosts.is_empty());
    }
}
