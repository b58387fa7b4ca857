//! `pipe` and `splice`: bytes from a socket into a pipe, and from a pipe into a socket.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::calls::transfer::SendFlags;
use crate::descriptors::Object;
use crate::world::World;

/// How much a pipe holds, in bytes: as on Linux.
const CAPACITY: usize = 64 << 10;

/// One end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipeEnd {
    Reading(PipeId),
    Writing(PipeId),
}

/// Which pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PipeId(u64);

/// All pipes.
#[derive(Debug, Default)]
pub(crate) struct Pipes {
    table: BTreeMap<PipeId, Pipe>,
    next: u64,
}

/// What is between two ends.
#[derive(Debug)]
struct Pipe {
    /// At most [`CAPACITY`] bytes.
    bytes: VecDeque<u8>,
    has_reader: bool,
    has_writer: bool,
}

impl Pipes {
    /// A pipe more.
    fn open(&mut self) -> PipeId {
        let id = PipeId(self.next);
        self.next += 1;
        self.table.insert(id, Pipe { bytes: VecDeque::new(), has_reader: true, has_writer: true });
        id
    }

    /// One end was closed.
    pub(crate) fn close(&mut self, end: PipeEnd) {
        let (PipeEnd::Reading(id) | PipeEnd::Writing(id)) = end;
        let Some(pipe) = self.table.get_mut(&id) else { return };
        match end {
            PipeEnd::Reading(_) => pipe.has_reader = false,
            PipeEnd::Writing(_) => pipe.has_writer = false,
        }
        if !pipe.has_reader && !pipe.has_writer {
            self.table.remove(&id);
        }
    }

    /// How much can be read.
    pub(crate) fn unread(&self, end: PipeEnd) -> usize {
        let (PipeEnd::Reading(id) | PipeEnd::Writing(id)) = end;
        self.table.get(&id).map_or(0, |pipe| pipe.bytes.len())
    }

    /// What `poll` says of one end.
    pub(crate) fn poll(&self, end: PipeEnd) -> i32 {
        let (PipeEnd::Reading(id) | PipeEnd::Writing(id)) = end;
        let Some(pipe) = self.table.get(&id) else { return libc::EPOLLERR };
        let mut bits = 0;
        let mut set = |bit, is_set| bits |= if is_set { bit } else { 0 };
        match end {
            PipeEnd::Reading(_) => {
                set(libc::EPOLLIN | libc::EPOLLRDNORM, !pipe.bytes.is_empty());
                set(libc::EPOLLHUP, !pipe.has_writer);
            }
            PipeEnd::Writing(_) => {
                set(libc::EPOLLOUT | libc::EPOLLWRNORM, pipe.bytes.len() < CAPACITY);
                set(libc::EPOLLERR, !pipe.has_reader);
            }
        }
        bits
    }

    /// # Errors
    /// EAGAIN if there is nothing, EBADF at the wrong end.
    fn read(&mut self, end: PipeEnd, length: usize) -> Result<Vec<u8>, Errno> {
        let shown = self.peek(end, length)?;
        if let PipeEnd::Reading(id) = end
            && let Some(pipe) = self.table.get_mut(&id)
        {
            pipe.bytes.drain(..shown.len());
        }
        Ok(shown)
    }

    /// As [`Pipes::read`], but what is shown stays.
    ///
    /// # Errors
    /// As there.
    fn peek(&self, end: PipeEnd, length: usize) -> Result<Vec<u8>, Errno> {
        let PipeEnd::Reading(id) = end else { return Err(Errno::EBADF) };
        let pipe = self.table.get(&id).ok_or(Errno::EBADF)?;
        if pipe.bytes.is_empty() && pipe.has_writer && length > 0 {
            return Err(Errno::EAGAIN);
        }
        Ok(pipe.bytes.iter().take(length).copied().collect())
    }

    /// # Errors
    /// EAGAIN if there is no room, EPIPE if nobody reads, EBADF at the wrong end.
    fn write(&mut self, end: PipeEnd, data: &[u8]) -> Result<usize, Errno> {
        let room = self.room(end)?;
        let PipeEnd::Writing(id) = end else { return Err(Errno::EBADF) };
        let pipe = self.table.get_mut(&id).ok_or(Errno::EBADF)?;
        if room == 0 && !data.is_empty() {
            return Err(Errno::EAGAIN);
        }
        pipe.bytes.extend(data.iter().take(room));
        Ok(data.len().min(room))
    }

    /// # Errors
    /// EPIPE if nobody reads, EBADF at the wrong end.
    fn room(&self, end: PipeEnd) -> Result<usize, Errno> {
        let PipeEnd::Writing(id) = end else { return Err(Errno::EBADF) };
        let pipe = self.table.get(&id).ok_or(Errno::EBADF)?;
        if !pipe.has_reader {
            return Err(Errno::EPIPE);
        }
        Ok(CAPACITY.saturating_sub(pipe.bytes.len()))
    }
}

impl World {
    /// The two ends of a new pipe: where to read, and where to write.
    ///
    /// # Errors
    /// EMFILE.
    pub(crate) fn pipe(&mut self) -> Result<[RawFd; 2], Errno> {
        let id = self.descriptors.pipes.open();
        let reading = self.descriptors.insert(Object::Pipe(PipeEnd::Reading(id)))?;
        let writing = self.descriptors.insert(Object::Pipe(PipeEnd::Writing(id)))?;
        Ok([reading, writing])
    }

    /// Moves up to `length` bytes. One of the two has to be a pipe, the other a TCP socket.
    ///
    /// # Errors
    /// EINVAL for any other two; EAGAIN if nothing is there, or no room.
    pub(crate) fn splice(
        &mut self,
        from: RawFd,
        to: RawFd,
        length: usize,
        flags: SendFlags,
    ) -> Result<usize, Errno> {
        let Self { net, descriptors, .. } = self;
        let source = descriptors.get(from)?.object.pipe_end();
        let sink = descriptors.get(to)?.object.pipe_end();
        match (source, sink) {
            (None, Some(sink)) => {
                let length = length.min(descriptors.pipes.room(sink)?);
                let socket = descriptors.get_mut(from)?.as_tcp()?.ok_or(Errno::EINVAL)?;
                if length == 0 {
                    return Err(Errno::EAGAIN);
                }
                let received = socket.receive(net, length, 0)?;
                descriptors.pipes.write(sink, &received.data)
            }
            (Some(source), None) => {
                let waiting = descriptors.pipes.peek(source, length)?;
                let socket = descriptors.get_mut(to)?.as_tcp()?.ok_or(Errno::EINVAL)?;
                let sent = socket.send(net, &waiting, flags)?;
                descriptors.pipes.read(source, sent).map(|taken| taken.len())
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// # Errors
    /// As of [`Pipes::read`].
    pub(super) fn read_pipe(&mut self, number: RawFd, length: usize) -> Result<Vec<u8>, Errno> {
        let end = self.descriptors.get(number)?.object.pipe_end().ok_or(Errno::EBADF)?;
        self.descriptors.pipes.read(end, length)
    }

    /// # Errors
    /// As of [`Pipes::write`].
    pub(super) fn write_pipe(&mut self, number: RawFd, data: &[u8]) -> Result<usize, Errno> {
        let end = self.descriptors.get(number)?.object.pipe_end().ok_or(Errno::EBADF)?;
        self.descriptors.pipes.write(end, data)
    }
}
