//! What TCP asks the layer below: whose an address is, and how to get there.

use std::net::IpAddr;

/// The layer below, as far as connections have to know it.
pub trait Network {
    /// What `address` is to this host.
    fn kind(&self, address: IpAddr) -> AddressKind;

    /// Which of this host's own addresses is the source of what is sent to `destination`
    /// (MUST-44). `None` if no route leads there.
    fn source_for(&self, destination: IpAddr) -> Option<IpAddr>;

    /// What the way to `destination` carries. `None` if no route leads there.
    fn path_to(&self, destination: IpAddr) -> Option<Path>;
}

/// What an address is to this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// One of the host's own unicast addresses.
    Own,
    /// Another single host's.
    Other,
    /// Nobody's or many's: a broadcast address, a group, or one that no host has. TCP speaks to
    /// single hosts alone (MUST-46, MUST-57).
    NoSingleHost,
}

/// What a way carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The largest segment without options that fits one packet, in bytes: MMS_S and MMS_R less
    /// TCP's header (MUST-16, MUST-67).
    pub largest_segment: u16,
    /// The most text that may be handed down in one piece, in bytes: more than a segment where
    /// the device cuts it, else zero.
    pub largest_superframe: u32,
}
