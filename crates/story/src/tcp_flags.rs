//! The control bits of a TCP header, by their names.

use std::fmt;

use etherparse::{TcpHeader, TcpSlice};

use crate::words;

/// Control bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const FIN: Self = Self(0x01);
    pub(crate) const SYN: Self = Self(0x02);
    pub(crate) const RST: Self = Self(0x04);
    pub(crate) const PSH: Self = Self(0x08);
    pub(crate) const ACK: Self = Self(0x10);
    pub(crate) const URG: Self = Self(0x20);
    pub(crate) const ECE: Self = Self(0x40);
    pub(crate) const CWR: Self = Self(0x80);

    /// In the order in which they are said.
    const NAMED: [(Self, &str); 8] = [
        (Self::SYN, "SYN"),
        (Self::FIN, "FIN"),
        (Self::RST, "RST"),
        (Self::PSH, "PSH"),
        (Self::URG, "URG"),
        (Self::ECE, "ECE"),
        (Self::CWR, "CWR"),
        (Self::ACK, "ACK"),
    ];

    /// Those whose names stand in `names`, with blanks between them; `None` if one is none.
    pub(crate) fn of(names: &str) -> Option<Self> {
        names.split_whitespace().try_fold(Self::NONE, |flags, name| {
            let (flag, _) = Self::NAMED.iter().find(|(_, known)| *known == name)?;
            Some(flags.with(*flag))
        })
    }

    /// Those of a segment.
    pub(crate) fn of_segment(tcp: &TcpSlice<'_>) -> Self {
        [
            (tcp.fin(), Self::FIN),
            (tcp.syn(), Self::SYN),
            (tcp.rst(), Self::RST),
            (tcp.psh(), Self::PSH),
            (tcp.ack(), Self::ACK),
            (tcp.urg(), Self::URG),
            (tcp.ece(), Self::ECE),
            (tcp.cwr(), Self::CWR),
        ]
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .fold(Self::NONE, |flags, (_, flag)| flags.with(flag))
    }

    /// Sets them in `header`, and clears the others.
    pub(crate) fn write(self, header: &mut TcpHeader) {
        header.fin = self.has(Self::FIN);
        header.syn = self.has(Self::SYN);
        header.rst = self.has(Self::RST);
        header.psh = self.has(Self::PSH);
        header.ack = self.has(Self::ACK);
        header.urg = self.has(Self::URG);
        header.ece = self.has(Self::ECE);
        header.cwr = self.has(Self::CWR);
    }

    pub(crate) const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub(crate) const fn with(self, flag: Self) -> Self {
        Self(self.0 | flag.0)
    }

    pub(crate) const fn without(self, flag: Self) -> Self {
        Self(self.0 & !flag.0)
    }
}

/// `SYN and ACK`, `none`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = Self::NAMED.iter().filter(|(flag, _)| self.has(*flag));
        let names: Vec<_> = set.map(|(_, name)| (*name).to_owned()).collect();
        match names.as_slice() {
            [] => f.write_str("none"),
            names => f.write_str(&words::list(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_names() {
        assert_eq!(Flags::of(""), Some(Flags::NONE));
        assert_eq!(Flags::of("ACK SYN"), Some(Flags::SYN.with(Flags::ACK)));
        assert_eq!(Flags::of("SYN NACK"), None);
        assert_eq!(Flags::NONE.to_string(), "none");
        assert_eq!(Flags::of("ACK PSH FIN").unwrap().to_string(), "FIN, PSH and ACK");
    }
}
