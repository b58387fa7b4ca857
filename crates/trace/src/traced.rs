//! A device whose frames are told to a trace as they cross.

use std::os::fd::{AsFd, BorrowedFd};

use packet::{Capabilities, Device, DeviceError, Instant, InterfaceId, Received, TransmitOffload};

use crate::{Direction, Event, Tracer};

/// Wraps any device and emits an [`Event::Frame`] for each frame read and each frame written.
///
/// A frame that the device did not take (because it was full, or the link down) is not told:
/// it did not cross.
#[derive(Debug)]
pub struct Traced<D> {
    device: D,
    interface: InterfaceId,
    tracer: Tracer,
}

impl<D: Device> Traced<D> {
    /// Wraps `device`, which is its host's `interface`.
    pub const fn new(device: D, interface: InterfaceId, tracer: Tracer) -> Self {
        Self { device, interface, tracer }
    }
}

impl<D: Device> Device for Traced<D> {
    fn capabilities(&self) -> Capabilities {
        self.device.capabilities()
    }

    fn receive(&mut self, now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
        let interface = self.interface;
        let medium = self.device.capabilities().medium;
        let received = self.device.receive(now)?;
        if let Some(Received { bytes, offload }) = received {
            let direction = Direction::In(offload);
            self.tracer.emit(now, || Event::Frame { interface, direction, medium, bytes });
        }
        Ok(received)
    }

    fn transmit(
        &mut self,
        now: Instant,
        frame: &[u8],
        offload: TransmitOffload,
    ) -> Result<(), DeviceError> {
        self.device.transmit(now, frame, offload)?;
        self.tracer.emit(now, || Event::Frame {
            interface: self.interface,
            direction: Direction::Out(offload),
            medium: self.device.capabilities().medium,
            bytes: frame,
        });
        Ok(())
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.device.next_deadline()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DeviceError> {
        self.device.handle_timeout(now)
    }
}

impl<D: AsFd> AsFd for Traced<D> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}
