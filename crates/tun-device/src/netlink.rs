//! Asking the kernel about an interface as `ip link show` does: by rtnetlink.
//!
//! `/sys/class/net` tells the same and is nicer to read, but it shows the network namespace of
//! whoever mounted it, and a process that moved into another one would read about interfaces of
//! the same name and number that are not its own.
//!
//! ```text
//!   request                        answer
//!   ┌──────────┬───────────┐       ┌──────────┬───────────┬───────────┬───────────┬──
//!   │ nlmsghdr │ ifinfomsg │       │ nlmsghdr │ ifinfomsg │ attribute │ attribute │ ...
//!   └──────────┴───────────┘       └──────────┴───────────┴───────────┴───────────┴──
//!        16          16                                     length, type, value; aligned to 4
//! ```
//!
//! Source: rtnetlink(7), linux/netlink.h, linux/if_link.h.

use std::os::fd::AsRawFd;

use byteorder::{ByteOrder, NativeEndian};
use libc::c_int;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

use crate::{Kind, TunProperties};

/// Length of `struct nlmsghdr` in bytes.
const MESSAGE_HEADER: usize = 16;
/// Length of `struct ifinfomsg` in bytes.
const LINK_HEADER: usize = 16;
/// Length of the header of an attribute in bytes.
const ATTRIBUTE_HEADER: usize = 4;
/// More than the kernel ever says of one interface, in bytes.
const LONGEST_ANSWER: usize = 32 * 1024;

/// What rtnetlink tells of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// Whether somebody is at the other end of the cable.
    pub(crate) carrier: bool,
    /// Operational state: IF_OPER_*.
    pub(crate) operational_state: c_int,
    /// Set if it is a TUN or TAP device.
    pub(crate) tun: Option<TunProperties>,
}

/// Asks about the interface of this number.
pub(crate) fn link(index: u32) -> Result<Link, Errno> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    send(socket.as_raw_fd(), &request(index), MsgFlags::empty())?;
    let mut answer = vec![0; LONGEST_ANSWER];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    read_answer(answer.get(..length).unwrap_or_default())
}

/// The message that asks for one interface.
fn request(index: u32) -> Vec<u8> {
    /// NLM_F_REQUEST, which every request has set.
    const REQUEST: u16 = 1;
    /// Both headers, in bytes.
    const LENGTH: u32 = 32;
    let sequence_number_and_port = [0; 8];
    let family_and_type = [0; 4];
    let flags_and_change = [0; 8];
    [
        LENGTH.to_ne_bytes().as_slice(),
        &libc::RTM_GETLINK.to_ne_bytes(),
        &REQUEST.to_ne_bytes(),
        &sequence_number_and_port,
        &family_and_type,
        &index.to_ne_bytes(),
        &flags_and_change,
    ]
    .concat()
}

/// Reads what the kernel answered.
fn read_answer(answer: &[u8]) -> Result<Link, Errno> {
    let (header, body) = answer.split_at_checked(MESSAGE_HEADER).ok_or(Errno::EBADMSG)?;
    let kind = header.get(4..6).map(NativeEndian::read_u16);
    if kind == Some(libc::RTM_NEWLINK) {
        return body.get(LINK_HEADER..).map(read_link).ok_or(Errno::EBADMSG);
    }
    // Else it is an error, whose number stands first, negative.
    let error = body.get(..4).map(NativeEndian::read_i32);
    Err(error.map_or(Errno::EBADMSG, |number| Errno::from_raw(number.saturating_neg())))
}

fn read_link(attributes: &[u8]) -> Link {
    let mut link = Link::default();
    for (kind, value) in Attributes(attributes) {
        match kind {
            libc::IFLA_CARRIER => link.carrier = is_set(value),
            libc::IFLA_OPERSTATE => {
                link.operational_state = value.first().copied().unwrap_or_default().into();
            }
            libc::IFLA_LINKINFO => link.tun = read_tun(value),
            _ => {}
        }
    }
    link
}

/// Reads what is particular to one kind of interface, if that is TUN or TAP.
fn read_tun(attributes: &[u8]) -> Option<TunProperties> {
    let mut attributes = Attributes(attributes);
    attributes.find(|&(kind, value)| kind == libc::IFLA_INFO_KIND && value == b"tun\0")?;
    let (_, data) = attributes.find(|&(kind, _)| kind == libc::IFLA_INFO_DATA)?;
    let mut tun = TunProperties {
        kind: Kind::Tun,
        persistent: false,
        multi_queue: false,
        packet_information: false,
        virtio_header: false,
        owner: None,
        group: None,
    };
    for (kind, value) in Attributes(data) {
        match kind {
            IFLA_TUN_OWNER => tun.owner = id(value),
            IFLA_TUN_GROUP => tun.group = id(value),
            IFLA_TUN_TYPE => tun.kind = device_kind(value),
            IFLA_TUN_PI => tun.packet_information = is_set(value),
            IFLA_TUN_VNET_HDR => tun.virtio_header = is_set(value),
            IFLA_TUN_PERSIST => tun.persistent = is_set(value),
            IFLA_TUN_MULTI_QUEUE => tun.multi_queue = is_set(value),
            _ => {}
        }
    }
    Some(tun)
}

// The attributes of TUN and TAP devices, from linux/if_link.h; libc has none of them.
const IFLA_TUN_OWNER: u16 = 1;
const IFLA_TUN_GROUP: u16 = 2;
const IFLA_TUN_TYPE: u16 = 3;
const IFLA_TUN_PI: u16 = 4;
const IFLA_TUN_VNET_HDR: u16 = 5;
const IFLA_TUN_PERSIST: u16 = 6;
const IFLA_TUN_MULTI_QUEUE: u16 = 7;

fn device_kind(value: &[u8]) -> Kind {
    match value.first().map(|&value| c_int::from(value)) {
        Some(libc::IFF_TAP) => Kind::Tap,
        _ => Kind::Tun,
    }
}

fn is_set(value: &[u8]) -> bool {
    value.first().is_some_and(|&value| value != 0)
}

fn id(value: &[u8]) -> Option<u32> {
    value.get(..4).map(NativeEndian::read_u32)
}

/// Goes through attributes, each as its type and its value. Ends at the first that is cut short.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(NativeEndian::read_u16(self.0.get(..2)?));
        let kind = NativeEndian::read_u16(self.0.get(2..ATTRIBUTE_HEADER)?) & TYPE_MASK;
        let value = self.0.get(ATTRIBUTE_HEADER..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// The upper two bits of a type say how the value is written.
const TYPE_MASK: u16 = 0x3fff;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).unwrap();
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn answer(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(MESSAGE_HEADER, 0);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_tap_device_is_read_with_all_that_it_has() {
        let data = [
            attribute(IFLA_TUN_OWNER, &1000_u32.to_ne_bytes()),
            attribute(IFLA_TUN_TYPE, &[2]),
            attribute(IFLA_TUN_PERSIST, &[1]),
            attribute(99, b"from a later kernel"),
            attribute(IFLA_TUN_VNET_HDR, &[1]),
        ]
        .concat();
        let information =
            [attribute(libc::IFLA_INFO_KIND, b"tun\0"), attribute(libc::IFLA_INFO_DATA, &data)]
                .concat();
        let attributes = [
            vec![0; LINK_HEADER],
            attribute(libc::IFLA_CARRIER, &[1]),
            attribute(libc::IFLA_OPERSTATE, &[6]),
            // With the bit set that says "nested".
            attribute(libc::IFLA_LINKINFO | 0x8000, &information),
        ]
        .concat();
        let expected = Link {
            carrier: true,
            operational_state: libc::IF_OPER_UP,
            tun: Some(TunProperties {
                kind: Kind::Tap,
                persistent: true,
                multi_queue: false,
                packet_information: false,
                virtio_header: true,
                owner: Some(1000),
                group: None,
            }),
        };
        assert_eq!(read_answer(&answer(libc::RTM_NEWLINK, &attributes)), Ok(expected));
    }

    #[test]
    fn an_error_is_told_by_its_number() {
        let body = (-libc::ENODEV).to_ne_bytes();
        assert_eq!(read_answer(&answer(2, &body)), Err(Errno::ENODEV));
        assert_eq!(read_answer(&answer(2, &[])), Err(Errno::EBADMSG));
        assert_eq!(read_answer(&[]), Err(Errno::EBADMSG));
    }

    #[test]
    fn the_kernel_knows_the_loopback_device() {
        let loopback = link(1).unwrap();
        assert_eq!(loopback.tun, None);
        assert_eq!(link(0x7fff_ffff), Err(Errno::ENODEV));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_answer(&bytes);
            let _ = read_link(&bytes);
            let _ = read_tun(&bytes);
            prop_assert!(Attributes(&bytes).count() <= bytes.len() / ATTRIBUTE_HEADER + 1);
        }
    }
}
