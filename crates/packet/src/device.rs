//! The outside of a network interface: something that frames are read from and written to.

use std::io;

use crate::{Instant, Received, TransmitOffload};

/// A network device: a TUN or TAP, a link in the simulator, or a wrapper round another device
/// that records, prints or damages what passes.
///
/// No method waits. Whoever drives the device knows when it can be read (by `epoll`, or because
/// virtual time says so).
pub trait Device {
    /// What the device is and can do. Constant over its life.
    fn capabilities(&self) -> Capabilities;

    /// The next frame that has come, or `None` if there is none at the moment.
    ///
    /// # Errors
    /// [`DeviceError::Gone`] and [`DeviceError::Io`]; both mean that nothing more will come.
    fn receive(&mut self, now: Instant) -> Result<Option<Received<'_>>, DeviceError>;

    /// Sends one frame.
    ///
    /// # Errors
    /// [`DeviceError::WouldBlock`] if there is no room: the frame was not taken, offer it again.
    /// Any other error means that this frame is lost; [`DeviceError`] says which of them end
    /// the device too.
    fn transmit(
        &mut self,
        now: Instant,
        frame: &[u8],
        offload: TransmitOffload,
    ) -> Result<(), DeviceError>;

    /// When [`Device::handle_timeout`] wants to be called, if ever.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what was due by `now`. A device that delays frames releases them here.
    ///
    /// # Errors
    /// As [`Device::transmit`].
    fn handle_timeout(&mut self, _now: Instant) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// A device on the heap is a device: wrappers hold one without knowing which.
impl<D: Device + ?Sized> Device for Box<D> {
    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    fn receive(&mut self, now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
        (**self).receive(now)
    }

    fn transmit(
        &mut self,
        now: Instant,
        frame: &[u8],
        offload: TransmitOffload,
    ) -> Result<(), DeviceError> {
        (**self).transmit(now, frame, offload)
    }

    fn next_deadline(&self) -> Option<Instant> {
        (**self).next_deadline()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DeviceError> {
        (**self).handle_timeout(now)
    }
}

/// What a device is and can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What stands first in each frame.
    pub medium: Medium,
    /// Maximum transmission unit in bytes: the longest IP packet, without any Ethernet header.
    pub mtu: u16,
    /// Whether the device fills in transport checksums ([`TransmitOffload::checksum`]).
    pub checksum_offload: bool,
    /// Whether the device cuts TCP superframes of up to 65,535 bytes
    /// ([`TransmitOffload::segmentation`]). Implies `checksum_offload`.
    pub segmentation_offload: bool,
    /// Whether the device does the same for UDP: one superframe for datagrams of equal length
    /// between the same ends. Implies `checksum_offload`.
    pub udp_segmentation_offload: bool,
}

impl Capabilities {
    /// Those of a device that leaves nothing to others, and to which nothing can be left.
    #[must_use]
    pub const fn without_offload(medium: Medium, mtu: u16) -> Self {
        Self {
            medium,
            mtu,
            checksum_offload: false,
            segmentation_offload: false,
            udp_segmentation_offload: false,
        }
    }
}

/// What stands first in each frame of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A bare IP packet, as on TUN.
    Ip,
    /// An Ethernet header, as on TAP.
    Ethernet,
}

/// Why a device did not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is no room at the moment; nothing was lost.
    #[error("the device has no room at the moment")]
    WouldBlock,
    /// The frame is lost because the link is down. The device lives on.
    #[error("the link is down, the frame is lost")]
    LinkDown,
    /// The frame is lost because the device does not accept such a frame. The device lives on.
    #[error("the device refuses the frame")]
    Refused,
    /// The device no longer exists.
    #[error("the device was deleted while it was in use")]
    Gone,
    /// Something else that the operating system reported; the device is of no more use.
    #[error("the device failed: {0}")]
    Io(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A device that gives back what was written last, and has one deadline.
    #[derive(Default)]
    struct Loop {
        frame: Option<Vec<u8>>,
        given: Vec<u8>,
        deadline: Option<Instant>,
    }

    impl Device for Loop {
        fn capabilities(&self) -> Capabilities {
            Capabilities::without_offload(Medium::Ethernet, 1400)
        }

        fn receive(&mut self, _now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
            let Some(frame) = self.frame.take() else { return Ok(None) };
            self.given = frame;
            Ok(Some(self.given.as_slice().into()))
        }

        fn transmit(
            &mut self,
            _now: Instant,
            frame: &[u8],
            _offload: TransmitOffload,
        ) -> Result<(), DeviceError> {
            if self.frame.is_some() {
                return Err(DeviceError::WouldBlock);
            }
            self.frame = Some(frame.to_vec());
            Ok(())
        }

        fn next_deadline(&self) -> Option<Instant> {
            self.deadline
        }

        fn handle_timeout(&mut self, _now: Instant) -> Result<(), DeviceError> {
            self.deadline.take().map(drop).ok_or(DeviceError::Gone)
        }
    }

    #[test]
    fn a_device_in_a_box_is_the_device() {
        let now = Instant::START;
        let deadline = Some(now + Duration::from_secs(1));
        let mut device: Box<dyn Device> = Box::new(Loop { deadline, ..Loop::default() });
        assert_eq!(device.capabilities().mtu, 1400);

        device.transmit(now, b"frame", TransmitOffload::default()).unwrap();
        let full = device.transmit(now, b"another", TransmitOffload::default());
        assert!(matches!(full, Err(DeviceError::WouldBlock)));
        assert_eq!(device.receive(now).unwrap().unwrap().bytes, b"frame");
        assert!(device.receive(now).unwrap().is_none());

        assert_eq!(device.next_deadline(), deadline);
        device.handle_timeout(now).unwrap();
        assert_eq!(device.next_deadline(), None);
        assert!(matches!(device.handle_timeout(now), Err(DeviceError::Gone)));
    }

    /// A device that holds nothing back.
    struct Wire;

    impl Device for Wire {
        fn capabilities(&self) -> Capabilities {
            Capabilities::without_offload(Medium::Ip, 1500)
        }

        fn receive(&mut self, _now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
            Ok(None)
        }

        fn transmit(
            &mut self,
            _now: Instant,
            _frame: &[u8],
            _offload: TransmitOffload,
        ) -> Result<(), DeviceError> {
            Ok(())
        }
    }

    #[test]
    fn a_device_that_says_nothing_of_time_waits_for_none() {
        assert_eq!(Wire.next_deadline(), None);
        assert!(Wire.handle_timeout(Instant::START).is_ok());
    }
}
