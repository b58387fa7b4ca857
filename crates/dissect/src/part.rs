//! A piece of a packet that knows where in the packet it begins.

/// Some of a packet's bytes. Every read is checked: what is not there is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where in the whole packet `bytes` begin.
    pub(crate) offset: usize,
}

impl<'a> Part<'a> {
    pub(crate) const fn len(self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    pub(crate) fn u8(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(crate) fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// What stands behind the first `length` bytes; nothing if there are no more.
    pub(crate) fn after(self, length: usize) -> Self {
        let length = length.min(self.len());
        Self { bytes: self.bytes.get(length..).unwrap_or_default(), offset: self.offset + length }
    }

    /// The first `length` bytes, or all if there are fewer.
    pub(crate) fn up_to(self, length: usize) -> Self {
        let length = length.min(self.len());
        Self { bytes: self.bytes.get(..length).unwrap_or_default(), offset: self.offset }
    }
}
