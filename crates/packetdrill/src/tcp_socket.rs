//! A TCP socket as the system calls know it: bound before there is a connection, and still there
//! when it is over.

mod info;
pub(crate) mod opening;
pub(crate) mod options;
mod transfer;

use std::net::SocketAddr;

use nix::errno::Errno;
use tcp::{ConnectionOptions, KeepAlive, SocketId, State};

use crate::calls::address::Family;
use crate::errno::of_tcp;
use crate::world::Net;

/// A socket.
#[derive(Debug)]
pub(crate) struct TcpSocket {
    pub(crate) family: Family,
    stage: Stage,
    /// What `bind` said. The port may be 0 still.
    bound: Option<SocketAddr>,
    /// How the connection behaves, or will once there is one.
    options: ConnectionOptions,
    /// TCP_KEEPIDLE and its like, whether or not keep-alive is on.
    keep_alive: KeepAlive,
    /// SO_REUSEADDR.
    reuses_address: bool,
    /// Whether `shutdown` said that nothing is read any more.
    is_receiving_shut: bool,
    /// TCP_CORK. MSG_MORE corks as well, for one call.
    is_corked: bool,
}

/// What there is of it in the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing yet, or nothing any more.
    Fresh,
    Listening(SocketId),
    /// `connect` was called, and has not said yet how it went.
    Connecting(SocketId),
    Connected(SocketId),
}

impl TcpSocket {
    pub(crate) fn new(family: Family, options: ConnectionOptions) -> Self {
        // As Linux has it: what may pass is not told unless it is asked for (IP_RECVERR), and an
        // urgent byte stands aside (SO_OOBINLINE).
        let options = ConnectionOptions { soft_errors: false, urgent_inline: false, ..options };
        Self {
            family,
            stage: Stage::Fresh,
            bound: None,
            options,
            keep_alive: KeepAlive::default(),
            reuses_address: false,
            is_receiving_shut: false,
            is_corked: false,
        }
    }

    /// Its number in the stack.
    pub(crate) const fn id(&self) -> Option<SocketId> {
        match self.stage {
            Stage::Fresh => None,
            Stage::Listening(id) | Stage::Connecting(id) | Stage::Connected(id) => Some(id),
        }
    }

    /// The number of its connection, under way or there.
    const fn connection(&self) -> Option<SocketId> {
        match self.stage {
            Stage::Fresh | Stage::Listening(_) => None,
            Stage::Connecting(id) | Stage::Connected(id) => Some(id),
        }
    }

    /// Where its connection stands.
    fn state(&self, net: &mut Net) -> State {
        let state = self.connection().and_then(|id| net.tcp().state(id).ok());
        state.unwrap_or(State::Closed)
    }

    /// `shutdown`: `receiving`, sending, or both.
    ///
    /// # Errors
    /// ENOTCONN.
    pub(crate) fn shutdown(
        &mut self,
        net: &mut Net,
        receiving: bool,
        sending: bool,
    ) -> Result<(), Errno> {
        let id = self.connection().ok_or(Errno::ENOTCONN)?;
        if matches!(self.state(net), State::Closed | State::TimeWait) {
            return Err(Errno::ENOTCONN);
        }
        let now = net.now;
        if receiving {
            self.is_receiving_shut = true;
            net.tcp().shutdown_receiving(now, id).map_err(of_tcp)?;
        }
        if sending {
            net.tcp().shutdown(now, id).map_err(of_tcp)?;
        }
        Ok(())
    }

    /// `close`. Whether there is more to wait for: SO_LINGER says so.
    pub(crate) fn close(&mut self, net: &mut Net) -> Closing {
        let Some(id) = self.id() else { return Closing::Done };
        let now = net.now;
        match net.tcp().close(now, id) {
            Err(tcp::Error::WouldBlock) => Closing::Lingers(id),
            _ => Closing::Done,
        }
    }

    /// What `poll` says of it.
    pub(crate) fn poll(&self, net: &mut Net) -> i32 {
        const READABLE: i32 = libc::EPOLLIN | libc::EPOLLRDNORM;
        const WRITABLE: i32 = libc::EPOLLOUT | libc::EPOLLWRNORM;
        let Some(ready) = self.id().and_then(|id| net.tcp().readiness(id).ok()) else {
            return WRITABLE | libc::EPOLLHUP;
        };
        if matches!(self.stage, Stage::Listening(_)) {
            return if ready.readable { READABLE } else { 0 };
        }
        let state = self.state(net);
        let gets_no_more = self.is_receiving_shut || !state.can_receive();
        let sends_no_more = !state.can_send();
        let mut bits = 0;
        let mut set = |bit, is_set| bits |= if is_set { bit } else { 0 };
        set(READABLE, ready.readable || gets_no_more);
        set(libc::EPOLLRDHUP, gets_no_more);
        set(WRITABLE, ready.writable || sends_no_more);
        set(libc::EPOLLPRI, ready.urgent);
        set(libc::EPOLLERR, ready.error);
        set(libc::EPOLLHUP, gets_no_more && sends_no_more);
        bits
    }

    /// SIOCINQ: how much can be read.
    ///
    /// # Errors
    /// EINVAL while it listens.
    pub(crate) fn unread(&self, net: &mut Net) -> Result<usize, Errno> {
        match self.stage {
            Stage::Listening(_) => Err(Errno::EINVAL),
            _ => Ok(self.connection().and_then(|id| net.tcp().unread(id).ok()).unwrap_or(0)),
        }
    }

    /// SIOCOUTQ: how much was given and is not acknowledged; SIOCOUTQNSD: and not `sent` either.
    ///
    /// # Errors
    /// EINVAL while it listens.
    pub(crate) fn unacknowledged(&self, net: &mut Net, sent: bool) -> Result<usize, Errno> {
        let now = net.now;
        match self.stage {
            Stage::Listening(_) => Err(Errno::EINVAL),
            _ => {
                let status = self.connection().and_then(|id| net.tcp().status(now, id).ok());
                let count = |it: tcp::Status| if sent { it.unacknowledged } else { it.unsent };
                Ok(status.map_or(0, count))
            }
        }
    }

    /// SIOCATMARK: whether the urgent byte is next.
    pub(crate) fn is_at_mark(&self, net: &mut Net) -> bool {
        self.connection().is_some_and(|id| net.tcp().is_at_urgent_mark(id).unwrap_or(false))
    }
}

/// How far `close` has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    Done,
    /// The connection is to be closed again later.
    Lingers(SocketId),
}
