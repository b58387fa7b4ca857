//! `socket`, `bind`, `listen`, `accept`, `connect`, `shutdown`, `close`.

use std::net::SocketAddr;
use std::os::fd::RawFd;

use nix::errno::Errno;
use tcp::SocketId;

use crate::calls::address::{Family, Given};
use crate::descriptors::{Descriptor, Object};
use crate::scheduler::{Chance, Patience};
use crate::tcp_socket::opening::Beginning;
use crate::tcp_socket::{Closing, TcpSocket};
use crate::udp_socket::UdpSocket;
use crate::world::World;

impl World {
    /// # Errors
    /// EAFNOSUPPORT, EPROTONOSUPPORT, EMFILE.
    pub(crate) fn socket(&mut self, domain: i32, kind: i32, protocol: i32) -> Result<RawFd, Errno> {
        let family = Family::of_domain(domain)?;
        let flags = kind & (libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC);
        let object = match (kind & !flags, protocol) {
            (libc::SOCK_STREAM, 0 | libc::IPPROTO_TCP) => {
                Object::Tcp(Box::new(TcpSocket::new(family, self.options.clone())))
            }
            (libc::SOCK_DGRAM, 0 | libc::IPPROTO_UDP) => {
                Object::Udp(Box::new(UdpSocket::open(&mut self.net, family)?))
            }
            _ => return Err(Errno::EPROTONOSUPPORT),
        };
        let number = self.descriptors.insert(object)?;
        self.descriptors.get_mut(number)?.is_nonblocking = flags & libc::SOCK_NONBLOCK != 0;
        Ok(number)
    }

    /// # Errors
    /// EADDRINUSE, EADDRNOTAVAIL, EINVAL if it is bound already.
    pub(crate) fn bind(&mut self, number: RawFd, given: Given) -> Result<(), Errno> {
        let local = given.v4()?;
        let Self { net, descriptors, .. } = self;
        let Some(socket) = descriptors.get_mut(number)?.as_tcp()? else {
            let (net, socket) = self.udp_socket(number)?;
            return socket.bind(net, local);
        };
        let shares = socket.reuses_address();
        let mut others = descriptors.other_tcp_sockets(number);
        if local.port() != 0 && others.any(|other| other.is_in_the_way(net, local, shares)) {
            return Err(Errno::EADDRINUSE);
        }
        drop(others);
        if !self.is_own_or_any(local) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        match self.descriptors.get_mut(number)?.as_tcp()? {
            Some(socket) => socket.bind(local),
            None => Err(Errno::EBADF),
        }
    }

    /// # Errors
    /// EOPNOTSUPP, EINVAL, EADDRINUSE.
    pub(crate) fn listen(&mut self, number: RawFd, backlog: i32) -> Result<(), Errno> {
        let socket = self.descriptors.get_mut(number)?.as_tcp()?.ok_or(Errno::EOPNOTSUPP)?;
        socket.listen(&mut self.net, backlog)
    }

    /// A socket for the connection that has waited longest, and the peer's address.
    ///
    /// # Errors
    /// EAGAIN if none waits; EOPNOTSUPP, EINVAL if it does not listen.
    pub(crate) fn accept(&mut self, number: RawFd) -> Result<(RawFd, SocketAddr), Errno> {
        let socket = self.descriptors.get_mut(number)?.as_tcp()?.ok_or(Errno::EOPNOTSUPP)?;
        let (accepted, peer) = socket.accept(&mut self.net)?;
        let peer = accepted.family.show(peer);
        let number = self.descriptors.insert(Object::Tcp(Box::new(accepted)))?;
        Ok((number, peer))
    }

    /// Connects. `began` is the call's own memory: what the first try found.
    ///
    /// # Errors
    /// EAGAIN while it is to be waited for; EINPROGRESS, EALREADY, EISCONN, and what came of it.
    pub(crate) fn connect(
        &mut self,
        number: RawFd,
        given: Given,
        began: &mut Option<Beginning>,
        chance: Chance,
    ) -> Result<(), Errno> {
        let to_nobody = given == Given::Nobody;
        let Self { net, descriptors, .. } = self;
        let Some(socket) = descriptors.get_mut(number)?.as_tcp()? else {
            let remote = if to_nobody { None } else { Some(given.v4()?) };
            let (net, socket) = self.udp_socket(number)?;
            return socket.connect(net, remote);
        };
        if to_nobody {
            socket.disconnect(net);
            return Ok(());
        }
        let began = match *began {
            Some(began) => began,
            None => *began.insert(socket.begin_to_connect(net, given.v4()?)?),
        };
        match socket.finish_connecting(net) {
            Err(Errno::EAGAIN) if chance == Chance::Last => Err(match began {
                Beginning::BeginsNow => Errno::EINPROGRESS,
                Beginning::BeganBefore => Errno::EALREADY,
            }),
            result => result,
        }
    }

    /// # Errors
    /// EINVAL, ENOTCONN.
    pub(crate) fn shutdown(&mut self, number: RawFd, how: i32) -> Result<(), Errno> {
        let (receiving, sending) = match how {
            libc::SHUT_RD => (true, false),
            libc::SHUT_WR => (false, true),
            libc::SHUT_RDWR => (true, true),
            _ => return Err(Errno::EINVAL),
        };
        let Self { net, descriptors, .. } = self;
        match descriptors.get_mut(number)?.as_tcp()? {
            Some(socket) => socket.shutdown(net, receiving, sending),
            None => {
                let (net, socket) = self.udp_socket(number)?;
                socket.shutdown(net, receiving, sending)
            }
        }
    }

    /// Takes the number out of use. `lingering` is the call's own memory: the connection that is
    /// to be waited for, because SO_LINGER says so.
    ///
    /// # Errors
    /// EBADF; EAGAIN while it is to be waited for.
    pub(crate) fn close(
        &mut self,
        number: RawFd,
        lingering: &mut Option<SocketId>,
        chance: Chance,
    ) -> Result<(), Errno> {
        if lingering.is_none() {
            let Descriptor { object, .. } = self.descriptors.remove(number)?;
            match object {
                Object::Tcp(mut socket) => match socket.close(&mut self.net) {
                    Closing::Done => {}
                    Closing::Lingers(id) => *lingering = Some(id),
                },
                Object::Udp(socket) => socket.close(&mut self.net),
                Object::Epoll(_) | Object::Pipe(_) => {}
            }
        }
        let Some(id) = *lingering else { return Ok(()) };
        let now = self.net.now;
        match self.net.tcp().close(now, id) {
            Err(tcp::Error::WouldBlock) if chance == Chance::OneOfMany => Err(Errno::EAGAIN),
            _ => Ok(()),
        }
    }

    /// How long a call on this descriptor waits for something to come, unless its `flags` say
    /// that it does not wait.
    ///
    /// # Errors
    /// EBADF.
    pub(crate) fn patience_to_receive(&self, number: RawFd, flags: i32) -> Result<Patience, Errno> {
        let descriptor = self.descriptors.get(number)?;
        Ok(self.patience(descriptor, flags, descriptor.receive_timeout))
    }

    /// How long it waits for room, or for a connection.
    ///
    /// # Errors
    /// EBADF.
    pub(crate) fn patience_to_send(&self, number: RawFd, flags: i32) -> Result<Patience, Errno> {
        let descriptor = self.descriptors.get(number)?;
        Ok(self.patience(descriptor, flags, descriptor.send_timeout))
    }

    fn patience(
        &self,
        descriptor: &Descriptor,
        flags: i32,
        timeout: Option<std::time::Duration>,
    ) -> Patience {
        // Urgent data and reports are never waited for.
        const NEVER: i32 = libc::MSG_DONTWAIT | libc::MSG_OOB | libc::MSG_ERRQUEUE;
        match descriptor.is_nonblocking || flags & NEVER != 0 {
            true => Patience::None,
            false => Patience::of(self.now(), timeout),
        }
    }
}
