//! Opening, binding, connecting and closing: each call does what the model says that it must.

use std::net::SocketAddr;

use udp::{Error, FIRST_EPHEMERAL_PORT, MAX_IP_OPTIONS_LEN, SocketOptions, SocketPair};

use super::World;
use super::model::{Socket, TheNetwork};
use super::step::address;

impl World {
    pub(super) fn open(&mut self) {
        let id = self.sockets.open().expect("there are few");
        assert!(self.model.sockets.iter().all(|socket| socket.id != id), "a handle came again");
        self.model.sockets.push(Socket::new(id, SocketOptions::default()));
        assert_eq!(self.sockets.local_address(id), Ok(None));
    }

    pub(super) fn close(&mut self, number: usize) {
        let expected = self.unless_closed(number, Ok(()));
        assert_eq!(self.sockets.close(self.id(number)), expected);
        self.model.news.remove(&number);
        let socket = &mut self.model.sockets[number];
        socket.is_open = false;
        socket.inbox.clear();
    }

    pub(super) fn bind(&mut self, number: usize, local: SocketAddr) {
        let expected = self.model.sockets[number].is_open && self.model.may_bind(number, local);
        let result = self.sockets.bind(&TheNetwork, self.id(number), local);
        assert_eq!(result.is_ok(), expected, "{number} bound to {local}: {result:?}");
        if let Ok(bound) = result {
            self.note_binding(number, local, bound);
        }
        self.check_addresses(number);
    }

    /// The socket got what was asked for, or a port that nobody has.
    pub(super) fn note_binding(&mut self, number: usize, asked: SocketAddr, bound: SocketAddr) {
        assert_eq!(asked.ip(), bound.ip());
        if asked.port() == 0 {
            assert!(bound.port() >= FIRST_EPHEMERAL_PORT && self.model.is_port_free(bound));
        } else {
            assert_eq!(asked, bound);
        }
        self.model.sockets[number].binding = Some(bound);
    }

    pub(super) fn connect(&mut self, number: usize, remote: SocketAddr) {
        let is_open = self.model.sockets[number].is_open;
        let expected = self.model.may_connect(number, remote).filter(|_| is_open);
        let result = self.sockets.connect(&TheNetwork, self.id(number), remote);
        assert_eq!(result.ok().map(|local| local.ip()), expected, "{number}: {result:?}");
        if let Ok(local) = result {
            if self.model.sockets[number].binding.is_none() {
                let asked =
                    SocketAddr::new(if remote.is_ipv4() { address(2) } else { address(10) }, 0);
                let bound = SocketAddr::new(asked.ip(), local.port());
                self.note_binding(number, asked, bound);
            }
            let pair = SocketPair { local, remote };
            let socket = &mut self.model.sockets[number];
            socket.pair = Some(pair);
            socket.inbox.retain(|incoming| incoming.metadata.source == remote);
            socket.reports.retain(|report| report.pair == pair);
        }
        self.check_addresses(number);
    }

    pub(super) fn disconnect(&mut self, number: usize) {
        let socket = &self.model.sockets[number];
        let expected = match (socket.pair, socket.binding) {
            (Some(_), Some(binding)) if self.model.is_taken(binding) => Err(Error::AddressInUse),
            (Some(_), _) => Ok(()),
            (None, _) => Err(Error::NotConnected),
        };
        let expected = self.unless_closed(number, expected);
        assert_eq!(self.sockets.disconnect(self.id(number)), expected);
        if expected.is_ok() {
            self.model.sockets[number].pair = None;
        }
        self.check_addresses(number);
    }

    pub(super) fn check_addresses(&self, number: usize) {
        let (socket, id) = (&self.model.sockets[number], self.id(number));
        let local = self.unless_closed(number, Ok(socket.local()));
        assert_eq!(self.sockets.local_address(id), local);
        let peer = socket.pair.map(|pair| pair.remote).ok_or(Error::NotConnected);
        assert_eq!(self.sockets.peer_address(id), self.unless_closed(number, peer));
    }

    pub(super) fn set_options(&mut self, number: usize, options: SocketOptions) {
        let length = options.send.ip_options.len();
        let fits = length <= MAX_IP_OPTIONS_LEN && length.is_multiple_of(4);
        let expected = if fits { Ok(()) } else { Err(Error::InvalidArgument) };
        let expected = self.unless_closed(number, expected);
        assert_eq!(self.sockets.set_options(self.id(number), options.clone()), expected);
        if expected.is_ok() {
            self.model.sockets[number].options = options;
        }
    }
}
