//! Who asks: a socket of the kernel.

use std::error::Error;
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::sockopt::RcvBufForce;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, setsockopt};

use super::lab::Server;
use crate::contest::Turn;

/// The well-known port of echo (RFC 862).
pub(super) const ECHO: u16 = 7;

/// How long a turn takes.
const ROUND_TRIPS: Duration = Duration::from_millis(100);
const LOAD: Duration = Duration::from_millis(150);

/// How long a server may take to answer at all: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// After so much silence nothing more comes.
const SILENCE: Duration = Duration::from_millis(10);

/// How many datagrams one system call sends or receives.
const BATCH: usize = 32;

/// Bytes that may wait at the socket until we have the CPU again.
const ROOM: usize = 4 << 20;

/// What each datagram carries under load.
pub(super) const PAYLOAD: [u8; 64] =
    *b"the quick brown fox jumps over the lazy dog 0123456789 and back\n";

/// A client of one server.
pub(super) struct Client<'a> {
    socket: UdpSocket,
    server: &'a Server,
}

impl<'a> Client<'a> {
    pub(super) fn new(server: &'a Server) -> Result<Self, Box<dyn Error>> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((server.address, ECHO))?;
        // Only root of the whole machine may. Anybody else loses a little when the machine is busy.
        let _ = setsockopt(&socket, RcvBufForce, &ROOM);
        Ok(Self { socket, server })
    }

    /// Sends a byte, waits until it is back, and sends the next.
    pub(super) fn round_trips(&mut self) -> Result<Turn, Box<dyn Error>> {
        self.socket.set_nonblocking(false)?;
        self.socket.set_read_timeout(Some(PATIENCE))?;
        let busy = self.server.cpu_time();
        let start = Instant::now();
        let mut count = 0_u32;
        let mut answer = [0; 2];
        while start.elapsed() < ROUND_TRIPS {
            let [.., byte] = count.to_be_bytes();
            self.socket.send(&[byte])?;
            let length = self.socket.recv(&mut answer).map_err(|error| {
                format!("{} has not sent back what it was sent: {error}", self.server.name)
            })?;
            if answer.get(..length) != Some(&[byte]) {
                return Err(format!("{} sent back something else", self.server.name).into());
            }
            count += 1;
        }
        let time = start.elapsed();
        let busy = self.server.cpu_time() - busy;
        Ok(Turn { count, time, further: vec![busy / f64::from(count)] })
    }

    /// Sends as fast as it can, and counts what comes back.
    pub(super) fn load(&mut self) -> Result<Turn, Box<dyn Error>> {
        self.socket.set_nonblocking(true)?;
        let mut exchange = Exchange::new(&self.socket);
        let busy = self.server.cpu_time();
        let start = Instant::now();
        let (mut sent, mut count) = (0, 0);
        // Longer if the server has not had its CPU yet.
        while start.elapsed() < LOAD || count == 0 {
            if start.elapsed() > PATIENCE {
                return Err(format!("{} has sent nothing back", self.server.name).into());
            }
            sent += exchange.send()?;
            count += exchange.receive()?;
        }
        let time = start.elapsed();
        let busy = self.server.cpu_time() - busy;
        self.wait_for_silence()?;
        let sent = f64::from(sent) / time.as_secs_f64();
        Ok(Turn { count, time, further: vec![busy / f64::from(count), sent] })
    }

    /// Has the next turn begin in silence.
    fn wait_for_silence(&self) -> Result<(), Box<dyn Error>> {
        self.socket.set_nonblocking(false)?;
        self.socket.set_read_timeout(Some(SILENCE))?;
        loop {
            match self.socket.recv(&mut [0; PAYLOAD.len()]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Datagrams in batches.
struct Exchange<'a> {
    socket: &'a UdpSocket,
    headers: MultiHeaders<SockaddrIn>,
    /// Where each datagram that comes is laid. There is room for one that is too long.
    places: [[u8; PAYLOAD.len() + 1]; BATCH],
}

impl<'a> Exchange<'a> {
    fn new(socket: &'a UdpSocket) -> Self {
        let headers = MultiHeaders::preallocate(BATCH, None);
        Self { socket, headers, places: [[0; PAYLOAD.len() + 1]; BATCH] }
    }

    /// Sends a batch, and says how many went.
    fn send(&mut self) -> Result<u32, Errno> {
        let payloads = [[IoSlice::new(&PAYLOAD)]; BATCH];
        let (to_server, flags) = ([None; BATCH], MsgFlags::empty());
        let socket = self.socket.as_raw_fd();
        match sendmmsg(socket, &mut self.headers, &payloads, to_server, [], flags) {
            Ok(sent) => Ok(sent.map(|_| 1).sum()),
            // The device's queue is full.
            Err(Errno::EAGAIN | Errno::ENOBUFS) => Ok(0),
            Err(errno) => Err(errno),
        }
    }

    /// Receives a batch of what is there, and says how many came.
    fn receive(&mut self) -> Result<u32, Box<dyn Error>> {
        let mut places = self.places.each_mut().map(|place| [IoSliceMut::new(place)]);
        let (socket, flags) = (self.socket.as_raw_fd(), MsgFlags::empty());
        let received = match recvmmsg(socket, &mut self.headers, &mut places, flags, None) {
            Ok(received) => received,
            Err(Errno::EAGAIN) => return Ok(0),
            Err(errno) => return Err(errno.into()),
        };
        let mut count = 0;
        for datagram in received {
            if datagram.iovs().next() != Some(&PAYLOAD) {
                return Err("something else came back than what was sent".into());
            }
            count += 1;
        }
        Ok(count)
    }
}
