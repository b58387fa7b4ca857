//! A segment that came, on its way to its connection or listener; and a report of one that did
//! not arrive.

use std::net::SocketAddr;

use packet::Instant;
use socket::{AddressPair, SocketId, SocketPair, any_address};

use crate::connection::Connection;
use crate::segment_arrives::closed::reset_for;
use crate::segment_arrives::{Seg, SegmentDropped, Stop};
use crate::sockets::leaving::Reply;
use crate::sockets::{Socket, Sockets};
use crate::{AddressKind, Header, Network, Options, Segment, SequenceNumber};

/// How many replies that belong to no connection wait to leave. More are not made: whoever sends
/// so much nonsense has no claim to an answer.
pub const REPLY_LIMIT: usize = 256;

impl Sockets {
    /// Takes a segment that came, sent from one single host to another, which is us.
    ///
    /// # Errors
    /// [`SegmentDropped`] says why it went no further. What is to be answered is.
    pub fn handle_segment(
        &mut self,
        now: Instant,
        network: &impl Network,
        addresses: AddressPair,
        segment: &Segment<'_>,
    ) -> Result<(), SegmentDropped> {
        let header = segment.header();
        let seg = Seg::from(segment);
        let pair = SocketPair {
            local: SocketAddr::new(addresses.destination, header.destination_port),
            remote: SocketAddr::new(addresses.source, header.source_port),
        };
        let Some(&id) = self.connections.get(&pair) else {
            if self.time_waits.contains(&pair) {
                return self.arrives_in_time_wait(now, network, pair, &header, &seg);
            }
            return self.arrives_without_connection(now, network, pair, &header, &seg, None);
        };
        let arrived = self.on_connection(now, id, |connection, context| {
            connection.segment_arrives(context, &seg)
        });
        match arrived {
            None | Some(Ok(())) => Ok(()),
            Some(Err(stop)) => self.stop(now, id, pair, &header, &seg, stop),
        }
    }

    /// Does what a segment that stopped half way asks for.
    fn stop(
        &mut self,
        now: Instant,
        id: SocketId,
        pair: SocketPair,
        header: &Header,
        seg: &Seg<'_>,
        stop: Stop,
    ) -> Result<(), SegmentDropped> {
        match stop {
            Stop::End => Ok(()),
            Stop::Drop(why) => Err(why),
            Stop::Challenge(why) => {
                self.challenge(now, id);
                Err(why)
            }
            Stop::Reset(why) => {
                self.reply_with_reset(pair, header, seg, why);
                Err(why)
            }
            Stop::BackToListen => {
                self.give_up_opening(now, id, &pair);
                Ok(())
            }
        }
    }

    /// Asks the peer by an acknowledgment what it meant, unless that was asked too often of late.
    fn challenge(&mut self, now: Instant, id: SocketId) {
        let Some(Socket::Connection(entry)) = self.slots.get_mut(id) else { return };
        if self.challenges.admits(now, &mut entry.connection.last_challenge) {
            entry.connection.rcv.owe_now("challenge ACK: what came may be forged");
            self.settle(now, id);
        }
    }

    /// LISTEN (3.10.7.2), or CLOSED (3.10.7.1) if nobody listens. `iss` is where our numbers must
    /// not begin before, if there was a connection between these ends.
    pub(super) fn arrives_without_connection(
        &mut self,
        now: Instant,
        network: &impl Network,
        pair: SocketPair,
        header: &Header,
        seg: &Seg<'_>,
        least_iss: Option<SequenceNumber>,
    ) -> Result<(), SegmentDropped> {
        let Some(listener) = self.listener_for(pair.local) else {
            let why = SegmentDropped::NoConnection;
            self.reply_with_reset(pair, header, seg, why);
            return Err(why);
        };
        // First, an RST: there is nothing that it could end.
        if seg.flags.rst() {
            return Err(SegmentDropped::UnexpectedReset);
        }
        // Second, an ACK: of something that was never sent, unless a cookie was.
        if seg.ack.is_some() {
            if !seg.flags.syn()
                && let Some(opened) = self.open_by_cookie(now, network, listener, pair, seg)
            {
                return opened;
            }
            let why = SegmentDropped::BadAcknowledgment;
            self.reply_with_reset(pair, header, seg, why);
            return Err(why);
        }
        // Third, a SYN.
        if !seg.flags.syn() {
            return Err(SegmentDropped::NoFlags);
        }
        // MUST-63.
        if network.kind(pair.remote.ip()) == AddressKind::NoSingleHost || pair.remote.port() == 0 {
            return Err(SegmentDropped::NoConnection);
        }
        self.open_passively(now, network, listener, pair, seg, least_iss)
    }

    fn open_passively(
        &mut self,
        now: Instant,
        network: &impl Network,
        listener_id: SocketId,
        pair: SocketPair,
        seg: &Seg<'_>,
        least_iss: Option<SequenceNumber>,
    ) -> Result<(), SegmentDropped> {
        let Some(Socket::Listener(listener)) = self.slots.get_mut(listener_id) else {
            return Err(SegmentDropped::NoConnection);
        };
        let options = listener.options.clone();
        if !listener.has_room() {
            self.reply_with_cookie(now, network, &options, pair, seg);
            return Err(SegmentDropped::BacklogFull);
        }
        let path = network.path_to(pair.remote.ip()).ok_or(SegmentDropped::NoConnection)?;
        let mut opening = self.opening(now, pair, path, &options);
        if let Some(least) = least_iss {
            opening.iss = SequenceNumber::later_of(opening.iss, least);
        }
        let context = self.context(now);
        let connection = Connection::asked_for_by(context, opening, seg, options);
        self.add_connection(now, connection, Some(listener_id))
            .map_err(|_| SegmentDropped::TooManyConnections)?;
        Ok(())
    }

    /// Who listens on `local`, for this address or for any.
    pub(super) fn listener_for(&self, local: SocketAddr) -> Option<SocketId> {
        let exact = self.listeners.get(&local);
        exact.or_else(|| self.listeners.get(&any_address(local))).copied()
    }

    fn reply_with_reset(
        &mut self,
        pair: SocketPair,
        header: &Header,
        seg: &Seg<'_>,
        why: SegmentDropped,
    ) {
        if let Some(header) = reset_for(header, seg) {
            let (reason, options) = (reason_for_reset(why), Options::NONE);
            self.reply(Reply { pair, header, options, reason, ttl: None, traffic_class: 0 });
        }
    }

    /// Has a segment sent that belongs to no connection, if there is room.
    pub(super) fn reply(&mut self, reply: Reply) {
        match self.replies.len() < REPLY_LIMIT {
            true => self.replies.push_back(reply),
            false => self.replies_withheld += 1,
        }
    }

    /// How many segments that would have belonged to no connection were not made, since
    /// [`REPLY_LIMIT`] of them waited to leave.
    #[must_use]
    pub const fn replies_withheld(&self) -> u64 {
        self.replies_withheld
    }
}

/// Why a segment that was dropped is answered with an RST.
const fn reason_for_reset(why: SegmentDropped) -> &'static str {
    match why {
        SegmentDropped::NoConnection => "there is no such connection",
        SegmentDropped::BadAcknowledgment => "it acknowledges what was never sent",
        SegmentDropped::NobodyReads => "nobody reads any more",
        _ => "it belongs to nothing here",
    }
}
