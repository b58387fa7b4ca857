//! `bind`, `listen`, `accept`, `connect`.

use std::net::SocketAddr;

use nix::errno::Errno;
use tcp::{SocketId, State};

use crate::errno::of_tcp;
use crate::tcp_socket::{Stage, TcpSocket};
use crate::world::Net;

/// The ports that `listen` tries where `bind` left the port open (RFC 6335, 6: the dynamic ones).
const DYNAMIC_PORTS: std::ops::RangeInclusive<u16> = 49152..=65535;

impl TcpSocket {
    /// Notes the address to come from, which the caller has found to be free.
    ///
    /// # Errors
    /// EINVAL if it has one, or is in use already.
    pub(crate) fn bind(&mut self, local: SocketAddr) -> Result<(), Errno> {
        if self.bound.is_some() || self.stage != Stage::Fresh {
            return Err(Errno::EINVAL);
        }
        self.bound = Some(local);
        Ok(())
    }

    /// Whether it keeps another socket, that may share addresses or not, from having `wanted`.
    pub(crate) fn is_in_the_way(&self, net: &mut Net, wanted: SocketAddr, shares: bool) -> bool {
        let in_stack = self.id().and_then(|id| net.tcp().local_address(id).ok());
        let Some(own) = in_stack.or(self.bound) else { return false };
        let any = own.ip().is_unspecified() || wanted.ip().is_unspecified();
        let overlaps = own.port() == wanted.port() && (any || own.ip() == wanted.ip());
        let is_shared = shares && self.reuses_address && !matches!(self.stage, Stage::Listening(_));
        overlaps && !is_shared
    }

    pub(crate) const fn reuses_address(&self) -> bool {
        self.reuses_address
    }

    /// Accepts connections from now on.
    ///
    /// # Errors
    /// EINVAL if it has a connection; EADDRINUSE.
    pub(crate) fn listen(&mut self, net: &mut Net, backlog: i32) -> Result<(), Errno> {
        match self.stage {
            Stage::Fresh => {}
            Stage::Listening(_) => return Ok(()),
            Stage::Connecting(_) | Stage::Connected(_) => return Err(Errno::EINVAL),
        }
        // One more than was asked for, as on Linux, where 0 is one.
        let backlog = usize::try_from(backlog).unwrap_or(0).saturating_add(1);
        let any = SocketAddr::from((std::net::Ipv4Addr::UNSPECIFIED, 0));
        let local = self.bound.unwrap_or(any);
        let ports = if local.port() == 0 { DYNAMIC_PORTS } else { local.port()..=local.port() };
        let mut result = Err(tcp::Error::AddressInUse);
        for port in ports {
            let local = SocketAddr::new(local.ip(), port);
            result = net.tcp().listen(local, backlog, self.options.clone());
            if result != Err(tcp::Error::AddressInUse) {
                break;
            }
        }
        self.stage = Stage::Listening(result.map_err(of_tcp)?);
        Ok(())
    }

    /// The connection that has waited longest, as a socket, with the peer's address.
    ///
    /// # Errors
    /// EAGAIN if none waits, EINVAL if it does not listen.
    pub(crate) fn accept(&mut self, net: &mut Net) -> Result<(Self, SocketAddr), Errno> {
        let Stage::Listening(listener) = self.stage else { return Err(Errno::EINVAL) };
        let id = net.tcp().accept(listener).map_err(of_tcp)?;
        let peer = net.tcp().ends(id).map_err(of_tcp)?.remote;
        let options = net.tcp().options(id).map_err(of_tcp)?.clone();
        let accepted = Self {
            family: self.family,
            stage: Stage::Connected(id),
            bound: None,
            options,
            keep_alive: self.keep_alive,
            reuses_address: self.reuses_address,
            is_receiving_shut: false,
            is_corked: self.is_corked,
        };
        Ok((accepted, peer))
    }

    /// Begins to connect, if that has not begun.
    ///
    /// # Errors
    /// EISCONN, and what the stack refuses.
    pub(crate) fn begin_to_connect(
        &mut self,
        net: &mut Net,
        remote: SocketAddr,
    ) -> Result<Beginning, Errno> {
        match self.stage {
            Stage::Fresh => {}
            Stage::Connecting(_) => return Ok(Beginning::BeganBefore),
            Stage::Listening(_) | Stage::Connected(_) => return Err(Errno::EISCONN),
        }
        let id = net.tcp().connect(self.bound, remote, self.options.clone()).map_err(of_tcp)?;
        self.stage = Stage::Connecting(id);
        self.is_receiving_shut = false;
        Ok(Beginning::BeginsNow)
    }

    /// Whether the connection is there.
    ///
    /// # Errors
    /// EAGAIN if it is under way still; what came of it, and then the socket can be used anew.
    pub(crate) fn finish_connecting(&mut self, net: &mut Net) -> Result<(), Errno> {
        let Stage::Connecting(id) = self.stage else { return Ok(()) };
        match net.tcp().state(id).map_err(of_tcp)? {
            State::SynSent | State::SynReceived => Err(Errno::EAGAIN),
            State::Closed => {
                let error = net.tcp().take_error(id).ok().flatten();
                self.let_go(net, id);
                // Somebody was told already: SO_ERROR tells once.
                Err(error.map_or(Errno::ECONNABORTED, of_tcp))
            }
            _ => {
                self.stage = Stage::Connected(id);
                Ok(())
            }
        }
    }

    /// `connect` to nobody: the socket can be used anew.
    pub(crate) fn disconnect(&mut self, net: &mut Net) {
        if let Some(id) = self.id() {
            let now = net.now;
            let _ = net.tcp().abort(now, id);
            self.let_go(net, id);
        }
    }

    fn let_go(&mut self, net: &mut Net, id: SocketId) {
        let now = net.now;
        let _ = net.tcp().close(now, id);
        self.stage = Stage::Fresh;
    }
}

/// Whether `connect` is what began to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    BeginsNow,
    BeganBefore,
}
