//! From the events of a trace to what `dissect` reads.

use dissect::{Conversations, Dissection, Framing, Offload, dissect};
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

    /// The medium of this frame: as the last one's, or as it looks.
    pub(crate) fn of(self, bytes: &[u8]) -> Medium {
        self.0.unwrap_or(match bytes.first().map(|first| first >> 4) {
            Some(4 | 6) => Medium::Ip,
            _ => Medium::Ethernet,
        })
    }

    /// Dissects a frame of which only the bytes are known.
    pub(crate) fn dissect(self, bytes: &[u8]) -> Dissection {
        dissect(bytes, Framing::from(self.of(bytes)), UNKNOWN)
    }

    /// The same, with what is known of the connections.
    pub(crate) fn dissect_in(self, conversations: &mut Conversations, bytes: &[u8]) -> Dissection {
        conversations.dissect(bytes, Framing::from(self.of(bytes)), UNKNOWN)
    }
}

/// A superframe's checksum may be left out; nothing says, so it is not judged.
const UNKNOWN: Offload = Offload { checksum_left_out: true, segment_size: None };
