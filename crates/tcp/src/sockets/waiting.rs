//! Connections in TIME-WAIT, as the table of all sees them.

use packet::Instant;
use socket::{SocketId, SocketPair};
use trace::Event;

use crate::connection::TIME_WAIT_TIME;
use crate::segment_arrives::{Seg, SegmentDropped};
use crate::sockets::leaving::Reply;
use crate::sockets::{Socket, Sockets};
use crate::time_wait::{TimeWait, Verdict};
use crate::{Header, Network, State};

impl Sockets {
    /// How many connections are in TIME-WAIT.
    #[must_use]
    pub fn in_time_wait(&self) -> usize {
        self.time_waits.len()
    }

    /// How many ended TIME-WAIT early, because more than [`crate::MAX_TIME_WAIT`] were in it.
    #[must_use]
    pub const fn time_wait_evicted(&self) -> u64 {
        self.time_waits.evicted()
    }

    /// A connection has entered TIME-WAIT: the network meets a record from now on, and without an
    /// owner that is all that is left.
    pub(super) fn wait_out(&mut self, now: Instant, id: SocketId) {
        let Some(Socket::Connection(entry)) = self.slots.get_mut(id) else { return };
        let pair = entry.connection.pair;
        if self.connections.get(&pair) == Some(&id) {
            self.connections.remove(&pair);
            let owed = entry.connection.rcv.owes();
            let record = TimeWait::of(&mut entry.connection, id, now);
            entry.connection.rcv.acknowledged();
            let evicted = self.time_waits.insert(&pair, record);
            if let Some(reason) = owed {
                self.acknowledge_in_time_wait(now, &pair, reason);
            }
            if let Some((evicted, record)) = evicted {
                self.time_wait_is_over(now, &evicted, record, "there are too many in TIME-WAIT");
            }
        }
        if let Some(Socket::Connection(entry)) = self.slots.get(id)
            && entry.connection.is_orphan
        {
            self.slots.remove(id);
            self.deadlines.set(id, None);
        }
    }

    /// SEGMENT ARRIVES for the connection of a record.
    pub(super) fn arrives_in_time_wait(
        &mut self,
        now: Instant,
        network: &impl Network,
        pair: SocketPair,
        header: &Header,
        seg: &Seg<'_>,
    ) -> Result<(), SegmentDropped> {
        let nobody_takes_it = !self.has_room_for(&pair);
        let Some(record) = self.time_waits.get_mut(&pair) else {
            return self.arrives_without_connection(now, network, pair, header, seg, None);
        };
        match record.segment_arrives(seg) {
            Verdict::Drop(why) => Err(why),
            Verdict::Acknowledge(why) => {
                let reason = "something came that is older than the rest";
                self.acknowledge_in_time_wait(now, &pair, reason);
                Err(why)
            }
            Verdict::Restart => {
                self.time_waits.restart(&pair, now + TIME_WAIT_TIME);
                self.tell_restart(now, &pair);
                self.acknowledge_in_time_wait(now, &pair, "the FIN came again");
                Err(SegmentDropped::OutOfWindow)
            }
            Verdict::Reopen if nobody_takes_it => {
                self.challenge_in_time_wait(now, &pair);
                Err(SegmentDropped::UnexpectedSyn)
            }
            Verdict::Challenge(why) => {
                self.challenge_in_time_wait(now, &pair);
                Err(why)
            }
            Verdict::Reopen => {
                let record = *record;
                let iss = record.next_iss();
                self.end_time_wait(now, &pair, "a new connection takes its place");
                let opened =
                    self.arrives_without_connection(now, network, pair, header, seg, Some(iss));
                self.keep_for_return(&pair, record);
                opened
            }
            Verdict::End => {
                self.end_time_wait(now, &pair, "the peer ended it: RST");
                Ok(())
            }
        }
    }

    /// Whether somebody listens there and has room for one more.
    fn has_room_for(&self, pair: &SocketPair) -> bool {
        let listener = self.listener_for(pair.local).and_then(|id| self.slots.get(id));
        matches!(listener, Some(Socket::Listener(listener)) if listener.has_room())
    }

    /// Keeps the record beside the connection that took its place, until that is accepted.
    fn keep_for_return(&mut self, pair: &SocketPair, record: TimeWait) {
        let id = self.connections.get(pair).copied();
        let socket = id.and_then(|id| self.slots.get_mut(id));
        if let Some(Socket::Connection(entry)) = socket {
            entry.took_the_place_of = Some(Box::new(record));
        }
    }

    /// The connection `id` is given up before it was established. If it took the place of one in
    /// TIME-WAIT, the SYN that asked for it was an old one, and that is there again (MAY-2).
    pub(super) fn give_up_opening(&mut self, now: Instant, id: SocketId, pair: &SocketPair) {
        let before = match self.slots.get_mut(id) {
            Some(Socket::Connection(entry)) => entry.took_the_place_of.take(),
            _ => None,
        };
        self.on_connection(now, id, |connection, context| {
            connection.is_orphan = true;
            connection.end(context, "the peer thought better of it");
        });
        let Some(mut record) = before else { return };
        let cause = "the SYN was an old one";
        self.tell_change(now, pair, State::Closed, State::TimeWait, cause);
        record.until = now + TIME_WAIT_TIME;
        if let Some((evicted, record)) = self.time_waits.insert(pair, *record) {
            self.time_wait_is_over(now, &evicted, record, "there are too many in TIME-WAIT");
        }
        self.tell_restart(now, pair);
    }

    fn acknowledge_in_time_wait(&mut self, now: Instant, pair: &SocketPair, reason: &'static str) {
        let Some(record) = self.time_waits.get_mut(pair) else { return };
        let (header, options) = record.acknowledgment(now, pair);
        let (ttl, traffic_class) = (record.ttl, record.traffic_class);
        self.reply(Reply { pair: *pair, header, options, reason, ttl, traffic_class });
    }

    fn challenge_in_time_wait(&mut self, now: Instant, pair: &SocketPair) {
        let Some(record) = self.time_waits.get_mut(pair) else { return };
        if self.challenges.admits(now, &mut record.last_challenge) {
            let reason = "challenge ACK: what came may be forged";
            self.acknowledge_in_time_wait(now, pair, reason);
        }
    }

    fn tell_restart(&self, now: Instant, pair: &SocketPair) {
        if self.tracer.is_on() {
            let (owner, timer) = (&pair.to_string(), "TIME-WAIT");
            let (deadline, is_routine) = (now + TIME_WAIT_TIME, false);
            self.tracer.emit(now, || Event::TimerSet { owner, timer, deadline, is_routine });
        }
    }

    /// TIME-WAIT TIMEOUT, for all who have waited long enough.
    pub(super) fn time_wait_timeout(&mut self, now: Instant) {
        while let Some((pair, record)) = self.time_waits.pop_ended(now) {
            if self.tracer.is_on() {
                let owner = pair.to_string();
                self.tracer.emit(now, || Event::TimerFired { owner: &owner, timer: "TIME-WAIT" });
            }
            self.time_wait_is_over(now, &pair, record, "2 MSL are over");
        }
    }

    /// Ends TIME-WAIT before its time.
    pub(super) fn end_time_wait(&mut self, now: Instant, pair: &SocketPair, cause: &'static str) {
        if let Some(record) = self.time_waits.remove(pair) {
            self.time_wait_is_over(now, pair, record, cause);
        }
    }

    /// The record is gone: so is the connection, whoever may still hold it.
    fn time_wait_is_over(
        &mut self,
        now: Instant,
        pair: &SocketPair,
        record: TimeWait,
        cause: &'static str,
    ) {
        if self.connection(record.owner).is_ok() {
            self.on_connection(now, record.owner, |connection, context| {
                connection.end(context, cause);
            });
            return;
        }
        self.tell_change(now, pair, State::TimeWait, State::Closed, cause);
    }

    /// Tells of a change that no connection tells of by itself.
    fn tell_change(
        &self,
        now: Instant,
        pair: &SocketPair,
        from: State,
        to: State,
        cause: &'static str,
    ) {
        if self.tracer.is_on() {
            let connection = &pair.to_string();
            let (from, to) = (from.name(), to.name());
            self.tracer.emit(now, || Event::StateChange { connection, from, to, cause });
        }
    }
}
