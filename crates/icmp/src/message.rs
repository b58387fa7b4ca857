//! The message as a value, and writing it.

use byteorder::{ByteOrder, NetworkEndian};
use packet::Buffer;

use crate::HEADER_LEN;

pub(crate) const ECHO_REPLY: u8 = 0;
pub(crate) const ECHO_REQUEST: u8 = 8;

/// A message's header: everything but the checksum and the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// "Send this back to me": what `ping` sends.
    EchoRequest(Echo),
    /// "Here it is."
    EchoReply(Echo),
    /// A message that this crate has no name for.
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

/// A header that has no name here, as it stands on the wire.
///
/// The fields are private so that a message with a name cannot be written as an unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub(crate) kind: u8,
    pub(crate) code: u8,
    pub(crate) rest: [u8; 4],
}

impl Unknown {
    /// The Type field.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        self.kind
    }

    /// The Code field.
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// The four bytes behind the checksum.
    #[must_use]
    pub const fn rest(&self) -> [u8; 4] {
        self.rest
    }
}

impl Message {
    /// Puts the header in front of `buffer`, which holds the data, with the checksum over both.
    pub fn prepend_to(&self, buffer: &mut Buffer) {
        let mut header = self.header_without_checksum();
        let sum = checksum::Sum::new().add_bytes(&header).add_bytes(buffer.as_slice());
        NetworkEndian::write_u16(&mut header[2..4], sum.checksum());
        buffer.prepend(&header);
    }

    fn header_without_checksum(&self) -> [u8; HEADER_LEN] {
        let echo = |kind, echo: &Echo| {
            let mut header = [kind, 0, 0, 0, 0, 0, 0, 0];
            NetworkEndian::write_u16(&mut header[4..6], echo.identifier);
            NetworkEndian::write_u16(&mut header[6..8], echo.sequence_number);
            header
        };
        match self {
            Self::EchoRequest(request) => echo(ECHO_REQUEST, request),
            Self::EchoReply(reply) => echo(ECHO_REPLY, reply),
            Self::Unknown(Unknown { kind, code, rest: [a, b, c, d] }) => {
                [*kind, *code, 0, 0, *a, *b, *c, *d]
            }
        }
    }
}
