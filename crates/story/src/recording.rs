//! The frames of a story in a file that Wireshark opens. It is written when the story goes wrong.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use std::{env, fmt};

use narrate::Pcapng;
use trace::{Record, Subscriber};

/// A recording in memory.
pub(crate) struct Recording {
    pcapng: Pcapng<Memory>,
    written: Memory,
}

/// A writer whose clones share what was written.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Recording {
    pub(crate) fn new() -> Self {
        let written = Memory::default();
        Self { pcapng: Pcapng::new(written.clone(), Duration::ZERO), written }
    }

    pub(crate) fn record(&mut self, record: &Record<'_>) {
        self.pcapng.record(record);
    }

    /// Writes the file of the story with this title and says where it is.
    pub(crate) fn save(&mut self, title: &str) -> io::Result<PathBuf> {
        self.pcapng.flush();
        let directory = directory();
        fs::create_dir_all(&directory)?;
        let path = directory.join(file_name(title));
        fs::write(&path, self.written.0.borrow().as_slice())?;
        Ok(path)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({} bytes)", self.written.0.borrow().len())
    }
}

/// `stories` in cargo's target directory, where this test was built, or else in the directory for
/// temporary files.
fn directory() -> PathBuf {
    let test = env::current_exe().unwrap_or_default();
    let is_target = |directory: &&Path| directory.join("CACHEDIR.TAG").exists();
    test.ancestors()
        .find(is_target)
        .map_or_else(|| env::temp_dir().join("strata-stories"), |target| target.join("stories"))
}

/// `An echo request is answered` becomes `an-echo-request-is-answered.pcapng`.
fn file_name(title: &str) -> String {
    let words: Vec<_> = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    format!("{}.pcapng", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_a_file_name() {
        assert_eq!(
            file_name("Retransmit twice, at 1 s and 3 s, then give up"),
            "retransmit-twice-at-1-s-and-3-s-then-give-up.pcapng"
        );
    }
}
