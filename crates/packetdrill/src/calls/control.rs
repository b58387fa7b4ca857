//! `fcntl` and `ioctl`.

use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::descriptors::Object;
use crate::world::World;

/// What an `ioctl` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// SIOCINQ, FIONREAD: how much can be read.
    Unread,
    /// SIOCOUTQ, TIOCOUTQ: how much was given and is not acknowledged.
    Unacknowledged,
    /// SIOCOUTQNSD: how much was given and is not sent.
    Unsent,
    /// SIOCATMARK: whether the urgent byte is next.
    AtMark,
    /// FIONBIO: whether calls wait, which is set by the argument.
    SetNonblocking(bool),
}

impl World {
    /// F_GETFL and F_SETFL, of which O_NONBLOCK counts; F_GETFD and F_SETFD, of which nothing
    /// does.
    ///
    /// # Errors
    /// EBADF; EINVAL for anything else.
    pub(crate) fn fcntl(
        &mut self,
        number: RawFd,
        command: i32,
        argument: i32,
    ) -> Result<i32, Errno> {
        let descriptor = self.descriptors.get_mut(number)?;
        match command {
            libc::F_GETFL if descriptor.is_nonblocking => Ok(libc::O_RDWR | libc::O_NONBLOCK),
            libc::F_GETFL => Ok(libc::O_RDWR),
            libc::F_SETFL => {
                descriptor.is_nonblocking = argument & libc::O_NONBLOCK != 0;
                Ok(0)
            }
            libc::F_GETFD | libc::F_SETFD => Ok(0),
            _ => Err(Errno::EINVAL),
        }
    }

    /// # Errors
    /// EBADF; ENOTTY for what makes no sense there; EINVAL for a queue of a listener.
    pub(crate) fn ioctl(&mut self, number: RawFd, control: Control) -> Result<i32, Errno> {
        let Self { net, descriptors, .. } = self;
        let descriptor = descriptors.get_mut(number)?;
        if let Control::SetNonblocking(is_nonblocking) = control {
            descriptor.is_nonblocking = is_nonblocking;
            return Ok(0);
        }
        let amount = match (&descriptor.object, control) {
            (Object::Tcp(socket), Control::Unread) => socket.unread(net)?,
            (Object::Tcp(socket), Control::Unacknowledged) => socket.unacknowledged(net, true)?,
            (Object::Tcp(socket), Control::Unsent) => socket.unacknowledged(net, false)?,
            (Object::Tcp(socket), Control::AtMark) => usize::from(socket.is_at_mark(net)),
            (Object::Udp(socket), Control::Unread) => socket.unread(net),
            // A datagram leaves as soon as it is given.
            (Object::Udp(_), Control::Unacknowledged) => 0,
            (&Object::Pipe(end), Control::Unread) => descriptors.pipes.unread(end),
            _ => return Err(Errno::ENOTTY),
        };
        Ok(i32::try_from(amount).unwrap_or(i32::MAX))
    }
}
