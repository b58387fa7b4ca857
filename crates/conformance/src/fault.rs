//! What is wrong with a table, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong with one line of a file. Printed as `file:line: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    file: PathBuf,
    /// From 1. 0 if it is the file as a whole.
    line: usize,
    what: String,
}

impl Fault {
    /// Something is wrong with that line of `file`, counted from 1.
    pub(crate) fn new(file: &Path, line: usize, what: impl fmt::Display) -> Self {
        Self { file: file.to_path_buf(), line, what: what.to_string() }
    }

    /// Something is wrong with `file` as a whole.
    pub(crate) fn of_file(file: &Path, what: impl fmt::Display) -> Self {
        Self::new(file, 0, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.what),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.what),
        }
    }
}
