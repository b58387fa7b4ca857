//! Where the sequence numbers of a story start.

/// The numbers of both sides' first SYN, as on the wire. Steps count from there, so no story says
/// otherwise than any other what it is about; but in half of them the numbers wrap soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstNumbers {
    /// The peer's. Its timestamps start there as well.
    pub peer: u32,
    /// Ours; `None` to have our stack choose them as it does outside of stories (RFC 6528).
    pub ours: Option<u32>,
}

impl FirstNumbers {
    /// Those of the story with this title: always the same, and for each side in about half of all
    /// titles at most 100 KB before the wrap.
    #[must_use]
    pub fn of(title: &str) -> Self {
        let peer = place(hash(title.as_bytes().iter().chain(b", the peer")));
        let ours = place(hash(title.as_bytes().iter().chain(b", and us")));
        Self { peer, ours: Some(ours) }
    }
}

/// The lowest bit decides whether it is close to the wrap, and the next two how close.
fn place(bits: u64) -> u32 {
    let [a, b, c, d, ..] = (bits >> 3).to_be_bytes();
    let anywhere = u32::from_be_bytes([a, b, c, d]);
    let within = match (bits & 1, bits >> 1 & 0b11) {
        (0, _) => return anywhere,
        (_, 0) => 4,
        (_, 1) => 100,
        (_, 2) => 3_000,
        _ => 100_000,
    };
    (anywhere % within).wrapping_neg()
}

/// FNV-1a, stirred so that each bit depends on all bytes.
fn hash<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (sum ^ sum >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_all_titles_begin_within_100_kb_of_the_wrap() {
        let titles = (0..1000).map(|number| format!("The {number}th story"));
        let (mut peers, mut ours, mut both) = (0, 0, 0);
        for FirstNumbers { peer, ours: our } in titles.map(|title| FirstNumbers::of(&title)) {
            let is_close = |number: u32| number.wrapping_neg() <= 100_000;
            let (peer, our) = (is_close(peer), is_close(our.unwrap()));
            peers += u32::from(peer);
            ours += u32::from(our);
            both += u32::from(peer && our);
        }
        assert!((450..550).contains(&peers), "{peers}");
        assert!((450..550).contains(&ours), "{ours}");
        assert!((200..300).contains(&both), "{both}");
    }

    #[test]
    fn a_title_always_begins_the_same() {
        assert_eq!(FirstNumbers::of("A story"), FirstNumbers::of("A story"));
        assert_ne!(FirstNumbers::of("A story"), FirstNumbers::of("Another story"));
    }
}
