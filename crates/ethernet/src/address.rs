//! The address of a network interface on its link.

use std::fmt;
use std::str::FromStr;

/// A MAC address: six bytes, written `02:00:5e:00:02:02`.
///
/// The two lowest bits of the first byte have a meaning of their own:
///
/// ```text
///   7  6  5  4  3  2  1  0
///                     │  └── 1: a group of receivers, 0: one receiver
///                     └───── 1: chosen by whoever runs the link, 0: given by the maker
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// Everybody on the link: `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// The address with these bytes, in the order in which they are sent.
    #[must_use]
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The bytes in the order in which they are sent.
    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether the address stands for a group of receivers. Broadcast is such a group.
    ///
    /// Never true of a source address in a sound frame.
    #[must_use]
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 0b01 != 0
    }

    /// Whether the address stands for everybody on the link.
    #[must_use]
    pub const fn is_broadcast(self) -> bool {
        matches!(self.0, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    }

    /// Whether the address was chosen by whoever runs the link, rather than by the card's maker.
    #[must_use]
    pub const fn is_locally_administered(self) -> bool {
        self.0[0] & 0b10 != 0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A text that was to be a MAC address and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a MAC address: it takes six bytes of two hexadecimal digits, joined by colons, \
     like 02:00:5e:00:02:02"
)]
pub struct NotAMacAddress(String);

impl FromStr for MacAddress {
    type Err = NotAMacAddress;

    fn from_str(text: &str) -> Result<Self, NotAMacAddress> {
        let octets: Option<Vec<u8>> = text.split(':').map(octet).collect();
        octets
            .and_then(|octets| octets.try_into().ok())
            .map(Self)
            .ok_or_else(|| NotAMacAddress(text.to_owned()))
    }
}

/// The byte that two hexadecimal digits make.
fn octet(digits: &str) -> Option<u8> {
    // `from_str_radix` alone would take "+f" as well.
    let sound = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    sound.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_byte_tells_whom_an_address_means() {
        let stack: MacAddress = "02:00:5e:00:02:02".parse().unwrap();
        assert!(stack.is_locally_administered() && !stack.is_multicast());
        let all_ipv6_routers: MacAddress = "33:33:00:00:00:02".parse().unwrap();
        assert!(all_ipv6_routers.is_multicast() && !all_ipv6_routers.is_broadcast());
        let maker: MacAddress = "00:00:5e:00:53:01".parse().unwrap();
        assert!(!maker.is_multicast() && !maker.is_locally_administered());
        assert!(MacAddress::BROADCAST.is_broadcast() && MacAddress::BROADCAST.is_multicast());
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for wrong in [
            "",
            "02",
            "02:00:5e:00:02",
            "02:00:5e:00:02:02:03",
            "2:0:5e:0:2:2",
            "+2:00:5e:00:02:02",
            "0g:00:5e:00:02:02",
            "é:00:5e:00:02:02",
        ] {
            let error = wrong.parse::<MacAddress>().unwrap_err().to_string();
            assert!(error.contains(&format!("'{wrong}'")), "{error}");
            assert!(error.contains("02:00:5e:00:02:02"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(octets: [u8; 6]) {
            let address = MacAddress::new(octets);
            prop_assert_eq!(address.to_string().parse(), Ok(address));
            prop_assert_eq!(address.to_string().to_uppercase().parse(), Ok(address));
        }
    }
}
