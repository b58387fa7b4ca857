//! One device of the loop: read and written in turns, told when it can be.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use packet::{Buffer, Device, DeviceError, Host, Instant, InterfaceId, TransmitOffload};

use crate::Error;

/// How long a device waits that has frames for a host without room.
const RETRY_AFTER: Duration = Duration::from_millis(1);

/// A device that epoll can wait for.
pub trait PollableDevice: Device + AsFd {}

impl<D: Device + AsFd> PollableDevice for D {}

/// A device and where it stands between two turns of the loop.
pub struct Port {
    interface: InterfaceId,
    device: Box<dyn PollableDevice>,
    /// Whether epoll said so, and the device has not said otherwise since.
    readable: bool,
    /// Whether epoll told of an error or a hang-up, which only reading explains.
    broken: bool,
    /// What epoll is asked to tell.
    asked: EpollFlags,
    /// Where each frame is written before the device takes it.
    buffer: Buffer,
    /// Set while `buffer` holds a frame that the device had no room for.
    refused: Option<TransmitOffload>,
    /// Whether the budget ended a turn before the host's frames did.
    has_more_to_write: bool,
    counters: Counters,
}

/// What is counted at a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames read.
    pub read: u64,
    /// Frames written.
    pub written: u64,
    /// Frames lost because the link was down.
    pub lost_link_down: u64,
    /// Frames lost because the device does not accept such a frame.
    pub lost_refused: u64,
    /// How often a frame had to wait because the device had no room.
    pub waited: u64,
}

impl Counters {
    /// Frames that the host gave and that wait no longer.
    const fn frames_taken(&self) -> u64 {
        self.written + self.lost_link_down + self.lost_refused
    }
}

impl Port {
    pub(crate) fn register(
        interface: InterfaceId,
        device: Box<dyn PollableDevice>,
        epoll: &Epoll,
    ) -> Result<Self, Error> {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, token(interface));
        epoll.add(&*device, event).map_err(io::Error::from)?;
        Ok(Self {
            interface,
            device,
            readable: false,
            broken: false,
            asked: EpollFlags::EPOLLIN,
            buffer: Buffer::new(),
            refused: None,
            has_more_to_write: false,
            counters: Counters::default(),
        })
    }

    pub(crate) const fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) const fn has_more_to_write(&self) -> bool {
        self.has_more_to_write
    }

    /// When the device wants to do something. One that only waits for the host to have room is
    /// not asked over and over.
    pub(crate) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let deadline = self.device.next_deadline()?;
        let waits_for_host = !self.asked.contains(EpollFlags::EPOLLIN);
        Some(if waits_for_host { deadline.max(now + RETRY_AFTER) } else { deadline })
    }

    /// Takes what epoll says. A hang-up or an error is found out by reading.
    pub(crate) fn note(&mut self, events: EpollFlags) {
        self.broken |= events.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
        self.readable |= self.broken || events.contains(EpollFlags::EPOLLIN);
    }

    /// Reads until there is nothing more, the host has no room, or the budget is used up.
    pub(crate) fn read(
        &mut self,
        now: Instant,
        host: &mut impl Host,
        budget: usize,
    ) -> Result<(), Error> {
        // A device that holds frames back has some to give when its deadline has come.
        let due = self.device.next_deadline().is_some_and(|deadline| deadline <= now);
        if !self.readable && !due {
            return Ok(());
        }
        for _ in 0..budget {
            if !self.broken && !host.has_room(self.interface) {
                break;
            }
            match self.device.receive(now) {
                Ok(Some(frame)) => {
                    self.counters.read += 1;
                    host.receive(now, self.interface, frame);
                }
                Ok(None) => break,
                Err(error) => return Err(self.failed(error)),
            }
        }
        // epoll tells again next time if there is more.
        self.readable = false;
        Ok(())
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.device.next_deadline().is_some_and(|deadline| deadline <= now) {
            let released = self.device.handle_timeout(now);
            self.survive(released)?;
        }
        Ok(())
    }

    /// Writes what the host gives until it has no more, the device is full, or the budget is
    /// used up. Whether it gave any.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        host: &mut impl Host,
        budget: usize,
    ) -> Result<bool, Error> {
        let before = self.counters;
        self.has_more_to_write = self.write_within(budget, now, host)?;
        Ok(self.counters.frames_taken() != before.frames_taken())
    }

    /// Whether the budget ended it.
    fn write_within(
        &mut self,
        budget: usize,
        now: Instant,
        host: &mut impl Host,
    ) -> Result<bool, Error> {
        for _ in 0..budget {
            let refused = self.refused.take();
            let next = refused.or_else(|| host.transmit(now, self.interface, &mut self.buffer));
            let Some(offload) = next else {
                return Ok(false);
            };
            match self.device.transmit(now, self.buffer.as_slice(), offload) {
                Ok(()) => self.counters.written += 1,
                Err(DeviceError::WouldBlock) => {
                    self.counters.waited += 1;
                    self.refused = Some(offload);
                    return Ok(false);
                }
                Err(error) => self.survive(Err(error))?,
            }
        }
        Ok(true)
    }

    /// Counts a lost frame; only an error that ends the device is one.
    fn survive(&mut self, result: Result<(), DeviceError>) -> Result<(), Error> {
        match result {
            Ok(()) | Err(DeviceError::WouldBlock) => {}
            Err(DeviceError::LinkDown) => self.counters.lost_link_down += 1,
            Err(DeviceError::Refused) => self.counters.lost_refused += 1,
            Err(error @ (DeviceError::Gone | DeviceError::Io(_))) => {
                return Err(self.failed(error));
            }
        }
        Ok(())
    }

    /// Has epoll tell of frames while the host has room for them, and of room while a frame waits
    /// for that, and no longer.
    pub(crate) fn ask(&mut self, host: &impl Host, epoll: &Epoll) -> Result<(), Error> {
        let mut events = EpollFlags::empty();
        events.set(EpollFlags::EPOLLIN, host.has_room(self.interface));
        events.set(EpollFlags::EPOLLOUT, self.refused.is_some());
        if events != self.asked {
            let mut event = EpollEvent::new(events, token(self.interface));
            epoll.modify(&*self.device, &mut event).map_err(io::Error::from)?;
            self.asked = events;
        }
        Ok(())
    }

    const fn failed(&self, error: DeviceError) -> Error {
        Error::Device { interface: self.interface, error }
    }
}

/// How epoll names a device.
const fn token(interface: InterfaceId) -> u64 {
    interface.0 as u64
}
