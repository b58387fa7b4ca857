//! UDP datagrams.

use etherparse::checksum::Sum16BitWords;
use etherparse::{UdpHeader, UdpSlice, ip_number};

use crate::bent::{Bend, Bent};
use crate::description::Differences;
use crate::ipv4::{Between, Packet, Payload};
use crate::scene::Scene;
use crate::words;

/// Where the length and the checksum stand.
const LENGTH_OFFSET: usize = 4;
const CHECKSUM_OFFSET: usize = 6;

/// A UDP datagram. The peer's usual one goes from port 40000 to port 7 and has no data.
#[must_use]
pub fn udp() -> Packet<Udp> {
    Packet::carrying(Udp { from_port: None, to_port: None, data: None, has_checksum: true })
}

/// A datagram's ports and data.
#[derive(Clone, Debug)]
pub struct Udp {
    from_port: Option<u16>,
    to_port: Option<u16>,
    data: Option<Vec<u8>>,
    has_checksum: bool,
}

impl Packet<Udp> {
    /// Names the source port.
    #[must_use]
    pub fn from_port(mut self, port: u16) -> Self {
        self.payload.from_port = Some(port);
        self
    }

    /// Names the destination port.
    #[must_use]
    pub fn to_port(mut self, port: u16) -> Self {
        self.payload.to_port = Some(port);
        self
    }

    /// Names the data.
    #[must_use]
    pub fn data(mut self, data: impl AsRef<[u8]>) -> Self {
        self.payload.data = Some(data.as_ref().to_vec());
        self
    }

    /// Zero in place of the checksum, which says that there is none.
    #[must_use]
    pub fn without_checksum(mut self) -> Self {
        self.payload.has_checksum = false;
        self
    }

    /// A wrong UDP checksum.
    pub fn bad_checksum(self) -> Bent {
        self.bad_payload_checksum("UDP", CHECKSUM_OFFSET)
    }

    /// Another length in the UDP header, in bytes, with a checksum that fits it. The datagram
    /// stays as long as it is.
    pub fn udp_length(self, length: u16) -> Bent {
        let header_length = self.header_bytes();
        self.bent(format!("with a UDP length of {length} bytes"), move |packet| {
            let addresses = packet.get(12..20).map(<[u8]>::to_vec);
            let addresses = addresses.ok_or("the packet has no addresses")?;
            let datagram = packet.get_mut(header_length..).ok_or("the datagram is not there")?;
            set_u16(datagram, LENGTH_OFFSET, length);
            set_u16(datagram, CHECKSUM_OFFSET, 0);
            let covered = datagram.get(..length.into()).unwrap_or(datagram);
            let sum = Sum16BitWords::new()
                .add_slice(&addresses)
                .add_2bytes([0, ip_number::UDP.0])
                .add_2bytes(length.to_be_bytes())
                .add_slice(covered);
            let checksum = u16::from_be(sum.to_ones_complement_with_no_zero());
            set_u16(datagram, CHECKSUM_OFFSET, checksum);
            Ok(())
        })
    }
}

fn set_u16(bytes: &mut [u8], at: usize, value: u16) {
    for (byte, value) in bytes.iter_mut().skip(at).zip(value.to_be_bytes()) {
        *byte = value;
    }
}

impl Payload for Udp {
    fn name(&self) -> String {
        "a UDP datagram".to_owned()
    }

    fn fields(&self) -> Vec<String> {
        [
            self.from_port.map(|port| format!("source port {port}")),
            self.to_port.map(|port| format!("destination port {port}")),
            self.data.as_deref().map(words::data),
            (!self.has_checksum).then(|| "no checksum".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn protocol(&self) -> u8 {
        ip_number::UDP.0
    }

    fn write(&self, _scene: &Scene, between: Between) -> Result<Vec<u8>, String> {
        let data = self.data.as_deref().unwrap_or_default();
        let (from, to) = (self.from_port.unwrap_or(40_000), self.to_port.unwrap_or(7));
        let mut header = UdpHeader::without_ipv4_checksum(from, to, data.len())
            .map_err(|error| error.to_string())?;
        if self.has_checksum {
            header.checksum = checksum(&header, between, data)?;
        }
        Ok([&header.to_bytes(), data].concat())
    }

    fn judge(
        &self,
        _scene: &Scene,
        between: Between,
        payload: &[u8],
        differences: &mut Differences,
    ) {
        let udp = match UdpSlice::from_slice(payload) {
            Ok(udp) => udp,
            Err(error) => {
                return differences.add(format!("It is not a UDP datagram: {error}"));
            }
        };
        differences.compare("UDP length", usize::from(udp.length()), payload.len());
        differences.compare("source port", udp.source_port(), self.from_port);
        differences.compare("destination port", udp.destination_port(), self.to_port);
        self.judge_checksum(&udp, between, differences);
        if let Some(data) = &self.data
            && let Some(sentence) = words::data_difference("data", udp.payload(), data)
        {
            differences.add(sentence);
        }
    }
}

impl Udp {
    fn judge_checksum(&self, udp: &UdpSlice<'_>, between: Between, differences: &mut Differences) {
        match (udp.checksum(), self.has_checksum) {
            (0, false) => {}
            (0, true) => differences.add("It has no UDP checksum, but should have one."),
            (_, false) => differences.add("It has a UDP checksum, but should have none."),
            (is, true) => match checksum(&udp.to_header(), between, udp.payload()) {
                Ok(should_be) => differences.compare_hex("UDP checksum", is, should_be),
                Err(error) => differences.add(format!("It is not a UDP datagram: {error}")),
            },
        }
    }
}

/// The checksum that belongs into the header. One that comes out as zero is sent as all ones.
fn checksum(header: &UdpHeader, between: Between, data: &[u8]) -> Result<u16, String> {
    let Between { source, destination } = between;
    header
        .calc_checksum_ipv4_raw(source.octets(), destination.octets(), data)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judged::{written, wrong};

    fn answer() -> Packet<Udp> {
        udp().from([192, 0, 2, 2]).to([192, 0, 2, 1]).from_port(7).to_port(40_000).data(b"abc")
    }

    #[test]
    fn what_is_written_is_judged_to_be_as_described() {
        assert_eq!(wrong(&answer(), &answer()), [""; 0]);
        assert_eq!(wrong(&udp(), &answer()), [""; 0]);
        let without = || answer().without_checksum();
        assert_eq!(wrong(&without(), &without()), [""; 0]);
    }

    #[test]
    fn ports_data_and_checksum_are_compared() {
        assert_eq!(
            wrong(&answer(), &answer().from_port(9).to_port(1).data(b"abd")),
            [
                "Its source port is 9, but should be 7.",
                "Its destination port is 1, but should be 40000.",
                "Its data is \"abd\", but should be \"abc\".",
            ]
        );
        let none = ["It has no UDP checksum, but should have one."];
        assert_eq!(wrong(&udp(), &answer().without_checksum()), none);
        let one = ["It has a UDP checksum, but should have none."];
        assert_eq!(wrong(&udp().without_checksum(), &answer()), one);
        let [sentence] = &wrong(&udp(), &answer().bad_checksum())[..] else {
            panic!("not one sentence");
        };
        assert!(sentence.starts_with("Its UDP checksum is 0x"), "{sentence}");
    }

    #[test]
    fn a_length_is_bent_with_a_checksum_that_fits() {
        let shorter = ["Its UDP length is 10, but should be 11."];
        assert_eq!(wrong(&udp(), &answer().udp_length(10)), shorter);
        for length in [7, 12] {
            let [sentence] = &wrong(&udp(), &answer().udp_length(length))[..] else {
                panic!("not one sentence");
            };
            assert!(sentence.starts_with("It is not a UDP datagram: "), "{sentence}");
        }
    }

    #[test]
    fn udp_6_a_checksum_that_comes_out_as_zero_is_all_ones() {
        let bare = written(&answer().data([0, 0]));
        let checksum = [bare[26], bare[27]];
        let all_ones = answer().data(checksum);
        assert_eq!(written(&all_ones)[26..28], [0xff, 0xff]);
        assert_eq!(wrong(&udp(), &all_ones), [""; 0]);
        let none = ["It has no UDP checksum, but should have one."];
        assert_eq!(wrong(&udp(), &all_ones.byte(26, 0).byte(27, 0)), none);
    }
}
