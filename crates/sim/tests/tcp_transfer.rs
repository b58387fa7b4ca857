//! What holds of a TCP connection for every mix of faults: what comes back is what was sent, and
//! it ends. All follows from a seed.
//!
//! `STRATA_SOAK_SEEDS=10000 cargo test --release -p sim --test tcp_transfer` tries more seeds.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use std::cell::RefCell;
use std::env;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use apps::talker::{Closes, Opens, Plan, Talk, Talker};
use apps::{Service, ServiceHost};
use link::{LinkOptions, Percentage, split_seed};
use narrate::{Detail, Lines, Names};
use packet::{Capabilities, Instant, Medium};
use sim::{Cable, History, HostId, World};
use stack::{Config, InterfaceConfig, Secret, Stack};
use tcp::{ConnectionOptions, SequenceNumber};
use trace::{Record, Subscriber};

/// How many seeds are tried, unless the environment says otherwise.
const SEEDS: u64 = 200;

/// Sends to an echo service, closes, and reads what comes back.
fn plan(seed: u64) -> Plan {
    Plan {
        opens: Opens::Asking {
            from: ([192, 0, 2, 1], 0).into(),
            to: ([192, 0, 2, 2], Service::Echo.port()).into(),
        },
        options: ConnectionOptions::default(),
        sends: split_seed(seed, 100) % 200_000,
        piece: 1 << 16,
        every: Duration::ZERO,
        sleeps: Duration::ZERO,
        closes: Closes::AfterSending,
    }
}

struct Listeners {
    history: History,
    lines: Option<Lines<std::io::Stdout>>,
}

impl Subscriber for Listeners {
    fn record(&mut self, record: &Record<'_>) {
        self.history.record(record);
        if let Some(lines) = &mut self.lines {
            lines.record(record);
        }
    }
}

struct Run {
    world: World,
    sends: u64,
    client: HostId<Talker>,
    server: HostId<ServiceHost>,
    listeners: Rc<RefCell<Listeners>>,
}

fn options(seed: u64) -> LinkOptions {
    let dice = |index, below: u64| split_seed(seed, index) % below;
    let percentage = |index, below| Percentage::new(u8::try_from(dice(index, below)).unwrap());
    if dice(0, 5) == 0 {
        return LinkOptions::PERFECT;
    }
    LinkOptions {
        delay: Duration::from_millis(dice(1, 50)),
        jitter: Duration::from_millis(dice(2, 10)),
        loss: percentage(3, 12).into(),
        duplicate: percentage(4, 10),
        reorder: percentage(5, 10),
        corrupt: percentage(6, 5),
        ..LinkOptions::PERFECT
    }
}

impl Run {
    fn of(seed: u64, lines: Option<Lines<std::io::Stdout>>) -> Self {
        let listeners = Rc::new(RefCell::new(Listeners { history: History::new(), lines }));
        let mut world = World::traced(seed, listeners.clone());
        let plan = plan(seed);
        let sends = plan.sends;
        let client = world.add_host("client", Talker::new(stack(&world, "client", 1), plan));
        let server = stack(&world, "server", 2);
        let server =
            ServiceHost::new(server, &[Service::Echo], SystemTime::UNIX_EPOCH, seed).unwrap();
        let server = world.add_host("server", server);
        let cable = Cable {
            medium: Medium::Ip,
            there: options(split_seed(seed, 101)),
            back: options(split_seed(seed, 102)),
        };
        world.connect(client, server, cable).unwrap();
        world.run_until_idle(Duration::from_secs(4 * 3600)).unwrap();
        Self { world, sends, client, server, listeners }
    }

    fn check(&mut self) {
        let Talk { taken, wrong, failure, .. } = *self.world.host(self.client).talk();
        assert_eq!(failure, None, "{taken} of {} bytes came back", self.sends);
        assert_eq!((taken, wrong), (self.sends, 0), "what came back is not what was sent");
        assert!(self.world.leftovers().is_empty(), "{}", self.world.leftovers());
        let client = self.world.host_mut(self.client);
        assert!(client.stack_mut().tcp(Instant::START).is_empty(), "the connection is not over");
    }
}

/// In half of all runs the numbers begin within 100 KB of the wrap.
fn begin_near_the_wrap(stack: &mut Stack, random: u64) {
    if random.is_multiple_of(2) {
        let distance = u32::try_from(random % 100_000).unwrap();
        let first = SequenceNumber::new(0) - distance;
        stack.tcp(Instant::START).begin_sequence_numbers_at(first);
    }
}

fn stack(world: &World, name: &str, last: u8) -> Stack {
    let secret = Secret::new([world.seed_for(name), 0]);
    let mut stack = Stack::new(Config::new(secret), world.tracer(name));
    let address = ipv4::Cidr::new([192, 0, 2, last].into(), 24).unwrap();
    let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
    stack.add_interface(Instant::START, InterfaceConfig::new(address, capabilities)).unwrap();
    begin_near_the_wrap(&mut stack, world.seed_for(name));
    stack
}

fn check(seed: u64) {
    let mut run = Run::of(seed, None);
    run.check();
    let again = Run::of(seed, None);
    assert_eq!(run.listeners.borrow().history.hash(), again.listeners.borrow().history.hash());
}

#[test]
fn whatever_the_links_do_the_same_bytes_come_back_and_the_connection_ends() {
    let seeds = env::var("STRATA_SOAK_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        assert!(
            catch_unwind(|| check(seed)).is_ok(),
            "seed {seed} failed; this shows it:\n  \
             STRATA_SEED={seed} cargo test -p sim --test tcp_transfer replay -- --nocapture"
        );
    }
}

/// Runs the seed that `STRATA_SEED` names, and prints every frame and fault with its time.
#[test]
fn replay() {
    let Ok(seed) = env::var("STRATA_SEED") else { return };
    let names = Names::of_hosts();
    let lines = Lines::new(std::io::stdout(), Detail::Lines).with_times().with_names(names);
    let mut run = Run::of(seed.parse().unwrap(), Some(lines));
    println!("server {:#?}", run.world.host(run.server).stack().counters());
    run.check();
}
