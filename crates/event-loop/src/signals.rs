//! SIGINT and SIGTERM as something to wait for, so that a run ends between two turns and never
//! in the middle of one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The descriptor that becomes readable when one of the two came.
pub(crate) struct Signals {
    descriptor: SignalFd,
}

impl Signals {
    /// Takes both signals out of their usual way, for this thread and those it starts later.
    pub(crate) fn block() -> io::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        signals.thread_block()?;
        let descriptor =
            SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { descriptor })
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
