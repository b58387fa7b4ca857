//! The epoll of a loop, and what it has said of the descriptors of the outside.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollFlags};

use crate::readiness::Readiness;

/// The name of a [`Descriptor`](crate::Descriptor), which none before or after it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(u64);

impl Token {
    /// The first; epoll's names below it are those of devices.
    const FIRST: Self = Self(1 << 32);

    /// How epoll names the descriptor.
    pub(crate) const fn as_event(self) -> u64 {
        self.0
    }
}

/// What a loop and its descriptors share.
pub(crate) struct Registry {
    pub(crate) epoll: Epoll,
    next_token: Cell<Token>,
    known: RefCell<HashMap<Token, Rc<Cell<Readiness>>>>,
    /// Those at which something changed since the outside had its turn.
    ready: Cell<Vec<Token>>,
}

impl Registry {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            next_token: Cell::new(Token::FIRST),
            known: RefCell::default(),
            ready: Cell::default(),
        })
    }

    pub(crate) fn next_token(&self) -> Token {
        let token = self.next_token.get();
        self.next_token.set(Token(token.0 + 1));
        token
    }

    /// What will be known of the descriptor of that name.
    pub(crate) fn follow(&self, token: Token) -> Rc<Cell<Readiness>> {
        Rc::clone(self.known.borrow_mut().entry(token).or_default())
    }

    pub(crate) fn forget(&self, token: Token) {
        self.known.borrow_mut().remove(&token);
    }

    /// Takes what epoll says of the descriptor that it names so. One that was dropped meanwhile
    /// is nobody's any more.
    pub(crate) fn note(&self, name: u64, events: EpollFlags) {
        let token = Token(name);
        if let Some(readiness) = self.known.borrow().get(&token) {
            readiness.set(readiness.get().and(events));
            self.call_ready(token);
        }
    }

    pub(crate) fn call_ready(&self, token: Token) {
        let mut ready = self.ready.take();
        ready.push(token);
        self.ready.set(ready);
    }

    pub(crate) fn has_ready(&self) -> bool {
        let ready = self.ready.take();
        let has_ready = !ready.is_empty();
        self.ready.set(ready);
        has_ready
    }

    /// Those at which something changed; from now on, none.
    pub(crate) fn take_ready(&self) -> Vec<Token> {
        self.ready.take()
    }
}
