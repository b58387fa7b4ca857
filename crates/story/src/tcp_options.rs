//! The options of a TCP header: by their names, or byte by byte.

use etherparse::{TcpOptionElement, TcpSlice};

use crate::conversation::Conversation;
use crate::description::Differences;
use crate::words;

/// The kinds that the words name.
mod kind {
    pub(super) const END_OF_LIST: u8 = 0;
    pub(super) const NO_OPERATION: u8 = 1;
    pub(super) const MAXIMUM_SEGMENT_SIZE: u8 = 2;
    pub(super) const WINDOW_SCALE: u8 = 3;
    pub(super) const SACK_PERMITTED: u8 = 4;
    pub(super) const TIMESTAMPS: u8 = 8;
}

/// One option, or some bytes where options stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TcpOption {
    MaximumSegmentSize(u16),
    WindowScale(u8),
    SackPermitted,
    Timestamps(Timestamps),
    Other { kind: u8, data: Vec<u8> },
    Bytes(Vec<u8>),
}

/// The timestamps option. The numbers are counted from the first that each side showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timestamps {
    pub(crate) value: Option<u32>,
    pub(crate) echo: Option<u32>,
}

/// The options that were named, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TcpOptions {
    named: Vec<TcpOption>,
    /// Whether there are no others: always, of what the peer sends.
    only: bool,
}

impl TcpOptions {
    pub(crate) const NONE: Self = Self { named: Vec::new(), only: true };

    /// What the peer sends that named none.
    pub(crate) fn usual(is_syn: bool, is_rst: bool, conversation: &Conversation) -> Self {
        let named = match (is_syn, is_rst) {
            (true, _) => vec![TcpOption::MaximumSegmentSize(1460)],
            (false, false) if conversation.has_timestamps() => {
                vec![TcpOption::Timestamps(Timestamps::default())]
            }
            _ => Vec::new(),
        };
        Self { named, only: true }
    }

    pub(crate) fn add(&mut self, option: TcpOption) {
        self.named.push(option);
    }

    pub(crate) fn allow_no_others(&mut self) {
        self.only = true;
    }

    pub(crate) fn in_words(&self) -> Vec<String> {
        match (self.named.as_slice(), self.only) {
            ([], true) => vec!["no options".to_owned()],
            (named, true) => named
                .iter()
                .map(TcpOption::in_words)
                .chain(["no other options".to_owned()])
                .collect(),
            (named, false) => named.iter().map(TcpOption::in_words).collect(),
        }
    }

    /// The bytes in the header, filled up to words of 4 with zeros, if there was something to
    /// fill up.
    pub(crate) fn write(&self, has_ack: bool, conversation: &Conversation) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            self.named.iter().flat_map(|option| option.write(has_ack, conversation)).collect();
        bytes.resize(bytes.len().next_multiple_of(4), kind::END_OF_LIST);
        bytes
    }

    /// Compares those that were named.
    pub(crate) fn judge(
        &self,
        tcp: &TcpSlice<'_>,
        conversation: &Conversation,
        differences: &mut Differences,
    ) {
        for option in &self.named {
            option.judge(tcp, conversation, differences);
        }
        let others = elements(tcp).filter(|is| !self.named.iter().any(|named| named.is(is)));
        if self.only
            && let others = others.map(|is| in_words(&is)).collect::<Vec<_>>()
            && !others.is_empty()
        {
            differences.add(format!("It has {}, but should not.", words::list(&others)));
        }
    }
}

impl TcpOption {
    fn in_words(&self) -> String {
        match self {
            Self::MaximumSegmentSize(size) => format!("MSS {size}"),
            Self::WindowScale(shift) => format!("window scale {shift}"),
            Self::SackPermitted => "SACK permitted".to_owned(),
            Self::Timestamps(Timestamps { value: None, echo: None }) => "timestamps".to_owned(),
            Self::Timestamps(Timestamps { value, echo }) => {
                let number = |it: Option<u32>| it.map_or("any".to_owned(), |it| it.to_string());
                format!("timestamps {} echoing {}", number(*value), number(*echo))
            }
            Self::Other { kind, data } if data.is_empty() => format!("option {kind}"),
            Self::Other { kind, data } => format!("option {kind} of {}", words::quote(data)),
            Self::Bytes(bytes) => format!("{} as options", words::quote(bytes)),
        }
    }

    fn write(&self, has_ack: bool, conversation: &Conversation) -> Vec<u8> {
        let option = |kind: u8, data: &[u8]| {
            // What does not fit the field does not fit a header either, and that is refused later.
            let length = u8::try_from(data.len() + 2).unwrap_or(u8::MAX);
            [&[kind, length], data].concat()
        };
        match self {
            Self::MaximumSegmentSize(size) => {
                option(kind::MAXIMUM_SEGMENT_SIZE, &size.to_be_bytes())
            }
            Self::WindowScale(shift) => option(kind::WINDOW_SCALE, &[*shift]),
            Self::SackPermitted => option(kind::SACK_PERMITTED, &[]),
            Self::Timestamps(timestamps) => {
                let (value, echo) = timestamps.by_peer(has_ack, conversation);
                let both = [value.to_be_bytes(), echo.to_be_bytes()].concat();
                [vec![kind::NO_OPERATION; 2], option(kind::TIMESTAMPS, &both)].concat()
            }
            Self::Other { kind, data } => option(*kind, data),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }

    /// Whether `element` is an option of the same kind.
    fn is(&self, element: &TcpOptionElement) -> bool {
        matches!(
            (self, element),
            (Self::MaximumSegmentSize(_), TcpOptionElement::MaximumSegmentSize(_))
                | (Self::WindowScale(_), TcpOptionElement::WindowScale(_))
                | (Self::SackPermitted, TcpOptionElement::SelectiveAcknowledgementPermitted)
                | (Self::Timestamps(_), TcpOptionElement::Timestamp(..))
        )
    }

    fn judge(
        &self,
        tcp: &TcpSlice<'_>,
        conversation: &Conversation,
        differences: &mut Differences,
    ) {
        if let Self::Bytes(bytes) = self {
            let difference = words::data_difference("options field", tcp.options(), bytes);
            return difference.into_iter().for_each(|sentence| differences.add(sentence));
        }
        let Some(is) = elements(tcp).find(|element| self.is(element)) else {
            return differences.add(format!("It has no {}.", self.in_words()));
        };
        match (self, is) {
            (Self::MaximumSegmentSize(size), TcpOptionElement::MaximumSegmentSize(is)) => {
                differences.compare("MSS", is, *size);
            }
            (Self::WindowScale(shift), TcpOptionElement::WindowScale(is)) => {
                differences.compare("window scale", is, *shift);
            }
            (Self::Timestamps(named), TcpOptionElement::Timestamp(value, echo)) => {
                let first = conversation.ours.timestamps.map_or(value, |ours| ours.first);
                let value = value.wrapping_sub(first);
                differences.compare("timestamp value", value, named.value);
                let theirs = conversation.peer.timestamps.filter(|_| tcp.ack());
                let first = theirs.map_or(0, |theirs| theirs.first);
                differences.compare("timestamp echo", echo.wrapping_sub(first), named.echo);
            }
            _ => {}
        }
    }
}

impl Timestamps {
    /// What the peer writes, as on the wire: the latest that both sides have shown, unless it is
    /// named. Without an acknowledgment there is nothing to echo.
    fn by_peer(self, has_ack: bool, conversation: &Conversation) -> (u32, u32) {
        let Conversation { peer, ours } = conversation;
        let first = peer.timestamps.map_or(peer.start, |theirs| theirs.first);
        let value = match self.value {
            Some(value) => first.wrapping_add(value),
            None => peer.timestamps.map_or(first, |theirs| theirs.latest),
        };
        let echo = match (self.echo, ours.timestamps) {
            (_, None) => 0,
            (Some(echo), Some(ours)) => ours.first.wrapping_add(echo),
            (None, Some(ours)) => ours.latest,
        };
        (value, if has_ack { echo } else { 0 })
    }
}

/// What holds for the options of every segment that leaves.
pub(crate) fn judge_form(tcp: &TcpSlice<'_>, differences: &mut Differences) {
    for element in tcp.options_iterator() {
        match element {
            Err(error) => {
                differences.add(format!("Its options cannot be read (MUST-68): {error}"));
            }
            Ok(element) if is_for_syns(&element) && !tcp.syn() => {
                let option = in_words(&element);
                differences.add(format!("It has {option}, which is for a SYN alone (MUST-65)."));
            }
            Ok(_) => {}
        }
    }
    if behind_the_end(tcp).iter().any(|&byte| byte != kind::END_OF_LIST) {
        differences.add("What follows the end of its options is not zero (MUST-69).");
    }
}

/// The end-of-list option and the padding behind it.
fn behind_the_end<'a>(tcp: &'a TcpSlice<'_>) -> &'a [u8] {
    let mut options = tcp.options_iterator();
    loop {
        let rest = options.rest();
        match options.next() {
            Some(Ok(_)) => {}
            // Told already.
            Some(Err(_)) => return &[],
            None => return rest,
        }
    }
}

const fn is_for_syns(element: &TcpOptionElement) -> bool {
    matches!(
        element,
        TcpOptionElement::MaximumSegmentSize(_)
            | TcpOptionElement::WindowScale(_)
            | TcpOptionElement::SelectiveAcknowledgementPermitted
    )
}

/// The options that say something.
fn elements<'a>(tcp: &'a TcpSlice<'_>) -> impl Iterator<Item = TcpOptionElement> + 'a {
    tcp.options_iterator().flatten().filter(|element| *element != TcpOptionElement::Noop)
}

fn in_words(element: &TcpOptionElement) -> String {
    match element {
        TcpOptionElement::Noop => "a no-operation".to_owned(),
        TcpOptionElement::MaximumSegmentSize(size) => format!("MSS {size}"),
        TcpOptionElement::WindowScale(shift) => format!("window scale {shift}"),
        TcpOptionElement::SelectiveAcknowledgementPermitted => "SACK permitted".to_owned(),
        TcpOptionElement::SelectiveAcknowledgement(..) => "SACK blocks".to_owned(),
        TcpOptionElement::Timestamp(..) => "timestamps".to_owned(),
    }
}
