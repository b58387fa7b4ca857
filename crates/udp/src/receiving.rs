//! A datagram that came, and a report of one that did not arrive, from the layer below to the
//! program's RECEIVE.

use std::net::SocketAddr;

use packet::Instant;

use crate::options::MAX_IP_OPTIONS_LEN;
use crate::{
    Copied, Datagram, Envelope, Error, Incoming, Metadata, Report, SocketId, SocketPair, Sockets,
};

/// Why a datagram was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatagramDropped {
    /// No socket has the port. The sender is to be told: port unreachable (UDP-1).
    NoSocket,
    /// It has no checksum, and the socket or the address family requires one.
    NoChecksum,
    /// As much waits at the socket as may ([`crate::RECEIVE_QUEUE_DATAGRAMS`],
    /// [`crate::RECEIVE_QUEUE_BYTES`]).
    QueueFull,
    /// As much waits at all sockets together as may ([`crate::TOTAL_RECEIVE_BYTES`]).
    MemoryFull,
}

/// Why a report was not handed to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportDropped {
    /// No socket has the port: it was closed since, or the report is forged.
    NoSocket,
    /// The socket sent nothing there of late: the report is very late, or forged.
    NotSent,
    /// As many reports wait at the socket as may ([`crate::REPORT_QUEUE_LIMIT`]).
    QueueFull,
}

impl Sockets {
    /// Puts a datagram that came into the queue of the socket that it is for.
    ///
    /// # Errors
    /// [`DatagramDropped`] says why it was dropped.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        envelope: &Envelope<'_>,
        datagram: &Datagram<'_>,
    ) -> Result<SocketId, DatagramDropped> {
        let header = datagram.header();
        let source = SocketAddr::new(envelope.addresses.source, header.source_port);
        let destination = envelope.addresses.destination;
        let local = SocketAddr::new(destination, header.destination_port);
        let pair = SocketPair { local, remote: source };
        let id = self.demultiplexer.find(pair).ok_or(DatagramDropped::NoSocket)?;
        let socket = self.slots.get_mut(id).ok_or(DatagramDropped::NoSocket)?;

        let requires_checksum = socket.options.require_checksum || destination.is_ipv6();
        if requires_checksum && !datagram.has_checksum() {
            return Err(DatagramDropped::NoChecksum);
        }
        let payload = datagram.payload();
        socket.inbox.check_room(self.receive_usage, payload.len())?;
        let metadata = Metadata {
            source,
            destination,
            delivery: envelope.delivery,
            interface: envelope.interface,
            ttl: envelope.ttl,
            traffic_class: envelope.traffic_class,
            ip_options: kept(envelope.ip_options),
            at: now,
        };
        socket.inbox.push(&mut self.receive_usage, self.spare.filled(metadata, payload));
        self.news.push(id);
        Ok(id)
    }

    /// Hands a report to the socket whose datagram it is about (UDP-3).
    ///
    /// # Errors
    /// [`ReportDropped`] says why it was dropped.
    pub fn handle_report(
        &mut self,
        now: Instant,
        report: Report,
    ) -> Result<SocketId, ReportDropped> {
        let connected = self.demultiplexer.find_connected(report.pair);
        let found = connected.or_else(|| self.demultiplexer.find_bound(report.pair.local));
        let id = found.ok_or(ReportDropped::NoSocket)?;
        let socket = self.slots.get_mut(id).ok_or(ReportDropped::NoSocket)?;
        if connected.is_none() && !socket.recent.contains(report.pair, now) {
            return Err(ReportDropped::NotSent);
        }
        socket.push_report(report)?;
        self.news.push(id);
        Ok(id)
    }

    /// Takes the datagram that has waited longest.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] if none waits; what was reported of the peer, once
    /// ([`Error::ConnectionRefused`] and others); [`Error::BadSocket`].
    pub fn receive(&mut self, id: SocketId) -> Result<Box<Incoming>, Error> {
        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        socket.check_peer()?;
        socket.inbox.pop(&mut self.receive_usage).ok_or(Error::WouldBlock)
    }

    /// Takes the datagram that has waited longest and copies its payload into `buffer`. What
    /// does not fit is lost, which [`Copied`] tells.
    ///
    /// # Errors
    /// As [`Sockets::receive`].
    pub fn receive_into(
        &mut self,
        id: SocketId,
        buffer: &mut [u8],
    ) -> Result<(Metadata, Copied), Error> {
        let incoming = self.receive(id)?;
        let Incoming { metadata, payload } = &*incoming;
        let length = payload.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(payload) {
            *to = *from;
        }
        let received = (metadata.clone(), Copied { length, full_length: payload.len() });
        self.spare.recycle(incoming);
        Ok(received)
    }

    /// Takes back a datagram that the program has done with: its memory is used for another.
    #[inline]
    pub fn recycle(&mut self, incoming: Box<Incoming>) {
        self.spare.recycle(incoming);
    }

    /// Shows the datagram that has waited longest, and leaves it there.
    ///
    /// # Errors
    /// As [`Sockets::receive`].
    pub fn peek(&mut self, id: SocketId) -> Result<&Incoming, Error> {
        let socket = self.slots.get_mut(id).ok_or(Error::BadSocket)?;
        socket.check_peer()?;
        socket.inbox.first().ok_or(Error::WouldBlock)
    }

    /// Takes the report that has waited longest: what became of a datagram of this socket.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn take_report(&mut self, id: SocketId) -> Result<Option<Report>, Error> {
        Ok(self.slots.get_mut(id).ok_or(Error::BadSocket)?.pop_report())
    }

    /// How many datagrams for the socket were dropped because its queue, or that of all sockets,
    /// was full.
    ///
    /// # Errors
    /// [`Error::BadSocket`].
    pub fn dropped(&self, id: SocketId) -> Result<u64, Error> {
        Ok(self.socket(id)?.inbox.dropped())
    }
}

/// What is kept of the IP options. Most datagrams have none.
fn kept(ip_options: &[u8]) -> Box<[u8]> {
    match ip_options {
        [] => Box::default(),
        some => some.get(..MAX_IP_OPTIONS_LEN).unwrap_or(some).into(),
    }
}
