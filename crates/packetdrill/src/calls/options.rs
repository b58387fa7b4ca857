//! `getsockopt` and `setsockopt`: what all sockets have. The rest is the socket's own affair.

use std::os::fd::RawFd;
use std::time::Duration;

use nix::errno::Errno;

use crate::descriptors::{Descriptor, Object};
use crate::world::World;

/// The value of an option, as its bytes lie in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value(Vec<u8>);

impl Value {
    pub(crate) const fn bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn number(number: i32) -> Self {
        Self(number.to_ne_bytes().to_vec())
    }

    pub(crate) fn unsigned(number: u32) -> Self {
        Self::number(i32::try_from(number).unwrap_or(i32::MAX))
    }

    pub(crate) fn flag(is_set: bool) -> Self {
        Self::number(i32::from(is_set))
    }

    pub(crate) fn seconds(time: Duration) -> Self {
        Self::number(i32::try_from(time.as_secs()).unwrap_or(i32::MAX))
    }

    pub(crate) fn milliseconds(time: Duration) -> Self {
        Self::number(i32::try_from(time.as_millis()).unwrap_or(i32::MAX))
    }

    /// A buffer's size: Linux shows twice what was asked for, since it counts its own overhead.
    pub(crate) fn doubled(size: usize) -> Self {
        Self::number(i32::try_from(size.saturating_mul(2)).unwrap_or(i32::MAX))
    }

    /// `struct linger`.
    pub(crate) fn linger(linger: Option<Duration>) -> Self {
        let Self(mut bytes) = Self::flag(linger.is_some());
        bytes.extend(Self::seconds(linger.unwrap_or_default()).0);
        Self(bytes)
    }

    /// `struct timeval`, as a timeout is told: zero for none.
    fn timeout(timeout: Option<Duration>) -> Self {
        let timeout = timeout.unwrap_or_default();
        let seconds = i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX);
        let mut bytes = seconds.to_ne_bytes().to_vec();
        bytes.extend(i64::from(timeout.subsec_micros()).to_ne_bytes());
        Self(bytes)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The number that a program gives.
///
/// # Errors
/// EINVAL if there is not a whole one.
pub(crate) fn number(value: &[u8]) -> Result<i32, Errno> {
    value.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes)).ok_or(Errno::EINVAL)
}

/// # Errors
/// EINVAL if there is not a whole number.
pub(crate) fn flag(value: &[u8]) -> Result<bool, Errno> {
    Ok(number(value)? != 0)
}

/// # Errors
/// EINVAL if there is not a whole `struct timeval`; EDOM for one that is no time.
fn timeout(value: &[u8]) -> Result<Option<Duration>, Errno> {
    let (seconds, rest) = value.split_first_chunk().ok_or(Errno::EINVAL)?;
    let microseconds = rest.first_chunk().ok_or(Errno::EINVAL)?;
    let microseconds = u32::try_from(i64::from_ne_bytes(*microseconds)).map_err(|_| Errno::EDOM)?;
    let seconds = u64::try_from(i64::from_ne_bytes(*seconds)).unwrap_or(0);
    if microseconds >= 1_000_000 {
        return Err(Errno::EDOM);
    }
    let timeout = Duration::new(seconds, microseconds * 1000);
    Ok((!timeout.is_zero()).then_some(timeout))
}

impl World {
    /// # Errors
    /// ENOTSOCK, ENOPROTOOPT.
    pub(crate) fn option(&mut self, number: RawFd, level: i32, name: i32) -> Result<Value, Errno> {
        let Self { net, descriptors, .. } = self;
        let Descriptor { object, receive_timeout, send_timeout, .. } =
            descriptors.get_mut(number)?;
        match (object, level, name) {
            (Object::Epoll(_) | Object::Pipe(_), _, _) => Err(Errno::ENOTSOCK),
            (_, libc::SOL_SOCKET, libc::SO_RCVTIMEO) => Ok(Value::timeout(*receive_timeout)),
            (_, libc::SOL_SOCKET, libc::SO_SNDTIMEO) => Ok(Value::timeout(*send_timeout)),
            (Object::Tcp(socket), libc::SOL_SOCKET, libc::SO_DOMAIN) => {
                Ok(Value::number(socket.family.domain()))
            }
            (Object::Udp(socket), libc::SOL_SOCKET, libc::SO_DOMAIN) => {
                Ok(Value::number(socket.family.domain()))
            }
            (Object::Tcp(socket), level, name) => socket.option(net, level, name),
            (Object::Udp(socket), level, name) => socket.option(net, level, name),
        }
    }

    /// # Errors
    /// ENOTSOCK, ENOPROTOOPT, EINVAL.
    pub(crate) fn set_option(
        &mut self,
        number: RawFd,
        level: i32,
        name: i32,
        value: &[u8],
    ) -> Result<(), Errno> {
        let Self { net, descriptors, .. } = self;
        let Descriptor { object, receive_timeout, send_timeout, .. } =
            descriptors.get_mut(number)?;
        match (object, level, name) {
            (Object::Epoll(_) | Object::Pipe(_), _, _) => return Err(Errno::ENOTSOCK),
            (_, libc::SOL_SOCKET, libc::SO_RCVTIMEO) => *receive_timeout = timeout(value)?,
            (_, libc::SOL_SOCKET, libc::SO_SNDTIMEO) => *send_timeout = timeout(value)?,
            (Object::Tcp(socket), level, name) => socket.set_option(net, level, name, value)?,
            (Object::Udp(socket), level, name) => socket.set_option(net, level, name, value)?,
        }
        Ok(())
    }
}
