//! `strata iperf3`: how fast is it? A server for a stock `iperf3 -c`.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use apps::iperf3::{CpuTime, DEFAULT_PORT, Iperf3Host, Outcome, StreamResult, TestEvent};
use clap::Args;
use event_loop::{Outside, Token};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use packet::Instant;

use crate::failure::Failure;
use crate::host::HostArguments;
use crate::say::{Words, say};
use crate::summary::print_counters;

/// Measure how fast the stack is: a server for iperf3, until Ctrl-C
///
/// A stock `iperf3 -c` sends to it by TCP or UDP, or has it send, and prints its table; so does
/// this side. It makes one test at a time. At the end it prints what it counted.
#[derive(Args)]
#[command(after_help = "Examples, in the shell that `make shell` opens:\n  \
                        tun-up && strata iperf3 &\n  \
                        iperf3 -c 192.0.2.2              to the stack\n  \
                        iperf3 -c 192.0.2.2 -R -P 4      from it, four connections\n  \
                        iperf3 -c 192.0.2.2 -u -b 100M   datagrams: loss and jitter")]
pub(crate) struct Arguments {
    /// Port to wait at
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = DEFAULT_PORT,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    port: u16,

    #[command(flatten)]
    host: HostArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (stack, attached) = arguments.host.attach(Words::Output)?;
    let host = Iperf3Host::new(stack, arguments.port, Box::new(cpu_time)).map_err(Failure::new)?;
    let (address, port) = (arguments.host.address(), arguments.port);
    let at_port = if port == DEFAULT_PORT { String::new() } else { format!(" -p {port}") };
    say(format_args!(
        "attached to {}; waits for iperf3 -c {address}{at_port}; Ctrl-C ends it",
        attached.name
    ));
    let lost_address = |host: &Iperf3Host| arguments.host.lost_address(host.stack());
    let (ran, _) =
        attached.run_with(host, |_| Ok(Reporter), |host, _| lost_address(host).is_some())?;
    print_counters(ran.event_loop.host().stack(), &ran.device_counters());
    let lost = lost_address(ran.event_loop.host());
    ran.finish(ExitCode::SUCCESS).and_then(|status| lost.map_or(Ok(status), Err))
}

/// How long the processor has worked for this process so far.
fn cpu_time() -> CpuTime {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return CpuTime::default() };
    CpuTime { user: duration(usage.user_time()), system: duration(usage.system_time()) }
}

fn duration(time: TimeVal) -> Duration {
    let microseconds = time.tv_sec() * 1_000_000 + time.tv_usec();
    Duration::from_micros(u64::try_from(microseconds).unwrap_or_default())
}

/// Prints what happens, as it happens.
struct Reporter;

impl Outside<Iperf3Host> for Reporter {
    fn turn(&mut self, _now: Instant, host: &mut Iperf3Host, _ready: &[Token]) {
        while let Some(event) = host.next_event() {
            say(Line(event));
        }
    }
}

/// An event in words.
struct Line(TestEvent);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            TestEvent::Began { from } => write!(f, "{from}: a test begins"),
            TestEvent::Ended { from, outcome } => {
                write!(f, "{from}: done")?;
                outcome.streams.iter().try_for_each(|stream| {
                    write!(f, "\n  [{:>3}]  {}", stream.id, Measured { outcome, stream })
                })?;
                write_sum(f, outcome)
            }
            TestEvent::Refused { from, refused } => write!(f, "{from}: refused, {refused}"),
            TestEvent::Broken { from, why } => write!(f, "{from}: broken off, {why}"),
            TestEvent::Busy { from } => {
                write!(f, "{from}: refused, there is another test; one at a time")
            }
            TestEvent::Stranger { from } => {
                write!(f, "{from}: dropped, it is no client of iperf3's")
            }
        }
    }
}

/// What was measured of one stream.
struct Measured<'a> {
    outcome: &'a Outcome,
    stream: &'a StreamResult,
}

impl fmt::Display for Measured<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outcome, stream } = self;
        let way = if stream.sends { "sent" } else { "received" };
        write!(f, "{} {way}", Amount { bytes: carried(outcome, stream), time: outcome.time })?;
        if let Some(retransmits) = stream.retransmits {
            write!(f, ", {retransmits} segments sent again")?;
        }
        if outcome.asked.udp && !stream.sends {
            let (lost, all) = (stream.lost, stream.packets);
            write!(f, ", {lost} of {all} datagrams lost, jitter {:.3} ms", stream.jitter * 1e3)?;
        }
        Ok(())
    }
}

fn write_sum(f: &mut fmt::Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    for (sends, way) in [(false, "received"), (true, "sent")] {
        let streams: Vec<_> = outcome.streams.iter().filter(|it| it.sends == sends).collect();
        if streams.len() > 1 {
            let bytes = streams.iter().map(|stream| carried(outcome, stream)).sum();
            write!(f, "\n  [SUM]  {} {way}", Amount { bytes, time: outcome.time })?;
        }
    }
    Ok(())
}

/// How many bytes arrived: of what we sent, the client knows.
fn carried(outcome: &Outcome, stream: &StreamResult) -> u64 {
    let told = outcome.client.iter().find(|(id, _)| *id == u64::from(stream.id));
    told.filter(|_| stream.sends).map_or(stream.bytes, |(_, bytes)| *bytes)
}

/// Bytes in a time, and how fast that is: `1.2 GB in 10.00 s, 0.96 Gbit/s`.
struct Amount {
    bytes: u64,
    time: Duration,
}

impl fmt::Display for Amount {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, seconds) = (self.bytes as f64, self.time.as_secs_f64().max(1e-9));
        let bits = bytes * 8.0 / seconds;
        let (bytes, unit) = scaled(bytes);
        let (bits, bit_unit) = scaled(bits);
        write!(f, "{bytes:.2} {unit}B in {seconds:.2} s, {bits:.2} {bit_unit}bit/s")
    }
}

fn scaled(value: f64) -> (f64, &'static str) {
    match value {
        v if v >= 1e9 => (v / 1e9, "G"),
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e3 => (v / 1e3, "k"),
        v => (v, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_with_three_digits_or_so() {
        let amount = |bytes, seconds| Amount { bytes, time: Duration::from_secs(seconds) };
        assert_eq!(amount(1_250_000_000, 10).to_string(), "1.25 GB in 10.00 s, 1.00 Gbit/s");
        assert_eq!(amount(1000, 1).to_string(), "1.00 kB in 1.00 s, 8.00 kbit/s");
        assert_eq!(amount(0, 0).to_string(), "0.00 B in 0.00 s, 0.00 bit/s");
    }
}
