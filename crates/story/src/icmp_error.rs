//! ICMP errors, and the datagram that each of them quotes.
//!
//! An error is always about a datagram, so nobody has to say that it quotes one. What we send
//! must be about what the peer sent last, and what the peer sends is about what we sent last,
//! unless the story names another.

use std::fmt;
use std::rc::Rc;

use etherparse::{Icmpv4Header, Icmpv4Slice, Icmpv4Type, Ipv4Header, ip_number};

use crate::bent::Bent;
use crate::description::{Differences, Sendable};
use crate::icmp;
use crate::ipv4::{Between, Packet, Payload};
use crate::scene::Scene;
use crate::words;

/// The longest datagram that carries an error, in bytes (RFC 1812, 4.3.2.3).
const MOST_BYTES: usize = 576;

/// How much of the quoted datagram's data must be there at least, in bytes (ICMP-2).
const LEAST_DATA: usize = 8;

/// Code 0: a router knows no way to the network.
#[must_use]
pub fn network_unreachable() -> Packet<IcmpError> {
    unreachable_code(0)
}

/// Code 1: the last router, or we ourselves, cannot reach the host on its link.
#[must_use]
pub fn host_unreachable() -> Packet<IcmpError> {
    unreachable_code(1)
}

/// Code 2: the host does not speak the protocol.
#[must_use]
pub fn protocol_unreachable() -> Packet<IcmpError> {
    unreachable_code(2)
}

/// Code 3: nobody listens at the port.
#[must_use]
pub fn port_unreachable() -> Packet<IcmpError> {
    unreachable_code(3)
}

/// Code 4: the datagram does not fit the next link, which takes `mtu` bytes, and must not be cut.
#[must_use]
pub fn fragmentation_needed(mtu: u16) -> Packet<IcmpError> {
    let [high, low] = mtu.to_be_bytes();
    let field = Some(format!("next-hop MTU {mtu}"));
    Packet::carrying(IcmpError { rest: [0, 0, high, low], field, ..IcmpError::new(3, 4) })
}

/// Code 5: the way that the sender dictated cannot be gone.
#[must_use]
pub fn source_route_failed() -> Packet<IcmpError> {
    unreachable_code(5)
}

/// Destination unreachable, with any code.
#[must_use]
pub fn unreachable_code(code: u8) -> Packet<IcmpError> {
    Packet::carrying(IcmpError::new(3, code))
}

/// The datagram passed as many routers as its time to live allowed.
#[must_use]
pub fn time_exceeded() -> Packet<IcmpError> {
    Packet::carrying(IcmpError::new(11, 0))
}

/// Not all fragments of the datagram came in time.
#[must_use]
pub fn reassembly_time_exceeded() -> Packet<IcmpError> {
    Packet::carrying(IcmpError::new(11, 1))
}

/// The byte at `pointer` of the datagram's header, from 0, makes no sense.
#[must_use]
pub fn parameter_problem(pointer: u8) -> Packet<IcmpError> {
    let field = Some(format!("pointer {pointer}"));
    Packet::carrying(IcmpError { rest: [pointer, 0, 0, 0], field, ..IcmpError::new(12, 0) })
}

/// An error about a datagram.
#[derive(Clone)]
pub struct IcmpError {
    kind: u8,
    code: u8,
    /// The four bytes behind the checksum.
    rest: [u8; 4],
    /// What they say.
    field: Option<String>,
    /// `None`: the datagram that the other side sent last.
    about: Option<Rc<dyn Sendable>>,
    /// How many bytes of the datagram's data are quoted.
    quoted_data: Option<usize>,
}

impl IcmpError {
    const fn new(kind: u8, code: u8) -> Self {
        Self { kind, code, rest: [0; 4], field: None, about: None, quoted_data: None }
    }
}

impl Packet<IcmpError> {
    /// Names the datagram that is quoted, if it is not what the other side sent last. Without
    /// addresses of its own it goes from whoever gets the error to whoever sends it.
    #[must_use]
    pub fn quoting(mut self, datagram: impl Sendable + 'static) -> Self {
        self.payload.about = Some(Rc::new(datagram));
        self
    }

    /// Names how many bytes are quoted of what stands behind the datagram's header. The peer
    /// usually quotes 8; we must quote as many at least, or all if there are fewer.
    #[must_use]
    pub fn quoting_data(mut self, length: usize) -> Self {
        self.payload.quoted_data = Some(length);
        self
    }

    /// A wrong ICMP checksum.
    pub fn bad_checksum(self) -> Bent {
        self.bad_payload_checksum("ICMP", icmp::CHECKSUM_OFFSET)
    }
}

impl fmt::Debug for IcmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IcmpError({}, {})", self.name(), self.fields().join(", "))
    }
}

impl Payload for IcmpError {
    fn name(&self) -> String {
        icmp::kind_in_words((self.kind, self.code))
    }

    fn fields(&self) -> Vec<String> {
        let data = self.quoted_data.map(|length| format!("{length} bytes of data quoted"));
        let about = self.about.as_ref();
        let about = about.map(|datagram| format!("a quote of {}", datagram.in_words()));
        [self.field.clone(), data, about].into_iter().flatten().collect()
    }

    fn protocol(&self) -> u8 {
        ip_number::ICMP.0
    }

    fn write(&self, scene: &Scene, _between: Between) -> Result<Vec<u8>, String> {
        let datagram = match &self.about {
            Some(datagram) => datagram.write(&scene.mirrored())?,
            None => own_bytes(scene.last_from_us().ok_or("we have sent no datagram yet")?),
        };
        let length = header_length(&datagram) + self.quoted_data.unwrap_or(LEAST_DATA);
        if self.quoted_data.is_some() && datagram.len() < length {
            let length = datagram.len();
            return Err(format!("the datagram has no more than {length} bytes to quote"));
        }
        let kind =
            Icmpv4Type::Unknown { type_u8: self.kind, code_u8: self.code, bytes5to8: self.rest };
        Ok(icmp::message(kind, datagram.get(..length).unwrap_or(&datagram)))
    }

    fn judge(
        &self,
        scene: &Scene,
        _between: Between,
        payload: &[u8],
        differences: &mut Differences,
    ) {
        let expected = (self.kind, self.code);
        let Some(message) = icmp::judge_message(payload, expected, differences) else { return };
        self.judge_rest(&message, differences);
        let length = Ipv4Header::MIN_LEN + payload.len();
        if length > MOST_BYTES {
            differences.add(format!(
                "It makes a datagram of {length} bytes, but an error has {MOST_BYTES} at most."
            ));
        }
        let quote = payload.get(Icmpv4Header::MIN_LEN..).unwrap_or_default();
        match self.offending(scene) {
            Ok(datagram) => self.judge_quote(quote, &datagram, differences),
            Err(reason) => differences.add(format!("It is about nothing: {reason}.")),
        }
    }
}

impl IcmpError {
    /// The bytes of the datagram that an error of ours is about.
    fn offending(&self, scene: &Scene) -> Result<Vec<u8>, String> {
        match &self.about {
            Some(datagram) => datagram.write(scene),
            None => {
                let last = scene.last_from_peer().ok_or("the peer has sent no datagram yet")?;
                Ok(own_bytes(last))
            }
        }
    }

    fn judge_rest(&self, message: &Icmpv4Slice<'_>, differences: &mut Differences) {
        let is = message.bytes5to8();
        let mtu = |[_, _, high, low]: [u8; 4]| u16::from_be_bytes([high, low]);
        let pointer = |[pointer, _, _, _]: [u8; 4]| pointer;
        match (self.kind, self.code) {
            (3, 4) => differences.compare("next-hop MTU", mtu(is), mtu(self.rest)),
            (12, 0) => differences.compare("pointer", pointer(is), pointer(self.rest)),
            _ if is == self.rest => {}
            _ => {
                let is = words::quote(&is);
                differences.add(format!("Its unused field is {is}, but should be zero."));
            }
        }
    }

    /// The rule of ICMP-2: the header and at least 8 bytes of data, as they were received.
    fn judge_quote(&self, quote: &[u8], datagram: &[u8], differences: &mut Differences) {
        let header = header_length(datagram);
        let least = datagram.len().min(header + LEAST_DATA);
        let (is, most) = (quote.len(), datagram.len());
        if is < least {
            differences.add(format!(
                "It quotes {is} bytes, but should quote {least} at least: the header of {header} \
                 bytes and {LEAST_DATA} bytes of data, or all that there are."
            ));
        }
        if is > most {
            differences.add(format!("It quotes {is} bytes of a datagram that has only {most}."));
        }
        let quoted_data = quote.len().saturating_sub(header);
        differences.compare("length of the quoted data", quoted_data, self.quoted_data);
        let differs = |(is, should_be): (&u8, &u8)| is != should_be;
        if let Some(at) = quote.iter().zip(datagram).position(differs)
            && let (Some(is), Some(should_be)) = (quote.get(at), datagram.get(at))
        {
            differences.add(format!(
                "Byte {at} of its quote is {is:#04x}, but was {should_be:#04x} in the datagram \
                 that it should be about."
            ));
        }
    }
}

/// Length of the header at the beginning of an IPv4 packet, in bytes, as it says itself.
fn header_length(packet: &[u8]) -> usize {
    let ihl = packet.first().map_or(0, |first| first & 0x0f);
    usize::from(ihl) * 4
}

/// An IPv4 packet without what a link may have put behind it.
fn own_bytes(packet: &[u8]) -> Vec<u8> {
    let total_length = packet.get(2..4).and_then(|field| field.try_into().ok());
    let length = total_length.map_or(packet.len(), |field| u16::from_be_bytes(field).into());
    packet.get(..length).unwrap_or(packet).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{Described, Differences, Expectable};
    use crate::ethernet_frame::framed;
    use crate::judged::{incoming, outgoing};
    use crate::{KERNEL, STACK, echo_request, udp};

    /// What is wrong with `sent` after the peer has sent a ping with 1000 bytes.
    fn wrong(expected: &Packet<IcmpError>, sent: &impl Sendable) -> Vec<String> {
        let mut scene = Scene::default();
        let ping = ping().write(&scene).unwrap();
        scene.frames.push(incoming([ping.as_slice(), b"padding"].concat()));
        let mut by_us = scene.mirrored();
        by_us.frames.push(outgoing(ping));
        let frame = outgoing(sent.write(&by_us).unwrap());
        let mut differences = Differences::default();
        expected.judge(&scene, &frame, &mut differences);
        differences.into_sentences()
    }

    fn ping() -> Packet<crate::Echo> {
        echo_request().data([7; 1000])
    }

    #[test]
    fn what_is_written_is_judged_to_be_as_described() {
        for (expected, sent) in [
            (port_unreachable(), port_unreachable()),
            (fragmentation_needed(1400), fragmentation_needed(1400)),
            (parameter_problem(21), parameter_problem(21).quoting_data(528)),
            (time_exceeded().quoting_data(9), time_exceeded().quoting_data(9)),
            (reassembly_time_exceeded().quoting(ping()), reassembly_time_exceeded()),
        ] {
            assert_eq!(wrong(&expected, &sent), [""; 0], "{}", expected.in_words());
        }
    }

    #[test]
    fn kind_pointer_and_mtu_are_compared() {
        assert_eq!(
            wrong(&port_unreachable(), &protocol_unreachable()),
            ["It is an ICMP protocol unreachable, not an ICMP port unreachable."]
        );
        assert_eq!(
            wrong(&parameter_problem(21), &parameter_problem(20)),
            ["Its pointer is 20, but should be 21."]
        );
        assert_eq!(
            wrong(&fragmentation_needed(576), &fragmentation_needed(1400)),
            ["Its next-hop MTU is 1400, but should be 576."]
        );
        let message = crate::icmp_message(3, 3).rest_of_header([0, 0, 0, 1]);
        let sentences = wrong(&port_unreachable(), &message.from(STACK).to(KERNEL));
        assert_eq!(sentences[0], "Its unused field is the bytes 00 00 00 01, but should be zero.");
    }

    #[test]
    fn the_quote_must_be_the_datagram_s_own_bytes() {
        let sent = || port_unreachable().quoting_data(8);
        assert_eq!(
            wrong(&port_unreachable(), &port_unreachable().quoting_data(7)),
            ["It quotes 27 bytes, but should quote 28 at least: the header of 20 bytes and 8 \
                 bytes of data, or all that there are."]
        );
        assert_eq!(
            wrong(&port_unreachable().quoting_data(528), &sent()),
            ["Its length of the quoted data is 8, but should be 528."]
        );
        assert_eq!(
            wrong(&port_unreachable(), &port_unreachable().quoting_data(529)),
            ["It makes a datagram of 577 bytes, but an error has 576 at most."]
        );
        let with_another_ttl = port_unreachable().quoting(ping().ttl(63)).quoting_data(8);
        assert_eq!(
            wrong(&port_unreachable(), &with_another_ttl),
            ["Byte 8 of its quote is 0x3f, but was 0x40 in the datagram that it should be \
                 about."]
        );
        let short = echo_request();
        assert_eq!(
            wrong(&port_unreachable().quoting(short), &sent().quoting(ping()))[..1],
            ["Byte 2 of its quote is 0x04, but was 0x00 in the datagram that it should be about."]
        );
    }

    #[test]
    fn an_error_about_nothing_is_none() {
        let scene = Scene::default();
        let frame = outgoing(port_unreachable().quoting(ping()).write(&scene).unwrap());
        let mut differences = Differences::default();
        let expected = port_unreachable().from(KERNEL).to(STACK);
        expected.judge(&scene, &frame, &mut differences);
        let sentences = differences.into_sentences();
        assert_eq!(sentences, ["It is about nothing: the peer has sent no datagram yet."]);
        let refused = port_unreachable().write(&scene).unwrap_err();
        assert_eq!(refused, "we have sent no datagram yet");
        let refused = port_unreachable().quoting(udp()).quoting_data(9).write(&scene).unwrap_err();
        assert_eq!(refused, "the datagram has no more than 28 bytes to quote");
    }

    #[test]
    fn on_ethernet_the_datagram_is_quoted_without_its_frame() {
        let mut scene = Scene::on_ethernet();
        let datagram = udp().write(&scene).unwrap();
        let frame = framed(&scene, datagram.clone(), udp().ether_type()).unwrap();
        scene.frames.extend([outgoing(frame), outgoing(vec![0; 14])]);
        let error = port_unreachable().write(&scene).unwrap();
        assert_eq!(error[28..], datagram[..28]);
    }

    #[test]
    fn what_the_peer_quotes_goes_from_us_to_it() {
        let error = port_unreachable().quoting(udp()).write(&Scene::default()).unwrap();
        assert_eq!(error[40..48], [STACK.octets(), KERNEL.octets()].concat());
    }

    #[test]
    fn what_is_named_is_said() {
        let named = fragmentation_needed(1400).quoting(udp().to_port(9)).quoting_data(8);
        assert_eq!(
            named.in_words(),
            "an ICMP fragmentation needed with next-hop MTU 1400, 8 bytes of data quoted and a \
             quote of a UDP datagram with destination port 9"
        );
    }

    #[test]
    fn a_checksum_can_be_wrong() {
        let sentences = wrong(&port_unreachable(), &port_unreachable().bad_checksum());
        assert!(sentences[0].starts_with("Its ICMP checksum is 0x"), "{sentences:?}");
    }
}
