//! Fragmentation on the way out: a datagram that is too long for the link leaves in pieces
//! (RFC 791, 3.2).
//!
//! ```text
//!   payload         │ 0        8k │ 8k      16k │ 16k     end │
//!   ┌────────┐      └──────┬──────┴──────┬──────┴──────┬──────┘
//!   │ header │  ───►  offset 0, MF   offset 8k, MF   offset 16k
//!   └────────┘        all options     copied options  copied options
//! ```

use packet::Buffer;

use crate::header::{Header, MAX_LEN};
use crate::option_list::{MalformedOption, OptionList};
use crate::options::Options;

/// Every offset but the last fragment's end is a multiple of this many bytes.
const UNIT: usize = 8;

/// A datagram on its way to becoming fragments, one at a time: its payload stays where it is.
///
/// One that fits is its own only fragment. A fragment may be cut further, as a router would.
#[derive(Clone, Debug)]
pub struct Fragments<'a> {
    /// Of the next fragment.
    header: Header,
    /// Of all fragments but the first.
    copied: Options,
    /// What no fragment carries yet; `None` once the last has gone.
    rest: Option<&'a [u8]>,
    mtu: usize,
    /// MF of the last fragment: set only if the datagram is a fragment itself.
    more_behind: bool,
}

impl<'a> Fragments<'a> {
    /// Prepares to cut a datagram of `header` and `payload` so that no piece exceeds `mtu` bytes,
    /// its header included.
    ///
    /// Whatever the payload holds must be final, a transport checksum that was to be left to the
    /// device included: a device sees fragments and cannot fill it in.
    ///
    /// # Errors
    /// [`CannotFragment`] says what forbids it.
    pub fn new(header: &Header, payload: &'a [u8], mtu: u16) -> Result<Self, CannotFragment> {
        let total_length = header.length() + payload.len();
        if usize::from(header.fragment_offset.bytes()) + total_length > MAX_LEN {
            return Err(CannotFragment::TooLong { total_length });
        }
        let fits = total_length <= usize::from(mtu);
        if !fits && header.dont_fragment {
            return Err(CannotFragment::Forbidden { total_length, mtu });
        }
        if !fits && header.length() + UNIT > usize::from(mtu) {
            return Err(CannotFragment::NoRoom { header_length: header.length(), mtu });
        }
        Ok(Self {
            header: *header,
            copied: OptionList::parse(&header.options)?.copied(),
            rest: Some(payload),
            mtu: mtu.into(),
            more_behind: header.more_fragments,
        })
    }

    /// How many fragments are still to come.
    #[must_use]
    pub fn remaining(&self) -> usize {
        let Some(rest) = self.rest else { return 0 };
        if self.fits(rest) {
            return 1;
        }
        let later = self.later_header();
        let behind = rest.len().saturating_sub(self.room(&self.header));
        let behind_but_last = (behind + later.length()).saturating_sub(self.mtu);
        2 + behind_but_last.div_ceil(self.room(&later))
    }

    /// Puts the next fragment into `buffer`, in place of whatever was there. `false` once there
    /// is none.
    #[must_use]
    pub fn next_into(&mut self, buffer: &mut Buffer) -> bool {
        let Some(rest) = self.rest.take() else { return false };
        if self.fits(rest) {
            self.header.more_fragments = self.more_behind;
            return self.write(rest, buffer);
        }
        let (payload, behind) =
            rest.split_at_checked(self.room(&self.header)).unwrap_or((rest, &[]));
        self.header.more_fragments = true;
        let written = self.write(payload, buffer);
        self.header = self.later_header();
        self.header.fragment_offset = self.header.fragment_offset.beyond(payload);
        self.rest = Some(behind);
        written
    }

    /// Whether `rest` can leave in one piece.
    const fn fits(&self, rest: &[u8]) -> bool {
        self.header.length() + rest.len() <= self.mtu
    }

    /// How much payload a fragment with `header` carries, unless it is the last.
    const fn room(&self, header: &Header) -> usize {
        self.mtu.saturating_sub(header.length()) / UNIT * UNIT
    }

    const fn later_header(&self) -> Header {
        Header { options: self.copied, ..self.header }
    }

    /// Whether it was written: always, since the whole datagram was proven to fit.
    fn write(&self, payload: &[u8], buffer: &mut Buffer) -> bool {
        buffer.clear();
        buffer.append(payload);
        self.header.prepend_to(buffer).is_ok()
    }
}

/// Why a datagram cannot be cut. All lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotFragment {
    /// It is too long for the link, and DF is set: the sender has to know (RFC 1191).
    #[error("{total_length} bytes exceed the MTU of {mtu}, and DF forbids to fragment them")]
    Forbidden {
        /// How long the datagram is.
        total_length: usize,
        /// How long a datagram the link takes.
        mtu: u16,
    },
    /// The MTU leaves no room for the least payload, 8 bytes. No IPv4 link's is below 68.
    #[error("an MTU of {mtu} has no room for a header of {header_length} and 8 bytes of payload")]
    NoRoom {
        /// How long the header is.
        header_length: usize,
        /// How long a datagram the link takes.
        mtu: u16,
    },
    /// No datagram can be so long, in one piece or in many.
    #[error("{total_length} bytes with the header exceed a datagram's 65,535")]
    TooLong {
        /// How long the datagram would be, as seen from its offset.
        total_length: usize,
    },
    /// Which options the fragments carry cannot be told.
    #[error(transparent)]
    Options(#[from] MalformedOption),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Datagram, FragmentOffset, Protocol};
    use std::net::Ipv4Addr;

    fn header() -> Header {
        let source = Ipv4Addr::new(192, 0, 2, 2);
        let destination = Ipv4Addr::new(192, 0, 2, 1);
        let whole = Header::new(source, destination, Protocol::Udp);
        Header { dont_fragment: false, identification: 77, ..whole }
    }

    fn payload(length: usize) -> Vec<u8> {
        (0..=u8::MAX).cycle().take(length).collect()
    }

    /// Every fragment, and what `remaining` said before each.
    fn cut(header: &Header, payload: &[u8], mtu: u16) -> Vec<(usize, Vec<u8>)> {
        let mut fragments = Fragments::new(header, payload, mtu).unwrap();
        let mut buffer = Buffer::new();
        let mut all = Vec::new();
        let mut remaining = fragments.remaining();
        while fragments.next_into(&mut buffer) {
            all.push((remaining, buffer.as_slice().to_vec()));
            remaining = fragments.remaining();
        }
        assert_eq!(remaining, 0);
        all
    }

    /// Offset, MF, header length and payload length of each fragment.
    fn shape(header: &Header, payload: &[u8], mtu: u16) -> Vec<(u16, bool, usize, usize)> {
        let all = cut(header, payload, mtu);
        all.iter()
            .map(|(_, bytes)| {
                let fragment = Datagram::parse(bytes).unwrap();
                let header = fragment.header();
                assert_eq!(header.identification, 77);
                let offset = header.fragment_offset.bytes();
                (offset, header.more_fragments, header.length(), fragment.payload().len())
            })
            .collect()
    }

    #[test]
    fn frag_9_a_long_datagram_leaves_in_pieces() {
        let expected = [(0, true, 20, 1480), (1480, true, 20, 1480), (2960, false, 20, 1048)];
        assert_eq!(shape(&header(), &payload(4008), 1500), expected);
    }

    #[test]
    fn the_last_fragment_uses_the_room_that_no_multiple_of_8_fills() {
        // 1,479 bytes of room: 1,472 in each but the last.
        let expected = [(0, true, 20, 1472), (1472, false, 20, 1479)];
        assert_eq!(shape(&header(), &payload(1472 + 1479), 1499), expected);
        assert_eq!(shape(&header(), &payload(1472 + 1480), 1499).len(), 3);
    }

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(shape(&header(), &payload(1480), 1500), [(0, false, 20, 1480)]);
        assert_eq!(shape(&header(), &[], 20), [(0, false, 20, 0)]);
        let whole = Header { dont_fragment: true, ..header() };
        assert_eq!(shape(&whole, &payload(1480), 1500), [(0, false, 20, 1480)]);
    }

    #[test]
    fn only_copied_options_stand_in_later_fragments() {
        let options = Options::new(&[7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0, 0]).unwrap();
        let header = Header { options, ..header() };
        let all = cut(&header, &payload(100), 68);
        let found: Vec<_> = all
            .iter()
            .map(|(_, bytes)| Options::new(Datagram::parse(bytes).unwrap().options()).unwrap())
            .collect();
        let copied = Options::new(&[0x94, 4, 0, 0]).unwrap();
        assert_eq!(found, [options, copied, copied]);
        let expected = [(0, true, 32, 32), (32, true, 24, 40), (72, false, 24, 28)];
        assert_eq!(shape(&header, &payload(100), 68), expected);
    }

    #[test]
    fn a_fragment_that_is_cut_further_keeps_its_place() {
        let offset = FragmentOffset::from_bytes(1480).unwrap();
        let middle = Header { fragment_offset: offset, more_fragments: true, ..header() };
        let expected = [(1480, true, 20, 776), (2256, true, 20, 704)];
        assert_eq!(shape(&middle, &payload(1480), 800), expected);
        let last = Header { more_fragments: false, ..middle };
        let expected = [(1480, true, 20, 776), (2256, false, 20, 704)];
        assert_eq!(shape(&last, &payload(1480), 800), expected);
    }

    #[test]
    fn how_many_remain_is_known_beforehand() {
        let router_alert = Options::new(&[0x94, 4, 0, 0]).unwrap();
        let record_route = Options::new(&[7, 3, 4, 0]).unwrap();
        for options in [Options::NONE, router_alert, record_route] {
            let header = Header { options, ..header() };
            for mtu in 68..76 {
                for length in 0..300 {
                    let all = cut(&header, &payload(length), mtu);
                    let counts: Vec<_> = all.iter().map(|(remaining, _)| *remaining).collect();
                    let down: Vec<_> = (1..=all.len()).rev().collect();
                    assert_eq!(counts, down, "{length} bytes, MTU {mtu}");
                    let longest = all.iter().map(|(_, bytes)| bytes.len()).max();
                    assert!(longest <= Some(mtu.into()));
                }
            }
        }
    }

    #[test]
    fn frag_10_df_forbids_and_says_the_mtu() {
        let whole = Header { dont_fragment: true, ..header() };
        let forbidden = CannotFragment::Forbidden { total_length: 1501, mtu: 1500 };
        assert_eq!(Fragments::new(&whole, &payload(1481), 1500).unwrap_err(), forbidden);
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let no_room = CannotFragment::NoRoom { header_length: 20, mtu: 27 };
        assert_eq!(Fragments::new(&header(), &payload(8), 27).unwrap_err(), no_room);
        assert_eq!(shape(&header(), &payload(9), 28).len(), 2);

        let too_long = CannotFragment::TooLong { total_length: 65_536 };
        assert_eq!(Fragments::new(&header(), &payload(65_516), 1500).unwrap_err(), too_long);
        assert_eq!(shape(&header(), &payload(65_515), 1500).len(), 45);
        let beyond = FragmentOffset::from_bytes(65_528).unwrap();
        let beyond = Header { fragment_offset: beyond, ..header() };
        let too_long = CannotFragment::TooLong { total_length: 28 };
        assert_eq!(Fragments::new(&beyond, &payload(8), 1500).unwrap_err(), too_long);

        let malformed = Header { options: Options::new(&[7, 0, 0, 0]).unwrap(), ..header() };
        let error = Fragments::new(&malformed, &payload(8), 1500).unwrap_err();
        assert_eq!(error, MalformedOption { pointer: 21, option_type: 7 }.into());
    }
}
