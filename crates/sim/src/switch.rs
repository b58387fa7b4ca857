//! A learning Ethernet switch (IEEE 802.1D, the transparent bridge).
//!
//! ```text
//!                 ┌────────────────────────────────┐
//!   alice ────────┤ 0                            2 ├──────── carol
//!                 │   02:00:5e:00:02:02  port 0    │
//!   bob ──────────┤ 1 02:00:5e:00:02:03  port 1    │
//!                 └────────────────────────────────┘
//! ```
//!
//! It learns from each frame's source address behind which port that host is, and sends a frame
//! only there where its destination is; to every other port as long as it does not know.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use ethernet::{Frame, MacAddress};
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};

/// How many addresses a switch knows. Frames to further ones go to every port.
pub const MAC_TABLE_LIMIT: usize = 1024;

/// For how long an address is known after the last frame from there (802.1D's default).
pub const MAC_ADDRESS_LIFETIME: Duration = Duration::from_secs(300);

/// How many frames wait to leave by one port. The newest is dropped when there are more.
pub const PORT_QUEUE_LIMIT: usize = 256;

/// A switch: a host whose every interface is a port. It has no address of its own.
///
/// A frame leaves in the instant in which it came.
#[derive(Debug)]
pub struct Switch {
    /// Indexed by [`InterfaceId`].
    ports: Vec<VecDeque<Buffer>>,
    table: HashMap<MacAddress, Learned>,
    /// When addresses that are too old were last forgotten to make room.
    last_swept: Instant,
    /// Buffers that have left and can be used again.
    spare: Vec<Buffer>,
    counters: SwitchCounters,
}

/// Where an address was seen.
#[derive(Clone, Copy, Debug)]
struct Learned {
    port: InterfaceId,
    at: Instant,
}

/// What a switch did with the frames that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchCounters {
    /// Frames that came.
    pub received: u64,
    /// Sent to the one port behind which the destination is.
    pub forwarded: u64,
    /// Sent to every other port, since they are for a group or the port is not known.
    pub flooded: u64,
    /// Dropped since the destination is behind the port they came by.
    pub filtered: u64,
    /// Dropped since they are shorter than an Ethernet header.
    pub truncated: u64,
    /// Dropped since they came by a port that the switch does not have.
    pub unknown_port: u64,
    /// Copies dropped since the port's queue was full.
    pub queue_full: u64,
    /// Addresses not learned since the table was full.
    pub table_full: u64,
}

impl Switch {
    /// A switch that knows no address yet, with `ports` ports, numbered from 0.
    #[must_use]
    pub fn new(ports: usize) -> Self {
        Self {
            ports: vec![VecDeque::new(); ports],
            table: HashMap::new(),
            last_swept: Instant::START,
            spare: Vec::new(),
            counters: SwitchCounters::default(),
        }
    }

    /// What has been counted so far.
    #[must_use]
    pub const fn counters(&self) -> &SwitchCounters {
        &self.counters
    }

    /// The port behind which `address` is, if it is known.
    fn port_of(&self, now: Instant, address: MacAddress) -> Option<InterfaceId> {
        let learned = self.table.get(&address)?;
        (now - learned.at <= MAC_ADDRESS_LIFETIME).then_some(learned.port)
    }

    fn learn(&mut self, now: Instant, address: MacAddress, port: InterfaceId) {
        // A group sends nothing.
        if address.is_multicast() {
            return;
        }
        if !self.table.contains_key(&address) && !self.has_room(now) {
            self.counters.table_full += 1;
            return;
        }
        self.table.insert(address, Learned { port, at: now });
    }

    /// Whether another address can be learned; forgets the old ones if need be.
    fn has_room(&mut self, now: Instant) -> bool {
        // At most once a second, since it looks at each of them.
        if self.table.len() >= MAC_TABLE_LIMIT && now - self.last_swept >= Duration::from_secs(1) {
            self.last_swept = now;
            self.table.retain(|_, learned| now - learned.at <= MAC_ADDRESS_LIFETIME);
        }
        self.table.len() < MAC_TABLE_LIMIT
    }

    fn forward(&mut self, now: Instant, from: InterfaceId, frame: &Frame<'_>, bytes: &[u8]) {
        match self.port_of(now, frame.destination()) {
            Some(port) if port == from => self.counters.filtered += 1,
            Some(port) => {
                self.counters.forwarded += 1;
                self.enqueue(port, bytes);
            }
            None => {
                self.counters.flooded += 1;
                for port in (0..self.ports.len()).map(InterfaceId).filter(|port| *port != from) {
                    self.enqueue(port, bytes);
                }
            }
        }
    }

    fn enqueue(&mut self, port: InterfaceId, bytes: &[u8]) {
        let Some(queue) = self.ports.get_mut(port.0) else { return };
        if queue.len() >= PORT_QUEUE_LIMIT {
            self.counters.queue_full += 1;
            return;
        }
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer.append(bytes);
        queue.push_back(buffer);
    }
}

impl Host for Switch {
    fn receive(&mut self, now: Instant, interface: InterfaceId, frame: Received<'_>) {
        self.counters.received += 1;
        if interface.0 >= self.ports.len() {
            self.counters.unknown_port += 1;
            return;
        }
        let bytes = frame.bytes;
        match Frame::parse(bytes) {
            Ok(frame) => {
                self.learn(now, frame.source(), interface);
                self.forward(now, interface, &frame, bytes);
            }
            Err(_) => self.counters.truncated += 1,
        }
    }

    fn transmit(
        &mut self,
        _now: Instant,
        interface: InterfaceId,
        buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        let mut frame = self.ports.get_mut(interface.0)?.pop_front()?;
        std::mem::swap(buffer, &mut frame);
        self.spare.push(frame);
        Some(TransmitOffload::default())
    }

    /// Always `None`: old addresses are passed over, and forgotten when their room is needed.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use ethernet::{EtherType, Header};

    /// The host of that number.
    fn mac(number: u16) -> MacAddress {
        let [a, b] = number.to_be_bytes();
        MacAddress::new([2, 0, 0, 0, a, b])
    }

    fn frame(source: MacAddress, destination: MacAddress) -> Vec<u8> {
        Header { destination, source, ether_type: EtherType::new(0x0800).unwrap() }
            .to_bytes()
            .into()
    }

    struct Lab(Switch);

    impl Lab {
        /// Hands a frame to the switch, and says by which ports it leaves.
        fn ports_for(&mut self, seconds: u64, port: usize, frame: &[u8]) -> Vec<usize> {
            let now = Instant::at(Duration::from_secs(seconds));
            self.0.receive(now, InterfaceId(port), frame.into());
            let mut left_by = Vec::new();
            let mut buffer = Buffer::new();
            for port in 0..3 {
                while self.0.transmit(now, InterfaceId(port), &mut buffer).is_some() {
                    assert_eq!(buffer.as_slice(), frame);
                    left_by.push(port);
                }
            }
            left_by
        }
    }

    #[test]
    fn it_floods_until_it_has_learned() {
        let mut lab = Lab(Switch::new(3));
        assert_eq!(lab.ports_for(0, 0, &frame(mac(1), mac(2))), [1, 2]);
        assert_eq!(lab.ports_for(0, 2, &frame(mac(2), mac(1))), [0]);
        assert_eq!(lab.ports_for(0, 0, &frame(mac(1), mac(2))), [2]);
        assert_eq!(lab.ports_for(0, 2, &frame(mac(3), mac(2))), [0; 0], "behind the same port");
        assert_eq!(lab.ports_for(0, 0, &frame(mac(1), MacAddress::BROADCAST)), [1, 2]);
        assert_eq!(lab.ports_for(0, 1, &frame(mac(2), mac(9))), [0, 2]);
        assert_eq!(lab.ports_for(0, 0, &frame(mac(1), mac(2))), [1], "host 2 has moved");
    }

    #[test]
    fn an_address_is_forgotten_after_its_lifetime() {
        let mut lab = Lab(Switch::new(3));
        lab.ports_for(0, 1, &frame(mac(2), mac(9)));
        assert_eq!(lab.ports_for(300, 0, &frame(mac(1), mac(2))), [1]);
        assert_eq!(lab.ports_for(301, 0, &frame(mac(1), mac(2))), [1, 2]);
    }

    #[test]
    fn a_full_table_learns_again_when_old_addresses_have_expired() {
        let mut lab = Lab(Switch::new(3));
        let everybody = 0..u16::try_from(MAC_TABLE_LIMIT).unwrap();
        for number in everybody {
            lab.ports_for(0, 1, &frame(mac(number), mac(9999)));
        }
        let late = mac(5000);
        lab.ports_for(1, 2, &frame(late, mac(9999)));
        assert_eq!(lab.0.counters().table_full, 1);
        assert_eq!(lab.ports_for(1, 0, &frame(mac(0), late)), [1, 2], "not learned");
        lab.ports_for(400, 2, &frame(late, mac(9999)));
        assert_eq!(lab.ports_for(400, 0, &frame(mac(0), late)), [2]);
    }

    #[test]
    fn what_is_dropped_is_counted() {
        let mut lab = Lab(Switch::new(3));
        assert_eq!(lab.ports_for(0, 0, &[0; 13]), [0; 0]);
        assert_eq!(lab.ports_for(0, 7, &frame(mac(1), mac(2))), [0; 0]);
        let frame = frame(mac(1), mac(2));
        for _ in 0..PORT_QUEUE_LIMIT + 10 {
            lab.0.receive(Instant::START, InterfaceId(0), frame.as_slice().into());
        }
        let SwitchCounters { truncated, unknown_port, queue_full, .. } = *lab.0.counters();
        assert_eq!((truncated, unknown_port, queue_full), (1, 1, 2 * 10));
    }
}
