//! Stories of ARP: who is answered, what is learnt from whom, and what happens to datagrams
//! meanwhile.

use arp::Defence;
use stack::{Counter, Stack};
use story::*;
use udp::Cause;

/// A host that is neither the peer nor us.
const STRANGER_MAC: MacAddress = MacAddress::new([0x02, 0x00, 0x5e, 0x00, 0x02, 0x63]);

/// Its address.
const STRANGER: [u8; 4] = [192, 0, 2, 99];

/// The stranger says where it is. Others would have to speak from its MAC address as well.
fn by_the_stranger(arp: Arp) -> EthernetFrame<Arp> {
    arp.sender(STRANGER).sender_mac(STRANGER_MAC).from_mac(STRANGER_MAC)
}

#[test]
fn arp_6_who_asks_for_us_is_answered_and_known() {
    let story = Story::on_ethernet(
        "A request for our address is answered, and the one who asked need not be asked",
        "RFC 826 (ARP-6)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(arp_request().who_has(STACK));
    we.send(arp_reply().sender(STACK).sender_mac(STACK_MAC).target(KERNEL).target_mac(KERNEL_MAC));
    peer.sends(echo_request().data(b"abc"));
    we.send(echo_reply().data(b"abc"));
    nothing.is_sent();
}

#[test]
fn arp_6_a_question_to_us_alone_is_answered_too() {
    let story = Story::on_ethernet(
        "A request that came to our MAC address alone, or padded, is answered as well",
        "RFC 826 (ARP-6)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(arp_request().to_mac(STACK_MAC));
    we.send(arp_reply());
    peer.sends(arp_request().padded_to(60));
    we.send(arp_reply());
    peer.sends(arp_request().snap());
    we.send(arp_reply());
}

#[test]
fn arp_6_a_question_for_another_is_not_ours_to_answer() {
    let story = Story::on_ethernet(
        "A request for another host's address is not answered, and its sender not remembered",
        "RFC 826 (ARP-6, ARP-7)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for other in [[192, 0, 2, 3], [192, 0, 2, 255], [198, 51, 100, 2], [255; 4], [0; 4]] {
        peer.sends(arp_request().who_has(other));
        we.drop_it_as(Counter::ArpNotForUs);
    }
    nothing.is_sent();
    peer.sends(echo_request());
    we.send(arp_request().who_has(KERNEL));
}

#[test]
fn arp_6_a_probe_for_our_address_is_answered() {
    let story = Story::on_ethernet(
        "Who probes for our address learns that it is taken",
        "RFC 5227, 2.1 (ARP-9) and RFC 826 (ARP-6)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(arp_probe());
    we.send(arp_reply().target([0, 0, 0, 0]));
    nothing.is_sent_for(seconds(60));
}

#[test]
fn arp_4_the_first_answer_of_a_cold_cache_is_not_lost() {
    let story = Story::on_ethernet(
        "What is to be sent to a host that we do not know waits until it has said where it is",
        "RFC 1122, 2.3.2.2 (ARP-4) and 2.3.3 (ETH-4)",
    );
    let Cast { peer, we, time, nothing, .. } = story.cast();

    peer.sends(echo_request().sequence_number(1));
    we.send(arp_request().who_has(KERNEL));
    time.passes(ms(200));
    peer.sends(echo_request().sequence_number(2));
    nothing.is_sent();

    peer.sends(arp_reply());
    we.send(echo_reply().sequence_number(1));
    we.send(echo_reply().sequence_number(2));
    peer.sends(echo_request().sequence_number(3));
    we.send(echo_reply().sequence_number(3));
    nothing.is_sent_for(seconds(30));
}

#[test]
fn arp_4_fragments_wait_together() {
    let story = Story::on_ethernet(
        "All fragments of a datagram wait for the neighbour's answer",
        "RFC 1122, 2.3.2.2 (ARP-4)",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.opens_udp(7);
    app.sends_udp(socket, (KERNEL, 9), &[7; 20_000]);
    we.send(arp_request().who_has(KERNEL));
    peer.sends(arp_reply());
    we.send_in_fragments(udp().to_port(9).data([7; 20_000]));
}

#[test]
fn arp_4_only_so_many_datagrams_wait() {
    let story = Story::on_ethernet(
        "Of too many datagrams that wait for a neighbour the newest are kept",
        "RFC 1122, 2.3.2.2 (ARP-4)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_request().sequence_number(0));
    we.send(arp_request().who_has(KERNEL));
    for sequence_number in 1..64 {
        peer.sends(echo_request().sequence_number(sequence_number));
    }
    peer.sends(echo_request().sequence_number(64));
    we.drop_it_as(Counter::ArpQueueFull);
    peer.sends(arp_reply());
    for sequence_number in 1..=64 {
        we.send(echo_reply().sequence_number(sequence_number));
    }
}

#[test]
fn arp_2_a_silent_neighbour_is_asked_once_a_second() {
    let story = Story::on_ethernet(
        "However much is to be sent to a silent neighbour, it is asked once a second",
        "RFC 1122, 2.3.2.1 (ARP-2)",
    );
    let Cast { peer, we, time, nothing, .. } = story.cast();

    peer.sends(echo_request());
    we.send(arp_request().who_has(KERNEL));
    for _ in 0..2 {
        for _ in 0..9 {
            time.passes(ms(100));
            peer.sends(echo_request());
            nothing.is_sent();
        }
        we.send_after(ms(100), arp_request().who_has(KERNEL));
    }
    nothing.is_sent_for(seconds(60));
    we.have_counted(3, Counter::ArpSent);
    we.have_counted(19, Counter::ArpUnreachable);
}

#[test]
fn arp_2_it_may_be_asked_again_later() {
    let story = Story::on_ethernet(
        "A neighbour that did not answer is asked anew for the next datagram",
        "RFC 1122, 2.3.2.1 (ARP-2)",
    );
    let Cast { peer, we, anything, .. } = story.cast();

    peer.sends(echo_request());
    anything.may_be_sent_for(seconds(10));
    peer.sends(echo_request());
    we.send(arp_request().who_has(KERNEL));
    peer.sends(arp_reply());
    we.send(echo_reply());
}

#[test]
fn arp_5_a_missing_entry_is_no_error() {
    let story = Story::on_ethernet(
        "That a neighbour is not known yet is no error; that it never answers is one",
        "RFC 1122, 2.4 (ARP-5) and 3.2.2.1 (ICMP-11)",
    );
    let Cast { we, app, time, .. } = story.cast();

    let socket = app.opens_udp(7);
    app.sends_udp(socket, (KERNEL, 9), b"abc");
    we.send(arp_request());
    we.send_after(seconds(1), arp_request());
    we.send_after(seconds(1), arp_request());
    app.finds("no report yet", |stack: &mut Stack, now| {
        let report = stack.udp(now).take_report(socket);
        if report == Ok(None) { Ok(()) } else { Err(format!("there is {report:?}")) }
    });
    time.passes(seconds(1));
    app.is_told(socket, Cause::HostUnreachable, STACK);
}

#[test]
fn arp_1_a_neighbour_is_asked_again_in_time() {
    let story = Story::on_ethernet(
        "A neighbour not heard of for long is asked by itself, and forgotten if it is silent",
        "RFC 1122, 2.3.2.1 (ARP-1)",
    );
    let Cast { peer, we, time, nothing, .. } = story.cast();

    peer.sends(echo_request());
    we.send(arp_request());
    peer.sends(arp_reply());
    we.send(echo_reply());

    // Half a minute it counts as there. After that datagrams leave at once all the same.
    time.passes(seconds(31));
    peer.sends(echo_request());
    we.send(echo_reply());
    we.send_after(seconds(5), arp_request().to_mac(KERNEL_MAC));
    peer.sends(arp_reply());
    nothing.is_sent_for(seconds(31));

    peer.sends(echo_request());
    we.send(echo_reply());
    we.send_after(seconds(5), arp_request().to_mac(KERNEL_MAC));
    we.send_after(seconds(1), arp_request().to_mac(KERNEL_MAC));
    we.send_after(seconds(1), arp_request().to_mac(KERNEL_MAC));
    time.passes(seconds(1));
    peer.sends(echo_request());
    we.send(arp_request().to_mac(EVERYBODY));
}

#[test]
fn arp_1_a_neighbour_that_nobody_needs_is_forgotten_in_silence() {
    let story = Story::on_ethernet(
        "Without traffic nobody is asked, and what is not used is forgotten",
        "RFC 1122, 2.3.2.1 (ARP-1) and 3.3.1.4 (ROUTE-4)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.makes_itself_known();
    nothing.is_sent_for(seconds(61));
    peer.sends(echo_request());
    we.send(arp_request().who_has(KERNEL));
}

#[test]
fn arp_3_the_timeout_can_be_set() {
    let story = Story::on_ethernet_with(
        "How long a neighbour counts as there can be set",
        "RFC 1122, 2.3.2.1 (ARP-3)",
        |interface| interface.arp.reachable_time = seconds(600),
    );
    let Cast { peer, we, time, nothing, .. } = story.cast();

    peer.sends(echo_request());
    we.send(arp_request());
    peer.sends(arp_reply());
    we.send(echo_reply());
    time.passes(seconds(599));
    peer.sends(echo_request());
    we.send(echo_reply());
    nothing.is_sent_for(seconds(10));
}

#[test]
fn arp_7_an_entry_follows_its_neighbour() {
    let story = Story::on_ethernet(
        "A neighbour with a new MAC address is found there, whomever its packet was for",
        "RFC 826 (ARP-7)",
    );
    let Cast { peer, we, time, .. } = story.cast();

    let moved = |arp: Arp| arp.sender_mac(STRANGER_MAC).from_mac(STRANGER_MAC);
    let back = |arp: Arp| arp;
    peer.makes_itself_known();
    time.passes(seconds(2));
    peer.sends(moved(arp_announcement()));
    peer.sends(echo_request());
    we.send(echo_reply().to_mac(STRANGER_MAC));

    time.passes(seconds(2));
    peer.sends(back(arp_request().who_has(STRANGER)));
    peer.sends(echo_request());
    we.send(echo_reply().to_mac(KERNEL_MAC));

    time.passes(seconds(2));
    peer.sends(moved(arp_reply().target(STRANGER)).to_mac(EVERYBODY));
    peer.sends(echo_request());
    we.send(echo_reply().to_mac(STRANGER_MAC));
}

#[test]
fn arp_7_nobody_is_remembered_who_did_not_ask_for_us() {
    let story = Story::on_ethernet(
        "Announcements, replies that we did not ask for and questions for others make no entry",
        "RFC 826 (ARP-7)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    peer.sends(by_the_stranger(arp_announcement()));
    we.drop_it_as(Counter::ArpNotForUs);
    peer.sends(by_the_stranger(arp_reply().target(KERNEL)));
    we.drop_it_as(Counter::ArpNotForUs);
    peer.sends(by_the_stranger(arp_reply()));
    we.drop_it_as(Counter::ArpUnasked);
    nothing.is_sent();
    peer.sends(echo_request().from(STRANGER).from_mac(STRANGER_MAC));
    we.send(arp_request().who_has(STRANGER));
}

#[test]
fn arp_7_the_first_of_two_answers_is_believed() {
    let story = Story::on_ethernet(
        "Within a second of an answer nobody else can take the neighbour's place",
        "RFC 826 (ARP-7)",
    );
    let Cast { peer, we, .. } = story.cast();

    peer.sends(echo_request());
    we.send(arp_request());
    peer.sends(arp_reply());
    we.send(echo_reply());
    peer.sends(arp_reply().sender_mac(STRANGER_MAC).from_mac(STRANGER_MAC));
    we.drop_it_as(Counter::ArpLocked);
    peer.sends(echo_request());
    we.send(echo_reply().to_mac(KERNEL_MAC));
}

#[test]
fn arp_8_what_is_not_for_ipv4_over_ethernet_is_ignored() {
    let story = Story::on_ethernet(
        "A wrong hardware or protocol type, a wrong length or an unknown operation is ignored",
        "RFC 826 (ARP-8)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for hardware_type in [0, 6, 0x0100, 65_535] {
        peer.sends(arp_request().hardware_type(hardware_type));
        we.drop_it_as(Counter::ArpMalformed);
    }
    for protocol_type in [0, 0x0806, 0x86dd] {
        peer.sends(arp_request().protocol_type(protocol_type));
        we.drop_it_as(Counter::ArpMalformed);
    }
    for length in [0, 5, 7, 255] {
        peer.sends(arp_request().hardware_length(length));
        we.drop_it_as(Counter::ArpMalformed);
    }
    for length in [0, 3, 16, 255] {
        peer.sends(arp_request().protocol_length(length));
        we.drop_it_as(Counter::ArpMalformed);
    }
    for operation in [0, 3, 8, 65_535] {
        peer.sends(arp_request().operation(operation));
        we.drop_it_as(Counter::ArpMalformed);
    }
    for length in 0..28 {
        peer.sends(arp_request().truncated_to(length));
        we.drop_it_as(Counter::ArpMalformed);
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn arp_8_a_sender_that_cannot_be_is_ignored() {
    let story = Story::on_ethernet(
        "A packet in the name of a group, of ourselves or of a foreign network teaches nothing",
        "RFC 826 (ARP-8)",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for mac in [EVERYBODY, MacAddress::new([1, 0, 0x5e, 0, 0, 1]), STACK_MAC, STRANGER_MAC] {
        peer.sends(arp_request().sender_mac(mac));
        we.drop_it_as(Counter::ArpSpoofed);
    }
    for sender in [[192, 0, 2, 255], [224, 0, 0, 1], [127, 0, 0, 1], [255; 4]] {
        peer.sends(arp_request().sender(sender));
        we.drop_it_as(Counter::ArpForeign);
    }
    peer.sends(arp_request().sender(STACK));
    we.drop_it_as(Counter::ArpConflict);
    nothing.is_sent_for(seconds(60));
}

#[test]
fn arp_9_an_address_is_probed_and_announced_before_it_is_used() {
    let story = Story::on_ethernet_with(
        "An address is probed three times, announced twice, and only then used",
        "RFC 5227, 2.1 and 2.3 (ARP-9)",
        |interface| interface.arp.claim = Some(Defence::Once),
    );
    let Cast { peer, we, time, nothing, .. } = story.cast();

    we.send_within(seconds(1), arp_probe());
    peer.sends(echo_request());
    we.drop_it_as(Counter::AddressNotInUse);
    time.passes(ms(999));
    we.send_within(ms(1001), arp_probe());
    peer.sends(arp_request());
    we.drop_it_as(Counter::AddressNotInUse);
    time.passes(ms(999));
    we.send_within(ms(1001), arp_probe());
    we.send_after(seconds(2), arp_announcement());
    we.have_counted(1, Counter::AddressClaimed);
    peer.makes_itself_known();
    we.send_after(seconds(2), arp_announcement());
    nothing.is_sent_for(seconds(60));
}

#[test]
fn arp_9_an_address_that_another_has_is_not_used() {
    let story = Story::on_ethernet_with(
        "If another host has the address, or wants it at the same time, it is not used",
        "RFC 5227, 2.1.1 (ARP-9)",
        |interface| interface.arp.claim = Some(Defence::Once),
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    we.send_within(seconds(1), arp_probe());
    peer.sends(arp_reply().sender(STACK).target([0, 0, 0, 0]));
    we.have_counted(1, Counter::AddressLost);
    nothing.is_sent_for(seconds(60));
    peer.sends(arp_request());
    we.drop_it_as(Counter::AddressNotInUse);
    nothing.is_sent();
}

#[test]
fn arp_9_a_conflict_is_defended_against_once() {
    let story = Story::on_ethernet_with(
        "Our address is defended once in ten seconds, and then left to who insists on it",
        "RFC 5227, 2.4 (ARP-9)",
        |interface| interface.arp.claim = Some(Defence::Once),
    );
    let Cast { peer, we, anything, nothing, .. } = story.cast();

    let conflict = || arp_announcement().sender(STACK);
    anything.may_be_sent_for(seconds(20));
    peer.sends(conflict());
    we.send(arp_announcement());
    nothing.is_sent_for(seconds(9));
    peer.sends(conflict());
    we.have_counted(1, Counter::AddressLost);
    nothing.is_sent_for(seconds(60));
}
