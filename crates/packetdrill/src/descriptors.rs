//! The file descriptors that packetdrill holds, and what is under each.
//!
//! Their numbers are real: each is an eventfd of this process, which nobody reads. packetdrill
//! calls the C library's `close` on what a script left open, so a number has to be one that can
//! be closed, and that nothing else in the process has.

use std::collections::BTreeMap;
use std::os::fd::{IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use tcp::SocketId;

use crate::calls::epoll::Epoll;
use crate::calls::pipe::{PipeEnd, Pipes};
use crate::tcp_socket::TcpSocket;
use crate::udp_socket::UdpSocket;
use crate::world::Net;

/// How many descriptors there can be at a time.
const MAX_DESCRIPTORS: usize = 1024;

/// All descriptors.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// At most [`MAX_DESCRIPTORS`].
    table: BTreeMap<RawFd, Descriptor>,
    pub(crate) pipes: Pipes,
}

/// One descriptor.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) object: Object,
    /// O_NONBLOCK.
    pub(crate) is_nonblocking: bool,
    /// SO_RCVTIMEO: how long a call waits for something to come.
    pub(crate) receive_timeout: Option<Duration>,
    /// SO_SNDTIMEO: how long a call waits for room, or for a connection.
    pub(crate) send_timeout: Option<Duration>,
    /// How often something has changed: what edge-triggered epoll waits for.
    pub(crate) changes: u64,
}

/// What is under a descriptor.
#[derive(Debug)]
pub(crate) enum Object {
    Tcp(Box<TcpSocket>),
    Udp(Box<UdpSocket>),
    Epoll(Epoll),
    Pipe(PipeEnd),
}

impl Object {
    /// The end of a pipe that it is, if it is one.
    pub(crate) const fn pipe_end(&self) -> Option<PipeEnd> {
        match self {
            Self::Pipe(end) => Some(*end),
            Self::Tcp(_) | Self::Udp(_) | Self::Epoll(_) => None,
        }
    }
}

impl Descriptors {
    /// Puts `object` under a new number.
    ///
    /// # Errors
    /// EMFILE beyond [`MAX_DESCRIPTORS`], and what `eventfd` fails with.
    pub(crate) fn insert(&mut self, object: Object) -> Result<RawFd, Errno> {
        if self.table.len() >= MAX_DESCRIPTORS {
            return Err(Errno::EMFILE);
        }
        let number = OwnedFd::from(EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?).into_raw_fd();
        let descriptor = Descriptor {
            object,
            is_nonblocking: false,
            receive_timeout: None,
            send_timeout: None,
            changes: 0,
        };
        // If the number is known already, the host has closed it behind our back.
        self.table.insert(number, descriptor);
        Ok(number)
    }

    /// Takes the number out of use.
    ///
    /// # Errors
    /// EBADF.
    pub(crate) fn remove(&mut self, number: RawFd) -> Result<Descriptor, Errno> {
        let descriptor = self.table.remove(&number).ok_or(Errno::EBADF)?;
        for other in self.table.values_mut() {
            if let Object::Epoll(epoll) = &mut other.object {
                epoll.forget(number);
            }
        }
        if let Object::Pipe(end) = descriptor.object {
            self.pipes.close(end);
        }
        // It is ours: it came from `insert`, and it is not in the table any more.
        let _ = nix::unistd::close(number);
        Ok(descriptor)
    }

    /// # Errors
    /// EBADF.
    pub(crate) fn get(&self, number: RawFd) -> Result<&Descriptor, Errno> {
        self.table.get(&number).ok_or(Errno::EBADF)
    }

    /// # Errors
    /// EBADF.
    pub(crate) fn get_mut(&mut self, number: RawFd) -> Result<&mut Descriptor, Errno> {
        self.table.get_mut(&number).ok_or(Errno::EBADF)
    }

    /// All TCP sockets but that under `number`.
    pub(crate) fn other_tcp_sockets(&self, number: RawFd) -> impl Iterator<Item = &TcpSocket> {
        self.table.iter().filter_map(move |(&other, descriptor)| match &descriptor.object {
            Object::Tcp(socket) if other != number => Some(&**socket),
            _ => None,
        })
    }

    /// Something changed at one of the stack's TCP sockets.
    pub(crate) fn hear_of_tcp(&mut self, id: SocketId) {
        for descriptor in self.table.values_mut() {
            if let Object::Tcp(socket) = &descriptor.object
                && socket.id() == Some(id)
            {
                descriptor.changes += 1;
            }
        }
    }

    /// Something changed at one of the stack's UDP sockets: a datagram came, or a report.
    pub(crate) fn hear_of_udp(&mut self, net: &mut Net, id: SocketId) {
        for descriptor in self.table.values_mut() {
            if let Object::Udp(socket) = &mut descriptor.object
                && socket.id() == id
            {
                socket.take_reports(net);
                descriptor.changes += 1;
            }
        }
    }
}

impl Descriptor {
    /// # Errors
    /// ENOTSOCK where it is none.
    pub(crate) fn as_tcp(&mut self) -> Result<Option<&mut TcpSocket>, Errno> {
        match &mut self.object {
            Object::Tcp(socket) => Ok(Some(socket)),
            Object::Udp(_) => Ok(None),
            Object::Epoll(_) | Object::Pipe(_) => Err(Errno::ENOTSOCK),
        }
    }
}
