//! Several devices at once: what the commands that stand between them have in common.

use std::process::ExitCode;

use event_loop::{Counters, Ended, EventLoop, PollableDevice};
use packet::{Capabilities, Device, Host, InterfaceId};
use trace::{Traced, Tracer};
use tun_device::{Interface, InterfaceName, Kind, Settings, TunDevice};

use crate::failure::Failure;
use crate::watch::Watch;

/// A device that a command attached to, one of several.
pub(crate) struct OneOfSeveral {
    pub(crate) name: InterfaceName,
    pub(crate) kind: Kind,
    device: TunDevice,
}

impl OneOfSeveral {
    /// Attaches to the device of that name, of whichever kind it is. If there is none, one of
    /// kind `new` is made.
    pub(crate) fn attach(
        name: &InterfaceName,
        new: Kind,
        adjust: impl FnOnce(Settings) -> Settings,
    ) -> Result<Self, Failure> {
        let kind = if Interface::exists(name) { Interface::named(name)?.tun()?.kind } else { new };
        let device = adjust(Settings::new(kind).named(name.clone())).attach()?;
        Ok(Self { name: name.clone(), kind, device })
    }

    /// What it is and can do.
    pub(crate) fn capabilities(&self) -> Capabilities {
        self.device.capabilities()
    }
}

/// Devices in the order of their host's interfaces, ready for its loop.
pub(crate) struct Ports {
    names: Vec<(InterfaceName, Kind)>,
    devices: Vec<Box<dyn PollableDevice>>,
    tracer: Tracer,
}

impl Ports {
    /// None yet. Those that are added tell `tracer` of their frames.
    pub(crate) const fn new(tracer: Tracer) -> Self {
        Self { names: Vec::new(), devices: Vec::new(), tracer }
    }

    /// Adds the next device, with what `in_front` puts in front of it.
    pub(crate) fn add(
        &mut self,
        OneOfSeveral { name, kind, device }: OneOfSeveral,
        in_front: impl FnOnce(TunDevice) -> Box<dyn PollableDevice>,
    ) {
        let interface = InterfaceId(self.devices.len());
        let traced = Traced::new(in_front(device), interface, self.tracer.clone());
        self.names.push((name, kind));
        self.devices.push(Box::new(traced));
    }

    /// Runs `host` on the devices until Ctrl-C, or until it `is_over`.
    pub(crate) fn run<H: Host>(
        self,
        host: H,
        watch: Watch,
        mut is_over: impl FnMut(&H) -> bool,
    ) -> Result<RanBetween<H>, Failure> {
        let mut event_loop = EventLoop::new(host)?;
        for device in self.devices {
            event_loop.attach(device)?;
        }
        let ended = event_loop.run(|host| watch.is_over() || is_over(host));
        Ok(RanBetween { event_loop, ended, names: self.names, watch })
    }
}

/// A host between several devices that has run, and how that ended.
pub(crate) struct RanBetween<H> {
    event_loop: EventLoop<H>,
    ended: Result<Ended, event_loop::Error>,
    names: Vec<(InterfaceName, Kind)>,
    pub(crate) watch: Watch,
}

impl<H: Host> RanBetween<H> {
    pub(crate) const fn host(&self) -> &H {
        self.event_loop.host()
    }

    /// Each device's name, with what the loop counted there.
    pub(crate) fn counters(&self) -> impl Iterator<Item = (&InterfaceName, Counters)> {
        (0..).zip(&self.names).map(|(index, (name, _))| {
            (name, self.event_loop.counters(InterfaceId(index)).copied().unwrap_or_default())
        })
    }

    /// Ends the recording, and says what went wrong, if anything did.
    pub(crate) fn finish(self) -> Result<ExitCode, Failure> {
        self.watch.finish()?;
        let failed = match self.ended {
            Ok(Ended::BySignal | Ended::ByCondition) => return Ok(ExitCode::SUCCESS),
            Err(failed) => failed,
        };
        let at = match &failed {
            event_loop::Error::Device { interface, .. } => self.names.get(interface.0),
            event_loop::Error::Wait(_) => None,
        };
        Err(match at {
            Some((name, kind)) => Failure::of_loop(failed, name, *kind),
            None => failed.into(),
        })
    }
}
