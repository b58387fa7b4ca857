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
    output: Descriptor<File>,
    /// How much may be written at a time: all, to a file.
    most: usize,
}

impl StandardStreams {
    pub(crate) fn new(descriptors: &Descriptors) -> Result<Self, Failure> {
        let watch = |descriptor: BorrowedFd<'_>| {
            descriptors.watch(File::from(descriptor.try_clone_to_owned()?))
        };
        let failed = |error| Failure::new(format_args!("standard input and output: {error}"));
        let input = watch(io::stdin().as_fd()).map_err(failed)?;
        let output = watch(io::stdout().as_fd()).map_err(failed)?;
        let is_file = output.inner().metadata().is_ok_and(|metadata| metadata.is_file());
        let most = if is_file { usize::MAX } else { SURE_TO_FIT };
        Ok(Self { input, output, most })
    }
}

impl NearEnd for StandardStreams {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.input.read_by(|input| {
            ask(input, PollFlags::POLLIN)?;
            input.read(into)
        })
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let data = data.get(..self.most).unwrap_or(data);
        self.output.write_by(|output| {
            ask(output, PollFlags::POLLOUT)?;
            output.write(data)
        })
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
