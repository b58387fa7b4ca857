//! From the events of a trace to what `dissect` reads.

use dissect::{Dissection, Framing, Offload, dissect};
use packet::Medium;
use trace::Direction;

/// What the device does for a frame.
pub(crate) fn offload(direction: Direction) -> Offload {
    match direction {
        Direction::In(offload) => offload.into(),
        Direction::Out(offload) => offload.into(),
    }
}

/// Remembers on what medium frames cross, for events that hold a frame and do not say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LastMedium(Option<Medium>);

impl LastMedium {
    pub(crate) const fn saw(&mut self, medium: Medium) {
        self.0 = Some(medium);
    }

    /// Dissects a frame of which only the bytes are known.
    pub(crate) fn dissect(self, bytes: &[u8]) -> Dissection {
        let medium = self.0.unwrap_or(match bytes.first().map(|first| first >> 4) {
            Some(4 | 6) => Medium::Ip,
            _ => Medium::Ethernet,
        });
        // A superframe's checksum may be left out; nothing here says, so it is not judged.
        let offload = Offload { checksum_left_out: true, segment_size: None };
        dissect(bytes, Framing::from(medium), offload)
    }
}
