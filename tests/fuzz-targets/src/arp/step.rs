//! What can happen to ARP on one interface of 10.0.0.0/16, and who can be who there.

use std::net::Ipv4Addr;

use arbitrary::Arbitrary;
use arp::{Message, Operation};
use ethernet::MacAddress;

/// 10.0.0.2/16: a network in which the limits can be reached.
pub(super) const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub(super) const OUR_MAC: MacAddress = mac(2);

/// One step of a history.
#[derive(Arbitrary, Debug)]
pub(super) enum Step<'a> {
    /// The layers above send so many packets of a length to one host.
    Send { to: Address, count: u8, length: u16 },
    /// They send one to each of so many hosts in a row.
    Sweep { first: u16, count: u8, length: u16 },
    /// A host answers a question of ours.
    Answer { host: u8, hardware: Hardware },
    /// A host asks for us.
    Ask { host: u8, hardware: Hardware },
    /// So many hosts in a row ask for us.
    Strangers { first: u16, count: u8 },
    /// A packet that says anything.
    Packet { reply: bool, hardware: [Hardware; 2], addresses: [Address; 2] },
    /// A question for us with some bytes changed.
    Bent { changes: [(u8, u8); 2], length: u8 },
    /// Anything.
    Raw(&'a [u8]),
    /// The layers above heard from a host.
    Confirm(Address),
    /// So many milliseconds, in which what is due is done at its time.
    TimePasses(u16),
    /// So many milliseconds in which nobody looks.
    NobodyLooks(u16),
}

/// An address, of which some come up again and again.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Address {
    Host(u8),
    Nobody,
    Broadcast,
    Any(u32),
}

impl Address {
    pub(super) fn value(self) -> Ipv4Addr {
        match self {
            Self::Host(number) => host(number.into()),
            Self::Nobody => Ipv4Addr::UNSPECIFIED,
            Self::Broadcast => Ipv4Addr::new(10, 0, 255, 255),
            Self::Any(bits) => bits.into(),
        }
    }
}

/// A MAC address in the same way.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Hardware {
    Host(u8),
    Nobody,
    Any([u8; 6]),
}

impl Hardware {
    pub(super) const fn value(self) -> MacAddress {
        match self {
            Self::Host(number) => mac(number),
            Self::Nobody => MacAddress::new([0; 6]),
            Self::Any(octets) => MacAddress::new(octets),
        }
    }
}

/// The host of that number; 2 is ourselves.
pub(super) fn host(number: u16) -> Ipv4Addr {
    let [a, b] = number.to_be_bytes();
    [10, 0, a, b].into()
}

/// Its MAC address.
pub(super) const fn mac(number: u8) -> MacAddress {
    MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, number])
}

/// "Who has our address? Tell `sender`."
pub(super) const fn question(sender: Ipv4Addr, sender_hardware: MacAddress) -> Message {
    let target_hardware = MacAddress::new([0; 6]);
    let operation = Operation::Request;
    Message { operation, sender_hardware, sender, target_hardware, target: US }
}

/// Another single host of 10.0.0.0/16.
pub(super) fn is_neighbour(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    (a, b) == (10, 0) && address != US && (c, d) != (0, 0) && (c, d) != (255, 255)
}

/// The MAC address of another single interface.
pub(super) fn can_be(hardware: MacAddress) -> bool {
    !hardware.is_multicast() && hardware != MacAddress::new([0; 6]) && hardware != OUR_MAC
}

pub(super) fn is_believable(message: &Message) -> bool {
    can_be(message.sender_hardware) && is_neighbour(message.sender)
}

/// The MAC address of everybody or of a group, for which nobody is asked.
pub(super) fn group(address: Ipv4Addr) -> Option<MacAddress> {
    let [a, b, c, d] = address.octets();
    match a {
        10 if (b, c, d) == (0, 255, 255) => Some(MacAddress::BROADCAST),
        255 if address.is_broadcast() => Some(MacAddress::BROADCAST),
        224..=239 => Some(MacAddress::new([0x01, 0x00, 0x5e, b & 0x7f, c, d])),
        _ => None,
    }
}
