//! TCP segments.
//!
//! Sequence numbers are counted from each side's SYN, which is number 0: the first byte of data
//! is number 1. Where that is on the wire, each story chooses by its title, in half of them
//! close to the wrap. What a step does not name the peer fills in as a peer does that has heard all
//! that we sent: it goes on behind what it sent last, acknowledges all, and announces the window
//! that it announced last.

use crate::ipv4::Packet;
use crate::tcp_flags::Flags;
use crate::tcp_options::{TcpOption, TcpOptions, Timestamps};

/// A segment's fields.
#[derive(Clone, Debug)]
pub struct Tcp {
    pub(crate) name: String,
    pub(crate) flags: Flags,
    /// Whether PSH matters.
    pub(crate) names_push: bool,
    pub(crate) from_port: Option<u16>,
    pub(crate) to_port: Option<u16>,
    pub(crate) seq: Option<Number>,
    pub(crate) ack: Option<Number>,
    pub(crate) window: Option<u16>,
    pub(crate) urgent: Option<u16>,
    pub(crate) options: Option<TcpOptions>,
    pub(crate) data: Vec<u8>,
}

/// A sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Counted from its side's SYN.
    Counted(i64),
    /// As it stands on the wire.
    Raw(u32),
}

/// A SYN: asks for a connection. The peer's usual one goes from port 40000 to port 7, or between
/// the ends of the connection that began last, and has an MSS of 1460 as its only option.
#[must_use]
pub fn syn() -> Packet<Tcp> {
    segment("a SYN", Flags::SYN)
}

/// A SYN with an acknowledgment.
#[must_use]
pub fn syn_ack() -> Packet<Tcp> {
    segment("a SYN-ACK", Flags::SYN.with(Flags::ACK))
}

/// An acknowledgment, and nothing else.
#[must_use]
pub fn ack() -> Packet<Tcp> {
    segment("an ACK", Flags::ACK)
}

/// A segment with this text, and an acknowledgment as always.
#[must_use]
pub fn data(text: impl AsRef<[u8]>) -> Packet<Tcp> {
    segment("a segment", Flags::ACK).text(text)
}

/// A FIN with an acknowledgment: its sender sends no more.
#[must_use]
pub fn fin() -> Packet<Tcp> {
    segment("a FIN", Flags::FIN.with(Flags::ACK))
}

/// An RST without an acknowledgment.
#[must_use]
pub fn rst() -> Packet<Tcp> {
    segment("an RST", Flags::RST)
}

/// An RST with an acknowledgment.
#[must_use]
pub fn rst_ack() -> Packet<Tcp> {
    segment("an RST-ACK", Flags::RST.with(Flags::ACK))
}

/// A segment with exactly these control bits, by name with blanks between them: `"SYN FIN"`.
///
/// # Panics
/// If one of the names is none.
#[must_use]
#[expect(clippy::panic, reason = "the story is at fault then")]
pub fn flags(names: &str) -> Packet<Tcp> {
    let Some(flags) = Flags::of(names) else { panic!("a control bit of {names:?} is unknown") };
    segment(&format!("a segment with control bits {flags}"), flags).push(flags.has(Flags::PSH))
}

fn segment(name: &str, flags: Flags) -> Packet<Tcp> {
    Packet::carrying(Tcp {
        name: name.to_owned(),
        flags,
        names_push: false,
        from_port: None,
        to_port: None,
        seq: None,
        ack: None,
        window: None,
        urgent: None,
        options: None,
        data: Vec::new(),
    })
}

impl Packet<Tcp> {
    /// Names the source port.
    #[must_use]
    pub fn from_port(mut self, port: u16) -> Self {
        self.payload.from_port = Some(port);
        self
    }

    /// Names the destination port.
    #[must_use]
    pub fn to_port(mut self, port: u16) -> Self {
        self.payload.to_port = Some(port);
        self
    }

    /// Names the sequence number, counted from its sender's SYN.
    #[must_use]
    pub fn seq(mut self, number: impl Into<i64>) -> Self {
        self.payload.seq = Some(Number::Counted(number.into()));
        self
    }

    /// Names the sequence number as it stands on the wire.
    #[must_use]
    pub fn raw_seq(mut self, number: u32) -> Self {
        self.payload.seq = Some(Number::Raw(number));
        self
    }

    /// Names the acknowledgment number, counted from the other side's SYN, and sets ACK.
    #[must_use]
    pub fn ack(mut self, number: impl Into<i64>) -> Self {
        self.payload.ack = Some(Number::Counted(number.into()));
        self.payload.flags = self.payload.flags.with(Flags::ACK);
        self
    }

    /// Leaves out ACK, which all but the first segment of a connection have.
    #[must_use]
    pub fn without_ack(mut self) -> Self {
        self.payload.flags = self.payload.flags.without(Flags::ACK);
        self.payload.name.push_str(" without ACK");
        self
    }

    /// Names the window, as it stands in the header: not scaled.
    #[must_use]
    pub fn window(mut self, window: u16) -> Self {
        self.payload.window = Some(window);
        self
    }

    /// Says whether PSH is set. Of what we send it is compared only if that is said.
    #[must_use]
    pub fn push(mut self, is_set: bool) -> Self {
        let flags = &mut self.payload.flags;
        *flags = if is_set { flags.with(Flags::PSH) } else { flags.without(Flags::PSH) };
        self.payload.names_push = true;
        self
    }

    /// Sets URG, with this urgent pointer. What we send is expected without.
    #[must_use]
    pub fn urgent(mut self, pointer: u16) -> Self {
        self.payload.urgent = Some(pointer);
        self.payload.flags = self.payload.flags.with(Flags::URG);
        self
    }

    /// Names the text.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<[u8]>) -> Self {
        self.payload.data = text.as_ref().to_vec();
        self
    }

    /// Names the option of the maximum segment size.
    #[must_use]
    pub fn mss(self, size: u16) -> Self {
        self.with_option(TcpOption::MaximumSegmentSize(size))
    }

    /// Names the window scale option.
    #[must_use]
    pub fn window_scale(self, shift: u8) -> Self {
        self.with_option(TcpOption::WindowScale(shift))
    }

    /// Names the option that permits SACK.
    #[must_use]
    pub fn sack_permitted(self) -> Self {
        self.with_option(TcpOption::SackPermitted)
    }

    /// Names the timestamps option, whatever it says. The peer's says the latest that both sides
    /// have shown.
    #[must_use]
    pub fn with_timestamps(self) -> Self {
        self.with_option(TcpOption::Timestamps(Timestamps::default()))
    }

    /// Names the timestamps option and both its numbers, counted from those that each side
    /// showed first. Ours are milliseconds.
    #[must_use]
    pub fn timestamps(self, value: u32, echo: u32) -> Self {
        let timestamps = Timestamps { value: Some(value), echo: Some(echo) };
        self.with_option(TcpOption::Timestamps(timestamps))
    }

    /// Names the timestamps option and its value, counted from the first that its sender showed.
    #[must_use]
    pub fn timestamp(self, value: u32) -> Self {
        let timestamps = Timestamps { value: Some(value), echo: None };
        self.with_option(TcpOption::Timestamps(timestamps))
    }

    /// Names an option of any kind, with the `data` that follow its length. Only the peer can
    /// send it.
    #[must_use]
    pub fn tcp_option(self, kind: u8, data: &[u8]) -> Self {
        self.with_option(TcpOption::Other { kind, data: data.to_vec() })
    }

    /// Names bytes where options stand, however little they are options.
    #[must_use]
    pub fn tcp_options(self, bytes: &[u8]) -> Self {
        self.with_option(TcpOption::Bytes(bytes.to_vec()))
    }

    /// There are no options but those named. Of what the peer sends, that is so anyway as soon as
    /// one is named.
    #[must_use]
    pub fn no_other_options(mut self) -> Self {
        self.payload.options.get_or_insert_default().allow_no_others();
        self
    }

    /// There are no options at all.
    #[must_use]
    pub fn no_options(mut self) -> Self {
        self.payload.options = Some(TcpOptions::NONE);
        self
    }

    fn with_option(mut self, option: TcpOption) -> Self {
        self.payload.options.get_or_insert_default().add(option);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Described;

    #[test]
    fn a_segment_is_said_in_words() {
        let said = data(b"abc").seq(1).ack(4).window(9).urgent(3).push(true).mss(536);
        assert_eq!(
            said.in_words(),
            "a segment with sequence number 1, acknowledgment number 4, window 9, PSH, urgent \
             pointer 3, MSS 536 and data \"abc\""
        );
        assert_eq!(flags("").in_words(), "a segment with control bits none");
        assert_eq!(
            fin().without_ack().no_options().in_words(),
            "a FIN without ACK with no options"
        );
    }
}
