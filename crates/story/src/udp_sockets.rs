//! What an application does with our stack's UDP sockets.

use std::net::{Ipv4Addr, SocketAddr};

use packet::Instant;
use stack::Stack;
use udp::{Cause, Error, Message, Metadata, SendOptions, SocketId, SocketOptions};

use crate::cast::App;
use crate::failure::Failure;
use crate::words;

impl App<'_, Stack> {
    /// The application opens a socket that has this port on any of our addresses. Port 0 leaves
    /// it to the stack.
    #[track_caller]
    pub fn opens_udp(&self, port: u16) -> SocketId {
        self.succeeds(&format!("opens UDP port {port}"), |stack, now| {
            let socket = stack.udp(now).open()?;
            stack.udp(now).bind(socket, (Ipv4Addr::UNSPECIFIED, port).into())?;
            Ok(socket)
        })
    }

    /// The application connects `socket` to `peer`.
    #[track_caller]
    pub fn connects_udp(&self, socket: SocketId, peer: impl Into<SocketAddr>) {
        let peer = peer.into();
        self.succeeds(&format!("connects its UDP socket to {peer}"), |stack, now| {
            stack.udp(now).connect(socket, peer)
        });
    }

    /// The application has `socket` behave otherwise, as `how` describes: it follows "The
    /// application has its UDP socket".
    #[track_caller]
    pub fn has_udp(&self, socket: SocketId, how: &str, options: SocketOptions) {
        self.succeeds(&format!("has its UDP socket {how}"), |stack, now| {
            stack.udp(now).set_options(socket, options)
        });
    }

    /// The application closes `socket`.
    #[track_caller]
    pub fn closes_udp(&self, socket: SocketId) {
        self.succeeds("closes its UDP socket", |stack, now| stack.udp(now).close(socket));
    }

    /// The application sends `data` to `destination`.
    #[track_caller]
    pub fn sends_udp(&self, socket: SocketId, destination: impl Into<SocketAddr>, data: &[u8]) {
        let destination = destination.into();
        let words = format!("sends {} to {destination} by UDP", words::quote(data));
        self.succeeds(&words, |stack, now| {
            stack.udp(now).send(socket, &Message::to(destination, data))
        });
    }

    /// The application sends `data` to `destination`, from the address `source`.
    #[track_caller]
    pub fn sends_udp_from(
        &self,
        socket: SocketId,
        source: Ipv4Addr,
        destination: impl Into<SocketAddr>,
        data: &[u8],
    ) {
        let destination = destination.into();
        let words = format!("sends {} to {destination} by UDP from {source}", words::quote(data));
        self.succeeds(&words, |stack, now| {
            let message = Message::to(destination, data).with_source(source.into());
            stack.udp(now).send(socket, &message)
        });
    }

    /// The application sends `data` to `destination` with `options`, which `how` describes.
    #[track_caller]
    pub fn sends_udp_with(
        &self,
        socket: SocketId,
        destination: impl Into<SocketAddr>,
        data: &[u8],
        how: &str,
        options: &SendOptions,
    ) {
        let destination = destination.into();
        let words = format!("sends {} to {destination} by UDP {how}", words::quote(data));
        self.succeeds(&words, |stack, now| {
            let message = Message::to(destination, data).with_options(options);
            stack.udp(now).send(socket, &message)
        });
    }

    /// The application wants to send `data` to `destination`, and is refused with `error`.
    #[track_caller]
    pub fn cannot_send_udp(
        &self,
        socket: SocketId,
        destination: impl Into<SocketAddr>,
        data: &[u8],
        error: Error,
    ) {
        let destination = destination.into();
        let what = format!("that it cannot send {} to {destination}", words::quote(data));
        self.finds(&format!("{what}: {error}"), |stack, now| {
            let sent = stack.udp(now).send(socket, &Message::to(destination, data));
            match sent {
                Err(is) if is == error => Ok(()),
                Err(is) => Err(format!("the call fails otherwise: {is}")),
                Ok(()) => Err("it can".to_owned()),
            }
        });
    }

    /// The application receives a datagram with `data`, and learns what it can about it.
    #[track_caller]
    pub fn receives_udp(&self, socket: SocketId, data: &[u8]) -> Metadata {
        let words = format!("a UDP datagram with {}", words::data(data));
        self.finds(&words, |stack, now| match stack.udp(now).receive(socket) {
            Ok(incoming) if incoming.payload == data => Ok(incoming.metadata),
            Ok(incoming) => {
                Err(format!("the datagram that came has {}", words::data(&incoming.payload)))
            }
            Err(error) => Err(format!("there is none: {error}")),
        })
    }

    /// Nothing waits at `socket`.
    #[track_caller]
    pub fn receives_no_udp(&self, socket: SocketId) {
        self.finds("nothing at its UDP socket", |stack, now| {
            match stack.udp(now).receive(socket) {
                Err(Error::WouldBlock) => Ok(()),
                Err(error) => Err(format!("the call fails otherwise: {error}")),
                Ok(incoming) => {
                    Err(format!("a datagram came with {}", words::data(&incoming.payload)))
                }
            }
        });
    }

    /// The application is told why a datagram that it sent did not arrive, and by whom.
    #[track_caller]
    pub fn is_told(&self, socket: SocketId, cause: Cause, reporter: Ipv4Addr) {
        let words = format!("a report of {cause:?} by {reporter}");
        self.finds(&words, |stack, now| match stack.udp(now).take_report(socket) {
            Ok(Some(is)) if is.cause == cause && is.reporter == reporter => Ok(()),
            Ok(Some(is)) => Err(format!("the report is of {:?} by {}", is.cause, is.reporter)),
            Ok(None) => Err("there is no report".to_owned()),
            Err(error) => Err(format!("there is none: {error}")),
        });
    }

    /// The application makes a call that must not fail.
    #[track_caller]
    fn succeeds<T>(
        &self,
        words: &str,
        call: impl FnOnce(&mut Stack, Instant) -> Result<T, Error>,
    ) -> T {
        self.story.action(format!("The application {words}."), |telling| {
            telling.act(call)?.map_err(|error| Failure {
                expected: format!("the application {words}"),
                instead: format!("the call fails: {error}"),
                differences: Vec::new(),
            })
        })
    }
}
