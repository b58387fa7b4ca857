//! What the two ends of a tunnel have to agree on.

use std::fmt;

use packet::Medium;

/// What an end carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What stands first in each frame.
    pub medium: Medium,
    /// The longest IP packet, in bytes.
    pub mtu: u16,
}

impl Terms {
    /// How long they are in a handshake, in bytes.
    pub(crate) const LEN: usize = 3;

    /// The longest frame, in bytes: on Ethernet a header and a VLAN tag stand before the packet.
    #[must_use]
    pub fn longest_frame(self) -> usize {
        let header = match self.medium {
            Medium::Ip => 0,
            Medium::Ethernet => 14 + 4,
        };
        usize::from(self.mtu) + header
    }

    pub(crate) const fn write(self) -> [u8; Self::LEN] {
        let [high, low] = self.mtu.to_be_bytes();
        let medium = match self.medium {
            Medium::Ip => 0,
            Medium::Ethernet => 1,
        };
        [medium, high, low]
    }

    pub(crate) const fn read([medium, high, low]: [u8; Self::LEN]) -> Self {
        let medium = if medium == 0 { Medium::Ip } else { Medium::Ethernet };
        Self { medium, mtu: u16::from_be_bytes([high, low]) }
    }
}

/// `TUN with an MTU of 1500`.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.medium {
            Medium::Ip => "TUN",
            Medium::Ethernet => "TAP",
        };
        write!(f, "{kind} with an MTU of {}", self.mtu)
    }
}
