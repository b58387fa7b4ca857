//! What a device did for a packet that came, and what it has still to do for one that leaves.
//!
//! A device that offloads hands over up to 64 KiB of TCP data as one packet (a superframe)
//! together with the segment size by which it would be cut on a wire, and may leave a checksum
//! for the other side to fill in. The kernel says so in a `virtio_net_hdr`; these types say the
//! same in the words of the layers that use it.

use std::num::NonZeroU16;

/// A packet as a device read it, borrowed until the next read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// The whole packet or frame, from its first header's first byte.
    pub bytes: &'a [u8],
    /// What the device says about it.
    pub offload: ReceiveOffload,
}

impl<'a> From<&'a [u8]> for Received<'a> {
    /// A packet from a device that does no offload.
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, offload: ReceiveOffload::default() }
    }
}

/// What the device already did for a received packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveOffload {
    /// What is known of the transport checksum. The IPv4 header checksum is always ours to verify.
    pub checksum: ReceivedChecksum,
    /// Set if the packet stands for several segments of this size.
    pub segmentation: Option<Segmentation>,
}

impl ReceiveOffload {
    /// What another device has to be asked for by whoever hands it the packet as it is: all that
    /// is still to be done.
    #[must_use]
    pub const fn passed_on(self) -> TransmitOffload {
        let checksum = match self.checksum {
            ReceivedChecksum::LeftOut(checksum) => Some(checksum),
            ReceivedChecksum::Unverified | ReceivedChecksum::Verified => None,
        };
        TransmitOffload { checksum, segmentation: self.segmentation }
    }
}

/// What is known of a received packet's transport checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReceivedChecksum {
    /// Nothing: verify it.
    #[default]
    Unverified,
    /// The device verified it.
    Verified,
    /// The sender on this machine left it out, since the packet never touched a wire: the field
    /// holds the pseudo-header's sum alone. Trust the packet, do not verify it. Who passes it on
    /// to another device asks for the same there.
    LeftOut(ChecksumOffload),
}

/// Who computes the transport checksum of a packet that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumBy {
    /// We do.
    Us,
    /// The device does ([`Capabilities::checksum_offload`](crate::Capabilities::checksum_offload)).
    /// Not for a packet that will be fragmented, since the device sees no more of it than one
    /// piece.
    Device,
}

/// What the device has still to do for an outgoing packet. The default is: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransmitOffload {
    /// Set if a checksum is still to be filled in.
    pub checksum: Option<ChecksumOffload>,
    /// Set if the packet is to be cut into segments.
    pub segmentation: Option<Segmentation>,
}

/// A transport checksum that the device is asked to fill in.
///
/// The field holds the pseudo-header's sum until then. Both numbers are measured so that a
/// header prepended later changes neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChecksumOffload {
    /// How many bytes the checksum covers, counted back from the end of the packet.
    pub covered: u16,
    /// Where in the covered bytes the checksum field stands (16 for TCP, 6 for UDP).
    pub field: u16,
}

/// How a superframe divides into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// The protocol by whose rules it is cut.
    pub kind: SegmentationKind,
    /// Payload bytes in each segment but the last, which may have fewer.
    pub size: NonZeroU16,
}

impl Segmentation {
    /// How many segments `length` bytes of payload are cut into, at least one.
    #[must_use]
    pub const fn segments(self, length: usize) -> usize {
        let segments = length.div_ceil(self.size.get() as usize);
        if segments == 0 { 1 } else { segments }
    }
}

/// The protocol by whose rules a superframe is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentationKind {
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
    /// UDP datagrams of equal size.
    Udp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_cut_into_as_many_segments_as_it_takes() {
        let cut = Segmentation { kind: SegmentationKind::Udp, size: NonZeroU16::new(3).unwrap() };
        let segments = [0, 1, 3, 4, 6, 7].map(|length| cut.segments(length));
        assert_eq!(segments, [1, 1, 1, 2, 2, 3]);
    }
}
