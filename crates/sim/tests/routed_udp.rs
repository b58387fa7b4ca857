//! What holds for every mix of faults when two hosts talk by way of a router: UDP in fragments,
//! over Ethernet, with every MAC address to be found out. All follows from a seed.
//!
//! ```text
//!   client ── Ethernet, MTU 1500 ── router ── Ethernet, MTU 576 ── server
//!   192.0.2.1            192.0.2.254  198.51.100.254        198.51.100.2, echo
//! ```
//!
//! `STRATA_SOAK_SEEDS=100000 cargo test --release -p sim --test routed_udp` tries more seeds.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod dice;

use std::cell::RefCell;
use std::env;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use apps::{Service, ServiceHost};
use ethernet::MacAddress;
use link::{LinkOptions, Percentage, split_seed};
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium, Received, TransmitOffload};
use sim::{Cable, History, HostId, World};
use stack::{Config, Counter, InterfaceConfig, Secret, Stack};
use udp::{Message, SocketId};

use dice::Dice;

/// How many seeds are tried, unless the environment says otherwise.
const SEEDS: u64 = 100;

/// The MTU between router and server.
const NARROW: u16 = 576;

/// The longest datagram that is sent where a link changes bits: it stays in one piece. In two
/// pieces two wrong bits can cancel out, which no checksum finds.
const WHOLE: u64 = 500;

/// A program that sends numbered datagrams to an echo service and judges what comes back.
struct Client {
    stack: Stack,
    socket: SocketId,
    seed: u64,
    count: u64,
    interval: Duration,
    longest: u64,
    sent: u64,
    next_due: Instant,
    /// How often each datagram came back as it was sent.
    echoed: Vec<u64>,
    wrong: u64,
}

impl Client {
    fn new(mut stack: Stack, dice: &mut Dice, longest: u64) -> Self {
        let socket = stack.udp(Instant::START).open().unwrap();
        let count = 1 + dice.below(40);
        Self {
            stack,
            socket,
            seed: dice.below(u64::MAX),
            count,
            interval: dice.milliseconds_below(100) + Duration::from_millis(1),
            longest,
            sent: 0,
            next_due: Instant::START,
            echoed: vec![0; usize::try_from(count).unwrap()],
            wrong: 0,
        }
    }

    /// The payload of a datagram: its number, and bytes that follow from it.
    fn payload(&self, number: u64) -> Vec<u8> {
        let length = usize::try_from(split_seed(self.seed, number) % self.longest).unwrap();
        let filling = split_seed(!self.seed, number).to_be_bytes();
        let mut payload = number.to_be_bytes().to_vec();
        payload.extend(filling.into_iter().cycle().take(length));
        payload
    }

    fn step(&mut self, now: Instant) {
        while let Ok(incoming) = self.stack.udp(now).receive(self.socket) {
            self.judge(&incoming.payload);
        }
        while self.sent < self.count && self.next_due <= now {
            let payload = self.payload(self.sent);
            let message = Message::to(([198, 51, 100, 2], 7).into(), &payload);
            self.stack.udp(now).send(self.socket, &message).unwrap();
            self.sent += 1;
            self.next_due = now + self.interval;
        }
    }

    fn judge(&mut self, payload: &[u8]) {
        let number = payload.first_chunk().map(|first| u64::from_be_bytes(*first));
        match number.filter(|&number| number < self.sent) {
            Some(number) if payload == self.payload(number) => {
                self.echoed[usize::try_from(number).unwrap()] += 1;
            }
            _ => self.wrong += 1,
        }
    }
}

impl Host for Client {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.stack.receive(now, interface, frame);
        self.step(now);
    }

    fn transmit(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        self.stack.transmit(now, interface, buffer)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let own = (self.sent < self.count).then_some(self.next_due);
        self.stack.next_deadline().into_iter().chain(own).min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.stack.handle_timeout(now);
        self.step(now);
    }
}

struct Run {
    world: World,
    client: HostId<Client>,
    router: HostId<Stack>,
    server: HostId<ServiceHost>,
    history: Rc<RefCell<History>>,
    is_perfect: bool,
    changes_bits: bool,
}

impl Run {
    fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let history = Rc::new(RefCell::new(History::new()));
        let mut world = World::traced(seed, history.clone());
        let is_perfect = dice.once_in(10);
        let changes_bits = dice.once_in(2);
        let mut links: Vec<LinkOptions> = (0..4)
            .map(|_| if is_perfect { LinkOptions::PERFECT } else { dice.link_options() })
            .collect();
        let corrupting = dice.below(4);
        for (number, link) in (0..).zip(&mut links) {
            if !changes_bits || number != corrupting {
                link.corrupt = Percentage::ZERO;
            }
        }
        let longest = if changes_bits { WHOLE } else { 6000 };

        let mut near = stack(&world, "client", &[("192.0.2.1/24", 1500)]);
        near.add_default_route(InterfaceId(0), Some([192, 0, 2, 254].into())).unwrap();
        let client = world.add_host("client", Client::new(near, &mut dice, longest));
        let networks = [("192.0.2.254/24", 1500), ("198.51.100.254/24", NARROW)];
        let router = stack(&world, "router", &networks);
        let router = world.add_host("router", router);
        let mut far = stack(&world, "server", &[("198.51.100.2/24", NARROW)]);
        far.add_default_route(InterfaceId(0), Some([198, 51, 100, 254].into())).unwrap();
        let services = [Service::Echo];
        let far = ServiceHost::new(far, &services, SystemTime::UNIX_EPOCH, seed).unwrap();
        let server = world.add_host("server", far);

        let mut cable =
            || Cable { medium: Medium::Ethernet, there: links.remove(0), back: links.remove(0) };
        world.connect(client, router.interface(0), cable()).unwrap();
        world.connect(router.interface(1), server, cable()).unwrap();
        world.run_until_idle(Duration::from_secs(3600)).unwrap();
        Self { world, client, router, server, history, is_perfect, changes_bits }
    }

    fn stacks(&self) -> [&Stack; 3] {
        let Self { world, client, router, server, .. } = self;
        [&world.host(*client).stack, world.host(*router), world.host(*server).stack()]
    }

    fn check(&self) {
        let client = self.world.host(self.client);
        assert_eq!(client.wrong, 0, "what came back is not what was sent");
        assert_eq!(client.sent, client.count);
        if self.is_perfect {
            assert!(client.echoed.iter().all(|&times| times == 1), "{:?}", client.echoed);
        }
        assert!(self.world.leftovers().is_empty(), "{}", self.world.leftovers());
        for stack in self.stacks() {
            // Nothing is done any more, so nothing waits and nobody is remembered.
            assert!(stack.neighbours(InterfaceId(0)).is_empty());
            // Without a wrong bit nobody looks like a forger. (ARP has no checksum.)
            let forged = [Counter::IcmpErrorForged, Counter::ArpSpoofed, Counter::ArpForeign];
            let looked_forged: u64 =
                forged.into_iter().map(|counter| stack.counters().value(counter)).sum();
            assert!(self.changes_bits || looked_forged == 0, "{:?}", stack.counters());
        }
    }
}

fn stack(world: &World, name: &str, addresses: &[(&str, u16)]) -> Stack {
    let secret = Secret::new([world.seed_for(name), 0]);
    let mut config = Config::new(secret);
    config.forwarding = addresses.len() > 1;
    let mut stack = Stack::new(config, world.tracer(name));
    for &(address, mtu) in addresses {
        let address: ipv4::Cidr = address.parse().unwrap();
        let capabilities = Capabilities::without_offload(Medium::Ethernet, mtu);
        let mut interface = InterfaceConfig::new(address, capabilities);
        let [_, b, c, d] = address.address().octets();
        interface.hardware = MacAddress::new([0x02, 0, 0x5e, b, c, d]);
        stack.add_interface(Instant::START, interface).unwrap();
    }
    stack
}

fn check(seed: u64) {
    let run = Run::of(seed);
    run.check();
    let again = Run::of(seed);
    assert_eq!(run.history.borrow().hash(), again.history.borrow().hash());
    for (one, other) in run.stacks().into_iter().zip(again.stacks()) {
        assert_eq!(one.counters(), other.counters(), "two runs of one seed differ");
    }
}

#[test]
fn whatever_the_links_do_nothing_false_is_believed_and_nothing_is_left_behind() {
    let seeds = env::var("STRATA_SOAK_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        assert!(catch_unwind(|| check(seed)).is_ok(), "seed {seed} failed");
    }
}

/// What the properties are about does happen.
#[test]
fn the_mixes_of_faults_meet_everything() {
    let met = [
        Counter::ArpReceived,
        Counter::Ipv4Fragments,
        Counter::Ipv4Reassembled,
        Counter::Ipv4FragmentDuplicate,
        Counter::Ipv4ReassemblyTimeout,
        Counter::Ipv4Forwarded,
        Counter::ArpUnreachable,
        Counter::IcmpErrorsSent,
        Counter::IcmpErrorsReceived,
        Counter::UdpBadChecksum,
        Counter::UdpSent,
    ];
    let mut counted = met.map(|counter| (counter, 0));
    let (mut echoed, mut twice) = (0, 0);
    for seed in 0..SEEDS {
        let run = Run::of(seed);
        for stack in run.stacks() {
            for (counter, times) in &mut counted {
                *times += stack.counters().value(*counter);
            }
        }
        echoed += run.world.host(run.client).echoed.iter().filter(|&&times| times > 0).count();
        twice += run.world.host(run.client).echoed.iter().filter(|&&times| times > 1).count();
    }
    assert!(counted.iter().all(|&(_, times)| times > 0), "{counted:?}");
    assert!(echoed > 100 && twice > 10, "{echoed} came back, {twice} more than once");
}
