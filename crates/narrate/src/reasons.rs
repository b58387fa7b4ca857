//! Why packets leave: told by a layer when it hands one down, wanted when the frame crosses.

use std::collections::VecDeque;

use packet::Medium;

/// How many reasons wait for their frames at most; then the oldest is forgotten.
pub(crate) const MOST_WAITING: usize = 256;

/// How much of a packet is compared, from its layer's header on. No two segments that wait have
/// the same ports and numbers.
const COMPARED: usize = 20;

/// The reasons of packets whose frames have not crossed yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reasons {
    waiting: VecDeque<Reason>,
}

#[derive(Clone, Debug)]
struct Reason {
    /// How the packet begins.
    header: Vec<u8>,
    words: &'static str,
}

impl Reasons {
    /// Notes why a packet leaves, of which `bytes` are the part from its layer's header on.
    pub(crate) fn note(&mut self, bytes: &[u8], words: &'static str) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        let header = bytes.iter().take(COMPARED).copied().collect();
        self.waiting.push_back(Reason { header, words });
    }

    /// Why the packet in this frame leaves, if that was told.
    pub(crate) fn take(&mut self, frame: &[u8], medium: Medium) -> Option<&'static str> {
        let place = self.find(frame, medium)?;
        self.waiting.remove(place).map(|reason| reason.words)
    }

    /// Whether this frame is one that is about to leave.
    pub(crate) fn is_about_to_leave(&self, frame: &[u8], medium: Medium) -> bool {
        self.find(frame, medium).is_some()
    }

    fn find(&self, frame: &[u8], medium: Medium) -> Option<usize> {
        if self.waiting.is_empty() {
            return None;
        }
        let transport = behind_ip(frame, medium)?;
        self.waiting.iter().position(|reason| transport.starts_with(&reason.header))
    }
}

/// What stands behind the IPv4 header of a frame.
fn behind_ip(frame: &[u8], medium: Medium) -> Option<&[u8]> {
    let packet = match medium {
        Medium::Ip => frame,
        Medium::Ethernet => frame.get(ethernet::HEADER_LEN..)?,
    };
    let first = packet.first().filter(|first| *first >> 4 == 4)?;
    packet.get(usize::from(first & 0x0f) * 4..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{PING, REPLY};

    #[test]
    fn a_reason_waits_for_its_frame_and_serves_once() {
        let mut reasons = Reasons::default();
        reasons.note(&PING[20..], "because");
        assert_eq!(reasons.take(REPLY, Medium::Ip), None);
        assert_eq!(reasons.take(PING, Medium::Ip), Some("because"));
        assert_eq!(reasons.take(PING, Medium::Ip), None);
    }

    #[test]
    fn it_is_found_behind_an_ethernet_header_too() {
        let mut reasons = Reasons::default();
        reasons.note(&PING[20..], "because");
        let frame = [&[0; 12][..], &[8, 0], PING].concat();
        assert_eq!(reasons.take(&frame, Medium::Ethernet), Some("because"));
    }

    #[test]
    fn frames_that_never_come_do_not_pile_up() {
        let mut reasons = Reasons::default();
        for _ in 0..3 * MOST_WAITING {
            reasons.note(&PING[20..], "because");
        }
        assert_eq!(reasons.waiting.len(), MOST_WAITING);
        assert_eq!(reasons.take(&[0x45], Medium::Ip), None);
        assert_eq!(reasons.take(&[], Medium::Ethernet), None);
    }
}
