//! Stories of Ethernet frames: which are taken, and what they look like when they leave.

use stack::Counter;
use story::*;

/// A host that is neither the peer nor us.
const STRANGER_MAC: MacAddress = MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, 0x63]);

#[test]
fn eth_1_and_4_packets_travel_in_ethernet_frames() {
    let story = Story::on_ethernet(
        "A ping comes and its answer leaves in an Ethernet II frame, to the address ARP found",
        "RFC 1122, 2.3.3 (ETH-1, ETH-4)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_request().data(b"abc"));
    we.send(arp_request().from_mac(STACK_MAC).to_mac(EVERYBODY));
    peer.sends(arp_reply());
    we.send(echo_reply().data(b"abc").from_mac(STACK_MAC).to_mac(KERNEL_MAC));
}

#[test]
fn eth_2_and_3_802_frames_are_taken_and_never_sent() {
    let story = Story::on_ethernet(
        "Frames with 802.2 and SNAP are taken as well, mixed with others; ours are Ethernet II",
        "RFC 1122, 2.3.3 (ETH-2, ETH-3); RFC 1042",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.makes_itself_known();
    peer.sends(echo_request().data(b"abc").snap());
    we.send(echo_reply().data(b"abc"));
    peer.sends(echo_request().data(b"abc"));
    we.send(echo_reply().data(b"abc"));
    peer.sends(echo_request().data(b"abc").snap().padded_to(60));
    we.send(echo_reply().data(b"abc"));
    we.have_counted(2, Counter::EthernetSnap);
}

#[test]
fn eth_2_other_802_frames_are_dropped() {
    let story = Story::on_ethernet(
        "A frame with a length and something else than SNAP is dropped",
        "RFC 1122, 2.3.3 (ETH-2)",
    );
    let Cast { peer, we, .. } = story.cast();

    let spanning_tree = [&[0x42, 0x42, 3][..], &[0; 35]].concat();
    peer.sends(frame_of_type(38, &spanning_tree).to_mac(EVERYBODY));
    we.drop_it_as(Counter::EthernetOtherLlc);
    peer.sends(echo_request().snap().byte(14, 0xab));
    we.drop_it_as(Counter::EthernetOtherLlc);
    // A length beyond the frame, and one too short for the header of SNAP.
    peer.sends(echo_request().snap().byte(13, 200));
    we.drop_it_as(Counter::EthernetOtherLlc);
    peer.sends(echo_request().snap().byte(13, 7));
    we.drop_it_as(Counter::EthernetOtherLlc);
}

#[test]
fn eth_5_and_bc_4_the_link_layer_tells_whom_a_frame_was_for() {
    let story = Story::on_ethernet(
        "A datagram for us alone in a frame for many is dropped in silence",
        "RFC 1122, 2.4 (ETH-5) and 3.3.6 (BC-4)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.makes_itself_known();
    let all_hosts = MacAddress::new([0x01, 0x00, 0x5e, 0, 0, 1]);
    for many in [EVERYBODY, all_hosts] {
        peer.sends(echo_request().to_mac(many));
        we.drop_it_as(Counter::Ipv4LinkBroadcast);
    }
    nothing.is_sent();
    peer.sends(echo_request().to_mac(STACK_MAC));
    we.send(echo_reply());
}

#[test]
fn eth_6_trailers_are_not_understood() {
    let story = Story::on_ethernet(
        "A frame whose headers come last is of a type that nobody here speaks",
        "RFC 1122, 2.3.1 (ETH-6)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.makes_itself_known();
    for blocks in 1..=15 {
        peer.sends(echo_request().data([7; 512]).of_ether_type(0x1000 + blocks));
        we.drop_it_as(Counter::EthernetUnknownType);
    }
    peer.sends(echo_request().data([7; 512]));
    we.send(echo_reply().data([7; 512]));
}

#[test]
fn a_frame_for_another_station_is_dropped() {
    let story = Story::on_ethernet(
        "TAP hands over every frame; those for other stations and foreign groups are not ours",
        "RFC 894",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    let spanning_tree = MacAddress::new([0x01, 0x80, 0xc2, 0, 0, 0]);
    let other_group = MacAddress::new([0x01, 0x00, 0x5e, 0, 0, 251]);
    for other in [STRANGER_MAC, KERNEL_MAC, spanning_tree, other_group] {
        peer.sends(arp_request().to_mac(other));
        we.drop_it_as(Counter::EthernetNotForUs);
        peer.sends(echo_request().to_mac(other));
        we.drop_it_as(Counter::EthernetNotForUs);
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn a_frame_from_a_group_or_from_ourselves_is_dropped() {
    let story = Story::on_ethernet(
        "No frame comes from a group, and none of ours comes back",
        "RFC 894; RFC 1122, 1.2.2 (ROB-1)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for source in [EVERYBODY, MacAddress::new([0x01, 0x00, 0x5e, 0, 0, 1]), STACK_MAC] {
        peer.sends(arp_request().from_mac(source));
        we.drop_it_as(Counter::EthernetBadSource);
        peer.sends(echo_request().from_mac(source));
        we.drop_it_as(Counter::EthernetBadSource);
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn a_frame_of_an_unknown_kind_is_dropped_by_name() {
    let story = Story::on_ethernet(
        "What is not IPv4 or ARP is counted for what it is",
        "RFC 1122, 3.1 (IP-2)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(echo_request().vlan(42));
    we.drop_it_as(Counter::EthernetVlan);
    peer.sends(frame_of_type(0x86dd, &[0x60; 40]));
    we.drop_it_as(Counter::Ipv6NotSupported);
    for ether_type in [0x88cc, 0x9000, 0xffff] {
        peer.sends(frame_of_type(ether_type, b"anything"));
        we.drop_it_as(Counter::EthernetUnknownType);
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn rob_1_a_frame_without_a_whole_header_is_dropped() {
    let story = Story::on_ethernet(
        "A frame that ends in its header is dropped, and one that ends behind it holds nothing",
        "RFC 894; RFC 1122, 1.2.2 (ROB-1)",
    );
    let Cast { peer, we, .. } = story.cast();

    for length in 0..14 {
        peer.sends(echo_request().in_frame().truncated_to(length));
        we.drop_it_as(Counter::EthernetTruncated);
    }
    peer.sends(echo_request().in_frame().truncated_to(14));
    we.drop_it_as(Counter::Ipv4Truncated);
    peer.sends(arp_request().in_frame().truncated_to(14));
    we.drop_it_as(Counter::ArpMalformed);
}

#[test]
fn ip_29_padding_up_to_the_least_frame_is_cut_off() {
    let story = Story::on_ethernet(
        "What fills a frame up to 60 bytes is no part of the datagram",
        "RFC 894; RFC 791, 3.1 (IP-29)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    peer.makes_itself_known();
    peer.sends(echo_request().data(b"abc").padded_to(60));
    we.send(echo_reply().data(b"abc"));
    peer.sends(udp().to_port(7).data(b"abc").padded_to(60));
    app.receives_udp(socket, b"abc");
}
