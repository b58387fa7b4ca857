//! A SYN flood does not keep anybody out: when the backlog is full, cookies take its place.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::time::SystemTime;

use apps::{Service, ServiceHost};
use etherparse::PacketBuilder;
use packet::{Buffer, Capabilities, Host, Instant, InterfaceId, Medium};
use stack::{Config, Counter, InterfaceConfig, Secret, Stack};
use tcp::{ConnectionOptions, State};
use trace::Tracer;

const NOW: Instant = Instant::START;

fn stack(last: u8) -> Stack {
    let mut stack = Stack::new(Config::new(Secret::new([1, last.into()])), Tracer::off());
    let address = ipv4::Cidr::new([192, 0, 2, last].into(), 24).unwrap();
    let capabilities = Capabilities::without_offload(Medium::Ip, 1500);
    stack.add_interface(NOW, InterfaceConfig::new(address, capabilities)).unwrap();
    stack
}

fn syn(from: u16) -> Vec<u8> {
    let mut packet = Vec::new();
    let source = [192, 0, 2, 9];
    PacketBuilder::ipv4(source, [192, 0, 2, 2], 64)
        .tcp(from, 7, from.into(), 64_240)
        .syn()
        .write(&mut packet, &[])
        .unwrap();
    packet
}

/// Carries frames between the two until none is left; those to others get lost.
fn carry(one: &mut Stack, other: &mut ServiceHost) {
    let mut buffer = Buffer::new();
    let mut is_quiet = false;
    while !is_quiet {
        is_quiet = true;
        while one.transmit(NOW, InterfaceId(0), &mut buffer).is_some() {
            other.receive(NOW, InterfaceId(0), buffer.as_slice().into());
            is_quiet = false;
        }
        while other.transmit(NOW, InterfaceId(0), &mut buffer).is_some() {
            if buffer.as_slice()[19] == 1 {
                one.receive(NOW, InterfaceId(0), buffer.as_slice().into());
            }
            is_quiet = false;
        }
    }
}

fn flooded() -> ServiceHost {
    let services = [Service::Echo];
    let mut host = ServiceHost::new(stack(2), &services, SystemTime::UNIX_EPOCH, 1).unwrap();
    let mut buffer = Buffer::new();
    for from in 1..5000 {
        host.receive(NOW, InterfaceId(0), syn(from).as_slice().into());
        while host.transmit(NOW, InterfaceId(0), &mut buffer).is_some() {}
    }
    assert!(host.stack().counters().value(Counter::TcpBacklogFull) > 4000);
    host
}

/// Connects with `options`, sends, and gets it back.
fn exchange(host: &mut ServiceHost, options: ConnectionOptions) {
    let mut client = stack(1);
    let remote = ([192, 0, 2, 2], 7).into();
    let id = client.tcp(NOW).connect(None, remote, options).unwrap();
    carry(&mut client, host);
    assert_eq!(client.tcp(NOW).state(id), Ok(State::Established));
    let data: Vec<u8> = (0..100_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let (mut sent, mut echoed) = (0, Vec::<u8>::new());
    while echoed.len() < data.len() {
        sent += client.tcp(NOW).send(NOW, id, &data[sent..]).unwrap_or(0);
        carry(&mut client, host);
        let mut piece = [0; 4096];
        while let Ok(count) = client.tcp(NOW).receive(NOW, id, &mut piece) {
            echoed.extend(&piece[..count]);
        }
    }
    assert!(echoed == data);
}

#[test]
fn during_a_syn_flood_a_client_connects_by_cookie() {
    exchange(&mut flooded(), ConnectionOptions::default());
}

#[test]
fn a_client_without_timestamps_does_so_too() {
    let options = ConnectionOptions { timestamps: false, ..ConnectionOptions::default() };
    exchange(&mut flooded(), options);
}

#[test]
fn an_ack_that_brings_no_cookie_is_reset() {
    let mut host = flooded();
    let mut packet = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .tcp(40_000, 7, 1, 64_240)
        .ack(0x1234_5678)
        .write(&mut packet, &[])
        .unwrap();
    let before = host.stack().counters().value(Counter::TcpBadAcknowledgment);
    host.receive(NOW, InterfaceId(0), packet.as_slice().into());
    let mut buffer = Buffer::new();
    assert!(host.transmit(NOW, InterfaceId(0), &mut buffer).is_some());
    assert_eq!(buffer.as_slice()[33], 0x04, "an RST");
    assert_eq!(host.stack().counters().value(Counter::TcpBadAcknowledgment), before + 1);
}
