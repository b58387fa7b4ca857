//! Chargen: characters without meaning, to see what becomes of them (RFC 864).
//!
//! Lines of 72 of the 95 printing ASCII characters; each line begins one character further on:
//!
//! ```text
//!   _!"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefg    (_ is a space)
//!   !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefgh
//!   "#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghi
//! ```

use std::borrow::Cow;
use std::time::SystemTime;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::DatagramService;

/// Characters in a line, the CR LF behind them not counted.
const LINE_LEN: u64 = 72;

/// How many printing characters ASCII has, from the space on.
const PRINTING: u64 = 95;

/// Answers each datagram with characters; how many is drawn at random for each.
#[derive(Clone, Debug)]
pub struct Chargen {
    lengths: Xoshiro256PlusPlus,
}

impl Chargen {
    /// Its well-known port.
    pub const PORT: u16 = 19;

    /// The longest answer, in bytes.
    pub const MAX_LEN: u64 = 512;

    /// A service whose answers are as long as `seed` decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { lengths: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// From 0 to [`Chargen::MAX_LEN`], each as likely as the others.
    fn draw_length(&mut self) -> u64 {
        let random = self.lengths.next_u64() >> 32;
        (random * (Self::MAX_LEN + 1)) >> 32
    }
}

impl DatagramService for Chargen {
    fn answer<'a>(&mut self, _request: &'a [u8], _time: SystemTime) -> Option<Cow<'a, [u8]>> {
        let length = self.draw_length();
        Some((0..length).map(character).collect())
    }
}

/// The character that stands at `position` in the endless text.
pub(crate) fn character(position: u64) -> u8 {
    let (line, column) = (position / (LINE_LEN + 2), position % (LINE_LEN + 2));
    match column.checked_sub(LINE_LEN) {
        Some(0) => b'\r',
        Some(_) => b'\n',
        // At most 94, so it fits.
        None => b' ' + u8::try_from((line + column) % PRINTING).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn text(length: u64) -> String {
        String::from_utf8((0..length).map(character).collect()).unwrap()
    }

    #[test]
    fn the_lines_are_those_of_the_rfc() {
        let text = text(97 * 74);
        let lines: Vec<_> = text.split_inclusive("\r\n").collect();
        assert!(lines.iter().all(|line| line.len() == 74));
        assert!(lines[0].starts_with(" !\"#$%&'()*+,-./0123456789:;<=>?@ABC"));
        assert!(lines[0].ends_with("XYZ[\\]^_`abcdefg\r\n"));
        assert!(lines[1].starts_with("!\"#$%&") && lines[1].ends_with("abcdefgh\r\n"));
        assert!(lines[24].ends_with("xyz{|}~ \r\n"), "behind the last comes the first");
        assert_eq!(lines[95], lines[0]);
    }

    #[test]
    fn answers_are_the_beginning_of_the_text_and_of_every_length_up_to_512() {
        let mut chargen = Chargen::new(1);
        let mut lengths = HashSet::new();
        for _ in 0..20_000 {
            let answer = chargen.answer(b"ignored", SystemTime::UNIX_EPOCH).unwrap();
            assert!(text(Chargen::MAX_LEN).as_bytes().starts_with(&answer));
            lengths.insert(answer.len());
        }
        assert_eq!(lengths.len(), 513);
    }

    #[test]
    fn the_seed_decides_the_lengths() {
        let lengths = |seed| {
            let mut chargen = Chargen::new(seed);
            std::array::from_fn::<u64, 8, _>(|_| chargen.draw_length())
        };
        assert_eq!(lengths(1), lengths(1));
        assert_ne!(lengths(1), lengths(2));
    }
}
