//! SEND, from the program's call to the layer below.

use std::net::SocketAddr;

use packet::{Buffer, BufferPool, Instant};
use socket::plain;

use crate::header::HEADER_LEN;
use crate::queues::SEND_QUEUE;
use crate::sockets::{check_destination, source_address};
use crate::udp_socket::Socket;
use crate::{
    AddressPair, Error, Header, MAX_PAYLOAD_LEN, MULTICAST_TTL, Message, Network, Outgoing,
    SendOptions, SocketId, SocketPair, Sockets,
};

impl Sockets {
    /// Puts a datagram behind those that wait to leave, in a buffer from `buffers`. A socket that
    /// is not bound gets an ephemeral port.
    ///
    /// # Errors
    /// - [`Error::WouldBlock`]: too much of this socket waits already; an event tells when there
    ///   is room. [`Error::NoBufferSpace`]: too much of all sockets together; no event tells.
    /// - [`Error::MessageTooLong`]: for a datagram, or for the path if it may not be fragmented.
    /// - [`Error::DestinationAddressRequired`], [`Error::IsConnected`]: see [`Message`].
    /// - [`Error::AddressNotAvailable`]: the source asked for is not ours.
    /// - [`Error::AddressFamilyNotSupported`], [`Error::InvalidArgument`],
    ///   [`Error::NetworkUnreachable`], [`Error::PermissionDenied`], [`Error::AddressInUse`]: as
    ///   [`Sockets::connect`]; IP options that the layer below does not send are invalid too.
    /// - What was reported of the peer, once: [`Error::ConnectionRefused`] and others.
    /// - [`Error::BadSocket`].
    pub fn send(
        &mut self,
        now: Instant,
        network: &impl Network,
        buffers: &mut BufferPool,
        id: SocketId,
        message: &Message<'_>,
    ) -> Result<(), Error> {
        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        socket.check_peer()?;
        let remote = destination(socket, message)?;
        check_destination(network, socket, remote)?;
        let options = message.options().unwrap_or(&socket.options.send).clone();
        options.check()?;
        if !network.takes_ip_options(&options.ip_options) {
            return Err(Error::InvalidArgument);
        }
        let source = source_address(network, options.source, socket.state.local(), remote)?;
        check_length(network, message.payload(), remote, &options)?;
        self.check_room(id, message.payload().len())?;

        let port = self.ensure_bound(id, remote)?.port();
        let pair = SocketPair { local: SocketAddr::new(source, port), remote };
        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        socket.recent.note(pair, now);
        let mut buffer = buffers.take();
        buffer.append(message.payload());
        let outgoing = outgoing(pair, buffer, options);
        self.outbox.push(id, &mut socket.send_usage, outgoing);
        Ok(())
    }

    /// The datagram that leaves next.
    #[must_use]
    pub fn next_outgoing(&self) -> Option<&Outgoing> {
        self.outbox.first()
    }

    /// Takes the datagram that leaves next out of the queue, for the layer below.
    pub fn take_outgoing(&mut self) -> Option<Outgoing> {
        let (id, outgoing) = self.outbox.pop()?;
        // A closed socket's datagrams leave all the same.
        if let Some(socket) = self.slots.get_mut(id) {
            socket.send_usage.remove(outgoing.buffer.len());
            if socket.awaits_room && socket.send_usage.is_half_free(SEND_QUEUE) {
                socket.awaits_room = false;
                self.news.push(id);
            }
        }
        Some(outgoing)
    }

    fn check_room(&mut self, id: SocketId, payload_length: usize) -> Result<(), Error> {
        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        let room = self.outbox.check_room(socket.send_usage, payload_length);
        if room == Err(Error::WouldBlock) {
            socket.awaits_room = true;
        }
        room
    }
}

/// Where to: as the message says, or to the peer. A connected socket sends to its peer alone.
fn destination(socket: &Socket, message: &Message<'_>) -> Result<SocketAddr, Error> {
    match (message.destination().map(plain), socket.state.peer()) {
        (None, None) => Err(Error::DestinationAddressRequired),
        (Some(to), Some(peer)) if to != peer => Err(Error::IsConnected),
        (Some(remote), _) | (None, Some(remote)) => Ok(remote),
    }
}

/// Whether the payload fits behind the headers, and those behind IP options.
fn check_length(
    network: &impl Network,
    payload: &[u8],
    remote: SocketAddr,
    options: &SendOptions,
) -> Result<(), Error> {
    let length = HEADER_LEN.saturating_add(payload.len()).saturating_add(options.ip_options.len());
    let is_too_long = payload.len() > MAX_PAYLOAD_LEN
        || length > network.max_payload(remote.ip(), !options.dont_fragment);
    if is_too_long { Err(Error::MessageTooLong) } else { Ok(()) }
}

fn outgoing(pair: SocketPair, buffer: Buffer, mut options: SendOptions) -> Outgoing {
    if options.ttl.is_none() && pair.remote.ip().is_multicast() {
        options.ttl = Some(MULTICAST_TTL);
    }
    Outgoing {
        buffer,
        header: Header { source_port: pair.local.port(), destination_port: pair.remote.port() },
        addresses: AddressPair { source: pair.local.ip(), destination: pair.remote.ip() },
        options,
    }
}
