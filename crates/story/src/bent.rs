//! A packet that was written well and then damaged, because the story is about damage.

use std::fmt;

use packet::ReceiveOffload;

use crate::description::{Described, Sendable};
use crate::scene::Scene;
use crate::words;

/// What can be done to any packet that the peer sends. Fields are named first, bends come last.
/// They bend the packet and not the Ethernet frame round it, unless it was bent before or
/// [`in_frame`](crate::OnEthernet::in_frame) was said.
///
/// Nothing is mended afterwards: a byte that changes under a checksum makes the checksum wrong.
/// Each bend says in words what it did, and the story repeats them.
pub trait Bend: Sendable + Sized + 'static {
    /// The packet with another value in the byte at `offset`, counted from its own first.
    fn byte(self, offset: usize, value: u8) -> Bent {
        self.bent(format!("with byte {offset} set to {value:#04x}"), move |bytes| {
            let length = bytes.len();
            let byte = bytes.get_mut(offset);
            let no_such = || format!("there is no byte {offset} in a packet of {length} bytes");
            *byte.ok_or_else(no_such)? = value;
            Ok(())
        })
    }

    /// The packet's first `length` bytes, the rest being lost.
    fn truncated_to(self, length: usize) -> Bent {
        self.bent(format!("cut off after {length} bytes"), move |bytes| {
            if bytes.len() <= length {
                return Err(format!("it has no more than {} bytes anyway", bytes.len()));
            }
            bytes.truncate(length);
            Ok(())
        })
    }

    /// The packet with `padding` behind it, as a link adds that has a least length.
    fn padded_with(self, padding: &[u8]) -> Bent {
        let padding = padding.to_vec();
        let number = u64::try_from(padding.len()).unwrap_or(u64::MAX);
        let words = format!("with {} behind it", words::count(number, "byte", "bytes"));
        self.bent(words, move |bytes| {
            bytes.extend_from_slice(&padding);
            Ok(())
        })
    }

    /// The packet after `change`, which `words` describe as they follow "but".
    fn bent(
        self,
        words: impl Into<String>,
        change: impl Fn(&mut Vec<u8>) -> Result<(), String> + 'static,
    ) -> Bent {
        Bent { original: Box::new(self), words: words.into(), change: Box::new(change) }
    }
}

impl<S: Sendable + 'static> Bend for S {}

/// A packet that was damaged on purpose. The peer can send it; we are never expected to.
pub struct Bent {
    original: Box<dyn Sendable>,
    words: String,
    change: Box<Change>,
}

type Change = dyn Fn(&mut Vec<u8>) -> Result<(), String>;

impl fmt::Debug for Bent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bent({})", self.in_words())
    }
}

impl Described for Bent {
    fn in_words(&self) -> String {
        let original = self.original.in_words();
        let link = if original.contains(", but ") { " and" } else { ", but" };
        format!("{original}{link} {}", self.words)
    }

    fn ether_type(&self) -> Option<u16> {
        self.original.ether_type()
    }
}

impl Sendable for Bent {
    fn write(&self, scene: &Scene) -> Result<Vec<u8>, String> {
        let mut bytes = self.original.write(scene)?;
        (self.change)(&mut bytes)?;
        Ok(bytes)
    }

    fn offload(&self) -> ReceiveOffload {
        self.original.offload()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw;

    #[test]
    fn bends_are_done_and_said_in_order() {
        let bent = raw("three bytes", b"abc").byte(2, b'C').truncated_to(2).padded_with(b"!");
        assert_eq!(
            bent.in_words(),
            "three bytes, but with byte 2 set to 0x43 and cut off after 2 bytes \
             and with 1 byte behind it"
        );
        assert_eq!(bent.write(&Scene::default()).unwrap(), b"ab!");
    }

    #[test]
    fn a_bend_that_would_bend_nothing_is_refused() {
        let three = || raw("three bytes", b"abc");
        let refused = |bent: Bent| bent.write(&Scene::default()).unwrap_err();
        assert_eq!(refused(three().byte(3, 0)), "there is no byte 3 in a packet of 3 bytes");
        assert_eq!(refused(three().truncated_to(3)), "it has no more than 3 bytes anyway");
    }
}
