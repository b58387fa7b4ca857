//! The neighbours we know and the packets that wait for one: sending, and what time brings.

use std::net::Ipv4Addr;

use ethernet::MacAddress;
use packet::Instant;
use secret::Secret;

use crate::asked::{Asked, Cast};
use crate::entry::{Entry, Step};
use crate::table::Table;
use crate::waiting::Waiting;
use crate::{
    Config, Due, Local, Message, Neighbour, Outgoing, Payload, Refusal, Sent, Unreachable,
};

/// The neighbour cache of one interface. What it learns from packets stands in `learn.rs`.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) local: Local,
    pub(crate) config: Config,
    pub(crate) table: Table,
    pub(crate) waiting: Waiting,
    pub(crate) asked: Asked,
}

impl Cache {
    pub(crate) fn new(local: Local, config: Config, secret: Secret) -> Self {
        Self {
            local,
            config,
            table: Table::new(secret),
            waiting: Waiting::new(secret),
            asked: Asked::new(secret),
        }
    }

    /// Finds the MAC address for `payload`, or keeps it until there is one.
    pub(crate) fn send(&mut self, now: Instant, next_hop: Ipv4Addr, payload: Payload) -> Sent {
        let Some(&entry) = self.table.entry(next_hop) else {
            return self.send_to_stranger(now, next_hop, payload);
        };
        let Some(to) = entry.hardware() else {
            return Sent::Waiting { dropped: self.waiting.push(next_hop, payload) };
        };
        if let Some(used) = entry.after_use(now) {
            self.table.put(next_hop, used);
        }
        Sent::Now { to, payload }
    }

    fn send_to_stranger(&mut self, now: Instant, next_hop: Ipv4Addr, payload: Payload) -> Sent {
        if let Some(to) = self.local.group(next_hop) {
            return Sent::Now { to, payload };
        }
        if !self.local.is_neighbour(next_hop) {
            return Sent::Refused { payload, reason: Refusal::NotANeighbour };
        }
        let mut dropped = Vec::new();
        if let Some(given_up) = self.table.make_room_to_ask() {
            dropped = self.waiting.take(given_up);
        }
        self.table.put(next_hop, Entry::incomplete(now));
        dropped.extend(self.waiting.push(next_hop, payload));
        Sent::Waiting { dropped }
    }

    /// Takes it from the layers above that `neighbour` hears us.
    pub(crate) fn confirm(&mut self, now: Instant, neighbour: Ipv4Addr) {
        let entry = self.table.entry(neighbour);
        if let Some(entry) = entry.and_then(|entry| entry.after_advice(now, &self.config)) {
            self.table.put(neighbour, entry);
        }
    }

    /// Takes it from the layers above that nothing comes back from `neighbour`.
    pub(crate) fn doubt(&mut self, now: Instant, neighbour: Ipv4Addr) {
        let entry = self.table.entry(neighbour);
        if let Some(entry) = entry.and_then(|entry| entry.after_doubt(now)) {
            self.table.put(neighbour, entry);
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.table.next_deadline()
    }

    /// Does the next thing that is due. At most a few steps for each entry.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Due> {
        while let Some((address, entry)) = self.table.due(now) {
            match entry.at_deadline(now, &self.config) {
                Step::Become(entry) => self.table.put(address, entry),
                Step::Ask(whom, entry) => {
                    self.table.put(address, entry);
                    // A request that may not be sent is like one that gets lost.
                    if let Some(request) = self.request(now, address, whom) {
                        return Some(Due::Send(request));
                    }
                }
                Step::Forget => {
                    if let Some(unreachable) = self.give_up(address) {
                        return Some(Due::Unreachable(unreachable));
                    }
                }
            }
        }
        None
    }

    /// Forgets one neighbour after the other, as long as packets wait for it, then all at once.
    pub(crate) fn abandon(&mut self) -> Option<Unreachable> {
        while let Some(address) = self.table.any() {
            if let Some(unreachable) = self.give_up(address) {
                return Some(unreachable);
            }
        }
        None
    }

    fn request(
        &mut self,
        now: Instant,
        target: Ipv4Addr,
        whom: Option<MacAddress>,
    ) -> Option<Outgoing> {
        let (cast, destination) = match whom {
            Some(hardware) => (Cast::Unicast, hardware),
            None => (Cast::Broadcast, MacAddress::BROADCAST),
        };
        let message = Message::request(&self.local, target);
        let allowed = self.asked.may_ask(now, target, cast);
        allowed.then_some(Outgoing { destination, message })
    }

    /// Forgets a neighbour, and gives back what waited for it if anything did.
    fn give_up(&mut self, next_hop: Ipv4Addr) -> Option<Unreachable> {
        self.table.remove(next_hop);
        let payloads = self.waiting.take(next_hop);
        (!payloads.is_empty()).then_some(Unreachable { next_hop, payloads })
    }

    /// Every entry, by address.
    pub(crate) fn neighbours(&self) -> Vec<Neighbour> {
        let mut neighbours: Vec<Neighbour> = self
            .table
            .iter()
            .map(|(address, entry)| Neighbour {
                address,
                hardware: entry.hardware(),
                state: entry.name(),
            })
            .collect();
        neighbours.sort_unstable_by_key(|neighbour| neighbour.address);
        neighbours
    }
}
