//! Stories of what goes to everybody, or to a group.

use stack::{Counter, Stack};
use story::*;
use udp::{Delivery, Error, SocketId, SocketOptions};

/// Every form of "all hosts of this network": the modern ones first.
const FORMS: [[u8; 4]; 3] = [[255, 255, 255, 255], [192, 0, 2, 255], [192, 0, 2, 0]];

/// An address that never is ours: in our network, but another host's.
const NEIGHBOUR: [u8; 4] = [192, 0, 2, 3];

/// The group of all hosts.
const ALL_HOSTS: [u8; 4] = [224, 0, 0, 1];

/// A group that nobody here is in unless it joins.
const GROUP: [u8; 4] = [239, 1, 2, 3];

/// The application opens a socket that may send to everybody.
#[track_caller]
fn opens_broadcast_udp(app: App<'_, Stack>, port: u16) -> SocketId {
    let socket = app.opens_udp(port);
    let options = SocketOptions { broadcast: true, ..SocketOptions::default() };
    app.has_udp(socket, "send broadcasts", options);
    socket
}

#[test]
fn bc_1_and_2_each_form_of_broadcast_is_heard() {
    let story = Story::new(
        "A datagram for all is taken, whether its address ends in ones or, as of old, in zeros",
        "RFC 1122, 3.3.6 (BC-1, BC-2)",
    );
    let Cast { peer, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    for everybody in FORMS {
        peer.sends(udp().to_port(7).to(everybody).data(b"abc"));
        let metadata = app.receives_udp(socket, b"abc");
        assert_eq!(metadata.delivery, Delivery::Broadcast);
    }
}

#[test]
fn bc_1_the_broadcast_of_another_network_is_not_for_us() {
    let story = Story::new(
        "What goes to all hosts of another network does not go to us",
        "RFC 1122, 3.3.6 (BC-1) and 3.2.1.3 (IP-8)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.opens_udp(7);
    for elsewhere in [[198, 51, 100, 255], [192, 0, 255, 255], [192, 255, 255, 255], NEIGHBOUR] {
        peer.sends(udp().to_port(7).to(elsewhere));
        we.drop_it_as(Counter::Ipv4NotForUs);
    }
    app.receives_no_udp(socket);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn bc_3_and_5_a_frame_for_all_carries_a_datagram_for_all() {
    let story = Story::on_ethernet(
        "A broadcast leaves at once, in a frame for all; anything else in a frame for one",
        "RFC 1122, 3.3.6 (BC-3, BC-5)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = opens_broadcast_udp(app, 7);
    for everybody in [[255; 4], [192, 0, 2, 255]] {
        app.sends_udp(socket, (everybody, 9), b"abc");
        we.send(udp().to(everybody).data(b"abc").to_mac(EVERYBODY));
    }
    peer.makes_itself_known();
    app.sends_udp(socket, (KERNEL, 9), b"abc");
    we.send(udp().to(KERNEL).data(b"abc").to_mac(KERNEL_MAC));
}

#[test]
fn bc_3_who_did_not_ask_for_broadcasts_sends_none() {
    let story = Story::on_ethernet(
        "A socket sends to everybody only if its application said that it wants to",
        "RFC 1122, 3.3.6 (BC-3)",
    );
    let Cast { app, nothing, .. } = story.cast();

    let socket = app.opens_udp(7);
    for everybody in [[255; 4], [192, 0, 2, 255]] {
        app.cannot_send_udp(socket, (everybody, 9), b"abc", Error::PermissionDenied);
    }
    nothing.is_sent();
}

#[test]
fn bc_4_a_datagram_for_one_in_a_frame_for_all_is_dropped() {
    let story = Story::on_ethernet(
        "A datagram for one host that came in a frame for many is dropped in silence",
        "RFC 1122, 3.3.6 (BC-4)",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.opens_udp(7);
    let all_hosts = MacAddress::new([0x01, 0x00, 0x5e, 0, 0, 1]);
    for many in [EVERYBODY, all_hosts] {
        for packet in [udp().to_port(7), udp().to_port(8)] {
            peer.sends(packet.to_mac(many));
            we.drop_it_as(Counter::Ipv4LinkBroadcast);
        }
    }
    app.receives_no_udp(socket);
    nothing.is_sent_for(seconds(60));

    peer.sends(udp().to_port(7).to([255; 4]).data(b"abc"));
    app.receives_udp(socket, b"abc");
}

#[test]
fn icmp_22_a_ping_to_all_is_not_answered() {
    let story = Story::on_ethernet(
        "An echo request to a broadcast or multicast address is not answered",
        "RFC 1122, 3.2.2.6 (ICMP-22, a MAY)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.makes_itself_known();
    for everybody in FORMS.into_iter().chain([ALL_HOSTS]) {
        peer.sends(echo_request().to(everybody));
        we.drop_it_as(Counter::IcmpEchoToMany);
    }
    nothing.is_sent();
}

#[test]
fn ip_11_an_answer_to_all_comes_from_one_address() {
    let story = Story::new(
        "Whoever was asked by broadcast answers from its own address",
        "RFC 1122, 3.2.1.3 (IP-11) and 3.3.4.2 (ROUTE-7)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().from_port(40_000).to_port(7).to([192, 0, 2, 255]).data(b"abc"));
    let metadata = app.receives_udp(socket, b"abc");
    app.sends_udp(socket, metadata.source, b"abc");
    we.send(udp().from(STACK).to(KERNEL).from_port(7).to_port(40_000).data(b"abc"));
}

#[test]
fn mc_1_a_group_is_heard_by_its_members() {
    let story = Story::on_ethernet(
        "The group of all hosts is heard from the start, another one after joining it",
        "RFC 1122, 3.3.7 (MC-1)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.sends(udp().to_port(7).to(ALL_HOSTS).data(b"abc"));
    let metadata = app.receives_udp(socket, b"abc");
    assert_eq!(metadata.delivery, Delivery::Multicast);

    peer.sends(udp().to_port(7).to(GROUP));
    we.drop_it_as(Counter::EthernetNotForUs);
    let joined = |stack: &mut Stack, _| stack.join_group(packet::InterfaceId(0), GROUP.into());
    assert!(app.does("joins the group", joined));
    peer.sends(udp().to_port(7).to(GROUP).data(b"abc"));
    app.receives_udp(socket, b"abc");
    app.does("leaves the group", |stack, _| {
        stack.leave_group(packet::InterfaceId(0), GROUP.into());
    });
    peer.sends(udp().to_port(7).to(GROUP));
    we.drop_it_as(Counter::EthernetNotForUs);
}

#[test]
fn mc_1_a_datagram_to_a_group_leaves_in_a_frame_to_the_group() {
    let story = Story::on_ethernet(
        "A datagram to a group leaves at once, to the group's own MAC address, and goes no further",
        "RFC 1122, 3.3.7 (MC-1); RFC 1112, 6.1 and 6.4",
    );
    let Cast { we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    let of_group = MacAddress::new([0x01, 0x00, 0x5e, 1, 2, 3]);
    app.sends_udp(socket, (GROUP, 9), b"abc");
    we.send(udp().to(GROUP).ttl(1).data(b"abc").to_mac(of_group));
}
