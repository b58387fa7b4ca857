//! A writer that remembers the first error and takes nothing more after it.

use std::io::{self, Write};

/// Writes each piece whole, until one fails.
#[derive(Debug)]
pub(crate) struct Output<W> {
    writer: W,
    error: Option<io::Error>,
}

impl<W: Write> Output<W> {
    pub(crate) const fn new(writer: W) -> Self {
        Self { writer, error: None }
    }

    /// Writes `piece` in one go, so that whoever ends the program ends it between two pieces.
    pub(crate) fn write(&mut self, piece: &[u8]) {
        if self.error.is_none() {
            self.error = self.writer.write_all(piece).err();
        }
    }

    pub(crate) fn flush(&mut self) {
        if self.error.is_none() {
            self.error = self.writer.flush().err();
        }
    }

    pub(crate) const fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Keeps an error that did not come from the writer.
    pub(crate) fn fail(&mut self, error: io::Error) {
        self.error.get_or_insert(error);
    }

    #[cfg(test)]
    pub(crate) const fn writer(&self) -> &W {
        &self.writer
    }
}

/// A writer on which there is room for so many bytes.
#[cfg(test)]
pub(crate) struct FullAfter(pub(crate) usize);

#[cfg(test)]
impl Write for FullAfter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
