//! Our own stack as the host under test, and what it counts.

use std::net::Ipv4Addr;

use ipv4::Cidr;
use packet::{Capabilities, Medium};
use stack::{Counter, InterfaceConfig, Stack};
use trace::Tracer;

use crate::cast::We;
use crate::description::Scene;
use crate::failure::Failure;
use crate::telling::Telling;
use crate::{Story, words};

/// The peer's address: on a real device, the kernel's.
pub const KERNEL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The stack's address.
pub const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// The stack's address in the network that both are in.
const ADDRESS: Cidr = Cidr::new(STACK, 24).expect("24 is at most 32");

/// The device of every story: a TUN that offloads nothing.
const CAPABILITIES: Capabilities = Capabilities::without_offload(Medium::Ip, 1500);

impl Story<Stack> {
    /// A story about our stack, 192.0.2.2/24 on a TUN device with an MTU of 1500 bytes.
    ///
    /// `title` is a sentence without its full stop, `shows` the section and the requirements that
    /// the story shows: `RFC 1122, 3.2.2.6 (ICMP-19)`.
    #[must_use]
    #[track_caller]
    pub fn new(title: &str, shows: &str) -> Self {
        Self::of(title, shows, Scene::default(), usual_stack)
    }
}

/// Our stack, 192.0.2.2/24 on a TUN device with an MTU of 1500 bytes.
#[must_use]
pub fn usual_stack(tracer: Tracer) -> Stack {
    let mut stack = Stack::new(tracer);
    stack.add_interface(InterfaceConfig { address: ADDRESS, capabilities: CAPABILITIES });
    stack
}

impl We<'_, Stack> {
    /// What the peer sent last was dropped, and counted under `counter` and no other.
    #[track_caller]
    pub fn drop_it_as(&self, counter: Counter) {
        self.story.expectation(format!("We drop it as {}.", counter.name()), |telling| {
            let drops = telling.drops();
            let instead = match drops.as_slice() {
                [only] if only.counter == counter.name() => return is_counted(telling, counter),
                [] => format!("nothing was dropped, and {}", telling.sent_or_nothing()),
                drops => {
                    let drops: Vec<_> = drops.iter().map(ToString::to_string).collect();
                    format!("it was {}", words::list(&drops))
                }
            };
            let expected =
                format!("it is dropped: {} (counter {})", counter.meaning(), counter.name());
            Err(Failure { expected, instead, differences: Vec::new() })
        });
    }

    /// Since the story began, `counter` counted so many.
    #[track_caller]
    pub fn have_counted(&self, times: u64, counter: Counter) {
        let name = counter.name();
        let number = words::count(times, "time", "times");
        self.story.expectation(format!("We have counted {name} {number}."), |telling| {
            let counted = telling.host().counters().value(counter);
            if counted == times {
                return Ok(());
            }
            Err(Failure {
                expected: format!("{name} ({}) is {times}", counter.meaning()),
                instead: format!("it is {counted}"),
                differences: Vec::new(),
            })
        });
    }
}

/// Whether the counter stands where the trace says that it should.
fn is_counted(telling: &Telling<Stack>, counter: Counter) -> Result<(), Failure> {
    let name = counter.name();
    let told = u64::try_from(telling.drops_under(name)).unwrap_or(u64::MAX);
    let counted = telling.host().counters().value(counter);
    if counted == told {
        return Ok(());
    }
    let told = words::count(told, "drop", "drops");
    Err(Failure {
        expected: format!("{name} counts the {told} that the trace told of"),
        instead: format!("it is {counted}"),
        differences: Vec::new(),
    })
}
