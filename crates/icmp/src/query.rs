//! The questions other than echo, and their answers.

use crate::Echo;
use crate::message::Fields;

const TIMESTAMP_REQUEST: u8 = 13;
const TIMESTAMP_REPLY: u8 = 14;
const INFORMATION_REQUEST: u8 = 15;
const INFORMATION_REPLY: u8 = 16;
const ADDRESS_MASK_REQUEST: u8 = 17;
const ADDRESS_MASK_REPLY: u8 = 18;

/// A question other than echo, or the answer to one.
///
/// Each has a name so that it can be counted. None is answered: the time is nobody's business
/// (ICMP-26 leaves the choice), and what the others ask for comes by DHCP today (ICMP-25,
/// ICMP-27; RFC 6918).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Which question or answer it is.
    pub kind: QueryKind,
    /// Which run of a program asks; the reply repeats it.
    pub identifier: u16,
    /// Which of its requests this is; the reply repeats it.
    pub sequence_number: u16,
}

/// What a [`Query`] asks or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryKind {
    /// "What time is it at your place?"
    TimestampRequest,
    /// The time of day, in milliseconds since midnight UT.
    TimestampReply,
    /// "Which network am I in?" Historic (RFC 6918).
    InformationRequest,
    /// The answer is the header's destination. Historic (RFC 6918).
    InformationReply,
    /// "How long is this network's prefix?" Historic (RFC 6918).
    AddressMaskRequest,
    /// The netmask. Historic (RFC 6918).
    AddressMaskReply,
}

impl Query {
    /// `None` if the fields are those of another message.
    pub(crate) fn read(fields: Fields) -> Option<Self> {
        let kind = QueryKind::of(fields.kind).filter(|_| fields.code == 0)?;
        let Echo { identifier, sequence_number } = Echo::read(fields.rest);
        Some(Self { kind, identifier, sequence_number })
    }

    pub(crate) const fn fields(&self) -> Fields {
        let Self { kind, identifier, sequence_number } = *self;
        Fields { kind: kind.number(), code: 0, rest: Echo { identifier, sequence_number }.rest() }
    }
}

impl QueryKind {
    /// The kind with the type `number`.
    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            TIMESTAMP_REQUEST => Self::TimestampRequest,
            TIMESTAMP_REPLY => Self::TimestampReply,
            INFORMATION_REQUEST => Self::InformationRequest,
            INFORMATION_REPLY => Self::InformationReply,
            ADDRESS_MASK_REQUEST => Self::AddressMaskRequest,
            ADDRESS_MASK_REPLY => Self::AddressMaskReply,
            _ => return None,
        })
    }

    /// The Type field.
    const fn number(self) -> u8 {
        match self {
            Self::TimestampRequest => TIMESTAMP_REQUEST,
            Self::TimestampReply => TIMESTAMP_REPLY,
            Self::InformationRequest => INFORMATION_REQUEST,
            Self::InformationReply => INFORMATION_REPLY,
            Self::AddressMaskRequest => ADDRESS_MASK_REQUEST,
            Self::AddressMaskReply => ADDRESS_MASK_REPLY,
        }
    }
}

/// Whether `kind` is the type of one of these.
pub(crate) const fn is_query(kind: u8) -> bool {
    QueryKind::of(kind).is_some()
}
