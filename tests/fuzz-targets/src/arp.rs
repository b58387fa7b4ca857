//! ARP on one interface: whatever is heard, sent and waited for, every packet comes out exactly
//! once, nothing outgrows its limit, nobody is asked too often, and nothing is believed that
//! cannot be so.

mod step;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use arp::{
    Arp, BROADCASTS_PER_SECOND, Config, Defence, Due, INCOMPLETE_LIMIT, Local, Message,
    NEIGHBOUR_LIMIT, Neighbour, NeighbourState, Operation, Outcome, PACKET_LEN, Packet, Payload,
    REQUEST_INTERVAL, Refusal, Sent, WAITING_BYTES, WAITING_BYTES_PER_NEIGHBOUR, WAITING_LIMIT,
    WAITING_PER_NEIGHBOUR,
};
use ethernet::MacAddress;
use packet::{Buffer, Instant};

use step::{
    Address, Hardware, OUR_MAC, Step, US, can_be, group, host, is_believable, is_neighbour, mac,
    question,
};

/// How many packets one history sends and hears; a fuzzer would spend its time on long ones.
const PACKETS: u64 = 1500;

/// Reads `bytes` as a history and lives it.
pub fn arp(bytes: &[u8]) {
    let mut unstructured = Unstructured::new(bytes);
    let Ok(settings) = <(u8, u8, u8, u64)>::arbitrary(&mut unstructured) else { return };
    let mut world = World::new(settings);
    // A history is no longer than its bytes: each step takes at least one.
    while !unstructured.is_empty() {
        let Ok(step) = Step::arbitrary(&mut unstructured) else { break };
        world.step(&step);
        world.check();
    }
    world.pass(Duration::from_secs(3600));
    assert!(world.kept.is_empty(), "packets are kept for ever");
    assert!(world.arp.neighbours().is_empty(), "neighbours are kept for ever");
    assert_eq!(world.arp.next_deadline(), None);
    // Answers for our address if it is in use, see `World::check_reply`.
    world.hear(&question(host(1), mac(1)));
}

/// For whom a packet is, and which it is. Each begins with its own name.
type Name = (Ipv4Addr, u64);

/// ARP, the time, and the books that somebody else keeps.
struct World {
    arp: Arp,
    now: Instant,
    /// How many packets were sent and heard.
    packets: u64,
    /// The packets that ARP keeps, and their lengths.
    kept: BTreeMap<Name, usize>,
    /// When each address was asked for.
    asked: HashMap<Ipv4Addr, Instant>,
    /// When broadcasts were sent, the last [`BROADCASTS_PER_SECOND`] of them.
    broadcasts: VecDeque<Instant>,
    /// Where each neighbour was when it was heard of last, and since when.
    heard: HashMap<Ipv4Addr, (MacAddress, Instant)>,
}

impl World {
    fn new((claim, reachable, stale, seed): (u8, u8, u8, u64)) -> Self {
        let config = Config {
            reachable_time: Duration::from_secs(reachable.into()),
            stale_time: Duration::from_secs(stale.into()),
            claim: match claim % 4 {
                0 => Some(Defence::Once),
                1 => Some(Defence::Always),
                _ => None,
            },
        };
        let local = Local { hardware: OUR_MAC, address: "10.0.0.2/16".parse().unwrap() };
        Self {
            arp: Arp::new(Instant::START, local, config, [seed, 1]),
            now: Instant::START,
            packets: 0,
            kept: BTreeMap::new(),
            asked: HashMap::new(),
            broadcasts: VecDeque::new(),
            heard: HashMap::new(),
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        match *step {
            Step::Send { to, count, length } => {
                (0..count).for_each(|_| self.send(to.value(), length));
            }
            Step::Sweep { first, count, length } => {
                for number in 0..u16::from(count) {
                    self.send(host(first.wrapping_add(number)), length);
                }
            }
            Step::Answer { host: number, hardware } => {
                let operation = Operation::Reply;
                let answer = question(host(number.into()), hardware.value());
                self.hear(&Message { operation, target_hardware: OUR_MAC, ..answer });
            }
            Step::Ask { host: number, hardware } => {
                self.hear(&question(host(number.into()), hardware.value()));
            }
            Step::Strangers { first, count } => {
                for number in 0..u16::from(count) {
                    self.hear_stranger(host(first.wrapping_add(number)));
                }
            }
            Step::Packet { reply, hardware, addresses } => {
                let [sender_hardware, target_hardware] = hardware.map(Hardware::value);
                let [sender, target] = addresses.map(Address::value);
                let operation = if reply { Operation::Reply } else { Operation::Request };
                self.receive(
                    &Message { operation, sender_hardware, sender, target_hardware, target }
                        .to_bytes(),
                );
            }
            Step::Bent { changes, length } => {
                let mut bytes = question(host(1), mac(1)).to_bytes();
                for (at, to) in changes {
                    bytes[usize::from(at) % PACKET_LEN] = to;
                }
                let length = usize::from(length);
                self.receive(bytes.get(..length).unwrap_or(&bytes));
            }
            Step::Raw(bytes) => self.receive(bytes),
            Step::Confirm(address) => self.arp.confirm(self.now, address.value()),
            Step::TimePasses(milliseconds) => {
                self.pass(Duration::from_millis(milliseconds.into()));
            }
            Step::NobodyLooks(milliseconds) => {
                self.now = self.now + Duration::from_millis(milliseconds.into());
            }
        }
    }

    /// Sends a packet.
    fn send(&mut self, next_hop: Ipv4Addr, length: u16) {
        if self.packets >= PACKETS {
            return;
        }
        self.packets += 1;
        let name = (next_hop, self.packets);
        let mut buffer = Buffer::new();
        buffer.append(&next_hop.octets());
        buffer.append(&name.1.to_be_bytes());
        // A quarter of what is possible is long enough for each limit.
        buffer.append(&vec![0; usize::from(length / 4)]);
        let length = buffer.len();
        match self.arp.send(self.now, next_hop, Payload::from(buffer)) {
            Sent::Now { to, payload } => {
                assert_eq!(name_of(&payload), name);
                let known = || self.heard.get(&next_hop).map(|&(hardware, _)| hardware);
                assert_eq!(Some(to), group(next_hop).or_else(known), "sent to somebody else");
            }
            Sent::Waiting { dropped } => {
                assert!(is_neighbour(next_hop), "{next_hop} will not answer");
                self.kept.insert(name, length);
                self.come_back(&dropped);
                assert!(self.kept.contains_key(&name), "the newest packet was not kept");
            }
            Sent::Refused { payload, reason } => {
                assert_eq!(name_of(&payload), name);
                assert_eq!(
                    reason == Refusal::AddressNotInUse,
                    !self.arp.address_is_in_use(),
                    "refused for the wrong reason"
                );
                let possible = is_neighbour(next_hop) || group(next_hop).is_some();
                assert!(reason != Refusal::NotANeighbour || !possible, "{next_hop} was refused");
            }
        }
        self.poll();
    }

    /// etherparse is the judge of what is a packet.
    fn receive(&mut self, bytes: &[u8]) {
        let theirs = etherparse::ArpPacketSlice::from_slice(bytes)
            .ok()
            .and_then(|slice| slice.to_packet().try_eth_ipv4().ok())
            .filter(|packet| matches!(packet.operation.0, 1 | 2));
        let ours = Packet::parse(bytes).ok().map(|packet| packet.message());
        assert_eq!(ours.map(|ours| ours.to_bytes()), theirs.map(|theirs| theirs.to_bytes()));
        if let Some(message) = ours {
            assert_eq!(message.to_bytes(), bytes[..PACKET_LEN]);
            self.hear(&message);
        }
    }

    /// Hears a packet, and compares what was known before with what is known then.
    fn hear(&mut self, message: &Message) {
        let before = self.arp.neighbours();
        let outcome = self.arp.receive(self.now, message);
        let after = self.arp.neighbours();
        self.check_reply(message, &outcome);
        self.check_learned(message, &before, &after);
        if let Some(released) = outcome.released {
            assert_eq!(released.to, message.sender_hardware);
            self.come_back_from(message.sender, &released.payloads);
        }
    }

    /// The same without the comparison, which takes its time.
    fn hear_stranger(&mut self, sender: Ipv4Addr) {
        if self.packets >= PACKETS {
            return;
        }
        self.packets += 1;
        let message = question(sender, mac(5));
        let known = self.heard.get(&sender).copied();
        let outcome = self.arp.receive(self.now, &message);
        self.check_reply(&message, &outcome);
        if let arp::Learned::Created | arp::Learned::Resolved | arp::Learned::Moved { .. } =
            outcome.learned
        {
            self.heard.insert(sender, (mac(5), self.now));
        } else if outcome.learned == arp::Learned::Unchanged {
            assert_eq!(known.map(|(hardware, _)| hardware), Some(mac(5)));
        }
        if let Some(released) = outcome.released {
            self.come_back_from(sender, &released.payloads);
        }
    }

    /// Who asks for us, and can be answered, is answered; nobody else is.
    fn check_reply(&self, message: &Message, outcome: &Outcome) {
        let is_question = message.operation == Operation::Request && message.target == US;
        let expected = self.arp.address_is_in_use() && is_question;
        match outcome.reply {
            Some(reply) => {
                assert!(expected && can_be(message.sender_hardware) && message.sender != US);
                assert_eq!(reply.destination, message.sender_hardware);
                let Message { operation, sender_hardware, sender, target_hardware, target } =
                    reply.message;
                assert_eq!((operation, sender_hardware, sender), (Operation::Reply, OUR_MAC, US));
                assert_eq!((target_hardware, target), (message.sender_hardware, message.sender));
            }
            None => {
                let probes = message.sender.is_unspecified() && can_be(message.sender_hardware);
                assert!(!expected || !(is_believable(message) || probes), "not answered");
            }
        }
    }

    /// A packet changes nothing but its sender's entry, and that only if the sender can be what
    /// it says.
    fn check_learned(&mut self, message: &Message, before: &[Neighbour], after: &[Neighbour]) {
        if !self.arp.address_is_in_use() || !is_believable(message) {
            assert_eq!(before, after, "believed {message:?}");
            return;
        }
        let sender = message.sender;
        let of = |all: &[Neighbour]| all.iter().find(|it| it.address == sender).copied();
        let (old, new) = (of(before), of(after));
        let others = |all: &[Neighbour]| -> Vec<Neighbour> {
            all.iter().filter(|it| it.address != sender).copied().collect()
        };
        let (others_before, others_after) = (others(before), others(after));
        if others_before != others_after {
            // A new one took the place of another.
            assert!(old.is_none() && new.is_some() && before.len() == NEIGHBOUR_LIMIT);
            assert_eq!(others_after.len() + 1, others_before.len());
            assert!(others_after.iter().all(|it| others_before.contains(it)));
        }
        let Some(new) = new else {
            assert!(old.is_none(), "forgotten since it was heard of");
            return;
        };
        let hardware = new.hardware.expect("who has spoken is known");
        match old.map(|old| old.hardware) {
            None => {
                assert_eq!(message.target, US, "learned from what others say to each other");
                assert_eq!(hardware, message.sender_hardware);
            }
            Some(Some(old)) if old == hardware => return,
            Some(Some(_)) => {
                let (_, since) = self.heard[&sender];
                assert!(self.now - since >= arp::LOCK_TIME, "the first answer did not win");
                assert_eq!(hardware, message.sender_hardware);
            }
            Some(None) => assert_eq!(hardware, message.sender_hardware),
        }
        self.heard.insert(sender, (hardware, self.now));
    }

    /// Lets time pass, stopping at each deadline.
    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(deadline) = self.arp.next_deadline().filter(|&deadline| deadline <= end) {
            self.now = self.now.max(deadline);
            self.poll();
        }
        self.now = end;
    }

    /// Does all that is due now.
    fn poll(&mut self) {
        let mut count = 0;
        while let Some(due) = self.arp.poll(self.now) {
            count += 1;
            assert!(count <= 4 * NEIGHBOUR_LIMIT, "there is no end of what is due");
            match due {
                Due::Send(outgoing) => {
                    assert_eq!(outgoing.message.operation, Operation::Request);
                    assert_eq!(outgoing.message.sender_hardware, OUR_MAC);
                    self.note_request(outgoing.destination, &outgoing.message);
                }
                Due::Unreachable(unreachable) => {
                    self.come_back_from(unreachable.next_hop, &unreachable.payloads);
                }
                Due::AddressClaimed => assert!(self.arp.address_is_in_use()),
                Due::AddressLost { to } => {
                    assert!(!self.arp.address_is_in_use() && can_be(to));
                }
            }
        }
        let deadline = self.arp.next_deadline();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "a deadline stays");
    }

    fn note_request(&mut self, destination: MacAddress, message: &Message) {
        // Our own address is claimed and defended by other rules.
        if message.target == US {
            assert!(destination.is_broadcast());
            return;
        }
        assert!(self.arp.address_is_in_use() && message.sender == US);
        assert!(is_neighbour(message.target), "{} will not answer", message.target);
        let last = self.asked.insert(message.target, self.now);
        let soon = last.is_some_and(|last| self.now - last < REQUEST_INTERVAL);
        assert!(!soon, "{} was asked for twice in a second", message.target);
        if destination.is_broadcast() {
            self.broadcasts.push_back(self.now);
            // The one that was so many before this one is more than a second old.
            if self.broadcasts.len() > BROADCASTS_PER_SECOND {
                let first = self.broadcasts.pop_front();
                let soon = first.is_some_and(|first| self.now - first < REQUEST_INTERVAL);
                assert!(!soon, "too many broadcasts in a second");
            }
        } else {
            assert_eq!(destination, self.heard[&message.target].0);
        }
    }

    /// Takes packets back, which must have been kept for `next_hop`, in their order.
    fn come_back_from(&mut self, next_hop: Ipv4Addr, payloads: &[Payload]) {
        let names: Vec<Name> = payloads.iter().map(name_of).collect();
        assert!(!names.is_empty() && names.is_sorted());
        assert!(names.iter().all(|&(kept_for, _)| kept_for == next_hop));
        self.come_back(payloads);
        let left = self.kept.range((next_hop, 0)..=(next_hop, u64::MAX)).next();
        assert_eq!(left, None, "not all packets for {next_hop}");
    }

    fn come_back(&mut self, payloads: &[Payload]) {
        for payload in payloads {
            let length = self.kept.remove(&name_of(payload)).expect("none comes back twice");
            assert_eq!(payload.buffer.len(), length);
        }
    }

    /// What holds after every step.
    fn check(&self) {
        self.check_waiting();
        let neighbours = self.arp.neighbours();
        assert!(neighbours.len() <= NEIGHBOUR_LIMIT);
        let incomplete = |it: &&Neighbour| it.state == NeighbourState::Incomplete;
        assert!(neighbours.iter().filter(incomplete).count() <= INCOMPLETE_LIMIT);
        for neighbour in &neighbours {
            assert!(is_neighbour(neighbour.address), "{neighbour:?}");
            assert_eq!(neighbour.hardware.is_none(), incomplete(&neighbour));
            let heard = self.heard.get(&neighbour.address).map(|&(hardware, _)| hardware);
            assert!(neighbour.hardware.is_none_or(|known| can_be(known) && heard == Some(known)));
        }
    }

    fn check_waiting(&self) {
        let mut queues: HashMap<Ipv4Addr, (usize, usize)> = HashMap::new();
        for (&(next_hop, _), length) in &self.kept {
            let queue = queues.entry(next_hop).or_default();
            *queue = (queue.0 + 1, queue.1 + length);
        }
        for &(packets, bytes) in queues.values() {
            assert!(packets <= WAITING_PER_NEIGHBOUR && bytes <= WAITING_BYTES_PER_NEIGHBOUR);
        }
        let bytes: usize = queues.values().map(|&(_, bytes)| bytes).sum();
        assert_eq!((self.arp.waiting(), self.arp.waiting_bytes()), (self.kept.len(), bytes));
        assert!(self.kept.len() <= WAITING_LIMIT && bytes <= WAITING_BYTES);
    }
}

fn name_of(payload: &Payload) -> Name {
    let name = payload.buffer.as_slice().first_chunk::<12>();
    let [a, b, c, d, number @ ..] = *name.expect("each packet begins with its name");
    ([a, b, c, d].into(), u64::from_be_bytes(number))
}
