//! `strata dump`: look at what the kernel sends, answer nothing.

use std::process::ExitCode;

use clap::Args;
use event_loop::{Ended, EventLoop};
use narrate::Detail;
use packet::{Buffer, Host, Instant, InterfaceId, Received, TransmitOffload};
use trace::Traced;
use tun_device::{Interface, Kind};

use crate::arguments::DeviceArguments;
use crate::failure::Failure;
use crate::faults::FaultArguments;
use crate::say::{Words, say};
use crate::watch::{WatchArguments, print_lines};

/// Attach to a device and print every packet, layer by layer; answer nothing
///
/// With -v it prints a line a packet.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    device: DeviceArguments,

    /// Ask for packet information: four bytes before each packet, which every other command
    /// does without
    #[arg(long, conflicts_with = "pcap")]
    pi: bool,

    /// End after so many packets
    #[arg(short = 'c', long, value_name = "PACKETS")]
    count: Option<u64>,

    #[command(flatten)]
    watch: WatchArguments,

    #[command(flatten)]
    faults: FaultArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    event_loop::block_signals().map_err(Failure::new)?;
    let name = &arguments.device.name();
    let kind = match (arguments.device.tap, Interface::exists(name)) {
        (false, true) => Interface::named(name)?.tun()?.kind,
        (false, false) => Kind::Tun,
        (true, _) => Kind::Tap,
    };
    // Without offload the packets are as they would be on a wire, every checksum filled in.
    let device = arguments
        .device
        .attach(kind, |settings| settings.offload(false).packet_information(arguments.pi))?;

    let mut lines = print_lines(arguments.watch.detail().unwrap_or(Detail::Layers), Words::Output);
    if arguments.pi {
        lines = lines.with_packet_information();
    }
    let watch = arguments.watch.start_with(lines, name.as_str(), kind.medium())?;
    let mut event_loop = EventLoop::new(Listener { heard: 0 })?.with_frame_budget(1);
    let device = arguments.faults.in_front_of(device, &watch.tracer(), Words::Output);
    event_loop.attach(Box::new(Traced::new(device, InterfaceId(0), watch.tracer())))?;

    say(format_args!("attached to {name}, a {kind} device; Ctrl-C ends it"));
    let ended = event_loop.run(|listener| {
        watch.is_over() || arguments.count.is_some_and(|count| listener.heard >= count)
    });
    let heard = event_loop.host().heard;
    say(format_args!("{heard} packet{}", if heard == 1 { "" } else { "s" }));
    watch.finish()?;
    match ended {
        Ok(Ended::BySignal | Ended::ByCondition) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::of_loop(error, name, kind)),
    }
}

/// A host that only listens.
struct Listener {
    /// Frames so far.
    heard: u64,
}

impl Host for Listener {
    fn receive(&mut self, _now: Instant, _interface: InterfaceId, _frame: Received<'_>) {
        self.heard += 1;
    }

    fn transmit(
        &mut self,
        _now: Instant,
        _interface: InterfaceId,
        _buffer: &mut Buffer,
    ) -> Option<TransmitOffload> {
        None
    }

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}
}
