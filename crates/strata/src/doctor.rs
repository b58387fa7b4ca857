//! `strata doctor`: what stands between a packet and its answer, and what mends it.

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use doctor::{Finding, Kind, Probe, Question};
use ipv4::Cidr;
use tun_device::InterfaceName;

use crate::failure::Failure;
use crate::say::say;

/// Find what stands between a packet and its answer, and name the command that mends it
///
/// Looks at each thing in order and changes nothing. Exit status 0 if all is well.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Network device that the stack is to be attached to; tun0 unless said, tap0 with --tap
    #[arg(long, value_name = "NAME")]
    dev: Option<InterfaceName>,

    /// The device is to be a TAP, which carries Ethernet frames
    #[arg(long)]
    tap: bool,

    /// The stack's own address, with the length of its network's prefix
    #[arg(long, value_name = "ADDRESS/PREFIX", default_value = "192.0.2.2/24")]
    addr: Cidr,

    /// The MTU that the stack was told to use, in bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(68..))]
    mtu: Option<u16>,

    /// Look also at the way on from the kernel to this host beyond it: forwarding, the firewall,
    /// masquerading
    #[arg(long, value_name = "ADDRESS", conflicts_with = "why_dropped")]
    to: Option<Ipv4Addr>,

    /// Compare the kernel's counters before and after a ping, and say what dropped it
    #[arg(long)]
    why_dropped: bool,

    /// With --why-dropped: send no ping, but wait so many seconds while you repeat what failed
    #[arg(long, value_name = "SECONDS", requires = "why_dropped")]
    watch: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let usual = InterfaceName::usual(if arguments.tap {
        tun_device::Kind::Tap
    } else {
        tun_device::Kind::Tun
    });
    let question = Question {
        device: arguments.dev.as_ref().unwrap_or(&usual).as_str().to_owned(),
        kind: if arguments.tap { Kind::Tap } else { Kind::Tun },
        address: arguments.addr.address(),
        prefix_length: arguments.addr.prefix_length(),
        mtu: arguments.mtu,
        beyond: arguments.to,
        program: std::env::args().next().unwrap_or_else(|| "strata".to_owned()),
    };
    let is_healthy = if arguments.why_dropped {
        let probe = match arguments.watch {
            Some(seconds) => Probe::Watch(Duration::from_secs(seconds)),
            None => Probe::Ping,
        };
        let report = doctor::why_dropped(&question, probe).map_err(failure)?;
        say(report.to_string().trim_end());
        report.is_healthy()
    } else {
        let report = doctor::examine(&question);
        say(report.to_string().trim_end());
        report.is_healthy()
    };
    Ok(if is_healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn failure(finding: Finding) -> Failure {
    let failure = Failure::new(format_args!("{}: {}", finding.what, finding.why));
    match finding.remedy {
        Some(remedy) => failure.with_remedy(remedy.command),
        None => failure,
    }
}
