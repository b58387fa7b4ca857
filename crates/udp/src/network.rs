//! What the sockets ask the layer below: whose an address is, and how to get there.

use std::net::IpAddr;

/// The layer below, as far as sockets have to know it.
pub trait Network {
    /// What `address` is to this host.
    fn kind(&self, address: IpAddr) -> AddressKind;

    /// Which of this host's own addresses is the source of what is sent to `destination`, if
    /// nothing else was asked for. `None` if no route leads there.
    fn source_for(&self, destination: IpAddr) -> Option<IpAddr>;

    /// The longest payload, in bytes, that the layer below carries to `destination` behind a
    /// header without options: what can be sent at all if it may be fragmented, else what fits
    /// the path (FRAG-8).
    fn max_payload(&self, destination: IpAddr, may_fragment: bool) -> usize;

    /// Whether the layer below sends these IP options: they are well-formed, and none of those
    /// that it refuses to send.
    fn takes_ip_options(&self, options: &[u8]) -> bool;
}

/// What an address is to this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// One of the host's own unicast addresses: the only kind that may be a source (UDP-11).
    Own,
    /// A broadcast address of a network that the host is in, or the limited broadcast.
    Broadcast,
    /// A group.
    Multicast,
    /// Another host's.
    Other,
}
