//! The loop with descriptors of the host's own beside its devices, and with nothing else.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use event_loop::{Descriptor, Descriptors, Ended, EventLoop, Outside, Token};
use nix::sys::signal::{Signal, raise};
use packet::{
    Buffer, Capabilities, Device, DeviceError, Host, Instant, InterfaceId, Medium, Received,
    TransmitOffload,
};

/// A host that keeps what came and sends what it is given.
#[derive(Default)]
struct Mailbox {
    came: Vec<u8>,
    to_send: Vec<Vec<u8>>,
}

impl Host for Mailbox {
    fn receive(&mut self, _now: Instant, _interface: InterfaceId, frame: Received<'_>) {
        self.came.extend(frame.bytes);
    }

    fn transmit(
        &mut self,
        _now: Instant,
        _interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let frame = self.to_send.pop()?;
        buffer.clear();
        buffer.append(&frame);
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}

/// Counts the turns and runs a closure in each.
struct Each<F> {
    turns: usize,
    deadline: Option<Instant>,
    act: F,
}

fn each<F: FnMut(Instant, &mut Mailbox, &[Token])>(act: F) -> Each<F> {
    Each { turns: 0, deadline: None, act }
}

impl<F: FnMut(Instant, &mut Mailbox, &[Token])> Outside<Mailbox> for Each<F> {
    fn turn(&mut self, now: Instant, host: &mut Mailbox, ready: &[Token]) {
        self.turns += 1;
        assert!(self.turns < 10_000, "the loop never sleeps");
        (self.act)(now, host, ready);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

fn event_loop() -> EventLoop<Mailbox> {
    EventLoop::new(Mailbox::default()).unwrap()
}

/// A stream that is waited for, and its other end, which the test holds.
fn stream(descriptors: &Descriptors) -> (Descriptor<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    (descriptors.watch(ours).unwrap(), theirs)
}

/// All that can be read now.
fn drain(from: &mut impl Read) -> Vec<u8> {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match from.read(&mut piece) {
            Ok(0) => return all,
            Ok(count) => all.extend(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn what_comes_by_a_descriptor_is_told_once_and_read_until_it_would_block() {
    let mut event_loop = event_loop();
    let (mut ours, mut theirs) = stream(&event_loop.descriptors());
    assert_eq!(ours.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    theirs.write_all(b"hello").unwrap();
    let token = ours.token();
    let mut outside = each(|_, host, ready| {
        assert_eq!(ready, [token]);
        assert!(ours.is_readable() && ours.is_writable());
        host.came = drain(&mut ours);
        assert!(!ours.is_readable(), "it would block");
    });
    let ended = event_loop.run_with(&mut outside, |host, _| !host.came.is_empty()).unwrap();
    assert_eq!((ended, outside.turns), (Ended::ByCondition, 1));
    assert_eq!(event_loop.host().came, b"hello");
}

#[test]
fn a_descriptor_that_is_not_read_does_not_keep_the_loop_awake() {
    let mut event_loop = event_loop();
    let (ours, mut theirs) = stream(&event_loop.descriptors());
    theirs.write_all(b"later").unwrap();
    let deadline = Instant::START + Duration::from_millis(50);
    let mut woken_at = Vec::new();
    let mut outside = each(|now, _, _| woken_at.push(now));
    outside.deadline = Some(deadline);
    event_loop.run_with(&mut outside, |_, outside| outside.turns == 2).unwrap();
    assert!(woken_at[0] < deadline && woken_at[1] >= deadline, "{woken_at:?}");
    assert!(ours.is_readable(), "what was said is remembered");
}

#[test]
fn a_deadline_of_the_outside_is_kept_without_any_device() {
    let deadline = Instant::START + Duration::from_millis(30);
    let mut woken_at = None;
    let mut outside = each(|now, _, _| woken_at = Some(now));
    outside.deadline = Some(deadline);
    event_loop().run_with(&mut outside, |_, outside| outside.turns == 1).unwrap();
    assert!(woken_at.unwrap() >= deadline, "woken before its time");
}

#[test]
fn room_in_a_full_descriptor_is_told() {
    let mut event_loop = event_loop();
    let (mut ours, mut theirs) = stream(&event_loop.descriptors());
    let (mut written, mut read, mut was_full) = (0, 0, 0);
    let mut outside = each(|_, host, _| {
        while written < 4 << 20 {
            match ours.write(&[7; 8192]) {
                Ok(count) => written += count,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    assert!(!ours.is_writable());
                    was_full += 1;
                    break;
                }
            }
        }
        // Nothing else happens here than that the other end is emptied.
        read += drain(&mut theirs).len();
        host.came.resize(read, 0);
    });
    event_loop.run_with(&mut outside, |host, _| host.came.len() >= 4 << 20).unwrap();
    assert!(was_full > 1);
}

#[test]
fn the_end_of_the_other_side_is_told_and_told_by_reading() {
    let mut event_loop = event_loop();
    let (mut ours, theirs) = stream(&event_loop.descriptors());
    drop(theirs);
    let mut outside = each(|_, host, _| {
        assert!(ours.is_hung_up());
        assert_eq!(ours.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(ours.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        host.came.push(1);
    });
    event_loop.run_with(&mut outside, |host, _| !host.came.is_empty()).unwrap();
}

#[test]
fn a_regular_file_is_ready_at_once_and_never_waits() {
    let mut event_loop = event_loop();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"from a file").unwrap();
    file.rewind().unwrap();
    let mut file: Descriptor<File> = event_loop.descriptors().watch(file).unwrap();
    let mut outside = each(|_, host, ready| {
        assert_eq!(ready, [file.token()]);
        host.came = drain(&mut file);
        assert!(file.is_readable() && file.is_writable());
    });
    event_loop.run_with(&mut outside, |host, _| !host.came.is_empty()).unwrap();
    assert_eq!(event_loop.host().came, b"from a file");
}

/// Echoes on every connection that its listener accepts.
struct EchoServer {
    descriptors: Descriptors,
    listener: Descriptor<TcpListener>,
    streams: HashMap<Token, Descriptor<TcpStream>>,
    accepted: usize,
}

impl Outside<Mailbox> for EchoServer {
    fn turn(&mut self, _now: Instant, _host: &mut Mailbox, ready: &[Token]) {
        while let Ok((stream, _)) = self.listener.read_by(|listener| listener.accept()) {
            stream.set_nonblocking(true).unwrap();
            let stream = self.descriptors.watch(stream).unwrap();
            self.streams.insert(stream.token(), stream);
            self.accepted += 1;
        }
        for token in ready {
            let Some(stream) = self.streams.get_mut(token) else { continue };
            let came = drain(stream);
            match came.is_empty() && stream.is_readable() {
                true => drop(self.streams.remove(token)),
                false => stream.write_all(&came).unwrap(),
            }
        }
    }
}

#[test]
fn hundreds_of_sockets_come_and_go() {
    const CLIENTS: usize = 400;
    let mut event_loop = event_loop();
    let descriptors = event_loop.descriptors();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut server = EchoServer {
        listener: descriptors.watch(listener).unwrap(),
        descriptors,
        streams: HashMap::new(),
        accepted: 0,
    };
    let clients = std::thread::spawn(move || {
        for _ in 0..4 {
            let clients: Vec<_> = (0..CLIENTS / 4).map(|_| TcpStream::connect(address)).collect();
            for (number, client) in clients.into_iter().enumerate() {
                let mut client = client.unwrap();
                client.write_all(&number.to_be_bytes()).unwrap();
                let mut echoed = [0; size_of::<usize>()];
                client.read_exact(&mut echoed).unwrap();
                assert_eq!(usize::from_be_bytes(echoed), number);
            }
        }
    });
    let is_over = |server: &EchoServer| server.accepted == CLIENTS && server.streams.is_empty();
    event_loop.run_with(&mut server, |_, server| is_over(server)).unwrap();
    clients.join().unwrap();
}

#[test]
fn a_descriptor_that_is_dropped_is_heard_of_no_more() {
    let mut event_loop = event_loop();
    let descriptors = event_loop.descriptors();
    let (ours, mut theirs) = stream(&descriptors);
    // Another descriptor of the same file: epoll would go on to tell of the first.
    let same = ours.inner().try_clone().unwrap();
    drop(ours);
    theirs.write_all(b"for nobody").unwrap();
    let mut again = descriptors.watch(same).unwrap();
    let token = again.token();
    let mut outside = each(|_, host, ready| {
        assert_eq!(ready, [token]);
        host.came = drain(&mut again);
    });
    event_loop.run_with(&mut outside, |host, _| !host.came.is_empty()).unwrap();
    assert_eq!(event_loop.host().came, b"for nobody");
}

#[test]
fn a_signal_ends_a_loop_that_has_nothing_but_descriptors() {
    let mut event_loop = event_loop();
    let (_ours, _theirs) = stream(&event_loop.descriptors());
    raise(Signal::SIGINT).unwrap();
    let mut outside = each(|_, _, _| {});
    assert_eq!(event_loop.run_with(&mut outside, |_, _| false).unwrap(), Ended::BySignal);
}

/// A device whose wire is a socket.
struct Wire(UnixDatagram, [u8; 2048]);

impl Device for Wire {
    fn capabilities(&self) -> Capabilities {
        Capabilities::without_offload(Medium::Ip, 1500)
    }

    fn receive(&mut self, _now: Instant) -> Result<Option<Received<'_>>, DeviceError> {
        match self.0.recv(&mut self.1) {
            Ok(length) => Ok(Some(self.1[..length].into())),
            Err(_) => Ok(None),
        }
    }

    fn transmit(
        &mut self,
        _now: Instant,
        frame: &[u8],
        _offload: TransmitOffload,
    ) -> Result<(), DeviceError> {
        self.0.send(frame).map(drop).map_err(|_| DeviceError::WouldBlock)
    }
}

impl std::os::fd::AsFd for Wire {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn wire() -> (Box<Wire>, UnixDatagram) {
    let (device, wire) = UnixDatagram::pair().unwrap();
    device.set_nonblocking(true).unwrap();
    wire.set_nonblocking(true).unwrap();
    (Box::new(Wire(device, [0; 2048])), wire)
}

#[test]
fn bytes_go_both_ways_between_a_device_and_a_descriptor() {
    let mut event_loop = event_loop();
    let (device, wire) = wire();
    event_loop.attach(device).unwrap();
    let (mut ours, mut theirs) = stream(&event_loop.descriptors());
    wire.send(b"from the wire").unwrap();
    theirs.write_all(b"from the stream").unwrap();
    let mut outside = each(|_, host, _| {
        let came = drain(&mut ours);
        host.to_send.extend((!came.is_empty()).then_some(came));
        if ours.write_all(&host.came).is_ok() {
            host.came.clear();
        }
    });
    let (mut by_wire, mut by_stream) = (Vec::new(), Vec::new());
    event_loop
        .run_with(&mut outside, |_, _| {
            let mut frame = [0; 100];
            by_wire.extend(wire.recv(&mut frame).map(|count| frame[..count].to_vec()));
            by_stream.extend(drain(&mut theirs));
            !by_wire.is_empty() && !by_stream.is_empty()
        })
        .unwrap();
    assert_eq!(by_wire, [b"from the stream".to_vec()]);
    assert_eq!(by_stream, b"from the wire");
}

#[test]
fn frames_that_left_make_room_and_so_the_outside_goes_on() {
    let mut event_loop = event_loop();
    let (device, wire) = wire();
    event_loop.attach(device).unwrap();
    // A host with room for one frame: nothing else wakes the outside than that it has left.
    let mut left = 5;
    let mut outside = each(|_, host, _| {
        if host.to_send.is_empty() && left > 0 {
            left -= 1;
            host.to_send.push(vec![left]);
        }
    });
    let mut sent = Vec::new();
    wire.send(b"go").unwrap();
    event_loop
        .run_with(&mut outside, |_, _| {
            let mut frame = [0; 100];
            sent.extend(wire.recv(&mut frame).map(|_| frame[0]));
            sent.len() == 5
        })
        .unwrap();
    assert_eq!(sent, [4, 3, 2, 1, 0]);
}

#[test]
fn what_the_host_sends_as_it_leaves_is_written() {
    let mut event_loop = event_loop();
    let (device, wire) = wire();
    event_loop.attach(device).unwrap();
    raise(Signal::SIGINT).unwrap();
    assert_eq!(event_loop.run(|_| false).unwrap(), Ended::BySignal);
    // More than fits a budget.
    event_loop.leave(|_, host| host.to_send = vec![b"goodbye".to_vec(); 100]).unwrap();
    let mut frame = [0; 100];
    for _ in 0..100 {
        let count = wire.recv(&mut frame).unwrap();
        assert_eq!(frame[..count], *b"goodbye");
    }
}
