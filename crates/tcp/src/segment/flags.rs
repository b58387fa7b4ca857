//! The control bits (RFC 9293, 3.1; CWR and ECE are RFC 3168's).

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of control bits, as they stand in the header's byte 13:
///
/// ```text
///    ┌─────┬─────┬─────┬─────┬─────┬─────┬─────┬─────┐
///    │ CWR │ ECE │ URG │ ACK │ PSH │ RST │ SYN │ FIN │
///    └─────┴─────┴─────┴─────┴─────┴─────┴─────┴─────┘
/// ```
///
/// `Flags::SYN | Flags::ACK` is a set of two, and is printed as `SYN ACK`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers: the first segment of a connection.
    pub const SYN: Self = Self(0x02);
    /// Reset: there is no such connection, or no longer.
    pub const RST: Self = Self(0x04);
    /// Push: give the data to the application without waiting for more.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment number means something.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer means something.
    pub const URG: Self = Self(0x20);
    /// ECN echo: a packet came that told of congestion.
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced: ECE was heard.
    pub const CWR: Self = Self(0x80);

    /// The set that stands in a header as `bits`.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The set as it stands in a header.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The bits of both sets, as `|`, where a constant is wanted.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits of `self` that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether FIN is set.
    #[must_use]
    pub const fn fin(self) -> bool {
        self.contains(Self::FIN)
    }

    /// Whether SYN is set.
    #[must_use]
    pub const fn syn(self) -> bool {
        self.contains(Self::SYN)
    }

    /// Whether RST is set.
    #[must_use]
    pub const fn rst(self) -> bool {
        self.contains(Self::RST)
    }

    /// Whether PSH is set.
    #[must_use]
    pub const fn psh(self) -> bool {
        self.contains(Self::PSH)
    }

    /// Whether ACK is set.
    #[must_use]
    pub const fn ack(self) -> bool {
        self.contains(Self::ACK)
    }

    /// Whether URG is set.
    #[must_use]
    pub const fn urg(self) -> bool {
        self.contains(Self::URG)
    }

    /// Whether ECE is set.
    #[must_use]
    pub const fn ece(self) -> bool {
        self.contains(Self::ECE)
    }

    /// Whether CWR is set.
    #[must_use]
    pub const fn cwr(self) -> bool {
        self.contains(Self::CWR)
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.with(other);
    }
}

/// In the order in which a person names them.
const NAMES: [(Flags, &str); 8] = [
    (Flags::SYN, "SYN"),
    (Flags::FIN, "FIN"),
    (Flags::RST, "RST"),
    (Flags::PSH, "PSH"),
    (Flags::ACK, "ACK"),
    (Flags::URG, "URG"),
    (Flags::ECE, "ECE"),
    (Flags::CWR, "CWR"),
];

/// `SYN ACK`, or `none`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name);
        f.write_str(names.next().unwrap_or(&"none"))?;
        names.try_for_each(|name| write!(f, " {name}"))
    }
}

/// `Flags(SYN ACK)`.
impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn they_are_named_in_the_order_in_which_one_says_them() {
        assert_eq!((Flags::ACK | Flags::SYN).to_string(), "SYN ACK");
        assert_eq!((Flags::FIN | Flags::ACK | Flags::PSH).to_string(), "FIN PSH ACK");
        assert_eq!(Flags::NONE.to_string(), "none");
        assert_eq!(Flags::from_bits(0xff).to_string(), "SYN FIN RST PSH ACK URG ECE CWR");
        assert_eq!(format!("{:?}", Flags::RST), "Flags(RST)");
    }

    proptest! {
        #[test]
        fn a_set_is_its_bits(bits: u8) {
            let flags = Flags::from_bits(bits);
            prop_assert_eq!(flags.bits(), bits);
            let asked = [
                flags.fin(), flags.syn(), flags.rst(), flags.psh(),
                flags.ack(), flags.urg(), flags.ece(), flags.cwr(),
            ];
            for (place, is_set) in asked.into_iter().enumerate() {
                prop_assert_eq!(is_set, bits >> place & 1 == 1);
            }
        }

        #[test]
        fn what_is_put_in_is_contained_and_what_is_taken_out_is_not(a: u8, b: u8) {
            let (a, b) = (Flags::from_bits(a), Flags::from_bits(b));
            prop_assert!((a | b).contains(a) && (a | b).contains(b));
            let mut both = a;
            both |= b;
            prop_assert_eq!(both, a.with(b));
            prop_assert_eq!(both.without(b) | b, both);
            prop_assert!(b == Flags::NONE || !both.without(b).contains(b));
        }
    }
}
