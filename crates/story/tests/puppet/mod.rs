//! A host that says what it is told to say, for what no sound host says.

use std::collections::VecDeque;

use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use story::{Scene, Sendable, Story};

/// Sends what it was told to send as soon as anything comes.
pub(crate) struct Puppet {
    /// By interface.
    outboxes: Vec<VecDeque<Vec<u8>>>,
    has_heard: bool,
}

impl Puppet {
    /// A story about a puppet that sends `says`.
    #[track_caller]
    pub(crate) fn story(title: &str, scene: Scene, says: &[Vec<u8>]) -> Story<Self> {
        Story::of(title, "RFC 1122", scene, |_| Self::saying(&[says]))
    }

    /// A story about a puppet with two interfaces that sends `near` by the first and `far` by the
    /// second.
    #[track_caller]
    pub(crate) fn router_story(title: &str, near: &[Vec<u8>], far: &[Vec<u8>]) -> Story<Self> {
        let scenes = [Scene::default(), Scene::far_side()];
        Story::between(title, "RFC 1122", scenes, |_| Self::saying(&[near, far]))
    }

    fn saying(says: &[&[Vec<u8>]]) -> Self {
        let outboxes = says.iter().map(|frames| frames.iter().cloned().collect()).collect();
        Self { outboxes, has_heard: false }
    }
}

/// A packet that is written as the peer would write it if it were us.
pub(crate) fn by_us(scene: &Scene, packet: impl Sendable) -> Vec<u8> {
    let mut ours = scene.clone();
    (ours.peer, ours.we) = (scene.we, scene.peer);
    (ours.peer_mac, ours.our_mac) = (scene.our_mac, scene.peer_mac);
    packet.write(&ours).unwrap()
}

impl Host for Puppet {
    fn receive(&mut self, _now: Instant, _interface: InterfaceId, _frame: Received<'_>) {
        self.has_heard = true;
    }

    fn transmit(
        &mut self,
        _now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        if !self.has_heard {
            return None;
        }
        buffer.clear();
        buffer.append(&self.outboxes[interface.0].pop_front()?);
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}
