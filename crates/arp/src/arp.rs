//! ARP on one interface: the neighbour cache, and the claim to our own address.

use std::net::Ipv4Addr;

use packet::Instant;
use secret::Secret;

use crate::cache::Cache;
use crate::claim::Claim;
use crate::{Config, Due, Ignored, Local, Message, Neighbour, Outcome, Payload, Refusal, Sent};

/// ARP on one interface.
///
/// It takes ARP packets and packets to be sent, and gives both back: answers, requests, and
/// every packet that it kept, each exactly once. Whoever drives it calls [`Arp::poll`] until it
/// gives `None`, after each [`Arp::send`] and whenever the deadline has come.
#[derive(Debug)]
pub struct Arp {
    cache: Cache,
    /// `None` if the address is used without asking.
    claim: Option<Claim>,
}

impl Arp {
    /// ARP for `local` from `now` on. `seed` is random, and different for each interface.
    #[must_use]
    pub fn new(now: Instant, local: Local, config: Config, seed: [u64; 2]) -> Self {
        let secret = Secret::new(seed);
        Self {
            cache: Cache::new(local, config, secret),
            claim: config.claim.map(|defence| Claim::new(now, local, defence, secret)),
        }
    }

    /// Whether our address may be used: from the start if it is not claimed, else between
    /// [`Due::AddressClaimed`] and [`Due::AddressLost`].
    #[must_use]
    pub fn address_is_in_use(&self) -> bool {
        self.claim.as_ref().is_none_or(Claim::is_in_use)
    }

    /// Takes an ARP packet that came. The cost does not grow with the number of neighbours.
    pub fn receive(&mut self, now: Instant, message: &Message) -> Outcome {
        if let Some(claim) = &mut self.claim {
            claim.receive(now, message);
            if !claim.is_in_use() {
                return Outcome::ignored(Ignored::AddressNotInUse);
            }
        }
        self.cache.receive(now, message)
    }

    /// Finds the MAC address to which `payload` goes, or keeps the packet until it is known.
    ///
    /// `next_hop` is a host of our network, a group, or everybody. That its address is not known
    /// yet is no reason to report anything (ARP-5): the packet comes back later, by
    /// [`Outcome::released`] if there was an answer, by [`Due::Unreachable`] if there was none.
    /// The cost does not grow with the number of neighbours.
    pub fn send(&mut self, now: Instant, next_hop: Ipv4Addr, payload: Payload) -> Sent {
        if !self.address_is_in_use() {
            return Sent::Refused { payload, reason: Refusal::AddressNotInUse };
        }
        self.cache.send(now, next_hop, payload)
    }

    /// Takes it from the layers above that `neighbour` hears us, since what we sent by way of
    /// it got an answer (a new acknowledgment, for one). It need not be asked then.
    pub fn confirm(&mut self, now: Instant, neighbour: Ipv4Addr) {
        self.cache.confirm(now, neighbour);
    }

    /// Takes it from the layers above that what is sent by way of `neighbour` gets no answer though
    /// it is sent again and again. It is asked at once whether it is still there.
    pub fn doubt(&mut self, now: Instant, neighbour: Ipv4Addr) {
        self.cache.doubt(now, neighbour);
    }

    /// When [`Arp::poll`] is to be called next, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let claim = self.claim.as_ref().and_then(Claim::next_deadline);
        claim.into_iter().chain(self.cache.next_deadline()).min()
    }

    /// The next thing that is due by `now`; `None` if that was all.
    pub fn poll(&mut self, now: Instant) -> Option<Due> {
        if let Some(claim) = &mut self.claim {
            if let Some(due) = claim.poll(now) {
                return Some(due);
            }
            if claim.is_lost() {
                return self.cache.abandon().map(Due::Unreachable);
            }
        }
        self.cache.poll(now)
    }

    /// Every neighbour that is known or being asked for, by address.
    #[must_use]
    pub fn neighbours(&self) -> Vec<Neighbour> {
        self.cache.neighbours()
    }

    /// How many packets wait for an answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.cache.waiting.len()
    }

    /// How many bytes of packets wait for an answer.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.cache.waiting.bytes()
    }
}
