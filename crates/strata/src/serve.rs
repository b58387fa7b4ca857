//! `strata serve`: the stack on a device with its services, until Ctrl-C.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use apps::http::HttpService;
use apps::{Service, ServiceHost};
use arp::Neighbour;
use clap::Args;
use stack::Stack;

use crate::failure::Failure;
use crate::host::{HostArguments, INTERFACE, Ran};
use crate::say::{Words, say};
use crate::summary::{of_device, of_stack, print_counted};

/// Attach to a device and answer, until Ctrl-C
///
/// Answers echo requests (ping) to its address, and those who use its services by UDP or TCP. At
/// the end it prints what it counted.
#[derive(Args)]
#[command(after_help = "Examples, in the shell that `make shell` opens:\n  \
                        tun-up && strata serve -v           ping 192.0.2.2\n  \
                        tap-up && strata serve --tap -v     arping -I tap0 192.0.2.2\n  \
                        strata serve --services echo        nc 192.0.2.2 7\n  \
                        strata serve --http notes           curl http://192.0.2.2/")]
pub(crate) struct Arguments {
    /// Services to offer, with commas between them; none: --services=
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "echo,discard,daytime,chargen",
        value_parser = named_or_none
    )]
    services: Vec<Option<Service>>,

    /// Serve the files of this folder by HTTP, on port 80
    #[arg(long, value_name = "FOLDER")]
    http: Option<PathBuf>,

    #[command(flatten)]
    host: HostArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let http = arguments.http()?;
    let (stack, attached) = arguments.host.attach(Words::Output)?;
    let seed = arguments.host.faults.seed_or_random();
    let mut host = ServiceHost::new(stack, &arguments.services(), SystemTime::now(), seed)
        .map_err(Failure::new)?;
    if let Some(http) = http {
        host.offer(Box::new(http)).map_err(Failure::new)?;
    }
    say(format_args!(
        "attached to {}; {} {}; Ctrl-C ends it",
        attached.name,
        arguments.host.address(),
        arguments.host.readiness()
    ));
    let lost_address = |host: &ServiceHost| arguments.host.lost_address(host.stack());
    let mut ran = attached.run(host, |host| lost_address(host).is_some())?;
    let lost = lost_address(ran.event_loop.host());
    if lost.is_none() {
        // The device may be gone, of which `finish` tells.
        let _ = ran.event_loop.leave(|now, host| host.leave(now));
    }
    print_summary(&ran);
    ran.finish(ExitCode::SUCCESS).and_then(|status| lost.map_or(Ok(status), Err))
}

/// Reads the name of a service; an empty one names none.
fn named_or_none(name: &str) -> Result<Option<Service>, apps::UnknownService> {
    if name.is_empty() { Ok(None) } else { name.parse().map(Some) }
}

impl Arguments {
    /// The server for files, if one is wanted.
    fn http(&self) -> Result<Option<HttpService>, Failure> {
        let Some(folder) = &self.http else { return Ok(None) };
        let service = HttpService::new(folder).map_err(|error| {
            Failure::new(format_args!("cannot serve {}: {error}", folder.display()))
        });
        service.map(Some)
    }

    /// The services to offer, each once.
    fn services(&self) -> Vec<Service> {
        let is_wanted = |service: &Service| self.services.contains(&Some(*service));
        Service::ALL.into_iter().filter(is_wanted).collect()
    }
}

fn print_summary(ran: &Ran<ServiceHost>) {
    let host = ran.event_loop.host();
    let services = host.served().flat_map(|(service, counters)| {
        let name = |what| format!("{}_{what}", service.name());
        [
            (name("answered"), counters.answered, "datagrams that the service answered"),
            (name("without_answer"), counters.without_answer, "datagrams that need no answer"),
            (
                name("from_service"),
                counters.from_service_port,
                "not answered: from a service's port",
            ),
            (name("not_unicast"), counters.not_unicast, "not answered: sent to more than one host"),
            (name("not_sent"), counters.not_sent, "answers that could not be sent"),
        ]
    });
    let accepted = host.accepted().map(|(service, accepted)| {
        (format!("{service}_accepted"), accepted, "TCP connections that the service accepted")
    });
    print_neighbours(host.stack());
    let device = ran.device_counters();
    print_counted(of_stack(host.stack()).chain(services).chain(accepted).chain(of_device(&device)));
}

/// Who was found on the link, and what is known of them now.
fn print_neighbours(stack: &Stack) {
    for Neighbour { address, hardware, state } in stack.neighbours(INTERFACE) {
        let place = match hardware {
            Some(hardware) => format!("is at {hardware}"),
            None => "has not answered".to_owned(),
        };
        say(format_args!("neighbour: {address} {place} ({})", state.name()));
    }
}
