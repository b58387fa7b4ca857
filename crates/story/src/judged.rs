//! For the tests of descriptions: what one writes, and how another judges it.

use packet::{Instant, InterfaceId, ReceiveOffload, TransmitOffload};
use trace::Direction;

use crate::description::{Differences, Expectable, Frame, Sendable};
use crate::ethernet_frame::{framed, unframed};
use crate::scene::Scene;

/// What is wrong with `sent` as the packet that the peer waits for.
pub(crate) fn wrong(expected: &impl Expectable, sent: &impl Sendable) -> Vec<String> {
    wrong_in(&Scene::default(), expected, sent)
}

/// The same in another scene. `sent` names its IPv4 addresses itself; its frame is from us.
pub(crate) fn wrong_in(
    scene: &Scene,
    expected: &impl Expectable,
    sent: &impl Sendable,
) -> Vec<String> {
    let by_us = Scene { peer: scene.peer, we: scene.we, ..scene.mirrored() };
    let packet = sent.write(&by_us).unwrap();
    let frame = outgoing(framed(&by_us, packet, sent.ether_type()).unwrap());
    let mut differences = Differences::default();
    if let Some(inner) = unframed(scene, &frame, expected.ether_type(), &mut differences) {
        expected.judge(scene, &inner, &mut differences);
    }
    differences.into_sentences()
}

/// A frame that we sent.
pub(crate) fn outgoing(bytes: Vec<u8>) -> Frame {
    let direction = Direction::Out(TransmitOffload::default());
    Frame { at: Instant::START, interface: InterfaceId(0), direction, bytes }
}

/// A frame that the peer sent.
pub(crate) fn incoming(bytes: Vec<u8>) -> Frame {
    let direction = Direction::In(ReceiveOffload::default());
    Frame { direction, ..outgoing(bytes) }
}

/// What the peer writes in the usual scene.
pub(crate) fn written(packet: &impl Sendable) -> Vec<u8> {
    packet.write(&Scene::default()).unwrap()
}
