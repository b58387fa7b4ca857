//! From the first packet for a neighbour to its answer, or to none.

use crate::lab::{Lab, OUR_MAC, ip, mac, name, names, payload, reply, request};
use arp::{
    Due, Learned, Message, NeighbourState, Outcome, Outgoing, Payload, Refusal, Released, Sent,
    WAITING_PER_NEIGHBOUR,
};
use ethernet::MacAddress;
use packet::{Segmentation, SegmentationKind, TransmitOffload};

#[test]
fn arp_4_the_packet_for_which_we_asked_is_sent_when_the_answer_comes() {
    // Classic mistake 9.
    let mut lab = Lab::new();
    lab.waits(1, "first");
    assert_eq!(lab.asks(), [(MacAddress::BROADCAST, ip(1))]);
    lab.passes(1);
    lab.waits(1, "second");
    assert!(lab.asks().is_empty());
    let Outcome { reply, learned, released } = lab.hears(&reply(mac(1), ip(1)));
    assert_eq!((reply, learned), (None, Learned::Resolved));
    let Some(Released { to, payloads }) = released else { panic!("they stay behind") };
    assert_eq!((to, names(&payloads)), (mac(1), vec!["first".into(), "second".into()]));
    assert_eq!((lab.arp.waiting(), lab.arp.waiting_bytes()), (0, 0));
    assert_eq!(lab.sends(1), mac(1));
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
}

#[test]
fn what_the_device_is_to_do_is_kept_with_the_packet() {
    let size = 1448.try_into().unwrap();
    let segmentation = Some(Segmentation { kind: SegmentationKind::Tcp4, size });
    let offload = TransmitOffload { checksum: None, segmentation };
    let mut lab = Lab::new();
    let _ = lab.arp.send(lab.now, ip(1), Payload { offload, ..payload("superframe") });
    let released = lab.hears(&reply(mac(1), ip(1))).released.unwrap();
    assert_eq!(released.payloads[0].offload, offload);
}

#[test]
fn arp_4_the_newest_is_kept_and_the_oldest_given_back() {
    let mut lab = Lab::new();
    for number in 0..WAITING_PER_NEIGHBOUR {
        lab.waits(1, &number.to_string());
    }
    let Sent::Waiting { dropped } = lab.send_to(ip(1), "newest") else { panic!("it must wait") };
    assert_eq!(names(&dropped), ["0"]);
    assert_eq!(lab.arp.waiting(), WAITING_PER_NEIGHBOUR);
    assert!(lab.arp.waiting_bytes() > WAITING_PER_NEIGHBOUR);
    let released = lab.hears(&reply(mac(1), ip(1))).released.unwrap();
    assert_eq!(names(&released.payloads).last().unwrap(), "newest");
}

#[test]
fn arp_2_a_silent_neighbour_is_asked_once_a_second_however_much_is_sent() {
    let mut lab = Lab::new();
    let mut asked = Vec::new();
    for millisecond in 0..2990 {
        if millisecond % 50 == 0 {
            lab.waits(1, &millisecond.to_string());
        }
        if !lab.asks().is_empty() {
            asked.push(millisecond);
        }
        lab.passes(1);
    }
    assert_eq!(asked, [0, 1000, 2000]);
}

#[test]
fn arp_5_only_a_neighbour_that_was_asked_three_times_is_reported() {
    let mut lab = Lab::new();
    lab.waits(1, "first");
    assert_eq!(lab.asks().len(), 1);
    lab.passes(1500);
    lab.waits(1, "second");
    assert_eq!(lab.asks().len(), 1);
    lab.passes(1000);
    assert_eq!(lab.asks().len(), 1);
    lab.passes(999);
    assert!(lab.due().is_empty());
    lab.passes(1);
    let unreachable = lab.gives_up();
    assert_eq!(unreachable.next_hop, ip(1));
    assert_eq!(names(&unreachable.payloads), ["first", "second"]);
    assert!(lab.arp.neighbours().is_empty());
    assert_eq!(lab.arp.next_deadline(), None);

    // The next packet begins anew.
    lab.waits(1, "third");
    assert_eq!(lab.asks(), [(MacAddress::BROADCAST, ip(1))]);
}

#[test]
fn arp_2_giving_up_does_not_make_us_ask_sooner() {
    let mut lab = Lab::new();
    let mut asked = Vec::new();
    for turn in 0..20 {
        let _ = lab.send_to(ip(1), "again and again");
        for (after, due) in lab.runs(500) {
            if matches!(due, Due::Send(_)) {
                asked.push(turn * 500 + after);
            }
        }
    }
    assert!(asked.len() >= 9, "{asked:?}");
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= 1000), "{asked:?}");
}

#[test]
fn somebody_who_asks_for_us_is_known_when_the_answer_leaves() {
    let mut lab = Lab::new();
    let outcome = lab.hears(&request(mac(1), ip(1), ip(2)));
    let expected = Outgoing {
        destination: mac(1),
        message: Message { target_hardware: mac(1), target: ip(1), ..reply(OUR_MAC, ip(2)) },
    };
    assert_eq!(outcome.reply, Some(expected));
    assert_eq!(outcome.learned, Learned::Created);
    assert_eq!(lab.state(1), Some(NeighbourState::Stale));
    assert_eq!(lab.sends(1), mac(1));
}

#[test]
fn arp_6_a_request_that_crosses_ours_is_answered_and_taken_for_an_answer() {
    let mut lab = Lab::new();
    lab.waits(1, "first");
    assert_eq!(lab.asks().len(), 1);
    let outcome = lab.hears(&request(mac(1), ip(1), ip(2)));
    assert!(outcome.reply.is_some());
    assert_eq!(outcome.learned, Learned::Resolved);
    assert_eq!(names(&outcome.released.unwrap().payloads), ["first"]);
    // It speaks; whether it hears us is still to be seen.
    assert_eq!(lab.state(1), Some(NeighbourState::Delay));
    assert_eq!(lab.hears(&reply(mac(1), ip(1))).learned, Learned::Confirmed);
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
}

#[test]
fn groups_and_everybody_are_reached_without_asking() {
    let mut lab = Lab::new();
    for (address, expected) in [
        ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
        ("192.0.2.255", "ff:ff:ff:ff:ff:ff"),
        ("224.0.0.251", "01:00:5e:00:00:fb"),
    ] {
        match lab.send_to(address.parse().unwrap(), "to all") {
            Sent::Now { to, payload } => {
                assert_eq!(
                    (to.to_string().as_str(), name(&payload).as_str()),
                    (expected, "to all")
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(lab.arp.neighbours().is_empty());
}

#[test]
fn what_is_no_neighbour_is_refused_with_its_packet() {
    let mut lab = Lab::new();
    for address in ["192.0.2.2", "192.0.2.0", "198.51.100.1", "0.0.0.0", "127.0.0.1"] {
        match lab.send_to(address.parse().unwrap(), "stray") {
            Sent::Refused { payload, reason: Refusal::NotANeighbour } => {
                assert_eq!(name(&payload), "stray");
            }
            other => panic!("{address}: {other:?}"),
        }
    }
    assert!(lab.arp.neighbours().is_empty() && lab.due().is_empty());
}
