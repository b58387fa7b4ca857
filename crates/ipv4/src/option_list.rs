//! What the options of a header say (RFC 791, 3.1).
//!
//! ```text
//!   ┌──────┬────────┬────────────┐        ┌──────┐
//!   │ type │ length │  data ...  │   or   │ type │   alone: end of list (0), no operation (1)
//!   └──────┴────────┴────────────┘        └──────┘
//!   ◄───── length bytes ────────►
//!
//!   the type's bits:   copied (1) │ class (2) │ number (5)
//! ```
//!
//! An option of an unknown type is a length to step over and nothing more (RFC 1122, IP-22).

use std::iter;

use crate::header::MIN_HEADER_LEN;
use crate::options::Options;

/// A checked view of a header's options: the walk from one to the next is proven to stay inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionList<'a> {
    bytes: &'a [u8],
}

impl<'a> OptionList<'a> {
    /// Proves that each option's length leads to the next option or to the end.
    ///
    /// # Errors
    /// [`MalformedOption`] for the first length that does not.
    pub fn parse(options: &'a Options) -> Result<Self, MalformedOption> {
        let bytes = options.as_slice();
        let mut rest = bytes;
        while let Some((option_type, _)) = rest.split_first() {
            let walked = bytes.len() - rest.len();
            (_, rest) = split_first(rest).ok_or_else(|| {
                // A type that stands in the last byte has no length to point at.
                let length_at = (walked + 1).min(bytes.len() - 1);
                MalformedOption::at(MIN_HEADER_LEN + length_at, *option_type)
            })?;
        }
        Ok(Self { bytes })
    }

    /// The options in the order in which they stand, no-operations and the end of the list
    /// included. What stands behind the end is padding and does not appear.
    pub fn iter(&self) -> impl Iterator<Item = HeaderOption<'a>> + use<'a> {
        let mut rest = self.bytes;
        iter::from_fn(move || {
            let (option, behind) = split_first(rest)?;
            rest = behind;
            Some(option)
        })
    }

    /// Whether the sender wants to dictate the datagram's way. Such a datagram is to be refused:
    /// a source route leads round what protects a network (RFC 7126, 4.3 and 4.4).
    #[must_use]
    pub fn has_source_route(&self) -> bool {
        self.iter().any(|option| {
            matches!(option.kind(), OptionKind::LooseSourceRoute | OptionKind::StrictSourceRoute)
        })
    }

    /// The options that each fragment carries, not the first alone: those that say so in their
    /// copied flag.
    #[must_use]
    pub fn copied(&self) -> Options {
        let copied = self.iter().filter(HeaderOption::is_copied);
        let mut bytes: Vec<u8> = copied.flat_map(|option| option.bytes).copied().collect();
        // Zero is the end of the list.
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        // A part of what fitted fits.
        Options::new(&bytes).unwrap_or_default()
    }
}

/// Splits the first option off. `None` if there is none, or if its length is impossible.
fn split_first(bytes: &[u8]) -> Option<(HeaderOption<'_>, &[u8])> {
    let (option, rest) = match OptionKind::from(*bytes.first()?) {
        OptionKind::EndOfList => (bytes.get(..1)?, &[][..]),
        OptionKind::NoOperation => bytes.split_at_checked(1)?,
        _ => bytes.split_at_checked(usize::from(*bytes.get(1)?)).filter(|(it, _)| it.len() >= 2)?,
    };
    Some((HeaderOption { bytes: option }, rest))
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderOption<'a> {
    /// Its type, and its length and data if it is of a kind that has them. Never empty.
    bytes: &'a [u8],
}

impl<'a> HeaderOption<'a> {
    /// What the option is for.
    #[must_use]
    pub fn kind(&self) -> OptionKind {
        OptionKind::from(self.bytes.first().copied().unwrap_or_default())
    }

    /// The copied flag: whether each fragment carries the option.
    #[must_use]
    pub fn is_copied(&self) -> bool {
        u8::from(self.kind()) & 0x80 != 0
    }

    /// What stands behind type and length.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.bytes.get(2..).unwrap_or_default()
    }
}

/// What an option is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// 0: no option follows.
    EndOfList,
    /// 1: nothing; fills up to where the next option shall begin.
    NoOperation,
    /// 7: each router leaves its address.
    RecordRoute,
    /// 68: each router leaves the time at which it saw the datagram.
    Timestamp,
    /// 131: routers that the datagram must pass, and perhaps others between them.
    LooseSourceRoute,
    /// 137: the routers that the datagram must pass, and no other.
    StrictSourceRoute,
    /// 148: routers on the way look at the datagram themselves (RFC 2113).
    RouterAlert,
    /// Any other, to be ignored.
    Other(OtherOption),
}

/// An option type that [`OptionKind`] has no name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherOption(u8);

impl From<u8> for OptionKind {
    fn from(option_type: u8) -> Self {
        match option_type {
            0 => Self::EndOfList,
            1 => Self::NoOperation,
            7 => Self::RecordRoute,
            68 => Self::Timestamp,
            131 => Self::LooseSourceRoute,
            137 => Self::StrictSourceRoute,
            148 => Self::RouterAlert,
            other => Self::Other(OtherOption(other)),
        }
    }
}

impl From<OptionKind> for u8 {
    fn from(kind: OptionKind) -> Self {
        match kind {
            OptionKind::EndOfList => 0,
            OptionKind::NoOperation => 1,
            OptionKind::RecordRoute => 7,
            OptionKind::Timestamp => 68,
            OptionKind::LooseSourceRoute => 131,
            OptionKind::StrictSourceRoute => 137,
            OptionKind::RouterAlert => 148,
            OptionKind::Other(OtherOption(other)) => other,
        }
    }
}

/// An option whose length cannot be: shorter than type and length themselves, or beyond the
/// header's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "option {option_type} has a wrong length at byte {pointer} of the header: it must be at \
     least 2 and end inside the header"
)]
pub struct MalformedOption {
    /// Where in the header the fault is, in bytes: what ICMP's parameter problem calls pointer.
    pub pointer: u8,
    /// The option's type.
    pub option_type: u8,
}

impl MalformedOption {
    fn at(pointer: usize, option_type: u8) -> Self {
        // A header has 60 bytes at most.
        Self { pointer: u8::try_from(pointer).unwrap_or(u8::MAX), option_type }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn options(bytes: &[u8]) -> Options {
        Options::new(bytes).unwrap()
    }

    fn kinds(bytes: &[u8]) -> Vec<OptionKind> {
        OptionList::parse(&options(bytes)).unwrap().iter().map(|option| option.kind()).collect()
    }

    #[test]
    fn a_list_is_walked_by_length() {
        let bytes = [7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0, 68, 4, 5, 0, 0, 0xff, 0xff, 0xff];
        assert_eq!(
            kinds(&bytes),
            [
                OptionKind::RecordRoute,
                OptionKind::NoOperation,
                OptionKind::RouterAlert,
                OptionKind::Timestamp,
                OptionKind::EndOfList,
            ]
        );
        let options = options(&bytes);
        let list = OptionList::parse(&options).unwrap();
        let data: Vec<_> = list.iter().map(|option| option.data()).collect();
        assert_eq!(data, [&[4, 0, 0, 0, 0][..], &[], &[0, 0], &[5, 0], &[]]);
        assert!(!list.has_source_route());
        assert_eq!(kinds(&[]), []);
    }

    #[test]
    fn ip_22_and_ip_23_unknown_options_are_stepped_over() {
        // 136 is the obsolete stream identifier.
        let expected = [136.into(), 30.into(), OptionKind::RouterAlert];
        assert_eq!(kinds(&[136, 4, 0, 9, 30, 4, 1, 2, 148, 4, 0, 0]), expected);
    }

    #[test]
    fn ip_24_a_source_route_is_refused() {
        for route in [131, 137] {
            let with_route = options(&[1, route, 7, 4, 198, 51, 100, 1]);
            assert!(OptionList::parse(&with_route).unwrap().has_source_route());
            let behind_the_end = options(&[0, route, 3, 4]);
            assert!(!OptionList::parse(&behind_the_end).unwrap().has_source_route());
        }
    }

    #[test]
    fn ip_28_a_wrong_length_is_pointed_at() {
        for (bytes, pointer, option_type) in [
            (&[7, 0, 0, 0][..], 21, 7),
            (&[7, 1, 0, 0], 21, 7),
            (&[7, 5, 4, 0], 21, 7),
            (&[1, 1, 1, 68], 23, 68),
            (&[148, 4, 0, 0, 1, 137, 4, 0], 26, 137),
            (&[148, 4, 0, 0, 1, 1, 137, 255], 27, 137),
        ] {
            let malformed = MalformedOption { pointer, option_type };
            assert_eq!(OptionList::parse(&options(bytes)), Err(malformed), "{bytes:?}");
        }
    }

    #[test]
    fn fragments_carry_what_is_marked_as_copied() {
        let all = options(&[7, 3, 4, 1, 130, 3, 9, 148, 4, 0, 0, 0]);
        let copied = OptionList::parse(&all).unwrap().copied();
        assert_eq!(copied.as_slice(), [130, 3, 9, 148, 4, 0, 0, 0]);
        let none = options(&[7, 3, 4, 0]);
        assert!(OptionList::parse(&none).unwrap().copied().is_empty());
    }

    proptest! {
        #[test]
        fn ip_28_any_options_are_walked_to_an_end(
            words in prop::collection::vec(any::<[u8; 4]>(), 0..=10)
        ) {
            let options = options(words.as_flattened());
            match OptionList::parse(&options) {
                Ok(list) => {
                    let walked: usize = list.iter().map(|option| option.bytes.len()).sum();
                    let ended = list.iter().last().map(|option| option.kind());
                    let complete = walked == options.as_slice().len();
                    prop_assert!(complete || ended == Some(OptionKind::EndOfList));
                    prop_assert!(OptionList::parse(&list.copied()).is_ok());
                }
                Err(malformed) => {
                    let at = usize::from(malformed.pointer) - MIN_HEADER_LEN;
                    prop_assert!(at < options.as_slice().len());
                }
            }
        }

        #[test]
        fn an_option_type_survives_its_name(option_type in any::<u8>()) {
            prop_assert_eq!(u8::from(OptionKind::from(option_type)), option_type);
        }
    }
}
