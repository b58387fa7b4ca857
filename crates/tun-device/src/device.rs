//! A TUN or TAP device that this process is attached to.

use std::fmt;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::uio::writev;
use nix::unistd::{read, write};
use packet::{Capabilities, Device, DeviceError, Instant, Received, TransmitOffload};

use crate::node::{attach, open_node};
use crate::offload::{Agreed, decline, negotiate};
use crate::settings::Target;
use crate::virtio_header::{self, Plausibility, VirtioHeader};
use crate::{Error, Interface, InterfaceName, Kind, Settings, ioctl};

/// Longest that one read can give, in bytes: packet information, the `virtio_net_hdr`, an
/// Ethernet header with a VLAN tag, and the longest IP packet. A shorter buffer would cut the
/// packet, and the rest would be lost.
const LONGEST_READ: usize = 4 + virtio_header::LENGTH + 14 + 4 + 65_535;

/// Longest frame, in bytes, that is copied behind its header so that both leave from one piece of
/// memory: the kernel takes two pieces more slowly than we copy a frame of this length.
const LONGEST_COPIED: usize = 2048;

/// How many packets the kernel queues for us. So many reads in a row are tried for one that
/// gives a packet.
const QUEUE_LENGTH: usize = 500;

/// A TUN or TAP device that this process is attached to.
///
/// The kernel sees a cable plugged in for as long as it lives. Nothing is queued on our side:
/// one read is one packet, and one write likewise.
pub struct TunDevice {
    /// The node, tied to the device. Reads and writes do not wait.
    descriptor: OwnedFd,
    name: InterfaceName,
    capabilities: Capabilities,
    /// Whether a `virtio_net_hdr` stands before each packet.
    has_virtio_header: bool,
    /// What the last read gave.
    buffer: Box<[u8]>,
    /// Header and frame of the last write that copied them.
    copied: Vec<u8>,
    counters: Counters,
}

impl TunDevice {
    /// Attaches to the device that `settings` describe.
    ///
    /// # Errors
    /// Each [`Error`] that names the node, the device, its owner or its kind; where an MTU is
    /// asked for also [`Error::MtuOutOfRange`] and [`Error::ChangeForbidden`].
    pub fn attach(settings: &Settings) -> Result<Self, Error> {
        let Settings { kind, ref target, packet_information, offload, mtu } = *settings;
        let target = match target {
            Target::KernelsChoice => None,
            Target::Named(name) => Some(name),
            Target::Existing(name) if Interface::exists(name) => Some(name),
            Target::Existing(name) => {
                return Err(Error::Missing { name: name.clone(), kind: Some(kind) });
            }
        };
        let has_virtio_header = offload && !packet_information;
        let information_flag = if packet_information { 0 } else { libc::IFF_NO_PI };
        let header_flag = if has_virtio_header { libc::IFF_VNET_HDR } else { 0 };

        let descriptor = open_node()?;
        let flags = information_flag | header_flag | libc::IFF_NO_CARRIER;
        let name = attach(&descriptor, kind, target, flags)?;
        let agreed = if has_virtio_header { negotiate(&descriptor) } else { decline(&descriptor) }?;
        let mtu = settle_mtu(&Interface::named(&name)?, mtu)?;
        give_carrier(&descriptor)?;
        Ok(Self {
            descriptor,
            name,
            capabilities: capabilities(kind, mtu, agreed),
            has_virtio_header,
            buffer: vec![0; LONGEST_READ].into_boxed_slice(),
            copied: Vec::new(),
            counters: Counters::default(),
        })
    }

    /// Name of the interface, as it was when this process attached.
    #[must_use]
    pub const fn name(&self) -> &InterfaceName {
        &self.name
    }

    /// What was noticed and not reported as an error.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Reads until there is a packet in the buffer, and gives its length, headers of the device
    /// included. `None` if there is no packet at the moment.
    fn read(&mut self) -> Result<Option<usize>, DeviceError> {
        for _ in 0..QUEUE_LENGTH {
            match read(&self.descriptor, &mut self.buffer) {
                Ok(length) if length > self.header_length() => return Ok(Some(length)),
                // Nothing behind the header, or a packet that the kernel could not describe in
                // one (EINVAL): the packet is gone, the next one may be well.
                Ok(_) | Err(Errno::EINVAL) => self.counters.unreadable += 1,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(None),
                Err(errno) => return Err(failure(errno)),
            }
        }
        Ok(None)
    }

    /// Writes `header`, if there is to be one, and `frame` as one packet.
    fn write(&mut self, header: &[u8], frame: &[u8]) -> nix::Result<usize> {
        if header.is_empty() {
            return write(&self.descriptor, frame);
        }
        if frame.len() > LONGEST_COPIED {
            return writev(&self.descriptor, &[IoSlice::new(header), IoSlice::new(frame)]);
        }
        self.copied.clear();
        self.copied.extend_from_slice(header);
        self.copied.extend_from_slice(frame);
        write(&self.descriptor, &self.copied)
    }

    /// Length of what stands before each packet, in bytes.
    const fn header_length(&self) -> usize {
        if self.has_virtio_header { virtio_header::LENGTH } else { 0 }
    }
}

impl Device for TunDevice {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn receive(&mut self, _now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
        let Some(length) = self.read()? else {
            return Ok(None);
        };
        let read = self.buffer.get(..length).unwrap_or_default();
        if !self.has_virtio_header {
            return Ok(Some(Received::from(read)));
        }
        let Some((header, bytes)) = read.split_first_chunk() else {
            return Ok(None);
        };
        let (offload, plausibility) = VirtioHeader::read(header).received(bytes.len());
        if plausibility == Plausibility::Contradictory {
            self.counters.contradictory_offload += 1;
        }
        Ok(Some(Received { bytes, offload }))
    }

    /// One write of one frame, with the header that says what is left to be done for it.
    ///
    /// Without that header nothing can be left to the device: a frame that asks for it is refused.
    fn transmit(
        &mut self,
        _now: Instant,
        frame: &[u8],
        offload: TransmitOffload,
    ) -> Result<(), DeviceError> {
        let header = if self.has_virtio_header {
            VirtioHeader::to_transmit(offload, frame).ok_or(DeviceError::Refused)?.write()
        } else if offload == TransmitOffload::default() {
            [0; virtio_header::LENGTH]
        } else {
            return Err(DeviceError::Refused);
        };
        let header = header.get(..self.header_length()).unwrap_or_default();
        loop {
            match self.write(header, frame) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(failure(errno)),
            }
        }
    }
}

impl AsFd for TunDevice {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Without the 64 KiB that the last read left behind.
impl fmt::Debug for TunDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TunDevice")
            .field("name", &self.name)
            .field("capabilities", &self.capabilities)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Drop for TunDevice {
    /// A persistent device would keep what was agreed on and hand the next program, which may
    /// know nothing of offload, packets without checksums.
    fn drop(&mut self) {
        let _ = decline(&self.descriptor);
    }
}

/// What a device noticed and did not report as an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads that gave no packet although one was there.
    pub unreadable: u64,
    /// Packets whose `virtio_net_hdr` could not be true. They were handed on as packets of which
    /// nothing is known.
    pub contradictory_offload: u64,
}

/// Gives the interface the MTU that is asked for, if any, and says which one it has then. To ask
/// for the one that it has takes no privilege.
fn settle_mtu(interface: &Interface, asked: Option<u16>) -> Result<u32, Error> {
    let present = interface.mtu()?;
    match asked.map(u32::from) {
        Some(mtu) if mtu != present => interface.set_mtu(mtu).map(|()| mtu),
        _ => Ok(present),
    }
}

/// Only now may the kernel send: a packet that came earlier could have the form of another
/// agreement.
fn give_carrier(descriptor: &OwnedFd) -> Result<(), Error> {
    match ioctl::set_carrier(descriptor.as_fd(), true) {
        // A kernel that does not know the call does not know IFF_NO_CARRIER either: the device
        // has had its carrier since it was attached to.
        Ok(()) | Err(Errno::EINVAL) => Ok(()),
        Err(errno) => Err(Error::io("giving the device its carrier", errno)),
    }
}

fn capabilities(kind: Kind, mtu: u32, agreed: Agreed) -> Capabilities {
    Capabilities {
        medium: kind.medium(),
        // No IP packet is longer, whatever the device would carry.
        mtu: u16::try_from(mtu).unwrap_or(u16::MAX),
        checksum_offload: agreed.checksum,
        segmentation_offload: agreed.segmentation,
        udp_segmentation_offload: agreed.udp_segmentation,
    }
}

/// What the kernel means by an error of read or write.
fn failure(errno: Errno) -> DeviceError {
    match errno {
        // No room in the send buffer, or for the moment no memory.
        Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM => DeviceError::WouldBlock,
        Errno::EIO => DeviceError::LinkDown,
        // Neither IPv4 nor IPv6, no whole Ethernet header, or longer than a packet can be.
        Errno::EINVAL | Errno::EMSGSIZE => DeviceError::Refused,
        Errno::EBADFD => DeviceError::Gone,
        other => DeviceError::Io(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU16;
    use std::os::unix::net::UnixDatagram;

    use packet::{
        ChecksumOffload, ReceiveOffload, ReceivedChecksum, Segmentation, SegmentationKind,
    };
    use proptest::prelude::*;

    /// A device whose kernel is the other end of a socket: it keeps packets apart as the real
    /// one does.
    fn device(has_virtio_header: bool) -> (TunDevice, UnixDatagram) {
        let (ours, kernel) = UnixDatagram::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let agreed = Agreed {
            checksum: has_virtio_header,
            segmentation: has_virtio_header,
            udp_segmentation: has_virtio_header,
        };
        let device = TunDevice {
            descriptor: ours.into(),
            name: "tun0".parse().unwrap(),
            capabilities: capabilities(Kind::Tun, 1500, agreed),
            has_virtio_header,
            buffer: vec![0; LONGEST_READ].into_boxed_slice(),
            copied: Vec::new(),
            counters: Counters::default(),
        };
        (device, kernel)
    }

    const NOW: Instant = Instant::START;

    #[test]
    fn a_packet_comes_without_the_header_before_it() {
        let (mut device, kernel) = device(true);
        kernel.send(b"\x02\0\0\0\0\0\0\0\0\0packet").unwrap();
        let received = device.receive(NOW).unwrap().unwrap();
        assert_eq!(received.bytes, b"packet");
        assert_eq!(received.offload.checksum, ReceivedChecksum::Verified);
        assert!(device.receive(NOW).unwrap().is_none());
        assert_eq!(device.counters(), Counters::default());
    }

    #[test]
    fn what_is_too_short_for_a_packet_is_counted_and_the_next_one_comes() {
        let (mut device, kernel) = device(true);
        kernel.send(&[0; 10]).unwrap();
        kernel.send(&[0; 3]).unwrap();
        kernel.send(b"\0\0\0\0\0\0\0\0\0\0packet").unwrap();
        assert_eq!(device.receive(NOW).unwrap().unwrap().bytes, b"packet");
        assert_eq!(device.counters().unreadable, 2);
    }

    #[test]
    fn a_header_that_cannot_be_true_is_counted_and_its_packet_handed_on() {
        let (mut device, kernel) = device(true);
        kernel.send(b"\x01\x01\0\0\0\0\xff\xff\xff\xffpacket").unwrap();
        let received = device.receive(NOW).unwrap().unwrap();
        assert_eq!(received.bytes, b"packet");
        assert_eq!(received.offload, ReceiveOffload::default());
        assert_eq!(device.counters().contradictory_offload, 1);
    }

    #[test]
    fn header_and_frame_leave_in_one_write() {
        let (mut device, kernel) = device(true);
        let left_out = ChecksumOffload { covered: 30, field: 16 };
        let offload = TransmitOffload { checksum: Some(left_out), segmentation: None };
        let mut written = [0; 70_000];
        for length in [50, LONGEST_COPIED, 50, LONGEST_COPIED + 1, 65_535] {
            device.transmit(NOW, &vec![0x45; length], offload).unwrap();
            assert_eq!(kernel.recv(&mut written).unwrap(), 10 + length);
            let header = VirtioHeader::read(written.first_chunk().unwrap());
            assert_eq!(header.received(length).0.checksum, ReceivedChecksum::LeftOut(left_out));
            assert_eq!(written[10..10 + length], vec![0x45; length]);
        }
    }

    #[test]
    fn without_a_header_frames_pass_as_they_are_and_no_work_can_be_left_over() {
        let (mut device, kernel) = device(false);
        kernel.send(b"packet").unwrap();
        assert_eq!(device.receive(NOW).unwrap(), Some(Received::from(&b"packet"[..])));
        device.transmit(NOW, b"answer", TransmitOffload::default()).unwrap();
        let mut written = [0; 100];
        assert_eq!(kernel.recv(&mut written).unwrap(), 6);
        let size = NonZeroU16::new(1460).unwrap();
        let offload = TransmitOffload {
            checksum: Some(ChecksumOffload { covered: 30, field: 16 }),
            segmentation: Some(Segmentation { kind: SegmentationKind::Tcp4, size }),
        };
        let refused = device.transmit(NOW, &[0x45; 50], offload);
        assert!(matches!(refused, Err(DeviceError::Refused)));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_handed_on_or_counted(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            has_virtio_header: bool,
        ) {
            let (mut device, kernel) = device(has_virtio_header);
            kernel.send(&bytes).unwrap();
            let expected = bytes.get(device.header_length()..).filter(|rest| !rest.is_empty());
            let received = device.receive(NOW).unwrap().map(|received| received.bytes.to_vec());
            prop_assert_eq!(received.as_deref(), expected);
            prop_assert_eq!(device.counters().unreadable, u64::from(expected.is_none()));
        }
    }
}
