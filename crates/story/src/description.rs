//! What a description of a packet is: words, and a hand that writes or an eye that judges.

use std::fmt;

use packet::{Instant, InterfaceId, ReceiveOffload};
use trace::Direction;

use crate::scene::Scene;

/// Something that can be said in English.
pub trait Described {
    /// With its article, to stand in a sentence: `an ICMP echo request with identifier 7`.
    fn in_words(&self) -> String;

    /// The EtherType of the Ethernet frame in which it travels. `None` if it is a whole frame
    /// itself, with whatever stands first on the medium.
    fn ether_type(&self) -> Option<u16> {
        None
    }
}

/// A packet that the peer can send.
pub trait Sendable: Described {
    /// All of its bytes, from its own first header on. The frame around it is the story's.
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
    /// Tells `differences` of everything in `frame` that is not as described. Its bytes begin
    /// with the description's own first header; what stood before was judged already.
    fn judge(&self, scene: &Scene, frame: &Frame, differences: &mut Differences);
}

/// A frame that crossed the wire.
#[derive(Clone, Debug)]
pub struct Frame {
    /// When.
    pub at: Instant,
    /// By which interface of the host under test.
    pub interface: InterfaceId,
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

    /// As [`Differences::compare`], for a number that is written in hexadecimal.
    pub fn compare_hex(&mut self, name: &str, is: u16, should_be: u16) {
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
