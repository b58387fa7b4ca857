//! What `strata doctor` is asked about.

use std::net::Ipv4Addr;

/// The device, and the address that the stack has, or is to have, behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The interface's name (`tun0`), 1 to 15 bytes.
    pub device: String,
    /// What the interface is to be.
    pub kind: Kind,
    /// The stack's address: the peer of the kernel's.
    pub address: Ipv4Addr,
    /// How many leading bits the addresses on this link share, 0 to 32.
    pub prefix_length: u8,
    /// The MTU that the stack was told to use, in bytes, if it was told one.
    pub mtu: Option<u16>,
    /// A host beyond the kernel that the stack is to reach, if one was named.
    pub beyond: Option<Ipv4Addr>,
    /// How `strata` was called (`argv[0]`), so that a remedy that calls it works as printed.
    pub program: String,
}

/// The two kinds of interface that `/dev/net/tun` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Carries IP packets.
    Tun,
    /// Carries Ethernet frames.
    Tap,
}

impl Kind {
    /// As `ip tuntap` writes it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tun => "tun",
            Self::Tap => "tap",
        }
    }

    /// As a sentence writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tun => "TUN",
            Self::Tap => "TAP",
        }
    }

    /// The one that it is not.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Tun => Self::Tap,
            Self::Tap => Self::Tun,
        }
    }
}

impl Question {
    /// What the kernel's end of the link is called in remedies that set one up: the first
    /// address of the prefix that is not the stack's.
    pub(crate) fn kernel_address(&self) -> Ipv4Addr {
        self.neighbours().next().unwrap_or(self.address)
    }

    /// The other addresses of the prefix that a host can have, from the lowest up. Of a prefix
    /// too long to hold another one, the address that differs in the last bit.
    pub(crate) fn neighbours(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let own = u32::from(self.address);
        let mask = prefix_mask(self.prefix_length);
        let (first, last) = match self.prefix_length {
            31.. => (own & !1, own | 1),
            _ => ((own & mask) + 1, (own | !mask) - 1),
        };
        (first..=last).filter(move |&address| address != own).map(Ipv4Addr::from)
    }

    /// The command line of a strata command about this device and address.
    pub(crate) fn strata(&self, command: &str) -> String {
        self.strata_for(command, self.kind, self.address)
    }

    /// As [`Question::strata`], about another kind or address on the same device.
    pub(crate) fn strata_for(&self, command: &str, kind: Kind, address: Ipv4Addr) -> String {
        let mut line =
            format!("{} {command} --dev {}", shell_word(&self.program), shell_word(&self.device));
        if kind == Kind::Tap {
            line.push_str(" --tap");
        }
        if address != DEFAULT_ADDRESS || self.prefix_length != DEFAULT_PREFIX_LENGTH {
            line.push_str(&format!(" --addr {address}/{}", self.prefix_length));
        }
        if let Some(mtu) = self.mtu {
            line.push_str(&format!(" --mtu {mtu}"));
        }
        if let (Some(beyond), "doctor") = (self.beyond, command) {
            line.push_str(&format!(" --to {beyond}"));
        }
        line
    }
}

/// What strata's commands take when they are not told an address.
pub(crate) const DEFAULT_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const DEFAULT_PREFIX_LENGTH: u8 = 24;

/// The mask that keeps the first `prefix_length` bits.
pub(crate) fn prefix_mask(prefix_length: u8) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(prefix_length))).unwrap_or(0)
}

/// `word` as a shell reads it back unchanged.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/@:+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
pub(crate) mod examples {
    use super::*;

    /// About tun0, a TUN device.
    pub(crate) fn question(address: &str, prefix_length: u8) -> Question {
        Question {
            device: "tun0".to_owned(),
            kind: Kind::Tun,
            address: address.parse().unwrap(),
            prefix_length,
            mtu: None,
            beyond: None,
            program: "strata".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::examples::question;
    use super::*;

    #[test]
    fn the_kernels_end_is_an_address_of_the_same_prefix_that_the_stack_does_not_have() {
        for (own, prefix_length, expected) in [
            ("192.0.2.2", 24, "192.0.2.1"),
            ("192.0.2.1", 24, "192.0.2.2"),
            ("198.51.100.77", 26, "198.51.100.65"),
            ("192.0.2.2", 31, "192.0.2.3"),
            ("192.0.2.2", 32, "192.0.2.3"),
            ("192.0.2.2", 0, "0.0.0.1"),
        ] {
            let kernel = question(own, prefix_length).kernel_address();
            assert_eq!(kernel.to_string(), expected, "for {own}/{prefix_length}");
        }
    }

    #[test]
    fn a_command_line_says_no_more_than_it_must() {
        let mut question = question("192.0.2.2", 24);
        assert_eq!(question.strata("serve"), "strata serve --dev tun0");
        question.kind = Kind::Tap;
        question.device = "my tap".to_owned();
        question.address = Ipv4Addr::new(192, 0, 2, 9);
        question.mtu = Some(1400);
        assert_eq!(
            question.strata("serve"),
            "strata serve --dev 'my tap' --tap --addr 192.0.2.9/24 --mtu 1400"
        );
    }

    #[test]
    fn a_word_that_a_shell_would_act_on_is_quoted() {
        assert_eq!(shell_word("it's;$(x)"), r"'it'\''s;$(x)'");
    }
}
