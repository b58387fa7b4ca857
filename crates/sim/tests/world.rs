//! The world as its hosts see it: who gets what, when, and what it is not asked for.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use ethernet::{EtherType, Header, MacAddress};
use link::LinkOptions;
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use sim::{Cable, Error, HostId, Switch, World};
use trace::{Direction, Event, Record, Subscriber};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn delayed(delay: Duration) -> LinkOptions {
    LinkOptions { delay, ..LinkOptions::PERFECT }
}

/// A host that does as it is told, and remembers what came.
#[derive(Default)]
struct Puppet {
    to_send: VecDeque<(InterfaceId, Vec<u8>)>,
    came: Vec<(Instant, InterfaceId, Vec<u8>)>,
    /// Sends back what comes.
    echoes: bool,
    /// When to wake up, and then every so often for so many times.
    alarm: Option<Instant>,
    every: Duration,
    times: u32,
    woke: Vec<Instant>,
    /// How often anything was asked of it.
    calls: Cell<u32>,
}

impl Puppet {
    fn echo() -> Self {
        Self { echoes: true, ..Self::default() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.to_send.push_back((InterfaceId(0), bytes.to_vec()));
    }

    fn came(&self) -> Vec<(u64, &[u8])> {
        let milliseconds = |at: Instant| u64::try_from(at.since_start().as_millis()).unwrap();
        self.came.iter().map(|(at, _, bytes)| (milliseconds(*at), bytes.as_slice())).collect()
    }

    fn call(&self) {
        self.calls.set(self.calls.get() + 1);
    }
}

impl Host for Puppet {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.call();
        self.came.push((now, interface, frame.bytes.to_vec()));
        if self.echoes {
            self.to_send.push_back((interface, frame.bytes.to_vec()));
        }
    }

    fn transmit(
        &mut self,
        _now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        self.call();
        let next = self.to_send.iter().position(|(port, _)| *port == interface)?;
        buffer.clear();
        buffer.append(&self.to_send.remove(next)?.1);
        Some(TransmitOffload::default())
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.call();
        self.alarm
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.call();
        self.woke.push(now);
        self.times = self.times.saturating_sub(1);
        self.alarm = (self.times != 0).then(|| now + self.every);
    }
}

#[test]
fn a_frame_takes_as_long_as_its_direction_says() {
    let mut world = World::new(1);
    let alice = world.add_host("alice", Puppet::default());
    let bob = world.add_host("bob", Puppet::echo());
    let cable = Cable { back: delayed(ms(5)), ..Cable::ip(delayed(ms(20))) };
    world.connect(alice, bob, cable).unwrap();
    world.run_until(Instant::at(ms(100))).unwrap();
    world.host_mut(alice).send(b"one");
    world.run_for(ms(10)).unwrap();
    world.host_mut(alice).send(b"two");
    assert_eq!(world.host(bob).came(), []);

    world.run_until_idle(ms(1000)).unwrap();
    assert_eq!(world.host(bob).came(), [(120, &b"one"[..]), (130, b"two")]);
    assert_eq!(world.host(alice).came(), [(125, &b"one"[..]), (135, b"two")]);
    assert_eq!(world.now(), Instant::at(ms(135)), "idle since the last frame came");
    assert!(world.leftovers().is_empty());
}

#[test]
fn what_is_due_together_happens_in_the_order_in_which_it_was_sent() {
    let mut world = World::new(1);
    let carol = world.add_host("carol", Puppet::default());
    let senders: Vec<_> =
        (0..3).map(|n| (n, world.add_host(&format!("sender {n}"), Puppet::default()))).collect();
    for &(n, sender) in &senders {
        world.connect(sender, carol.interface(n), Cable::ip(delayed(ms(7)))).unwrap();
    }
    world.run_until_idle(Duration::ZERO).unwrap();
    for &(n, sender) in senders.iter().rev() {
        world.host_mut(sender).send(&[u8::try_from(n).unwrap()]);
    }
    world.run_for(ms(7)).unwrap();
    let order: Vec<_> = world.host(carol).came.iter().map(|(_, port, _)| port.0).collect();
    assert_eq!(order, [2, 1, 0]);
}

#[test]
fn ten_minutes_of_silence_are_one_jump() {
    let mut world = World::new(1);
    let alarm = Some(Instant::at(Duration::from_secs(600)));
    let sleeper = world.add_host("sleeper", Puppet { alarm, ..Puppet::default() });
    world.run_until(Instant::at(ms(1))).unwrap();
    let calls = world.host(sleeper).calls.get();
    assert_eq!(world.leftovers().to_string(), "sleeper waits until 600.000000 s");
    world.run_until_idle(Duration::from_secs(3600)).unwrap();
    assert_eq!(world.host(sleeper).woke, [Instant::at(Duration::from_secs(600))]);
    assert!(world.host(sleeper).calls.get() < calls + 5);
}

#[test]
fn idle_hosts_are_left_in_peace() {
    let mut world = World::new(1);
    let alarm = Some(Instant::at(Duration::from_secs(600)));
    let idle: Vec<_> =
        (0..100).map(|_| world.add_host("idle", Puppet { alarm, ..Puppet::default() })).collect();
    let alice = world.add_host("alice", Puppet::echo());
    let bob = world.add_host("bob", Puppet::echo());
    world.connect(alice, bob, Cable::ip(delayed(ms(1)))).unwrap();
    world.host_mut(alice).send(b"back and forth");
    world.run_for(ms(1)).unwrap();
    let calls =
        |world: &World| -> u32 { idle.iter().map(|host| world.host(*host).calls.get()).sum() };
    let before = calls(&world);
    world.run_for(ms(1000)).unwrap();
    assert!(world.host(bob).came.len() > 490);
    assert_eq!(calls(&world), before);
}

#[test]
fn time_that_stands_still_is_an_error() {
    let mut world = World::new(1);
    let alice = world.add_host("alice", Puppet::echo());
    let bob = world.add_host("bob", Puppet::echo());
    world.connect(alice, bob, Cable::ip(LinkOptions::PERFECT)).unwrap();
    world.run_for(ms(5)).unwrap();
    world.host_mut(alice).send(b"for ever");
    let error = world.run_for(ms(1)).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("time stands still at 0.005000 s: 1000000 things"), "{message}");
    assert_eq!(world.now(), Instant::at(ms(5)));
}

#[test]
fn a_deadline_that_stays_in_the_past_is_an_error() {
    let mut world = World::new(1);
    let alarm = Some(Instant::START);
    world.add_host("insomniac", Puppet { alarm, times: u32::MAX, ..Puppet::default() });
    let error = world.run_until_idle(ms(1)).unwrap_err();
    assert!(matches!(error, Error::Stuck { host, .. } if host == "insomniac"));
}

#[test]
fn a_world_that_never_rests_says_what_it_is_busy_with() {
    let mut world = World::new(1);
    let alice = world.add_host("alice", Puppet::echo());
    let ticks =
        Puppet { alarm: Some(Instant::START), every: ms(40), times: u32::MAX, ..Puppet::echo() };
    let bob = world.add_host("bob", ticks);
    world.connect(alice, bob, Cable::ip(delayed(ms(30)))).unwrap();
    world.host_mut(alice).send(b"back and forth");
    let error = world.run_until_idle(ms(100)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "still busy at 0.100000 s: 1 frame from bob to alice, bob waits until 0.120000 s"
    );
}

#[test]
fn an_interface_takes_one_cable() {
    let mut world = World::new(1);
    let alice = world.add_host("alice", Puppet::default());
    let bob = world.add_host("bob", Puppet::default());
    let cable = || Cable::ip(LinkOptions::PERFECT);
    world.connect(alice, bob.interface(1), cable()).unwrap();
    let error = world.connect(bob, alice, cable()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "interface 0 of alice has a cable already; connect another interface"
    );
    assert!(world.connect(bob, bob, cable()).is_err(), "both ends at one interface");
    world.connect(bob, alice.interface(1), cable()).unwrap();
}

#[test]
#[should_panic(expected = "from another world")]
fn a_host_of_another_world_is_a_mistake() {
    let mut other = World::new(1);
    let stranger = other.add_host("stranger", Puppet::default());
    let mut world = World::new(1);
    world.add_host("switch", Switch::new(2));
    let _ = world.host(stranger);
}

#[test]
fn a_link_can_change_while_frames_are_on_it_and_lose_what_a_test_says() {
    let mut world = World::new(1);
    let alice = world.add_host("alice", Puppet::default());
    let bob = world.add_host("bob", Puppet::default());
    world.connect(alice, bob, Cable::ip(delayed(ms(50)))).unwrap();
    world.host_mut(alice).send(b"slow");
    world.run_for(ms(10)).unwrap();
    let link = world.link_mut(alice).unwrap();
    link.set_options(delayed(ms(10)));
    link.lose_if(|frame| frame.starts_with(b"bad"));
    for word in [&b"fast"[..], b"bad", b"good"] {
        world.host_mut(alice).send(word);
    }
    world.run_until_idle(ms(100)).unwrap();
    assert_eq!(world.host(bob).came(), [(20, &b"fast"[..]), (20, b"good"), (50, b"slow")]);
    assert_eq!(world.link(alice).unwrap().counters().lost, 1);
    assert!(world.link(alice.interface(1)).is_none());
}

#[test]
fn through_a_switch_a_frame_takes_no_time_and_reaches_its_host_alone() {
    let mac = |host: u8| MacAddress::new([2, 0, 0, 0, 0, host]);
    let frame = |source, destination| {
        Header { source, destination, ether_type: EtherType::new(0x0800).unwrap() }.to_bytes()
    };
    let mut world = World::new(1);
    let switch = world.add_host("switch", Switch::new(3));
    let hosts = ["alice", "bob", "carol"].map(|name| world.add_host(name, Puppet::default()));
    for (port, host) in hosts.into_iter().enumerate() {
        world.connect(host, switch.interface(port), Cable::ethernet(delayed(ms(1)))).unwrap();
    }
    let [alice, bob, carol] = hosts;
    world.host_mut(alice).send(&frame(mac(1), MacAddress::BROADCAST));
    world.run_until_idle(ms(10)).unwrap();
    assert_eq!(world.now(), Instant::at(ms(2)));
    world.host_mut(bob).send(&frame(mac(2), mac(1)));
    world.run_until_idle(ms(10)).unwrap();
    let count = |host: HostId<Puppet>| world.host(host).came.len();
    assert_eq!((count(alice), count(bob), count(carol)), (1, 1, 1));
    assert_eq!(world.host(switch).counters().forwarded, 1);
}

struct Told(Vec<String>);

impl Subscriber for Told {
    fn record(&mut self, Record { at, host, event }: &Record<'_>) {
        let what = match event {
            Event::Frame { direction: Direction::In(_), .. } => "took a frame".to_owned(),
            Event::Frame { direction: Direction::Out(_), .. } => "sent a frame".to_owned(),
            Event::Fault { fault, .. } => format!("had a frame {fault:?}"),
            other => panic!("{other:?}"),
        };
        self.0.push(format!("{at} {host} {what}"));
    }
}

#[test]
fn the_trace_tells_who_sent_and_who_took_and_what_the_link_did() {
    let told = Rc::new(RefCell::new(Told(Vec::new())));
    let mut world = World::traced(1, told.clone());
    let alice = world.add_host("alice", Puppet::default());
    let bob = world.add_host("bob", Puppet::default());
    let loss = "frames:2".parse().unwrap();
    world.connect(alice, bob, Cable::ip(LinkOptions { loss, ..delayed(ms(3)) })).unwrap();
    world.host_mut(alice).send(b"first");
    world.host_mut(alice).send(b"second");
    world.run_until_idle(ms(10)).unwrap();
    assert_eq!(
        told.borrow().0,
        [
            "0.000000 alice sent a frame",
            "0.000000 alice sent a frame",
            "0.000000 alice had a frame Lost",
            "0.003000 bob took a frame",
        ]
    );
}

#[test]
fn each_host_and_each_world_gets_seeds_of_its_own() {
    let seeds = |seed| ["alice", "bob", "ecila"].map(|name| World::new(seed).seed_for(name));
    assert_eq!(seeds(7), seeds(7));
    let all: std::collections::HashSet<u64> = seeds(7).into_iter().chain(seeds(8)).collect();
    assert_eq!(all.len(), 6);
}
