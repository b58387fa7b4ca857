//! `poll`: what each of some descriptors is ready for.

use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::descriptors::Object;
use crate::world::World;

/// A descriptor with what is asked of it (`struct pollfd`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Negative ones are passed over.
    pub(crate) number: RawFd,
    /// POLL* bits.
    pub(crate) events: i32,
}

/// What is told whether it is asked for or not.
pub(super) const ALWAYS: i32 = libc::EPOLLERR | libc::EPOLLHUP;

impl World {
    /// The `revents` of each.
    ///
    /// # Errors
    /// EAGAIN if all are zero.
    pub(crate) fn poll(&mut self, asked: &[Asked]) -> Result<Vec<i32>, Errno> {
        let answers: Vec<i32> = asked
            .iter()
            .map(|&Asked { number, events }| match self.readiness(number) {
                _ if number < 0 => 0,
                Ok(ready) => ready & (events | ALWAYS),
                Err(_) => i32::from(libc::POLLNVAL),
            })
            .collect();
        match answers.iter().all(|&answer| answer == 0) {
            true => Err(Errno::EAGAIN),
            false => Ok(answers),
        }
    }

    /// What the descriptor is ready for. The bits are the same in `poll` and `epoll`.
    ///
    /// # Errors
    /// EBADF.
    pub(super) fn readiness(&mut self, number: RawFd) -> Result<i32, Errno> {
        let Self { net, descriptors, .. } = self;
        Ok(match &descriptors.get(number)?.object {
            Object::Tcp(socket) => socket.poll(net),
            Object::Udp(socket) => socket.poll(net),
            &Object::Pipe(end) => descriptors.pipes.poll(end),
            // One epoll does not watch another here.
            Object::Epoll(_) => 0,
        })
    }
}
