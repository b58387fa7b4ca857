//! `strata tun`: devices that stay, as tunctl made them.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tun_device::persistent::{self, Added, Deleted};
use tun_device::{Interface, InterfaceName, Kind, group_id, group_name, user_id, user_name};

use crate::failure::Failure;
use crate::say::say;

/// Make, delete and show devices that stay when no program is attached
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a device, or change who may attach to it
    Add(AddArguments),
    /// Delete a device
    Del(Name),
    /// Tell a device's kind, owner, persistence and carrier, and who is attached
    Show(Name),
}

/// Which device.
#[derive(Args)]
pub(crate) struct Name {
    /// Network device, such as tun0
    #[arg(value_name = "NAME")]
    name: InterfaceName,
}

/// What device to make.
#[derive(Args)]
pub(crate) struct AddArguments {
    #[command(flatten)]
    device: Name,

    /// Make a TAP device, which carries Ethernet frames, instead of a TUN, which carries IP
    #[arg(long)]
    tap: bool,

    /// Who may attach: a user's name or number. By default whoever runs this
    #[arg(long, value_name = "USER", value_parser = parse_user)]
    user: Option<u32>,

    /// Whose members may attach: a group's name or number
    #[arg(long, value_name = "GROUP", value_parser = parse_group)]
    group: Option<u32>,
}

pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Add(arguments) => add(arguments)?,
        Command::Del(arguments) => delete(&arguments.name)?,
        Command::Show(arguments) => show(&arguments.name)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn add(arguments: &AddArguments) -> Result<(), Failure> {
    let name = &arguments.device.name;
    let kind = if arguments.tap { Kind::Tap } else { Kind::Tun };
    // A device without owner and group is everybody's.
    let owner = match (arguments.user, arguments.group) {
        (None, None) => Some(nix::unistd::getuid().as_raw()),
        (user, _) => user,
    };
    match persistent::add(name, kind, owner, arguments.group)? {
        Added::Created => say(format_args!("created {name}, a {kind} device")),
        Added::Changed => say(format_args!("changed who may attach to {name}")),
        Added::AlreadyThere => say(format_args!("{name} is there already, just so")),
    }
    Ok(())
}

fn delete(name: &InterfaceName) -> Result<(), Failure> {
    match persistent::delete(name)? {
        Deleted::Deleted => say(format_args!("deleted {name}")),
        Deleted::AlreadyGone => say(format_args!("{name} is not there")),
    }
    Ok(())
}

fn show(name: &InterfaceName) -> Result<(), Failure> {
    let interface = Interface::named(name)?;
    let tun = interface.tun()?;
    let named = |id: Option<u32>, name: fn(u32) -> String| id.map_or("anybody".to_owned(), name);
    say(format_args!("name        {name}"));
    say(format_args!("kind        {}", tun.kind));
    say(format_args!("persistent  {}", yes_or_no(tun.persistent)));
    say(format_args!("owner       {}", named(tun.owner, user_name)));
    say(format_args!("group       {}", named(tun.group, group_name)));
    say(format_args!("mtu         {} bytes", interface.mtu()?));
    say(format_args!("up          {}", yes_or_no(interface.is_up()?)));
    say(format_args!("carrier     {}", yes_or_no(interface.carrier()?)));
    match interface.holder() {
        Some(holder) => say(format_args!("attached    {holder}")),
        None => say(format_args!("attached    nobody that can be seen")),
    }
    Ok(())
}

const fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn parse_user(text: &str) -> Result<u32, String> {
    user_id(text).ok_or_else(|| format!("there is no user '{text}'; give a name or a number"))
}

fn parse_group(text: &str) -> Result<u32, String> {
    group_id(text).ok_or_else(|| format!("there is no group '{text}'; give a name or a number"))
}
