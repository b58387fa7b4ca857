//! A UDP socket as the system calls know it, with its error queue.

mod errors;
mod options;

use std::collections::VecDeque;
use std::net::SocketAddr;

use nix::errno::Errno;
use udp::{Incoming, Message, SocketId, SocketOptions};

use crate::calls::address::Family;
use crate::calls::transfer::{ControlMessage, Received, has};
use crate::errno::of_udp;
use crate::world::Net;

pub(crate) use errors::ErrorReport;

/// A socket.
#[derive(Debug)]
pub(crate) struct UdpSocket {
    pub(crate) family: Family,
    id: SocketId,
    /// The error that the next call fails with.
    pending: Option<Errno>,
    /// IP_RECVERR: whether all that is reported is queued, and not only what is certain.
    reports_all: bool,
    /// What was reported of datagrams that did not arrive, at most [`errors::QUEUE_LIMIT`].
    errors: VecDeque<ErrorReport>,
    /// IP_RECVTTL.
    tells_ttl: bool,
    /// IP_RECVTOS.
    tells_traffic_class: bool,
    is_receiving_shut: bool,
    is_sending_shut: bool,
}

impl UdpSocket {
    /// # Errors
    /// EMFILE.
    pub(crate) fn open(net: &mut Net, family: Family) -> Result<Self, Errno> {
        Ok(Self {
            family,
            id: net.udp().open().map_err(of_udp)?,
            pending: None,
            reports_all: false,
            errors: VecDeque::new(),
            tells_ttl: false,
            tells_traffic_class: false,
            is_receiving_shut: false,
            is_sending_shut: false,
        })
    }

    pub(crate) const fn id(&self) -> SocketId {
        self.id
    }

    /// # Errors
    /// EINVAL, EADDRINUSE, EADDRNOTAVAIL.
    pub(crate) fn bind(&self, net: &mut Net, local: SocketAddr) -> Result<(), Errno> {
        net.udp().bind(self.id, local).map(drop).map_err(of_udp)
    }

    /// Connects to `remote`, or lets go of whom it is connected to.
    ///
    /// # Errors
    /// What the stack refuses.
    pub(crate) fn connect(
        &mut self,
        net: &mut Net,
        remote: Option<SocketAddr>,
    ) -> Result<(), Errno> {
        self.pending = None;
        match remote {
            Some(remote) => net.udp().connect(self.id, remote).map(drop).map_err(of_udp),
            None => match net.udp().disconnect(self.id) {
                Ok(()) | Err(udp::Error::NotConnected) => Ok(()),
                Err(error) => Err(of_udp(error)),
            },
        }
    }

    fn is_connected(&self, net: &mut Net) -> bool {
        net.udp().peer_address(self.id).is_ok()
    }

    /// # Errors
    /// ENOTCONN.
    pub(crate) fn shutdown(
        &mut self,
        net: &mut Net,
        receiving: bool,
        sending: bool,
    ) -> Result<(), Errno> {
        if !self.is_connected(net) {
            return Err(Errno::ENOTCONN);
        }
        self.is_receiving_shut |= receiving;
        self.is_sending_shut |= sending;
        Ok(())
    }

    pub(crate) fn close(&self, net: &mut Net) {
        let _ = net.udp().close(self.id);
    }

    /// What `poll` says of it.
    pub(crate) fn poll(&self, net: &mut Net) -> i32 {
        let ready = net.udp().readiness(self.id);
        let is_readable = ready.is_ok_and(|ready| ready.readable) || self.is_receiving_shut;
        let is_writable = ready.is_ok_and(|ready| ready.writable) || self.is_sending_shut;
        let mut bits = 0;
        let mut set = |bit, is_set| bits |= if is_set { bit } else { 0 };
        set(libc::EPOLLIN | libc::EPOLLRDNORM, is_readable);
        set(libc::EPOLLOUT | libc::EPOLLWRNORM, is_writable);
        set(libc::EPOLLRDHUP, self.is_receiving_shut);
        set(libc::EPOLLHUP, self.is_receiving_shut && self.is_sending_shut);
        set(libc::EPOLLERR, self.pending.is_some() || !self.errors.is_empty());
        bits
    }

    /// SIOCINQ: how long the next datagram is.
    pub(crate) fn unread(&self, net: &mut Net) -> usize {
        net.udp().peek(self.id).map_or(0, |next| next.payload.len())
    }

    /// Takes the next datagram, or with MSG_ERRQUEUE what became of one that did not arrive.
    ///
    /// # Errors
    /// EAGAIN, or what was reported.
    pub(crate) fn receive(
        &mut self,
        net: &mut Net,
        length: usize,
        flags: i32,
    ) -> Result<Received, Errno> {
        if has(flags, libc::MSG_ERRQUEUE) {
            return self.take_error_report();
        }
        self.check_pending()?;
        let mut udp = net.udp();
        let incoming = match has(flags, libc::MSG_PEEK) {
            true => udp.peek(self.id).cloned(),
            false => udp.receive(self.id).map(|incoming| *incoming),
        };
        match incoming {
            Ok(incoming) => Ok(self.received(incoming, length, flags)),
            Err(udp::Error::WouldBlock) if self.is_receiving_shut => Ok(Received::default()),
            Err(error) => Err(of_udp(error)),
        }
    }

    fn received(&self, incoming: Incoming, length: usize, flags: i32) -> Received {
        let Incoming { metadata, payload: mut data } = incoming;
        let full_length = data.len();
        let is_truncated = full_length > length;
        data.truncate(length);
        let mut control = Vec::new();
        if self.tells_ttl {
            control.push(ControlMessage::number(libc::SOL_IP, libc::IP_TTL, metadata.ttl.into()));
        }
        if self.tells_traffic_class {
            let class = vec![metadata.traffic_class];
            control.push(ControlMessage { level: libc::SOL_IP, kind: libc::IP_TOS, data: class });
        }
        Received {
            length: if has(flags, libc::MSG_TRUNC) { full_length } else { data.len() },
            data,
            source: Some(metadata.source),
            control,
            flags: if is_truncated { libc::MSG_TRUNC } else { 0 },
        }
    }

    /// Sends a datagram to `to`, or to whom it is connected to.
    ///
    /// # Errors
    /// EAGAIN, EPIPE, what was reported of an earlier one, and what the stack refuses.
    pub(crate) fn send(
        &mut self,
        net: &mut Net,
        data: &[u8],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        if self.is_sending_shut {
            return Err(Errno::EPIPE);
        }
        self.check_pending()?;
        let message = to.map_or_else(|| Message::to_peer(data), |to| Message::to(to, data));
        net.udp().send(self.id, &message).map_err(of_udp)?;
        Ok(data.len())
    }

    fn check_pending(&mut self) -> Result<(), Errno> {
        self.pending.take().map_or(Ok(()), Err)
    }

    fn stack_options(&self, net: &mut Net) -> SocketOptions {
        net.udp().options(self.id).cloned().unwrap_or_default()
    }
}
