//! What the kernel may leave to us in the packets that it transmits.
//!
//! The kernel keeps the answer with the device, not with the descriptor: on a persistent device
//! it outlives the program that gave it. So it is given anew at each attach, "nothing" included.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;

use crate::{Error, ioctl, virtio_header};

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Checksums may be left out.
    pub(crate) checksum: bool,
    /// Several TCP segments may come and go as one.
    pub(crate) segmentation: bool,
    /// Several UDP datagrams may come and go as one. Linux has had that since 6.2.
    pub(crate) udp_segmentation: bool,
}

/// From the most that is wished for to nothing.
const WISHES: [Agreed; 4] = [
    Agreed { checksum: true, segmentation: true, udp_segmentation: true },
    Agreed { checksum: true, segmentation: true, udp_segmentation: false },
    Agreed { checksum: true, segmentation: false, udp_segmentation: false },
    NOTHING,
];

/// Every packet comes whole, with its checksum.
const NOTHING: Agreed = Agreed { checksum: false, segmentation: false, udp_segmentation: false };

impl Agreed {
    /// TUN_F_* bits.
    fn mask(self) -> u32 {
        let checksum = if self.checksum { libc::TUN_F_CSUM } else { 0 };
        let segmentation = if self.segmentation { libc::TUN_F_TSO4 } else { 0 };
        // The kernel takes the two of UDP together or not at all.
        let udp = if self.udp_segmentation { libc::TUN_F_USO4 | libc::TUN_F_USO6 } else { 0 };
        checksum | segmentation | udp
    }
}

/// Agrees on as much as the kernel offers. The device must have been attached with IFF_VNET_HDR.
pub(crate) fn negotiate(device: &OwnedFd) -> Result<Agreed, Error> {
    // The length, too, stays with the device: someone else may have set another.
    ioctl::set_virtio_header_size(device.as_fd(), virtio_header::LENGTH)
        .map_err(|errno| Error::io("setting the length of the virtio header", errno))?;
    for wish in WISHES {
        match ioctl::set_offload(device.as_fd(), wish.mask()) {
            Ok(()) => return Ok(wish),
            // The kernel does not know one of the bits.
            Err(Errno::EINVAL) => {}
            Err(errno) => return Err(Error::io("agreeing on offload", errno)),
        }
    }
    Err(Error::io("agreeing on offload", Errno::EINVAL))
}

/// Agrees on nothing.
pub(crate) fn decline(device: &OwnedFd) -> Result<Agreed, Error> {
    ioctl::set_offload(device.as_fd(), NOTHING.mask())
        .map_err(|errno| Error::io("declining offload", errno))?;
    Ok(NOTHING)
}
