//! The options of a header as bytes. What they say is [`OptionList`](crate::OptionList)'s to tell.

use std::fmt;

/// The options of a header as they stand on the wire: whole words, at most 40 bytes.
#[derive(Clone, Copy)]
pub struct Options {
    /// The first `length` are the options, the rest is zero.
    bytes: [u8; Self::MAX_LEN],
    /// At most 40, a multiple of 4.
    length: u8,
}

impl Options {
    /// What the largest IHL, 15 words, leaves beyond the fixed part, in bytes.
    pub const MAX_LEN: usize = 40;

    /// No options.
    pub const NONE: Self = Self { bytes: [0; Self::MAX_LEN], length: 0 };

    /// Takes options as they stand on the wire.
    ///
    /// # Errors
    /// [`HeaderTooLong`] if they are longer than 40 bytes or do not fill whole words of 4.
    pub fn new(options: &[u8]) -> Result<Self, HeaderTooLong> {
        let refused = HeaderTooLong { options_length: options.len() };
        if !options.len().is_multiple_of(4) {
            return Err(refused);
        }
        let mut bytes = [0; Self::MAX_LEN];
        let length = u8::try_from(options.len()).map_err(|_| refused)?;
        bytes.get_mut(..options.len()).ok_or(refused)?.copy_from_slice(options);
        Ok(Self { bytes, length })
    }

    /// The options' bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Length in bytes: 0 to 40.
    pub(crate) const fn length(&self) -> usize {
        self.length as usize
    }

    /// Length in words of 4 bytes, as the IHL field counts them: 0 to 10.
    pub(crate) const fn words(&self) -> u8 {
        self.length / 4
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl PartialEq for Options {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Options {}

impl Default for Options {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options({:02x?})", self.as_slice())
    }
}

/// Options that no header has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{options_length} bytes of options: there is room for 40, in whole words of 4")]
pub struct HeaderTooLong {
    /// How many bytes of options there were.
    pub options_length: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_fill_whole_words_and_at_most_ten() {
        assert!(Options::new(&[]).unwrap().is_empty());
        assert!(!Options::new(&[1; 40]).unwrap().is_empty());
        assert_eq!(Options::new(&[1; 3]), Err(HeaderTooLong { options_length: 3 }));
        assert_eq!(Options::new(&[1; 44]), Err(HeaderTooLong { options_length: 44 }));
        assert_eq!(Options::new(&[1; 1024]), Err(HeaderTooLong { options_length: 1024 }));
    }

    #[test]
    fn options_are_what_they_say_and_no_more() {
        let options = Options::new(&[7, 3, 4, 0]).unwrap();
        assert_ne!(options, Options::new(&[7, 3, 4, 1]).unwrap());
        assert_ne!(options, Options::new(&[7, 3, 4, 0, 0, 0, 0, 0]).unwrap());
        assert_eq!(format!("{options:?}"), "Options([07, 03, 04, 00])");
    }
}
