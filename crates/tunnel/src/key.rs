//! The key that both ends of a sealed tunnel have.

use std::fmt;

/// How long a key is, in bytes.
pub const KEY_LEN: usize = 32;

/// A secret that both ends have. It is never sent, and never shown.
#[derive(Clone)]
pub struct Key([u8; KEY_LEN]);

impl Key {
    /// The key in a file of that content.
    ///
    /// # Errors
    /// [`WrongKeySize`] unless these are [`KEY_LEN`] bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, WrongKeySize> {
        bytes.try_into().map(Self).map_err(|_| WrongKeySize { size: bytes.len() })
    }

    pub(crate) const fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A key file of another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has {size} bytes, and a key has {KEY_LEN}")]
pub struct WrongKeySize {
    /// Its size in bytes.
    pub size: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_bytes_and_shows_none_of_them() {
        assert_eq!(format!("{:?}", Key::read(&[7; 32]).unwrap()), "Key(..)");
        for size in [0, 31, 33, 64] {
            let wrong = Key::read(&vec![7; size]).unwrap_err();
            assert_eq!(wrong.to_string(), format!("it has {size} bytes, and a key has 32"));
        }
    }
}
