//! All the sockets of a host: opening, binding, connecting and closing them.
//!
//! Sending is in `sending.rs`, receiving in `receiving.rs`, who is to be woken in `readiness.rs`.

use std::net::{IpAddr, SocketAddr};

use secret::Secret;
use socket::{Changes, EphemeralPorts, Slots, any_address, plain};

use crate::demultiplexer::Demultiplexer;
use crate::outbox::Outbox;
use crate::queues::Usage;
use crate::spare::Spare;
use crate::udp_socket::{Socket, State};
use crate::{AddressKind, Error, Network, SocketId, SocketOptions, SocketPair};

/// How many sockets can be open at a time.
pub const MAX_SOCKETS: usize = 16 << 10;

/// The sockets of a host.
///
/// Programs call, the layers below hand in and take out; nobody waits in here. Each operation
/// costs the same, however many sockets there are and whatever waits at them.
#[derive(Debug)]
pub struct Sockets {
    pub(crate) slots: Slots<Socket>,
    pub(crate) demultiplexer: Demultiplexer,
    ephemeral: EphemeralPorts,
    /// What all sockets together have waiting to be received.
    pub(crate) receive_usage: Usage,
    pub(crate) spare: Spare,
    pub(crate) outbox: Outbox,
    pub(crate) news: Changes,
}

impl Sockets {
    /// No sockets. `secret` decides which ephemeral ports are drawn and must not be known outside
    /// the host.
    #[must_use]
    pub fn new(secret: [u64; 2]) -> Self {
        let hash = Secret::new(secret);
        Self {
            slots: Slots::new(),
            demultiplexer: Demultiplexer::new(hash),
            ephemeral: EphemeralPorts::new(hash),
            receive_usage: Usage::default(),
            spare: Spare::default(),
            outbox: Outbox::default(),
            news: Changes::default(),
        }
    }

    /// A fresh socket, bound to nothing.
    ///
    /// # Errors
    /// [`Error::TooManyOpenSockets`] beyond [`MAX_SOCKETS`].
    pub fn open(&mut self) -> Result<SocketId, Error> {
        if self.slots.len() >= MAX_SOCKETS {
            return Err(Error::TooManyOpenSockets);
        }
        Ok(self.slots.insert(Socket::default()))
    }

    /// Closes the socket. What it has sent still leaves; what waits at it is lost.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn close(&mut self, id: SocketId) -> Result<(), Error> {
        let mut socket = self.slots.remove(id).ok_or(Error::BadSocket)?;
        self.release(socket.state);
        socket.inbox.retain(&mut self.receive_usage, |_| false);
        Ok(())
    }

    /// How the socket behaves.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn options(&self, id: SocketId) -> Result<&SocketOptions, Error> {
        Ok(&self.socket(id)?.options)
    }

    /// Has the socket behave otherwise from now on.
    ///
    /// # Errors
    /// [`Error::BadSocket`]; [`Error::InvalidArgument`] if no header has room for the IP options.
    pub fn set_options(&mut self, id: SocketId, options: SocketOptions) -> Result<(), Error> {
        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        options.send.check()?;
        socket.options = options;
        Ok(())
    }

    /// Binds the socket to `local`, and returns what it is bound to then. The address may be any
    /// (0.0.0.0, `::`), one of the host's own, a broadcast address or a group; port 0 asks for an
    /// ephemeral port.
    ///
    /// # Errors
    /// - [`Error::AddressInUse`]: a bound socket has the port on that address, or one of the two is
    ///   for any address; or no ephemeral port is free.
    /// - [`Error::AddressNotAvailable`]: the address is another host's.
    /// - [`Error::InvalidArgument`]: the socket is bound already.
    /// - [`Error::BadSocket`].
    pub fn bind(
        &mut self,
        network: &impl Network,
        id: SocketId,
        local: SocketAddr,
    ) -> Result<SocketAddr, Error> {
        if self.socket(id)?.state != State::Unbound {
            return Err(Error::InvalidArgument);
        }
        let local = plain(local);
        let is_ours = local.ip().is_unspecified() || network.kind(local.ip()) != AddressKind::Other;
        if !is_ours {
            return Err(Error::AddressNotAvailable);
        }
        self.claim(id, local)
    }

    /// Connects the socket to `remote`, and returns its own end. From now on it receives from
    /// there alone; what others sent before is dropped. A connected socket can be connected anew.
    ///
    /// The port that it is bound to can then be bound by another socket, which gets what strangers
    /// send.
    ///
    /// # Errors
    /// - [`Error::AddressInUse`]: another socket is connected from there to there; or no ephemeral
    ///   port is free.
    /// - [`Error::AddressFamilyNotSupported`]: the socket is bound in another family.
    /// - [`Error::InvalidArgument`]: the port is 0, or the address unspecified.
    /// - [`Error::NetworkUnreachable`]: no route leads there.
    /// - [`Error::PermissionDenied`]: it is a broadcast address, which the options do not permit.
    /// - [`Error::BadSocket`].
    pub fn connect(
        &mut self,
        network: &impl Network,
        id: SocketId,
        remote: SocketAddr,
    ) -> Result<SocketAddr, Error> {
        let remote = plain(remote);
        let socket = self.socket(id)?;
        check_destination(network, socket, &remote)?;
        let address = source_address(network, socket.state.binding(), &remote)?;
        let binding = match socket.state.binding() {
            Some(binding) => *binding,
            None => self.bind_to_any(id, remote)?,
        };
        let pair = SocketPair { local: SocketAddr::new(address, binding.port()), remote };
        self.move_to(id, State::Connected { binding, pair })?;

        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        socket.inbox.retain(&mut self.receive_usage, |kept| kept.metadata.source == remote);
        socket.retain_reports(|report| report.pair == pair);
        Ok(pair.local)
    }

    /// Lets go of the peer: the socket is bound as it was before it was connected.
    ///
    /// # Errors
    /// [`Error::NotConnected`]; [`Error::AddressInUse`] if another socket was bound there in the
    /// meantime, this one stays connected then; [`Error::BadSocket`].
    pub fn disconnect(&mut self, id: SocketId) -> Result<(), Error> {
        let State::Connected { binding, .. } = self.socket(id)?.state else {
            return Err(Error::NotConnected);
        };
        self.move_to(id, State::Bound(binding))
    }

    /// The socket's own address and port, if it has any. The address may be any.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn local_address(&self, id: SocketId) -> Result<Option<SocketAddr>, Error> {
        Ok(self.socket(id)?.state.local().copied())
    }

    /// Whom the socket is connected to.
    ///
    /// # Errors
    /// [`Error::NotConnected`]; [`Error::BadSocket`].
    pub fn peer_address(&self, id: SocketId) -> Result<SocketAddr, Error> {
        self.socket(id)?.state.peer().copied().ok_or(Error::NotConnected)
    }

    pub(crate) fn socket(&self, id: SocketId) -> Result<&Socket, Error> {
        self.slots.get(id).ok_or(Error::BadSocket)
    }

    /// Binds an unbound socket that wants to send to `remote` to an ephemeral port on any address.
    pub(crate) fn bind_to_any(
        &mut self,
        id: SocketId,
        remote: SocketAddr,
    ) -> Result<SocketAddr, Error> {
        self.claim(id, SocketAddr::new(any_address(remote).ip(), 0))
    }

    /// Binds an unbound socket; port 0 stands for one that is free.
    fn claim(&mut self, id: SocketId, mut local: SocketAddr) -> Result<SocketAddr, Error> {
        if local.port() == 0 {
            let demultiplexer = &self.demultiplexer;
            let is_free = |port| demultiplexer.is_port_free(SocketAddr::new(local.ip(), port));
            let port = self.ephemeral.choose(is_free).ok_or(Error::AddressInUse)?;
            local.set_port(port);
        }
        self.move_to(id, State::Bound(local))?;
        Ok(local)
    }

    /// The one place where a socket changes its place in the demultiplexer. On an error it keeps
    /// the old one.
    fn move_to(&mut self, id: SocketId, to: State) -> Result<(), Error> {
        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        if socket.state == to {
            return Ok(());
        }
        match to {
            State::Unbound => {}
            State::Bound(local) => self.demultiplexer.bind(local, id)?,
            State::Connected { pair, .. } => self.demultiplexer.connect(pair, id)?,
        }
        let from = std::mem::replace(&mut socket.state, to);
        self.release(from);
        Ok(())
    }

    fn release(&mut self, state: State) {
        match state {
            State::Unbound => {}
            State::Bound(local) => self.demultiplexer.unbind(local),
            State::Connected { pair, .. } => self.demultiplexer.disconnect(pair),
        }
    }
}

/// Whether `socket` may send to `remote` at all.
pub(crate) fn check_destination(
    network: &impl Network,
    socket: &Socket,
    remote: &SocketAddr,
) -> Result<(), Error> {
    if remote.port() == 0 || remote.ip().is_unspecified() {
        return Err(Error::InvalidArgument);
    }
    if socket.state.binding().is_some_and(|binding| binding.is_ipv4() != remote.is_ipv4()) {
        return Err(Error::AddressFamilyNotSupported);
    }
    let is_broadcast = network.kind(remote.ip()) == AddressKind::Broadcast;
    if is_broadcast && !socket.options.broadcast {
        return Err(Error::PermissionDenied);
    }
    Ok(())
}

/// The source address of what is sent to `remote` if none was asked for: the socket's `own`
/// address, or what the route says. It is one of the host's own in any case (UDP-11).
pub(crate) fn source_address(
    network: &impl Network,
    own: Option<&SocketAddr>,
    remote: &SocketAddr,
) -> Result<IpAddr, Error> {
    // Bound to any address, a broadcast address or a group, it has none to send from.
    let own = own.map(SocketAddr::ip).filter(|&own| network.kind(own) == AddressKind::Own);
    own.or_else(|| network.source_for(remote.ip())).ok_or(Error::NetworkUnreachable)
}

/// The source address that was `asked` for what is sent to `remote`, if it may have that (UDP-11).
pub(crate) fn asked_source<'a>(
    network: &impl Network,
    asked: &'a IpAddr,
    remote: &SocketAddr,
) -> Result<&'a IpAddr, Error> {
    let is_own = network.kind(*asked) == AddressKind::Own;
    let fits = is_own && asked.is_ipv4() == remote.is_ipv4();
    if fits { Ok(asked) } else { Err(Error::AddressNotAvailable) }
}
