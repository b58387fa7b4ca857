//! What an application does with our stack's TCP sockets.

use std::net::{Ipv4Addr, SocketAddr};

use packet::Instant;
use stack::Stack;
use tcp::{ConnectionOptions, Error, SocketId, State};

use crate::cast::App;
use crate::failure::Failure;
use crate::words;

/// How many connections a listener has room for.
const BACKLOG: usize = 8;

impl App<'_, Stack> {
    /// The application listens on this port of any of our addresses.
    #[track_caller]
    pub fn listens(&self, port: u16) -> SocketId {
        self.does_tcp(&format!("listens on TCP port {port}"), |stack, now| {
            stack.tcp(now).listen(any(port), BACKLOG, ConnectionOptions::default())
        })
    }

    /// The application listens with `options`, which `how` describes: it follows "The application
    /// listens on TCP port 7".
    #[track_caller]
    pub fn listens_with(&self, port: u16, how: &str, options: ConnectionOptions) -> SocketId {
        self.listens_with_backlog(port, how, BACKLOG, options)
    }

    /// The same with room for only so many connections that are not accepted yet.
    #[track_caller]
    pub fn listens_with_backlog(
        &self,
        port: u16,
        how: &str,
        backlog: usize,
        options: ConnectionOptions,
    ) -> SocketId {
        self.does_tcp(&format!("listens on TCP port {port} {how}"), |stack, now| {
            stack.tcp(now).listen(any(port), backlog, options)
        })
    }

    /// The application wants to listen, and is refused with `error`.
    #[track_caller]
    pub fn cannot_listen(&self, local: impl Into<SocketAddr>, error: Error) {
        let local = local.into();
        self.is_refused(&format!("listen on {local}"), error, |stack, now| {
            stack.tcp(now).listen(local, BACKLOG, ConnectionOptions::default())
        });
    }

    /// The application accepts the connection that has waited longest.
    #[track_caller]
    pub fn accepts(&self, listener: SocketId) -> SocketId {
        self.finds_by_tcp("a connection to accept", |stack, now| stack.tcp(now).accept(listener))
    }

    /// No connection waits to be accepted.
    #[track_caller]
    pub fn accepts_nothing(&self, listener: SocketId) {
        self.is_refused("accept a connection", Error::WouldBlock, |stack, now| {
            stack.tcp(now).accept(listener)
        });
    }

    /// The application asks `remote` for a connection. It is not established yet.
    #[track_caller]
    pub fn connects(&self, remote: impl Into<SocketAddr>) -> SocketId {
        let remote = remote.into();
        self.does_tcp(&format!("connects to {remote} by TCP"), |stack, now| {
            stack.tcp(now).connect(None, remote, ConnectionOptions::default())
        })
    }

    /// The same with `options`, which `how` describes.
    #[track_caller]
    pub fn connects_with(
        &self,
        remote: impl Into<SocketAddr>,
        how: &str,
        options: ConnectionOptions,
    ) -> SocketId {
        let remote = remote.into();
        self.does_tcp(&format!("connects to {remote} by TCP {how}"), |stack, now| {
            stack.tcp(now).connect(None, remote, options)
        })
    }

    /// The same from a local address and port that the application names.
    #[track_caller]
    pub fn connects_from(
        &self,
        local: impl Into<SocketAddr>,
        remote: impl Into<SocketAddr>,
    ) -> SocketId {
        let (local, remote) = (local.into(), remote.into());
        self.does_tcp(&format!("connects to {remote} from {local} by TCP"), |stack, now| {
            stack.tcp(now).connect(Some(local), remote, ConnectionOptions::default())
        })
    }

    /// The application wants to connect, and is refused with `error`.
    #[track_caller]
    pub fn cannot_connect(&self, remote: impl Into<SocketAddr>, error: Error) {
        let remote = remote.into();
        self.is_refused(&format!("connect to {remote} by TCP"), error, |stack, now| {
            stack.tcp(now).connect(None, remote, ConnectionOptions::default())
        });
    }

    /// The application wants to connect from `local`, and is refused with `error`.
    #[track_caller]
    pub fn cannot_connect_from(
        &self,
        local: impl Into<SocketAddr>,
        remote: impl Into<SocketAddr>,
        error: Error,
    ) {
        let (local, remote) = (local.into(), remote.into());
        self.is_refused(&format!("connect to {remote} from {local}"), error, |stack, now| {
            stack.tcp(now).connect(Some(local), remote, ConnectionOptions::default())
        });
    }

    /// The application sends `data`, all of which must find room.
    #[track_caller]
    pub fn sends_tcp(&self, socket: SocketId, data: impl AsRef<[u8]>) {
        let data = data.as_ref();
        self.sends_by(data, "", |stack, now| stack.tcp(now).send(now, socket, data));
    }

    /// The application sends `data`, whose end is the end of what is urgent.
    #[track_caller]
    pub fn sends_urgent(&self, socket: SocketId, data: impl AsRef<[u8]>) {
        let data = data.as_ref();
        self.sends_by(data, ", urgently", |stack, now| {
            stack.tcp(now).send_urgent(now, socket, data)
        });
    }

    #[track_caller]
    fn sends_by(
        &self,
        data: &[u8],
        how: &str,
        send: impl FnOnce(&mut Stack, Instant) -> Result<usize, Error>,
    ) {
        let words = format!("sends {} by TCP{how}", words::quote(data));
        let taken = self.does_tcp(&words, send);
        if taken < data.len() {
            self.finds(&format!("room for all {} bytes", data.len()), |_, _| {
                Err::<(), _>(format!("there is room for {taken}"))
            });
        }
    }

    /// The application wants to send, and is refused with `error`.
    #[track_caller]
    pub fn cannot_send_tcp(&self, socket: SocketId, data: impl AsRef<[u8]>, error: Error) {
        let data = data.as_ref();
        self.is_refused(&format!("send {} by TCP", words::quote(data)), error, |stack, now| {
            stack.tcp(now).send(now, socket, data)
        });
    }

    /// The application reads all that has come: exactly `data`.
    #[track_caller]
    pub fn receives_tcp(&self, socket: SocketId, data: impl AsRef<[u8]>) {
        self.reads(socket, data.as_ref(), usize::MAX);
    }

    /// The application reads no more than so many bytes as `data` has, and finds these.
    #[track_caller]
    pub fn reads_tcp(&self, socket: SocketId, data: impl AsRef<[u8]>) {
        self.reads(socket, data.as_ref(), data.as_ref().len());
    }

    #[track_caller]
    fn reads(&self, socket: SocketId, data: &[u8], most: usize) {
        let what = format!("{} at its TCP socket", words::quote(data));
        self.finds(&what, |stack, now| {
            let is = read(stack, now, socket, most)?;
            match words::data_difference("data", &is, data) {
                None => Ok(()),
                Some(_) if is.is_empty() => Err("the peer sends no more".to_owned()),
                Some(sentence) => {
                    Err(sentence.replacen("Its", "the", 1).trim_end_matches('.').to_owned())
                }
            }
        });
    }

    /// Nothing has come that was not read, and the end has not come either.
    #[track_caller]
    pub fn receives_no_tcp(&self, socket: SocketId) {
        self.cannot_receive_tcp(socket, Error::WouldBlock);
    }

    /// The application wants to receive, and is refused with `error`.
    #[track_caller]
    pub fn cannot_receive_tcp(&self, socket: SocketId, error: Error) {
        self.is_refused("receive by TCP", error, |stack, now| {
            stack.tcp(now).receive(now, socket, &mut [0; 100])
        });
    }

    /// The application has read all, and the peer sends no more.
    #[track_caller]
    pub fn finds_the_end(&self, socket: SocketId) {
        self.finds("the end of what the peer sends", |stack, now| {
            match stack.tcp(now).receive(now, socket, &mut [0; 100]) {
                Ok(0) => Ok(()),
                Ok(count) => Err(format!("there is more to read: {count} bytes or more")),
                Err(error) => Err(format!("the call fails: {error}")),
            }
        });
    }

    /// The application can read so many bytes up to the end of what is urgent; `None` if nothing
    /// is.
    #[track_caller]
    pub fn finds_urgent(&self, socket: SocketId, count: impl Into<Option<usize>>) {
        let in_words = |count: Option<usize>| match count {
            None => "nothing urgent to read".to_owned(),
            Some(count) => format!("{count} bytes to read up to the end of what is urgent"),
        };
        let count = count.into();
        self.finds(&in_words(count), |stack, now| match stack.tcp(now).urgent_to_read(socket) {
            Ok(is) if is == count => Ok(()),
            Ok(is) => Err(format!("there is {}", in_words(is))),
            Err(error) => Err(format!("the call fails: {error}")),
        });
    }

    /// The application closes its half: it sends no more, but goes on to receive.
    #[track_caller]
    pub fn shuts_down(&self, socket: SocketId) {
        self.does_tcp("sends no more by TCP", |stack, now| stack.tcp(now).shutdown(now, socket));
    }

    /// The application lets go of its socket.
    #[track_caller]
    pub fn closes_tcp(&self, socket: SocketId) {
        self.does_tcp("closes its TCP socket", |stack, now| stack.tcp(now).close(now, socket));
    }

    /// The application ends the connection at once.
    #[track_caller]
    pub fn aborts(&self, socket: SocketId) {
        self.does_tcp("aborts its connection", |stack, now| stack.tcp(now).abort(now, socket));
    }

    /// The application has the connection behave otherwise, as `how` describes: it follows "The
    /// application has its connection".
    #[track_caller]
    pub fn has_tcp(
        &self,
        socket: SocketId,
        how: &str,
        change: impl FnOnce(&mut ConnectionOptions),
    ) {
        self.does_tcp(&format!("has its connection {how}"), |stack, now| {
            let mut options = stack.tcp(now).options(socket)?.clone();
            change(&mut options);
            stack.tcp(now).set_options(now, socket, options)
        });
    }

    /// The connection stands there.
    #[track_caller]
    pub fn finds_it(&self, socket: SocketId, state: State) {
        let what = format!("its connection in {state}");
        self.finds(&what, |stack, now| match stack.tcp(now).state(socket) {
            Ok(is) if is == state => Ok(()),
            Ok(is) => Err(format!("it is in {is}")),
            Err(error) => Err(format!("the call fails: {error}")),
        });
    }

    /// The application learns what ended its connection, or what the network reported of it.
    #[track_caller]
    pub fn learns_of(&self, socket: SocketId, error: Error) {
        self.finds(&format!("an error: {error}"), |stack, now| {
            match stack.tcp(now).take_error(socket) {
                Ok(Some(is)) if is == error => Ok(()),
                Ok(Some(is)) => Err(format!("the error is another one: {is}")),
                Ok(None) => Err("there is no error".to_owned()),
                Err(error) => Err(format!("the call fails: {error}")),
            }
        });
    }

    /// Nothing has gone wrong that the application does not know of.
    #[track_caller]
    pub fn learns_of_no_error(&self, socket: SocketId) {
        self.finds("no error", |stack, now| match stack.tcp(now).take_error(socket) {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(format!("there is one: {error}")),
            Err(error) => Err(format!("the call fails: {error}")),
        });
    }

    /// The application makes a call that must not fail.
    #[track_caller]
    fn does_tcp<T>(
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

    /// The application looks for something that must be there.
    #[track_caller]
    fn finds_by_tcp<T>(
        &self,
        words: &str,
        call: impl FnOnce(&mut Stack, Instant) -> Result<T, Error>,
    ) -> T {
        self.finds(words, |stack, now| {
            call(stack, now).map_err(|error| format!("there is none: {error}"))
        })
    }

    /// The application makes a call that must fail with `error`.
    #[track_caller]
    fn is_refused<T>(
        &self,
        words: &str,
        error: Error,
        call: impl FnOnce(&mut Stack, Instant) -> Result<T, Error>,
    ) {
        self.finds(&format!("that it cannot {words}: {error}"), |stack, now| {
            match call(stack, now) {
                Err(is) if is == error => Ok(()),
                Err(is) => Err(format!("the call fails otherwise: {is}")),
                Ok(_) => Err("it can".to_owned()),
            }
        });
    }
}

fn any(port: u16) -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, port).into()
}

/// Reads until `most` bytes are there or nothing is left. Empty at the end alone.
fn read(stack: &mut Stack, now: Instant, socket: SocketId, most: usize) -> Result<Vec<u8>, String> {
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    while read.len() < most {
        let room = chunk.len().min(most - read.len());
        let into = chunk.get_mut(..room).unwrap_or_default();
        match stack.tcp(now).receive(now, socket, into) {
            Ok(0) => break,
            Ok(count) => read.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(Error::WouldBlock) if !read.is_empty() => break,
            Err(error) => return Err(format!("the call fails: {error}")),
        }
    }
    Ok(read)
}
