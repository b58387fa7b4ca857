//! A device with a faulty link in front of it.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use packet::{
    Capabilities, Device, DeviceError, Instant, ReceiveOffload, Received, ReceivedChecksum,
    TransmitOffload,
};

use crate::Link;

/// Most frames read from the device below by one call of [`Device::receive`].
pub const READ_BUDGET: usize = 256;

/// How long to wait before a frame is offered again to a device that had no room for it.
pub const RETRY_AFTER: Duration = Duration::from_millis(1);

/// Wraps any device: what it reads comes through one [`Link`], what is written goes through
/// another.
///
/// ```text
///              ┌──── Impaired ────┐
///   receive ◄──┼── incoming link ◄┼── device below
///   transmit ──┼─► outgoing link ─┼─►
///              └──────────────────┘
/// ```
///
/// The links hold frames back, so [`Device::next_deadline`] must be kept: when it has come, call
/// [`Device::handle_timeout`], which writes what is due, and [`Device::receive`], which gives what
/// is due. The readiness of the descriptor is to be asked for level-triggered, since a call may
/// leave frames unread.
///
/// # Offload
/// Open the device below without offload. A bit that the link changed is found out by a checksum
/// that was complete before; where the device fills it in afterwards, it would vouch for the
/// damage. So an impaired device offers no offload, and reports as unverified what the device
/// below had verified. Frames whose checksum is left out nevertheless pass as they are, and
/// a superframe meets one fate for all of its segments.
#[derive(Debug)]
pub struct Impaired<D> {
    device: D,
    incoming: Link<ReceiveOffload>,
    outgoing: Link<TransmitOffload>,
    /// Set while a frame that is due waits for room in the device below.
    retry_at: Option<Instant>,
}

impl<D: Device> Impaired<D> {
    /// Wraps `device`.
    #[must_use]
    pub const fn new(
        device: D,
        incoming: Link<ReceiveOffload>,
        outgoing: Link<TransmitOffload>,
    ) -> Self {
        Self { device, incoming, outgoing, retry_at: None }
    }

    /// The link that received frames come through.
    #[must_use]
    pub const fn incoming(&self) -> &Link<ReceiveOffload> {
        &self.incoming
    }

    /// The link that transmitted frames go through. What it delivered was offered to the device
    /// below.
    #[must_use]
    pub const fn outgoing(&self) -> &Link<TransmitOffload> {
        &self.outgoing
    }

    /// Reads from the device below until a frame is due, it has no more, or the budget is used up.
    fn read(&mut self, now: Instant) -> Result<(), DeviceError> {
        for _ in 0..READ_BUDGET {
            let Some(Received { bytes, offload }) = self.device.receive(now)? else { break };
            self.incoming.send(now, bytes, unverified(offload));
            if self.incoming.peek(now).is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Writes the frames that are due, until there are no more or the device below has no room.
    ///
    /// A frame that the device below loses does not stop the others. Its error is the result.
    fn write(&mut self, now: Instant) -> Result<(), DeviceError> {
        let mut result = Ok(());
        self.retry_at = None;
        while let Some((frame, offload)) = self.outgoing.peek(now) {
            match self.device.transmit(now, frame, offload) {
                Ok(()) => {}
                Err(DeviceError::WouldBlock) => {
                    self.retry_at = Some(now + RETRY_AFTER);
                    break;
                }
                Err(error @ (DeviceError::LinkDown | DeviceError::Refused)) => {
                    result = Err(error);
                }
                Err(error @ (DeviceError::Gone | DeviceError::Io(_))) => return Err(error),
            }
            self.outgoing.deliver(now);
        }
        result
    }

    /// When [`Impaired::write`] has something to do.
    fn next_write(&self) -> Option<Instant> {
        let due = self.outgoing.next_deadline()?;
        Some(self.retry_at.map_or(due, |retry_at| retry_at.max(due)))
    }
}

/// The link may have changed what the device below had verified.
fn unverified(offload: ReceiveOffload) -> ReceiveOffload {
    let checksum = match offload.checksum {
        ReceivedChecksum::Verified | ReceivedChecksum::Unverified => ReceivedChecksum::Unverified,
        left_out @ ReceivedChecksum::LeftOut(_) => left_out,
    };
    ReceiveOffload { checksum, ..offload }
}

impl<D: Device> Device for Impaired<D> {
    /// As the device below, but without offload.
    fn capabilities(&self) -> Capabilities {
        let Capabilities { medium, mtu, .. } = self.device.capabilities();
        Capabilities::without_offload(medium, mtu)
    }

    fn receive(&mut self, now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
        if self.incoming.peek(now).is_none() {
            self.read(now)?;
        }
        let due = self.incoming.deliver(now);
        Ok(due.map(|(bytes, offload)| Received { bytes, offload }))
    }

    /// Puts the frame into the outgoing link, and writes what is due of it at once.
    ///
    /// # Errors
    /// [`DeviceError::WouldBlock`] only if an earlier frame, due already, still waits for room
    /// in the device below. Any other error is that of the frame written just now, which may be
    /// an earlier one.
    fn transmit(
        &mut self,
        now: Instant,
        frame: &[u8],
        offload: TransmitOffload,
    ) -> Result<(), DeviceError> {
        let earlier = self.write(now);
        if self.outgoing.peek(now).is_some() {
            return Err(earlier.err().unwrap_or(DeviceError::WouldBlock));
        }
        self.outgoing.send(now, frame, offload);
        earlier.and(self.write(now))
    }

    fn next_deadline(&self) -> Option<Instant> {
        let deadlines =
            [self.incoming.next_deadline(), self.next_write(), self.device.next_deadline()];
        deadlines.into_iter().flatten().min()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DeviceError> {
        let below = self.device.handle_timeout(now);
        if self.next_write().is_some_and(|write_at| write_at <= now) {
            return below.and(self.write(now));
        }
        below
    }
}

impl<D: AsFd> AsFd for Impaired<D> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinkOptions;
    use packet::{ChecksumOffload, Medium};
    use std::collections::VecDeque;
    use trace::Tracer;

    /// A device below: what it will read, what was written to it, and how it is at the moment.
    #[derive(Default)]
    struct Below {
        to_read: VecDeque<(Vec<u8>, ReceiveOffload)>,
        reading: Vec<u8>,
        written: Vec<Vec<u8>>,
        state: State,
    }

    #[derive(Default)]
    enum State {
        #[default]
        Well,
        Full,
        LinkDown,
        Gone,
    }

    impl Device for Below {
        fn capabilities(&self) -> Capabilities {
            Capabilities {
                medium: Medium::Ip,
                mtu: 1500,
                checksum_offload: true,
                segmentation_offload: true,
                udp_segmentation_offload: true,
            }
        }

        fn receive(&mut self, _now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
            let Some((bytes, offload)) = self.to_read.pop_front() else { return Ok(None) };
            self.reading = bytes;
            Ok(Some(Received { bytes: &self.reading, offload }))
        }

        fn transmit(
            &mut self,
            _now: Instant,
            frame: &[u8],
            _offload: TransmitOffload,
        ) -> Result<(), DeviceError> {
            match self.state {
                State::Well => {
                    self.written.push(frame.to_vec());
                    Ok(())
                }
                State::Full => Err(DeviceError::WouldBlock),
                State::LinkDown => Err(DeviceError::LinkDown),
                State::Gone => Err(DeviceError::Gone),
            }
        }
    }

    fn impaired(incoming: LinkOptions, outgoing: LinkOptions) -> Impaired<Below> {
        Impaired::new(
            Below::default(),
            Link::new(incoming, 1, Tracer::off()),
            Link::new(outgoing, 2, Tracer::off()),
        )
    }

    fn delayed(milliseconds: u64) -> LinkOptions {
        LinkOptions { delay: Duration::from_millis(milliseconds), ..LinkOptions::PERFECT }
    }

    fn at(milliseconds: u64) -> Instant {
        Instant::at(Duration::from_millis(milliseconds))
    }

    impl Impaired<Below> {
        fn arrives(&mut self, frame: &[u8]) {
            self.device.to_read.push_back((frame.to_vec(), ReceiveOffload::default()));
        }

        fn sends(&mut self, now: Instant, frame: &[u8]) -> Result<(), DeviceError> {
            self.transmit(now, frame, TransmitOffload::default())
        }

        fn gives(&mut self, now: Instant) -> Option<Vec<u8>> {
            self.receive(now).unwrap().map(|received| received.bytes.to_vec())
        }
    }

    #[test]
    fn a_perfect_link_passes_frames_at_once_and_reads_no_further_than_asked() {
        let mut device = impaired(LinkOptions::PERFECT, LinkOptions::PERFECT);
        device.arrives(b"one");
        device.arrives(b"two");
        assert_eq!(device.gives(at(0)).unwrap(), b"one");
        assert_eq!(device.device.to_read.len(), 1, "the rest waits where it was");
        assert_eq!(device.gives(at(0)).unwrap(), b"two");
        assert_eq!(device.gives(at(0)), None);
        device.sends(at(0), b"answer").unwrap();
        assert_eq!(device.device.written, [b"answer"]);
        assert_eq!(device.next_deadline(), None);
    }

    #[test]
    fn a_received_frame_is_given_when_it_is_due() {
        let mut device = impaired(delayed(20), LinkOptions::PERFECT);
        device.arrives(b"one");
        device.arrives(b"two");
        assert_eq!(device.gives(at(5)), None);
        assert!(device.device.to_read.is_empty(), "both are on their way");
        assert_eq!(device.next_deadline(), Some(at(25)));
        device.handle_timeout(at(25)).unwrap();
        assert_eq!(device.gives(at(25)).unwrap(), b"one");
        assert_eq!(device.gives(at(25)).unwrap(), b"two");
        assert_eq!(device.gives(at(25)), None);
        assert_eq!(device.next_deadline(), None);
    }

    #[test]
    fn one_call_reads_no_more_than_its_budget() {
        let mut device = impaired(delayed(20), LinkOptions::PERFECT);
        for _ in 0..READ_BUDGET + 1 {
            device.arrives(b"flood");
        }
        assert_eq!(device.gives(at(0)), None);
        assert_eq!(device.device.to_read.len(), 1);
    }

    #[test]
    fn a_sent_frame_is_written_when_it_is_due() {
        let mut device = impaired(LinkOptions::PERFECT, delayed(20));
        device.sends(at(0), b"one").unwrap();
        device.sends(at(3), b"two").unwrap();
        assert!(device.device.written.is_empty());
        assert_eq!(device.next_deadline(), Some(at(20)));
        device.handle_timeout(at(20)).unwrap();
        assert_eq!(device.device.written, [b"one"]);
        assert_eq!(device.next_deadline(), Some(at(23)));
        device.handle_timeout(at(23)).unwrap();
        assert_eq!(device.device.written, [b"one", b"two"]);
    }

    #[test]
    fn a_frame_that_finds_no_room_is_kept_and_later_ones_wait_outside() {
        let mut device = impaired(LinkOptions::PERFECT, delayed(20));
        device.sends(at(0), b"one").unwrap();
        device.device.state = State::Full;
        device.handle_timeout(at(20)).unwrap();
        assert_eq!(device.next_deadline(), Some(at(20) + RETRY_AFTER), "not at once: no spinning");
        assert!(matches!(device.sends(at(20), b"two"), Err(DeviceError::WouldBlock)));
        assert_eq!(device.outgoing().counters().sent, 1, "it was not taken");
        device.device.state = State::Well;
        device.handle_timeout(at(21)).unwrap();
        assert_eq!(device.device.written, [b"one"]);
        device.sends(at(21), b"two").unwrap();
        assert_eq!(device.next_deadline(), Some(at(41)));
    }

    #[test]
    fn a_fresh_frame_that_finds_no_room_is_kept_too() {
        let mut device = impaired(LinkOptions::PERFECT, LinkOptions::PERFECT);
        device.device.state = State::Full;
        device.sends(at(0), b"one").unwrap();
        device.device.state = State::Well;
        device.sends(at(0), b"two").unwrap();
        assert_eq!(device.device.written, [b"one", b"two"]);
    }

    #[test]
    fn frames_lost_below_are_reported_and_do_not_stop_the_rest() {
        let mut device = impaired(LinkOptions::PERFECT, delayed(20));
        device.sends(at(0), b"one").unwrap();
        device.sends(at(0), b"two").unwrap();
        device.device.state = State::LinkDown;
        assert!(matches!(device.handle_timeout(at(20)), Err(DeviceError::LinkDown)));
        assert_eq!(device.next_deadline(), None, "both were tried");
        device.device.state = State::Gone;
        device.sends(at(20), b"three").unwrap();
        assert!(matches!(device.handle_timeout(at(40)), Err(DeviceError::Gone)));
        assert!(matches!(device.sends(at(40), b"four"), Err(DeviceError::Gone)));
    }

    #[test]
    fn what_was_verified_before_the_link_is_not_verified_behind_it() {
        let mut device = impaired(LinkOptions::PERFECT, LinkOptions::PERFECT);
        let verified = ReceiveOffload { checksum: ReceivedChecksum::Verified, segmentation: None };
        device.device.to_read.push_back((b"frame".to_vec(), verified));
        let received = device.receive(at(0)).unwrap().unwrap();
        assert_eq!(received.offload.checksum, ReceivedChecksum::Unverified);
        assert_eq!(device.capabilities(), Capabilities::without_offload(Medium::Ip, 1500));
    }

    #[test]
    fn what_is_asked_of_the_device_below_passes_the_link() {
        struct Asked(Option<TransmitOffload>);
        impl Device for Asked {
            fn capabilities(&self) -> Capabilities {
                Below::default().capabilities()
            }
            fn receive(&mut self, _now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
                Ok(None)
            }
            fn transmit(
                &mut self,
                _now: Instant,
                _frame: &[u8],
                offload: TransmitOffload,
            ) -> Result<(), DeviceError> {
                self.0 = Some(offload);
                Ok(())
            }
        }
        let mut device = Impaired::new(
            Asked(None),
            Link::new(LinkOptions::PERFECT, 1, Tracer::off()),
            Link::new(delayed(1), 2, Tracer::off()),
        );
        let checksum = Some(ChecksumOffload { covered: 20, field: 16 });
        let offload = TransmitOffload { checksum, segmentation: None };
        device.transmit(at(0), b"frame", offload).unwrap();
        device.handle_timeout(at(1)).unwrap();
        assert_eq!(device.device.0, Some(offload));
    }
}
