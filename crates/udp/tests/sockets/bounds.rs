//! No queue outgrows its limit, whatever happens, and nothing is lost from the accounts.

use std::collections::VecDeque;

use proptest::prelude::*;
use udp::{
    DATAGRAM_OVERHEAD, DatagramDropped, Error, Message, RECEIVE_QUEUE_BYTES,
    RECEIVE_QUEUE_DATAGRAMS, SEND_QUEUE_BYTES, SEND_QUEUE_DATAGRAMS, SocketId, TOTAL_RECEIVE_BYTES,
    TOTAL_SEND_BYTES,
};

use crate::host::{Host, PEER, end};

#[derive(Clone, Debug)]
enum Step {
    Comes { to: usize, length: usize, times: usize },
    Receive { at: usize, times: usize },
    Send { at: usize, length: usize, times: usize },
    Leave { times: usize },
    Reopen { at: usize },
}

fn any_length() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), Just(1472), Just(65_507), 0usize..65_507]
}

fn any_step() -> impl Strategy<Value = Step> {
    let at = 0usize..3;
    let times = 1usize..300;
    prop_oneof![
        (at.clone(), any_length(), times.clone()).prop_map(|(to, length, times)| Step::Comes {
            to,
            length,
            times
        }),
        (at.clone(), times.clone()).prop_map(|(at, times)| Step::Receive { at, times }),
        (at.clone(), any_length(), times.clone()).prop_map(|(at, length, times)| Step::Send {
            at,
            length,
            times
        }),
        times.prop_map(|times| Step::Leave { times }),
        at.prop_map(|at| Step::Reopen { at }),
    ]
}

/// What must be in the queues: the lengths of the payloads.
#[derive(Default)]
struct Model {
    received: [VecDeque<usize>; 3],
    /// With the number of the socket; `None` once it is closed.
    sent: VecDeque<(Option<usize>, usize)>,
    dropped: [u64; 3],
}

fn bytes(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.map(|length| length + DATAGRAM_OVERHEAD).sum()
}

impl Model {
    fn has_room_to_receive(&self, at: usize, length: usize) -> bool {
        self.received[at].len() < RECEIVE_QUEUE_DATAGRAMS
            && bytes(self.received[at].iter().copied().chain([length])) <= RECEIVE_QUEUE_BYTES
    }

    fn has_room_to_send(&self, at: usize, length: usize) -> bool {
        let own = self.sent.iter().filter(|(socket, _)| *socket == Some(at));
        let lengths: Vec<_> = own.map(|(_, length)| *length).chain([length]).collect();
        lengths.len() <= SEND_QUEUE_DATAGRAMS && bytes(lengths.into_iter()) <= SEND_QUEUE_BYTES
    }
}

struct Played {
    host: Host,
    ids: [SocketId; 3],
    model: Model,
}

fn local(at: usize) -> String {
    format!("192.0.2.2:{}", 7 + at)
}

impl Played {
    fn new() -> Self {
        let mut host = Host::new();
        let ids = [0, 1, 2].map(|at| host.bound(&local(at)));
        Self { host, ids, model: Model::default() }
    }

    fn play(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Comes { to, length, times } => {
                (0..times).try_for_each(|_| self.comes(to, length))
            }
            Step::Receive { at, times } => (0..times).try_for_each(|_| self.receive(at)),
            Step::Send { at, length, times } => (0..times).try_for_each(|_| self.send(at, length)),
            Step::Leave { times } => (0..times).try_for_each(|_| self.leave()),
            Step::Reopen { at } => self.reopen(at),
        }
    }

    fn comes(&mut self, at: usize, length: usize) -> Result<(), TestCaseError> {
        let came = self.host.comes(PEER, &local(at), &vec![0; length]);
        if self.model.has_room_to_receive(at, length) {
            prop_assert_eq!(came, Ok(self.ids[at]));
            self.model.received[at].push_back(length);
        } else {
            prop_assert_eq!(came, Err(DatagramDropped::QueueFull));
            self.model.dropped[at] += 1;
        }
        prop_assert_eq!(self.host.sockets.dropped(self.ids[at]), Ok(self.model.dropped[at]));
        Ok(())
    }

    fn receive(&mut self, at: usize) -> Result<(), TestCaseError> {
        let received = self.host.receives(self.ids[at]).map(|incoming| incoming.payload.len());
        let expected = self.model.received[at].pop_front().ok_or(Error::WouldBlock);
        prop_assert_eq!(received, expected);
        let readable = self.host.sockets.readiness(self.ids[at]).unwrap().readable;
        prop_assert_eq!(readable, !self.model.received[at].is_empty());
        Ok(())
    }

    fn send(&mut self, at: usize, length: usize) -> Result<(), TestCaseError> {
        let message = vec![0; length];
        let sent = self.host.sends(self.ids[at], &Message::to(end(PEER), &message));
        if self.model.has_room_to_send(at, length) {
            prop_assert_eq!(sent, Ok(()));
            self.model.sent.push_back((Some(at), length));
        } else {
            prop_assert_eq!(sent, Err(Error::WouldBlock));
            prop_assert!(!self.host.sockets.readiness(self.ids[at]).unwrap().writable);
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<(), TestCaseError> {
        let left = self.host.sockets.take_outgoing().map(|payload| payload.len());
        prop_assert_eq!(left, self.model.sent.pop_front().map(|(_, length)| length));
        Ok(())
    }

    fn reopen(&mut self, at: usize) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.host.sockets.close(self.ids[at]), Ok(()));
        self.ids[at] = self.host.bound(&local(at));
        self.model.received[at].clear();
        self.model.dropped[at] = 0;
        for (socket, _) in &mut self.model.sent {
            socket.take_if(|socket| *socket == at);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn queues_hold_what_their_limits_say_and_no_more(
        steps in prop::collection::vec(any_step(), 0..40)
    ) {
        let mut played = Played::new();
        for step in &steps {
            played.play(step)?;
        }
    }
}

#[test]
fn all_sockets_together_receive_no_more_than_the_total_until_some_is_taken_or_closed() {
    let mut host = Host::new();
    let payload = vec![0; 65_507];
    let per_socket = RECEIVE_QUEUE_BYTES / 65_763;
    let sockets = TOTAL_RECEIVE_BYTES / 65_763 / per_socket + 1;
    let ids: Vec<_> = (0..sockets).map(|at| host.bound(&format!("0.0.0.0:{}", at + 1))).collect();
    let fill = |host: &mut Host| {
        let mut taken = 0;
        for at in 0..sockets {
            while host.comes(PEER, &format!("192.0.2.2:{}", at + 1), &payload).is_ok() {
                taken += 1;
            }
        }
        let last = host.comes(PEER, &format!("192.0.2.2:{sockets}"), &payload);
        assert_eq!(last, Err(DatagramDropped::MemoryFull));
        taken
    };
    assert_eq!(fill(&mut host), TOTAL_RECEIVE_BYTES / 65_763);
    host.receives(ids[0]).unwrap();
    assert_eq!(fill(&mut host), 1, "one was taken");
    host.connects(ids[1], "192.0.2.9:9").unwrap();
    host.sockets.disconnect(ids[1]).unwrap();
    assert_eq!(fill(&mut host), per_socket, "connecting dropped what strangers sent");
    host.sockets.close(ids[2]).unwrap();
    host.bound("0.0.0.0:3");
    assert_eq!(fill(&mut host), per_socket, "closing dropped all");
}

#[test]
fn all_sockets_together_send_no_more_than_the_total_until_some_has_left() {
    let mut host = Host::new();
    let payload = vec![0; 65_507];
    let message = Message::to(end(PEER), &payload);
    let sockets = TOTAL_SEND_BYTES / SEND_QUEUE_BYTES + 20;
    let ids: Vec<_> = (0..sockets).map(|_| host.bound("0.0.0.0:0")).collect();
    let mut sent = 0;
    for &id in &ids {
        while host.sends(id, &message).is_ok() {
            sent += 1;
        }
    }
    assert_eq!(sent, TOTAL_SEND_BYTES / 65_763);
    let last = ids[sockets - 1];
    assert_eq!(host.sends(last, &message), Err(Error::NoBufferSpace));
    assert!(host.sockets.take_outgoing().is_some());
    assert_eq!(host.sends(last, &message), Ok(()));
}
