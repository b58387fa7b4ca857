//! `strata hold`: the carrier of a device, and nothing else.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use event_loop::{Ended, EventLoop};
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use tun_device::{Interface, InterfaceName, Kind, Settings};

use crate::failure::Failure;
use crate::say::say;

/// Hold a device's carrier: attach, and read nothing
///
/// The device goes from NO-CARRIER to LOWER_UP. The kernel queues what it sends there, 500
/// packets at most, and drops the rest.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Network device to attach to; a TUN is created if there is none
    #[arg(value_name = "NAME", default_value = "tun0")]
    name: InterfaceName,
}

/// How often to look whether the device is still there.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let name = &arguments.name;
    let kind =
        if Interface::exists(name) { Interface::named(name)?.tun()?.kind } else { Kind::Tun };
    let device = Settings::new(kind).named(name.clone()).attach()?;
    let mut event_loop = EventLoop::new(Holder { next_check: Instant::START })?;
    say(format_args!("holding the carrier of {name}; Ctrl-C lets go"));
    match event_loop.run(|_| !Interface::exists(name))? {
        Ended::BySignal => Ok(ExitCode::SUCCESS),
        Ended::ByCondition => {
            drop(device);
            Err(Failure::new(format_args!("{name} was deleted while it was held")))
        }
    }
}

/// A host without interfaces, which only wakes up now and then.
struct Holder {
    next_check: Instant,
}

impl Host for Holder {
    fn receive(&mut self, _now: Instant, _interface: InterfaceId, _frame: Received<'_>) {}

    fn transmit(
        &mut self,
        _now: Instant,
        _interface: InterfaceId,
        _buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        None
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.next_check)
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.next_check = now + CHECK_INTERVAL;
    }
}
