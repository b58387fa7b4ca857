//! The descriptors of an [`Outside`](crate::Outside): the loop waits for them, it reads and writes
//! them.
//!
//! ```text
//!    Descriptors::watch(socket) ──► Descriptor { socket, readiness }
//!                                          ▲           │ drop: epoll forgets it
//!       epoll: "readable", once ───────────┘           ▼
//!                                   read ... read ... WouldBlock: not readable any more
//! ```
//!
//! epoll tells each change once (edge-triggered), so nothing has to be armed again, and a
//! descriptor that nobody reads just now costs nothing.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::rc::Rc;

use nix::sys::epoll::{EpollEvent, EpollFlags};

use crate::readiness::Readiness;
use crate::registry::{Registry, Token};

/// Where descriptors are added to those that a loop waits for. A clone is the same place.
#[derive(Clone)]
pub struct Descriptors {
    registry: Rc<Registry>,
}

/// A descriptor that a loop waits for, until it is dropped, and what is known of it.
pub struct Descriptor<T: AsFd> {
    inner: T,
    token: Token,
    readiness: Rc<Cell<Readiness>>,
    /// `None` for one that never has to be waited for.
    registry: Option<Rc<Registry>>,
}

impl Descriptors {
    pub(crate) const fn new(registry: Rc<Registry>) -> Self {
        Self { registry }
    }

    /// Waits for `inner` from now on, to become readable and to become writable.
    ///
    /// It must not block: have it in non-blocking mode, or have each read and write ask first. A
    /// regular file, which epoll refuses because it never has to be waited for, is always ready.
    ///
    /// # Errors
    /// What the kernel says: there is no room for another.
    pub fn watch<T: AsFd>(&self, inner: T) -> io::Result<Descriptor<T>> {
        let token = self.registry.next_token();
        let flags = EpollFlags::EPOLLIN
            | EpollFlags::EPOLLOUT
            | EpollFlags::EPOLLRDHUP
            | EpollFlags::EPOLLET;
        match self.registry.epoll.add(&inner, EpollEvent::new(flags, token.as_event())) {
            Ok(()) => {
                let readiness = self.registry.follow(token);
                let registry = Some(Rc::clone(&self.registry));
                Ok(Descriptor { inner, token, readiness, registry })
            }
            Err(nix::Error::EPERM) => {
                self.registry.call_ready(token);
                let readiness = Rc::new(Cell::new(Readiness::ALWAYS));
                Ok(Descriptor { inner, token, readiness, registry: None })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl<T: AsFd> Descriptor<T> {
    /// Its name in [`Outside::turn`](crate::Outside::turn).
    pub const fn token(&self) -> Token {
        self.token
    }

    /// What is waited for.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    /// Whether reading may give something: data, an end, an error.
    pub fn is_readable(&self) -> bool {
        self.readiness.get().readable
    }

    /// Whether writing may do something, and be it fail.
    pub fn is_writable(&self) -> bool {
        self.readiness.get().writable
    }

    /// Whether the other side is gone: nobody reads any more what is written.
    pub fn is_hung_up(&self) -> bool {
        self.readiness.get().hung_up
    }

    /// Reads by `read`, such as `TcpListener::accept`, if it is readable as far as is known.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if it is not, or not any more; what `read` says.
    pub fn read_by<R>(&mut self, read: impl FnMut(&mut T) -> io::Result<R>) -> io::Result<R> {
        if !self.is_readable() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let result = uninterrupted(&mut self.inner, read);
        self.learn(&result, |known| known.readable = false);
        result
    }

    /// Writes by `write`, such as `UdpSocket::send_to`, if it is writable as far as is known.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if it is not, or not any more; what `write` says.
    pub fn write_by<R>(&mut self, write: impl FnMut(&mut T) -> io::Result<R>) -> io::Result<R> {
        if !self.is_writable() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let result = uninterrupted(&mut self.inner, write);
        self.learn(&result, |known| known.writable = false);
        result
    }

    /// What would block is not ready any more.
    fn learn<R>(&self, result: &io::Result<R>, forget: impl FnOnce(&mut Readiness)) {
        if matches!(result, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            let mut known = self.readiness.get();
            forget(&mut known);
            self.readiness.set(known);
        }
    }
}

/// What a call says that no signal cut short. (One that was has done nothing.)
fn uninterrupted<T, R>(
    inner: &mut T,
    mut call: impl FnMut(&mut T) -> io::Result<R>,
) -> io::Result<R> {
    loop {
        match call(inner) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl<T: AsFd + Read> Read for Descriptor<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.read_by(|inner| inner.read(into))
    }
}

impl<T: AsFd + Write> Write for Descriptor<T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.write_by(|inner| inner.write(data))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: AsFd> Drop for Descriptor<T> {
    fn drop(&mut self) {
        if let Some(registry) = &self.registry {
            registry.forget(self.token);
            // Closing is not enough: another process may hold the same file open.
            let _ = registry.epoll.delete(&self.inner);
        }
    }
}
