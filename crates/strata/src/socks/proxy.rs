//! All the programs that use the proxy, and the sockets of the kernel that they come by.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use apps::socks::Reply;
use event_loop::{Descriptor, Descriptors, Outside, Token};
use packet::Instant;
use stack::Stack;

use super::client::{Client, Progress};
use super::names::{Names, Ticket};
use crate::failure::Failure;
use crate::listening::cannot_listen;
use crate::say::say;
use crate::summary::Counted;

/// How many programs can be served at a time.
const MAX_CLIENTS: usize = 256;

/// How many are taken in in one turn.
const ACCEPTS_PER_TURN: usize = 16;

/// The proxy.
pub(super) struct Proxy {
    descriptors: Descriptors,
    listener: Descriptor<TcpListener>,
    names: Names,
    clients: BTreeMap<Ticket, Client>,
    next_ticket: Ticket,
    has_more: bool,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    accepted: u64,
    connected: u64,
    declined: u64,
    strangers: u64,
    too_many: u64,
}

impl Proxy {
    pub(super) fn listen(at: SocketAddr, descriptors: Descriptors) -> Result<Self, Failure> {
        let listener = TcpListener::bind(at)
            .and_then(|listener| {
                listener.set_nonblocking(true)?;
                descriptors.watch(listener)
            })
            .map_err(|error| cannot_listen(at, &error))?;
        Ok(Self {
            listener,
            names: Names::start(&descriptors).map_err(Failure::new)?,
            descriptors,
            clients: BTreeMap::new(),
            next_ticket: 0,
            has_more: false,
            counters: Counters::default(),
        })
    }

    /// What was counted.
    pub(super) fn counted(&self) -> impl Iterator<Item = Counted> {
        let Counters { accepted, connected, declined, strangers, too_many } = self.counters;
        [
            ("socks_accepted", accepted, "programs that came to the proxy"),
            ("socks_connected", connected, "programs that were connected"),
            ("socks_declined", declined, "requests that were declined"),
            ("socks_strangers", strangers, "dropped: did not speak SOCKS5"),
            ("socks_too_many", too_many, "dropped: there are as many as there may be"),
        ]
        .into_iter()
        .map(|(name, value, meaning)| (name.to_owned(), value, meaning))
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Ok((stream, from)) = self.listener.read_by(|it| it.accept()) else { return };
            self.counters.accepted += 1;
            if self.clients.len() >= MAX_CLIENTS {
                self.counters.too_many += 1;
                say(format_args!("{from}: refused, there are {MAX_CLIENTS} already"));
            } else if let Ok(stream) = self.watched(stream) {
                self.clients.insert(self.next_ticket, Client::new(now, stream, from));
                self.next_ticket += 1;
            }
        }
        self.has_more = true;
    }

    fn watched(&self, stream: TcpStream) -> io::Result<Descriptor<TcpStream>> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        self.descriptors.watch(stream)
    }

    /// Hands the addresses that were found to those who asked for them.
    fn take_answers(&mut self, now: Instant, stack: &mut Stack) {
        while let Some(answer) = self.names.next_answer() {
            // Who asked may be gone.
            if let Some(client) = self.clients.get_mut(&answer.ticket) {
                let progress = client.found(now, stack, answer.address);
                self.note(now, stack, answer.ticket, progress);
            }
        }
    }

    /// What follows of a step. Whether the client has another one at once.
    fn note(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        ticket: Ticket,
        progress: Progress,
    ) -> bool {
        let Some(client) = self.clients.get_mut(&ticket) else { return false };
        match progress {
            Progress::Waits => return false,
            Progress::HasMore => self.has_more = true,
            Progress::LookUp(name, port) => {
                if !self.names.ask(ticket, name, port) {
                    let progress = client.found(now, stack, None);
                    return self.note(now, stack, ticket, progress);
                }
            }
            Progress::Connected => {
                self.counters.connected += 1;
                return true;
            }
            Progress::Declined(Reply::CommandNotSupported) => {
                self.counters.declined += 1;
                say(format_args!("{}: declined, only CONNECT is offered", client.from));
                return true;
            }
            Progress::Declined(_) => {
                self.counters.declined += 1;
                return true;
            }
            Progress::Stranger(stranger) => {
                self.counters.strangers += 1;
                say(format_args!("{}: dropped, {stranger}", client.from));
                return true;
            }
            Progress::Over => drop(self.clients.remove(&ticket)),
        }
        false
    }
}

impl Outside<Stack> for Proxy {
    /// Looks at every client, since there are few: one that has nothing to do costs next to
    /// nothing.
    fn turn(&mut self, now: Instant, stack: &mut Stack, _ready: &[Token]) {
        self.has_more = false;
        while stack.tcp(now).poll_event().is_some() {}
        self.accept(now);
        self.take_answers(now, stack);
        let tickets: Vec<Ticket> = self.clients.keys().copied().collect();
        for ticket in tickets {
            while let Some(client) = self.clients.get_mut(&ticket) {
                let progress = client.step(now, stack);
                if !self.note(now, stack, ticket, progress) {
                    break;
                }
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.has_more {
            return Some(Instant::START);
        }
        self.clients.values().filter_map(Client::deadline).min()
    }
}
