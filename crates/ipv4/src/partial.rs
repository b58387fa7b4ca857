//! One datagram of which fragments have come: what is there, and what may not come any more.
//!
//! ```text
//!   pieces     0 ┌──────┐ 1480        2960 ┌──────┐ 4440
//!                │ 1480 │      (a hole)    │ 1480 │        length unknown, no last fragment yet
//!                └──────┘                  └──────┘
//! ```
//!
//! No two pieces overlap, so there is never a choice of which bytes to believe. The datagram is
//! whole as soon as the pieces' bytes add up to its length.

use std::collections::BTreeMap;
use std::ops::Range;

use packet::Buffer;

use crate::header::{Ecn, FragmentOffset, Header, MAX_LEN, PayloadTooLong, Protocol};

/// The least payload of a first TCP fragment, in bytes: TCP's header without options. A firewall
/// cannot see the ports and flags of one that is cut smaller, which is why attackers cut so
/// (RFC 1858, 3; RFC 3128). A link with the least MTU, 68, carries 48.
pub const MIN_FIRST_TCP_FRAGMENT: usize = 20;

/// One fragment, proven to be possible by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment<'a> {
    pub(crate) header: Header,
    pub(crate) payload: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// Judges a fragment without regard to any other.
    pub(crate) fn check(header: Header, payload: &'a [u8]) -> Result<Self, RefusedFragment> {
        let fragment = Self { header, payload };
        if payload.is_empty() {
            return Err(RefusedFragment::Empty);
        }
        if header.more_fragments && !payload.len().is_multiple_of(8) {
            return Err(RefusedFragment::Unaligned { length: payload.len() });
        }
        let end = fragment.place().end;
        if header.length() + end > MAX_LEN {
            return Err(RefusedFragment::TooLong { end });
        }
        let is_short = payload.len() < MIN_FIRST_TCP_FRAGMENT;
        if fragment.is_first() && header.protocol == Protocol::Tcp && is_short {
            return Err(RefusedFragment::TinyFirst { length: payload.len() });
        }
        Ok(fragment)
    }

    fn is_first(&self) -> bool {
        self.header.fragment_offset == FragmentOffset::ZERO
    }

    /// Where in the whole payload this fragment's belongs.
    fn place(&self) -> Range<usize> {
        let start = usize::from(self.header.fragment_offset.bytes());
        start..start + self.payload.len()
    }
}

/// A datagram that is not whole yet.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    /// The fragments' payloads by where they begin. None is empty, none overlaps another.
    pieces: BTreeMap<usize, Box<[u8]>>,
    /// Bytes in all pieces.
    received: usize,
    /// Length of the whole payload, known once the last fragment has come.
    length: Option<usize>,
    /// The header of the first fragment, once it has come: it becomes that of the whole.
    first: Option<Header>,
    /// One bit for each [`Ecn`] seen.
    ecn: u8,
}

impl Partial {
    /// Takes a fragment.
    ///
    /// An error means that it contradicts the others, so that none of them can be trusted,
    /// unless it is [`RefusedFragment::Duplicate`].
    pub(crate) fn add(&mut self, fragment: &Fragment<'_>) -> Result<(), RefusedFragment> {
        self.check_end(fragment)?;
        self.check_overlap(fragment)?;
        self.check_ecn(fragment.header.ecn)?;

        let Range { start, end } = fragment.place();
        if fragment.is_first() {
            self.first = Some(fragment.header);
        }
        if !fragment.header.more_fragments {
            self.length = Some(end);
        }
        self.ecn |= bit(fragment.header.ecn);
        self.received += fragment.payload.len();
        self.pieces.insert(start, fragment.payload.into());
        Ok(())
    }

    /// There is one end, and nothing lies behind it.
    fn check_end(&self, fragment: &Fragment<'_>) -> Result<(), RefusedFragment> {
        let end = fragment.place().end;
        let agrees = match (self.length, fragment.header.more_fragments) {
            (Some(length), true) => end < length,
            (Some(length), false) => end == length,
            (None, true) => true,
            (None, false) => end > self.reached(),
        };
        if agrees { Ok(()) } else { Err(RefusedFragment::ConflictingEnd) }
    }

    /// Where the furthest piece ends.
    fn reached(&self) -> usize {
        self.pieces.last_key_value().map_or(0, |(start, piece)| start + piece.len())
    }

    /// Of all pieces that begin before the fragment's end, the last one reaches furthest: if
    /// that one stays clear of the fragment, all do.
    fn check_overlap(&self, fragment: &Fragment<'_>) -> Result<(), RefusedFragment> {
        let Range { start, end } = fragment.place();
        match self.pieces.range(..end).next_back() {
            Some((&other, piece)) if other == start && **piece == *fragment.payload => {
                Err(RefusedFragment::Duplicate)
            }
            Some((other, piece)) if other + piece.len() > start => Err(RefusedFragment::Overlap),
            _ => Ok(()),
        }
    }

    /// A router's mark of congestion must not get lost, nor be handed to a transport that said
    /// it would not understand it (RFC 3168, 5.3).
    fn check_ecn(&self, ecn: Ecn) -> Result<(), RefusedFragment> {
        let contradiction = bit(Ecn::NotCapable) | bit(Ecn::CongestionExperienced);
        if (self.ecn | bit(ecn)) & contradiction == contradiction {
            return Err(RefusedFragment::EcnMixed);
        }
        Ok(())
    }

    /// The header of the whole datagram, once all of it is there.
    pub(crate) fn complete_header(&self) -> Option<Header> {
        let first = self.first.filter(|_| self.length == Some(self.received))?;
        let congested = self.ecn & bit(Ecn::CongestionExperienced) != 0;
        Some(Header {
            ecn: if congested { Ecn::CongestionExperienced } else { first.ecn },
            more_fragments: false,
            ..first
        })
    }

    /// Lays the whole datagram into `buffer`.
    pub(crate) fn write(&self, header: &Header, buffer: &mut Buffer) -> Result<(), PayloadTooLong> {
        buffer.clear();
        for piece in self.pieces.values() {
            buffer.append(piece);
        }
        header.prepend_to(buffer)
    }

    /// The first fragment, if it has come, as it came.
    pub(crate) fn into_first_fragment(mut self) -> Option<FirstFragment> {
        let payload = self.pieces.remove(&0)?;
        Some(FirstFragment { header: self.first?, payload })
    }
}

const fn bit(ecn: Ecn) -> u8 {
    1 << ecn as u8
}

/// The first fragment of a datagram that never became whole: what an ICMP error quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstFragment {
    header: Header,
    payload: Box<[u8]>,
}

impl FirstFragment {
    /// The fragment's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Lays the fragment into `buffer`, header and all, in place of whatever was there.
    pub fn write_to(&self, buffer: &mut Buffer) {
        buffer.clear();
        buffer.append(&self.payload);
        // It came as one datagram, so it fits into one.
        let _ = self.header.prepend_to(buffer);
    }
}

/// Why a fragment was not taken.
///
/// The first four fault the fragment alone, whose datagram waits on for a better one. With the
/// next three the fragments of a datagram contradict each other, and all are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedFragment {
    /// It carries nothing.
    #[error("the fragment carries no payload")]
    Empty,
    /// It is not the last, and so must be a multiple of 8 bytes long.
    #[error("{length} bytes of payload: every fragment but the last has a multiple of 8")]
    Unaligned {
        /// How long its payload is.
        length: usize,
    },
    /// No datagram is that long.
    #[error("the payload ends at byte {end}, which makes the datagram longer than 65,535")]
    TooLong {
        /// Where its payload ends.
        end: usize,
    },
    /// The first fragment holds less than a TCP header.
    #[error("the first fragment holds {length} bytes of TCP, less than a header's 20")]
    TinyFirst {
        /// How long its payload is.
        length: usize,
    },

    /// It overlaps another and is not the same.
    #[error("the fragment overlaps another")]
    Overlap,
    /// It says that the datagram ends elsewhere than another said, or lies behind its end.
    #[error("the fragments disagree on where the datagram ends")]
    ConflictingEnd,
    /// One says that congestion was met, another that congestion cannot be signalled.
    #[error("the fragments disagree on whether congestion can be signalled")]
    EcnMixed,

    /// Its datagram was refused before, for what other fragments said.
    #[error("the datagram was refused before")]
    AlreadyRefused,
    /// It came before, byte for byte. Networks do that; the datagram waits on.
    #[error("the fragment came before")]
    Duplicate,
}
