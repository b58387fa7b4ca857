//! UDP between our stack and smoltcp over Ethernet: each finds the other by ARP, and long
//! datagrams go in fragments that the other puts together.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, SystemTime};

use apps::{Service, ServiceHost};
use link::{LinkOptions, Percentage};
use packet::{Capabilities, Instant, InterfaceId, Medium};
use sim::{Cable, World};
use smoltcp_peer::SmoltcpPeer;
use smoltcp_peer::smoltcp::iface::SocketHandle;
use smoltcp_peer::smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};
use smoltcp_peer::smoltcp::wire::{
    EthernetAddress, HardwareAddress, IpEndpoint, Ipv4Address, Ipv4Cidr,
};
use stack::{Config, Counter, InterfaceConfig, Secret, Stack};
use udp::Message;

const PEER: Ipv4Address = Ipv4Address::new(192, 0, 2, 1);
const PEER_HARDWARE: [u8; 6] = [0x02, 0, 0x5e, 0, 0x02, 0x01];
const STACK: Ipv4Address = Ipv4Address::new(192, 0, 2, 2);

/// The port of smoltcp's socket.
const PORT: u16 = 40_000;

/// What smoltcp can fragment, and put together, as it is built here.
const LONGEST: usize = 4000;

/// A smoltcp on Ethernet with a UDP socket.
fn peer(seed: u64) -> (SmoltcpPeer, SocketHandle) {
    let hardware = HardwareAddress::Ethernet(EthernetAddress(PEER_HARDWARE));
    let mut peer = SmoltcpPeer::new(hardware, Ipv4Cidr::new(PEER, 24), seed);
    let buffer = || PacketBuffer::new(vec![PacketMetadata::EMPTY; 16], vec![0; 16 * LONGEST]);
    let mut socket = Socket::new(buffer(), buffer());
    socket.bind(PORT).unwrap();
    let handle = peer.sockets_mut().add(socket);
    (peer, handle)
}

fn stack(world: &World) -> Stack {
    let secret = Secret::new([world.seed_for("stack"), 0]);
    let mut stack = Stack::new(Config::new(secret), world.tracer("stack"));
    let address = "192.0.2.2/24".parse().unwrap();
    let capabilities = Capabilities::without_offload(Medium::Ethernet, 1500);
    stack.add_interface(Instant::START, InterfaceConfig::new(address, capabilities)).unwrap();
    stack
}

/// Data that says which datagram it belongs to, of a length that grows beyond the MTU.
fn data(number: usize) -> Vec<u8> {
    let length = number * 97 % LONGEST;
    (0..length).map(|at| (at * 31 + number).to_le_bytes()[0]).collect()
}

/// What has come to smoltcp's socket.
fn received(peer: &mut SmoltcpPeer, socket: SocketHandle) -> Vec<(Vec<u8>, IpEndpoint)> {
    let socket = peer.sockets_mut().get_mut::<Socket<'_>>(socket);
    let next = || socket.recv().ok().map(|(payload, from)| (payload.to_vec(), from.endpoint));
    std::iter::from_fn(next).collect()
}

/// smoltcp sends `count` datagrams to our echo service; what it gets back.
fn ask_the_stack(seed: u64, options: LinkOptions, count: usize) -> Vec<Vec<u8>> {
    let mut world = World::new(seed);
    let (peer, socket) = peer(world.seed_for("smoltcp"));
    let smoltcp = world.add_host("smoltcp", peer);
    let services = [Service::Echo];
    let host = ServiceHost::new(stack(&world), &services, SystemTime::UNIX_EPOCH, 1).unwrap();
    let host = world.add_host("stack", host);
    world.connect(smoltcp, host, Cable::ethernet(options)).unwrap();
    let mut echoed = Vec::new();
    for number in 0..count {
        let to = IpEndpoint::new(STACK.into(), 7);
        let sockets = world.host_mut(smoltcp).sockets_mut();
        sockets.get_mut::<Socket<'_>>(socket).send_slice(&data(number), to).unwrap();
        world.run_for(Duration::from_millis(100)).unwrap();
        for (payload, from) in received(world.host_mut(smoltcp), socket) {
            assert_eq!(from, to);
            echoed.push(payload);
        }
    }
    echoed
}

#[test]
fn smoltcp_gets_each_of_its_datagrams_back() {
    let echoed = ask_the_stack(1, LinkOptions::PERFECT, 200);
    assert_eq!(echoed.len(), 200);
    for (number, payload) in echoed.into_iter().enumerate() {
        assert_eq!(payload, data(number), "datagram {number}");
    }
}

#[test]
fn over_a_bad_link_smoltcp_gets_less_but_nothing_else() {
    for seed in 0..10 {
        let options = LinkOptions {
            delay: Duration::from_millis(5),
            jitter: Duration::from_millis(5),
            loss: Percentage::new(5).into(),
            duplicate: Percentage::new(10),
            reorder: Percentage::new(10),
            ..LinkOptions::PERFECT
        };
        let echoed = ask_the_stack(seed, options, 200);
        // smoltcp puts together one datagram at a time: one lost fragment costs it many.
        assert!((30..300).contains(&echoed.len()), "{} of 200, seed {seed}", echoed.len());
        let sent: Vec<_> = (0..200).map(data).collect();
        assert!(echoed.iter().all(|payload| sent.contains(payload)), "seed {seed}");
    }
}

#[test]
fn smoltcp_takes_what_our_sockets_send_the_first_datagram_included() {
    let mut world = World::new(1);
    let (peer, theirs) = peer(world.seed_for("smoltcp"));
    let smoltcp = world.add_host("smoltcp", peer);
    let mut stack = stack(&world);
    let ours = stack.udp(Instant::START).open().unwrap();
    let stack = world.add_host("stack", stack);
    world.connect(stack, smoltcp, Cable::ethernet(LinkOptions::PERFECT)).unwrap();
    for number in 0..200 {
        let now = Instant::at(Duration::from_millis(100 * u64::try_from(number).unwrap()));
        let message = data(number);
        let message = Message::to((PEER, PORT).into(), &message);
        world.host_mut(stack).udp(now).send(ours, &message).unwrap();
        world.run_for(Duration::from_millis(100)).unwrap();
        let mut came = received(world.host_mut(smoltcp), theirs);
        assert_eq!(came.len(), 1, "datagram {number}");
        let (payload, from) = came.remove(0);
        assert_eq!((payload, from.addr), (data(number), STACK.into()));
    }
    let neighbours = world.host(stack).neighbours(InterfaceId(0));
    assert_eq!(neighbours.len(), 1);
    assert_eq!(neighbours[0].hardware.unwrap().octets(), PEER_HARDWARE);
}

#[test]
fn smoltcp_tells_us_of_a_port_that_nobody_has() {
    let mut world = World::new(1);
    let (peer, _) = peer(world.seed_for("smoltcp"));
    let smoltcp = world.add_host("smoltcp", peer);
    let mut stack = stack(&world);
    let mut sockets = stack.udp(Instant::START);
    let socket = sockets.open().unwrap();
    sockets.connect(socket, (PEER, 9).into()).unwrap();
    sockets.send(socket, &Message::to_peer(b"anybody?")).unwrap();
    let stack = world.add_host("stack", stack);
    world.connect(stack, smoltcp, Cable::ethernet(LinkOptions::PERFECT)).unwrap();
    world.run_for(Duration::from_secs(1)).unwrap();
    let now = Instant::at(Duration::from_secs(1));
    let refused = world.host_mut(stack).udp(now).receive(socket);
    assert_eq!(refused, Err(udp::Error::ConnectionRefused));
    assert_eq!(world.host(stack).counters().value(Counter::IcmpErrorsReceived), 1);
}
