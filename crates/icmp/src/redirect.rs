//! The redirect: a router's hint that another one is nearer.

use std::net::Ipv4Addr;

use crate::message::Fields;

const REDIRECT: u8 = 5;

/// "Send what goes there to this router instead."
///
/// The debate: a host must follow redirects (ICMP-13), yet anybody on the network can forge one
/// and so lead its packets anywhere. Linux follows them from a gateway that it uses; many
/// machines are told not to (`accept_redirects = 0`). This stack counts and ignores them, as it
/// ignores them from strangers (ICMP-14); routes change by configuration alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// For which destinations.
    pub scope: RedirectScope,
    /// The router to use.
    pub router: Ipv4Addr,
}

/// For which destinations a [`Redirect`] is meant. The number is its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectScope {
    /// For the whole network of the quoted datagram's destination.
    Network = 0,
    /// For its destination alone.
    Host = 1,
    /// For that network and the quoted datagram's type of service.
    NetworkAndTypeOfService = 2,
    /// For that destination and the quoted datagram's type of service.
    HostAndTypeOfService = 3,
}

impl Redirect {
    /// `None` if the fields are those of another message.
    pub(crate) const fn read(fields: Fields) -> Option<Self> {
        let scope = match (fields.kind, fields.code) {
            (REDIRECT, 0) => RedirectScope::Network,
            (REDIRECT, 1) => RedirectScope::Host,
            (REDIRECT, 2) => RedirectScope::NetworkAndTypeOfService,
            (REDIRECT, 3) => RedirectScope::HostAndTypeOfService,
            _ => return None,
        };
        Some(Self { scope, router: Ipv4Addr::from_octets(fields.rest) })
    }

    pub(crate) const fn fields(&self) -> Fields {
        Fields { kind: REDIRECT, code: self.scope as u8, rest: self.router.octets() }
    }
}
