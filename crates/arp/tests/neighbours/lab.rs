//! ARP of 192.0.2.2 under a clock that the test moves, and the words to tell what happens.

use std::net::Ipv4Addr;
use std::time::Duration;

use arp::{
    Arp, Config, Due, Ignored, Learned, Local, Message, NeighbourState, Operation, Outcome,
    Outgoing, Payload, Sent, Unreachable,
};
use ethernet::MacAddress;
use packet::{Buffer, Instant};

pub(crate) const OUR_MAC: MacAddress = mac(2);

/// The MAC address of the host of that number.
pub(crate) const fn mac(host: u8) -> MacAddress {
    MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, host])
}

/// 192.0.2.`host`.
pub(crate) const fn ip(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, host)
}

/// A packet that says its own name.
pub(crate) fn payload(name: &str) -> Payload {
    let mut buffer = Buffer::new();
    buffer.append(name.as_bytes());
    Payload::from(buffer)
}

pub(crate) fn name(payload: &Payload) -> String {
    String::from_utf8(payload.buffer.as_slice().to_vec()).unwrap()
}

pub(crate) fn names(payloads: &[Payload]) -> Vec<String> {
    payloads.iter().map(name).collect()
}

/// "I am `sender` at `hardware`. Who has `target`?"
pub(crate) fn request(hardware: MacAddress, sender: Ipv4Addr, target: Ipv4Addr) -> Message {
    let target_hardware = MacAddress::new([0; 6]);
    let operation = Operation::Request;
    Message { operation, sender_hardware: hardware, sender, target_hardware, target }
}

/// "I am `sender` at `hardware`", to us.
pub(crate) fn reply(hardware: MacAddress, sender: Ipv4Addr) -> Message {
    Message {
        operation: Operation::Reply,
        target_hardware: OUR_MAC,
        ..request(hardware, sender, ip(2))
    }
}

pub(crate) struct Lab {
    pub(crate) arp: Arp,
    pub(crate) now: Instant,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with("192.0.2.2/24", Config::default())
    }

    pub(crate) fn with(address: &str, config: Config) -> Self {
        let local = Local { hardware: OUR_MAC, address: address.parse().unwrap() };
        let now = Instant::at(Duration::from_secs(1000));
        Self { arp: Arp::new(now, local, config, [7, 8]), now }
    }

    /// The neighbour of that number answers when it is asked, and is reachable then.
    pub(crate) fn knows(&mut self, host: u8) {
        self.waits(host, "first");
        assert_eq!(self.asks(), [(MacAddress::BROADCAST, ip(host))]);
        assert_eq!(self.hears(&reply(mac(host), ip(host))).learned, Learned::Resolved);
        assert_eq!(self.state(host), Some(NeighbourState::Reachable));
    }

    pub(crate) fn hears(&mut self, message: &Message) -> Outcome {
        self.arp.receive(self.now, message)
    }

    /// That it is ignored for this reason and makes no entry; the answer, if there is one.
    pub(crate) fn ignores(&mut self, message: &Message, reason: Ignored) -> Option<Outgoing> {
        let neighbours = self.arp.neighbours();
        let outcome = self.hears(message);
        assert_eq!(outcome.learned, Learned::Nothing(reason), "{message:?}");
        assert!(outcome.released.is_none());
        assert_eq!(self.arp.neighbours(), neighbours);
        outcome.reply
    }

    pub(crate) fn send_to(&mut self, address: Ipv4Addr, name: &str) -> Sent {
        self.arp.send(self.now, address, payload(name))
    }

    /// Sends a packet that leaves at once; to where it goes.
    pub(crate) fn sends(&mut self, host: u8) -> MacAddress {
        match self.send_to(ip(host), "packet") {
            Sent::Now { to, payload } if name(&payload) == "packet" => to,
            other => panic!("the packet did not leave: {other:?}"),
        }
    }

    /// Sends a packet that has to wait, and for which no other one loses its place.
    pub(crate) fn waits(&mut self, host: u8, name: &str) {
        match self.send_to(ip(host), name) {
            Sent::Waiting { dropped } => assert!(dropped.is_empty()),
            other => panic!("the packet does not wait: {other:?}"),
        }
    }

    /// All that is due now.
    pub(crate) fn due(&mut self) -> Vec<Due> {
        let due: Vec<Due> = std::iter::from_fn(|| self.arp.poll(self.now)).take(5000).collect();
        let deadline = self.arp.next_deadline();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "due: {due:?}");
        due
    }

    /// Requests that leave now, and nothing else: to whom, for whom.
    pub(crate) fn asks(&mut self) -> Vec<(MacAddress, Ipv4Addr)> {
        let request_of = |due| match due {
            Due::Send(Outgoing { destination, message }) => {
                assert_eq!(message, request(OUR_MAC, ip(2), message.target));
                (destination, message.target)
            }
            other => panic!("it is no request: {other:?}"),
        };
        self.due().into_iter().map(request_of).collect()
    }

    /// The one neighbour that does not answer.
    pub(crate) fn gives_up(&mut self) -> Unreachable {
        let mut due = self.due();
        match due.pop() {
            Some(Due::Unreachable(unreachable)) if due.is_empty() => unreachable,
            other => panic!("it did not give up: {due:?}, {other:?}"),
        }
    }

    pub(crate) fn passes(&mut self, milliseconds: u64) {
        self.now = self.now + Duration::from_millis(milliseconds);
    }

    /// Lets time pass, and says what was due and after how many milliseconds.
    pub(crate) fn runs(&mut self, milliseconds: u64) -> Vec<(u64, Due)> {
        let begin = self.now;
        let end = begin + Duration::from_millis(milliseconds);
        let mut happened = Vec::new();
        while let Some(at) = self.arp.next_deadline().filter(|&at| at <= end) {
            self.now = at.max(self.now);
            let after = u64::try_from((self.now - begin).as_millis()).unwrap();
            happened.extend(self.due().into_iter().map(|due| (after, due)));
        }
        self.now = end;
        happened
    }

    pub(crate) fn state(&self, host: u8) -> Option<NeighbourState> {
        let neighbours = self.arp.neighbours();
        let neighbour = neighbours.iter().find(|neighbour| neighbour.address == ip(host));
        neighbour.map(|neighbour| neighbour.state)
    }
}
