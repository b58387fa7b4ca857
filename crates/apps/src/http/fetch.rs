//! One request and its response, as a client sees it.

use std::io::{self, ErrorKind};

use tcp::Error;

use super::chunked::{Chunked, ChunkedError, Next};
use super::response::{BodyLength, MalformedResponse, ResponseHead};
use super::url::Url;
use crate::StreamSocket;

/// How much is received at a time, in bytes.
const PIECE: usize = 64 << 10;

/// How many pieces in one step, so that acknowledgments get to leave.
const PIECES_PER_STEP: usize = 16;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// Where it is.
    pub url: Url,
    /// From which byte on, if not all of it is wanted.
    pub from: Option<u64>,
}

/// A request under way, on a connection of its own.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The request, what of it has not been sent.
    request: Vec<u8>,
    /// What was received and is not used yet, from `used` on.
    window: Vec<u8>,
    used: usize,
    /// How the body is read, once the head has been.
    body: Option<Body>,
    /// How much of the body has been handed on, in bytes.
    received: u64,
}

#[derive(Clone, Debug)]
enum Body {
    /// So many bytes are left.
    Known(u64),
    Chunked(Chunked),
    UntilClosed,
}

/// How a step in the body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum BodyProgress {
    /// Nothing can be done before more comes, or the sink has room.
    Waits,
    /// There may be more to do at once.
    HasMore,
    /// That was all.
    Done,
}

/// Why there is no response, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Connection(Error),
    /// The connection ended before the response did.
    #[error("the connection ended before the answer did")]
    EndedEarly,
    /// The head cannot be read.
    #[error(transparent)]
    Head(#[from] MalformedResponse),
    /// The body cannot be read.
    #[error(transparent)]
    Chunked(#[from] ChunkedError),
    /// What was received cannot be handed on.
    #[error("cannot write: {0}")]
    Sink(io::Error),
}

impl Fetch {
    /// Asks for that. The connection is to be there already, and serves this once.
    #[must_use]
    pub fn new(request: &FetchRequest) -> Self {
        let FetchRequest { url, from } = request;
        let range = from.map(|from| format!("Range: bytes={from}-\r\n")).unwrap_or_default();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: strata\r\nAccept: */*\r\n\
             Accept-Encoding: identity\r\n{range}Connection: close\r\n\r\n",
            url.target(),
            url.authority()
        );
        Self { request: request.into_bytes(), window: Vec::new(), used: 0, body: None, received: 0 }
    }

    /// How many bytes of the body were handed on.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Sends the request and reads the head of the response: `None` while it has not come.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn head(
        &mut self,
        socket: &mut dyn StreamSocket,
    ) -> Result<Option<ResponseHead>, FetchError> {
        self.send_request(socket)?;
        loop {
            let unused = self.window.get(self.used..).unwrap_or_default();
            if let Some((head, length)) = ResponseHead::read(unused)? {
                self.used += length;
                // An interim response: the real one follows (RFC 9110, 15.2).
                if (100..200).contains(&head.status) {
                    continue;
                }
                self.body = Some(match head.body {
                    BodyLength::Known(length) => Body::Known(length),
                    BodyLength::Chunked => Body::Chunked(Chunked::default()),
                    BodyLength::UntilClosed => Body::UntilClosed,
                });
                return Ok(Some(head));
            }
            match self.receive(socket)? {
                Some(0) => return Err(FetchError::EndedEarly),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    fn send_request(&mut self, socket: &mut dyn StreamSocket) -> Result<(), FetchError> {
        while !self.request.is_empty() {
            match socket.send(&self.request) {
                Ok(sent) => drop(self.request.drain(..sent)),
                Err(Error::WouldBlock) => break,
                Err(error) => return Err(FetchError::Connection(error)),
            }
        }
        Ok(())
    }

    /// Hands the body on to `sink`, which says how much it took, as [`io::Write::write`] does.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn body(
        &mut self,
        socket: &mut dyn StreamSocket,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> Result<BodyProgress, FetchError> {
        for _ in 0..PIECES_PER_STEP {
            match self.hand_on(sink)? {
                HandedOn::All => return Ok(BodyProgress::Done),
                HandedOn::SinkIsFull => return Ok(BodyProgress::Waits),
                HandedOn::NeedsMore => {}
            }
            match self.receive(socket)? {
                Some(0) if matches!(self.body, Some(Body::UntilClosed)) => {
                    return Ok(BodyProgress::Done);
                }
                Some(0) => return Err(FetchError::EndedEarly),
                Some(_) => {}
                None => return Ok(BodyProgress::Waits),
            }
        }
        Ok(BodyProgress::HasMore)
    }

    /// Hands on what was received of the body.
    fn hand_on(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> Result<HandedOn, FetchError> {
        loop {
            let window = self.window.get(self.used..).unwrap_or_default();
            let next = match &mut self.body {
                None | Some(Body::Known(0)) => Next::Done,
                Some(Body::Chunked(chunked)) => chunked.next(window)?,
                Some(Body::UntilClosed | Body::Known(_)) if window.is_empty() => Next::More,
                Some(Body::UntilClosed) => Next::Data(window.len()),
                Some(Body::Known(left)) => {
                    Next::Data(usize::try_from(*left).unwrap_or(usize::MAX).min(window.len()))
                }
            };
            let count = match next {
                Next::Done => return Ok(HandedOn::All),
                Next::More => return Ok(HandedOn::NeedsMore),
                Next::Skip(count) => {
                    self.used += count;
                    continue;
                }
                Next::Data(count) => count,
            };
            match sink(window.get(..count).unwrap_or_default()) {
                Ok(taken) => self.took(taken),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(HandedOn::SinkIsFull);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(FetchError::Sink(error)),
            }
        }
    }

    fn took(&mut self, count: usize) {
        self.used += count;
        self.received += count as u64;
        match &mut self.body {
            Some(Body::Known(left)) => *left = left.saturating_sub(count as u64),
            Some(Body::Chunked(chunked)) => chunked.took(count),
            Some(Body::UntilClosed) | None => {}
        }
    }

    /// Receives a piece behind what is not used yet. How much, 0 at the end; `None` if nothing has
    /// come.
    fn receive(&mut self, socket: &mut dyn StreamSocket) -> Result<Option<usize>, FetchError> {
        self.window.drain(..self.used);
        self.used = 0;
        let before = self.window.len();
        self.window.resize(before + PIECE, 0);
        let room = self.window.get_mut(before..).unwrap_or_default();
        let received = socket.receive(room);
        self.window.truncate(before + received.as_ref().copied().unwrap_or(0));
        match received {
            Err(Error::WouldBlock) => Ok(None),
            received => received.map(Some).map_err(FetchError::Connection),
        }
    }
}

/// Why handing on stopped.
enum HandedOn {
    /// The body is over.
    All,
    /// All that was received was handed on.
    NeedsMore,
    SinkIsFull,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A server that says `answer`, in pieces of that size, and closes.
    struct Server {
        answer: VecDeque<u8>,
        piece: usize,
        asked: Vec<u8>,
    }

    impl StreamSocket for Server {
        fn receive(&mut self, into: &mut [u8]) -> Result<usize, Error> {
            let count = into.len().min(self.piece).min(self.answer.len());
            into.iter_mut().zip(self.answer.drain(..count)).for_each(|(to, from)| *to = from);
            Ok(count)
        }

        fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
            let count = data.len().min(10);
            self.asked.extend(&data[..count]);
            Ok(count)
        }

        fn shutdown(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    fn request(from: Option<u64>) -> FetchRequest {
        FetchRequest { url: "http://192.0.2.1:8000/a?b".parse().unwrap(), from }
    }

    /// What a fetch makes of the answer, in pieces of that size.
    fn fetch(answer: &str, piece: usize) -> Result<(ResponseHead, Vec<u8>), FetchError> {
        let answer = answer.bytes().collect();
        let mut server = Server { answer, piece, asked: Vec::new() };
        let mut fetch = Fetch::new(&request(None));
        let head = fetch.head(&mut server)?.expect("this server never blocks");
        let mut body = Vec::new();
        let mut sink = |data: &[u8]| {
            let count = data.len().min(3);
            body.extend(&data[..count]);
            Ok(count)
        };
        while fetch.body(&mut server, &mut sink)? != BodyProgress::Done {}
        assert_eq!(fetch.received(), body.len() as u64);
        Ok((head, body))
    }

    #[test]
    fn the_request_is_what_a_server_expects() {
        let answer = b"HTTP/1.1 200 OK\r\n\r\n".iter().copied().collect();
        let mut server = Server { answer, piece: 100, asked: Vec::new() };
        Fetch::new(&request(Some(5))).head(&mut server).unwrap();
        let expected = "GET /a?b HTTP/1.1\r\nHost: 192.0.2.1:8000\r\nUser-Agent: strata\r\n\
                        Accept: */*\r\nAccept-Encoding: identity\r\nRange: bytes=5-\r\n\
                        Connection: close\r\n\r\n";
        assert_eq!(String::from_utf8(server.asked).unwrap(), expected);
    }

    #[test]
    fn a_body_ends_where_the_head_says() {
        for piece in [1, 7, 1000] {
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, what else?",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
                "HTTP/1.0 200 OK\r\n\r\nhello",
            ] {
                let (head, body) = fetch(answer, piece).unwrap();
                assert_eq!((head.status, &body[..]), (200, &b"hello"[..]), "{answer} by {piece}");
            }
        }
    }

    #[test]
    fn a_body_that_ends_early_is_no_body() {
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ] {
            assert!(matches!(fetch(answer, 100), Err(FetchError::EndedEarly)), "{answer}");
        }
    }

    #[test]
    fn a_sink_that_is_full_is_asked_again_for_the_same() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd".iter().copied().collect();
        let mut server = Server { answer, piece: 100, asked: Vec::new() };
        let mut fetch = Fetch::new(&request(None));
        fetch.head(&mut server).unwrap();
        let mut is_full = |_: &[u8]| Err(ErrorKind::WouldBlock.into());
        assert_eq!(fetch.body(&mut server, &mut is_full).unwrap(), BodyProgress::Waits);
        let mut body: Vec<u8> = Vec::new();
        let mut takes = |data: &[u8]| {
            body.extend(data);
            Ok(data.len())
        };
        assert_eq!(fetch.body(&mut server, &mut takes).unwrap(), BodyProgress::Done);
        assert_eq!(body, b"abcd");
    }
}
