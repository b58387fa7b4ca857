//! Sealing: nobody without the key reads a frame, changes one, or sends one a second time.
//!
//! ```text
//!   connecting side                                   listening side
//!        │── HELLO     an ephemeral key, proof of the key ──────►│
//!        │◄─ WELCOME   another ephemeral key, proof of the key ──│
//!        │── SEALED 0  nothing: the key that we agreed on works ►│  now it is one of us
//!        │◄═ SEALED n  a frame ═════════════════════════════════►│
//! ```
//!
//! The handshake is Noise's NNpsk0 by the crate snow: X25519 keys that are new for each
//! connection, mixed with the secret that both ends have. So the two directions have keys of their
//! own, which no connection had before, and who learns the secret later cannot read what was
//! recorded earlier. A message:
//!
//! ```text
//!   HELLO, WELCOME   ┌──────┬──────────────────────────────┐
//!                    │ type │ Noise handshake message      │
//!                    └──────┴──────────────────────────────┘
//!   SEALED           ┌──────┬─────────────┬──────────────────┬──────────┐
//!                    │ type │ number (8)  │ frame, encrypted │ tag (16) │
//!                    └──────┴─────────────┴──────────────────┴──────────┘
//!   REFUSED          ┌──────┬────────┐
//!                    │ type │ reason │   without proof: a hint, no more
//!                    └──────┴────────┘
//! ```
//!
//! The number counts up from 0 in each direction, and is ChaCha20-Poly1305's nonce: with a fresh
//! key for each direction none is ever used twice.

use snow::{HandshakeState, StatelessTransportState};

use crate::replay_window::ReplayWindow;
use crate::{Key, Terms};

/// The handshake, by its name in the Noise specification.
const NOISE: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";

/// What both ends must agree on before anything else: this protocol and its version.
const PROLOGUE: &[u8] = b"strata tunnel 1";

/// The types of messages. No frame that is not sealed begins so: no IP version is 15, and no group
/// of Ethernet has such an address.
pub(crate) const HELLO: u8 = 0xf1;
pub(crate) const WELCOME: u8 = 0xf3;
pub(crate) const SEALED: u8 = 0xf5;
pub(crate) const REFUSED: u8 = 0xf7;

const TAG_LEN: usize = 16;
const NUMBER_LEN: usize = 8;

/// By how much a sealed frame is longer than the frame.
pub const SEALING_OVERHEAD: usize = 1 + NUMBER_LEN + TAG_LEN;

/// How long a HELLO and a WELCOME are.
pub(crate) const HANDSHAKE_LEN: usize = 1 + 32 + Terms::LEN + TAG_LEN;

/// Whether `message` can be the first of a sealed connection, at least by its looks.
pub(crate) fn is_hello(message: &[u8]) -> bool {
    message.len() == HANDSHAKE_LEN && message.first() == Some(&HELLO)
}

/// Why a message of a handshake is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was not made by the key.
    WrongKey,
    /// The sides carry different things.
    WrongTerms(Terms),
    /// It is no message of a handshake.
    NotAHandshake,
}

/// The connecting side between HELLO and WELCOME.
pub(crate) struct Greeting {
    /// Gone once it was answered.
    state: Option<HandshakeState>,
    /// The HELLO, to be sent again if need be.
    pub(crate) hello: [u8; HANDSHAKE_LEN],
}

impl Greeting {
    /// A fresh HELLO. `None` if the system has no random numbers.
    pub(crate) fn new(key: &Key, terms: Terms) -> Option<Self> {
        let mut state = builder(key)?.build_initiator().ok()?;
        let hello = written(&mut state, HELLO, terms)?;
        Some(Self { state: Some(state), hello })
    }

    /// Takes the answer. After one that the key did not make, the right one can still come.
    pub(crate) fn welcome(
        &mut self,
        message: &[u8],
        terms: Terms,
        window: ReplayWindow,
    ) -> Result<Seal, Refusal> {
        read(self.state.as_mut().ok_or(Refusal::NotAHandshake)?, WELCOME, message, terms)?;
        let state = self.state.take().ok_or(Refusal::NotAHandshake)?;
        Seal::new(state, window).ok_or(Refusal::NotAHandshake)
    }
}

/// The listening side's answer to a HELLO: the WELCOME, and what seals from then on.
pub(crate) fn answer(
    key: &Key,
    hello: &[u8],
    terms: Terms,
    window: ReplayWindow,
) -> Result<([u8; HANDSHAKE_LEN], Seal), Refusal> {
    let mut state =
        builder(key).and_then(|it| it.build_responder().ok()).ok_or(Refusal::NotAHandshake)?;
    read(&mut state, HELLO, hello, terms)?;
    let welcome = written(&mut state, WELCOME, terms).ok_or(Refusal::NotAHandshake)?;
    let seal = Seal::new(state, window).ok_or(Refusal::NotAHandshake)?;
    Ok((welcome, seal))
}

fn builder(key: &Key) -> Option<snow::Builder<'_>> {
    let builder = snow::Builder::new(NOISE.parse().ok()?);
    builder.prologue(PROLOGUE).ok()?.psk(0, key.bytes()).ok()
}

fn written(state: &mut HandshakeState, kind: u8, terms: Terms) -> Option<[u8; HANDSHAKE_LEN]> {
    let mut message = [0; HANDSHAKE_LEN];
    let (first, rest) = message.split_first_mut()?;
    *first = kind;
    let length = state.write_message(&terms.write(), rest).ok()?;
    (length == rest.len()).then_some(message)
}

fn read(state: &mut HandshakeState, kind: u8, message: &[u8], own: Terms) -> Result<(), Refusal> {
    let body = match message.split_first() {
        Some((first, body)) if *first == kind && message.len() == HANDSHAKE_LEN => body,
        _ => return Err(Refusal::NotAHandshake),
    };
    let mut terms = [0; Terms::LEN];
    match state.read_message(body, &mut terms) {
        Ok(Terms::LEN) => {}
        _ => return Err(Refusal::WrongKey),
    }
    let theirs = Terms::read(terms);
    if theirs == own { Ok(()) } else { Err(Refusal::WrongTerms(theirs)) }
}

/// Seals what leaves by one connection and opens what comes.
pub(crate) struct Seal {
    state: StatelessTransportState,
    next_number: u64,
    came: ReplayWindow,
}

/// Why a sealed message was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOpened {
    /// It came before, or is too old to know.
    Replayed,
    /// It was not sealed by the other end.
    Forged,
}

impl Seal {
    fn new(state: HandshakeState, came: ReplayWindow) -> Option<Self> {
        let state = state.into_stateless_transport_mode().ok()?;
        Some(Self { state, next_number: 0, came })
    }

    /// Appends `frame`, sealed, to `out`. Whether it could be: the numbers end after 2^64 - 1.
    pub(crate) fn seal(&mut self, frame: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        out.push(SEALED);
        out.extend_from_slice(&self.next_number.to_be_bytes());
        out.resize(start + SEALING_OVERHEAD + frame.len(), 0);
        let place = out.get_mut(start + 1 + NUMBER_LEN..).unwrap_or_default();
        let is_sealed = self.state.write_message(self.next_number, frame, place).is_ok();
        if is_sealed {
            self.next_number += 1;
        } else {
            out.truncate(start);
        }
        is_sealed
    }

    /// Opens what stands behind the type of a sealed message; `into` is where the frame is put.
    pub(crate) fn open<'a>(
        &mut self,
        body: &[u8],
        into: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], NotOpened> {
        let (number, sealed) = body.split_first_chunk().ok_or(NotOpened::Forged)?;
        let number = u64::from_be_bytes(*number);
        if !self.came.is_new(number) {
            return Err(NotOpened::Replayed);
        }
        into.resize(sealed.len(), 0);
        let length =
            self.state.read_message(number, sealed, into).map_err(|_| NotOpened::Forged)?;
        // Only who has the key moves the window.
        self.came.note(number);
        Ok(into.get(..length).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::Medium;

    const TERMS: Terms = Terms { medium: Medium::Ip, mtu: 1500 };

    fn key(byte: u8) -> Key {
        Key::read(&[byte; 32]).unwrap()
    }

    /// Both ends of a connection.
    fn joined() -> (Seal, Seal) {
        let mut greeting = Greeting::new(&key(1), TERMS).unwrap();
        let window = ReplayWindow::with_late_ones;
        let (welcome, listening) = answer(&key(1), &greeting.hello, TERMS, window()).unwrap();
        let connecting = greeting.welcome(&welcome, TERMS, window()).ok().unwrap();
        (connecting, listening)
    }

    fn sealed(seal: &mut Seal, frame: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(seal.seal(frame, &mut out));
        assert_eq!((out[0], out.len()), (SEALED, frame.len() + SEALING_OVERHEAD));
        out.remove(0);
        out
    }

    #[test]
    fn what_one_end_seals_the_other_opens_once() {
        let (mut one, mut other) = joined();
        let mut into = Vec::new();
        for frame in [&b"first"[..], b"", &[7; 1500]] {
            let message = sealed(&mut one, frame);
            assert_eq!(other.open(&message, &mut into), Ok(frame));
            assert_eq!(other.open(&message, &mut into), Err(NotOpened::Replayed));
            let back = sealed(&mut other, frame);
            assert_eq!(one.open(&back, &mut into), Ok(frame));
        }
    }

    #[test]
    fn every_changed_bit_is_noticed_and_moves_nothing() {
        let (mut one, mut other) = joined();
        let message = sealed(&mut one, b"frame");
        let mut into = Vec::new();
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(other.open(&changed, &mut into), Err(NotOpened::Forged), "bit {bit}");
        }
        assert_eq!(other.open(&message[..7], &mut into), Err(NotOpened::Forged));
        assert_eq!(other.open(&message, &mut into), Ok(&b"frame"[..]));
    }

    #[test]
    fn what_we_sent_ourselves_does_not_open() {
        let (mut one, _) = joined();
        let message = sealed(&mut one, b"frame");
        assert_eq!(one.open(&message, &mut Vec::new()), Err(NotOpened::Forged));
    }

    #[test]
    fn another_key_is_refused_by_either_side() {
        let mut greeting = Greeting::new(&key(1), TERMS).unwrap();
        let window = ReplayWindow::in_order;
        let refused = answer(&key(2), &greeting.hello, TERMS, window());
        assert_eq!(refused.err(), Some(Refusal::WrongKey));
        let other = Greeting::new(&key(2), TERMS).unwrap();
        let (welcome, _) = answer(&key(2), &other.hello, TERMS, window()).unwrap();
        let refused = greeting.welcome(&welcome, TERMS, window());
        assert_eq!(refused.err(), Some(Refusal::WrongKey));
        // A forged answer keeps the right one from nothing.
        let (welcome, _) = answer(&key(1), &greeting.hello, TERMS, window()).unwrap();
        assert!(greeting.welcome(&welcome, TERMS, window()).is_ok());
    }

    #[test]
    fn ends_that_carry_different_things_say_so() {
        let greeting = Greeting::new(&key(1), TERMS).unwrap();
        let own = Terms { medium: Medium::Ethernet, mtu: 1400 };
        let refused = answer(&key(1), &greeting.hello, own, ReplayWindow::in_order());
        assert_eq!(refused.err(), Some(Refusal::WrongTerms(TERMS)));
    }

    #[test]
    fn two_connections_have_nothing_in_common() {
        let (mut one, _) = joined();
        let (_, mut other) = joined();
        let message = sealed(&mut one, b"frame");
        assert_eq!(other.open(&message, &mut Vec::new()), Err(NotOpened::Forged));
    }

    #[test]
    fn anything_else_is_no_handshake() {
        for message in [&b""[..], &[HELLO], &[7; HANDSHAKE_LEN], &[HELLO; HANDSHAKE_LEN + 1]] {
            let refused = answer(&key(1), message, TERMS, ReplayWindow::in_order());
            assert_eq!(refused.err(), Some(Refusal::NotAHandshake));
        }
        let refused = answer(&key(1), &[HELLO; HANDSHAKE_LEN], TERMS, ReplayWindow::in_order());
        assert_eq!(refused.err(), Some(Refusal::WrongKey));
    }
}
