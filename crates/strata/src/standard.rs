//! Standard input and output, waited for by the event loop.
//!
//! Both stay in blocking mode: that belongs to whoever shares the file, such as the shell that
//! started us and would find its terminal non-blocking. So each read and each write asks first,
//! by poll, whether it would block.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use apps::NearEnd;
use event_loop::{Descriptor, Descriptors};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::failure::Failure;

/// Where poll promises room to a writer of a pipe, there is room for so many bytes (PIPE_BUF).
const SURE_TO_FIT: usize = 4096;

/// Standard input and output.
pub(crate) struct StandardStreams {
    input: Descriptor<File>,
    output: StandardOutput,
}

/// Standard output alone.
pub(crate) struct StandardOutput {
    output: Descriptor<File>,
    /// How much may be written at a time: all, to a file.
    most: usize,
}

impl StandardStreams {
    pub(crate) fn new(descriptors: &Descriptors) -> Result<Self, Failure> {
        let input = watch(descriptors, io::stdin().as_fd(), "input")?;
        Ok(Self { input, output: StandardOutput::new(descriptors)? })
    }
}

impl StandardOutput {
    pub(crate) fn new(descriptors: &Descriptors) -> Result<Self, Failure> {
        let output = watch(descriptors, io::stdout().as_fd(), "output")?;
        let is_file = output.inner().metadata().is_ok_and(|metadata| metadata.is_file());
        let most = if is_file { usize::MAX } else { SURE_TO_FIT };
        Ok(Self { output, most })
    }

    /// Writes what fits without waiting.
    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let data = data.get(..self.most).unwrap_or(data);
        self.output.write_by(|output| {
            ask(output, PollFlags::POLLOUT)?;
            output.write(data)
        })
    }
}

fn watch(
    descriptors: &Descriptors,
    descriptor: BorrowedFd<'_>,
    name: &str,
) -> Result<Descriptor<File>, Failure> {
    let watched = descriptor.try_clone_to_owned().and_then(|own| descriptors.watch(own.into()));
    watched.map_err(|error| Failure::new(format_args!("standard {name}: {error}")))
}

impl NearEnd for StandardStreams {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.input.read_by(|input| {
            ask(input, PollFlags::POLLIN)?;
            input.read(into)
        })
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.output.write(data)
    }
}

/// An error unless the file is ready for that, or has failed, which using it will tell.
fn ask(file: &File, readiness: PollFlags) -> io::Result<()> {
    let mut file = [PollFd::new(file.as_fd(), readiness)];
    match poll(&mut file, PollTimeout::ZERO)? {
        0 => Err(ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}
