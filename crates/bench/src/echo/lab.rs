//! The devices of the private network, and the servers behind them.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::{kernel, reflector, smoltcp};

/// The servers' addresses. The client's end of each wire has the number before.
const STRATA: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const OFFLOADING: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 4);
pub(super) const SMOLTCP: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
const REFLECTOR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 4);
pub(super) const KERNEL: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);
pub(super) const KERNEL_PEER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);

const STRATA_DEVICE: &str = "tun0";
const OFFLOADING_DEVICE: &str = "tun3";
pub(super) const SMOLTCP_DEVICE: &str = "tun1";
pub(super) const REFLECTOR_DEVICE: &str = "tun2";
/// What of the pair is in the other kernel's network.
pub(super) const KERNEL_DEVICE: &str = "veth1";
const KERNEL_PEER_DEVICE: &str = "veth0";

/// The servers, which wait for a client.
pub(super) struct Lab {
    servers: [Server; 5],
}

/// A server, for as long as this lives.
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) address: Ipv4Addr,
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Lab {
    /// Makes the devices and starts the servers. They have one CPU and we another, where there
    /// are two: who is moved about has another speed each time.
    pub(super) fn new() -> Result<Self, Box<dyn Error>> {
        let (first, last) = first_and_last_cpu()?;
        // Whoever is started from here on stays there, too.
        stay_on(last)?;
        let servers = [
            start_strata("strata", STRATA, STRATA_DEVICE, &["--no-offload"])?,
            start_smoltcp()?,
            start_strata("strata, with offload", OFFLOADING, OFFLOADING_DEVICE, &[])?,
            start_reflector()?,
            start_kernel()?,
        ];
        stay_on(first)?;
        Ok(Self { servers })
    }

    pub(super) fn servers(&self) -> &[Server] {
        &self.servers
    }
}

/// The program as it is. Without offload its device is of the same kind as smoltcp's: it carries
/// bare packets. By default it agrees with the kernel on offload (IFF_VNET_HDR), which is for
/// TCP's sake: the kernel takes longer with a small datagram then. None has packet information
/// (IFF_NO_PI).
fn start_strata(
    name: &'static str,
    address: Ipv4Addr,
    device: &str,
    options: &[&str],
) -> Result<Server, Box<dyn Error>> {
    let program = env::current_exe()?.with_file_name("strata");
    if !program.exists() {
        return Err(format!("{} is missing; run make bench", program.display()).into());
    }
    let mut command = Command::new(program);
    command.args(["serve", "--dev", device, "--services", "echo"]);
    command.args(["--addr", &format!("{address}/31")]).args(options);
    start_on_tun(name, address, device, command, "attached to")
}

fn start_smoltcp() -> Result<Server, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(smoltcp::PART);
    start_on_tun("smoltcp", SMOLTCP, SMOLTCP_DEVICE, command, "ready")
}

fn start_reflector() -> Result<Server, Box<dyn Error>> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(reflector::PART);
    start_on_tun("no stack, only the device", REFLECTOR, REFLECTOR_DEVICE, command, "ready")
}

/// Makes a TUN device, starts a server behind it, and waits until the server says `ready` and
/// the kernel sends it packets.
fn start_on_tun(
    name: &'static str,
    address: Ipv4Addr,
    device: &str,
    command: Command,
    ready: &str,
) -> Result<Server, Box<dyn Error>> {
    let client = Ipv4Addr::from_bits(address.to_bits() - 1).to_string();
    let peer = address.to_string();
    run(script("tun-up"), &["--dev", device, "--addr", &client, "--peer", &peer])?;
    let mut server = Server::start(name, address, command)?;
    server.wait_until_it_says(ready)?;
    run(script("wait-for-link"), &[device])?;
    Ok(server)
}

fn start_kernel() -> Result<Server, Box<dyn Error>> {
    let mut command = Command::new("unshare");
    command.args(["--net", "--"]).arg(env::current_exe()?).arg(kernel::PART);
    command.stdin(Stdio::piped());
    let mut server = Server::start("kernel to kernel, over veth", KERNEL, command)?;
    server.wait_until_it_says("started")?;

    let (address, peer) = (KERNEL_PEER.to_string(), KERNEL.to_string());
    let (device, other_network) = (KERNEL_PEER_DEVICE, server.process.id().to_string());
    let pair = ["type", "veth", "peer", "name", KERNEL_DEVICE, "netns", &other_network];
    run("ip", &[&["link", "add", device], &pair[..]].concat())?;
    run("ip", &["address", "add", &address, "peer", &peer, "dev", device])?;
    run("ip", &["link", "set", device, "up"])?;
    if let Some(mut input) = server.process.stdin.take() {
        writeln!(input, "the device is there")?;
    }
    server.wait_until_it_says("ready")?;
    Ok(server)
}

impl Server {
    fn start(
        name: &'static str,
        address: Ipv4Addr,
        mut command: Command,
    ) -> Result<Self, Box<dyn Error>> {
        let started = command.stdout(Stdio::piped()).spawn();
        let mut process = started.map_err(|error| format!("{command:?}: {error}"))?;
        let says = process.stdout.take().ok_or("a server has no output")?;
        Ok(Self { name, address, process, says: BufReader::new(says) })
    }

    /// How long its only thread has had a CPU so far, in nanoseconds. Unlike the time that
    /// passes, it says the same on a busy machine. Not a number where the kernel keeps no books.
    pub(super) fn cpu_time(&self) -> f64 {
        let books = fs::read_to_string(format!("/proc/{}/schedstat", self.process.id()));
        let first = books.ok().and_then(|books| books.split(' ').next()?.parse().ok());
        first.unwrap_or(f64::NAN)
    }

    fn wait_until_it_says(&mut self, words: &str) -> Result<(), Box<dyn Error>> {
        for line in (&mut self.says).lines() {
            if line?.contains(words) {
                return Ok(());
            }
        }
        Err(format!("{} has ended before it said '{words}'", self.name).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One of the project's scripts.
pub(super) fn script(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts")).join(name)
}

/// Runs a program to its end. What it says is of interest only if it fails.
pub(super) fn run(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new(program);
    let output = command.args(arguments).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}", said.trim()).into());
    }
    Ok(())
}

/// Of the CPUs that we may use. The last one shares least with the first.
fn first_and_last_cpu() -> Result<(usize, usize), Box<dyn Error>> {
    let ours = sched_getaffinity(Pid::from_raw(0))?;
    let mut ours = (0..CpuSet::count()).filter(|&cpu| ours.is_set(cpu) == Ok(true));
    let first = ours.next().ok_or("there is no CPU for us")?;
    Ok((first, ours.next_back().unwrap_or(first)))
}

fn stay_on(cpu: usize) -> Result<(), Box<dyn Error>> {
    let mut only = CpuSet::new();
    only.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &only)?)
}
