//! Stories of the way that a datagram takes from here: which router, and what of ours it bears.

use std::net::Ipv4Addr;
use std::num::NonZeroU8;

use packet::InterfaceId;
use stack::Stack;
use story::*;
use udp::{Error, Message, SendOptions, SocketId};

/// A host of a network that is not ours.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

/// Another router than the peer, and its MAC address.
const SECOND: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);
const SECOND_MAC: MacAddress = MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, 0xfe]);

#[test]
fn ip_19_the_usual_ttl_can_be_set() {
    let scene = Scene::default();
    let story = Story::of(
        "The time to live of what nobody chose one for is the configured one",
        "RFC 1122, 3.2.1.7 (IP-19)",
        scene.clone(),
        |tracer| {
            stack_with(&[scene], tracer, |config| {
                config.time_to_live = NonZeroU8::new(17).unwrap();
            })
        },
    );
    let Cast { peer, we, app, .. } = story.cast();

    peer.sends(echo_request().ttl(200));
    we.send(echo_reply().ttl(17));
    peer.sends(udp().to_port(9));
    we.send(port_unreachable().ttl(17));
    let socket = app.opens_udp(7);
    app.sends_udp(socket, (KERNEL, 9), b"abc");
    we.send(udp().ttl(17));
}

#[test]
fn route_6_what_is_configured_decides_the_way() {
    let story = Story::on_ethernet(
        "By the configured mask a host is a neighbour, or is reached by the configured router",
        "RFC 1122, 3.3.1.6 (ROUTE-6) and 3.3.1.1 (ROUTE-1)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    app.sends_udp(socket, (ELSEWHERE, 9), b"far");
    we.send(arp_request().who_has(KERNEL));
    peer.sends(arp_reply());
    we.send(udp().to(ELSEWHERE).data(b"far").to_mac(KERNEL_MAC));

    app.sends_udp(socket, (SECOND, 9), b"near");
    we.send(arp_request().who_has(SECOND));
}

#[test]
fn route_5_another_router_takes_over() {
    let story = Story::on_ethernet(
        "When the default router does not answer any more, the second one is used",
        "RFC 1122, 3.3.1.5 (ROUTE-5) and 3.3.1.2 (ROUTE-3)",
    );
    let Cast { peer, we, app, time, .. } = story.cast();

    app.does("adds a second default router", |stack: &mut Stack, _| {
        stack.add_default_route(InterfaceId(0), Some(SECOND))
    })
    .unwrap();
    let socket = app.opens_udp(7);
    app.sends_udp(socket, (ELSEWHERE, 9), b"lost");
    we.send(arp_request().who_has(KERNEL));
    we.send_after(seconds(1), arp_request().who_has(KERNEL));
    we.send_after(seconds(1), arp_request().who_has(KERNEL));
    time.passes(seconds(1));

    let _ = app.does("takes note", |stack: &mut Stack, now| stack.udp(now).take_report(socket));
    app.sends_udp(socket, (ELSEWHERE, 9), b"abc");
    we.send(arp_request().who_has(SECOND));
    peer.sends(arp_reply().sender(SECOND).sender_mac(SECOND_MAC).from_mac(SECOND_MAC));
    we.send(udp().to(ELSEWHERE).data(b"abc").to_mac(SECOND_MAC));
}

/// What the application is told when it wants to send from `socket`.
fn sent(
    stack: &mut Stack,
    now: packet::Instant,
    socket: SocketId,
    to: Ipv4Addr,
    options: &SendOptions,
) -> Result<(), Error> {
    stack.udp(now).send(socket, &Message::to((to, 9).into(), b"abc").with_options(options))
}

#[test]
fn ip_10_nothing_leaves_for_net_127() {
    for story in [
        Story::new("Nothing leaves for net 127", "RFC 1122, 3.2.1.3 (IP-10)"),
        Story::on_ethernet("Nothing leaves for net 127 in a frame", "RFC 1122, 3.2.1.3 (IP-10)"),
    ] {
        let Cast { app, nothing, .. } = story.cast();

        let socket = app.opens_udp(7);
        for inside in [[127, 0, 0, 1], [127, 255, 255, 255], [240, 0, 0, 1], [0, 0, 0, 1]] {
            let refused = app.does("sends to net 127", |stack, now| {
                sent(stack, now, socket, inside.into(), &SendOptions::default())
            });
            assert_eq!(refused, Err(Error::NetworkUnreachable), "{inside:?}");
        }
        nothing.is_sent_for(seconds(60));
    }
}

#[test]
fn ip_25_no_source_route_is_sent() {
    let story = Story::new(
        "A program may have options sent, but no source route and nothing malformed",
        "RFC 1122, 3.2.1.8 (IP-25, IP-24)",
    );
    let Cast { app, nothing, .. } = story.cast();

    let socket = app.opens_udp(7);
    let two_routes = [131, 7, 4, 198, 51, 100, 1, 137, 7, 4, 198, 51, 100, 1, 0, 0];
    for ip_options in [&two_routes[..], &[131, 3, 4, 0], &[7, 0, 0, 0]] {
        let options = SendOptions { ip_options: ip_options.into(), ..SendOptions::default() };
        let refused = app.does("sends with a source route", |stack, now| {
            sent(stack, now, socket, KERNEL, &options)
        });
        assert_eq!(refused, Err(Error::InvalidArgument), "{ip_options:?}");
    }
    nothing.is_sent_for(seconds(60));
}
