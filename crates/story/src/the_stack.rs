//! Our own stack as the host under test, and what it counts.

use ipv4::Cidr;
use packet::{Capabilities, Instant, Medium};
use stack::{Config, Counter, InterfaceConfig, Secret, Stack};
use tcp::SequenceNumber;
use trace::Tracer;

use crate::cast::We;
use crate::failure::Failure;
use crate::first_numbers::FirstNumbers;
use crate::scene::Scene;
use crate::telling::{PEER_SIDE, Telling};
use crate::{Story, words};

impl Story<Stack> {
    /// A story about our stack, 192.0.2.2/24 on a TUN device with an MTU of 1500 bytes.
    ///
    /// `title` is a sentence without its full stop, `shows` the section and the requirements that
    /// the story shows: `RFC 1122, 3.2.2.6 (ICMP-19)`.
    #[must_use]
    #[track_caller]
    pub fn new(title: &str, shows: &str) -> Self {
        Self::in_scene(title, shows, Scene::default().numbered_for(title))
    }

    /// The same in a scene of its own: with another MTU, say.
    #[must_use]
    #[track_caller]
    pub fn in_scene(title: &str, shows: &str, scene: Scene) -> Self {
        Self::of(title, shows, scene.clone(), |tracer| stack_with(&[scene], tracer, |_| {}))
    }

    /// The same, but our stack chooses its first sequence numbers itself, as it does outside of
    /// stories (RFC 6528).
    #[must_use]
    #[track_caller]
    pub fn with_its_own_numbers(title: &str, shows: &str) -> Self {
        let scene = Scene::default().numbered_for(title);
        let numbers = FirstNumbers { ours: None, ..scene.numbers };
        Self::in_scene(title, shows, Scene { numbers, ..scene })
    }

    /// The same on a TAP device, where every packet is in an Ethernet frame. Neither side knows
    /// the other's MAC address yet; see [`Peer::makes_itself_known`](crate::Peer).
    #[must_use]
    #[track_caller]
    pub fn on_ethernet(title: &str, shows: &str) -> Self {
        Self::on_ethernet_with(title, shows, |_| {})
    }

    /// The same with what `change` changes in the usual settings of the interface.
    #[must_use]
    #[track_caller]
    pub fn on_ethernet_with(
        title: &str,
        shows: &str,
        change: impl Fn(&mut InterfaceConfig),
    ) -> Self {
        let scene = Scene::on_ethernet().numbered_for(title);
        Self::of(title, shows, scene.clone(), |tracer| stack_in(&[scene], tracer, |_| {}, change))
    }

    /// A story about our stack as a router: 192.0.2.2/24 on a TUN device with an MTU of 1500
    /// bytes, and 198.51.100.1/24 on another with an MTU of 1000 bytes.
    #[must_use]
    #[track_caller]
    pub fn of_a_router(title: &str, shows: &str) -> Self {
        let scenes = [Scene::default(), Scene::far_side()].map(|it| it.numbered_for(title));
        Self::between(title, shows, scenes.clone(), |tracer| {
            stack_with(&scenes, tracer, |config| config.forwarding = true)
        })
    }
}

/// Our stack, 192.0.2.2/24 on a TUN device with an MTU of 1500 bytes.
#[must_use]
pub fn usual_stack(tracer: Tracer) -> Stack {
    stack_with(&[Scene::default()], tracer, |_| {})
}

/// Our stack with an interface in each of the `scenes`, and what `change` changes in the usual
/// settings. Whatever is not in a network of ours goes to the peer, if there is no far side.
///
/// # Panics
/// If a scene's network is none, or if there are more than the routing table has room for.
#[must_use]
pub fn stack_with(scenes: &[Scene], tracer: Tracer, change: impl FnOnce(&mut Config)) -> Stack {
    stack_in(scenes, tracer, change, |_| {})
}

#[expect(clippy::expect_used, reason = "the scenes are at fault then, and so is the test")]
fn stack_in(
    scenes: &[Scene],
    tracer: Tracer,
    change: impl FnOnce(&mut Config),
    change_interface: impl Fn(&mut InterfaceConfig),
) -> Stack {
    let mut config = Config::new(Secret::new([1, 2]));
    change(&mut config);
    let mut stack = Stack::new(config, tracer);
    for scene in scenes {
        let mut interface = usual_interface(scene);
        change_interface(&mut interface);
        let added = stack.add_interface(Instant::START, interface);
        added.expect("room for a route to each network");
    }
    if let [Scene { numbers: FirstNumbers { ours: Some(first), .. }, .. }, ..] = scenes {
        stack.tcp(Instant::START).begin_sequence_numbers_at(SequenceNumber::new(*first));
    }
    if let [only] = scenes {
        let router = (only.medium == Medium::Ethernet).then_some(only.peer);
        let added = stack.add_default_route(PEER_SIDE, router);
        added.expect("room for a second route");
    }
    stack
}

/// The settings of our interface in `scene`: one that offloads nothing.
#[expect(clippy::expect_used, reason = "the scene is at fault then, and so is the test")]
fn usual_interface(scene: &Scene) -> InterfaceConfig {
    let address = Cidr::new(scene.we, scene.prefix_length).expect("at most 32 bits");
    let capabilities = Capabilities::without_offload(scene.medium, scene.mtu);
    let hardware = scene.our_mac;
    InterfaceConfig { hardware, ..InterfaceConfig::new(address, capabilities) }
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
