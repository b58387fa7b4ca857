//! The listeners of a host's services on TCP, and the conversations under way.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};

use packet::Instant;
use stack::{Secret, Stack};
use tcp::{ConnectionOptions, Error, SocketId, TimerQueue};

use crate::{BoundStream, Conversation, Moment, StreamProgress, StreamService};

/// How many connections of one service are under way or wait at a time.
const BACKLOG: usize = 128;

/// Services on TCP with their conversations; of these there are as many as the stack has
/// connections, at most [`tcp::MAX_SOCKETS`].
pub(crate) struct StreamHost {
    offers: Vec<Offer>,
    conversations: HashMap<SocketId, Box<dyn Conversation>>,
    deadlines: TimerQueue<SocketId>,
    /// Connections at which there is something to do. Empty at rest.
    restless: VecDeque<SocketId>,
}

/// A service on offer.
struct Offer {
    listener: SocketId,
    service: Box<dyn StreamService>,
    accepted: u64,
}

impl StreamHost {
    /// No services. `secret` keeps the table of deadlines from being foretold.
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            offers: Vec::new(),
            conversations: HashMap::new(),
            deadlines: TimerQueue::new(secret),
            restless: VecDeque::new(),
        }
    }

    /// Offers `service` on all addresses of `stack`.
    pub(crate) fn offer(
        &mut self,
        stack: &mut Stack,
        service: Box<dyn StreamService>,
    ) -> Result<(), Error> {
        let local = SocketAddr::from((Ipv4Addr::UNSPECIFIED, service.port()));
        let options = ConnectionOptions::default();
        let listener = stack.tcp(Instant::START).listen(local, BACKLOG, options)?;
        self.offers.push(Offer { listener, service, accepted: 0 });
        Ok(())
    }

    /// How many connections each service has had.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.offers.iter().map(|offer| (offer.service.name(), offer.accepted))
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.wake_at()
    }

    /// Goes on with the conversations at whose connections something changed, and those whose
    /// deadline has come. Each has its step before one has another.
    pub(crate) fn serve(&mut self, stack: &mut Stack, time: Moment) {
        while let Some(event) = stack.tcp(time.now).poll_event() {
            match self.offers.iter_mut().find(|offer| offer.listener == event.socket) {
                Some(offer) => {
                    while let Some((id, conversation)) = offer.accept(stack, time) {
                        self.conversations.insert(id, conversation);
                        self.restless.push_back(id);
                    }
                }
                None => self.restless.push_back(event.socket),
            }
        }
        while let Some(id) = self.deadlines.pop_due(time.now) {
            self.restless.push_back(id);
        }
        while let Some(id) = self.restless.pop_front() {
            self.step(stack, time, id);
        }
    }

    /// Ends all connections at once.
    pub(crate) fn leave(&mut self, stack: &mut Stack, now: Instant) {
        for (id, _) in self.conversations.drain() {
            let _ = stack.tcp(now).abort(now, id);
        }
        for Offer { listener, .. } in &self.offers {
            let _ = stack.tcp(now).close(now, *listener);
        }
    }

    fn step(&mut self, stack: &mut Stack, time: Moment, id: SocketId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let mut socket = BoundStream::new(stack, time.now, id);
        let progress = conversation.step(time, &mut socket);
        let mut deadline = conversation.next_deadline();
        match progress {
            StreamProgress::Waits => {}
            StreamProgress::HasMore => self.restless.push_back(id),
            StreamProgress::Done => {
                self.conversations.remove(&id);
                deadline = None;
                let _ = stack.tcp(time.now).close(time.now, id);
            }
        }
        self.deadlines.set(id, deadline);
    }
}

impl Offer {
    fn accept(
        &mut self,
        stack: &mut Stack,
        time: Moment,
    ) -> Option<(SocketId, Box<dyn Conversation>)> {
        let mut sockets = stack.tcp(time.now);
        let id = sockets.accept(self.listener).ok()?;
        let ends = sockets.ends(id).ok()?;
        self.accepted += 1;
        Some((id, self.service.begin(time, ends)))
    }
}
