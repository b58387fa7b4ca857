//! Echo between our stack and smoltcp, over good links and bad ones.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use link::{LinkOptions, Percentage};
use packet::{Capabilities, Instant, Medium};
use sim::{Cable, PingOptions, Pinger, Switch, World};
use smoltcp_peer::smoltcp::wire::{EthernetAddress, HardwareAddress, Ipv4Address, Ipv4Cidr};
use smoltcp_peer::{EchoReply, SmoltcpPeer};
use stack::{Config, InterfaceConfig, Secret, Stack};

const PEER: Ipv4Address = Ipv4Address::new(192, 0, 2, 1);
const STACK: Ipv4Address = Ipv4Address::new(192, 0, 2, 2);
const LIMIT: Duration = Duration::from_secs(600);

fn peer(hardware: HardwareAddress, address: Ipv4Address, seed: u64) -> SmoltcpPeer {
    SmoltcpPeer::new(hardware, Ipv4Cidr::new(address, 24), seed)
}

fn stack(world: &World) -> Stack {
    let secret = Secret::new([world.seed_for("stack"), 0]);
    let mut stack = Stack::new(Config::new(secret), world.tracer("stack"));
    let address = "192.0.2.2/24".parse().unwrap();
    let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
    stack.add_interface(Instant::START, InterfaceConfig::new(address, capabilities)).unwrap();
    stack
}

fn bad_link() -> LinkOptions {
    LinkOptions {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(15),
        loss: Percentage::new(10).into(),
        duplicate: Percentage::new(10),
        reorder: Percentage::new(10),
        corrupt: Percentage::new(10),
        ..LinkOptions::PERFECT
    }
}

/// Data that says which request it belongs to, of a length that grows to the MTU.
fn data(number: u16) -> Vec<u8> {
    let length = usize::from(number) * 7 % 1473;
    (0..length).map(|at| (at * 31 + usize::from(number)).to_le_bytes()[0]).collect()
}

/// smoltcp pings our stack `count` times; what it takes for replies.
fn ping_the_stack(seed: u64, options: LinkOptions, count: u16) -> Vec<EchoReply> {
    let mut world = World::new(seed);
    let seed = world.seed_for("smoltcp");
    let smoltcp = world.add_host("smoltcp", peer(HardwareAddress::Ip, PEER, seed));
    let stack = world.add_host("stack", stack(&world));
    world.connect(smoltcp, stack, Cable::ip(options)).unwrap();
    let mut replies = Vec::new();
    for number in 0..count {
        world.host_mut(smoltcp).send_echo_request(STACK, number, &data(number)).unwrap();
        world.run_for(Duration::from_millis(10)).unwrap();
        replies.extend(std::iter::from_fn(|| world.host_mut(smoltcp).take_echo_reply()));
    }
    world.run_until_idle(LIMIT).unwrap();
    replies.extend(std::iter::from_fn(|| world.host_mut(smoltcp).take_echo_reply()));
    replies
}

#[test]
fn smoltcp_gets_each_of_its_pings_back() {
    let replies = ping_the_stack(1, LinkOptions::PERFECT, 300);
    assert_eq!(replies.len(), 300);
    for (number, reply) in (0..).zip(replies) {
        assert_eq!(reply, EchoReply { source: STACK, sequence_number: number, data: data(number) });
    }
}

#[test]
fn over_a_bad_link_smoltcp_gets_less_but_nothing_else() {
    for seed in 0..20 {
        let replies = ping_the_stack(seed, bad_link(), 200);
        assert!((80..300).contains(&replies.len()), "{} replies to 200 requests", replies.len());
        for EchoReply { source, sequence_number, data: came } in replies {
            assert_eq!(source, STACK);
            assert_eq!(came, data(sequence_number), "reply {sequence_number}, seed {seed}");
        }
    }
}

#[test]
fn smoltcp_answers_our_pinger() {
    for (seed, options) in [(1, LinkOptions::PERFECT), (2, bad_link()), (3, bad_link())] {
        let is_perfect = options.is_perfect();
        let mut world = World::new(seed);
        let pinger = world.add_host(
            "pinger",
            Pinger::new(PingOptions {
                count: 200,
                interval: Duration::from_millis(10),
                data_length: 1472,
                seed: world.seed_for("pinger"),
                ..PingOptions::new(STACK, PEER)
            }),
        );
        let seed = world.seed_for("smoltcp");
        let smoltcp = world.add_host("smoltcp", peer(HardwareAddress::Ip, PEER, seed));
        world.connect(pinger, smoltcp, Cable::ip(options)).unwrap();
        world.run_until_idle(LIMIT).unwrap();
        let report = world.host(pinger).report();
        assert_eq!((report.wrong, report.unasked, report.other), (0, 0, 0), "{report:?}");
        if is_perfect {
            assert_eq!((report.answered, report.duplicates), (200, 0));
        } else {
            assert!((80..200).contains(&report.answered), "{report:?}");
        }
    }
}

/// Two peers with ARP between them, which proves the switch and Ethernet cables by others' code.
#[test]
fn two_smoltcps_ping_each_other_through_our_switch() {
    let mut world = World::new(1);
    let switch = world.add_host("switch", Switch::new(3));
    let [alice, bob, bystander] = [1, 2, 3].map(|number| {
        let mac = HardwareAddress::Ethernet(EthernetAddress([2, 0, 0, 0, 0, number]));
        let name = format!("host {number}");
        let address = Ipv4Address::new(192, 0, 2, number);
        world.add_host(&name, peer(mac, address, world.seed_for(&name)))
    });
    let delay = Duration::from_millis(1);
    for (port, host) in [alice, bob, bystander].into_iter().enumerate() {
        let cable = Cable::ethernet(LinkOptions { delay, ..LinkOptions::PERFECT });
        world.connect(host, switch.interface(port), cable).unwrap();
    }
    for number in 1..=20 {
        world.host_mut(alice).send_echo_request(STACK, number, &data(number)).unwrap();
        world.run_for(Duration::from_secs(1)).unwrap();
        let reply = world.host_mut(alice).take_echo_reply().unwrap();
        assert_eq!(reply, EchoReply { source: STACK, sequence_number: number, data: data(number) });
    }
    world.run_until_idle(LIMIT).unwrap();
    let to_bystander = world.link(switch.interface(2)).unwrap().counters().sent;
    assert_eq!(to_bystander, 1, "the first ARP request alone");
}
