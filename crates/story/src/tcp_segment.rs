//! A TCP segment as bytes: how the peer writes it, and how ours is judged.

use std::fmt;

use etherparse::{TcpHeader, TcpSlice, ip_number};

use crate::conversation::{Conversation, Ends, Side, current};
use crate::description::Differences;
use crate::ipv4::{Between, Payload};
use crate::scene::Scene;
use crate::tcp::{Number, Tcp};
use crate::tcp_flags::Flags;
use crate::tcp_options::{TcpOptions, judge_form};
use crate::words;

/// The peer's usual port, where no connection has begun yet.
const PEER_PORT: u16 = 40_000;

/// Ours.
const OUR_PORT: u16 = 7;

/// The window that the peer announces in its first segment.
const USUAL_WINDOW: u16 = 65_535;

impl Payload for Tcp {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<String> {
        let push = self.names_push && !self.name.contains("control bits");
        let is_push = self.flags.has(Flags::PSH);
        let options = self.options.as_ref().map(TcpOptions::in_words).unwrap_or_default();
        [
            self.from_port.map(|port| format!("source port {port}")),
            self.to_port.map(|port| format!("destination port {port}")),
            self.seq.map(|number| format!("sequence number {number}")),
            self.ack.map(|number| format!("acknowledgment number {number}")),
            self.window.map(|window| format!("window {window}")),
            push.then(|| if is_push { "PSH" } else { "no PSH" }.to_owned()),
            self.urgent.map(|pointer| format!("urgent pointer {pointer}")),
        ]
        .into_iter()
        .flatten()
        .chain(options)
        .chain((!self.data.is_empty()).then(|| words::data(&self.data)))
        .collect()
    }

    fn protocol(&self) -> u8 {
        ip_number::TCP.0
    }

    fn write(&self, scene: &Scene, between: Between) -> Result<Vec<u8>, String> {
        let usual = current(scene);
        let usual_port = |port: fn(Ends) -> u16, else_port| usual.map_or(else_port, port);
        let from = self.from_port.unwrap_or_else(|| usual_port(|it| it.peer.1, PEER_PORT));
        let to = self.to_port.unwrap_or_else(|| usual_port(|it| it.ours.1, OUR_PORT));
        let ends = Ends { peer: (between.source, from), ours: (between.destination, to) };
        let conversation = Conversation::between(scene, ends);

        let window = self.window.or(conversation.peer.window).unwrap_or(USUAL_WINDOW);
        let mut header = TcpHeader::new(from, to, self.next_seq(&conversation.peer), window);
        self.flags.write(&mut header);
        header.acknowledgment_number = self.next_ack(&conversation.ours)?;
        header.urgent_pointer = self.urgent.unwrap_or_default();
        header
            .set_options_raw(&self.written_options(&conversation))
            .map_err(|error| error.to_string().trim_end_matches('.').to_owned())?;
        header.checksum = header
            .calc_checksum_ipv4_raw(
                between.source.octets(),
                between.destination.octets(),
                &self.data,
            )
            .map_err(|error| error.to_string())?;
        Ok([&header.to_bytes(), self.data.as_slice()].concat())
    }

    fn judge(
        &self,
        scene: &Scene,
        between: Between,
        payload: &[u8],
        differences: &mut Differences,
    ) {
        let tcp = match TcpSlice::from_slice(payload) {
            Ok(tcp) => tcp,
            Err(error) => return differences.add(format!("It is not a TCP segment: {error}")),
        };
        let ends = Ends {
            peer: (between.destination, tcp.destination_port()),
            ours: (between.source, tcp.source_port()),
        };
        let conversation = Conversation::between(scene, ends);
        judge_checksum(&tcp, between, differences);
        self.judge_flags(&tcp, differences);
        self.judge_ports(scene, &tcp, differences);
        self.judge_numbers(&conversation, &tcp, differences);
        judge_form(&tcp, differences);
        judge_size(&conversation, &tcp, differences);
        if let Some(options) = &self.options {
            options.judge(&tcp, &conversation, differences);
        }
        if let Some(sentence) = words::data_difference("data", tcp.payload(), &self.data) {
            differences.add(sentence);
        }
    }
}

impl Tcp {
    /// The sequence number as on the wire: behind what was sent last, unless it is named.
    fn next_seq(&self, peer: &Side) -> u32 {
        let usual = if self.flags.has(Flags::SYN) { 0 } else { peer.next };
        self.seq.unwrap_or(Number::Counted(usual.into())).on_the_wire(peer.start)
    }

    /// The acknowledgment number as on the wire: of all that we sent, unless it is named.
    fn next_ack(&self, ours: &Side) -> Result<u32, String> {
        match self.ack {
            _ if !self.flags.has(Flags::ACK) => Ok(0),
            Some(number) => Ok(number.on_the_wire(ours.start)),
            None if ours.has_begun => Ok(ours.start.wrapping_add(ours.next)),
            None => Err("we have not sent a SYN yet that it could acknowledge".to_owned()),
        }
    }

    fn written_options(&self, conversation: &Conversation) -> Vec<u8> {
        let (syn, rst) = (self.flags.has(Flags::SYN), self.flags.has(Flags::RST));
        let usual = || TcpOptions::usual(syn, rst, conversation);
        let options = self.options.clone().unwrap_or_else(usual);
        options.write(self.flags.has(Flags::ACK), conversation)
    }

    fn judge_flags(&self, tcp: &TcpSlice<'_>, differences: &mut Differences) {
        let is = Flags::of_segment(tcp);
        let ignored = if self.names_push { Flags::NONE } else { Flags::PSH };
        let (is, should_be) = (is.without(ignored), self.flags.without(ignored));
        if is != should_be {
            differences.add(format!("Its control bits are {is}, but should be {should_be}."));
        }
    }

    /// Those that are named, and else those of the connection that began last.
    fn judge_ports(&self, scene: &Scene, tcp: &TcpSlice<'_>, differences: &mut Differences) {
        let usual = current(scene);
        let source = self.from_port.or(usual.map(|it| it.ours.1));
        differences.compare("source port", tcp.source_port(), source);
        let destination = self.to_port.or(usual.map(|it| it.peer.1));
        differences.compare("destination port", tcp.destination_port(), destination);
    }

    fn judge_numbers(
        &self,
        conversation: &Conversation,
        tcp: &TcpSlice<'_>,
        differences: &mut Differences,
    ) {
        let Conversation { ours, peer } = conversation;
        if let Some(seq) = self.seq {
            seq.judge("sequence number", ours.start, tcp.sequence_number(), differences);
        }
        if let Some(ack) = self.ack {
            let is = tcp.acknowledgment_number();
            ack.judge("acknowledgment number", peer.start, is, differences);
        }
        differences.compare("window", tcp.window_size(), self.window);
        differences.compare("urgent pointer", tcp.urgent_pointer(), self.urgent);
    }
}

/// What the peer said that it takes, no segment exceeds, options counted.
fn judge_size(conversation: &Conversation, tcp: &TcpSlice<'_>, differences: &mut Differences) {
    let Some(size) = conversation.peer.mss else { return };
    let is = tcp.payload().len() + tcp.options().len();
    if !tcp.payload().is_empty() && is > size.into() {
        differences.add(format!(
            "Its data and its options are {is} bytes, but the peer's MSS is {size} (MUST-16)."
        ));
    }
}

fn judge_checksum(tcp: &TcpSlice<'_>, between: Between, differences: &mut Differences) {
    let Between { source, destination } = between;
    match tcp.calc_checksum_ipv4(source.octets(), destination.octets()) {
        Ok(should_be) => differences.compare_hex("TCP checksum", tcp.checksum(), should_be),
        Err(error) => differences.add(format!("It is not a TCP segment: {error}")),
    }
}

impl Number {
    /// What stands in the header, where a side counts from `start`.
    fn on_the_wire(self, start: u32) -> u32 {
        match self {
            Self::Counted(number) => {
                let [.., a, b, c, d] = number.to_be_bytes();
                start.wrapping_add(u32::from_be_bytes([a, b, c, d]))
            }
            Self::Raw(number) => number,
        }
    }

    /// Compares what stands in the header.
    fn judge(self, name: &str, start: u32, is: u32, differences: &mut Differences) {
        match self {
            Self::Counted(number) => differences.compare(name, counted(start, is), number),
            Self::Raw(number) => differences.compare(&format!("{name} on the wire"), is, number),
        }
    }
}

/// `5`, `0 on the wire`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counted(number) => number.fmt(f),
            Self::Raw(number) => write!(f, "{number} on the wire"),
        }
    }
}

/// How a number on the wire is counted from `start`: negative if it lies before.
pub(crate) fn counted(start: u32, number: u32) -> i64 {
    number.wrapping_sub(start).cast_signed().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::first_numbers::FirstNumbers;
    use crate::ipv4::Packet;
    use crate::judged::{incoming, written, wrong, wrong_in};
    use crate::tcp::{ack, flags, rst, syn};

    /// Ours, as the judge expects it.
    fn ours(segment: Packet<Tcp>) -> Packet<Tcp> {
        segment.from([192, 0, 2, 2]).to([192, 0, 2, 1]).from_port(7).to_port(40_000)
    }

    #[test]
    fn what_is_written_is_judged_to_be_as_described() {
        let scene = Scene::default();
        let swapped = Scene {
            numbers: FirstNumbers { peer: scene.numbers.ours.unwrap(), ours: None },
            ..Scene::default()
        };
        let segments = [
            syn().mss(1000).window_scale(3).sack_permitted(),
            flags("FIN PSH URG").urgent(3).text(b"abc"),
            rst().window(0).no_options(),
        ];
        for segment in segments {
            let none: Vec<String> = Vec::new();
            assert_eq!(wrong_in(&swapped, &segment, &ours(segment.clone())), none);
        }
    }

    #[test]
    fn ports_and_checksum_are_compared() {
        let asked = syn().from_port(50_000).to_port(80);
        let frames = vec![incoming(written(&asked))];
        let scene = Scene { frames, ..Scene::default() };
        let sentences = wrong_in(&scene, &ack(), &ours(ack().ack(1)));
        assert_eq!(
            sentences,
            [
                "Its source port is 7, but should be 80.",
                "Its destination port is 40000, but should be 50000.",
            ]
        );
        let [sentence] = &wrong(&rst(), &ours(rst()).bad_checksum())[..] else {
            panic!("not one sentence");
        };
        assert!(sentence.starts_with("Its TCP checksum is 0x"), "{sentence}");
    }

    #[test]
    fn a_bent_header_has_a_checksum_that_fits() {
        assert_eq!(wrong(&rst(), &ours(rst()).reserved_bits(0b1110)), [""; 0]);
        let [sentence] = &wrong(&rst(), &ours(rst()).data_offset(4))[..] else {
            panic!("not one sentence");
        };
        assert!(sentence.starts_with("It is not a TCP segment: "), "{sentence}");
    }

    #[test]
    fn options_stand_one_behind_the_other_and_fill_words() {
        let options = |segment: Packet<Tcp>| {
            TcpSlice::from_slice(&written(&segment)[20..]).unwrap().options().to_vec()
        };
        assert_eq!(options(syn()), [2, 4, 0x05, 0xb4]);
        assert_eq!(options(syn().no_options()), [0; 0]);
        assert_eq!(options(syn().window_scale(7).sack_permitted()), [3, 3, 7, 4, 2, 0, 0, 0]);
        assert_eq!(options(syn().tcp_option(253, b"ab")), [253, 4, b'a', b'b']);
        assert_eq!(options(syn().tcp_options(&[1, 1]).mss(1)), [1, 1, 2, 4, 0, 1, 0, 0]);
    }
}
