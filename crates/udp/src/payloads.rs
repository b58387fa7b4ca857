//! Memory for the payloads of datagrams that come: what a program has done with is used again.

/// How many pieces of memory are kept: as many as there are datagrams in a burst.
const SPARE_PAYLOADS: usize = 64;

/// The longest piece that is kept, in bytes: what one frame brings, not what fragments add up to.
const LONGEST_SPARE: usize = 2048;

/// Payloads that nobody needs any more, for those that come.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    /// At most [`SPARE_PAYLOADS`], each of at most [`LONGEST_SPARE`] bytes.
    spare: Vec<Vec<u8>>,
}

impl Payloads {
    /// A copy of `payload`, in memory that was used before if there is any.
    pub(crate) fn copy_of(&mut self, payload: &[u8]) -> Vec<u8> {
        let Some(mut copy) = self.spare.pop() else { return payload.to_vec() };
        copy.clear();
        copy.extend_from_slice(payload);
        copy
    }

    /// Takes back the memory of a payload, whatever is in it.
    pub(crate) fn recycle(&mut self, payload: Vec<u8>) {
        if self.spare.len() < SPARE_PAYLOADS && payload.capacity() <= LONGEST_SPARE {
            self.spare.push(payload);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_what_came_and_nothing_of_what_was_there_before() {
        let mut payloads = Payloads::default();
        payloads.recycle(b"something longer".to_vec());
        let memory = payloads.spare[0].as_ptr();
        let copy = payloads.copy_of(b"abc");
        assert_eq!((&copy[..], copy.as_ptr()), (&b"abc"[..], memory));
        assert_eq!(payloads.copy_of(b"new"), b"new");
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut payloads = Payloads::default();
        payloads.recycle(vec![0; LONGEST_SPARE + 1]);
        assert_eq!(payloads.spare.len(), 0);
        for _ in 0..=SPARE_PAYLOADS {
            payloads.recycle(vec![0; LONGEST_SPARE]);
        }
        assert_eq!(payloads.spare.len(), SPARE_PAYLOADS);
    }
}
