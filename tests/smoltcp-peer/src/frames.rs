//! smoltcp's idea of a device: the frame that came, and the frames that are to leave.

use std::collections::VecDeque;

use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

/// Longest IP packet, in bytes.
pub const IP_MTU: usize = 1500;

/// How many frames wait to leave. smoltcp holds back what there is no room for.
pub const QUEUE_LIMIT: usize = 256;

pub(crate) struct Frames {
    medium: Medium,
    came: Option<Vec<u8>>,
    /// At most [`QUEUE_LIMIT`].
    to_leave: VecDeque<Vec<u8>>,
}

impl Frames {
    pub(crate) const fn new(medium: Medium) -> Self {
        Self { medium, came: None, to_leave: VecDeque::new() }
    }

    /// Lays down a frame for smoltcp to find.
    pub(crate) fn put(&mut self, frame: &[u8]) {
        self.came = Some(frame.to_vec());
    }

    /// The next frame that smoltcp sent.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        self.to_leave.pop_front()
    }
}

impl phy::Device for Frames {
    type RxToken<'a> = Came;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Came, Leaving<'_>)> {
        // Room for an answer has to be promised first.
        if self.to_leave.len() >= QUEUE_LIMIT {
            return None;
        }
        Some((Came(self.came.take()?), Leaving(&mut self.to_leave)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        (self.to_leave.len() < QUEUE_LIMIT).then_some(Leaving(&mut self.to_leave))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let header_length = match self.medium {
            Medium::Ip => 0,
            Medium::Ethernet => 14,
        };
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = self.medium;
        capabilities.max_transmission_unit = IP_MTU + header_length;
        capabilities
    }
}

pub(crate) struct Came(Vec<u8>);

impl phy::RxToken for Came {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

pub(crate) struct Leaving<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}
