//! What comes out of ARP: things to send, packets given back, and what became of what was heard.

use std::net::Ipv4Addr;

use ethernet::MacAddress;
use packet::{Buffer, TransmitOffload};

use crate::{Message, NeighbourState};

/// What a frame to a neighbour is to carry: a packet that needs only its Ethernet header.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// The packet, from its IP header on.
    pub buffer: Buffer,
    /// What the device has still to do for it.
    pub offload: TransmitOffload,
}

impl From<Buffer> for Payload {
    /// A packet for which the device has nothing to do.
    fn from(buffer: Buffer) -> Self {
        Self { buffer, offload: TransmitOffload::default() }
    }
}

/// An ARP packet to be sent, from our own MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Outgoing {
    /// To whom the frame goes.
    pub destination: MacAddress,
    /// What it says.
    pub message: Message,
}

/// What became of a packet that was to be sent to a neighbour.
#[derive(Debug)]
#[must_use]
pub enum Sent {
    /// Its MAC address is known: put the Ethernet header in front and send the frame.
    Now {
        /// To whom the frame goes.
        to: MacAddress,
        /// The packet.
        payload: Payload,
    },
    /// It is kept until the neighbour has answered. A request may be due now
    /// ([`Arp::poll`](crate::Arp::poll)).
    Waiting {
        /// Packets that had waited longer and lost their places to this one; usually none.
        dropped: Vec<Payload>,
    },
    /// It cannot be sent here.
    Refused {
        /// The packet.
        payload: Payload,
        /// Why.
        reason: Refusal,
    },
}

/// Why a packet cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The next hop is no other host of this network, so that no answer would be believed.
    #[error("the next hop is no other host of this network")]
    NotANeighbour,
    /// Our own address is still being claimed, or was lost to another host.
    #[error("our own address is not in use")]
    AddressNotInUse,
}

/// What became of an ARP packet that came.
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    /// The answer to be sent, if we were asked.
    pub reply: Option<Outgoing>,
    /// What the cache took from it.
    pub learned: Learned,
    /// The packets that had waited for it.
    pub released: Option<Released>,
}

impl Outcome {
    /// Nothing came of it.
    pub(crate) const fn ignored(reason: Ignored) -> Self {
        Self { reply: None, learned: Learned::Nothing(reason), released: None }
    }
}

/// Packets whose neighbour has answered, at least one, in the order in which they came.
#[derive(Debug)]
pub struct Released {
    /// To whom the frames go.
    pub to: MacAddress,
    /// The packets.
    pub payloads: Vec<Payload>,
}

/// What the cache took from an ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// A new entry: somebody asked for us, or a late answer came.
    Created,
    /// The address that we were asking for.
    Resolved,
    /// The neighbour answered us and is where it was.
    Confirmed,
    /// The neighbour has another MAC address now.
    Moved {
        /// The one that it had.
        from: MacAddress,
    },
    /// What was known already.
    Unchanged,
    /// Nothing.
    Nothing(Ignored),
}

/// Why the cache took nothing from an ARP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// Our own address is still being claimed, or was lost.
    AddressNotInUse,
    /// The sender says that it has a MAC address which is a group's, everybody's or nobody's.
    SenderHardware,
    /// The sender's MAC address is ours: our own packet came back.
    OurOwn,
    /// The sender says that it has our IPv4 address.
    Conflict,
    /// A probe: who sends it has no address yet (RFC 5227, 1.1).
    Probe,
    /// The sender says that it has an IPv4 address which is no single host's.
    SenderAddress,
    /// The sender's IPv4 address is not in our network.
    Foreign,
    /// Between others, and about nobody whom we know (ARP-7).
    NotForUs,
    /// A reply to us from somebody whom we did not ask and do not know.
    Unasked,
    /// It would move a neighbour that was confirmed less than
    /// [`LOCK_TIME`](crate::LOCK_TIME) ago.
    Locked,
    /// The cache is full of neighbours that we use.
    NoRoom,
}

/// Something that is due, see [`Arp::poll`](crate::Arp::poll).
#[derive(Debug)]
#[must_use]
pub enum Due {
    /// This is to be sent.
    Send(Outgoing),
    /// A neighbour did not answer.
    Unreachable(Unreachable),
    /// Our address is ours: from now on it may be used.
    AddressClaimed,
    /// Another host has our address: from now on it must not be used.
    AddressLost {
        /// The MAC address of that host.
        to: MacAddress,
    },
}

/// The packets that waited in vain, at least one: "host unreachable" (RFC 1122, 3.2.2.1) to who
/// sent them.
#[derive(Debug)]
pub struct Unreachable {
    /// Who did not answer.
    pub next_hop: Ipv4Addr,
    /// The packets, in the order in which they came.
    pub payloads: Vec<Payload>,
}

/// An entry of the cache, to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its IPv4 address.
    pub address: Ipv4Addr,
    /// Its MAC address; `None` while it has not answered.
    pub hardware: Option<MacAddress>,
    /// How sure we are of it.
    pub state: NeighbourState,
}
