//! Whose datagram is it? Three look-ups answer that, however many sockets there are.
//!
//! 1. Is a socket connected to just this peer, from just this address and port of ours?
//! 2. Is a socket bound to this address and port?
//! 3. Is a socket bound to this port on any address?
//!
//! A socket stands in one of the two tables at a time: bound, it takes what strangers send;
//! connected, it takes what its peer sends, and its place among the bound is free for another.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use secret::Secret;

use crate::{Error, SocketId, SocketPair};

#[derive(Debug)]
pub(crate) struct Demultiplexer {
    connected: HashMap<SocketPair, SocketId, Secret>,
    /// Those bound to an address. Most hosts have none, and an empty table costs nothing.
    ///
    /// What stands here and in `ports` is chosen by our own programs: a stranger who looks up
    /// whatever he likes makes no tree deeper, so these need no keyed hash.
    bound: BTreeMap<SocketAddr, SocketId>,
    /// Unused ports have no entry.
    ports: BTreeMap<Port, PortUse>,
}

/// A port of one family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    number: u16,
    is_ipv4: bool,
}

/// Which sockets use a port.
#[derive(Clone, Copy, Debug, Default)]
struct PortUse {
    /// The one that is bound to it on any address.
    bound_to_any: Option<SocketId>,
    /// How many are bound to it on one address each.
    bound: usize,
    /// How many are connected from it.
    connected: usize,
}

impl From<SocketAddr> for Port {
    fn from(local: SocketAddr) -> Self {
        Self { is_ipv4: local.is_ipv4(), number: local.port() }
    }
}

impl PortUse {
    const fn is_unused(&self) -> bool {
        self.bound_to_any.is_none() && self.bound == 0 && self.connected == 0
    }
}

impl Demultiplexer {
    pub(crate) fn new(hash: Secret) -> Self {
        Self {
            connected: HashMap::with_hasher(hash),
            bound: BTreeMap::new(),
            ports: BTreeMap::new(),
        }
    }

    /// The socket that a datagram between the two ends of `pair` is for.
    pub(crate) fn find(&self, pair: SocketPair) -> Option<SocketId> {
        self.find_connected(pair).or_else(|| self.find_bound(pair.local))
    }

    pub(crate) fn find_connected(&self, pair: SocketPair) -> Option<SocketId> {
        self.connected.get(&pair).copied()
    }

    #[inline]
    pub(crate) fn find_bound(&self, local: SocketAddr) -> Option<SocketId> {
        let here = self.bound.get(&local).copied();
        here.or_else(|| self.ports.get(&local.into())?.bound_to_any)
    }

    /// Gives `id` what strangers send to `local`, which may be any address.
    ///
    /// # Errors
    /// [`Error::AddressInUse`] if a bound socket would then get less than before.
    pub(crate) fn bind(&mut self, local: SocketAddr, id: SocketId) -> Result<(), Error> {
        if self.find_bound(local).is_some() {
            return Err(Error::AddressInUse);
        }
        let to_any = local.ip().is_unspecified();
        let port = self.ports.entry(local.into()).or_default();
        if to_any && port.bound > 0 {
            return Err(Error::AddressInUse);
        }
        if to_any {
            port.bound_to_any = Some(id);
        } else {
            port.bound += 1;
            self.bound.insert(local, id);
        }
        Ok(())
    }

    /// Takes back what [`Demultiplexer::bind`] gave.
    pub(crate) fn unbind(&mut self, local: SocketAddr) {
        if local.ip().is_unspecified() {
            self.release(local, |port| port.bound_to_any = None);
        } else if self.bound.remove(&local).is_some() {
            self.release(local, |port| port.bound = port.bound.saturating_sub(1));
        }
    }

    /// Gives `id` what is sent between the two ends of `pair`.
    ///
    /// # Errors
    /// [`Error::AddressInUse`] if another socket has just this pair.
    pub(crate) fn connect(&mut self, pair: SocketPair, id: SocketId) -> Result<(), Error> {
        if self.connected.contains_key(&pair) {
            return Err(Error::AddressInUse);
        }
        self.connected.insert(pair, id);
        self.ports.entry(pair.local.into()).or_default().connected += 1;
        Ok(())
    }

    /// Takes back what [`Demultiplexer::connect`] gave.
    pub(crate) fn disconnect(&mut self, pair: SocketPair) {
        if self.connected.remove(&pair).is_some() {
            self.release(pair.local, |port| port.connected = port.connected.saturating_sub(1));
        }
    }

    /// Whether no socket of the family of `local` uses its port in any way.
    pub(crate) fn is_port_free(&self, local: SocketAddr) -> bool {
        !self.ports.contains_key(&local.into())
    }

    /// Has the port of `local` used less, as `change` says.
    fn release(&mut self, local: SocketAddr, change: impl FnOnce(&mut PortUse)) {
        let Some(port) = self.ports.get_mut(&local.into()) else { return };
        change(port);
        if port.is_unused() {
            self.ports.remove(&local.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_again_once_its_last_socket_has_left_it() {
        let mut demultiplexer = Demultiplexer::new(Secret::new([1, 2]));
        let id = socket::Slots::new().insert(());
        let any = SocketAddr::from(([0, 0, 0, 0], 7));
        let one = SocketAddr::from(([192, 0, 2, 2], 7));
        let pair = SocketPair { local: one, remote: SocketAddr::from(([192, 0, 2, 1], 40_000)) };

        demultiplexer.connect(pair, id).unwrap();
        demultiplexer.bind(one, id).unwrap();
        demultiplexer.unbind(one);
        assert!(!demultiplexer.is_port_free(any));
        demultiplexer.disconnect(pair);
        assert!(demultiplexer.is_port_free(any));

        demultiplexer.bind(any, id).unwrap();
        assert!(!demultiplexer.is_port_free(one));
        demultiplexer.unbind(any);
        assert!(demultiplexer.is_port_free(one));
    }
}
