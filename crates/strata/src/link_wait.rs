//! Waiting until the kernel has noticed that somebody is attached to a device.
//!
//! A moment passes between attaching and the kernel's first packet; what it should send before
//! is lost. Whoever answers need not care, but whoever asks would miss the first answers.

use std::time::Duration;

use packet::Instant;
use tun_device::{Interface, InterfaceName};

use crate::failure::Failure;
use crate::say::Words;

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(10);

/// After how long a person is told what is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Waits for the link of one device.
pub(crate) struct LinkWait {
    interface: Interface,
    words: Words,
    started: Option<Instant>,
    /// When to look again; `None` once the link is up.
    next_look: Option<Instant>,
    has_told: bool,
}

impl LinkWait {
    pub(crate) fn new(name: &InterfaceName, words: Words) -> Result<Self, Failure> {
        let interface = Interface::named(name)?;
        Ok(Self {
            interface,
            words,
            started: None,
            next_look: Some(Instant::START),
            has_told: false,
        })
    }

    /// Whether the link is up, or was before.
    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        let Some(next_look) = self.next_look else { return true };
        if now < next_look {
            return false;
        }
        self.next_look = (!self.is_up()).then_some(now + INTERVAL);
        if self.next_look.is_some() && now - *self.started.get_or_insert(now) >= PATIENCE {
            self.tell();
        }
        self.next_look.is_none()
    }

    /// When to ask again.
    pub(crate) const fn next_deadline(&self) -> Option<Instant> {
        self.next_look
    }

    /// A device that cannot be asked any more is gone, which reading it will tell.
    fn is_up(&self) -> bool {
        let carrier = self.interface.carrier();
        let state = self.interface.operstate();
        carrier.unwrap_or(true) && state.map_or(true, |state| matches!(state, "up" | "unknown"))
    }

    fn tell(&mut self) {
        if !std::mem::replace(&mut self.has_told, true) {
            let name = self.interface.name();
            let remedy = format_args!("ip link set dev {name} up");
            self.words.say(format_args!("waiting until {name} is up: {remedy}"));
        }
    }
}
