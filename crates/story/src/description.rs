//! What a description of a packet is: words, and a hand that writes or an eye that judges.

use std::fmt;
use std::net::Ipv4Addr;

use packet::{Instant, Medium, ReceiveOffload};
use trace::Direction;

use crate::{KERNEL, STACK};

/// Something that can be said in English.
pub trait Described {
    /// With its article, to stand in a sentence: `an ICMP echo request with identifier 7`.
    fn in_words(&self) -> String;
}

/// A packet that the peer can send.
pub trait Sendable: Described {
    /// All of its bytes, from the first header that the medium has.
    ///
    /// # Errors
    /// A sentence that says why there is no such packet. The story is at fault then.
    fn write(&self, scene: &Scene) -> Result<Vec<u8>, String>;

    /// What the device did for it on the way in. Nothing, unless the packet says otherwise.
    fn offload(&self) -> ReceiveOffload {
        ReceiveOffload::default()
    }
}

/// A packet that we can be expected to send.
pub trait Expectable: Described {
    /// Tells `differences` of everything in `frame` that is not as described.
    fn judge(&self, scene: &Scene, frame: &Frame, differences: &mut Differences);
}

/// Where a story plays, and what has crossed the wire in it so far.
///
/// A description asks here for what only the story knows: the usual addresses, or a number that
/// the host chose for itself in an earlier packet.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The address that the peer sends from.
    pub peer: Ipv4Addr,
    /// The address of the host under test.
    pub we: Ipv4Addr,
    /// What stands first in each frame.
    pub medium: Medium,
    /// Every frame so far, in order.
    pub(crate) frames: Vec<Frame>,
}

impl Scene {
    /// Every frame that has crossed so far, in order.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }
}

/// The usual scene: the peer is 192.0.2.1, we are 192.0.2.2, and the device is a TUN.
impl Default for Scene {
    fn default() -> Self {
        Self { peer: KERNEL, we: STACK, medium: Medium::Ip, frames: Vec::new() }
    }
}

/// A frame that crossed the wire.
#[derive(Clone, Debug)]
pub struct Frame {
    /// When.
    pub at: Instant,
    /// Into the host under test or out of it, with what the device did for it or has still to do.
    pub direction: Direction,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// What is not as it should be in a packet, one sentence each.
#[derive(Debug, Default)]
pub struct Differences {
    sentences: Vec<String>,
}

impl Differences {
    /// Compares one field, whose `name` is said with what it is and what it should be. A field
    /// that should be nothing in particular is never different.
    pub fn compare<T: PartialEq + fmt::Display>(
        &mut self,
        name: &str,
        is: T,
        should_be: impl Into<Option<T>>,
    ) {
        if let Some(should_be) = should_be.into()
            && is != should_be
        {
            self.add(format!("Its {name} is {is}, but should be {should_be}."));
        }
    }

    /// As [`Differences::compare`], for a checksum: in hexadecimal.
    pub fn compare_checksum(&mut self, name: &str, is: u16, should_be: u16) {
        self.compare(name, format!("{is:#06x}"), format!("{should_be:#06x}"));
    }

    /// Adds a whole sentence, with its full stop.
    pub fn add(&mut self, sentence: impl Into<String>) {
        self.sentences.push(sentence.into());
    }

    pub(crate) fn into_sentences(self) -> Vec<String> {
        self.sentences
    }
}
