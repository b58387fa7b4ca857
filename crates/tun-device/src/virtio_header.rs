//! The `virtio_net_hdr`: ten bytes before each packet that say what is left to be done for it.
//!
//! ```text
//!    0       1          2         4          6            8             10
//!   ┌───────┬──────────┬─────────┬──────────┬────────────┬─────────────┬── the packet
//!   │ flags │ gso_type │ hdr_len │ gso_size │ csum_start │ csum_offset │
//!   └───────┴──────────┴─────────┴──────────┴────────────┴─────────────┴──
//! ```
//!
//! Numbers are in the byte order of the machine. Source: linux/virtio_net.h, and the virtio
//! specification 1.2, 5.1.6.

use std::num::NonZeroU16;

use byteorder::{ByteOrder, NativeEndian};
use packet::{
    ChecksumOffload, ReceiveOffload, ReceivedChecksum, Segmentation, SegmentationKind,
    TransmitOffload,
};

/// Length of the header in bytes.
pub(crate) const LENGTH: usize = 10;

/// The checksum is left out, the field holds the pseudo-header's sum.
const NEEDS_CSUM: u8 = 1;
/// The checksum was verified.
const DATA_VALID: u8 = 2;

/// The packet is one segment.
const GSO_NONE: u8 = 0;
/// TCP over IPv4.
const GSO_TCPV4: u8 = 1;
/// TCP over IPv6.
const GSO_TCPV6: u8 = 4;
/// UDP datagrams of equal size.
const GSO_UDP_L4: u8 = 5;
/// Set besides the type: one of the segments carries CWR.
const GSO_ECN: u8 = 0x80;

/// The fields as they stand, not yet believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct VirtioHeader {
    flags: u8,
    gso_type: u8,
    header_length: u16,
    gso_size: u16,
    checksum_start: u16,
    checksum_offset: u16,
}

impl VirtioHeader {
    /// Reads a header from its bytes.
    pub(crate) fn read(bytes: &[u8; LENGTH]) -> Self {
        let [flags, gso_type, numbers @ ..] = bytes;
        let mut fields = [0; 4];
        NativeEndian::read_u16_into(numbers, &mut fields);
        let [header_length, gso_size, checksum_start, checksum_offset] = fields;
        Self {
            flags: *flags,
            gso_type: *gso_type,
            header_length,
            gso_size,
            checksum_start,
            checksum_offset,
        }
    }

    /// Writes the header as bytes.
    pub(crate) fn write(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let [flags, gso_type, numbers @ ..] = &mut bytes;
        *flags = self.flags;
        *gso_type = self.gso_type;
        let Self { header_length, gso_size, checksum_start, checksum_offset, .. } = self;
        NativeEndian::write_u16_into(
            &[header_length, gso_size, checksum_start, checksum_offset],
            numbers,
        );
        bytes
    }

    /// What the header says of a received frame of `length` bytes, and whether it can be true.
    ///
    /// Of a header that cannot be true the doubtful part is left out: the checksum counts as
    /// unverified then, the packet as one segment. `header_length` is not looked at, since the
    /// kernel does not promise to fill it in.
    pub(crate) fn received(self, length: usize) -> (ReceiveOffload, Plausibility) {
        let (checksum, checksum_plausible) = self.received_checksum(length);
        let (segmentation, segmentation_plausible) = self.received_segmentation();
        let plausible = checksum_plausible && segmentation_plausible;
        let plausibility =
            if plausible { Plausibility::Plausible } else { Plausibility::Contradictory };
        (ReceiveOffload { checksum, segmentation }, plausibility)
    }

    fn received_checksum(self, length: usize) -> (ReceivedChecksum, bool) {
        if self.flags & NEEDS_CSUM != 0 {
            return match self.left_out(length) {
                Some(left_out) => (ReceivedChecksum::LeftOut(left_out), true),
                None => (ReceivedChecksum::Unverified, false),
            };
        }
        match self.flags & DATA_VALID != 0 {
            true => (ReceivedChecksum::Verified, true),
            false => (ReceivedChecksum::Unverified, true),
        }
    }

    /// The checksum that was left out of a frame of `length` bytes, if its field lies inside.
    fn left_out(self, length: usize) -> Option<ChecksumOffload> {
        let covered = length.checked_sub(usize::from(self.checksum_start))?;
        let is_inside = usize::from(self.checksum_offset) + 2 <= covered;
        let covered = u16::try_from(covered).ok()?;
        is_inside.then_some(ChecksumOffload { covered, field: self.checksum_offset })
    }

    fn received_segmentation(self) -> (Option<Segmentation>, bool) {
        let kind = match self.gso_type & !GSO_ECN {
            GSO_NONE => return (None, true),
            GSO_TCPV4 => SegmentationKind::Tcp4,
            GSO_TCPV6 => SegmentationKind::Tcp6,
            GSO_UDP_L4 => SegmentationKind::Udp,
            _ => return (None, false),
        };
        let size = NonZeroU16::new(self.gso_size);
        (size.map(|size| Segmentation { kind, size }), size.is_some())
    }

    /// The header that asks for `offload` to be done to `frame`.
    ///
    /// `None` if it cannot be done: the checksum field lies outside the frame, or the frame is
    /// to be cut although its checksum is complete already (each segment needs its own).
    pub(crate) fn to_transmit(offload: TransmitOffload, frame: &[u8]) -> Option<Self> {
        let TransmitOffload { checksum, segmentation } = offload;
        let Some(ChecksumOffload { covered, field }) = checksum else {
            return segmentation.is_none().then(Self::default);
        };
        let start = frame.len().checked_sub(usize::from(covered))?;
        let covered_bytes = frame.get(start..)?;
        covered_bytes.get(usize::from(field)..)?.get(..2)?;
        let header = Self {
            flags: NEEDS_CSUM,
            checksum_start: u16::try_from(start).ok()?,
            checksum_offset: field,
            ..Self::default()
        };
        let Some(Segmentation { kind, size }) = segmentation else {
            return Some(header);
        };
        let headers = start.checked_add(transport_header_length(kind, covered_bytes)?)?;
        Some(Self {
            gso_type: gso_type(kind),
            gso_size: size.get(),
            header_length: u16::try_from(headers).ok()?,
            ..header
        })
    }
}

/// Whether what a header says of its frame can be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plausibility {
    /// It can.
    Plausible,
    /// It cannot: a checksum field outside the frame, segments of no length, or a kind of
    /// segmentation that was never agreed on.
    Contradictory,
}

/// The number by which the header names `kind`.
const fn gso_type(kind: SegmentationKind) -> u8 {
    match kind {
        SegmentationKind::Tcp4 => GSO_TCPV4,
        SegmentationKind::Tcp6 => GSO_TCPV6,
        SegmentationKind::Udp => GSO_UDP_L4,
    }
}

/// Length in bytes of the transport header that each segment repeats.
fn transport_header_length(kind: SegmentationKind, transport: &[u8]) -> Option<usize> {
    match kind {
        // The data offset: the upper four bits of byte 12, in words of four bytes.
        SegmentationKind::Tcp4 | SegmentationKind::Tcp6 => {
            transport.get(12).map(|byte| usize::from(byte >> 4) * 4)
        }
        SegmentationKind::Udp => Some(8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segmentation(kind: SegmentationKind, size: u16) -> Segmentation {
        Segmentation { kind, size: NonZeroU16::new(size).unwrap() }
    }

    /// Forty bytes of IPv4 and TCP headers (data offset 5) and `payload` bytes.
    fn tcp_packet(payload: usize) -> Vec<u8> {
        let mut packet = vec![0; 40 + payload];
        packet[0] = 0x45;
        packet[32] = 0x50;
        packet
    }

    #[test]
    fn a_superframe_is_described_as_the_kernel_expects_it() {
        let packet = tcp_packet(4_000);
        let offload = TransmitOffload {
            checksum: Some(ChecksumOffload { covered: 4_020, field: 16 }),
            segmentation: Some(segmentation(SegmentationKind::Tcp4, 1460)),
        };
        let header = VirtioHeader::to_transmit(offload, &packet).unwrap();
        assert_eq!(
            header,
            VirtioHeader {
                flags: NEEDS_CSUM,
                gso_type: GSO_TCPV4,
                header_length: 40,
                gso_size: 1460,
                checksum_start: 20,
                checksum_offset: 16,
            }
        );
    }

    #[test]
    fn a_frame_with_nothing_left_to_do_gets_a_zero_header() {
        let header = VirtioHeader::to_transmit(TransmitOffload::default(), &tcp_packet(1));
        assert_eq!(header.unwrap().write(), [0; LENGTH]);
    }

    #[test]
    fn what_cannot_be_asked_for_is_not_asked_for() {
        let packet = tcp_packet(0);
        let ask = |checksum, segmentation| {
            VirtioHeader::to_transmit(TransmitOffload { checksum, segmentation }, &packet)
        };
        let beyond_the_front = ChecksumOffload { covered: 41, field: 16 };
        assert_eq!(ask(Some(beyond_the_front), None), None);
        let beyond_the_end = ChecksumOffload { covered: 17, field: 16 };
        assert_eq!(ask(Some(beyond_the_end), None), None);
        let cut_but_complete = segmentation(SegmentationKind::Tcp4, 1460);
        assert_eq!(ask(None, Some(cut_but_complete)), None);
    }

    #[test]
    fn a_header_that_lies_is_believed_in_nothing() {
        let read = |header: VirtioHeader| header.received(40);
        let plain = ReceiveOffload::default();
        let beyond = VirtioHeader {
            flags: NEEDS_CSUM,
            checksum_start: 23,
            checksum_offset: 16,
            ..VirtioHeader::default()
        };
        assert_eq!(read(beyond), (plain, Plausibility::Contradictory));
        let cut_to_nothing = VirtioHeader { gso_type: GSO_TCPV4, ..VirtioHeader::default() };
        assert_eq!(read(cut_to_nothing), (plain, Plausibility::Contradictory));
        let unknown = VirtioHeader { gso_type: 3, gso_size: 1480, ..VirtioHeader::default() };
        assert_eq!(read(unknown), (plain, Plausibility::Contradictory));
    }

    #[test]
    fn the_last_possible_checksum_field_is_believed() {
        let header = VirtioHeader {
            flags: NEEDS_CSUM,
            checksum_start: 22,
            checksum_offset: 16,
            ..VirtioHeader::default()
        };
        let (offload, plausibility) = header.received(40);
        let last = ChecksumOffload { covered: 18, field: 16 };
        assert_eq!(offload.checksum, ReceivedChecksum::LeftOut(last));
        assert_eq!(plausibility, Plausibility::Plausible);
    }

    #[test]
    fn a_verified_checksum_and_an_ecn_bit_are_understood() {
        let header = VirtioHeader {
            flags: DATA_VALID,
            gso_type: GSO_TCPV4 | GSO_ECN,
            gso_size: 1448,
            ..VirtioHeader::default()
        };
        let (offload, plausibility) = header.received(3_000);
        assert_eq!(offload.checksum, ReceivedChecksum::Verified);
        assert_eq!(offload.segmentation, Some(segmentation(SegmentationKind::Tcp4, 1448)));
        assert_eq!(plausibility, Plausibility::Plausible);
    }

    fn any_kind() -> impl Strategy<Value = SegmentationKind> {
        use SegmentationKind::{Tcp4, Tcp6, Udp};
        prop_oneof![Just(Tcp4), Just(Tcp6), Just(Udp)]
    }

    proptest! {
        #[test]
        fn bytes_read_and_written_are_the_same_bytes(bytes in any::<[u8; LENGTH]>()) {
            prop_assert_eq!(VirtioHeader::read(&bytes).write(), bytes);
        }

        #[test]
        fn any_bytes_are_treated_safely(bytes in any::<[u8; LENGTH]>(), length in 0_usize..70_000) {
            let (offload, _) = VirtioHeader::read(&bytes).received(length);
            if let ReceivedChecksum::LeftOut(ChecksumOffload { covered, field }) = offload.checksum {
                prop_assert!(usize::from(covered) <= length);
                prop_assert!(usize::from(field) + 2 <= usize::from(covered));
            }
        }

        #[test]
        fn any_request_is_fulfilled_or_refused(
            frame in prop::collection::vec(any::<u8>(), 0..100),
            covered in 0_u16..120,
            field in any::<u16>(),
            kind in any_kind(),
            size in 1_u16..,
        ) {
            let offload = TransmitOffload {
                checksum: Some(ChecksumOffload { covered, field }),
                segmentation: Some(segmentation(kind, size)),
            };
            if let Some(header) = VirtioHeader::to_transmit(offload, &frame) {
                prop_assert!(usize::from(covered) <= frame.len());
                prop_assert!(usize::from(field) + 2 <= usize::from(covered));
                prop_assert_eq!(VirtioHeader::read(&header.write()), header);
            }
        }

        /// What we ask the kernel for is what we would understand if it asked us.
        #[test]
        fn what_one_end_asks_for_the_other_end_understands(
            payload in 0_usize..3_000,
            kind in any_kind(),
            size in 1_u16..,
        ) {
            let packet = tcp_packet(payload);
            let covered = u16::try_from(packet.len() - 20).unwrap();
            let asked = segmentation(kind, size);
            let left_out = ChecksumOffload { covered, field: 16 };
            let offload =
                TransmitOffload { checksum: Some(left_out), segmentation: Some(asked) };
            let bytes = VirtioHeader::to_transmit(offload, &packet).unwrap().write();
            let understood = VirtioHeader::read(&bytes).received(packet.len());
            let expected = ReceiveOffload {
                checksum: ReceivedChecksum::LeftOut(left_out),
                segmentation: Some(asked),
            };
            prop_assert_eq!(understood, (expected, Plausibility::Plausible));
            prop_assert_eq!(understood.0.passed_on(), offload);
        }
    }
}
