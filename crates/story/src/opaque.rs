//! An IPv4 packet of any protocol, whose payload is only bytes.

use crate::description::Differences;
use crate::ipv4::{Between, Packet, Payload};
use crate::scene::Scene;
use crate::words;

/// A payload that is only bytes, of a protocol that is only a number.
#[derive(Clone, Debug)]
pub struct Opaque {
    protocol: u8,
    bytes: Vec<u8>,
}

/// An IPv4 packet that carries `bytes` of the protocol with this number.
#[must_use]
pub fn datagram(protocol: u8, bytes: &[u8]) -> Packet<Opaque> {
    Packet::carrying(Opaque { protocol, bytes: bytes.to_vec() })
}

impl Payload for Opaque {
    fn name(&self) -> String {
        format!("an IPv4 packet of protocol {}", self.protocol)
    }

    fn fields(&self) -> Vec<String> {
        if self.bytes.is_empty() {
            return vec!["no payload".to_owned()];
        }
        vec![format!("payload {}", words::quote(&self.bytes))]
    }

    fn protocol(&self) -> u8 {
        self.protocol
    }

    fn write(&self, _scene: &Scene, _between: Between) -> Result<Vec<u8>, String> {
        Ok(self.bytes.clone())
    }

    fn judge(
        &self,
        _scene: &Scene,
        _between: Between,
        payload: &[u8],
        differences: &mut Differences,
    ) {
        if let Some(sentence) = words::data_difference("payload", payload, &self.bytes) {
            differences.add(sentence);
        }
    }
}
