//! SEND, from the program's call to the layer below.

use std::net::SocketAddr;

use packet::{Buffer, BufferPool, Instant};

use crate::header::HEADER_LEN;
use crate::queues::SEND_QUEUE;
use crate::sockets::{asked_source, check_destination, source_address};
use crate::udp_socket::State;
use crate::{
    Error, MAX_PAYLOAD_LEN, Message, Network, Outgoing, SendOptions, SocketId, SocketPair, Sockets,
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
        let remote = destination(&socket.state, message)?;
        check_destination(network, socket, remote)?;
        let options = message.options().unwrap_or(&socket.options.send);
        check_options(network, options)?;
        let usual;
        let source = match message.source() {
            Some(asked) => asked_source(network, asked, remote)?,
            None => {
                usual = source_address(network, socket.state.local(), remote)?;
                &usual
            }
        };
        check_length(network, message.payload(), remote, options)?;
        let room = self.outbox.check_room(socket.send_usage, message.payload().len());
        socket.awaits_room |= room == Err(Error::WouldBlock);
        room?;

        let Some(binding) = socket.state.binding() else {
            // Once it is bound, it sends as any other.
            let remote = *remote;
            self.bind_to_any(id, remote)?;
            return self.send(now, network, buffers, id, message);
        };
        let local = SocketAddr::new(*source, binding.port());
        let mut buffer = buffers.take();
        buffer.append(message.payload());
        let pair = SocketPair { local, remote: *remote };
        socket.recent.note(pair, now);
        let outgoing = Outgoing { buffer, pair, options: options.clone() };
        self.outbox.push(id, &mut socket.send_usage, outgoing);
        Ok(())
    }

    /// The datagram that leaves next.
    #[must_use]
    pub fn next_outgoing(&self) -> Option<&Outgoing> {
        self.outbox.first()
    }

    /// How many datagrams can leave as one superframe, for a device to cut apart again
    /// ([`packet::Capabilities::udp_segmentation_offload`]): those that leave next between the
    /// same ends, with the same options, and as long as the first; the last may be shorter. At most
    /// 64, and of `longest_superframe` bytes of payload together; only one with a payload of more
    /// than `longest` bytes, or with IP options. 0 if none waits.
    #[must_use]
    pub fn superframe_len(&self, longest: usize, longest_superframe: usize) -> usize {
        self.outbox.superframe_len(longest, longest_superframe)
    }

    /// Takes the datagram that leaves next out of the queue, for the layer below, and gives its
    /// payload. [`Sockets::next_outgoing`] says the rest of it beforehand.
    #[inline]
    pub fn take_outgoing(&mut self) -> Option<Buffer> {
        let (id, payload) = self.outbox.pop()?;
        // A closed socket's datagrams leave all the same.
        if let Some(socket) = self.slots.get_mut(id) {
            socket.send_usage.remove(payload.len());
            if socket.awaits_room && socket.send_usage.is_half_free(SEND_QUEUE) {
                socket.awaits_room = false;
                self.news.push(id);
            }
        }
        Some(payload)
    }
}

/// Where to: as the message says, or to the peer. A connected socket sends to its peer alone.
fn destination<'a>(state: &'a State, message: &'a Message<'_>) -> Result<&'a SocketAddr, Error> {
    match (message.destination(), state.peer()) {
        (None, None) => Err(Error::DestinationAddressRequired),
        (Some(to), Some(peer)) if to != peer => Err(Error::IsConnected),
        (Some(remote), _) | (None, Some(remote)) => Ok(remote),
    }
}

/// Whether there is room for the IP options, and the layer below sends such.
fn check_options(network: &impl Network, options: &SendOptions) -> Result<(), Error> {
    options.check()?;
    let are_taken = network.takes_ip_options(&options.ip_options);
    if are_taken { Ok(()) } else { Err(Error::InvalidArgument) }
}

/// Whether the payload fits behind the headers, and those behind IP options.
#[inline]
fn check_length(
    network: &impl Network,
    payload: &[u8],
    remote: &SocketAddr,
    options: &SendOptions,
) -> Result<(), Error> {
    let length = HEADER_LEN.saturating_add(payload.len()).saturating_add(options.ip_options.len());
    let is_too_long = payload.len() > MAX_PAYLOAD_LEN
        || length > network.max_payload(remote.ip(), !options.dont_fragment);
    if is_too_long { Err(Error::MessageTooLong) } else { Ok(()) }
}
