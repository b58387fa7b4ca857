//! OPEN (RFC 9293, 3.10.1): passive by `listen` and `accept`, active by `connect`.

use std::net::SocketAddr;

use packet::Instant;
use socket::{SocketId, SocketPair, any_address, plain};

use crate::connection::{Connection, Opening, Origin};
use crate::options::ConnectionOptions;
use crate::sockets::listener::Listener;
use crate::sockets::{Entry, MAX_SOCKETS, Socket, Sockets};
use crate::{AddressKind, Error, Network, Path, State};

impl Sockets {
    /// A passive open: connections to `local` are accepted from now on, and begin with `options`.
    /// The address may be any (0.0.0.0, `::`). At most `backlog` connections are under way or
    /// wait to be accepted; beyond that, cookies take their place.
    ///
    /// Connections that there are already go on, whatever their port (MUST-41, MUST-42).
    ///
    /// # Errors
    /// [`Error::AddressInUse`], [`Error::AddressNotAvailable`], [`Error::InvalidArgument`] for a
    /// port or a backlog of 0, [`Error::TooManyOpenSockets`].
    pub fn listen(
        &mut self,
        network: &impl Network,
        local: SocketAddr,
        backlog: usize,
        options: ConnectionOptions,
    ) -> Result<SocketId, Error> {
        let local = plain(local);
        if local.port() == 0 || backlog == 0 {
            return Err(Error::InvalidArgument);
        }
        if !local.ip().is_unspecified() && network.kind(local.ip()) != AddressKind::Own {
            return Err(Error::AddressNotAvailable);
        }
        if self.listeners.contains_key(&local) {
            return Err(Error::AddressInUse);
        }
        let listener = Box::new(Listener::new(local, backlog, options));
        let id = self.insert(Socket::Listener(listener))?;
        self.listeners.insert(local, id);
        Ok(id)
    }

    /// Takes the connection that has waited longest to be accepted.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if none waits, [`Error::BadSocket`] if this is no listener.
    pub fn accept(&mut self, listener: SocketId) -> Result<SocketId, Error> {
        let Some(Socket::Listener(listener)) = self.slots.get_mut(listener) else {
            return Err(Error::BadSocket);
        };
        let id = listener.waiting.pop_front().ok_or(Error::WouldBlock)?;
        if let Some(Socket::Connection(entry)) = self.slots.get_mut(id) {
            entry.listener = None;
            entry.took_the_place_of = None;
        }
        // Something may have come while nobody was to be told.
        self.changes.push(id);
        Ok(id)
    }

    /// An active open: asks `remote` for a connection, from `local` if that is given (MUST-43) or
    /// else from where IP sends to it (MUST-44), by an ephemeral port where none is given.
    ///
    /// The connection is not established when this returns; an event tells.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if no single host has the address, or the port is 0 (MUST-46);
    /// [`Error::AddressNotAvailable`], [`Error::AddressInUse`], [`Error::NetworkUnreachable`],
    /// [`Error::TooManyOpenSockets`].
    pub fn connect(
        &mut self,
        now: Instant,
        network: &impl Network,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: ConnectionOptions,
    ) -> Result<SocketId, Error> {
        let remote = plain(remote);
        if remote.port() == 0 || network.kind(remote.ip()) == AddressKind::NoSingleHost {
            return Err(Error::InvalidArgument);
        }
        let local = self.local_end(network, local, remote)?;
        let path = network.path_to(remote.ip()).ok_or(Error::NetworkUnreachable)?;
        let opening = self.opening(now, SocketPair { local, remote }, path, &options);
        let mut connection = Connection::new(now, opening, Origin::Active, State::SynSent, options);
        connection.due.syn = true;
        let context = self.context(now);
        connection.tell_beginning(context, State::Closed.name(), "the application connects");
        self.add_connection(now, connection, None)
    }

    /// Our end of a connection to `remote` that is not in use.
    fn local_end(
        &mut self,
        network: &impl Network,
        asked: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Result<SocketAddr, Error> {
        let asked = asked.map_or_else(|| SocketAddr::new(any_address(remote).ip(), 0), plain);
        let address = match asked.ip() {
            any if any.is_unspecified() => {
                network.source_for(remote.ip()).ok_or(Error::NetworkUnreachable)?
            }
            own if network.kind(own) == AddressKind::Own => own,
            _ => return Err(Error::AddressNotAvailable),
        };
        let (connections, time_waits) = (&self.connections, &self.time_waits);
        let is_free = |port| {
            let local = SocketAddr::new(address, port);
            let pair = SocketPair { local, remote };
            !connections.contains_key(&pair) && !time_waits.contains(&pair)
        };
        let port = match asked.port() {
            0 => self.ephemeral.choose(is_free).ok_or(Error::AddressInUse)?,
            port if is_free(port) => port,
            _ => return Err(Error::AddressInUse),
        };
        Ok(SocketAddr::new(address, port))
    }

    /// What a connection between these ends begins with.
    pub(super) fn opening(
        &self,
        now: Instant,
        pair: SocketPair,
        path: Path,
        options: &ConnectionOptions,
    ) -> Opening {
        let asked = options.maximum_segment_size.unwrap_or(u16::MAX);
        Opening {
            pair,
            iss: self
                .first_number
                .unwrap_or_else(|| self.sequence_numbers.next(now, pair.local, pair.remote)),
            receive_mss: path.largest_segment.min(asked),
            send_limit: path.largest_segment.min(asked),
            timestamp_offset: self.timestamp_offset(&pair),
        }
    }

    pub(super) fn add_connection(
        &mut self,
        now: Instant,
        connection: Connection,
        listener: Option<SocketId>,
    ) -> Result<SocketId, Error> {
        let pair = connection.pair;
        let entry = Entry::new(connection, listener);
        let id = self.insert(Socket::Connection(Box::new(entry)))?;
        self.connections.insert(pair, id);
        let listener = listener.and_then(|listener| self.slots.get_mut(listener));
        if let Some(Socket::Listener(listener)) = listener {
            listener.under_way += 1;
        }
        self.settle(now, id);
        Ok(id)
    }

    fn insert(&mut self, socket: Socket) -> Result<SocketId, Error> {
        if self.slots.len() >= MAX_SOCKETS {
            return Err(Error::TooManyOpenSockets);
        }
        Ok(self.slots.insert(socket))
    }

    /// What shifts the timestamp clock of a connection: nobody learns from one connection how
    /// long the host has been up, nor which others are its (RFC 7323, 7.1).
    pub(super) fn timestamp_offset(&self, pair: &SocketPair) -> u32 {
        let [a, b, c, d, ..] = self.timestamp_secret.number(pair).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}
