//! Ethernet frames: the usual one around every packet, and unusual ones where a story is about
//! them.

use std::net::Ipv4Addr;

use ethernet::MacAddress;
use etherparse::{
    EtherType, Ethernet2Header, Ethernet2Slice, SingleVlanHeader, VlanId, ether_type,
};
use packet::{Medium, ReceiveOffload};

use crate::bent::{Bend, Bent};
use crate::description::{Described, Differences, Expectable, Frame, Sendable};
use crate::scene::Scene;
use crate::words;

/// Length of the header in bytes: two addresses and the EtherType.
pub(crate) const ETHERNET_HEADER: usize = Ethernet2Header::LEN;

/// The EtherType of IPv4.
pub(crate) const ETHER_TYPE_IPV4: u16 = ether_type::IPV4.0;

/// The EtherType of ARP.
pub(crate) const ETHER_TYPE_ARP: u16 = ether_type::ARP.0;

/// Where the EtherType stands in a frame.
const ETHER_TYPE_AT: usize = 12;

/// Everybody on the link.
pub const EVERYBODY: MacAddress = MacAddress::BROADCAST;

/// What can be said of the Ethernet frame in which a packet travels. What is not said is as
/// usual: between the peer's MAC address and ours, or to everybody or to a group if that is whom
/// the packet inside is for.
pub trait OnEthernet: Described + Sized {
    /// In a frame to this MAC address.
    fn to_mac(self, to: MacAddress) -> EthernetFrame<Self> {
        EthernetFrame { carried: self, to: Some(to), from: None }
    }

    /// In a frame from this MAC address.
    #[expect(clippy::wrong_self_convention, reason = "it reads as a sentence: to ..., from ...")]
    fn from_mac(self, from: MacAddress) -> EthernetFrame<Self> {
        EthernetFrame { carried: self, to: None, from: Some(from) }
    }

    /// In the usual frame, so that bends which follow bend the frame and not the packet alone.
    fn in_frame(self) -> EthernetFrame<Self> {
        EthernetFrame { carried: self, to: None, from: None }
    }
}

impl<D: Described> OnEthernet for D {}

/// What can be done to the frame of any packet that the peer sends. As with all bends, we are
/// never expected to send the result.
pub trait BendFrame: Sendable + Sized + 'static {
    /// With a tag of IEEE 802.1Q that puts the frame into this virtual LAN, 0 to 4095.
    fn vlan(self, identifier: u16) -> Bent {
        self.in_frame().bent(format!("in VLAN {identifier}"), move |frame| {
            let ether_type = EtherType(ether_type_of(frame)?);
            let vlan_id = VlanId::try_new(identifier).map_err(|error| error.to_string())?;
            let tag = SingleVlanHeader { vlan_id, ether_type, ..SingleVlanHeader::default() };
            set_ether_type(frame, ether_type::VLAN_TAGGED_FRAME.0);
            insert(frame, ETHERNET_HEADER, &tag.to_bytes());
            Ok(())
        })
    }

    /// As IEEE 802 has it: a length in place of the EtherType, which stands behind the headers of
    /// 802.2 and SNAP (RFC 1042).
    fn snap(self) -> Bent {
        self.in_frame().bent("in an IEEE 802.2 SNAP frame", |frame| {
            let [high, low] = ether_type_of(frame)?.to_be_bytes();
            insert(frame, ETHERNET_HEADER, &[0xaa, 0xaa, 3, 0, 0, 0, high, low]);
            let length = u16::try_from(frame.len() - ETHERNET_HEADER);
            set_ether_type(frame, length.map_err(|error| error.to_string())?);
            Ok(())
        })
    }

    /// With another EtherType.
    fn of_ether_type(self, ether_type: u16) -> Bent {
        let words = format!("with EtherType {ether_type:#06x}");
        self.in_frame().bent(words, move |frame| {
            ether_type_of(frame)?;
            set_ether_type(frame, ether_type);
            Ok(())
        })
    }

    /// With zeros behind it until the frame has `length` bytes; on a cable it has 60 at least.
    fn padded_to(self, length: usize) -> Bent {
        self.in_frame().bent(format!("padded to {length} bytes"), move |frame| {
            if frame.len() >= length {
                return Err(format!("the frame has {} bytes anyway", frame.len()));
            }
            frame.resize(length, 0);
            Ok(())
        })
    }
}

impl<S: Sendable + 'static> BendFrame for S {}

/// A packet and what is said of its frame.
#[derive(Clone, Debug)]
pub struct EthernetFrame<C> {
    carried: C,
    to: Option<MacAddress>,
    from: Option<MacAddress>,
}

impl<C> EthernetFrame<C> {
    /// Names the destination.
    #[must_use]
    pub fn to_mac(mut self, to: MacAddress) -> Self {
        self.to = Some(to);
        self
    }

    /// Names the source.
    #[must_use]
    pub fn from_mac(mut self, from: MacAddress) -> Self {
        self.from = Some(from);
        self
    }
}

impl<C: Described> Described for EthernetFrame<C> {
    fn in_words(&self) -> String {
        let mut words = self.carried.in_words();
        if self.to.is_some() || self.from.is_some() {
            words.push_str(", in a frame");
        }
        if let Some(from) = self.from {
            words.push_str(&format!(" from {from}"));
        }
        if let Some(to) = self.to {
            words.push_str(&format!(" to {to}"));
        }
        words
    }
}

impl<C: Sendable> Sendable for EthernetFrame<C> {
    fn write(&self, scene: &Scene) -> Result<Vec<u8>, String> {
        if scene.medium != Medium::Ethernet {
            return Err("this story does not play on Ethernet".to_owned());
        }
        let mut frame = framed(scene, self.carried.write(scene)?, self.carried.ether_type())?;
        for (at, address) in [(0, self.to), (6, self.from)] {
            if let Some(address) = address {
                let field = frame.get_mut(at..at + 6).ok_or("the frame has no such field")?;
                field.copy_from_slice(&address.octets());
            }
        }
        Ok(frame)
    }

    fn offload(&self) -> ReceiveOffload {
        self.carried.offload()
    }
}

impl<C: Expectable> Expectable for EthernetFrame<C> {
    fn judge(&self, scene: &Scene, frame: &Frame, differences: &mut Differences) {
        let expected = Expected {
            ether_type: self.carried.ether_type(),
            to: self.to,
            from: self.from.unwrap_or(scene.our_mac),
        };
        if let Some(inner) = expected.judge(scene, frame, differences) {
            self.carried.judge(scene, &inner, differences);
        }
    }
}

/// A frame of an EtherType that no other word has, with `bytes` in it.
#[must_use]
pub fn frame_of_type(ether_type: u16, bytes: &[u8]) -> OtherFrame {
    OtherFrame { ether_type, bytes: bytes.to_vec() }
}

/// What a frame of any EtherType carries.
#[derive(Clone, Debug)]
pub struct OtherFrame {
    ether_type: u16,
    bytes: Vec<u8>,
}

impl Described for OtherFrame {
    fn in_words(&self) -> String {
        let content = words::quote(&self.bytes);
        format!("a frame of EtherType {:#06x} with {content} in it", self.ether_type)
    }

    fn ether_type(&self) -> Option<u16> {
        Some(self.ether_type)
    }
}

impl Sendable for OtherFrame {
    fn write(&self, _scene: &Scene) -> Result<Vec<u8>, String> {
        Ok(self.bytes.clone())
    }
}

impl Expectable for OtherFrame {
    fn judge(&self, _scene: &Scene, frame: &Frame, differences: &mut Differences) {
        if let Some(sentence) = words::data_difference("content", &frame.bytes, &self.bytes) {
            differences.add(sentence);
        }
    }
}

/// Puts what the peer sends into the frame in which it usually travels.
///
/// # Errors
/// If the medium carries no such thing.
pub(crate) fn framed(
    scene: &Scene,
    packet: Vec<u8>,
    ether_type: Option<u16>,
) -> Result<Vec<u8>, String> {
    let Some(ether_type) = ether_type else { return Ok(packet) };
    match scene.medium {
        Medium::Ip if ether_type == ETHER_TYPE_IPV4 => Ok(packet),
        Medium::Ip => Err("this story does not play on Ethernet".to_owned()),
        Medium::Ethernet => {
            let header = Ethernet2Header {
                source: scene.peer_mac.octets(),
                destination: receiver(scene, ether_type, &packet, scene.our_mac).octets(),
                ether_type: EtherType(ether_type),
            };
            Ok([&header.to_bytes(), packet.as_slice()].concat())
        }
    }
}

/// Judges the usual frame around what we sent, and takes it off. `None` if it holds something
/// else than expected.
pub(crate) fn unframed(
    scene: &Scene,
    frame: &Frame,
    ether_type: Option<u16>,
    differences: &mut Differences,
) -> Option<Frame> {
    if scene.medium == Medium::Ip || ether_type.is_none() {
        return Some(frame.clone());
    }
    Expected { ether_type, to: None, from: scene.our_mac }.judge(scene, frame, differences)
}

/// What the header of a frame should be.
struct Expected {
    ether_type: Option<u16>,
    /// `None`: whom the packet inside is for.
    to: Option<MacAddress>,
    from: MacAddress,
}

impl Expected {
    /// Tells `differences` what is not so in `frame`, and takes the header off.
    fn judge(&self, scene: &Scene, frame: &Frame, differences: &mut Differences) -> Option<Frame> {
        let ethernet = match Ethernet2Slice::from_slice_without_fcs(&frame.bytes) {
            Ok(ethernet) => ethernet,
            Err(error) => {
                differences.add(format!("It is not an Ethernet frame: {error}"));
                return None;
            }
        };
        let (payload, EtherType(ether_type)) = (ethernet.payload_slice(), ethernet.ether_type());
        let source = MacAddress::new(ethernet.source());
        differences.compare("source MAC address", source, self.from);
        let usual = || receiver(scene, ether_type, payload, scene.peer_mac);
        let destination = MacAddress::new(ethernet.destination());
        differences.compare("destination MAC address", destination, self.to.unwrap_or_else(usual));
        if self.ether_type.is_some_and(|expected| ether_type != expected) {
            differences.compare_hex("EtherType", ether_type, self.ether_type.unwrap_or_default());
            return None;
        }
        Some(Frame { bytes: payload.to_vec(), ..*frame })
    }
}

/// Whom a packet is for: a broadcast or a question for everybody, a multicast for a group, and
/// anything else for the `other` one on the wire.
fn receiver(scene: &Scene, ether_type: u16, packet: &[u8], other: MacAddress) -> MacAddress {
    match ether_type {
        ETHER_TYPE_IPV4 => match destination(packet) {
            Some(address) if scene.is_broadcast(address) => EVERYBODY,
            Some(address) if address.is_multicast() => group(address),
            _ => other,
        },
        // An operation of 1 is a request.
        ETHER_TYPE_ARP if packet.get(6..8) == Some(&[0, 1]) => EVERYBODY,
        _ => other,
    }
}

/// The destination in an IPv4 header, however wrong the rest of it may be.
fn destination(packet: &[u8]) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
    Some(Ipv4Addr::from(octets))
}

/// The MAC address of a multicast group (RFC 1112, 6.4).
fn group(address: Ipv4Addr) -> MacAddress {
    let [_, b, c, d] = address.octets();
    MacAddress::new([0x01, 0x00, 0x5e, b & 0x7f, c, d])
}

fn ether_type_of(frame: &[u8]) -> Result<u16, String> {
    let field = frame.get(ETHER_TYPE_AT..ETHERNET_HEADER).and_then(|field| field.try_into().ok());
    field.map(u16::from_be_bytes).ok_or_else(|| "the frame has no EtherType".to_owned())
}

fn set_ether_type(frame: &mut [u8], ether_type: u16) {
    for (byte, value) in frame.iter_mut().skip(ETHER_TYPE_AT).zip(ether_type.to_be_bytes()) {
        *byte = value;
    }
}

/// Puts `bytes` in at `at`, which is not beyond the end.
fn insert(frame: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    frame.splice(at..at, bytes.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judged::wrong_in;
    use crate::{KERNEL_MAC, STACK_MAC, arp_reply, echo_reply, echo_request, raw};

    const STRANGER: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 9]);

    fn scene() -> Scene {
        Scene::on_ethernet()
    }

    /// The frame that the peer sends.
    fn frame(packet: impl Sendable) -> Result<Vec<u8>, String> {
        framed(&scene(), packet.write(&scene())?, packet.ether_type())
    }

    /// Destination, source and EtherType of what the peer sends.
    fn header(packet: impl Sendable) -> (MacAddress, MacAddress, u16) {
        let frame = frame(packet).unwrap();
        let header = Ethernet2Header::from_slice(&frame).unwrap().0;
        let mac = MacAddress::new;
        (mac(header.destination), mac(header.source), header.ether_type.0)
    }

    #[test]
    fn the_usual_frame_goes_to_whom_the_packet_is_for() {
        let (us, peer) = (STACK_MAC, KERNEL_MAC);
        assert_eq!(header(echo_request()), (us, peer, 0x0800));
        assert_eq!(header(arp_reply()), (us, peer, 0x0806));
        assert_eq!(header(crate::arp_request()), (EVERYBODY, peer, 0x0806));
        for everybody in [[192, 0, 2, 255], [192, 0, 2, 0], [255; 4], [0; 4]] {
            assert_eq!(header(echo_request().to(everybody)).0, EVERYBODY);
        }
        let group = MacAddress::new([0x01, 0x00, 0x5e, 0x7f, 1, 2]);
        assert_eq!(header(echo_request().to([239, 255, 1, 2])).0, group);
    }

    #[test]
    fn what_is_named_is_so_and_what_is_no_packet_stays_as_it_is() {
        assert_eq!(header(echo_request().to_mac(STRANGER)), (STRANGER, KERNEL_MAC, 0x0800));
        let both = echo_request().from_mac(STRANGER).to_mac(EVERYBODY);
        let words = "an ICMP echo request, in a frame from 02:00:00:00:00:09 to ff:ff:ff:ff:ff:ff";
        assert_eq!(both.in_words(), words);
        assert_eq!(header(both), (EVERYBODY, STRANGER, 0x0800));
        assert_eq!(header(frame_of_type(0x88cc, b"abc")), (STACK_MAC, KERNEL_MAC, 0x88cc));
        assert_eq!(frame(raw("three bytes", b"abc")).unwrap(), b"abc");
        let tagged_for_a_stranger = echo_request().vlan(7).to_mac(STRANGER);
        assert_eq!(header(tagged_for_a_stranger), (STRANGER, KERNEL_MAC, 0x8100));
    }

    #[test]
    fn frames_are_bent_behind_their_addresses() {
        let plain = frame(echo_request()).unwrap();
        let (addresses, rest) = plain.split_at(12);
        let tagged = frame(echo_request().vlan(0x123)).unwrap();
        assert_eq!(tagged, [addresses, &[0x81, 0, 0x01, 0x23], rest].concat());
        let snap = frame(echo_request().snap()).unwrap();
        assert_eq!(snap, [addresses, &[0, 36, 0xaa, 0xaa, 3, 0, 0, 0], rest].concat());
        let other = frame(echo_request().of_ether_type(0x1234)).unwrap();
        assert_eq!(other, [addresses, &[0x12, 0x34], &rest[2..]].concat());
        let padded = echo_request().padded_to(60);
        assert_eq!(padded.in_words(), "an ICMP echo request, but padded to 60 bytes");
        assert_eq!(frame(padded).unwrap(), [&plain[..], &[0; 18]].concat());
    }

    #[test]
    fn a_frame_that_cannot_be_is_refused() {
        assert!(frame(echo_request().vlan(4096)).is_err());
        assert_eq!(
            frame(echo_request().padded_to(42)),
            Err("the frame has 42 bytes anyway".into())
        );
        assert_eq!(frame(raw("", b"abc").snap()), Err("the frame has no EtherType".into()));
        assert_eq!(
            frame(raw("", b"abc").to_mac(EVERYBODY)),
            Err("the frame has no such field".into())
        );
        let tun = Scene::default();
        let refused = Err("this story does not play on Ethernet".to_owned());
        assert_eq!(echo_request().in_frame().write(&tun), refused);
        assert_eq!(framed(&tun, Vec::new(), Some(0x0806)), refused);
    }

    #[test]
    fn the_header_of_what_we_send_is_judged() {
        let reply = || echo_reply().from([192, 0, 2, 2]).to([192, 0, 2, 1]);
        assert_eq!(wrong_in(&scene(), &reply(), &reply()), [""; 0]);
        assert_eq!(
            wrong_in(&scene(), &reply(), &reply().to_mac(EVERYBODY).from_mac(STRANGER)),
            [
                "Its source MAC address is 02:00:00:00:00:09, but should be 02:00:5e:00:02:02.",
                "Its destination MAC address is ff:ff:ff:ff:ff:ff, but should be \
                 02:00:5e:00:02:01.",
            ]
        );
        assert_eq!(
            wrong_in(&scene(), &reply().to_mac(STRANGER), &reply()),
            ["Its destination MAC address is 02:00:5e:00:02:01, but should be \
                 02:00:00:00:00:09."]
        );
        let to_a_stranger = || reply().to_mac(STRANGER);
        assert_eq!(wrong_in(&scene(), &to_a_stranger(), &to_a_stranger()), [""; 0]);
        assert_eq!(
            wrong_in(&scene(), &reply(), &arp_reply()),
            ["Its EtherType is 0x0806, but should be 0x0800."]
        );
        let [sentence] = &wrong_in(&scene(), &reply(), &raw("", &[0; 13]))[..] else {
            panic!("not one sentence");
        };
        assert!(sentence.starts_with("It is not an Ethernet frame: "), "{sentence}");
    }
}
