//! The errors: what became of a datagram, told to whoever sent it.
//!
//! ```text
//!   ┌───────────────┬───────────────┬───────────────────────────────┐
//!   │  3, 11 or 12  │     Code      │           Checksum            │
//!   ├───────────────┼───────────────┼───────────────────────────────┤
//!   │ 12/0: pointer │    unused     │  3/4: MTU of the next link    │  unused in all the others
//!   ├───────────────┴───────────────┴───────────────────────────────┤
//!   │      the datagram's header and the beginning of its data      │
//!   └───────────────────────────────────────────────────────────────┘
//! ```

use crate::Unreachable;
use crate::message::Fields;

const DESTINATION_UNREACHABLE: u8 = 3;
const TIME_EXCEEDED: u8 = 11;
const PARAMETER_PROBLEM: u8 = 12;

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Type 3: it cannot get where it should go.
    DestinationUnreachable(Unreachable),
    /// Type 11: it took too long.
    TimeExceeded(TimeExceeded),
    /// Type 12: its header cannot be understood.
    ParameterProblem(ParameterProblem),
}

/// What took too long. The numbers are the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeExceeded {
    /// 0: it passed as many routers as its TTL allowed. `traceroute` lives on this one.
    InTransit,
    /// 1: some of its fragments did not come in time.
    Reassembly,
    /// A code without a name.
    Other(OtherCode),
}

/// What is wrong with a header. The numbers are the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterProblem {
    /// 0: the byte at this offset in the header, from 0.
    Pointer(u8),
    /// 1: an option is missing without which the datagram may not pass (RFC 1108).
    MissingOption,
    /// 2: a length is wrong.
    BadLength,
    /// A code without a name.
    Other(OtherCode),
}

/// A code that has no name here.
///
/// The field is private so that a code with a name cannot be written as one without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherCode(pub(crate) u8);

impl OtherCode {
    /// The Code field.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl ErrorKind {
    /// `None` if the fields are those of another message.
    const fn read(fields: Fields) -> Option<Self> {
        let [pointer, ..] = fields.rest;
        let other = OtherCode(fields.code);
        Some(match (fields.kind, fields.code) {
            (DESTINATION_UNREACHABLE, code) => {
                Self::DestinationUnreachable(Unreachable::read(code, fields.rest))
            }
            (TIME_EXCEEDED, 0) => Self::TimeExceeded(TimeExceeded::InTransit),
            (TIME_EXCEEDED, 1) => Self::TimeExceeded(TimeExceeded::Reassembly),
            (TIME_EXCEEDED, _) => Self::TimeExceeded(TimeExceeded::Other(other)),
            (PARAMETER_PROBLEM, 0) => Self::ParameterProblem(ParameterProblem::Pointer(pointer)),
            (PARAMETER_PROBLEM, 1) => Self::ParameterProblem(ParameterProblem::MissingOption),
            (PARAMETER_PROBLEM, 2) => Self::ParameterProblem(ParameterProblem::BadLength),
            (PARAMETER_PROBLEM, _) => Self::ParameterProblem(ParameterProblem::Other(other)),
            _ => return None,
        })
    }

    /// The fields, with zero wherever they mean nothing.
    const fn fields(&self) -> Fields {
        match self {
            Self::DestinationUnreachable(why) => {
                Fields { kind: DESTINATION_UNREACHABLE, code: why.code(), rest: why.rest() }
            }
            Self::TimeExceeded(what) => {
                let code = match what {
                    TimeExceeded::InTransit => 0,
                    TimeExceeded::Reassembly => 1,
                    TimeExceeded::Other(OtherCode(code)) => *code,
                };
                Fields { kind: TIME_EXCEEDED, code, rest: [0; 4] }
            }
            Self::ParameterProblem(what) => {
                let (code, pointer) = match what {
                    ParameterProblem::Pointer(pointer) => (0, *pointer),
                    ParameterProblem::MissingOption => (1, 0),
                    ParameterProblem::BadLength => (2, 0),
                    ParameterProblem::Other(OtherCode(code)) => (*code, 0),
                };
                Fields { kind: PARAMETER_PROBLEM, code, rest: [pointer, 0, 0, 0] }
            }
        }
    }
}

/// The header of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorMessage {
    kind: ErrorKind,
    /// The bytes behind the checksum that should be zero and mean nothing; zero where a byte
    /// means something. Carried so that what was read can be written again: the length of an
    /// extended message stands here (RFC 4884).
    unused: [u8; 4],
}

impl ErrorMessage {
    /// The header that says `kind`, with zero in every unused byte.
    #[must_use]
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, unused: [0; 4] }
    }

    /// What became of the datagram that is quoted.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// `None` if the fields are those of another message.
    pub(crate) fn read(fields: Fields) -> Option<Self> {
        let kind = ErrorKind::read(fields)?;
        // Where a byte means something both sides say the same, and zero is left.
        Some(Self { kind, unused: either(kind.fields().rest, fields.rest) })
    }

    pub(crate) const fn fields(&self) -> Fields {
        let fields = self.kind.fields();
        Fields { rest: either(fields.rest, self.unused), ..fields }
    }
}

/// Byte by byte, one or the other, but not both.
const fn either([a, b, c, d]: [u8; 4], [e, f, g, h]: [u8; 4]) -> [u8; 4] {
    [a ^ e, b ^ f, c ^ g, d ^ h]
}
