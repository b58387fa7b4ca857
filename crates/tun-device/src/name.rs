//! The name of a network interface, valid by its type.

use std::fmt;
use std::str::FromStr;

use crate::Kind;

/// Longest interface name in bytes. The kernel's field has one more, for the zero at the end,
/// and it cuts a longer name short without a word.
const LONGEST: usize = libc::IFNAMSIZ - 1;

/// The name of a network interface: 1 to 15 printable ASCII characters, none of them a space,
/// `/`, `:` or `%`, and neither `.` nor `..`.
///
/// These are the kernel's own rules, but for two: it takes bytes beyond ASCII, which terminals
/// show each in its own way, and it reads `%d` as "the first free number".
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceName(String);

impl InterfaceName {
    /// The name that the first device of a kind usually has: `tun0`, `tap0`.
    #[must_use]
    pub fn usual(kind: Kind) -> Self {
        Self(match kind {
            Kind::Tun => "tun0".to_owned(),
            Kind::Tap => "tap0".to_owned(),
        })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for InterfaceName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.len() > LONGEST {
            return Err(InvalidName::TooLong { name: name.to_owned() });
        }
        if name == "." || name == ".." {
            return Err(InvalidName::Directory { name: name.to_owned() });
        }
        if name.contains('%') {
            return Err(InvalidName::Pattern { name: name.to_owned() });
        }
        let allowed = |c: char| c.is_ascii_graphic() && c != '/' && c != ':';
        if let Some(character) = name.chars().find(|&c| !allowed(c)) {
            return Err(InvalidName::Character { name: name.to_owned(), character });
        }
        Ok(Self(name.to_owned()))
    }
}

/// Why a text is no name for a network interface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing at all.
    #[error("an interface name cannot be empty; 'tun0' would be right")]
    Empty,
    /// Longer than the kernel's field.
    #[error("interface name {name:?} is {} bytes long; at most 15 are allowed", name.len())]
    TooLong {
        /// What was given.
        name: String,
    },
    /// `.` or `..`, which are directories wherever a name becomes part of a path.
    #[error("{name:?} is a directory, not an interface name; 'tun0' would be right")]
    Directory {
        /// What was given.
        name: String,
    },
    /// A pattern like `tun%d`, by which the kernel would number the device itself.
    #[error(
        "interface name {name:?} contains '%', which the kernel reads as a pattern to number \
         devices by; give a plain name such as 'tun0', or none to let the kernel choose"
    )]
    Pattern {
        /// What was given.
        name: String,
    },
    /// A character that the kernel does not allow, or that does not print.
    #[error(
        "interface name {name:?} contains {character:?}; letters, digits, '-', '_' and '.' \
         would be right"
    )]
    Character {
        /// What was given.
        name: String,
        /// The first character in it that is not allowed.
        character: char,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_people_use_are_valid() {
        for name in ["tun0", "tap0", "a", "fifteen-bytes-x", "br.100_x", "...", "wg@home"] {
            assert_eq!(name.parse::<InterfaceName>().map(|name| name.to_string()), Ok(name.into()));
        }
    }

    #[test]
    fn each_fault_is_told_by_its_own_words() {
        let fault = |name: &str| name.parse::<InterfaceName>().unwrap_err().to_string();
        assert!(fault("").contains("empty"));
        assert!(fault("sixteen-bytes-xx").contains("16 bytes long; at most 15"));
        assert!(fault("..").contains("directory"));
        assert!(fault("tun%d").contains("let the kernel choose"));
        assert!(fault("my tun").contains("contains ' '"));
        assert!(fault("a/b").contains("contains '/'"));
        assert!(fault("eth0:1").contains("contains ':'"));
        assert!(fault("tünnel").contains("contains 'ü'"));
    }

    proptest! {
        #[test]
        fn a_fault_is_one_line_and_a_name_is_kept_whole(text in any::<String>()) {
            match text.parse::<InterfaceName>() {
                Ok(name) => {
                    prop_assert_eq!(name.as_str(), &text);
                    prop_assert!((1..=15).contains(&text.len()));
                }
                Err(fault) => prop_assert_eq!(fault.to_string().lines().count(), 1),
            }
        }

        #[test]
        fn printable_names_within_bounds_are_valid(name in "[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,14}") {
            prop_assert!(name.parse::<InterfaceName>().is_ok());
        }
    }
}
