//! Whatever comes, in whatever order: nothing outgrows its limit, no packet that was kept is
//! lost, and nobody is asked more than once a second.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::lab::{OUR_MAC, mac};
use arp::{
    Arp, Config, Defence, Due, INCOMPLETE_LIMIT, Local, Message, NEIGHBOUR_LIMIT, NeighbourState,
    Operation, Outcome, Packet, Payload, REQUEST_INTERVAL, Sent, WAITING_BYTES, WAITING_LIMIT,
};
use ethernet::MacAddress;
use packet::{Buffer, Instant};
use proptest::prelude::*;

/// Something that happens to ARP.
#[derive(Clone, Debug)]
enum Happens {
    /// The layers above send so many packets of that length, each to the next host.
    Sends { first: u16, count: u16, length: usize },
    /// A packet comes, often a believable one.
    Comes(Message),
    /// Bytes come.
    Arrives(Vec<u8>),
    /// So many hosts in a row ask for us.
    Strangers { first: u16, count: u16 },
    /// The layers above heard from a host.
    Confirms(u16),
    /// Time passes, and what is due is done at its time.
    Runs(u64),
    /// Time passes, and nobody looks.
    Passes(u64),
}

/// The host of that number in 10.0.0.0/16.
fn host(number: u16) -> Ipv4Addr {
    let [a, b] = number.to_be_bytes();
    [10, 0, a, b].into()
}

/// Hosts of which some come up again and again. The second is ourselves.
fn hosts() -> impl Strategy<Value = u16> {
    prop_oneof![3 => 0..6_u16, 1 => any::<u16>()]
}

fn messages() -> impl Strategy<Value = Message> {
    let hardware = || {
        prop_oneof![
            6 => (1..6_u8).prop_map(mac),
            1 => any::<[u8; 6]>().prop_map(MacAddress::new),
        ]
    };
    let address = || {
        prop_oneof![
            6 => hosts().prop_map(host),
            1 => any::<[u8; 4]>().prop_map(Ipv4Addr::from),
        ]
    };
    (any::<bool>(), hardware(), address(), hardware(), address()).prop_map(
        |(reply, sender_hardware, sender, target_hardware, target)| Message {
            operation: if reply { Operation::Reply } else { Operation::Request },
            sender_hardware,
            sender,
            target_hardware,
            target,
        },
    )
}

fn happenings() -> impl Strategy<Value = Happens> {
    let milliseconds = || prop_oneof![0..50_u64, 0..3_000_u64, 0..120_000_u64];
    prop_oneof![
        4 => (hosts(), 1..4_u16, 0..100_usize)
            .prop_map(|(first, count, length)| Happens::Sends { first, count, length }),
        1 => (hosts(), 1..700_u16, prop_oneof![0..100_usize, 0..66_000_usize])
            .prop_map(|(first, count, length)| Happens::Sends { first, count, length }),
        6 => messages().prop_map(Happens::Comes),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Happens::Arrives),
        1 => (hosts(), 1..1500_u16)
            .prop_map(|(first, count)| Happens::Strangers { first, count }),
        2 => hosts().prop_map(Happens::Confirms),
        4 => milliseconds().prop_map(Happens::Runs),
        1 => milliseconds().prop_map(Happens::Passes),
    ]
}

fn configs() -> impl Strategy<Value = Config> {
    let seconds = || (0..40_u64).prop_map(Duration::from_secs);
    let claim = prop_oneof![
        2 => Just(None),
        1 => Just(Some(Defence::Once)),
        1 => Just(Some(Defence::Always)),
    ];
    (seconds(), seconds(), claim).prop_map(|(reachable_time, stale_time, claim)| Config {
        reachable_time,
        stale_time,
        claim,
    })
}

/// ARP, and the books that somebody else keeps about it.
struct Watched {
    arp: Arp,
    now: Instant,
    /// The number of the next packet.
    next: u64,
    /// The packets that it keeps, by number.
    kept: HashSet<u64>,
    /// When each host was last asked for.
    asked: HashMap<Ipv4Addr, Instant>,
}

impl Watched {
    fn new(config: Config, seed: [u64; 2]) -> Self {
        let local = Local { hardware: OUR_MAC, address: "10.0.0.2/16".parse().unwrap() };
        let now = Instant::at(Duration::from_secs(1000));
        let arp = Arp::new(now, local, config, seed);
        Self { arp, now, next: 0, kept: HashSet::new(), asked: HashMap::new() }
    }

    fn happens(&mut self, what: Happens) {
        match what {
            Happens::Sends { first, count, length } => {
                // A few long packets do what many would.
                let count = count.min(u16::try_from(3_000_000 / (length + 1)).unwrap_or(u16::MAX));
                (0..count).for_each(|number| self.send(first.wrapping_add(number), length));
            }
            Happens::Comes(message) => self.receive(&message),
            Happens::Arrives(bytes) => {
                if let Ok(packet) = Packet::parse(&bytes) {
                    self.receive(&packet.message());
                }
            }
            Happens::Strangers { first, count } => {
                for number in 0..count {
                    let sender = host(first.wrapping_add(number));
                    let target = host(2);
                    self.receive(&Message {
                        target,
                        ..crate::lab::request(mac(5), sender, target)
                    });
                }
            }
            Happens::Confirms(number) => self.arp.confirm(self.now, host(number)),
            Happens::Runs(milliseconds) => self.run(milliseconds),
            Happens::Passes(milliseconds) => {
                self.now = self.now + Duration::from_millis(milliseconds);
            }
        }
        self.check_limits();
    }

    fn send(&mut self, number: u16, length: usize) {
        let name = self.next;
        self.next += 1;
        let mut buffer = Buffer::new();
        buffer.append(&name.to_be_bytes());
        buffer.append(&vec![0; length]);
        match self.arp.send(self.now, host(number), Payload::from(buffer)) {
            Sent::Now { payload, .. } | Sent::Refused { payload, .. } => {
                assert_eq!(name_of(&payload), name);
            }
            Sent::Waiting { dropped } => {
                assert!(self.kept.insert(name));
                self.come_back(&dropped);
                assert!(self.kept.contains(&name), "the newest packet was not kept");
            }
        }
    }

    fn receive(&mut self, message: &Message) {
        let Outcome { reply, released, .. } = self.arp.receive(self.now, message);
        if let Some(reply) = reply {
            assert_eq!((reply.message.sender, message.target), (host(2), host(2)));
            assert_eq!(reply.destination, message.sender_hardware);
            assert!(!reply.destination.is_multicast());
        }
        if let Some(released) = released {
            assert!(!released.payloads.is_empty());
            assert_eq!(released.to, message.sender_hardware);
            self.come_back(&released.payloads);
        }
    }

    fn run(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        while let Some(deadline) = self.arp.next_deadline().filter(|&at| at <= end) {
            self.now = self.now.max(deadline);
            self.do_what_is_due();
        }
        self.now = end;
    }

    fn do_what_is_due(&mut self) {
        while let Some(due) = self.arp.poll(self.now) {
            match due {
                Due::Send(outgoing) => self.note_request(&outgoing.message),
                Due::Unreachable(unreachable) => {
                    assert!(!unreachable.payloads.is_empty());
                    self.come_back(&unreachable.payloads);
                }
                Due::AddressClaimed => assert!(self.arp.address_is_in_use()),
                Due::AddressLost { .. } => assert!(!self.arp.address_is_in_use()),
            }
        }
        let deadline = self.arp.next_deadline();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "a deadline stays behind");
    }

    fn note_request(&mut self, message: &Message) {
        assert_eq!((message.operation, message.sender_hardware), (Operation::Request, OUR_MAC));
        let last = self.asked.insert(message.target, self.now);
        // Our own address is claimed and defended by other rules.
        if message.target != host(2) {
            let soon = last.is_some_and(|last| self.now - last < REQUEST_INTERVAL);
            assert!(!soon, "{} was asked for twice in a second", message.target);
        }
    }

    /// Takes packets back, each of which must have been kept.
    fn come_back(&mut self, payloads: &[Payload]) {
        for payload in payloads {
            assert!(self.kept.remove(&name_of(payload)), "a packet came back twice");
        }
    }

    fn check_limits(&self) {
        assert_eq!(self.arp.waiting(), self.kept.len());
        assert!(self.arp.waiting() <= WAITING_LIMIT);
        assert!(self.arp.waiting_bytes() <= WAITING_BYTES);
        let neighbours = self.arp.neighbours();
        assert!(neighbours.len() <= NEIGHBOUR_LIMIT);
        let incomplete = |state| state == NeighbourState::Incomplete;
        let asked_for = neighbours.iter().filter(|neighbour| incomplete(neighbour.state)).count();
        assert!(asked_for <= INCOMPLETE_LIMIT);
        for neighbour in neighbours {
            assert_eq!(neighbour.hardware.is_none(), incomplete(neighbour.state));
            assert_ne!(neighbour.address, host(2));
            assert!(neighbour.address.to_bits() >> 16 == 0x0a00, "{neighbour:?}");
            let hardware = neighbour.hardware.unwrap_or(mac(1));
            assert!(!hardware.is_multicast() && hardware != OUR_MAC, "{neighbour:?}");
        }
    }
}

fn name_of(payload: &Payload) -> u64 {
    u64::from_be_bytes(*payload.buffer.as_slice().first_chunk().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_keeps_the_limits_and_loses_no_packet(
        config in configs(), seed: [u64; 2], story in prop::collection::vec(happenings(), 0..60)
    ) {
        let mut watched = Watched::new(config, seed);
        for what in story {
            watched.happens(what);
        }
        // In the end every packet has come back, and every neighbour is forgotten.
        watched.run(3_600_000);
        prop_assert!(watched.kept.is_empty());
        prop_assert!(watched.arp.neighbours().is_empty());
        prop_assert_eq!(watched.arp.next_deadline(), None);
    }
}
