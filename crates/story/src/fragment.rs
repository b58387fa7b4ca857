//! The fragments of a packet: those that the peer sends one by one, and those of ours, which are
//! put together before they are judged.

use std::ops::{Bound, RangeBounds};

use etherparse::defrag::IpDefragBuf;
use etherparse::{IpFragOffset, Ipv4Header, Ipv4HeaderSlice};

use crate::description::{Described, Differences, Sendable};
use crate::ethernet_frame::ETHER_TYPE_IPV4;
use crate::ipv4::{Packet, Payload};
use crate::scene::Scene;

impl<P: Payload + Clone> Packet<P> {
    /// A fragment of the packet: these bytes of its payload, counted from 0.
    ///
    /// A range with an end sets the MF flag, one without (`1480..`) is the last fragment. A range
    /// starts at a multiple of 8. The peer usually leaves DF clear in a fragment.
    #[must_use]
    pub fn fragment(&self, range: impl RangeBounds<usize>) -> Fragment<P> {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => Some(last + 1),
            Bound::Excluded(&end) => Some(end),
            Bound::Unbounded => None,
        };
        Fragment { packet: self.clone(), start, end }
    }
}

/// A fragment of a packet. The peer can send it.
#[derive(Clone, Debug)]
pub struct Fragment<P> {
    packet: Packet<P>,
    start: usize,
    /// `None` is the end of the payload.
    end: Option<usize>,
}

impl<P: Payload> Described for Fragment<P> {
    fn in_words(&self) -> String {
        let Self { packet, start, end } = self;
        let which = match end {
            Some(end) => format!("bytes {start} to {}", end.saturating_sub(1)),
            None => format!("all from byte {start} on"),
        };
        format!("a fragment, {which}, of {}", packet.in_words())
    }

    fn ether_type(&self) -> Option<u16> {
        Some(ETHER_TYPE_IPV4)
    }
}

impl<P: Payload> Sendable for Fragment<P> {
    fn write(&self, scene: &Scene) -> Result<Vec<u8>, String> {
        let (mut header, payload) = self.packet.parts(scene)?;
        let length = payload.len();
        let piece = payload.get(self.start..self.end.unwrap_or(length));
        let piece = piece
            .filter(|piece| !piece.is_empty())
            .ok_or_else(|| format!("the packet carries {length} bytes, of which these are none"))?;
        if !self.start.is_multiple_of(8) {
            return Err(format!("a fragment starts at a multiple of 8, not at {}", self.start));
        }
        let units = u16::try_from(self.start / 8).map_err(|error| error.to_string())?;
        header.fragment_offset = IpFragOffset::try_new(units).map_err(|error| error.to_string())?;
        header.more_fragments = self.end.is_some();
        header.dont_fragment = self.packet.dont_fragment_named().unwrap_or(false);
        header.set_payload_len(piece.len()).map_err(|error| error.to_string())?;
        header.header_checksum = header.calc_header_checksum();
        Ok([&header.to_bytes(), piece].concat())
    }
}

/// Fragments that we sent, as far as they have come.
#[derive(Debug)]
pub(crate) struct Fragments {
    /// The first one's header.
    first: Ipv4Header,
    together: IpDefragBuf,
    pub(crate) count: usize,
}

impl Fragments {
    /// Before the first one has come, which is `packet`.
    pub(crate) fn of(packet: &[u8]) -> Result<Self, String> {
        let (first, _) = Ipv4Header::from_slice(packet)
            .map_err(|error| format!("It is not an IPv4 packet: {error}"))?;
        let together = IpDefragBuf::new(first.protocol, Vec::new(), Vec::new());
        Ok(Self { first, together, count: 0 })
    }

    /// Takes the next one in, and tells `differences` what is wrong with it.
    pub(crate) fn add(&mut self, mtu: u16, packet: &[u8], differences: &mut Differences) {
        self.count += 1;
        let mut wrong = |what: String| {
            differences.add(format!("Of its fragments, number {} {what}.", self.count));
        };
        let header = match Ipv4HeaderSlice::from_slice(packet) {
            Ok(header) => header,
            Err(error) => return wrong(format!("is not an IPv4 packet: {error}")),
        };
        let length = packet.len();
        if length > mtu.into() {
            wrong(format!("has {length} bytes, but the MTU is {mtu}"));
        }
        if length != usize::from(header.total_len()) {
            wrong(format!("has {length} bytes, but says that it has {}", header.total_len()));
        }
        if header.header_checksum() != header.to_header().calc_header_checksum() {
            wrong("has a wrong header checksum".to_owned());
        }
        if header.dont_fragment() {
            wrong("has DF set".to_owned());
        }
        if common(&header.to_header()) != common(&self.first) {
            wrong("has another header than the first".to_owned());
        }
        let (offset, due) = (header.fragments_offset(), self.length());
        if usize::from(offset.byte_offset()) != due {
            wrong(format!("starts at byte {}, but byte {due} is due", offset.byte_offset()));
        }
        let payload = packet.get(header.slice().len()..).unwrap_or_default();
        if let Err(error) = self.together.add(offset, header.more_fragments(), payload) {
            wrong(format!("does not fit the others: {error}"));
        }
    }

    /// Whether the last one has come.
    pub(crate) fn is_complete(&self) -> bool {
        self.together.is_complete()
    }

    /// How many bytes of payload have come.
    pub(crate) fn length(&self) -> usize {
        self.together.data().len()
    }

    /// The packet that was cut.
    pub(crate) fn whole(mut self) -> Result<Vec<u8>, String> {
        let payload = self.together.data();
        self.first.more_fragments = false;
        let too_long = |_| "Its fragments are longer together than a packet can be.".to_owned();
        self.first.set_payload_len(payload.len()).map_err(too_long)?;
        self.first.header_checksum = self.first.calc_header_checksum();
        Ok([&self.first.to_bytes(), payload.as_slice()].concat())
    }
}

/// What all fragments of a packet have in common: all but options, of which not each one has all.
fn common(header: &Ipv4Header) -> Ipv4Header {
    Ipv4Header {
        total_len: 0,
        more_fragments: false,
        fragment_offset: IpFragOffset::ZERO,
        header_checksum: 0,
        options: etherparse::Ipv4Options::new(),
        ..header.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bent::Bend;
    use crate::judged::written;
    use crate::{datagram, echo_reply};

    fn packet() -> Packet<crate::Opaque> {
        datagram(99, b"0123456789abcdefghij").identification(7)
    }

    /// What is wrong with these as the fragments of one packet, and the packet.
    fn together(mtu: u16, fragments: &[Vec<u8>]) -> (Vec<String>, Vec<u8>) {
        let mut differences = Differences::default();
        let mut all = Fragments::of(&fragments[0]).unwrap();
        for fragment in fragments {
            all.add(mtu, fragment, &mut differences);
        }
        (differences.into_sentences(), all.whole().unwrap())
    }

    #[test]
    fn what_is_cut_is_the_same_when_put_together() {
        let pieces = [written(&packet().fragment(..16)), written(&packet().fragment(16..))];
        let (wrong, whole) = together(36, &pieces);
        assert_eq!(wrong, [""; 0]);
        assert_eq!(whole, written(&packet().dont_fragment(false)));
    }

    #[test]
    fn a_fragment_says_which_bytes_it_has() {
        let words = |fragment: Fragment<_>| fragment.in_words();
        let first = "a fragment, bytes 0 to 7, of an ICMP echo reply with time to live 3";
        assert_eq!(words(echo_reply().ttl(3).fragment(..8)), first);
        let last = "a fragment, all from byte 8 on, of an ICMP echo reply";
        assert_eq!(words(echo_reply().fragment(8..)), last);
    }

    #[test]
    fn a_fragment_that_cannot_be_is_refused() {
        let scene = Scene::default();
        let refused = |fragment: Fragment<_>| fragment.write(&scene).unwrap_err();
        let none = "the packet carries 20 bytes, of which these are none";
        for fragment in
            [packet().fragment(24..), packet().fragment(16..24), packet().fragment(8..8)]
        {
            assert_eq!(refused(fragment), none);
        }
        assert_eq!(
            refused(packet().fragment(4..)),
            "a fragment starts at a multiple of 8, not at 4"
        );
    }

    #[test]
    fn fragments_that_do_not_fit_are_told() {
        let first = || written(&packet().fragment(..16));
        let last = || written(&packet().fragment(16..));
        let wrong = |mtu, first, second| together(mtu, &[first, second]).0;
        assert_eq!(
            wrong(35, first(), last()),
            ["Of its fragments, number 1 has 36 bytes, but the MTU is 35."]
        );
        assert_eq!(
            wrong(36, first(), written(&packet().identification(8).fragment(16..))),
            ["Of its fragments, number 2 has another header than the first."]
        );
        assert_eq!(
            wrong(36, first(), written(&packet().dont_fragment(true).fragment(16..))),
            [
                "Of its fragments, number 2 has DF set.",
                "Of its fragments, number 2 has another header than the first."
            ]
        );
        assert_eq!(
            wrong(36, first(), written(&packet().fragment(8..))),
            ["Of its fragments, number 2 starts at byte 8, but byte 16 is due."]
        );
        let padded = written(&packet().fragment(16..).padded_with(b"!"));
        let sentences = wrong(36, first(), padded);
        let longer = "Of its fragments, number 2 has 25 bytes, but says that it has 24.";
        assert_eq!(sentences, [longer]);
        assert_eq!(
            wrong(36, first(), written(&packet().fragment(16..).byte(10, 0))),
            ["Of its fragments, number 2 has a wrong header checksum."]
        );
    }
}
