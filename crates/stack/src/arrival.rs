//! How a packet came: what every layer on its way up may want to know of the layers below.

use packet::{Instant, InterfaceId, ReceivedChecksum, Segmentation};

/// When, where and how a packet came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) now: Instant,
    /// By which interface.
    pub(crate) interface: InterfaceId,
    /// Whether its frame was for all, or for a group (ETH-5).
    pub(crate) link_broadcast: bool,
    /// What the device says of the transport checksum.
    pub(crate) checksum: ReceivedChecksum,
    /// How the device put several segments or datagrams together, if it did.
    pub(crate) segmentation: Option<Segmentation>,
}
