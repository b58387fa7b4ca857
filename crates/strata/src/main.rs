//! `strata`: the stack on the command line, one file a subcommand.

#![forbid(unsafe_code)]

mod arguments;
mod client;
mod devices;
mod doctor;
mod dump;
mod failure;
mod faults;
mod forward;
mod forwarder;
mod get;
mod hold;
mod host;
mod iperf3;
mod link_wait;
mod listening;
mod nc;
mod ping;
mod route;
mod say;
mod serve;
mod sim;
mod socks;
mod standard;
mod summary;
mod tun;
mod tunnel;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// A TCP/IP stack that you can read, on a TUN or TAP device.
#[derive(Parser)]
#[command(
    name = "strata",
    version,
    after_help = "Try it without touching your machine's network:\n  \
                  make ping-test          ping the stack in a private network\n  \
                  make shell              a shell in such a network, with strata at hand; in it\n  \
                  tun-up                  make tun0,\n  \
                  strata serve -v &       answer,\n  \
                  ping -c 3 192.0.2.2     and ask"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Dump(dump::Arguments),
    Ping(ping::Arguments),
    Nc(nc::Arguments),
    Get(get::Arguments),
    Hold(hold::Arguments),
    Forward(forward::Arguments),
    Route(route::Arguments),
    Tunnel(tunnel::Arguments),
    Iperf3(iperf3::Arguments),
    Socks(socks::Arguments),
    #[command(subcommand)]
    Tun(tun::Command),
    Doctor(doctor::Arguments),
    Sim(sim::Arguments),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            failure::print_usage_error(&error);
            return failure::USAGE.into();
        }
        // --help and --version.
        Err(error) => error.exit(),
    };
    match run(cli.command) {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            failure.status()
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Ping(arguments) => ping::run(&arguments),
        Command::Nc(arguments) => nc::run(&arguments),
        Command::Get(arguments) => get::run(&arguments),
        Command::Hold(arguments) => hold::run(&arguments),
        Command::Forward(arguments) => forward::run(&arguments),
        Command::Route(arguments) => route::run(&arguments),
        Command::Tunnel(arguments) => tunnel::run(&arguments),
        Command::Iperf3(arguments) => iperf3::run(&arguments),
        Command::Socks(arguments) => socks::run(&arguments),
        Command::Tun(command) => tun::run(&command),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Sim(arguments) => sim::run(&arguments),
    }
}
