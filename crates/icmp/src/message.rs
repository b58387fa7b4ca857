//! The message as a value: reading its header and writing it.

use byteorder::{ByteOrder, NetworkEndian};
use packet::Buffer;

use crate::{ErrorMessage, HEADER_LEN, Query, Redirect};

const ECHO_REPLY: u8 = 0;
const SOURCE_QUENCH: u8 = 4;
const ECHO_REQUEST: u8 = 8;

/// A message's header: everything but the checksum and the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// "Send this back to me": what `ping` sends.
    EchoRequest(Echo),
    /// "Here it is."
    EchoReply(Echo),
    /// "This is what became of your datagram", which the data quotes.
    Error(ErrorMessage),
    /// "Send slower." Nobody sends it any more, and whoever gets it ignores it, since anybody
    /// could forge one (RFC 6633).
    SourceQuench(SourceQuench),
    /// "There is a better router for that."
    Redirect(Redirect),
    /// A question, or the answer to one, that this stack leaves alone.
    Query(Query),
    /// A message that this crate has no name for. It is dropped in silence (ICMP-1).
    Unknown(Unknown),
}

/// What tells one echo from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Which run of `ping` asks; the reply repeats it.
    pub identifier: u16,
    /// Which of its requests this is; the reply repeats it.
    pub sequence_number: u16,
}

impl Echo {
    /// From the four bytes behind the checksum.
    pub(crate) fn read(rest: [u8; 4]) -> Self {
        Self {
            identifier: NetworkEndian::read_u16(&rest[..2]),
            sequence_number: NetworkEndian::read_u16(&rest[2..]),
        }
    }

    pub(crate) const fn rest(&self) -> [u8; 4] {
        let [a, b] = self.identifier.to_be_bytes();
        let [c, d] = self.sequence_number.to_be_bytes();
        [a, b, c, d]
    }
}

/// A source quench. It says nothing that anybody needs, so there is nothing to read and no way
/// to make one; it can be written again as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceQuench {
    /// The four bytes behind the checksum, which should be zero.
    unused: [u8; 4],
}

/// A header that has no name here, as it stands on the wire.
///
/// The fields are private so that a message with a name cannot be written as an unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown(Fields);

impl Unknown {
    /// The Type field.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        self.0.kind
    }

    /// The Code field.
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.0.code
    }

    /// The four bytes behind the checksum.
    #[must_use]
    pub const fn rest(&self) -> [u8; 4] {
        self.0.rest
    }
}

/// A header's fields by their places, before anybody asks what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Type.
    pub(crate) kind: u8,
    /// Code.
    pub(crate) code: u8,
    /// The four bytes behind the checksum.
    pub(crate) rest: [u8; 4],
}

impl Message {
    /// What `header` says.
    pub(crate) fn read(header: &[u8; HEADER_LEN]) -> Self {
        let [kind, code, _, _, rest @ ..] = *header;
        let fields = Fields { kind, code, rest };
        match (kind, code) {
            (ECHO_REPLY, 0) => return Self::EchoReply(Echo::read(rest)),
            (ECHO_REQUEST, 0) => return Self::EchoRequest(Echo::read(rest)),
            (SOURCE_QUENCH, 0) => return Self::SourceQuench(SourceQuench { unused: rest }),
            _ => {}
        }
        ErrorMessage::read(fields)
            .map(Self::Error)
            .or_else(|| Redirect::read(fields).map(Self::Redirect))
            .or_else(|| Query::read(fields).map(Self::Query))
            .unwrap_or(Self::Unknown(Unknown(fields)))
    }

    /// Puts the header in front of `buffer`, which holds the data, with the checksum over both.
    pub fn prepend_to(&self, buffer: &mut Buffer) {
        let Fields { kind, code, rest: [a, b, c, d] } = self.fields();
        let mut header = [kind, code, 0, 0, a, b, c, d];
        let sum = checksum::Sum::new().add_bytes(&header).add_bytes(buffer.as_slice());
        NetworkEndian::write_u16(&mut header[2..4], sum.checksum());
        buffer.prepend(&header);
    }

    const fn fields(&self) -> Fields {
        match self {
            Self::EchoReply(reply) => Fields { kind: ECHO_REPLY, code: 0, rest: reply.rest() },
            Self::EchoRequest(request) => {
                Fields { kind: ECHO_REQUEST, code: 0, rest: request.rest() }
            }
            Self::SourceQuench(SourceQuench { unused }) => {
                Fields { kind: SOURCE_QUENCH, code: 0, rest: *unused }
            }
            Self::Error(error) => error.fields(),
            Self::Redirect(redirect) => redirect.fields(),
            Self::Query(query) => query.fields(),
            Self::Unknown(Unknown(fields)) => *fields,
        }
    }
}

/// Whether `kind` is the type of a message that asks or answers, and so reports no error.
pub(crate) const fn is_query(kind: u8) -> bool {
    matches!(kind, ECHO_REPLY | ECHO_REQUEST) || crate::query::is_query(kind)
}
