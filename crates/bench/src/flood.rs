//! A pinger and the stack in the simulator, as fast as they can.

use std::cell::RefCell;
use std::error::Error;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ipv4::Cidr;
use link::{LinkOptions, Percentage};
use packet::{Capabilities, Medium};
use sim::{Cable, HostId, PingOptions, Pinger, World};
use stack::{Config, InterfaceConfig, Secret, Stack};
use trace::{Record, Subscriber};

use crate::contest::Turn;

const PINGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// How many requests a turn sends.
const REQUESTS: u64 = 100_000;

/// What a flood is like.
#[derive(Clone, Copy)]
pub(crate) struct Flood {
    pub(crate) data_length: u16,
    /// Whether the links do all that they can, rather than nothing.
    pub(crate) faulty: bool,
    /// How many hosts wait meanwhile for a deadline that is far off.
    pub(crate) idle_hosts: u32,
    /// Whether somebody listens.
    pub(crate) traced: bool,
}

impl Default for Flood {
    /// Packets as `ping` sends them, over a perfect link, and nothing else in the world.
    fn default() -> Self {
        Self { data_length: 56, faulty: false, idle_hosts: 0, traced: false }
    }
}

/// Listens, and only counts.
#[derive(Default)]
struct Listener {
    events: u32,
}

impl Subscriber for Listener {
    fn record(&mut self, _record: &Record<'_>) {
        self.events += 1;
    }
}

/// The two between whom the packets go.
struct Ends {
    pinger: HostId<Pinger>,
    stack: HostId<Stack>,
}

impl Ends {
    /// How many packets came out of the links, both ways.
    fn delivered(&self, world: &World) -> Result<u32, Box<dyn Error>> {
        let there = world.link(self.pinger).ok_or("the pinger has no link")?.counters().delivered;
        let back = world.link(self.stack).ok_or("the stack has no link")?.counters().delivered;
        Ok(u32::try_from(there + back)?)
    }
}

impl Flood {
    /// Runs it once and counts the packets that were delivered.
    pub(crate) fn run(&self) -> Result<Turn, Box<dyn Error>> {
        let mut world = if self.traced {
            World::traced(1, Rc::new(RefCell::new(Listener::default())))
        } else {
            World::new(1)
        };
        let ends = self.prepare(&mut world)?;
        let start = Instant::now();
        world.run_for(Duration::from_secs(2))?;
        let time = start.elapsed();
        Ok(Turn::new(ends.delivered(&world)?, time))
    }

    /// How many events a listener hears for each packet that is delivered.
    pub(crate) fn events_a_packet(&self) -> Result<f64, Box<dyn Error>> {
        let listener = Rc::new(RefCell::new(Listener::default()));
        let mut world = World::traced(1, listener.clone());
        let ends = self.prepare(&mut world)?;
        world.run_for(Duration::from_secs(2))?;
        let events = listener.borrow().events;
        Ok(f64::from(events) / f64::from(ends.delivered(&world)?))
    }

    /// Puts everybody in place.
    fn prepare(&self, world: &mut World) -> Result<Ends, Box<dyn Error>> {
        let pinger = world.add_host("pinger", Pinger::new(self.ping_options()));
        let stack = world.add_host("stack", stack(world)?);
        world.connect(pinger, stack, Cable::ip(self.link_options()?))?;
        for _ in 0..self.idle_hosts {
            let never_mind = PingOptions { count: 2, interval: DAY, ..self.ping_options() };
            world.add_host("idle", Pinger::new(never_mind));
        }
        // Everybody is in place, and nobody is new.
        world.run_for(Duration::ZERO)?;
        Ok(Ends { pinger, stack })
    }

    fn ping_options(&self) -> PingOptions {
        PingOptions {
            count: REQUESTS,
            interval: Duration::from_micros(10),
            data_length: self.data_length,
            ..PingOptions::new(PINGER, STACK)
        }
    }

    fn link_options(&self) -> Result<LinkOptions, Box<dyn Error>> {
        if !self.faulty {
            return Ok(LinkOptions::PERFECT);
        }
        let percentage = Percentage::new(1);
        Ok(LinkOptions {
            delay: Duration::from_millis(1),
            jitter: Duration::from_micros(300),
            rate: Some("1gbit".parse()?),
            loss: percentage.into(),
            duplicate: percentage,
            reorder: percentage,
            corrupt: percentage,
            mtu: Some(1500),
            ..LinkOptions::PERFECT
        })
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn stack(world: &World) -> Result<Stack, Box<dyn Error>> {
    let secret = Secret::new([world.seed_for("stack"), 0]);
    let mut stack = Stack::new(Config::new(secret), world.tracer("stack"));
    let address = Cidr::new(STACK, 24).ok_or("24 bits are no prefix")?;
    let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
    stack.add_interface(packet::Instant::START, InterfaceConfig::new(address, capabilities))?;
    Ok(stack)
}
