//! The dissection under way: what each layer adds to it, and where it begins.

use std::num::NonZeroU16;

use packet::{Medium, ReceiveOffload, ReceivedChecksum, TransmitOffload};

use crate::part::Part;
use crate::{
    Brief, Conversations, Dissection, Endpoints, Layer, Summary, internet, link, packet_information,
};

/// What stands first in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// An IP packet or an Ethernet frame.
    pub medium: Medium,
    /// Whether the four bytes of packet information stand before that: the device was attached
    /// without `IFF_NO_PI`.
    pub packet_information: bool,
}

impl From<Medium> for Framing {
    /// No packet information.
    fn from(medium: Medium) -> Self {
        Self { medium, packet_information: false }
    }
}

/// What the device does for the packet, as far as it shows in the bytes. The default is: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offload {
    /// The transport checksum is not filled in: the field holds the pseudo-header's sum alone.
    pub checksum_left_out: bool,
    /// The packet stands for several, each with this many bytes of data.
    pub segment_size: Option<NonZeroU16>,
}

impl From<ReceiveOffload> for Offload {
    fn from(offload: ReceiveOffload) -> Self {
        Self {
            checksum_left_out: matches!(offload.checksum, ReceivedChecksum::LeftOut(_)),
            segment_size: offload.segmentation.map(|segmentation| segmentation.size),
        }
    }
}

impl From<TransmitOffload> for Offload {
    fn from(offload: TransmitOffload) -> Self {
        Self {
            checksum_left_out: offload.checksum.is_some(),
            segment_size: offload.segmentation.map(|segmentation| segmentation.size),
        }
    }
}

/// Reads a packet as far as it can be read. Any bytes will do.
#[must_use]
pub fn dissect(bytes: &[u8], framing: impl Into<Framing>, offload: Offload) -> Dissection {
    let mut dissector = Dissector::with(offload);
    dissector.read(bytes, framing.into());
    dissector.finish(bytes)
}

/// Reads what stands behind any packet information.
pub(crate) fn read_medium(dissector: &mut Dissector, part: Part<'_>, medium: Medium) {
    match medium {
        Medium::Ip => internet::read(dissector, part),
        Medium::Ethernet => link::read(dissector, part),
    }
}

/// What has been found so far. Each layer adds itself and says more exactly what the packet is.
#[derive(Debug, Default)]
pub(crate) struct Dissector {
    pub(crate) offload: Offload,
    /// Set inside an ICMP error: the packet is cut short there, and that is no trouble.
    pub(crate) is_quoted: bool,
    pub(crate) endpoints: Option<Endpoints>,
    /// What the packet is, as the innermost layer so far would say it.
    pub(crate) what: String,
    /// What stands before `what` (`VLAN 42, `).
    pub(crate) prefix: String,
    /// The packet in fewer words, if there are any.
    pub(crate) brief: Option<Brief>,
    pub(crate) layers: Vec<Layer>,
    /// Set if TCP's numbers are to be counted from where they began.
    pub(crate) conversations: Option<Conversations>,
    trouble: Option<String>,
}

impl Dissector {
    /// A dissector that has read nothing, of a packet with which the device helps so.
    pub(crate) fn with(offload: Offload) -> Self {
        Self { offload, ..Self::default() }
    }

    /// Reads the whole packet.
    pub(crate) fn read(&mut self, bytes: &[u8], framing: Framing) {
        let whole = Part { bytes, offset: 0 };
        if framing.packet_information {
            packet_information::read(self, whole, framing.medium);
        } else {
            packet_information::look_out_for(self, whole, framing.medium);
        }
    }

    /// A dissector for the packet that an ICMP error quotes.
    pub(crate) fn quoted() -> Self {
        Self { is_quoted: true, ..Self::default() }
    }

    pub(crate) fn add(&mut self, mut layer: Layer) {
        if self.is_quoted {
            layer.name.insert_str(0, "quoted ");
        }
        self.layers.push(layer);
    }

    /// Notes what is wrong with `layer`. The first trouble of the packet goes into the summary.
    pub(crate) fn trouble(&mut self, layer: &mut Layer, trouble: impl ToString) {
        let trouble = trouble.to_string();
        self.trouble.get_or_insert_with(|| format!("wrong in {}: {trouble}", layer.name));
        layer.trouble.get_or_insert(trouble);
    }

    pub(crate) fn set_endpoints(&mut self, source: impl ToString, destination: impl ToString) {
        self.endpoints =
            Some(Endpoints { source: source.to_string(), destination: destination.to_string() });
    }

    /// Adds what no layer reads any further, if there is any.
    pub(crate) fn data(&mut self, name: &str, part: Part<'_>) {
        if part.len() > 0 {
            self.add(Layer::new(name, part));
        }
    }

    pub(crate) fn finish(self, bytes: &[u8]) -> Dissection {
        let note = self
            .offload
            .segment_size
            .map(|size| format!("a superframe of segments with {size} bytes"));
        let summary = Summary {
            endpoints: self.endpoints,
            what: self.prefix + &self.what,
            brief: self.brief,
            length: bytes.len(),
            note,
            trouble: self.trouble,
        };
        Dissection { summary, layers: self.layers, bytes: bytes.to_vec() }
    }
}
