//! What epoll has said of a descriptor, for as long as it holds.

use nix::sys::epoll::EpollFlags;

/// What a descriptor can do as far as is known. epoll tells when it begins, and not again; a read
/// or write that would block tells that it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) hung_up: bool,
}

impl Readiness {
    /// What is always ready.
    pub(crate) const ALWAYS: Self = Self { readable: true, writable: true, hung_up: false };

    /// What is known after epoll said `events`. A hang-up or an error is found out by reading and
    /// by writing.
    pub(crate) fn and(self, events: EpollFlags) -> Self {
        let ended = EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP;
        let reasons_to_read = EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | ended;
        Self {
            readable: self.readable || events.intersects(reasons_to_read),
            writable: self.writable || events.intersects(EpollFlags::EPOLLOUT | ended),
            hung_up: self.hung_up || events.intersects(ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_holds_and_an_end_is_a_reason_to_look() {
        let first = Readiness::default().and(EpollFlags::EPOLLIN);
        assert_eq!(first, Readiness { readable: true, ..Readiness::default() });
        let second = first.and(EpollFlags::EPOLLOUT);
        assert_eq!(second, Readiness::ALWAYS);
        for end in [EpollFlags::EPOLLERR, EpollFlags::EPOLLHUP] {
            let ended = Readiness { hung_up: true, ..Readiness::ALWAYS };
            assert_eq!(Readiness::default().and(end), ended);
        }
    }
}
