//! The loop over devices that are sockets: budgets, a full device, deadlines, and every end.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use event_loop::{Ended, Error, EventLoop, FRAME_BUDGET};
use nix::sys::signal::{Signal, raise};
use packet::{
    Buffer, Capabilities, Device, DeviceError, Host, Instant, InterfaceId, Medium, Received,
    TransmitOffload,
};

/// A device whose wire is a socket; the test holds the other end.
struct SocketDevice {
    socket: UnixDatagram,
    buffer: [u8; 2048],
}

/// A device, and the end of its wire that the test holds.
fn device() -> (Box<SocketDevice>, UnixDatagram) {
    let (socket, wire) = UnixDatagram::pair().unwrap();
    socket.set_nonblocking(true).unwrap();
    wire.set_nonblocking(true).unwrap();
    (Box::new(SocketDevice { socket, buffer: [0; 2048] }), wire)
}

impl Device for SocketDevice {
    fn capabilities(&self) -> Capabilities {
        Capabilities::without_offload(Medium::Ip, 1500)
    }

    fn receive(&mut self, _now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
        match self.socket.recv(&mut self.buffer) {
            Ok(length) if self.buffer[..length] == *b"gone" => Err(DeviceError::Gone),
            Ok(length) => Ok(Some(self.buffer[..length].into())),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn transmit(
        &mut self,
        _now: Instant,
        frame: &[u8],
        _offload: TransmitOffload,
    ) -> Result<(), DeviceError> {
        match frame {
            b"link down" => return Err(DeviceError::LinkDown),
            b"refused" => return Err(DeviceError::Refused),
            _ => {}
        }
        match self.socket.send(frame) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                Err(DeviceError::WouldBlock)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for SocketDevice {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Sends back whatever comes, by the interface it came by, and sends `at_deadline` when its
/// deadline has come.
#[derive(Default)]
struct EchoHost {
    queue: VecDeque<(InterfaceId, Vec<u8>)>,
    received: usize,
    deadline: Option<Instant>,
    fired_at: Option<Instant>,
    /// How many frames it holds at most, if it has a limit.
    room: Option<usize>,
}

impl Host for EchoHost {
    fn receive(&mut self, _now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.received += 1;
        self.queue.push_back((interface, frame.bytes.to_vec()));
    }

    fn has_room(&self, _interface: InterfaceId) -> bool {
        self.room.is_none_or(|room| self.queue.len() < room)
    }

    fn transmit(
        &mut self,
        _now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let next = self.queue.iter().position(|(by, _)| *by == interface)?;
        let (_, frame) = self.queue.remove(next)?;
        buffer.clear();
        buffer.append(&frame);
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.fired_at = Some(now);
        self.deadline = None;
    }
}

fn received_on(wire: &UnixDatagram) -> Option<Vec<u8>> {
    let mut bytes = [0; 2048];
    wire.recv(&mut bytes).ok().map(|length| bytes[..length].to_vec())
}

#[test]
fn frames_go_in_and_out_by_their_own_interface() {
    let mut event_loop = EventLoop::new(EchoHost::default()).unwrap();
    let (first_device, first) = device();
    let (second_device, second) = device();
    assert_eq!(event_loop.attach(first_device).unwrap(), InterfaceId(0));
    assert_eq!(event_loop.attach(second_device).unwrap(), InterfaceId(1));
    first.send(b"one").unwrap();
    second.send(b"two").unwrap();
    let ended = event_loop.run(|host| host.received == 2 && host.queue.is_empty()).unwrap();
    assert_eq!(ended, Ended::ByCondition);
    assert_eq!(received_on(&first).unwrap(), b"one");
    assert_eq!(received_on(&second).unwrap(), b"two");
    let counters = event_loop.counters(InterfaceId(1)).unwrap();
    assert_eq!((counters.read, counters.written), (1, 1));
}

#[test]
fn a_busy_device_gets_no_more_than_its_budget_before_the_host_writes() {
    let (device, wire) = device();
    let mut event_loop = EventLoop::new(EchoHost::default()).unwrap();
    event_loop.attach(device).unwrap();
    wire.send(b"frame").unwrap();
    let mut sent = 1;
    let mut answered = 0;
    let ended = event_loop
        .run(|host| {
            assert!(host.received <= answered + FRAME_BUDGET, "read beyond the budget");
            while received_on(&wire).is_some() {
                answered += 1;
            }
            while sent < 1000 && wire.send(b"frame").is_ok() {
                sent += 1;
            }
            answered == 1000
        })
        .unwrap();
    assert_eq!(ended, Ended::ByCondition);
}

#[test]
fn with_a_budget_of_one_the_condition_is_asked_after_each_frame() {
    let mut event_loop = EventLoop::new(EchoHost::default()).unwrap().with_frame_budget(1);
    let (device, wire) = device();
    event_loop.attach(device).unwrap();
    for _ in 0..3 {
        wire.send(b"frame").unwrap();
    }
    event_loop.run(|host| host.received >= 2).unwrap();
    assert_eq!(event_loop.host().received, 2);
}

#[test]
fn a_full_device_delays_frames_and_loses_none() {
    let (device, wire) = device();
    let mut event_loop = EventLoop::new(EchoHost::default()).unwrap();
    event_loop.attach(device).unwrap();
    let mut sent = 0u32;
    // Nobody reads the wire until the device has been full.
    while sent < 2000 && wire.send(&sent.to_be_bytes()).is_ok() {
        sent += 1;
    }
    let mut expected = 0u32;
    let mut was_full = false;
    let mut turns = 0;
    event_loop
        .run(|host| {
            turns += 1;
            while sent < 2000 && wire.send(&sent.to_be_bytes()).is_ok() {
                sent += 1;
            }
            was_full |= !host.queue.is_empty() && turns > 4;
            if was_full {
                while let Some(frame) = received_on(&wire) {
                    assert_eq!(frame, expected.to_be_bytes(), "out of order, or lost");
                    expected += 1;
                }
            }
            expected == 2000
        })
        .unwrap();
    assert!(event_loop.counters(InterfaceId(0)).unwrap().waited > 0, "was never full");
}

#[test]
fn lost_frames_are_counted_by_their_cause_and_end_nothing() {
    let (device, wire) = device();
    let mut event_loop = EventLoop::new(EchoHost::default()).unwrap();
    event_loop.attach(device).unwrap();
    for frame in [&b"link down"[..], b"refused", b"refused", b"fine"] {
        wire.send(frame).unwrap();
    }
    event_loop.run(|host| host.received == 4 && host.queue.is_empty()).unwrap();
    assert_eq!(received_on(&wire).unwrap(), b"fine");
    let counters = event_loop.counters(InterfaceId(0)).unwrap();
    assert_eq!((counters.lost_link_down, counters.lost_refused, counters.written), (1, 2, 1));
}

#[test]
fn a_deadline_is_kept_and_not_before_its_time() {
    let deadline = Instant::START + Duration::from_millis(30);
    let host = EchoHost { deadline: Some(deadline), ..EchoHost::default() };
    let mut event_loop = EventLoop::new(host).unwrap();
    event_loop.run(|host| host.deadline.is_none()).unwrap();
    assert!(event_loop.host().fired_at.unwrap() >= deadline, "fired before its time");
}

#[test]
fn a_signal_ends_it_between_two_turns() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut event_loop = EventLoop::new(EchoHost::default()).unwrap();
        raise(signal).unwrap();
        assert_eq!(event_loop.run(|_| false).unwrap(), Ended::BySignal);
    }
}

#[test]
fn a_device_that_is_gone_ends_it_after_the_frames_before() {
    let (device, wire) = device();
    let mut event_loop = EventLoop::new(EchoHost::default()).unwrap();
    event_loop.attach(device).unwrap();
    wire.send(b"last").unwrap();
    wire.send(b"gone").unwrap();
    let error = event_loop.run(|_| false).unwrap_err();
    assert!(matches!(error, Error::Device { interface: InterfaceId(0), error: DeviceError::Gone }));
    assert_eq!(event_loop.host().received, 1);
}

#[test]
fn frames_beyond_the_budget_leave_in_the_turns_after_it() {
    let (device, wire) = device();
    let frames = (0..8u8).map(|number| (InterfaceId(0), vec![number])).collect();
    // A deadline that has come already is the only thing that wakes the loop.
    let host = EchoHost { queue: frames, deadline: Some(Instant::START), ..EchoHost::default() };
    let mut event_loop = EventLoop::new(host).unwrap().with_frame_budget(3);
    event_loop.attach(device).unwrap();
    event_loop.run(|host| host.queue.is_empty()).unwrap();
    let sent: Vec<_> = std::iter::from_fn(|| received_on(&wire)).flatten().collect();
    assert_eq!(sent, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn room_in_a_full_device_wakes_the_loop() {
    let (device, wire) = device();
    let frames = (0..2000u32).map(|number| (InterfaceId(0), number.to_be_bytes().to_vec()));
    let host =
        EchoHost { queue: frames.collect(), deadline: Some(Instant::START), ..EchoHost::default() };
    let mut event_loop = EventLoop::new(host).unwrap().with_frame_budget(4000);
    event_loop.attach(device).unwrap();
    let mut expected = 0u32;
    event_loop
        .run(|_| {
            // Nothing else happens here than that the wire is emptied.
            while let Some(frame) = received_on(&wire) {
                assert_eq!(frame, expected.to_be_bytes(), "out of order, or lost");
                expected += 1;
            }
            expected == 2000
        })
        .unwrap();
    assert!(event_loop.counters(InterfaceId(0)).unwrap().waited > 0, "was never full");
}

#[test]
fn what_the_host_has_no_room_for_waits_in_the_device() {
    let (device, wire) = device();
    let host = EchoHost { room: Some(5), ..EchoHost::default() };
    let mut event_loop = EventLoop::new(host).unwrap();
    event_loop.attach(device).unwrap();
    wire.send(&0u32.to_be_bytes()).unwrap();
    let (mut sent, mut expected, mut turns) = (1u32, 0u32, 0);
    event_loop
        .run(|host| {
            turns += 1;
            assert!(host.queue.len() <= 5, "more than there is room for");
            while sent < 2000 && wire.send(&sent.to_be_bytes()).is_ok() {
                sent += 1;
            }
            // The wire is emptied only when the host is full, for which its device must be.
            while host.queue.len() == 5 || sent == 2000 {
                let Some(frame) = received_on(&wire) else { break };
                assert_eq!(frame, expected.to_be_bytes(), "out of order, or lost");
                expected += 1;
            }
            expected == 2000
        })
        .unwrap();
    assert!(event_loop.counters(InterfaceId(0)).unwrap().waited > 0, "was never full");
    assert!(turns < 20_000, "{turns} turns for 2000 frames: it does not wait but asks again");
}

/// A device that takes its time: what was written, and what was read, passes 20 ms later.
struct LateDevice {
    below: Box<SocketDevice>,
    outgoing: VecDeque<(Instant, Vec<u8>)>,
    incoming: VecDeque<(Instant, Vec<u8>)>,
    given: Vec<u8>,
}

const LATE: Duration = Duration::from_millis(20);

impl Device for LateDevice {
    fn capabilities(&self) -> Capabilities {
        self.below.capabilities()
    }

    fn receive(&mut self, now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
        while let Some(frame) = self.below.receive(now)? {
            self.incoming.push_back((now + LATE, frame.bytes.to_vec()));
        }
        let Some(frame) = take_due(&mut self.incoming, now) else {
            return Ok(None);
        };
        self.given = frame;
        Ok(Some(self.given.as_slice().into()))
    }

    fn transmit(
        &mut self,
        now: Instant,
        frame: &[u8],
        _offload: TransmitOffload,
    ) -> Result<(), DeviceError> {
        self.outgoing.push_back((now + LATE, frame.to_vec()));
        Ok(())
    }

    fn next_deadline(&self) -> Option<Instant> {
        let fronts = [self.outgoing.front(), self.incoming.front()];
        fronts.into_iter().flatten().map(|(due, _)| *due).min()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DeviceError> {
        assert!(self.next_deadline().is_some_and(|due| due <= now), "woken before its time");
        while let Some(frame) = take_due(&mut self.outgoing, now) {
            self.below.transmit(now, &frame, TransmitOffload::default())?;
        }
        Ok(())
    }
}

/// The next frame that is due.
fn take_due(frames: &mut VecDeque<(Instant, Vec<u8>)>, now: Instant) -> Option<Vec<u8>> {
    let is_due = frames.front().is_some_and(|(due, _)| *due <= now);
    is_due.then(|| frames.pop_front()).flatten().map(|(_, frame)| frame)
}

impl AsFd for LateDevice {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.below.as_fd()
    }
}

#[test]
fn a_device_that_holds_frames_back_is_woken_when_they_are_due() {
    let (below, wire) = device();
    let late = LateDevice {
        below,
        outgoing: VecDeque::new(),
        incoming: VecDeque::new(),
        given: Vec::new(),
    };
    let mut event_loop = EventLoop::new(EchoHost::default()).unwrap();
    event_loop.attach(Box::new(late)).unwrap();
    wire.send(b"late").unwrap();
    let mut answer = None;
    event_loop
        .run(|_| {
            answer = answer.take().or_else(|| received_on(&wire));
            answer.is_some()
        })
        .unwrap();
    assert_eq!(answer.unwrap(), b"late");
    assert!(event_loop.counters(InterfaceId(0)).unwrap().read == 1);
}
