//! An IPv4 packet, described by the header fields that matter and by what it carries.

use std::net::Ipv4Addr;

use etherparse::{IpDscp, IpEcn, IpFragOffset, IpNumber, Ipv4Header, Ipv4HeaderSlice, Ipv4Options};

use crate::description::{Described, Differences, Expectable, Frame, Sendable};
use crate::ethernet_frame::ETHER_TYPE_IPV4;
use crate::options::IpOption;
use crate::scene::Scene;
use crate::words;

/// What a packet carries: one protocol, one implementation.
pub trait Payload: 'static {
    /// What the packet is for it, with its article: `an ICMP echo request`.
    fn name(&self) -> String;

    /// The fields that are named, each with its value: `identifier 7`.
    fn fields(&self) -> Vec<String>;

    /// The number in IPv4's Protocol field.
    fn protocol(&self) -> u8;

    /// All of its bytes, with usual values for what is not named, and a correct checksum.
    ///
    /// # Errors
    /// A sentence that says why there is no such payload.
    fn write(&self, scene: &Scene, between: Between) -> Result<Vec<u8>, String>;

    /// Tells `differences` of everything in `payload` that is not as described, or not well-formed.
    fn judge(&self, scene: &Scene, between: Between, payload: &[u8], differences: &mut Differences);
}

/// The two addresses that a packet's header names. UDP and TCP sum them into their checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// Who sends.
    pub source: Ipv4Addr,
    /// Who is to receive.
    pub destination: Ipv4Addr,
}

/// An IPv4 packet that carries `P`.
///
/// Without [`Packet::from`] and [`Packet::to`] it goes between the peer and us.
#[derive(Clone, Debug)]
pub struct Packet<P> {
    header: Fields,
    pub(crate) payload: P,
}

/// The header's fields, those that were named.
#[derive(Clone, Debug, Default)]
struct Fields {
    source: Option<Ipv4Addr>,
    destination: Option<Ipv4Addr>,
    ttl: Option<u8>,
    identification: Option<u16>,
    dont_fragment: Option<bool>,
    more_fragments: Option<bool>,
    fragment_offset: Option<u16>,
    dscp: Option<u8>,
    ecn: Option<u8>,
    options: Option<Options>,
}

/// The options as they stand on the wire, and what there is to say of them.
#[derive(Clone, Debug, Default)]
struct Options {
    bytes: Vec<u8>,
    words: Vec<String>,
}

impl<P: Payload> Packet<P> {
    /// A packet that carries `payload`, with no header field named.
    pub fn carrying(payload: P) -> Self {
        Self { header: Fields::default(), payload }
    }

    /// Changes the payload: how the file of a protocol names the protocol's own fields.
    #[must_use]
    pub fn map(mut self, change: impl FnOnce(P) -> P) -> Self {
        self.payload = change(self.payload);
        self
    }

    /// Names the source address.
    #[must_use]
    pub fn from(mut self, source: impl Into<Ipv4Addr>) -> Self {
        self.header.source = Some(source.into());
        self
    }

    /// Names the destination address.
    #[must_use]
    pub fn to(mut self, destination: impl Into<Ipv4Addr>) -> Self {
        self.header.destination = Some(destination.into());
        self
    }

    /// Names the time to live. The peer's usual one is 64.
    #[must_use]
    pub fn ttl(mut self, ttl: u8) -> Self {
        self.header.ttl = Some(ttl);
        self
    }

    /// Names the identification. The peer's usual one is 0.
    #[must_use]
    pub fn identification(mut self, identification: u16) -> Self {
        self.header.identification = Some(identification);
        self
    }

    /// Names the DF flag. The peer usually sets it.
    #[must_use]
    pub fn dont_fragment(mut self, is_set: bool) -> Self {
        self.header.dont_fragment = Some(is_set);
        self
    }

    /// Names the MF flag. The peer usually leaves it clear.
    #[must_use]
    pub fn more_fragments(mut self, is_set: bool) -> Self {
        self.header.more_fragments = Some(is_set);
        self
    }

    /// Names the fragment offset, in units of 8 bytes. The peer's usual one is 0.
    #[must_use]
    pub fn fragment_offset(mut self, units: u16) -> Self {
        self.header.fragment_offset = Some(units);
        self
    }

    /// Names the DSCP, 0 to 63: how routers should treat the packet. The peer's usual one is 0.
    #[must_use]
    pub fn dscp(mut self, dscp: u8) -> Self {
        self.header.dscp = Some(dscp);
        self
    }

    /// Names the ECN field, 0 to 3. The peer's usual one is 0.
    #[must_use]
    pub fn ecn(mut self, ecn: u8) -> Self {
        self.header.ecn = Some(ecn);
        self
    }

    /// Names the options as they stand on the wire: 0 to 40 bytes in words of 4. The peer's usual
    /// packet has none.
    #[must_use]
    pub fn options(mut self, options: &[u8]) -> Self {
        self.header.options = Some(Options { bytes: options.to_vec(), words: Vec::new() });
        self
    }

    /// Adds an option to those named before. What is missing to a word of 4 bytes behind the last
    /// is filled up with zeros.
    #[must_use]
    pub fn option(mut self, option: IpOption) -> Self {
        let options = self.header.options.get_or_insert_default();
        options.bytes.extend(option.bytes);
        options.words.push(option.words);
        self
    }

    /// Length of the header in bytes, options included.
    pub(crate) fn header_bytes(&self) -> usize {
        Ipv4Header::MIN_LEN
            + self.header.options.as_ref().map_or(0, |options| options.field().len())
    }
}

impl<P: Payload> Described for Packet<P> {
    fn in_words(&self) -> String {
        let Fields { source, destination, .. } = &self.header;
        let mut words = self.payload.name();
        if let Some(source) = source {
            words.push_str(&format!(" from {source}"));
        }
        if let Some(destination) = destination {
            words.push_str(&format!(" to {destination}"));
        }
        let fields = [self.header.fields(), self.payload.fields()].concat();
        if !fields.is_empty() {
            words.push_str(&format!(" with {}", words::list(&fields)));
        }
        words
    }

    fn ether_type(&self) -> Option<u16> {
        Some(ETHER_TYPE_IPV4)
    }
}

impl Fields {
    /// Those that are named and are no address.
    fn fields(&self) -> Vec<String> {
        let flag = |name, is_set| format!("{name} {}", if is_set { "set" } else { "clear" });
        [
            self.ttl.map(|ttl| format!("time to live {ttl}")),
            self.identification.map(|identification| format!("identification {identification}")),
            self.dont_fragment.map(|is_set| flag("DF", is_set)),
            self.more_fragments.map(|is_set| flag("MF", is_set)),
            self.fragment_offset.map(|units| format!("fragment offset {units}")),
            self.dscp.map(|dscp| format!("DSCP {dscp}")),
            self.ecn.map(|ecn| format!("ECN {ecn}")),
            self.options.as_ref().map(Options::in_words),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Options {
    /// The field in the header. What was given as bytes stays as it is.
    fn field(&self) -> Vec<u8> {
        let mut field = self.bytes.clone();
        if !self.words.is_empty() {
            field.resize(field.len().next_multiple_of(4), 0);
        }
        field
    }

    fn in_words(&self) -> String {
        match self.words.as_slice() {
            [] if self.bytes.is_empty() => "no IPv4 options".to_owned(),
            [] => format!("{} as IPv4 options", words::quote(&self.bytes)),
            words => words::list(words),
        }
    }
}

impl<P: Payload> Sendable for Packet<P> {
    fn write(&self, scene: &Scene) -> Result<Vec<u8>, String> {
        let (mut header, payload) = self.parts(scene)?;
        header.set_payload_len(payload.len()).map_err(|error| error.to_string())?;
        header.header_checksum = header.calc_header_checksum();
        Ok([&header.to_bytes(), payload.as_slice()].concat())
    }
}

impl<P: Payload> Packet<P> {
    /// The header, but for its length and its checksum, and the payload.
    pub(crate) fn parts(&self, scene: &Scene) -> Result<(Ipv4Header, Vec<u8>), String> {
        let between = Between {
            source: self.header.source.unwrap_or(scene.peer),
            destination: self.header.destination.unwrap_or(scene.we),
        };
        let payload = self.payload.write(scene, between)?;
        Ok((self.header.write(between, self.payload.protocol())?, payload))
    }

    /// The DF flag, if it was named.
    pub(crate) const fn dont_fragment_named(&self) -> Option<bool> {
        self.header.dont_fragment
    }
}

impl Fields {
    /// The header, but for its length and its checksum.
    fn write(&self, between: Between, protocol: u8) -> Result<Ipv4Header, String> {
        let options = self.options.as_ref().map(Options::field).unwrap_or_default();
        Ok(Ipv4Header {
            dscp: IpDscp::try_new(self.dscp.unwrap_or(0)).map_err(|error| error.to_string())?,
            ecn: IpEcn::try_new(self.ecn.unwrap_or(0)).map_err(|error| error.to_string())?,
            identification: self.identification.unwrap_or(0),
            dont_fragment: self.dont_fragment.unwrap_or(true),
            more_fragments: self.more_fragments.unwrap_or(false),
            fragment_offset: IpFragOffset::try_new(self.fragment_offset.unwrap_or(0))
                .map_err(|error| error.to_string())?,
            time_to_live: self.ttl.unwrap_or(64),
            protocol: IpNumber(protocol),
            source: between.source.octets(),
            destination: between.destination.octets(),
            options: Ipv4Options::try_from(options.as_slice())
                .map_err(|error| error.to_string())?,
            ..Ipv4Header::default()
        })
    }
}

impl<P: Payload> Expectable for Packet<P> {
    fn judge(&self, scene: &Scene, frame: &Frame, differences: &mut Differences) {
        let header = match Ipv4HeaderSlice::from_slice(&frame.bytes) {
            Ok(header) => header,
            Err(error) => return differences.add(format!("It is not an IPv4 packet: {error}")),
        };
        judge_form(&header, frame.bytes.len(), differences);
        self.header.judge(scene, &header, differences);

        let (protocol, expected) = (header.protocol(), IpNumber(self.payload.protocol()));
        if protocol != expected {
            let named = protocol.keyword_str().unwrap_or("a protocol without a name");
            return differences.add(format!(
                "It is not {}: it carries {named} ({}).",
                self.payload.name(),
                protocol.0
            ));
        }
        let between =
            Between { source: header.source_addr(), destination: header.destination_addr() };
        let end = frame.bytes.len().min(header.total_len().into());
        let payload = frame.bytes.get(header.slice().len()..end).unwrap_or_default();
        self.payload.judge(scene, between, payload, differences);
    }
}

/// What holds for every packet that leaves.
fn judge_form(header: &Ipv4HeaderSlice<'_>, length: usize, differences: &mut Differences) {
    let checksum = header.to_header().calc_header_checksum();
    differences.compare_hex("IPv4 header checksum", header.header_checksum(), checksum);
    differences.compare("total length", usize::from(header.total_len()), length);
    if header.ttl() == 0 {
        differences.add("Its time to live is 0, with which nothing may leave (IP-16).");
    }
}

impl Fields {
    /// What the story named, and the addresses always.
    fn judge(&self, scene: &Scene, header: &Ipv4HeaderSlice<'_>, differences: &mut Differences) {
        let flag = |is_set| if is_set { "set" } else { "clear" };
        let source = self.source.unwrap_or(scene.we);
        differences.compare("source address", header.source_addr(), source);
        let destination = self.destination.unwrap_or(scene.peer);
        differences.compare("destination address", header.destination_addr(), destination);
        differences.compare("time to live", header.ttl(), self.ttl);
        differences.compare("identification", header.identification(), self.identification);
        let dont_fragment = self.dont_fragment.map(flag);
        differences.compare("DF flag", flag(header.dont_fragment()), dont_fragment);
        let more_fragments = self.more_fragments.map(flag);
        differences.compare("MF flag", flag(header.more_fragments()), more_fragments);
        let offset = header.fragments_offset().value();
        differences.compare("fragment offset", offset, self.fragment_offset);
        differences.compare("DSCP", header.dcp().value(), self.dscp);
        differences.compare("ECN", header.ecn().value(), self.ecn);
        if let Some(options) = &self.options
            && let Some(sentence) =
                words::data_difference("options field", header.options(), &options.field())
        {
            differences.add(sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bent::Bend;
    use crate::judged::wrong;
    use crate::{echo_reply, echo_request};

    /// A reply as we should send it, with every field another than usual.
    fn reply() -> Packet<crate::Echo> {
        echo_reply()
            .from([192, 0, 2, 2])
            .to([192, 0, 2, 1])
            .ttl(3)
            .identification(4)
            .dont_fragment(false)
            .options(&[1, 1, 1, 0])
            .identifier(5)
            .sequence_number(6)
            .data(b"abc")
    }

    #[test]
    fn what_is_written_is_judged_to_be_as_described() {
        assert_eq!(wrong(&reply(), &reply()), [""; 0]);
        assert_eq!(wrong(&echo_reply(), &reply()), [""; 0]);
    }

    #[test]
    fn each_field_that_is_named_is_compared() {
        let usual = || echo_reply().from([192, 0, 2, 2]).to([192, 0, 2, 1]).identifier(5);
        assert_eq!(
            wrong(&reply().more_fragments(true).fragment_offset(9), &usual().ttl(255)),
            [
                "Its time to live is 255, but should be 3.",
                "Its identification is 0, but should be 4.",
                "Its DF flag is set, but should be clear.",
                "Its MF flag is clear, but should be set.",
                "Its fragment offset is 0, but should be 9.",
                "Its options field is nothing, but should be the bytes 01 01 01 00.",
                "Its sequence number is 1, but should be 6.",
                "Its data is nothing, but should be \"abc\".",
            ]
        );
    }

    #[test]
    fn the_addresses_are_compared_though_nobody_names_them() {
        assert_eq!(
            wrong(&echo_reply(), &echo_reply()),
            [
                "Its source address is 192.0.2.1, but should be 192.0.2.2.",
                "Its destination address is 192.0.2.2, but should be 192.0.2.1.",
            ]
        );
    }

    #[test]
    fn what_leaves_must_be_well_formed() {
        assert_eq!(
            wrong(&echo_reply(), &reply().ttl(0).padded_with(b"!")),
            [
                "Its total length is 35, but should be 36.",
                "Its time to live is 0, with which nothing may leave (IP-16).",
            ]
        );
        let [sentence] = &wrong(&echo_reply(), &reply().bad_header_checksum())[..] else {
            panic!("not one sentence");
        };
        assert!(sentence.starts_with("Its IPv4 header checksum is 0x"), "{sentence}");
        let [sentence] = &wrong(&echo_reply(), &reply().bad_checksum())[..] else {
            panic!("not one sentence");
        };
        assert!(sentence.starts_with("Its ICMP checksum is 0x"), "{sentence}");
    }

    #[test]
    fn what_is_no_such_packet_is_not_compared_further() {
        for (sent, expected) in [
            (reply().truncated_to(19), "It is not an IPv4 packet: "),
            (reply().version(5), "It is not an IPv4 packet: "),
            (reply().byte(9, 17), "It is not an ICMP echo reply: it carries UDP (17)."),
        ] {
            let sentences = wrong(&echo_reply(), &sent);
            assert!(sentences.last().unwrap().starts_with(expected), "{sentences:?}");
        }
        let expected = ["It is an ICMP echo reply, not an ICMP echo request."];
        assert_eq!(wrong(&echo_request(), &reply()), expected);
    }

    #[test]
    fn what_no_packet_can_be_is_refused() {
        let scene = Scene::default();
        assert!(echo_reply().options(&[0; 41]).write(&scene).is_err());
        assert!(echo_reply().fragment_offset(0x2000).write(&scene).is_err());
        assert!(echo_reply().data(vec![0; 65_536]).write(&scene).is_err());
    }
}
