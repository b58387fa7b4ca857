//! The world: it takes the next thing that happens and lets it happen, over and over.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use link::{Link, split_seed};
use packet::{
    Buffer, Host, Instant, InterfaceId, Medium, ReceiveOffload, Received, ReceivedChecksum,
    TransmitOffload,
};
use trace::{Direction, Event, Subscriber, Tracer};

use crate::agenda::Agenda;
use crate::{AlreadyConnected, Cable, End, Error, HostId, Leftovers};

/// How many things may happen in one instant: frames sent, frames received, deadlines met. More
/// is taken for a loop that would never end.
pub const SAME_INSTANT_LIMIT: u32 = 1_000_000;

/// Hosts, the cables between them, and the time.
///
/// Between two runs a test or an application acts on the hosts ([`World::host_mut`]).
///
/// Frames that a host sends by an interface without a cable stay with the host, as they would
/// with a device that has no room.
pub struct World {
    now: Instant,
    seed: u64,
    subscriber: Option<Rc<RefCell<dyn Subscriber>>>,
    nodes: Vec<Node>,
    wires: Vec<Wire>,
    agenda: Agenda,
    /// What each source of the agenda is.
    sources: Vec<Source>,
    /// Hosts that were given something and may have something to give, each of them once.
    restless: VecDeque<usize>,
    /// Where each frame is written before the link takes it.
    buffer: Buffer,
    /// What happened at `now` so far. At most [`SAME_INSTANT_LIMIT`].
    happened_now: u32,
}

/// A host in its place.
struct Node {
    name: String,
    host: Box<dyn AnyHost>,
    tracer: Tracer,
    /// Its interfaces that have a cable, each with the wire that leads away from it.
    ports: Vec<(InterfaceId, usize)>,
    source: usize,
    is_restless: bool,
}

/// One direction of a cable.
struct Wire {
    link: Link<TransmitOffload>,
    from: usize,
    to: End,
    medium: Medium,
    source: usize,
}

/// Who has a deadline: a host or a wire, by its number.
#[derive(Clone, Copy)]
enum Source {
    Node(usize),
    Wire(usize),
}

/// A host whose type can be found out again.
trait AnyHost: Host + Any {}

impl<T: Host + Any> AnyHost for T {}

impl World {
    /// An empty world at [`Instant::START`], in which `seed` decides all that is random.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            now: Instant::START,
            seed,
            subscriber: None,
            nodes: Vec::new(),
            wires: Vec::new(),
            agenda: Agenda::default(),
            sources: Vec::new(),
            restless: VecDeque::new(),
            buffer: Buffer::new(),
            happened_now: 0,
        }
    }

    /// As [`World::new`], with somebody who listens to what happens.
    #[must_use]
    pub fn traced(seed: u64, subscriber: Rc<RefCell<dyn Subscriber>>) -> Self {
        Self { subscriber: Some(subscriber), ..Self::new(seed) }
    }

    /// A tracer under the name of a host, for one that emits events of its own. The frames of
    /// every host are in the trace without it.
    #[must_use]
    pub fn tracer(&self, name: &str) -> Tracer {
        self.subscriber
            .as_ref()
            .map_or_else(Tracer::off, |subscriber| Tracer::new(name, Rc::clone(subscriber)))
    }

    /// A seed for the host of that name, if it needs one. It depends on the world's seed and on
    /// the name alone.
    #[must_use]
    pub fn seed_for(&self, name: &str) -> u64 {
        let start = split_seed(self.seed, 0);
        name.bytes().fold(start, |seed, byte| split_seed(seed, byte.into()))
    }

    /// Adds a host. `name` is what the trace and every message call it.
    pub fn add_host<T: Host + 'static>(&mut self, name: &str, host: T) -> HostId<T> {
        let index = self.nodes.len();
        let node = Node {
            name: name.to_owned(),
            host: Box::new(host),
            tracer: self.tracer(name),
            ports: Vec::new(),
            source: self.add_source(Source::Node(index)),
            is_restless: false,
        };
        self.nodes.push(node);
        self.disturb(index);
        HostId::new(index)
    }

    /// Joins two interfaces, of two hosts or of one.
    ///
    /// # Errors
    /// [`AlreadyConnected`] if one of them has a cable already.
    pub fn connect(
        &mut self,
        first: impl Into<End>,
        second: impl Into<End>,
        cable: Cable,
    ) -> Result<(), AlreadyConnected> {
        let Cable { medium, there, back } = cable;
        let (first, second) = (first.into(), second.into());
        self.check_free(first)?;
        self.check_free(second)?;
        if first == second {
            return Err(self.already_connected(first));
        }
        self.add_wire(first, second, medium, there);
        self.add_wire(second, first, medium, back);
        Ok(())
    }

    /// A host, as it is now.
    ///
    /// # Panics
    /// If `id` is from another world.
    #[must_use]
    pub fn host<T: Host + 'static>(&self, id: HostId<T>) -> &T {
        let node = self.nodes.get(id.index);
        let host = node.and_then(|node| (&*node.host as &dyn Any).downcast_ref());
        host.unwrap_or_else(|| another_world())
    }

    /// A host, to act on. What it sends then leaves at the next run.
    ///
    /// # Panics
    /// If `id` is from another world.
    pub fn host_mut<T: Host + 'static>(&mut self, id: HostId<T>) -> &mut T {
        self.disturb(id.index);
        let node = self.nodes.get_mut(id.index);
        let host = node.and_then(|node| (&mut *node.host as &mut dyn Any).downcast_mut());
        host.unwrap_or_else(|| another_world())
    }

    /// The link that carries frames away from an interface, if that has a cable.
    #[must_use]
    pub fn link(&self, from: impl Into<End>) -> Option<&Link<TransmitOffload>> {
        let wire = self.wire_from(from.into())?;
        Some(&self.wires.get(wire)?.link)
    }

    /// The link that carries frames away from an interface, if that has a cable: to change what
    /// it is like, or to send a frame that no host would.
    pub fn link_mut(&mut self, from: impl Into<End>) -> Option<&mut Link<TransmitOffload>> {
        let from = from.into();
        let wire = self.wire_from(from)?;
        self.disturb(from.host);
        Some(&mut self.wires.get_mut(wire)?.link)
    }

    /// What time it is.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Lets all happen that happens until `end`, and makes it `end`.
    ///
    /// # Errors
    /// [`Error::Stuck`].
    pub fn run_until(&mut self, end: Instant) -> Result<(), Error> {
        self.run(end)?;
        self.now = self.now.max(end);
        Ok(())
    }

    /// Lets all happen that happens within `duration`.
    ///
    /// # Errors
    /// [`Error::Stuck`].
    pub fn run_for(&mut self, duration: Duration) -> Result<(), Error> {
        self.run_until(self.now + duration)
    }

    /// Runs until no frame is in flight and no host waits for a deadline. It is then the time of
    /// the last thing that happened.
    ///
    /// # Errors
    /// [`Error::NotIdle`] if that takes more than `limit`; [`Error::Stuck`].
    pub fn run_until_idle(&mut self, limit: Duration) -> Result<(), Error> {
        let end = self.now + limit;
        self.run(end)?;
        let leftovers = self.leftovers();
        if leftovers.is_empty() {
            return Ok(());
        }
        self.now = end;
        Err(Error::NotIdle { at: end, leftovers })
    }

    /// What is still to come, if nobody acts on a host. Told as of the last run.
    #[must_use]
    pub fn leftovers(&self) -> Leftovers {
        let name = |index: usize| self.nodes.get(index).map_or("", |node| &node.name).to_owned();
        let in_flight = |wire: &Wire| {
            let frames = wire.link.in_flight();
            (frames != 0).then(|| (name(wire.from), name(wire.to.host), frames))
        };
        let deadline = |node: &Node| Some((node.name.clone(), node.host.next_deadline()?));
        Leftovers {
            in_flight: self.wires.iter().filter_map(in_flight).collect(),
            deadlines: self.nodes.iter().filter_map(deadline).collect(),
        }
    }

    /// Lets all happen that happens until `end`. It is then the time of the last of it.
    fn run(&mut self, end: Instant) -> Result<(), Error> {
        self.happened_now = 0;
        loop {
            while let Some(index) = self.restless.pop_front() {
                self.drain(index)?;
            }
            let Some((at, source)) = self.agenda.next_until(end) else { return Ok(()) };
            if at > self.now {
                self.now = at;
                self.happened_now = 0;
            }
            match self.sources.get(source) {
                Some(&Source::Node(index)) => self.handle_timeout(index)?,
                Some(&Source::Wire(index)) => self.deliver(index)?,
                None => {}
            }
        }
    }

    /// Takes the frames that a host has to give, and asks for its deadline.
    fn drain(&mut self, index: usize) -> Result<(), Error> {
        let now = self.now;
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        node.is_restless = false;
        // What leaves by one interface may make room for what leaves by another.
        let mut has_given = true;
        while std::mem::take(&mut has_given) {
            for &(interface, wire) in &node.ports {
                let Some(wire) = self.wires.get_mut(wire) else { continue };
                while let Some(offload) = node.host.transmit(now, interface, &mut self.buffer) {
                    has_given = true;
                    count(&mut self.happened_now, now, &node.name)?;
                    let bytes = self.buffer.as_slice();
                    let direction = Direction::Out(offload);
                    let medium = wire.medium;
                    node.tracer.emit(now, || Event::Frame { interface, direction, medium, bytes });
                    wire.link.send(now, bytes, offload);
                }
                self.agenda.set(wire.source, wire.link.next_deadline());
            }
        }
        self.agenda.set(node.source, node.host.next_deadline());
        Ok(())
    }

    /// Hands a host the next frame that has come out of a wire.
    fn deliver(&mut self, index: usize) -> Result<(), Error> {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(index) else { return Ok(()) };
        let End { host: receiver, interface } = wire.to;
        if let Some(node) = self.nodes.get_mut(receiver)
            && let Some((bytes, offload)) = wire.link.deliver(now)
        {
            count(&mut self.happened_now, now, &node.name)?;
            let offload = as_received(offload);
            let direction = Direction::In(offload);
            let medium = wire.medium;
            node.tracer.emit(now, || Event::Frame { interface, direction, medium, bytes });
            node.host.receive(now, interface, Received { bytes, offload });
        }
        self.agenda.set(wire.source, wire.link.next_deadline());
        self.disturb(receiver);
        Ok(())
    }

    fn handle_timeout(&mut self, index: usize) -> Result<(), Error> {
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        count(&mut self.happened_now, self.now, &node.name)?;
        node.host.handle_timeout(self.now);
        self.disturb(index);
        Ok(())
    }

    /// Notes that a host was given something.
    fn disturb(&mut self, index: usize) {
        if let Some(node) = self.nodes.get_mut(index)
            && !node.is_restless
        {
            node.is_restless = true;
            self.restless.push_back(index);
        }
    }

    fn add_wire(&mut self, from: End, to: End, medium: Medium, options: link::LinkOptions) {
        let index = self.wires.len();
        let source = self.add_source(Source::Wire(index));
        let Some(node) = self.nodes.get_mut(from.host) else { another_world() };
        node.ports.push((from.interface, index));
        let seed = split_seed(split_seed(self.seed, 1), index as u64);
        let link = Link::new(options, seed, node.tracer.clone());
        self.wires.push(Wire { link, from: from.host, to, medium, source });
        self.disturb(from.host);
    }

    fn add_source(&mut self, source: Source) -> usize {
        self.sources.push(source);
        self.agenda.add_source()
    }

    fn wire_from(&self, End { host, interface }: End) -> Option<usize> {
        let ports = &self.nodes.get(host)?.ports;
        ports.iter().find(|(port, _)| *port == interface).map(|(_, wire)| *wire)
    }

    fn check_free(&self, end: End) -> Result<(), AlreadyConnected> {
        if self.wire_from(end).is_some() { Err(self.already_connected(end)) } else { Ok(()) }
    }

    fn already_connected(&self, End { host, interface }: End) -> AlreadyConnected {
        let host = self.nodes.get(host).map_or_else(String::new, |node| node.name.clone());
        AlreadyConnected { host, interface }
    }
}

/// Counts something that happened on `host`.
fn count(happened_now: &mut u32, now: Instant, host: &str) -> Result<(), Error> {
    *happened_now += 1;
    if *happened_now > SAME_INSTANT_LIMIT {
        return Err(Error::Stuck { at: now, host: host.to_owned() });
    }
    Ok(())
}

/// What the far end hears of a frame that left with work still to do: as between the kernel and
/// a TUN device, the frame crosses whole and its checksum left out.
fn as_received(TransmitOffload { checksum, segmentation }: TransmitOffload) -> ReceiveOffload {
    let checksum = match checksum {
        None => ReceivedChecksum::Unverified,
        Some(checksum) => ReceivedChecksum::LeftOut(checksum),
    };
    ReceiveOffload { checksum, segmentation }
}

#[expect(clippy::panic, reason = "a mistake in the program, as an index out of range is one")]
fn another_world() -> ! {
    panic!("this HostId is from another world")
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
        f.debug_struct("World")
            .field("now", &self.now)
            .field("seed", &self.seed)
            .field("hosts", &hosts)
            .finish_non_exhaustive()
    }
}
