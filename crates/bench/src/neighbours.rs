//! What ARP costs with one neighbour, and with as many as there may be.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use arp::{
    Arp, Config, Due, LOCK_TIME, Learned, Local, Message, Operation, Payload, REFRESH_INTERVAL,
    Sent,
};
use ethernet::MacAddress;

use crate::contest::Turn;

/// How many packets a turn sends or hears.
const PACKETS: u32 = 200_000;

/// From one neighbour to the next that has its turn: all come up, and not in their order.
const STRIDE: u16 = 613;

/// Ours.
const OURS: MacAddress = mac(2);

/// Those that each neighbour has in turns; nobody minds that they all have the same.
const FIRST: MacAddress = mac(1);
const SECOND: MacAddress = mac(3);

/// Longer than any turn: nobody is forgotten meanwhile.
const LONG: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

const fn mac(host: u8) -> MacAddress {
    MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, host])
}

/// ARP on one interface, all of whose neighbours have answered.
pub(crate) struct Neighbours {
    arp: Arp,
    local: Local,
    now: packet::Instant,
    count: u16,
    /// The number of the neighbour whose turn it is.
    number: u16,
    /// Whether it has its first MAC address, not its second.
    at_first: bool,
}

impl Neighbours {
    pub(crate) fn new(count: u16) -> Result<Self, Box<dyn Error>> {
        // A network that is set aside for benchmarks (RFC 2544).
        let local = Local { hardware: OURS, address: "198.19.0.2/15".parse()? };
        let config = Config { reachable_time: LONG, stale_time: LONG, claim: None };
        let now = packet::Instant::START;
        let arp = Arp::new(now, local, config, [1, 2]);
        let mut neighbours = Self { arp, local, now, count, number: 0, at_first: true };
        for number in 0..count {
            neighbours.meet(address(number))?;
        }
        Ok(neighbours)
    }

    /// Sends packets, to neighbours whose entries were used a moment ago.
    pub(crate) fn send(&mut self) -> Result<Turn, Box<dyn Error>> {
        self.send_each(Duration::ZERO)
    }

    /// Sends packets so seldom that each of them changes when its neighbour was last used.
    pub(crate) fn send_seldom(&mut self) -> Result<Turn, Box<dyn Error>> {
        self.send_each(REFRESH_INTERVAL)
    }

    /// Hears neighbours ask for us that are where they were.
    pub(crate) fn hear(&mut self) -> Result<Turn, Box<dyn Error>> {
        self.timed(|this, neighbour| this.hear_from(neighbour, FIRST, Learned::Unchanged))
    }

    /// Hears neighbours ask for us that have another MAC address each time.
    pub(crate) fn hear_moved(&mut self) -> Result<Turn, Box<dyn Error>> {
        self.timed(|this, neighbour| {
            this.now = this.now + LOCK_TIME;
            let (from, to) = if this.at_first { (FIRST, SECOND) } else { (SECOND, FIRST) };
            this.hear_from(neighbour, to, Learned::Moved { from })
        })
    }

    fn send_each(&mut self, interval: Duration) -> Result<Turn, Box<dyn Error>> {
        let mut packet = Some(Payload::default());
        self.timed(|this, neighbour| {
            this.now = this.now + interval;
            let payload = packet.take().ok_or("the packet did not come back")?;
            if let Sent::Now { payload, .. } = this.arp.send(this.now, neighbour, payload) {
                packet = Some(payload);
            }
            Ok(())
        })
    }

    /// Does `one` thing with a neighbour, then with the next.
    fn timed(
        &mut self,
        mut one: impl FnMut(&mut Self, Ipv4Addr) -> Result<(), Box<dyn Error>>,
    ) -> Result<Turn, Box<dyn Error>> {
        let start = Instant::now();
        for _ in 0..PACKETS {
            one(self, address(self.number))?;
            self.number = (self.number + STRIDE) % self.count;
            // Everybody has had a turn.
            self.at_first ^= self.number == 0;
        }
        Ok(Turn::new(PACKETS, start.elapsed()))
    }

    /// Asks for a neighbour, and has it answer.
    fn meet(&mut self, neighbour: Ipv4Addr) -> Result<(), Box<dyn Error>> {
        // Not more in one second than may be asked for.
        self.now = self.now + LOCK_TIME;
        let _ = self.arp.send(self.now, neighbour, Payload::default());
        let Some(Due::Send(_)) = self.arp.poll(self.now) else {
            return Err("nobody asks for the neighbour".into());
        };
        let answer = Message {
            operation: Operation::Reply,
            target_hardware: OURS,
            ..self.question(neighbour, FIRST)
        };
        match self.arp.receive(self.now, &answer).learned {
            Learned::Resolved => Ok(()),
            other => Err(format!("the neighbour's answer: {other:?}").into()),
        }
    }

    fn hear_from(
        &mut self,
        neighbour: Ipv4Addr,
        hardware: MacAddress,
        expected: Learned,
    ) -> Result<(), Box<dyn Error>> {
        let outcome = self.arp.receive(self.now, &self.question(neighbour, hardware));
        if outcome.learned != expected || outcome.reply.is_none() {
            return Err(format!("the neighbour's question: {outcome:?}").into());
        }
        Ok(())
    }

    /// "I am `neighbour` at `hardware`. Who has your address?"
    fn question(&self, neighbour: Ipv4Addr, hardware: MacAddress) -> Message {
        Message {
            operation: Operation::Request,
            sender_hardware: hardware,
            sender: neighbour,
            target_hardware: MacAddress::new([0; 6]),
            target: self.local.address.address(),
        }
    }
}

/// The address of the neighbour of that number.
fn address(number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(198, 18, 1 + high, low)
}
