//! Connections that have not said yet to which test they belong.

use std::net::SocketAddr;
use std::time::Duration;

use packet::Instant;
use stack::Stack;
use tcp::{Error, SocketId};

use super::protocol::{COOKIE_LEN, Cookie, is_cookie};

/// How many there can be at a time.
pub const MAX_NEWCOMERS: usize = 256;

/// How long each has to say its cookie.
pub const GREETING_PATIENCE: Duration = Duration::from_secs(10);

/// Connections whose cookie is not there yet, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    waiting: Vec<Newcomer>,
}

#[derive(Debug)]
struct Newcomer {
    id: SocketId,
    from: SocketAddr,
    since: Instant,
    cookie: Cookie,
    /// How much of the cookie is there.
    length: usize,
}

/// What became of a newcomer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It said its cookie.
    Cookie(Cookie),
    /// It is no client of iperf3's.
    Garbage,
    /// It left before it said anything to speak of.
    Left,
}

impl Newcomers {
    /// Takes in a connection. If there are too many, the oldest is given back: it has to go.
    pub(super) fn add(&mut self, now: Instant, id: SocketId, from: SocketAddr) -> Option<SocketId> {
        let oldest =
            (self.waiting.len() >= MAX_NEWCOMERS).then(|| self.waiting.remove(0)).map(|it| it.id);
        let newcomer = Newcomer { id, from, since: now, cookie: [0; COOKIE_LEN], length: 0 };
        self.waiting.push(newcomer);
        oldest
    }

    /// Reads on at a connection. `None` if it is none of these, or has not said all yet.
    pub(super) fn read(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
    ) -> Option<(SocketAddr, Said)> {
        let index = self.waiting.iter().position(|newcomer| newcomer.id == id)?;
        let newcomer = self.waiting.get_mut(index)?;
        let said = newcomer.read(now, stack)?;
        Some((self.waiting.remove(index).from, said))
    }

    /// Takes out one that has said too little for too long.
    pub(super) fn take_silent(&mut self, now: Instant) -> Option<(SocketId, SocketAddr)> {
        let first = self.waiting.first()?;
        if now < first.since + GREETING_PATIENCE {
            return None;
        }
        let Newcomer { id, from, .. } = self.waiting.remove(0);
        Some((id, from))
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.waiting.first().map(|first| first.since + GREETING_PATIENCE)
    }
}

impl Newcomer {
    fn read(&mut self, now: Instant, stack: &mut Stack) -> Option<Said> {
        while let Some(rest) = self.cookie.get_mut(self.length..).filter(|it| !it.is_empty()) {
            match stack.tcp(now).receive(now, self.id, rest) {
                Ok(0) => return Some(Said::Left),
                Ok(count) => self.length += count,
                Err(Error::WouldBlock) => {
                    // One that will never be a cookie is known by its first bytes.
                    let has_begun = self.cookie.get(..self.length).unwrap_or_default();
                    let is_text = |it: &u8| it.is_ascii_lowercase() || it.is_ascii_digit();
                    return (!has_begun.iter().all(is_text)).then_some(Said::Garbage);
                }
                Err(_) => return Some(Said::Left),
            }
        }
        Some(if is_cookie(&self.cookie) { Said::Cookie(self.cookie) } else { Said::Garbage })
    }
}
