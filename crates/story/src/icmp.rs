//! ICMP messages: echo, and any other by its numbers. The errors have a file of their own.

use etherparse::checksum::Sum16BitWords;
use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Slice, Icmpv4Type, ip_number};

use crate::bent::Bent;
use crate::description::Differences;
use crate::ipv4::{Between, Packet, Payload};
use crate::scene::Scene;
use crate::words;

/// Where the checksum stands in every message.
pub(crate) const CHECKSUM_OFFSET: usize = 2;

/// An ICMP echo request: what `ping` sends.
#[must_use]
pub fn echo_request() -> Packet<Echo> {
    Packet::carrying(Echo::of_kind(EchoKind::Request))
}

/// An ICMP echo reply: what `ping` waits for.
#[must_use]
pub fn echo_reply() -> Packet<Echo> {
    Packet::carrying(Echo::of_kind(EchoKind::Reply))
}

/// An ICMP message of any type and code.
#[must_use]
pub fn icmp_message(kind: u8, code: u8) -> Packet<Message> {
    Packet::carrying(Message { kind, code, rest: None, data: None })
}

/// An echo request or reply. What is not named is 1 for the numbers and no data.
#[derive(Clone, Debug)]
pub struct Echo {
    kind: EchoKind,
    identifier: Option<u16>,
    sequence_number: Option<u16>,
    data: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
enum EchoKind {
    Reply = 0,
    Request = 8,
}

impl Echo {
    const fn of_kind(kind: EchoKind) -> Self {
        Self { kind, identifier: None, sequence_number: None, data: None }
    }

    /// The Type and Code fields.
    const fn type_and_code(&self) -> (u8, u8) {
        (self.kind as u8, 0)
    }
}

impl Packet<Echo> {
    /// Names the identifier.
    #[must_use]
    pub fn identifier(mut self, identifier: u16) -> Self {
        self.payload.identifier = Some(identifier);
        self
    }

    /// Names the sequence number.
    #[must_use]
    pub fn sequence_number(mut self, sequence_number: u16) -> Self {
        self.payload.sequence_number = Some(sequence_number);
        self
    }

    /// Names the data.
    #[must_use]
    pub fn data(mut self, data: impl AsRef<[u8]>) -> Self {
        self.payload.data = Some(data.as_ref().to_vec());
        self
    }

    /// A wrong ICMP checksum.
    pub fn bad_checksum(self) -> Bent {
        self.bad_payload_checksum("ICMP", CHECKSUM_OFFSET)
    }
}

impl Payload for Echo {
    fn name(&self) -> String {
        kind_in_words(self.type_and_code())
    }

    fn fields(&self) -> Vec<String> {
        [
            self.identifier.map(|identifier| format!("identifier {identifier}")),
            self.sequence_number.map(|number| format!("sequence number {number}")),
            self.data.as_deref().map(words::data),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn protocol(&self) -> u8 {
        ip_number::ICMP.0
    }

    fn write(&self, _scene: &Scene, _between: Between) -> Result<Vec<u8>, String> {
        let echo = IcmpEchoHeader {
            id: self.identifier.unwrap_or(1),
            seq: self.sequence_number.unwrap_or(1),
        };
        let kind = match self.kind {
            EchoKind::Reply => Icmpv4Type::EchoReply(echo),
            EchoKind::Request => Icmpv4Type::EchoRequest(echo),
        };
        Ok(message(kind, self.data.as_deref().unwrap_or_default()))
    }

    fn judge(
        &self,
        _scene: &Scene,
        _between: Between,
        payload: &[u8],
        differences: &mut Differences,
    ) {
        let Some(icmp) = judge_message(payload, self.type_and_code(), differences) else { return };
        let [id_high, id_low, number_high, number_low] = icmp.bytes5to8();
        let identifier = u16::from_be_bytes([id_high, id_low]);
        differences.compare("identifier", identifier, self.identifier);
        let sequence_number = u16::from_be_bytes([number_high, number_low]);
        differences.compare("sequence number", sequence_number, self.sequence_number);
        judge_data(icmp.payload(), self.data.as_deref(), differences);
    }
}

/// Any message. What is not named is zero, and no data.
#[derive(Clone, Debug)]
pub struct Message {
    kind: u8,
    code: u8,
    rest: Option<[u8; 4]>,
    data: Option<Vec<u8>>,
}

impl Packet<Message> {
    /// Names the four bytes behind the checksum.
    #[must_use]
    pub fn rest_of_header(mut self, rest: [u8; 4]) -> Self {
        self.payload.rest = Some(rest);
        self
    }

    /// Names the data.
    #[must_use]
    pub fn data(mut self, data: impl AsRef<[u8]>) -> Self {
        self.payload.data = Some(data.as_ref().to_vec());
        self
    }

    /// A wrong ICMP checksum.
    pub fn bad_checksum(self) -> Bent {
        self.bad_payload_checksum("ICMP", CHECKSUM_OFFSET)
    }
}

impl Payload for Message {
    fn name(&self) -> String {
        kind_in_words((self.kind, self.code))
    }

    fn fields(&self) -> Vec<String> {
        let rest = self.rest.map(|rest| format!("{} behind the checksum", words::quote(&rest)));
        let data = self.data.as_deref().map(words::data);
        [rest, data].into_iter().flatten().collect()
    }

    fn protocol(&self) -> u8 {
        ip_number::ICMP.0
    }

    fn write(&self, _scene: &Scene, _between: Between) -> Result<Vec<u8>, String> {
        let kind = Icmpv4Type::Unknown {
            type_u8: self.kind,
            code_u8: self.code,
            bytes5to8: self.rest.unwrap_or_default(),
        };
        Ok(message(kind, self.data.as_deref().unwrap_or_default()))
    }

    fn judge(
        &self,
        _scene: &Scene,
        _between: Between,
        payload: &[u8],
        differences: &mut Differences,
    ) {
        let Some(icmp) = judge_message(payload, (self.kind, self.code), differences) else {
            return;
        };
        if let Some(rest) = self.rest
            && let Some(sentence) =
                words::data_difference("rest of the header", &icmp.bytes5to8(), &rest)
        {
            differences.add(sentence);
        }
        judge_data(
            payload.get(Icmpv4Header::MIN_LEN..).unwrap_or_default(),
            self.data.as_deref(),
            differences,
        );
    }
}

/// A message with its checksum.
pub(crate) fn message(kind: Icmpv4Type, data: &[u8]) -> Vec<u8> {
    let header = Icmpv4Header::with_checksum(kind, data);
    [&header.to_bytes(), data].concat()
}

/// Reads a message and judges what all of them have. `None` if it is another one than expected.
pub(crate) fn judge_message<'a>(
    payload: &'a [u8],
    expected: (u8, u8),
    differences: &mut Differences,
) -> Option<Icmpv4Slice<'a>> {
    let icmp = match Icmpv4Slice::from_slice(payload) {
        Ok(icmp) => icmp,
        Err(error) => {
            differences.add(format!("It is not an ICMP message: {error}"));
            return None;
        }
    };
    let is = (icmp.type_u8(), icmp.code_u8());
    if is != expected {
        let (is, expected) = (kind_in_words(is), kind_in_words(expected));
        differences.add(format!("It is {is}, not {expected}."));
        return None;
    }
    let without_checksum = Sum16BitWords::new()
        .add_slice(payload.get(..CHECKSUM_OFFSET).unwrap_or_default())
        .add_slice(payload.get(CHECKSUM_OFFSET + 2..).unwrap_or_default());
    let checksum = u16::from_be(without_checksum.ones_complement());
    differences.compare_hex("ICMP checksum", icmp.checksum(), checksum);
    Some(icmp)
}

fn judge_data(is: &[u8], should_be: Option<&[u8]>, differences: &mut Differences) {
    if let Some(should_be) = should_be
        && let Some(sentence) = words::data_difference("data", is, should_be)
    {
        differences.add(sentence);
    }
}

/// A message by its type and code, with its article.
pub(crate) fn kind_in_words((kind, code): (u8, u8)) -> String {
    let name = match (kind, code) {
        (0, 0) => "echo reply",
        (8, 0) => "echo request",
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed",
        (3, 5) => "source route failed",
        (4, 0) => "source quench",
        (5, 0) => "redirect of a network",
        (5, 1) => "redirect of a host",
        (11, 0) => "time exceeded in transit",
        (11, 1) => "reassembly time exceeded",
        (12, 0) => "parameter problem",
        (13, 0) => "timestamp request",
        (14, 0) => "timestamp reply",
        (15, 0) => "information request",
        (16, 0) => "information reply",
        (17, 0) => "address mask request",
        (18, 0) => "address mask reply",
        (3, _) => return format!("an ICMP destination unreachable message of code {code}"),
        _ => return format!("an ICMP message of type {kind}, code {code}"),
    };
    format!("an ICMP {name}")
}
