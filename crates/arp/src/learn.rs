//! What an ARP packet that came may change, and who gets an answer (RFC 826, "packet reception").
//!
//! RFC 826 believes everybody. Here, in this order:
//!
//! - A packet whose sender cannot be what it says changes nothing ([`Cache::check_sender`]).
//! - If there is an entry for the sender it is brought up to date, whomever the packet is for
//!   (ARP-7), unless it was confirmed a moment ago. Only an answer to a question of ours makes
//!   the neighbour count as reachable; anything else shows that it talks, not that it hears us.
//! - Else there is a new entry only if the sender asks for us, or answers what we asked.
//!   (RFC 826 takes an unasked reply to us as well. Only a forger sends one.)
//!
//! Whether the frame's source is the sender's MAC address is for whoever saw the frame to judge.

use ethernet::MacAddress;
use packet::Instant;

use crate::cache::Cache;
use crate::entry::{Entry, Freshness};
use crate::local::is_one_interface;
use crate::{Ignored, Learned, Message, Operation, Outcome, Outgoing, Released};

impl Cache {
    /// Takes an ARP packet that came.
    pub(crate) fn receive(&mut self, now: Instant, message: &Message) -> Outcome {
        let learned = self
            .check_sender(message)
            .and_then(|()| self.merge(now, message))
            .unwrap_or_else(Learned::Nothing);
        let released = match learned {
            Learned::Resolved => self.release(now, message),
            _ => None,
        };
        Outcome { reply: self.reply(message, learned), learned, released }
    }

    /// Whether the sender can have the addresses that it says it has.
    fn check_sender(&self, message: &Message) -> Result<(), Ignored> {
        let ours = self.local.address;
        if !is_one_interface(message.sender_hardware) {
            return Err(Ignored::SenderHardware);
        }
        if message.sender_hardware == self.local.hardware {
            return Err(Ignored::OurOwn);
        }
        if message.sender == ours.address() {
            return Err(Ignored::Conflict);
        }
        if message.sender.is_unspecified() && message.operation == Operation::Request {
            return Err(Ignored::Probe);
        }
        if ipv4::is_unicast_source(message.sender) && !ours.contains(message.sender) {
            return Err(Ignored::Foreign);
        }
        if !self.local.is_neighbour(message.sender) {
            return Err(Ignored::SenderAddress);
        }
        Ok(())
    }

    /// Brings the sender's entry up to date, or makes one.
    fn merge(&mut self, now: Instant, message: &Message) -> Result<Learned, Ignored> {
        let is_answer = self.is_answer(now, message);
        if let Some(&entry) = self.table.entry(message.sender) {
            return self.update(now, entry, message, is_answer);
        }
        match message.operation {
            _ if message.target != self.local.address.address() => Err(Ignored::NotForUs),
            Operation::Reply if !is_answer => Err(Ignored::Unasked),
            Operation::Reply | Operation::Request => self.create(now, message, is_answer),
        }
    }

    /// Whether we asked for this. The one way to be sure that frames pass in both directions.
    fn is_answer(&self, now: Instant, message: &Message) -> bool {
        message.operation == Operation::Reply
            && message.target == self.local.address.address()
            && message.target_hardware == self.local.hardware
            && self.asked.is_awaited(now, message.sender)
    }

    fn update(
        &mut self,
        now: Instant,
        entry: Entry,
        message: &Message,
        is_answer: bool,
    ) -> Result<Learned, Ignored> {
        let hardware = message.sender_hardware;
        let learned = match entry.hardware() {
            None => Learned::Resolved,
            Some(known) if known == hardware && !is_answer => return Ok(Learned::Unchanged),
            Some(known) if known == hardware => Learned::Confirmed,
            Some(_) if entry.is_locked(now) => return Err(Ignored::Locked),
            Some(from) => Learned::Moved { from },
        };
        self.put(now, entry, message, is_answer);
        Ok(learned)
    }

    fn create(
        &mut self,
        now: Instant,
        message: &Message,
        is_answer: bool,
    ) -> Result<Learned, Ignored> {
        if !self.table.make_room_to_learn() {
            return Err(Ignored::NoRoom);
        }
        let until = now + self.config.stale_time;
        let entry = Entry::learned(now, message.sender_hardware, Freshness::Stale { until });
        self.put(now, entry, message, is_answer);
        Ok(Learned::Created)
    }

    /// Makes `entry` the sender's, with what `message` says of it.
    fn put(&mut self, now: Instant, entry: Entry, message: &Message, is_answer: bool) {
        let hardware = message.sender_hardware;
        let entry = if is_answer {
            entry.after_answer(now, hardware, &self.config)
        } else {
            entry.after_claim(now, hardware, &self.config)
        };
        self.table.put(message.sender, entry);
    }

    /// The packets that waited for the sender. Sending them is a use of its entry.
    fn release(&mut self, now: Instant, message: &Message) -> Option<Released> {
        let to: MacAddress = message.sender_hardware;
        let payloads = self.waiting.take(message.sender);
        if payloads.is_empty() {
            return None;
        }
        let entry = self.table.entry(message.sender);
        if let Some(used) = entry.and_then(|entry| entry.after_use(now)) {
            self.table.put(message.sender, used);
        }
        Some(Released { to, payloads })
    }

    /// The answer, if the packet asks for our address and for no other (ARP-6).
    fn reply(&self, message: &Message, learned: Learned) -> Option<Outgoing> {
        let impossible = matches!(
            learned,
            Learned::Nothing(
                Ignored::SenderHardware
                    | Ignored::OurOwn
                    | Ignored::Conflict
                    | Ignored::SenderAddress
            )
        );
        let asks_for_us = message.operation == Operation::Request
            && message.target == self.local.address.address();
        (asks_for_us && !impossible).then(|| Outgoing {
            destination: message.sender_hardware,
            message: Message::reply(&self.local, message),
        })
    }
}
