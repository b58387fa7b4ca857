//! What the two ends of a stream have said to one another so far.

use crate::framing::Outbox;
use crate::hub::Hub;
use crate::replay_window::ReplayWindow;
use crate::sealing::{
    self, Greeting, HANDSHAKE_LEN, NotOpened, REFUSED, Refusal, SEALED, Seal, is_hello,
};
use crate::streams::Role;
use crate::{Counter, Key, Terms, What};

/// Why a REFUSED: the key.
pub(crate) const REASON_KEY: u8 = 1;
/// Why a REFUSED: what is carried.
pub(crate) const REASON_TERMS: u8 = 2;

/// Where a connection stands.
pub(crate) enum Session {
    /// There is no key: every message is a frame.
    Plain,
    /// We sent a HELLO and wait for the WELCOME.
    Greeting(Box<Greeting>),
    /// We wait for a HELLO.
    Expecting,
    /// We sent a WELCOME. Whoever sent the HELLO may have recorded it elsewhere: what proves
    /// that they have the key is the first sealed message.
    Unproven(Box<Seal>),
    /// Both have proved it.
    Sealed(Box<Seal>),
}

/// What follows of a message.
pub(crate) enum Step<'a> {
    /// It was a frame.
    Frame(&'a [u8]),
    /// Nothing.
    Nothing,
    /// This is to be sent back.
    Answer([u8; HANDSHAKE_LEN]),
    /// Both ends have proved that they have the key.
    Up,
    /// It is dropped and counted, and the connection goes on.
    Drop(Counter),
    /// The other end is no good: counted, told, and perhaps answered.
    Refuse(Counter, What, Option<[u8; 2]>),
}

impl Session {
    /// The beginning. `None` if the system has no random numbers.
    pub(crate) fn new(role: Role, key: Option<&Key>, terms: Terms) -> Option<Self> {
        match (key, role) {
            (None, _) => Some(Self::Plain),
            (Some(key), Role::Connects) => {
                Greeting::new(key, terms).map(|greeting| Self::Greeting(Box::new(greeting)))
            }
            (Some(_), Role::Listens) => Some(Self::Expecting),
        }
    }

    /// What is to be sent first of all.
    pub(crate) fn hello(&self) -> Option<&[u8; HANDSHAKE_LEN]> {
        match self {
            Self::Greeting(greeting) => Some(&greeting.hello),
            _ => None,
        }
    }

    /// Whether frames can travel.
    pub(crate) const fn is_up(&self) -> bool {
        matches!(self, Self::Plain | Self::Sealed(_))
    }

    /// The connecting side's proof: a sealed message of nothing. (The listening side's too, which
    /// needs none, but does no harm.)
    pub(crate) fn confirm(&mut self, outbox: &mut Outbox) {
        outbox.push(|bytes| self.lay_down(&[], bytes));
    }

    /// Appends a frame to `out` as it travels.
    pub(crate) fn lay_down(&mut self, frame: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Plain => out.extend_from_slice(frame),
            Self::Sealed(seal) => {
                seal.seal(frame, out);
            }
            Self::Greeting(_) | Self::Expecting | Self::Unproven(_) => {}
        }
    }

    /// Takes a message; `opened` is where a sealed frame is opened.
    pub(crate) fn take<'a>(
        &mut self,
        message: &'a [u8],
        opened: &'a mut Vec<u8>,
        hub: &Hub,
    ) -> Step<'a> {
        match self {
            Self::Plain if is_hello(message) => Step::Refuse(Counter::WrongKey, What::Seals, None),
            Self::Plain => Step::Frame(message),
            Self::Greeting(_) => self.take_welcome(message, hub.terms),
            Self::Expecting => self.take_hello(message, hub),
            Self::Unproven(seal) | Self::Sealed(seal) => match message.split_first() {
                Some((&SEALED, body)) => {
                    let opened = seal.open(body, opened);
                    self.take_opened(opened)
                }
                _ => Step::Refuse(Counter::NotATunnel, What::DoesNotSeal, None),
            },
        }
    }

    fn take_welcome<'a>(&mut self, message: &[u8], own: Terms) -> Step<'a> {
        if let [REFUSED, reason] = *message {
            return refused(reason, own);
        }
        let Self::Greeting(greeting) = self else { return Step::Nothing };
        match greeting.welcome(message, own, ReplayWindow::in_order()) {
            Ok(seal) => {
                *self = Self::Sealed(Box::new(seal));
                Step::Up
            }
            Err(refusal) => refuse(refusal, own),
        }
    }

    fn take_hello<'a>(&mut self, message: &[u8], hub: &Hub) -> Step<'a> {
        let Some(key) = &hub.key else { return Step::Nothing };
        match sealing::answer(key, message, hub.terms, ReplayWindow::in_order()) {
            Ok((welcome, seal)) => {
                *self = Self::Unproven(Box::new(seal));
                Step::Answer(welcome)
            }
            Err(refusal) => refuse(refusal, hub.terms),
        }
    }

    fn take_opened<'a>(&mut self, opened: Result<&'a [u8], NotOpened>) -> Step<'a> {
        match opened {
            Ok(frame) => match std::mem::replace(self, Self::Expecting) {
                Self::Unproven(seal) => {
                    *self = Self::Sealed(seal);
                    Step::Up
                }
                same => {
                    *self = same;
                    if frame.is_empty() { Step::Nothing } else { Step::Frame(frame) }
                }
            },
            Err(NotOpened::Replayed) => Step::Drop(Counter::Replayed),
            // What comes behind it on this stream cannot be trusted to begin where it seems to.
            Err(NotOpened::Forged) => Step::Refuse(Counter::Forged, What::Forged, None),
        }
    }
}

/// What follows of a greeting that is no good.
fn refuse<'a>(refusal: Refusal, own: Terms) -> Step<'a> {
    match refusal {
        Refusal::WrongKey => {
            Step::Refuse(Counter::WrongKey, What::WrongKey, Some([REFUSED, REASON_KEY]))
        }
        Refusal::WrongTerms(theirs) => Step::Refuse(
            Counter::WrongTerms,
            What::WrongTerms { theirs, own },
            Some([REFUSED, REASON_TERMS]),
        ),
        Refusal::NotAHandshake => Step::Refuse(Counter::NotATunnel, What::DoesNotSeal, None),
    }
}

/// What follows of a REFUSED.
fn refused<'a>(reason: u8, own: Terms) -> Step<'a> {
    match reason {
        REASON_TERMS => Step::Refuse(Counter::WrongTerms, What::TermsRefused { own }, None),
        _ => Step::Refuse(Counter::WrongKey, What::KeyRefused, None),
    }
}
