//! The middle of a tunnel: what is the same whether its frames travel by TCP or by UDP.

use std::collections::VecDeque;
use std::net::SocketAddr;

use packet::{Buffer, BufferPool, Instant};

use crate::addresses::Addresses;
use crate::news::Speech;
use crate::switch::{Port, Switch, Way};
use crate::{Counter, Counters, Key, News, Terms, What};

/// How many other ends a tunnel can have at a time.
pub const MAX_PEERS: usize = 64;

/// How many frames can wait for the device.
pub const DEVICE_QUEUE: usize = 256;

/// From how many waiting frames on no more is read from streams.
const DEVICE_QUEUE_BUSY: usize = DEVICE_QUEUE / 2;

/// Most lines that wait to be told.
const MAX_NEWS: usize = 32;

/// One of the other ends of a tunnel. None before or after it has the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub(crate) u64);

/// The switch, the way to the device, and what is counted and told.
pub(crate) struct Hub {
    pub(crate) terms: Terms,
    pub(crate) key: Option<Key>,
    pub(crate) switch: Switch,
    to_device: VecDeque<Buffer>,
    buffers: BufferPool,
    pub(crate) counters: Counters,
    news: VecDeque<News>,
    speech: Speech,
    next_peer: u64,
}

impl Hub {
    pub(crate) fn new(terms: Terms, key: Option<Key>) -> Self {
        Self {
            terms,
            key,
            switch: Switch::default(),
            to_device: VecDeque::new(),
            buffers: BufferPool::new(),
            counters: Counters::new(),
            news: VecDeque::new(),
            speech: Speech::new(),
            next_peer: 0,
        }
    }

    pub(crate) const fn new_peer(&mut self) -> PeerId {
        self.next_peer += 1;
        PeerId(self.next_peer)
    }

    /// Where a frame that came by `from` is to go; `None` if nowhere, which is counted.
    pub(crate) fn way(&mut self, now: Instant, from: Port, frame: &[u8]) -> Option<Way> {
        let came = if from == Port::Device { Counter::FromDevice } else { Counter::FromPeers };
        self.counters.increment(came);
        if frame.len() > self.terms.longest_frame() {
            self.counters.increment(Counter::TooLong);
            return None;
        }
        let Some(addresses) = Addresses::of(self.terms.medium, frame) else {
            self.counters.increment(Counter::NotAFrame);
            return None;
        };
        let (way, is_noted) = self.switch.way(now, from, addresses);
        if !is_noted {
            self.counters.increment(Counter::HostsFull);
        }
        if way == Way::Nowhere {
            self.counters.increment(Counter::NotForHere);
            return None;
        }
        Some(way)
    }

    /// Puts a frame behind those that wait for the device.
    pub(crate) fn give_device(&mut self, frame: &[u8]) {
        if self.to_device.len() >= DEVICE_QUEUE {
            return self.counters.increment(Counter::DeviceQueueFull);
        }
        let mut buffer = self.buffers.take();
        buffer.append(frame);
        self.to_device.push_back(buffer);
    }

    /// The next frame for the device, in place of what is in `buffer`.
    pub(crate) fn next_for_device(&mut self, buffer: &mut Buffer) -> bool {
        let Some(mut frame) = self.to_device.pop_front() else { return false };
        std::mem::swap(buffer, &mut frame);
        self.buffers.give_back(frame);
        self.counters.increment(Counter::ToDevice);
        true
    }

    /// Whether the device is behind with its frames, so that others are to wait.
    pub(crate) fn device_is_busy(&self) -> bool {
        self.to_device.len() >= DEVICE_QUEUE_BUSY
    }

    /// Has a person be told, unless they were told too much just now.
    pub(crate) fn tell(&mut self, now: Instant, peer: SocketAddr, what: What) {
        if self.news.len() < MAX_NEWS && self.speech.may_tell(now) {
            self.news.push_back(News { peer, what });
        }
    }

    pub(crate) fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }
}
