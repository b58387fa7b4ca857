//! Whatever comes by one interface leaves by the other, byte for byte.

use std::collections::VecDeque;

use packet::{Buffer, BufferPool, Host, Instant, InterfaceId, Received, TransmitOffload};

/// How many frames wait to leave by one interface. When there are as many, nothing is read from
/// the other one: its frames wait in the kernel, whose queue then slows down who sends.
pub(crate) const QUEUE_LIMIT: usize = 256;

/// A host with two interfaces and no address: a cable between them.
///
/// ```text
///              receive                          transmit
///   interface 0 ─────► queue, QUEUE_LIMIT frames ─────► interface 1
///   interface 0 ◄───── queue, QUEUE_LIMIT frames ◄───── interface 1
/// ```
///
/// What a device left undone for a frame, the other one is asked to do: a superframe crosses
/// whole, and its checksum is filled in at the far end or never.
pub(crate) struct Forwarder<T> {
    /// The way out of interface 0, and that out of interface 1.
    queues: [VecDeque<(Buffer, TransmitOffload)>; 2],
    /// What came in by each interface.
    read: [Traffic; 2],
    buffers: BufferPool,
    /// Is told of each frame that was read: by which interface, and how many bytes.
    tell: T,
}

/// Frames that came by one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// How many.
    pub(crate) frames: u64,
    /// How many bytes they had together.
    pub(crate) bytes: u64,
    /// How many of them found the queue full. A loop that asks for room first never has any.
    pub(crate) dropped: u64,
}

impl<T: FnMut(InterfaceId, usize)> Forwarder<T> {
    /// A forwarder with nothing on its way, which calls `tell` for each frame that it reads.
    pub(crate) fn new(tell: T) -> Self {
        Self {
            queues: Default::default(),
            read: Default::default(),
            buffers: BufferPool::new(),
            tell,
        }
    }

    /// What came in by interface 0, and by interface 1.
    pub(crate) const fn read(&self) -> [Traffic; 2] {
        self.read
    }

    /// Where what comes by `interface` waits.
    fn way_of(&self, InterfaceId(interface): InterfaceId) -> Option<usize> {
        (interface < self.queues.len()).then(|| self.queues.len() - 1 - interface)
    }
}

impl<T: FnMut(InterfaceId, usize)> Host for Forwarder<T> {
    fn receive(&mut self, _now: Instant, interface: InterfaceId, frame: Received<'_>) {
        let has_room = self.has_room(interface);
        let Some(traffic) = self.read.get_mut(interface.0) else { return };
        traffic.frames += 1;
        traffic.bytes += u64::try_from(frame.bytes.len()).unwrap_or(0);
        (self.tell)(interface, frame.bytes.len());
        if !has_room {
            traffic.dropped += 1;
            return;
        }
        let mut buffer = self.buffers.take();
        buffer.append(frame.bytes);
        let way = self.way_of(interface);
        if let Some(queue) = way.and_then(|way| self.queues.get_mut(way)) {
            queue.push_back((buffer, frame.offload.passed_on()));
        }
    }

    fn has_room(&self, interface: InterfaceId) -> bool {
        let queue = self.way_of(interface).and_then(|way| self.queues.get(way));
        queue.is_some_and(|queue| queue.len() < QUEUE_LIMIT)
    }

    fn transmit(
        &mut self,
        _now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let (mut frame, offload) = self.queues.get_mut(interface.0)?.pop_front()?;
        std::mem::swap(buffer, &mut frame);
        self.buffers.give_back(frame);
        Some(offload)
    }

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use packet::{
        ChecksumOffload, ReceiveOffload, ReceivedChecksum, Segmentation, SegmentationKind,
    };
    use std::num::NonZeroU16;

    const NOW: Instant = Instant::START;

    /// What leaves by an interface now.
    fn leaves(
        forwarder: &mut Forwarder<impl FnMut(InterfaceId, usize)>,
        interface: usize,
    ) -> Vec<(Vec<u8>, TransmitOffload)> {
        let mut buffer = Buffer::new();
        let next = || {
            let offload = forwarder.transmit(NOW, InterfaceId(interface), &mut buffer)?;
            Some((buffer.as_slice().to_vec(), offload))
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn each_frame_leaves_by_the_other_interface_in_order() {
        let mut told = Vec::new();
        let mut forwarder = Forwarder::new(|InterfaceId(by), length| told.push((by, length)));
        forwarder.receive(NOW, InterfaceId(0), b"one"[..].into());
        forwarder.receive(NOW, InterfaceId(1), b"back"[..].into());
        forwarder.receive(NOW, InterfaceId(0), b"three"[..].into());
        let nothing = TransmitOffload::default();
        let expected = [(b"one".to_vec(), nothing), (b"three".to_vec(), nothing)];
        assert_eq!(leaves(&mut forwarder, 1), expected);
        assert_eq!(leaves(&mut forwarder, 0), [(b"back".to_vec(), nothing)]);
        assert!(leaves(&mut forwarder, 1).is_empty());
        assert_eq!(forwarder.read()[0], Traffic { frames: 2, bytes: 8, dropped: 0 });
        drop(forwarder);
        assert_eq!(told, [(0, 3), (1, 4), (0, 5)]);
    }

    #[test]
    fn what_one_device_left_undone_the_other_is_asked_for() {
        let mut forwarder = Forwarder::new(|_, _| {});
        let checksum = ChecksumOffload { covered: 3, field: 0 };
        let size = NonZeroU16::new(1460).unwrap();
        let segmentation = Some(Segmentation { kind: SegmentationKind::Tcp4, size });
        let left_out = ReceivedChecksum::LeftOut(checksum);
        for (received, asked) in [
            (left_out, Some(checksum)),
            (ReceivedChecksum::Verified, None),
            (ReceivedChecksum::Unverified, None),
        ] {
            let offload = ReceiveOffload { checksum: received, segmentation };
            let frame = Received { bytes: b"superframe", offload };
            forwarder.receive(NOW, InterfaceId(1), frame);
            let offload = TransmitOffload { checksum: asked, segmentation };
            assert_eq!(leaves(&mut forwarder, 0), [(b"superframe".to_vec(), offload)]);
        }
    }

    #[test]
    fn where_frames_pile_up_nothing_more_is_read_and_the_other_way_goes_on() {
        let mut forwarder = Forwarder::new(|_, _| {});
        for _ in 0..QUEUE_LIMIT {
            assert!(forwarder.has_room(InterfaceId(0)));
            forwarder.receive(NOW, InterfaceId(0), b"frame"[..].into());
        }
        assert!(!forwarder.has_room(InterfaceId(0)));
        assert!(forwarder.has_room(InterfaceId(1)));
        // A driver that does not ask loses the newest, and it is counted.
        forwarder.receive(NOW, InterfaceId(0), b"too much"[..].into());
        assert_eq!(forwarder.read()[0].dropped, 1);
        assert_eq!(leaves(&mut forwarder, 1).len(), QUEUE_LIMIT);
        assert!(forwarder.has_room(InterfaceId(0)));
    }

    #[test]
    fn an_interface_that_it_has_not_is_nobodys() {
        let mut forwarder = Forwarder::new(|_, _| {});
        forwarder.receive(NOW, InterfaceId(2), b"frame"[..].into());
        assert!(!forwarder.has_room(InterfaceId(2)));
        assert_eq!(forwarder.read(), [Traffic::default(); 2]);
        assert!(leaves(&mut forwarder, 2).is_empty());
    }
}
