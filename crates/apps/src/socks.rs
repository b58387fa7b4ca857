//! SOCKS5, the server's side (RFC 1928): a program says to which host and port it wants to be
//! connected, and from then on its connection is that one.
//!
//! ```text
//!   client                                               server
//!     │ ── 5, n, n methods ──────────────────────────────►│
//!     │ ◄───────────────────────────────── 5, method ─────│  0: nobody has to say who they are
//!     │ ── 5, command, 0, address, port ─────────────────►│  1: CONNECT
//!     │ ◄─────────────── 5, reply, 0, address, port ──────│  0: it is done
//!     │ ◄════════════════ bytes, both ways ══════════════►│
//! ```
//!
//! An address is four bytes (type 1), a name with its length in front (3), or sixteen bytes (4).
//! There is no socket here and nothing is looked up: [`Negotiation`] takes bytes and says what
//! is asked.

use std::net::{Ipv4Addr, SocketAddrV4};

use tcp::Error;

/// The port that SOCKS uses unless told otherwise.
pub const DEFAULT_PORT: u16 = 1080;

/// Most bytes that a client can say before it is answered: the longest request (262) is longer
/// than the longest greeting (257). With it may come the first data.
pub const MAX_MESSAGE: usize = 262;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const NO_METHOD: u8 = 0xff;

/// To whom a client wants to be connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// By address.
    Address(SocketAddrV4),
    /// By name, which is yet to be looked up, and port.
    Name(String, u16),
}

/// What a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Succeeded,
    /// Something here is in the way.
    GeneralFailure,
    /// That is not allowed.
    NotAllowed,
    /// No route leads there.
    NetworkUnreachable,
    /// Nobody answers there, or the name is not known.
    HostUnreachable,
    /// Nobody listens there.
    ConnectionRefused,
    /// BIND and UDP ASSOCIATE are not offered.
    CommandNotSupported,
    /// The address is of IPv6, or of no kind that there is.
    AddressTypeNotSupported,
}

impl Reply {
    /// What is said of a connection that was not made.
    #[must_use]
    pub const fn of_error(error: Error) -> Self {
        match error {
            Error::ConnectionRefused | Error::ConnectionReset | Error::ConnectionAborted => {
                Self::ConnectionRefused
            }
            Error::NetworkUnreachable => Self::NetworkUnreachable,
            Error::HostUnreachable | Error::TimedOut | Error::ProtocolNotAvailable => {
                Self::HostUnreachable
            }
            Error::InvalidArgument => Self::NotAllowed,
            _ => Self::GeneralFailure,
        }
    }

    /// The message, with the address and port from which we are connected.
    #[must_use]
    pub fn message(self, bound: SocketAddrV4) -> [u8; 10] {
        let [a, b, c, d] = bound.ip().octets();
        let [high, low] = bound.port().to_be_bytes();
        [VERSION, self.byte(), 0, 1, a, b, c, d, high, low]
    }

    /// The message where there is no connection.
    #[must_use]
    pub fn message_of_failure(self) -> [u8; 10] {
        self.message(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::GeneralFailure => 1,
            Self::NotAllowed => 2,
            Self::NetworkUnreachable => 3,
            Self::HostUnreachable => 4,
            Self::ConnectionRefused => 5,
            Self::CommandNotSupported => 7,
            Self::AddressTypeNotSupported => 8,
        }
    }
}

/// A client that does not speak SOCKS5 without a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// SOCKS4.
    #[error("it speaks SOCKS4, and this is SOCKS5: curl --socks5")]
    Socks4,
    /// HTTP.
    #[error("it speaks HTTP, and this is SOCKS5: curl --socks5")]
    Http,
    /// Something else.
    #[error("it does not speak SOCKS5")]
    Other,
    /// It wants to say who it is.
    #[error("it insists on a password, and there is none here")]
    WantsPassword,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// More must come.
    Wait,
    /// This is to be sent.
    Say([u8; 2]),
    /// It wants to be connected; what came behind the request is the first data.
    Connect(Destination, Vec<u8>),
    /// This is to be said, and then it is over.
    Decline(Reply),
    /// It is no client. If it should be told why, this is to be sent.
    Drop(Stranger, Option<[u8; 2]>),
}

/// What a client has said so far.
#[derive(Clone, Debug, Default)]
pub struct Negotiation {
    came: Vec<u8>,
    has_greeted: bool,
}

impl Negotiation {
    /// One that has said nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what came.
    pub fn take(&mut self, bytes: &[u8]) {
        self.came.extend_from_slice(bytes);
    }

    /// What follows of it. To be asked again after [`Next::Say`].
    pub fn next_step(&mut self) -> Next {
        if self.has_greeted { self.take_request() } else { self.take_greeting() }
    }

    fn take_greeting(&mut self) -> Next {
        let (count, rest) = match self.came.as_slice() {
            [] | [VERSION] => return Next::Wait,
            [VERSION, count, rest @ ..] => (usize::from(*count), rest),
            [4, ..] => return Next::Drop(Stranger::Socks4, None),
            [first, ..] if first.is_ascii_uppercase() => return Next::Drop(Stranger::Http, None),
            _ => return Next::Drop(Stranger::Other, None),
        };
        let Some(methods) = rest.get(..count) else { return Next::Wait };
        if !methods.contains(&NO_AUTHENTICATION) {
            return Next::Drop(Stranger::WantsPassword, Some([VERSION, NO_METHOD]));
        }
        self.came.drain(..2 + count);
        self.has_greeted = true;
        Next::Say([VERSION, NO_AUTHENTICATION])
    }

    fn take_request(&mut self) -> Next {
        let (command, kind, rest) = match self.came.as_slice() {
            [VERSION, command, 0, kind, rest @ ..] => (*command, *kind, rest),
            [] | [VERSION] | [VERSION, _] | [VERSION, _, 0] => return Next::Wait,
            _ => return Next::Drop(Stranger::Other, None),
        };
        let length = match (kind, rest.first()) {
            (1, _) => 4,
            (3, None) => return Next::Wait,
            (3, Some(0)) => return Next::Drop(Stranger::Other, None),
            (3, Some(length)) => 1 + usize::from(*length),
            (4, _) => 16,
            _ => return Next::Decline(Reply::AddressTypeNotSupported),
        };
        let Some((address, rest)) = rest.split_at_checked(length) else { return Next::Wait };
        let Some((port, data)) = rest.split_first_chunk() else { return Next::Wait };
        let port = u16::from_be_bytes(*port);
        if command != 1 {
            return Next::Decline(Reply::CommandNotSupported);
        }
        match (kind, address) {
            (1, &[a, b, c, d]) => {
                let address = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port);
                Next::Connect(Destination::Address(address), data.to_vec())
            }
            (3, [_, name @ ..]) => match str::from_utf8(name) {
                Ok(name) if is_name(name) => {
                    Next::Connect(Destination::Name(name.to_owned(), port), data.to_vec())
                }
                _ => Next::Decline(Reply::HostUnreachable),
            },
            _ => Next::Decline(Reply::AddressTypeNotSupported),
        }
    }
}

/// Whether a text can be the name of a host: nothing that could mean something to a resolver, a
/// terminal or a file system.
fn is_name(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All that follows when the bytes come in pieces of this length.
    fn follows(bytes: &[u8], piece: usize) -> Vec<Next> {
        let mut negotiation = Negotiation::new();
        let mut all = Vec::new();
        for piece in bytes.chunks(piece) {
            negotiation.take(piece);
            loop {
                match negotiation.next_step() {
                    Next::Wait => break,
                    Next::Say(message) => all.push(Next::Say(message)),
                    over => {
                        all.push(over);
                        return all;
                    }
                }
            }
        }
        all
    }

    #[test]
    fn an_address_or_a_name_is_asked_for_however_the_bytes_come() {
        let agreed = Next::Say([5, 0]);
        let by_address = b"\x05\x02\x00\x02\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50";
        let by_name = b"\x05\x01\x00\x05\x01\x00\x03\x0bexample.org\x01\xbb";
        let address = Destination::Address("192.0.2.1:80".parse().unwrap());
        let name = Destination::Name("example.org".to_owned(), 443);
        for (bytes, wanted) in [(&by_address[..], address), (by_name, name)] {
            for piece in 1..=bytes.len() {
                let connect = Next::Connect(wanted.clone(), Vec::new());
                assert_eq!(follows(bytes, piece), [agreed.clone(), connect]);
            }
        }
    }

    #[test]
    fn what_comes_behind_the_request_is_data() {
        let bytes = b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50GET /";
        let Some(Next::Connect(_, data)) = follows(bytes, 100).pop() else { panic!("no request") };
        assert_eq!(data, b"GET /");
    }

    #[test]
    fn what_is_not_offered_is_declined_by_its_code() {
        let cases: [(&[u8], Reply); 6] = [
            (b"\x05\x02\x00\x01\xc0\x00\x02\x01\x00\x50", Reply::CommandNotSupported),
            (b"\x05\x03\x00\x01\xc0\x00\x02\x01\x00\x50", Reply::CommandNotSupported),
            (b"\x05\x01\x00\x041234567890123456\x00\x50", Reply::AddressTypeNotSupported),
            (b"\x05\x01\x00\x02abcd\x00\x50", Reply::AddressTypeNotSupported),
            (b"\x05\x01\x00\x03\x03a b\x00\x50", Reply::HostUnreachable),
            (b"\x05\x01\x00\x03\x02\xff\xff\x00\x50", Reply::HostUnreachable),
        ];
        for (request, reply) in cases {
            let bytes = [b"\x05\x01\x00", request].concat();
            assert_eq!(follows(&bytes, 100).pop(), Some(Next::Decline(reply)), "{request:?}");
        }
    }

    #[test]
    fn strangers_are_known_by_their_first_bytes() {
        let cases: [(&[u8], Stranger); 6] = [
            (b"\x04\x01\x00\x50", Stranger::Socks4),
            (b"CONNECT example.org:443 HTTP/1.1", Stranger::Http),
            (b"\x16\x03\x01", Stranger::Other),
            (b"\x05\x01\x02", Stranger::WantsPassword),
            (b"\x05\x00", Stranger::WantsPassword),
            (b"\x05\x01\x00\x04\x01", Stranger::Other),
        ];
        for (bytes, stranger) in cases {
            let last = follows(bytes, 1).pop();
            assert!(
                matches!(last, Some(Next::Drop(it, _)) if it == stranger),
                "{bytes:?} {last:?}"
            );
        }
    }

    #[test]
    fn a_reply_names_our_end_of_the_connection() {
        let bound = "192.0.2.2:258".parse().unwrap();
        assert_eq!(Reply::Succeeded.message(bound), [5, 0, 0, 1, 192, 0, 2, 2, 1, 2]);
        assert_eq!(Reply::ConnectionRefused.message_of_failure(), [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm_and_no_more_are_held_than_a_message_has(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            piece in 1..64_usize,
        ) {
            let mut negotiation = Negotiation::new();
            'all: for piece in bytes.chunks(piece) {
                negotiation.take(piece);
                loop {
                    match negotiation.next_step() {
                        Next::Wait => break,
                        Next::Say(_) => {}
                        _ => break 'all,
                    }
                }
                prop_assert!(negotiation.came.len() <= MAX_MESSAGE);
            }
        }
    }
}
