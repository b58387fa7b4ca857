//! SIGINT and SIGTERM as something to wait for, so that a run ends between two turns and never
//! in the middle of one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Holds SIGINT and SIGTERM back until an event loop takes them, so that one that comes before
/// it was made is not lost, and ends nothing half done.
///
/// # Errors
/// What the kernel says; it has no reason to refuse.
pub fn block_signals() -> io::Result<()> {
    Ok(signals().thread_block()?)
}

fn signals() -> SigSet {
    [Signal::SIGINT, Signal::SIGTERM].into_iter().collect()
}

/// The descriptor that becomes readable when one of the two came.
pub(crate) struct Signals {
    descriptor: SignalFd,
}

impl Signals {
    /// Takes both signals out of their usual way, for this thread and those it starts later.
    pub(crate) fn block() -> io::Result<Self> {
        block_signals()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        Ok(Self { descriptor: SignalFd::with_flags(&signals(), flags)? })
    }

    /// Whether one has come since the last call.
    pub(crate) fn arrived(&mut self) -> io::Result<bool> {
        Ok(self.descriptor.read_signal()?.is_some())
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
