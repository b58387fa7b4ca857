//! A frame byte by byte, for what no description can say.

use crate::description::{Described, Differences, Expectable, Frame, Sendable};
use crate::scene::Scene;
use crate::words;

/// A frame of exactly these bytes.
#[derive(Clone, Debug)]
pub struct Raw {
    words: String,
    bytes: Vec<u8>,
}

/// A frame of exactly these bytes. `words` say what it is, with the article: `a frame of zeros`.
#[must_use]
pub fn raw(words: &str, bytes: &[u8]) -> Raw {
    Raw { words: words.to_owned(), bytes: bytes.to_vec() }
}

impl Described for Raw {
    fn in_words(&self) -> String {
        self.words.clone()
    }
}

impl Sendable for Raw {
    fn write(&self, _scene: &Scene) -> Result<Vec<u8>, String> {
        Ok(self.bytes.clone())
    }
}

impl Expectable for Raw {
    fn judge(&self, _scene: &Scene, frame: &Frame, differences: &mut Differences) {
        if let Some(sentence) = words::data_difference("content", &frame.bytes, &self.bytes) {
            differences.add(sentence);
        }
    }
}
