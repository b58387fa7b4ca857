//! `epoll`: as `poll`, but the descriptors are named once; and it can tell of changes alone
//! (EPOLLET), or of the first alone (EPOLLONESHOT).

use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::calls::poll::ALWAYS;
use crate::descriptors::Object;
use crate::world::World;

/// How many descriptors one epoll watches at most.
const MAX_INTERESTS: usize = 1024;

/// Bits that say how to tell, and not of what.
const HOW: i32 = libc::EPOLLET | libc::EPOLLONESHOT | libc::EPOLLWAKEUP | libc::EPOLLEXCLUSIVE;

/// The descriptors that are watched, at most [`MAX_INTERESTS`].
#[derive(Debug, Default)]
pub(crate) struct Epoll {
    interests: Vec<Interest>,
}

/// One that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interest {
    number: RawFd,
    event: EpollEvent,
    /// The count of its changes when it was last told of; `None` if it was not since it was set.
    told: Option<u64>,
    /// EPOLLONESHOT: whether it has been told of, and was not set since.
    is_spent: bool,
}

/// `struct epoll_event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpollEvent {
    /// EPOLL* bits.
    pub(crate) events: i32,
    /// What the program wants to be told with it.
    pub(crate) data: u64,
}

impl Epoll {
    /// The descriptor was closed.
    pub(crate) fn forget(&mut self, number: RawFd) {
        self.interests.retain(|interest| interest.number != number);
    }

    /// # Errors
    /// EEXIST, ENOENT, EINVAL, ENOSPC.
    fn set(
        &mut self,
        operation: i32,
        number: RawFd,
        event: Option<EpollEvent>,
    ) -> Result<(), Errno> {
        let index = self.interests.iter().position(|interest| interest.number == number);
        if operation == libc::EPOLL_CTL_DEL {
            self.interests.remove(index.ok_or(Errno::ENOENT)?);
            return Ok(());
        }
        let event = event.ok_or(Errno::EFAULT)?;
        let fresh = Interest { number, event, told: None, is_spent: false };
        let has_room = self.interests.len() < MAX_INTERESTS;
        let interest = index.and_then(|index| self.interests.get_mut(index));
        match (operation, interest) {
            (libc::EPOLL_CTL_ADD, Some(_)) => return Err(Errno::EEXIST),
            (libc::EPOLL_CTL_ADD, None) if has_room => self.interests.push(fresh),
            (libc::EPOLL_CTL_ADD, None) => return Err(Errno::ENOSPC),
            (libc::EPOLL_CTL_MOD, Some(interest)) => *interest = fresh,
            (libc::EPOLL_CTL_MOD, None) => return Err(Errno::ENOENT),
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }
}

impl World {
    /// # Errors
    /// EINVAL for a size that is none, EMFILE.
    pub(crate) fn epoll_create(&mut self, size: i32) -> Result<RawFd, Errno> {
        if size <= 0 {
            return Err(Errno::EINVAL);
        }
        self.descriptors.insert(Object::Epoll(Epoll::default()))
    }

    /// # Errors
    /// EBADF, EEXIST, ENOENT, EINVAL.
    pub(crate) fn epoll_ctl(
        &mut self,
        epoll: RawFd,
        operation: i32,
        number: RawFd,
        event: Option<EpollEvent>,
    ) -> Result<(), Errno> {
        if matches!(self.descriptors.get(number)?.object, Object::Epoll(_)) {
            return Err(Errno::EINVAL);
        }
        self.epoll(epoll)?.set(operation, number, event)
    }

    /// What is to be told, of `limit` descriptors at most.
    ///
    /// # Errors
    /// EAGAIN if there is nothing; EBADF, EINVAL.
    pub(crate) fn epoll_wait(
        &mut self,
        epoll: RawFd,
        limit: usize,
    ) -> Result<Vec<EpollEvent>, Errno> {
        let mut told = Vec::new();
        let mut interests = self.epoll(epoll)?.interests.clone();
        for interest in interests.iter_mut().filter(|interest| !interest.is_spent) {
            if told.len() == limit {
                break;
            }
            let EpollEvent { events, data } = interest.event;
            let changes = self.descriptors.get(interest.number)?.changes;
            let ready = self.readiness(interest.number)? & ((events & !HOW) | ALWAYS);
            let is_old = events & libc::EPOLLET != 0 && interest.told == Some(changes);
            if ready == 0 || is_old {
                continue;
            }
            told.push(EpollEvent { events: ready, data });
            interest.told = Some(changes);
            interest.is_spent = events & libc::EPOLLONESHOT != 0;
        }
        self.epoll(epoll)?.interests = interests;
        if told.is_empty() { Err(Errno::EAGAIN) } else { Ok(told) }
    }

    fn epoll(&mut self, number: RawFd) -> Result<&mut Epoll, Errno> {
        match &mut self.descriptors.get_mut(number)?.object {
            Object::Epoll(epoll) => Ok(epoll),
            _ => Err(Errno::EINVAL),
        }
    }
}
