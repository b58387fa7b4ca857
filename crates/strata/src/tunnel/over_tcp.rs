//! The kernel's TCP sockets under a tunnel.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use event_loop::{Descriptor, Descriptors, Outside, Token};
use nix::errno::Errno;
use nix::sys::socket::sockopt::TcpUserTimeout;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, connect, setsockopt, socket,
};
use packet::Instant;
use tunnel::{BackOff, PeerId, Role, StreamTunnel};

use super::Side;
use crate::failure::Failure;
use crate::listening::cannot_listen;
use crate::say::say;

/// How often a connection is read in one turn, so that none keeps the others waiting.
const READS_PER_TURN: usize = 4;

/// How many connections are taken in one turn.
const ACCEPTS_PER_TURN: usize = 16;

/// How long the kernel tries to reach an end that acknowledges nothing, in milliseconds.
const GIVE_UP: u32 = 20_000;

/// How long a connection has to last for the next try to come soon after it.
const LASTING: Duration = Duration::from_secs(10);

/// The sockets, each with its place in the tunnel.
pub(super) struct OverTcp {
    descriptors: Descriptors,
    opening: Opening,
    connections: BTreeMap<PeerId, Connection>,
    /// Whether a turn left something undone.
    has_more: bool,
}

struct Connection {
    stream: Descriptor<TcpStream>,
    since: Instant,
}

/// Where connections come from.
enum Opening {
    Listener(Descriptor<TcpListener>),
    Connector(Connector),
}

impl OverTcp {
    pub(super) fn open(side: Side, descriptors: Descriptors) -> Result<Self, Failure> {
        let opening = match side {
            Side::Listens(address) => Opening::Listener(listen(address, &descriptors)?),
            Side::Connects(server) => Opening::Connector(Connector::new(server)),
        };
        Ok(Self { descriptors, opening, connections: BTreeMap::new(), has_more: false })
    }

    /// The connections that have come, or the one that was asked for.
    fn new_connections(&mut self, now: Instant) -> Vec<(TcpStream, SocketAddr)> {
        match &mut self.opening {
            Opening::Listener(listener) => {
                let accepted = std::iter::from_fn(|| listener.read_by(|it| it.accept()).ok());
                let accepted: Vec<_> = accepted.take(ACCEPTS_PER_TURN).collect();
                self.has_more |= accepted.len() == ACCEPTS_PER_TURN;
                accepted
            }
            Opening::Connector(connector) => {
                let server = connector.server;
                let stream = connector.connection_at(now, &self.descriptors);
                stream.into_iter().map(|stream| (stream, server)).collect()
            }
        }
    }

    fn take_in(
        &mut self,
        now: Instant,
        tunnel: &mut StreamTunnel,
        stream: TcpStream,
        remote: SocketAddr,
    ) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        setsockopt(&stream, TcpUserTimeout, &GIVE_UP)?;
        let role = match self.opening {
            Opening::Listener(_) => Role::Listens,
            Opening::Connector(_) => Role::Connects,
        };
        let stream = self.descriptors.watch(stream)?;
        match tunnel.open(now, role, remote) {
            Some(id) => {
                self.connections.insert(id, Connection { stream, since: now });
                Ok(())
            }
            None => Err(ErrorKind::QuotaExceeded.into()),
        }
    }

    /// A connection is over; who asked for it asks again.
    fn close(&mut self, now: Instant, tunnel: &mut StreamTunnel, id: PeerId) {
        tunnel.close(now, id);
        let Some(connection) = self.connections.remove(&id) else { return };
        if let Opening::Connector(connector) = &mut self.opening {
            connector.lost(now, now - connection.since >= LASTING);
        }
    }
}

impl Outside<StreamTunnel> for OverTcp {
    fn turn(&mut self, now: Instant, tunnel: &mut StreamTunnel, _ready: &[Token]) {
        self.has_more = false;
        for (stream, remote) in self.new_connections(now) {
            if self.take_in(now, tunnel, stream, remote).is_err()
                && let Opening::Connector(connector) = &mut self.opening
            {
                connector.lost(now, false);
            }
        }
        let mut ended = Vec::new();
        for (&id, connection) in &mut self.connections {
            match connection.exchange(now, tunnel, id) {
                Ok(has_more) => self.has_more |= has_more,
                Err(_) => ended.push(id),
            }
        }
        for id in ended {
            self.close(now, tunnel, id);
        }
        while let Some(news) = tunnel.next_news() {
            say(news);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let attempt = match &self.opening {
            Opening::Connector(Connector { attempt: Attempt::Due(due), .. }) => Some(*due),
            _ => None,
        };
        if self.has_more { Some(Instant::START) } else { attempt }
    }
}

impl Connection {
    /// Carries bytes both ways, as far as both sides want them. Whether more could have come. An
    /// error is the end.
    fn exchange(
        &mut self,
        now: Instant,
        tunnel: &mut StreamTunnel,
        id: PeerId,
    ) -> io::Result<bool> {
        let has_more = self.read(now, tunnel, id)?;
        self.write(now, tunnel, id)?;
        if tunnel.is_condemned(id) {
            Err(ErrorKind::ConnectionAborted.into())
        } else {
            Ok(has_more)
        }
    }

    fn read(&mut self, now: Instant, tunnel: &mut StreamTunnel, id: PeerId) -> io::Result<bool> {
        for _ in 0..READS_PER_TURN {
            let room = tunnel.room(id);
            if room.is_empty() {
                return Ok(false);
            }
            match self.stream.read(room) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => tunnel.came(now, id, count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn write(&mut self, now: Instant, tunnel: &mut StreamTunnel, id: PeerId) -> io::Result<()> {
        while !tunnel.to_send(id).is_empty() {
            match self.stream.write(tunnel.to_send(id)) {
                Ok(count) => tunnel.sent(now, id, count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn listen(
    address: SocketAddr,
    descriptors: &Descriptors,
) -> Result<Descriptor<TcpListener>, Failure> {
    let listener = TcpListener::bind(address);
    listener
        .and_then(|listener| {
            listener.set_nonblocking(true)?;
            descriptors.watch(listener)
        })
        .map_err(|error| cannot_listen(address, &error))
}

/// Asks for a connection for as long as there is none.
struct Connector {
    server: SocketAddr,
    attempt: Attempt,
    back_off: BackOff,
    /// What went wrong the last time, so that it is said once.
    said: Option<ErrorKind>,
}

enum Attempt {
    /// The next one is due then.
    Due(Instant),
    UnderWay(Descriptor<TcpStream>),
    Succeeded,
}

impl Connector {
    const fn new(server: SocketAddr) -> Self {
        let attempt = Attempt::Due(Instant::START);
        Self { server, attempt, back_off: BackOff::new(), said: None }
    }

    /// Goes on with it; the connection, once it is made.
    fn connection_at(&mut self, now: Instant, descriptors: &Descriptors) -> Option<TcpStream> {
        if matches!(self.attempt, Attempt::Due(due) if due <= now) {
            match begin_connection(self.server).and_then(|stream| descriptors.watch(stream)) {
                Ok(stream) => self.attempt = Attempt::UnderWay(stream),
                Err(error) => self.failed(now, &error),
            }
        }
        let Attempt::UnderWay(stream) = &mut self.attempt else { return None };
        if !stream.is_writable() && !stream.is_hung_up() {
            return None;
        }
        let made = match stream.inner().take_error() {
            // It is waited for anew as one of the tunnel's.
            Ok(None) => stream.inner().try_clone(),
            Ok(Some(error)) | Err(error) => Err(error),
        };
        match made {
            Ok(stream) => {
                self.attempt = Attempt::Succeeded;
                self.said = None;
                Some(stream)
            }
            Err(error) => {
                self.failed(now, &error);
                None
            }
        }
    }

    fn failed(&mut self, now: Instant, error: &io::Error) {
        if self.said.replace(error.kind()) != Some(error.kind()) {
            say(format_args!("{}: {error}; trying again", self.server));
        }
        self.attempt = Attempt::Due(self.back_off.next_try(now));
    }

    /// The connection is over.
    fn lost(&mut self, now: Instant, has_lasted: bool) {
        if has_lasted {
            self.back_off.succeeded();
        }
        self.attempt = Attempt::Due(self.back_off.next_try(now));
    }
}

/// Asks the kernel for a connection, without waiting for it.
fn begin_connection(server: SocketAddr) -> io::Result<TcpStream> {
    let family = if server.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Stream, flags, None)?;
    match connect(socket.as_raw_fd(), &SockaddrStorage::from(server)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(TcpStream::from(socket)),
        Err(error) => Err(error.into()),
    }
}
