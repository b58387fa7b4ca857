//! What can be set about a host, and about each of its interfaces.

use std::num::NonZeroU8;

use ethernet::MacAddress;
use ipv4::{Cidr, ReassemblyLimits};
use packet::Capabilities;
use secret::Secret;

/// The MAC address that an interface has unless it is given another: one receiver, locally
/// administered.
pub const DEFAULT_HARDWARE: MacAddress = MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, 0x02]);

/// What can be set about a host.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// What nobody outside may know: numbers and tables that must not be foretold hang on it.
    pub secret: Secret,
    /// Whether datagrams for others are passed on, as a router does. Off unless it is asked for
    /// (IP-3).
    pub forwarding: bool,
    /// TTL of what is sent, where its sender asks for none (IP-19).
    pub time_to_live: NonZeroU8,
    /// How much is kept of datagrams that come in fragments, and how long.
    pub reassembly: ReassemblyLimits,
}

impl Config {
    /// A host that does not forward, with a TTL of 64 (RFC 1700) and the usual limits.
    #[must_use]
    pub const fn new(secret: Secret) -> Self {
        Self {
            secret,
            forwarding: false,
            time_to_live: NonZeroU8::MIN.saturating_add(63),
            reassembly: ReassemblyLimits::DEFAULT,
        }
    }
}

/// What the stack has to know of an interface.
#[derive(Clone, Copy, Debug)]
pub struct InterfaceConfig {
    /// The stack's own address there, and the network that it is in.
    pub address: Cidr,
    /// What the device behind it is and can do.
    pub capabilities: Capabilities,
    /// Its MAC address, where it is on Ethernet.
    pub hardware: MacAddress,
    /// How neighbours are found, where it is on Ethernet.
    pub arp: arp::Config,
}

impl InterfaceConfig {
    /// An interface that is as usual in everything else: [`DEFAULT_HARDWARE`], and an address
    /// that is used without asking for it first.
    #[must_use]
    pub fn new(address: Cidr, capabilities: Capabilities) -> Self {
        Self { address, capabilities, hardware: DEFAULT_HARDWARE, arp: arp::Config::default() }
    }
}
