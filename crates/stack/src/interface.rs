//! A network interface as the stack sees it: an address, a link, and frames that wait to leave.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use arp::Arp;
use ethernet::MacAddress;
use ipv4::ALL_HOSTS;
use packet::{Buffer, Instant, Medium, TransmitOffload};

use crate::InterfaceConfig;

/// How many frames wait to leave by one interface. The newest is dropped when there are more.
///
/// A device that keeps up empties the queue each time that the event loop comes round, so it
/// fills only behind one that does not.
pub const TRANSMIT_QUEUE_LIMIT: usize = 256;

/// How many groups an interface is in at most, that of all hosts not counted.
pub const GROUP_LIMIT: usize = 64;

/// An interface and the frames that wait to leave by it.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) config: InterfaceConfig,
    /// `None` where packets stand bare in their frames, and nobody has to be found.
    pub(crate) arp: Option<Arp>,
    /// Whether the address was claimed, and is ours unless it was lost since.
    pub(crate) has_claimed: bool,
    /// At most [`GROUP_LIMIT`].
    groups: Vec<Ipv4Addr>,
    /// At most [`TRANSMIT_QUEUE_LIMIT`].
    queue: VecDeque<(Buffer, TransmitOffload)>,
}

/// The transmit queue had no room.
#[derive(Debug)]
pub(crate) struct QueueFull;

impl Interface {
    /// An interface in use from `now` on. `seed` is random, and different for each.
    pub(crate) fn new(now: Instant, config: InterfaceConfig, seed: [u64; 2]) -> Self {
        let local = arp::Local { hardware: config.hardware, address: config.address };
        let arp = match config.capabilities.medium {
            Medium::Ip => None,
            Medium::Ethernet => Some(Arp::new(now, local, config.arp, seed)),
        };
        let (groups, queue) = (Vec::new(), VecDeque::new());
        Self { config, arp, has_claimed: false, groups, queue }
    }

    /// Whether our address here may be used: nobody has to be asked, or nobody objected.
    pub(crate) fn address_is_in_use(&self) -> bool {
        self.arp.as_ref().is_none_or(Arp::address_is_in_use)
    }

    /// Takes part in `group` from now on. Whether there was room.
    pub(crate) fn join(&mut self, group: Ipv4Addr) -> bool {
        if self.is_member(group) {
            return true;
        }
        let has_room = self.groups.len() < GROUP_LIMIT;
        if has_room {
            self.groups.push(group);
        }
        has_room
    }

    /// Takes no part in `group` any more.
    pub(crate) fn leave(&mut self, group: Ipv4Addr) {
        self.groups.retain(|&member_of| member_of != group);
    }

    /// Whether we are in `group`: all hosts are in that of all hosts.
    pub(crate) fn is_member(&self, group: Ipv4Addr) -> bool {
        group == ALL_HOSTS || self.groups.contains(&group)
    }

    /// Whether a frame to `destination` concerns us: it is for us, for all, or for a group that
    /// we are in.
    pub(crate) fn listens_to(&self, destination: MacAddress) -> bool {
        let of_group = |&group| arp::multicast_hardware(group) == Some(destination);
        destination == self.config.hardware
            || destination.is_broadcast()
            || (destination.is_multicast() && [ALL_HOSTS].iter().chain(&self.groups).any(of_group))
    }

    /// How many more frames the queue takes.
    pub(crate) fn room(&self) -> usize {
        TRANSMIT_QUEUE_LIMIT.saturating_sub(self.queue.len())
    }

    /// Puts a frame behind those that wait.
    pub(crate) fn enqueue(
        &mut self,
        buffer: Buffer,
        offload: TransmitOffload,
    ) -> Result<(), QueueFull> {
        if self.room() == 0 {
            return Err(QueueFull);
        }
        self.queue.push_back((buffer, offload));
        Ok(())
    }

    /// The frame that has waited longest, and what the device has still to do for it.
    pub(crate) fn dequeue(&mut self) -> Option<(Buffer, TransmitOffload)> {
        self.queue.pop_front()
    }
}
