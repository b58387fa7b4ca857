//! Whose datagram is it? Three look-ups answer that, however many sockets there are.
//!
//! 1. Is a socket connected to just this peer, from just this address and port of ours?
//! 2. Is a socket bound to this address and port?
//! 3. Is a socket bound to this port on any address?
//!
//! A socket stands in one of the two tables at a time: bound, it takes what strangers send;
//! connected, it takes what its peer sends, and its place among the bound is free for another.

use std::collections::HashMap;
use std::net::SocketAddr;

use secret::Secret;

use crate::addresses::any_address;
use crate::{Error, SocketId, SocketPair};

#[derive(Debug)]
pub(crate) struct Demultiplexer {
    connected: HashMap<SocketPair, SocketId, Secret>,
    /// Under [`any_address`] if bound to any.
    bound: HashMap<SocketAddr, SocketId, Secret>,
    /// How each port of a family is used, under [`any_address`]. An unused one has no entry.
    ports: HashMap<SocketAddr, PortUse, Secret>,
}

/// How many sockets use a port.
#[derive(Clone, Copy, Debug, Default)]
struct PortUse {
    bound: usize,
    connected: usize,
}

impl Demultiplexer {
    pub(crate) fn new(hash: Secret) -> Self {
        Self {
            connected: HashMap::with_hasher(hash),
            bound: HashMap::with_hasher(hash),
            ports: HashMap::with_hasher(hash),
        }
    }

    /// The socket that a datagram between the two ends of `pair` is for.
    pub(crate) fn find(&self, pair: SocketPair) -> Option<SocketId> {
        self.find_connected(pair).or_else(|| self.find_bound(pair.local))
    }

    pub(crate) fn find_connected(&self, pair: SocketPair) -> Option<SocketId> {
        // Most hosts only serve: no need for a hash then.
        if self.connected.is_empty() {
            return None;
        }
        self.connected.get(&pair).copied()
    }

    pub(crate) fn find_bound(&self, local: SocketAddr) -> Option<SocketId> {
        self.bound.get(&local).or_else(|| self.bound.get(&any_address(local))).copied()
    }

    /// Gives `id` what strangers send to `local`, which may be any address.
    ///
    /// # Errors
    /// [`Error::AddressInUse`] if a bound socket would then get less than before.
    pub(crate) fn bind(&mut self, local: SocketAddr, id: SocketId) -> Result<(), Error> {
        let is_taken = if local.ip().is_unspecified() {
            self.ports.get(&local).is_some_and(|port| port.bound > 0)
        } else {
            self.find_bound(local).is_some()
        };
        if is_taken {
            return Err(Error::AddressInUse);
        }
        self.bound.insert(local, id);
        self.ports.entry(any_address(local)).or_default().bound += 1;
        Ok(())
    }

    /// Takes back what [`Demultiplexer::bind`] gave.
    pub(crate) fn unbind(&mut self, local: SocketAddr) {
        if self.bound.remove(&local).is_some() {
            self.reduce(local, |port| &mut port.bound);
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
        self.ports.entry(any_address(pair.local)).or_default().connected += 1;
        Ok(())
    }

    /// Takes back what [`Demultiplexer::connect`] gave.
    pub(crate) fn disconnect(&mut self, pair: SocketPair) {
        if self.connected.remove(&pair).is_some() {
            self.reduce(pair.local, |port| &mut port.connected);
        }
    }

    /// Whether no socket of the family of `local` uses its port in any way.
    pub(crate) fn is_port_free(&self, local: SocketAddr) -> bool {
        !self.ports.contains_key(&any_address(local))
    }

    fn reduce(&mut self, local: SocketAddr, count: impl Fn(&mut PortUse) -> &mut usize) {
        let key = any_address(local);
        let Some(port) = self.ports.get_mut(&key) else { return };
        let count = count(port);
        *count = count.saturating_sub(1);
        if matches!(port, PortUse { bound: 0, connected: 0 }) {
            self.ports.remove(&key);
        }
    }
}
