//! Where a story plays: who is on the wire, and what has crossed it so far.

use std::net::Ipv4Addr;

use ethernet::MacAddress;
use packet::Medium;
use trace::Direction;

use crate::description::Frame;
use crate::ethernet_frame::{ETHER_TYPE_IPV4, ETHERNET_HEADER};
use crate::first_numbers::FirstNumbers;

/// The peer's address: on a real device, the kernel's.
pub const KERNEL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The stack's address.
pub const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// The peer's MAC address, where there is one.
pub const KERNEL_MAC: MacAddress = MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, 0x01]);

/// The stack's MAC address, where there is one.
pub const STACK_MAC: MacAddress = MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, 0x02]);

/// The host beyond a router, in the router's other network.
pub const FAR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

/// The router's own address there.
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// The MTU there, in bytes: less than on the peer's side, so that not all that comes fits.
pub const FAR_MTU: u16 = 1000;

/// Where a story plays, and what has crossed the wire in it so far. There is one for each
/// interface of the host under test.
///
/// A description asks here for what only the story knows: the usual addresses, or a number that
/// the host chose for itself in an earlier packet.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The address that the peer sends from.
    pub peer: Ipv4Addr,
    /// The address of the host under test.
    pub we: Ipv4Addr,
    /// How many bits of their addresses name the network that both are in.
    pub prefix_length: u8,
    /// What stands first in each frame.
    pub medium: Medium,
    /// Maximum transmission unit in bytes: the longest IP packet.
    pub mtu: u16,
    /// The peer's MAC address, if the medium is Ethernet.
    pub peer_mac: MacAddress,
    /// Our MAC address, if the medium is Ethernet.
    pub our_mac: MacAddress,
    /// Where TCP's sequence numbers start.
    pub numbers: FirstNumbers,
    /// Every frame so far, in order.
    pub(crate) frames: Vec<Frame>,
}

/// The usual scene: the peer is 192.0.2.1, we are 192.0.2.2, and the device is a TUN with an MTU
/// of 1500 bytes.
impl Default for Scene {
    fn default() -> Self {
        Self {
            peer: KERNEL,
            we: STACK,
            prefix_length: 24,
            medium: Medium::Ip,
            mtu: 1500,
            peer_mac: KERNEL_MAC,
            our_mac: STACK_MAC,
            numbers: FirstNumbers::of(""),
            frames: Vec::new(),
        }
    }
}

impl Scene {
    /// The usual scene, but the device is a TAP: every packet is in an Ethernet frame.
    #[must_use]
    pub fn on_ethernet() -> Self {
        Self { medium: Medium::Ethernet, ..Self::default() }
    }

    /// The other side of a router: the host there is 198.51.100.2, we are 198.51.100.1, and the
    /// device is a TUN with an MTU of 1000 bytes.
    #[must_use]
    pub fn far_side() -> Self {
        Self { peer: FAR, we: ROUTER, mtu: FAR_MTU, ..Self::default() }
    }

    /// The scene with the sequence numbers of the story with this title.
    #[must_use]
    pub fn numbered_for(self, title: &str) -> Self {
        Self { numbers: FirstNumbers::of(title), ..self }
    }

    /// Every frame that has crossed so far, in order.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The IPv4 packet that the peer sent last, from its header on.
    pub(crate) fn last_from_peer(&self) -> Option<&[u8]> {
        let mut from_peer = self.frames.iter().rev().filter(|frame| !is_ours(frame));
        from_peer.find_map(|frame| self.ipv4_packet(frame))
    }

    /// The IPv4 packet that we sent last, from its header on.
    pub(crate) fn last_from_us(&self) -> Option<&[u8]> {
        let mut from_us = self.frames.iter().rev().filter(|frame| is_ours(frame));
        from_us.find_map(|frame| self.ipv4_packet(frame))
    }

    pub(crate) fn ipv4_packet<'a>(&self, frame: &'a Frame) -> Option<&'a [u8]> {
        if self.medium == Medium::Ip {
            return Some(&frame.bytes);
        }
        let (header, packet) = frame.bytes.split_at_checked(ETHERNET_HEADER)?;
        header.ends_with(&ETHER_TYPE_IPV4.to_be_bytes()).then_some(packet)
    }

    /// The scene as the other side sees it, without what has crossed the wire.
    pub(crate) fn mirrored(&self) -> Self {
        Self {
            peer: self.we,
            we: self.peer,
            peer_mac: self.our_mac,
            our_mac: self.peer_mac,
            frames: Vec::new(),
            ..*self
        }
    }

    /// Whether `address` means everybody in the network: its last address, 255.255.255.255, or
    /// one of the old forms with zeros.
    pub(crate) fn is_broadcast(&self, address: Ipv4Addr) -> bool {
        let host_bits = u32::MAX.checked_shr(self.prefix_length.into()).unwrap_or(0);
        let (address, ours) = (address.to_bits(), self.we.to_bits());
        let everybody = [u32::MAX, 0, ours | host_bits, ours & !host_bits];
        everybody.contains(&address)
    }
}

pub(crate) const fn is_ours(frame: &Frame) -> bool {
    matches!(frame.direction, Direction::Out(_))
}
