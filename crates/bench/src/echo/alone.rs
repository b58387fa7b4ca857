//! The stacks alone: what they themselves take for an echo, without a kernel.
//!
//! Frames are handed to them in memory, as many at a time as a turn of the event loop reads.
//! Where a machine is busy, instructions say more than time, and a profiler counts them:
//!
//! ```text
//!   valgrind --tool=callgrind target/release/bench echo-alone-strata
//! ```

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::{Instant, SystemTime};

use apps::{Service, ServiceHost};
use ipv4::{Cidr, Header, Protocol};
use packet::{Buffer, Capabilities, ChecksumBy, Host};
use smoltcp::phy::{self, Device, DeviceCapabilities};
use stack::{Config, InterfaceConfig, Secret, Stack};
use trace::Tracer;

use super::client::{ECHO, PAYLOAD};
use super::lab;
use super::smoltcp::{FRAME_BUDGET, Server};
use crate::contest::Turn;

/// How often the stack gets [`FRAME_BUDGET`] datagrams.
const BATCHES: u32 = 2000;

/// Who asks both of them, and from where.
const CLIENT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const CLIENT_PORT: u16 = 40_000;

/// Whom it asks: that is smoltcp's address there, and strata's too here.
const STACK: Ipv4Addr = lab::SMOLTCP;

/// The words that call for one of them alone, for those who have a profiler look on.
pub(super) const STRATA: &str = "echo-alone-strata";
pub(super) const SMOLTCP: &str = "echo-alone-smoltcp";

const MTU: u16 = 1500;

/// strata with its echo service, as `strata serve` runs it.
pub(super) fn strata() -> Result<Turn, Box<dyn Error>> {
    let mut stack = Stack::new(Config::new(Secret::new([1, 2])), Tracer::off());
    let address = Cidr::new(STACK, 24).ok_or("24 bits are no prefix")?;
    let capabilities = Capabilities::without_offload(packet::Medium::Ip, MTU);
    let now = packet::Instant::START;
    let interface = stack.add_interface(now, InterfaceConfig::new(address, capabilities))?;
    let mut host = ServiceHost::new(stack, &[Service::Echo], SystemTime::UNIX_EPOCH, 1)?;

    let mut frame = Buffer::new();
    timed(|request| {
        for _ in 0..FRAME_BUDGET {
            host.receive(now, interface, request.into());
        }
        let mut echoes = 0;
        while host.transmit(now, interface, &mut frame).is_some() {
            echoes += u32::from(is_echo(frame.as_slice()));
        }
        Ok(echoes)
    })
}

/// smoltcp, as it stands beside strata on a device.
pub(super) fn smoltcp() -> Result<Turn, Box<dyn Error>> {
    let mut memory = Memory { request: request()?, coming: 0, echoes: 0, frame: Vec::new() };
    let mut server = Server::new(&mut memory)?;
    timed(|_| {
        memory.coming = FRAME_BUDGET;
        memory.echoes = 0;
        server.turn(smoltcp::time::Instant::ZERO, &mut memory)?;
        Ok(memory.echoes)
    })
}

/// Has `batch` answered again and again: it hands its argument in [`FRAME_BUDGET`] times, and
/// says how many came back.
fn timed(
    mut batch: impl FnMut(&[u8]) -> Result<u32, Box<dyn Error>>,
) -> Result<Turn, Box<dyn Error>> {
    let request = request()?;
    let start = Instant::now();
    let mut count = 0;
    for _ in 0..BATCHES {
        count += batch(request.as_slice())?;
    }
    if usize::try_from(count)? != BATCHES as usize * FRAME_BUDGET {
        return Err(format!("only {count} echoes came back").into());
    }
    Ok(Turn::new(count, start.elapsed()))
}

/// A datagram for the echo service.
fn request() -> Result<Buffer, Box<dyn Error>> {
    let mut frame = Buffer::new();
    frame.append(&PAYLOAD);
    let pseudo_header = ipv4::pseudo_header(CLIENT, STACK, Protocol::Udp);
    udp::Header { source_port: CLIENT_PORT, destination_port: ECHO }.prepend_to(
        &mut frame,
        pseudo_header,
        ChecksumBy::Us,
    )?;
    Header { dont_fragment: true, ..Header::new(CLIENT, STACK, Protocol::Udp) }
        .prepend_to(&mut frame)?;
    Ok(frame)
}

/// Whether `frame` goes back to the client with what the request carried.
fn is_echo(frame: &[u8]) -> bool {
    frame.get(16..20) == Some(&CLIENT.octets()) && frame.ends_with(&PAYLOAD)
}

/// smoltcp's device: memory instead of a wire.
struct Memory {
    request: Buffer,
    /// How many requests are still to be read.
    coming: usize,
    /// How many echoes were written.
    echoes: u32,
    /// The frame that was written last.
    frame: Vec<u8>,
}

impl Device for Memory {
    type RxToken<'a> = Coming<'a>;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Coming<'_>, Leaving<'_>)> {
        self.coming = self.coming.checked_sub(1)?;
        let leaving = Leaving { frame: &mut self.frame, echoes: &mut self.echoes };
        Some((Coming(self.request.as_slice()), leaving))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Leaving<'_>> {
        Some(Leaving { frame: &mut self.frame, echoes: &mut self.echoes })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = phy::Medium::Ip;
        capabilities.max_transmission_unit = usize::from(MTU);
        capabilities
    }
}

/// A frame that was read.
struct Coming<'a>(&'a [u8]);

impl phy::RxToken for Coming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

/// Where a frame is written.
struct Leaving<'a> {
    frame: &'a mut Vec<u8>,
    echoes: &'a mut u32,
}

impl phy::TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        self.frame.clear();
        self.frame.resize(length, 0);
        let written = write(self.frame);
        *self.echoes += u32::from(is_echo(self.frame));
        written
    }
}
