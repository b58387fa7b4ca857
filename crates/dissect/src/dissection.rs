//! What a dissection holds.

use std::ops::Range;

use crate::part::Part;

/// A packet in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dissection {
    /// The packet in one line.
    pub summary: Summary,
    /// Its layers from the outermost in, in the order of their bytes.
    pub layers: Vec<Layer>,
    /// The packet itself, for the hex dump.
    pub(crate) bytes: Vec<u8>,
}

/// A packet in one line. `Display` writes
/// `192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 84 bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Who sends to whom, by the innermost addresses. `None` if the packet has none to read.
    pub endpoints: Option<Endpoints>,
    /// What the packet is.
    pub what: String,
    /// The same in fewer words, for whoever shows which connection it belongs to in another way.
    pub brief: Option<Brief>,
    /// Length in bytes of all that crossed the device, an Ethernet header included.
    pub length: usize,
    /// What one should know beside, if anything (`a superframe of segments with 1448 bytes`).
    pub note: Option<String>,
    /// The first thing that is wrong with the packet, if anything is
    /// (`wrong in IPv4: the header checksum is 0x1234, but should be 0xb6a5`).
    pub trouble: Option<String>,
}

/// A packet that belongs to a connection, in few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// From which port to which.
    pub ports: (u16, u16),
    /// What it is without them: `[PSH, ACK] seq 1 ack 1 data 6`.
    pub what: String,
}

/// Who sends to whom, as text: IP addresses, or MAC addresses where there is no IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The sender.
    pub source: String,
    /// The receiver.
    pub destination: String,
}

/// One layer of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Whose bytes they are: `IPv4`, `ICMP`, `data`, `quoted UDP`.
    pub name: String,
    /// Which bytes of the packet, counted from 0. A header only, without what it carries.
    pub bytes: Range<usize>,
    /// Its fields in the order in which they stand.
    pub fields: Vec<Field>,
    /// What is wrong with the layer, if anything is.
    pub trouble: Option<String>,
}

/// One field of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The byte of the packet in which the field begins, counted from 0.
    pub offset: usize,
    /// The field's name in its specification.
    pub name: &'static str,
    /// What it holds.
    pub value: String,
    /// What that says; empty if the value says it all.
    pub meaning: String,
}

impl Layer {
    /// A layer that takes all of `part`, without fields yet.
    pub(crate) fn new(name: impl Into<String>, part: Part<'_>) -> Self {
        Self {
            name: name.into(),
            bytes: part.offset..part.offset + part.len(),
            fields: Vec::new(),
            trouble: None,
        }
    }

    /// Adds the field that stands `at` bytes into the layer.
    pub(crate) fn field(
        &mut self,
        at: usize,
        name: &'static str,
        value: impl ToString,
        meaning: impl Into<String>,
    ) {
        self.fields.push(Field {
            offset: self.bytes.start + at,
            name,
            value: value.to_string(),
            meaning: meaning.into(),
        });
    }
}
