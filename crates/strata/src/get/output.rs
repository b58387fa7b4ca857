//! Where what was fetched goes: standard output, or a file that may have some of it already.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::PathBuf;

use event_loop::Descriptors;

use crate::failure::Failure;
use crate::standard::StandardOutput;

/// Where to begin, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    At(u64),
    /// Behind what the file has already.
    AtFilesEnd,
}

pub(super) struct Output {
    start: Option<Start>,
    place: Place,
}

enum Place {
    Standard(StandardOutput),
    File {
        path: PathBuf,
        /// Opened when the first byte is known to come, so that nothing is lost to an error page.
        file: Option<File>,
    },
}

impl Output {
    pub(super) fn new(
        path: Option<PathBuf>,
        start: Option<Start>,
        descriptors: &Descriptors,
    ) -> Result<Self, Failure> {
        let place = match path {
            Some(path) => Place::File { path, file: None },
            None => Place::Standard(StandardOutput::new(descriptors)?),
        };
        Ok(Self { start, place })
    }

    /// Whether what is fetched itself is what a person sees.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self.place, Place::Standard(_)) && io::stdout().is_terminal()
    }

    /// From which byte on it is wanted, if not from the first.
    pub(super) fn start(&self) -> Result<Option<u64>, Failure> {
        let start = match (self.start, &self.place) {
            (Some(Start::At(start)), _) => start,
            (Some(Start::AtFilesEnd), Place::File { path, .. }) => match path.metadata() {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
                Err(error) => return Err(failed(path, &error)),
            },
            (Some(Start::AtFilesEnd), Place::Standard(_)) | (None, _) => 0,
        };
        Ok((start != 0).then_some(start))
    }

    /// Whether what is there already can be overwritten.
    pub(super) const fn can_begin_anew(&self) -> bool {
        matches!(self.place, Place::File { .. })
    }

    /// The byte that comes next is number `from`, counted from 0. A file is cut off there; one
    /// that is shorter begins with zeros.
    pub(super) fn begin(&mut self, from: u64) -> Result<(), Failure> {
        let Place::File { path, file } = &mut self.place else { return Ok(()) };
        let open = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(false).open(&*path)?;
            file.set_len(from)?;
            file.seek(SeekFrom::Start(from))?;
            Ok(file)
        };
        *file = Some(open().map_err(|error| failed(path, &error))?);
        Ok(())
    }

    /// Writes what can be written without waiting.
    pub(super) fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match &mut self.place {
            Place::Standard(output) => output.write(data),
            Place::File { file: Some(file), .. } => file.write(data),
            Place::File { file: None, .. } => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn failed(path: &std::path::Path, error: &io::Error) -> Failure {
    Failure::new(format_args!("{}: {error}", path.display()))
}
