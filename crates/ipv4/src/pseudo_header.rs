//! The pseudo-header: what a transport's checksum covers beside the transport's own bytes.
//!
//! ```text
//!   ┌───────────────────────────────────────────────────────────────┐
//!   │                        Source Address                         │
//!   ├───────────────────────────────────────────────────────────────┤
//!   │                     Destination Address                       │
//!   ├───────────────┬───────────────┬───────────────────────────────┤
//!   │       0       │   Protocol    │   Length (the transport's)    │
//!   └───────────────┴───────────────┴───────────────────────────────┘
//! ```
//!
//! It is never sent. A datagram that strays to another host does not add up there.

use std::net::Ipv4Addr;

use checksum::Sum;

use crate::header::Protocol;

/// The sum of both addresses and the protocol's number. The transport, which alone knows its
/// length, adds that (RFC 768; RFC 9293, 3.1).
#[must_use]
pub fn pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol) -> Sum {
    Sum::new()
        .add_bytes(&source.octets())
        .add_bytes(&destination.octets())
        .add_u16(u8::from(protocol).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{Ipv4Header, UdpHeader};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn etherparse_sums_the_same(
            source: [u8; 4], destination: [u8; 4], ports: [u16; 2], payload: Vec<u8>
        ) {
            let ip = Ipv4Header::new(0, 64, 17.into(), source, destination).unwrap();
            let judge = UdpHeader::with_ipv4_checksum(ports[0], ports[1], &ip, &payload).unwrap();

            let sum = pseudo_header(source.into(), destination.into(), Protocol::Udp)
                .add_u16(judge.length)
                .add_bytes(&judge.to_bytes())
                .add_bytes(&payload);
            prop_assert_eq!(sum.fold(), 0xffff);
        }
    }
}
