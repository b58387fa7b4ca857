//! `read`, `write` and their relatives.

use std::net::SocketAddr;
use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::calls::address::Given;
use crate::descriptors::Object;
use crate::scheduler::Chance;
use crate::world::World;

/// What a call received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// What goes into the caller's buffers.
    pub(crate) data: Vec<u8>,
    /// What the call returns, in bytes: with MSG_TRUNC that is not what there is in `data`.
    pub(crate) length: usize,
    /// Who sent it, or, of an error, whom it was for.
    pub(crate) source: Option<SocketAddr>,
    pub(crate) control: Vec<ControlMessage>,
    /// `msg_flags`.
    pub(crate) flags: i32,
}

impl Received {
    /// Bytes of which nothing else is known.
    pub(crate) fn of(data: Vec<u8>) -> Self {
        Self { length: data.len(), data, ..Self::default() }
    }
}

/// What is told beside the data (`struct cmsghdr`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ControlMessage {
    pub(crate) level: i32,
    pub(crate) kind: i32,
    pub(crate) data: Vec<u8>,
}

impl ControlMessage {
    pub(crate) fn number(level: i32, kind: i32, number: i32) -> Self {
        Self { level, kind, data: number.to_ne_bytes().to_vec() }
    }
}

/// What a call asks of what it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SendFlags {
    /// MSG_OOB.
    pub(crate) out_of_band: bool,
    /// MSG_MORE.
    pub(crate) more: bool,
}

/// Whether `flags` has `flag` set.
pub(crate) const fn has(flags: i32, flag: i32) -> bool {
    flags & flag != 0
}

impl World {
    /// Takes what has come, up to `length` bytes. `collected` is the call's own memory: with
    /// MSG_WAITALL it goes on until there is enough.
    ///
    /// # Errors
    /// EAGAIN, and what the socket says.
    pub(crate) fn receive(
        &mut self,
        number: RawFd,
        length: usize,
        flags: i32,
        collected: &mut Vec<u8>,
        chance: Chance,
    ) -> Result<Received, Errno> {
        let wanted = length.saturating_sub(collected.len());
        let mut received = match self.receive_once(number, wanted, flags) {
            Ok(received) => received,
            Err(_) if !collected.is_empty() && chance != Chance::OneOfMany => Received::default(),
            Err(errno) if errno != Errno::EAGAIN && !collected.is_empty() => Received::default(),
            Err(errno) => return Err(errno),
        };
        let is_over = received.data.is_empty();
        let collects = has(flags, libc::MSG_WAITALL)
            && !has(flags, libc::MSG_PEEK | libc::MSG_OOB | libc::MSG_TRUNC)
            && matches!(self.descriptors.get(number)?.object, Object::Tcp(_));
        if !collects {
            return Ok(received);
        }
        collected.append(&mut received.data);
        if collected.len() < length && !is_over && chance == Chance::OneOfMany {
            return Err(Errno::EAGAIN);
        }
        Ok(Received { flags: received.flags, ..Received::of(std::mem::take(collected)) })
    }

    fn receive_once(
        &mut self,
        number: RawFd,
        length: usize,
        flags: i32,
    ) -> Result<Received, Errno> {
        let Self { net, descriptors, .. } = self;
        let mut received = match &mut descriptors.get_mut(number)?.object {
            Object::Tcp(socket) => return socket.receive(net, length, flags),
            Object::Udp(socket) => socket.receive(net, length, flags)?,
            Object::Pipe(_) => return self.read_pipe(number, length).map(Received::of),
            Object::Epoll(_) => return Err(Errno::EINVAL),
        };
        let (_, socket) = self.udp_socket(number)?;
        received.source = received.source.map(|source| socket.family.show(source));
        Ok(received)
    }

    /// Gives `data` away. `sent` is the call's own memory: how much of it found room so far.
    ///
    /// # Errors
    /// EAGAIN while more is to be waited for, and what the socket says.
    pub(crate) fn send(
        &mut self,
        number: RawFd,
        data: &[u8],
        flags: i32,
        to: Option<Given>,
        sent: &mut usize,
        chance: Chance,
    ) -> Result<usize, Errno> {
        if has(flags, libc::MSG_FASTOPEN) {
            return Err(Errno::EOPNOTSUPP);
        }
        let rest = data.get(*sent..).unwrap_or_default();
        let result = self.send_once(number, rest, flags, to);
        *sent += *result.as_ref().unwrap_or(&0);
        match result {
            Ok(_) if *sent < data.len() && chance == Chance::OneOfMany => Err(Errno::EAGAIN),
            Ok(_) => Ok(*sent),
            Err(Errno::EAGAIN) if chance == Chance::OneOfMany => Err(Errno::EAGAIN),
            // What found room is on its way.
            Err(_) if *sent > 0 => Ok(*sent),
            Err(errno) => Err(errno),
        }
    }

    fn send_once(
        &mut self,
        number: RawFd,
        data: &[u8],
        flags: i32,
        to: Option<Given>,
    ) -> Result<usize, Errno> {
        let out_of_band = has(flags, libc::MSG_OOB);
        let flags = SendFlags { out_of_band, more: has(flags, libc::MSG_MORE) };
        let Self { net, descriptors, .. } = self;
        match &mut descriptors.get_mut(number)?.object {
            Object::Tcp(socket) => socket.send(net, data, flags),
            Object::Udp(_) if out_of_band => Err(Errno::EOPNOTSUPP),
            Object::Udp(socket) => socket.send(net, data, to.map(Given::v4).transpose()?),
            Object::Pipe(_) => self.write_pipe(number, data),
            Object::Epoll(_) => Err(Errno::EINVAL),
        }
    }
}
