//! What the tests of this crate share.

use std::net::Ipv4Addr;
use std::time::Duration;

use ethernet::MacAddress;
use packet::{Buffer, Instant};
use proptest::prelude::*;

use crate::{Local, Message, Operation, Payload};

/// 192.0.2.2/24 at 02:00:5e:00:02:02.
pub(crate) fn local() -> Local {
    Local { hardware: mac(2), address: "192.0.2.2/24".parse().unwrap() }
}

/// The MAC address of the host of that number.
pub(crate) const fn mac(host: u8) -> MacAddress {
    MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, host])
}

/// The IPv4 address of the host of that number.
pub(crate) const fn ip(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, host)
}

pub(crate) fn at_ms(milliseconds: u64) -> Instant {
    Instant::at(Duration::from_millis(milliseconds))
}

/// A packet that says its own name.
pub(crate) fn payload(name: &str) -> Payload {
    let mut buffer = Buffer::new();
    buffer.append(name.as_bytes());
    Payload::from(buffer)
}

/// What packets say.
pub(crate) fn names(payloads: &[Payload]) -> Vec<&str> {
    payloads.iter().map(|payload| std::str::from_utf8(payload.buffer.as_slice()).unwrap()).collect()
}

pub(crate) fn messages() -> impl Strategy<Value = Message> {
    (any::<bool>(), any::<[u8; 6]>(), any::<[u8; 4]>(), any::<[u8; 6]>(), any::<[u8; 4]>())
        .prop_map(|(reply, sender_hardware, sender, target_hardware, target)| Message {
            operation: if reply { Operation::Reply } else { Operation::Request },
            sender_hardware: MacAddress::new(sender_hardware),
            sender: sender.into(),
            target_hardware: MacAddress::new(target_hardware),
            target: target.into(),
        })
}
