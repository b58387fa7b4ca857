//! A SYN flood: when as many connections are under way as may be, the next SYN is answered
//! without remembering anything. What has to be known comes back with the ACK (RFC 4987, 3.6).

use packet::Instant;
use socket::{SocketId, SocketPair};

use crate::connection::{Connection, Opening};
use crate::options::ConnectionOptions;
use crate::segment_arrives::{Seg, SegmentDropped, Stop};
use crate::sockets::leaving::Reply;
use crate::sockets::{Socket, Sockets};
use crate::syn_cookies::{CookieAck, CookieSyn, SynOffer};
use crate::{Flags, Header, Network, Options, SequenceNumber, Timestamps, WindowScale, connection};

impl Sockets {
    /// Answers the SYN `seg` with a SYN-ACK whose number is a cookie.
    pub(super) fn reply_with_cookie(
        &mut self,
        now: Instant,
        network: &impl Network,
        options: &ConnectionOptions,
        pair: SocketPair,
        seg: &Seg<'_>,
    ) {
        let Some(path) = network.path_to(pair.remote.ip()) else { return };
        let Opening { receive_mss, timestamp_offset, .. } = self.opening(now, pair, path, options);
        let mss = seg.options.maximum_segment_size.unwrap_or(connection::DEFAULT_SEND_MSS);
        let cookie = self
            .cookies
            .make(now, &CookieSyn { local: pair.local, remote: pair.remote, seq: seg.seq, mss });
        // Only a timestamp can carry more than the MSS.
        let theirs = seg.options.timestamps.filter(|_| options.timestamps);
        let scale = theirs.and(seg.options.window_scale).filter(|_| options.window_scaling);
        let offer =
            SynOffer { window_scale: scale.map(WindowScale::bits), is_sack_permitted: false };
        let clock = connection::timestamp(now, timestamp_offset);
        let timestamps = theirs.map(|theirs| Timestamps {
            value: offer.into_timestamp(clock),
            echo_reply: theirs.value,
        });
        let header = Header {
            source_port: pair.local.port(),
            destination_port: pair.remote.port(),
            sequence_number: cookie,
            acknowledgment_number: seg.seq + 1,
            flags: Flags::SYN | Flags::ACK,
            window: u16::try_from(options.receive_buffer.initial()).unwrap_or(u16::MAX),
            urgent_pointer: 0,
        };
        let (ttl, traffic_class) = (options.ttl, options.traffic_class);
        let options = Options {
            maximum_segment_size: Some(receive_mss),
            window_scale: scale.map(|_| WindowScale::new(options.window_shift())),
            timestamps,
            ..Options::NONE
        };
        let reason = "answers a SYN by a cookie";
        self.reply(Reply { pair, header, options, reason, ttl, traffic_class });
    }

    /// Opens the connection whose cookie `seg` brings back. `None` if it brings none.
    pub(super) fn open_by_cookie(
        &mut self,
        now: Instant,
        network: &impl Network,
        listener_id: SocketId,
        pair: SocketPair,
        seg: &Seg<'_>,
    ) -> Option<Result<(), SegmentDropped>> {
        let ack = seg.ack?;
        let cookie = CookieAck { local: pair.local, remote: pair.remote, seq: seg.seq, ack };
        let mss = self.cookies.check(now, &cookie)?;
        let Some(Socket::Listener(listener)) = self.slots.get_mut(listener_id) else { return None };
        if listener.waiting.len() >= listener.backlog {
            // The peer sends it again if it has something to say.
            return Some(Err(SegmentDropped::BacklogFull));
        }
        let options = listener.options.clone();
        let path = network.path_to(pair.remote.ip())?;
        let iss = ack - 1;
        let opening = Opening { iss, ..self.opening(now, pair, path, &options) };
        let syn = syn_that_was(seg, mss);
        let context = self.context(now);
        let mut connection = Connection::asked_for_by(context, opening, &syn, options);
        connection.syn_has_left();
        let added = self.add_connection(now, connection, Some(listener_id));
        Some(added.map_err(|_| SegmentDropped::TooManyConnections).and_then(|id| {
            let arrived = self.on_connection(now, id, |connection, context| {
                connection.segment_arrives(context, seg)
            });
            match arrived {
                Some(Err(Stop::Drop(why))) => Err(why),
                _ => Ok(()),
            }
        }))
    }
}

/// The SYN that the cookie answered, as far as its ACK tells.
fn syn_that_was<'a>(seg: &Seg<'a>, mss: u16) -> Seg<'a> {
    let echoed = seg.options.timestamps;
    let offer = echoed.map_or(SynOffer::NOTHING, |it| SynOffer::from_timestamp(it.echo_reply));
    Seg {
        seq: seg.seq - 1,
        ack: None,
        len: 1,
        wnd: 0,
        up: None,
        flags: Flags::SYN,
        options: Options {
            maximum_segment_size: Some(mss),
            window_scale: offer.window_scale.map(WindowScale::new),
            timestamps: echoed,
            ..Options::NONE
        },
        text: &[],
    }
}

impl Connection {
    /// Our SYN left before there was a connection.
    fn syn_has_left(&mut self) {
        self.due.syn = false;
        self.snd.nxt = SequenceNumber::later_of(self.snd.nxt, self.snd.iss + 1);
        self.rcv.announce_unscaled();
    }
}
