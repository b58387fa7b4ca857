//! A packet on its way out: the payload is laid down once, each layer prepends its header.
//!
//! ```text
//!   │◄──────── headroom ────────►│
//!   ┌──────────────┬──────┬──────┬───────────────┐
//!   │     free     │ IPv4 │ ICMP │    payload    │
//!   └──────────────┴──────┴──────┴───────────────┘
//!                  ▲ start                       ▲ end
//! ```

/// Room in front of a fresh buffer, in bytes: an Ethernet header (14), the longest IPv4 header
/// (60) and the longest TCP header (60), rounded up.
pub const HEADROOM: usize = 160;

/// An outgoing packet with room in front for the headers of the layers below.
///
/// A buffer is made to be used again: [`Buffer::clear`] empties it and keeps its memory. It passes
/// through many hands on its way down, so what is handed on is no more than a pointer.
#[derive(Clone, Debug)]
pub struct Buffer {
    memory: Box<Memory>,
}

#[derive(Clone, Debug)]
struct Memory {
    /// Free room, then the packet from `start` to the end.
    bytes: Vec<u8>,
    /// Where the packet begins. Never beyond `bytes.len()`.
    start: usize,
}

impl Buffer {
    /// An empty buffer with [`HEADROOM`] bytes of room in front.
    #[must_use]
    pub fn new() -> Self {
        Self { memory: Box::new(Memory { bytes: vec![0; HEADROOM], start: HEADROOM }) }
    }

    /// Empties the buffer and gives it its headroom back.
    pub fn clear(&mut self) {
        self.memory.bytes.resize(HEADROOM, 0);
        self.memory.start = HEADROOM;
    }

    /// Puts `bytes` behind what is there.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) {
        self.memory.bytes.extend_from_slice(bytes);
    }

    /// Puts `header` in front of what is there.
    ///
    /// Headers that outgrow the headroom cost a move of the whole packet, never a panic.
    #[inline]
    pub fn prepend(&mut self, header: &[u8]) {
        let Memory { bytes, start } = &mut *self.memory;
        if header.len() > *start {
            move_back(bytes, start, header.len() - *start);
        }
        let end = *start;
        *start -= header.len();
        if let Some(room) = bytes.get_mut(*start..end) {
            room.copy_from_slice(header);
        }
    }

    /// The packet as it stands.
    #[must_use]
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        self.memory.bytes.get(self.memory.start..).unwrap_or_default()
    }

    /// The packet as it stands, for a layer that changes it in place.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.memory.bytes.get_mut(self.memory.start..).unwrap_or_default()
    }

    /// Length of the packet in bytes, the headers prepended so far included.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.memory.bytes.len() - self.memory.start
    }

    /// Whether nothing has been put into the buffer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Makes `missing` bytes more room in front.
#[cold]
fn move_back(bytes: &mut Vec<u8>, start: &mut usize, missing: usize) {
    bytes.splice(0..0, std::iter::repeat_n(0, missing));
    *start += missing;
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_nest_in_front_of_the_payload() {
        let mut buffer = Buffer::new();
        buffer.append(b"payload");
        buffer.prepend(b"icmp ");
        buffer.prepend(b"ipv4 ");
        assert_eq!(buffer.as_slice(), b"ipv4 icmp payload");
    }

    #[test]
    fn clearing_gives_the_headroom_back() {
        let mut buffer = Buffer::new();
        buffer.append(b"old payload");
        buffer.prepend(&[1; 40]);
        buffer.clear();
        assert!(buffer.is_empty());
        buffer.append(b"new");
        buffer.prepend(b"a ");
        assert_eq!(buffer.as_slice(), b"a new");
    }

    proptest! {
        #[test]
        fn any_order_of_pieces_is_kept(
            pieces in prop::collection::vec(
                (any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)), 0..8)
        ) {
            let mut buffer = Buffer::new();
            let mut model = std::collections::VecDeque::new();
            for (front, bytes) in &pieces {
                if *front {
                    buffer.prepend(bytes);
                    for &byte in bytes.iter().rev() { model.push_front(byte); }
                } else {
                    buffer.append(bytes);
                    model.extend(bytes);
                }
                prop_assert_eq!(buffer.len(), model.len());
                prop_assert_eq!(buffer.is_empty(), model.is_empty());
            }
            prop_assert_eq!(buffer.as_slice(), model.make_contiguous());
            prop_assert_eq!(buffer.as_mut_slice(), model.make_contiguous());
        }
    }
}
