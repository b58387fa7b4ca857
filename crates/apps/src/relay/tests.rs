//! A relay between two ends that do as they are told.

use super::*;
use std::collections::VecDeque;

/// An end that has `input`, which may not be over yet, and takes what it has `room` for.
#[derive(Default)]
struct Scripted {
    input: VecDeque<u8>,
    is_over: bool,
    room: usize,
    output: Vec<u8>,
    is_closed: bool,
}

impl Scripted {
    fn with(input: &[u8], room: usize) -> Self {
        Self { input: input.iter().copied().collect(), room, ..Self::default() }
    }

    /// `None` if nothing is there yet.
    fn take(&mut self, into: &mut [u8]) -> Option<usize> {
        if self.input.is_empty() {
            return self.is_over.then_some(0);
        }
        let count = into.len().min(self.input.len());
        into.iter_mut().zip(self.input.drain(..count)).for_each(|(to, from)| *to = from);
        Some(count)
    }

    /// `None` if there is no room.
    fn give(&mut self, data: &[u8]) -> Option<usize> {
        assert!(!self.is_closed, "given after its end");
        let count = data.len().min(self.room);
        self.room -= count;
        self.output.extend(&data[..count]);
        (count > 0).then_some(count)
    }
}

struct Near(Scripted);

impl NearEnd for Near {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.take(into).ok_or_else(|| ErrorKind::WouldBlock.into())
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.give(data).ok_or_else(|| ErrorKind::WouldBlock.into())
    }

    fn finish(&mut self) -> io::Result<()> {
        assert!(!self.0.is_closed, "finished twice");
        self.0.is_closed = true;
        Ok(())
    }
}

struct Far(Scripted);

impl StreamSocket for Far {
    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        self.0.take(into).ok_or(Error::WouldBlock)
    }

    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.0.give(data).ok_or(Error::WouldBlock)
    }

    fn shutdown(&mut self) -> Result<(), Error> {
        assert!(!self.0.is_closed, "shut down twice");
        self.0.is_closed = true;
        Ok(())
    }
}

fn ends() -> (Near, Far) {
    let many = usize::MAX;
    (Near(Scripted::with(b"question", many)), Far(Scripted::with(b"answer", many)))
}

fn relay(half_close: bool, end_with_peer: bool) -> Relay {
    Relay::new(RelayOptions { half_close, end_with_peer })
}

#[test]
fn bytes_go_both_ways_and_at_both_ends_it_is_done() {
    let (mut near, mut far) = ends();
    let mut relay = relay(false, false);
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Waits);
    assert_eq!((&near.0.output[..], &far.0.output[..]), (&b"answer"[..], &b"question"[..]));
    near.0.is_over = true;
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Waits);
    assert!(!far.0.is_closed, "the peer is not told unless that is asked for");
    far.0.is_over = true;
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Done);
    assert!(near.0.is_closed);
    assert_eq!((relay.sent(), relay.received()), (8, 6));
}

#[test]
fn with_half_close_the_peer_is_told_of_the_end_after_the_last_byte_and_goes_on() {
    let (mut near, mut far) = ends();
    near.0.is_over = true;
    far.0.room = 4;
    let mut relay = relay(true, false);
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Waits);
    assert!(!far.0.is_closed, "four bytes are still held");
    far.0.room = 4;
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Waits);
    assert_eq!((far.0.is_closed, &far.0.output[..]), (true, &b"question"[..]));
    far.0.input.extend(b" and more");
    far.0.is_over = true;
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Done);
    assert_eq!(near.0.output, b"answer and more");
}

#[test]
fn what_one_side_does_not_take_is_not_taken_from_the_other() {
    let much = vec![7; 1 << 20];
    let (mut near, mut far) = (Near(Scripted::with(&much, 0)), Far(Scripted::with(&much, 0)));
    let mut relay = relay(true, false);
    for _ in 0..3 {
        assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Waits);
    }
    assert_eq!(near.0.input.len(), much.len() - HELD);
    assert_eq!(far.0.input.len(), much.len() - HELD);
    (near.0.is_over, far.0.is_over) = (true, true);
    let mut steps = 0;
    while relay.step(&mut near, &mut far).unwrap() != RelayProgress::Done {
        (near.0.room, far.0.room) = (10_000, 3_000);
        steps += 1;
    }
    assert!(near.0.output == much && far.0.output == much);
    assert!(steps >= much.len() / 3_000, "{steps}");
}

#[test]
fn a_busy_relay_lets_others_have_their_turn() {
    let much = vec![7; 8 << 20];
    let (mut near, mut far) = ends();
    near.0.input = much.into();
    let progress = relay(false, false).step(&mut near, &mut far).unwrap();
    assert_eq!(progress, RelayProgress::HasMore);
}

#[test]
fn a_peer_that_ends_ends_all_if_asked_for_but_what_is_there_is_sent_first() {
    let (mut near, mut far) = ends();
    (far.0.is_over, far.0.room) = (true, 5);
    let mut relay = relay(false, true);
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Waits);
    far.0.room = 5;
    assert_eq!(relay.step(&mut near, &mut far).unwrap(), RelayProgress::Done);
    assert_eq!(far.0.output, b"question");
}

#[test]
fn what_goes_wrong_says_at_which_end() {
    struct Broken;
    impl NearEnd for Broken {
        fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::WouldBlock.into())
        }
        fn write(&mut self, _data: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }
    let (_, mut far) = ends();
    let error = relay(false, false).step(&mut Broken, &mut far).unwrap_err();
    assert!(matches!(error, RelayError::Write(error) if error.kind() == ErrorKind::BrokenPipe));

    struct Reset;
    impl StreamSocket for Reset {
        fn receive(&mut self, _into: &mut [u8]) -> Result<usize, Error> {
            Err(Error::ConnectionReset)
        }
        fn send(&mut self, _data: &[u8]) -> Result<usize, Error> {
            Err(Error::WouldBlock)
        }
        fn shutdown(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }
    let (mut near, _) = ends();
    let error = relay(false, false).step(&mut near, &mut Reset).unwrap_err();
    assert!(matches!(error, RelayError::Connection(Error::ConnectionReset)));
}
