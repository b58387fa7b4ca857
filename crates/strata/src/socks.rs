//! `strata socks`: a SOCKS5 proxy, so that any program on the host goes out through the stack.

mod client;
mod names;
mod proxy;

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use apps::socks::DEFAULT_PORT;
use clap::Args;
use stack::Stack;

use crate::failure::Failure;
use crate::host::HostArguments;
use crate::say::{Words, say};
use crate::summary::{of_device, of_stack, print_counted};

use proxy::Proxy;

/// Let programs on this host go out through the stack: a SOCKS5 proxy, until Ctrl-C
///
/// The kernel accepts, on an address of the host; the stack connects, by the device. So an
/// unmodified curl or browser uses our TCP. Names are looked up as this host looks them up. At the
/// end it prints what it counted.
#[derive(Args)]
#[command(after_help = "Examples, in the shell that `make shell` opens:\n  \
                        tun-up && strata socks &\n  \
                        curl --socks5 127.0.0.1 http://192.0.2.1/         by address\n  \
                        curl --socks5-hostname 127.0.0.1 http://name/     by name\n\
                        It asks nobody for a password: keep it on 127.0.0.1.")]
pub(crate) struct Arguments {
    /// Wait for programs at this address of the host
    #[arg(
        long,
        value_name = "ADDRESS[:PORT]",
        default_value = "127.0.0.1:1080",
        value_parser = endpoint
    )]
    listen: SocketAddr,

    #[command(flatten)]
    host: HostArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (stack, attached) = arguments.host.attach(Words::Output)?;
    let name = attached.name.clone();
    let at = arguments.listen;
    let proxy = |descriptors| {
        let proxy = Proxy::listen(at, descriptors)?;
        say(format_args!(
            "attached to {name}; curl --socks5 {at} goes out through it; Ctrl-C ends it"
        ));
        Ok(proxy)
    };
    let lost_address = |stack: &Stack| arguments.host.lost_address(stack);
    let (ran, proxy) =
        attached.run_with(stack, proxy, |stack, _: &Proxy| lost_address(stack).is_some())?;
    let stack = ran.event_loop.host();
    let device = ran.device_counters();
    print_counted(proxy.counted().chain(of_stack(stack)).chain(of_device(&device)));
    let lost = lost_address(stack);
    ran.finish(ExitCode::SUCCESS).and_then(|status| lost.map_or(Ok(status), Err))
}

/// Reads an address and a port, or an address alone.
fn endpoint(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>();
    let alone = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DEFAULT_PORT));
    with_port.or_else(|_| alone()).map_err(|_| {
        format!("an address of this host is needed, such as 127.0.0.1 or 127.0.0.1:{DEFAULT_PORT}")
    })
}
