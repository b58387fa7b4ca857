//! Who may make an entry, who may change one, who gets an answer.

use crate::lab::{Lab, OUR_MAC, ip, mac, names, reply, request};
use arp::{Config, Defence, Due, Ignored, Learned, Message, NeighbourState, Refusal, Sent};
use ethernet::MacAddress;

const NOBODY: MacAddress = MacAddress::new([0; 6]);

#[test]
fn arp_7_talk_between_others_makes_no_entry_but_keeps_one_up_to_date() {
    let mut lab = Lab::new();
    let to_another = request(mac(1), ip(1), ip(9));
    let announcement = request(mac(1), ip(1), ip(1));
    let between = Message { target: ip(9), target_hardware: mac(9), ..reply(mac(1), ip(1)) };
    for message in [to_another, announcement, between] {
        assert_eq!(lab.ignores(&message, Ignored::NotForUs), None);
    }
    for message in [to_another, announcement, between] {
        let mut lab = Lab::new();
        lab.knows(1);
        assert_eq!(lab.hears(&message).learned, Learned::Unchanged);
        lab.passes(1000);
        let moved = Message { sender_hardware: mac(77), ..message };
        let outcome = lab.hears(&moved);
        assert_eq!(outcome.learned, Learned::Moved { from: mac(1) });
        assert_eq!((outcome.reply, outcome.released.is_none()), (None, true));
        assert_eq!(lab.state(1), Some(NeighbourState::Stale));
        assert_eq!(lab.sends(1), mac(77));
    }
}

#[test]
fn arp_7_whoever_shows_the_address_that_we_look_for_is_believed() {
    let mut lab = Lab::new();
    lab.waits(1, "packet");
    assert_eq!(lab.asks().len(), 1);
    let outcome = lab.hears(&request(mac(1), ip(1), ip(1)));
    assert_eq!(outcome.learned, Learned::Resolved);
    assert_eq!(names(&outcome.released.unwrap().payloads), ["packet"]);
}

#[test]
fn a_request_for_another_host_is_not_answered() {
    let mut lab = Lab::new();
    lab.knows(1);
    for target in [ip(1), ip(3), ip(0), ip(255), [0, 0, 0, 0].into(), [198, 51, 100, 2].into()] {
        assert_eq!(lab.hears(&request(mac(1), ip(1), target)).reply, None);
    }
    assert_eq!(lab.hears(&reply(mac(1), ip(1))).reply, None);
}

#[test]
fn a_reply_that_nobody_asked_for_makes_no_entry() {
    let mut lab = Lab::new();
    assert_eq!(lab.ignores(&reply(mac(1), ip(1)), Ignored::Unasked), None);
}

#[test]
fn an_answer_that_comes_too_late_for_its_entry_is_still_an_answer() {
    let forgetful = Config {
        reachable_time: std::time::Duration::ZERO,
        stale_time: std::time::Duration::ZERO,
        ..Config::default()
    };
    let mut lab = Lab::with("192.0.2.2/24", forgetful);
    lab.waits(1, "packet");
    assert_eq!(lab.asks().len(), 1);
    lab.passes(999);
    assert_eq!(lab.hears(&reply(mac(1), ip(1))).learned, Learned::Resolved);
    assert!(lab.due().is_empty() && lab.arp.neighbours().is_empty());
    assert_eq!(lab.hears(&reply(mac(1), ip(1))).learned, Learned::Created);
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
    assert!(lab.due().is_empty() && lab.arp.neighbours().is_empty());
    lab.passes(1);
    assert_eq!(lab.ignores(&reply(mac(1), ip(1)), Ignored::Unasked), None);
}

#[test]
fn only_an_answer_to_us_shows_that_we_are_heard() {
    let answer = reply(mac(1), ip(1));
    let not_quite = [
        request(mac(1), ip(1), ip(2)),
        Message { target: ip(9), ..answer },
        Message { target_hardware: mac(9), ..answer },
    ];
    for message in not_quite {
        let mut lab = Lab::new();
        lab.waits(1, "packet");
        assert_eq!(lab.asks().len(), 1);
        assert_eq!(lab.hears(&message).learned, Learned::Resolved);
        assert_eq!(lab.state(1), Some(NeighbourState::Delay), "{message:?}");
    }
    // Nor does a reply long after the question.
    let mut lab = Lab::new();
    lab.knows(1);
    lab.runs(40_000);
    assert_eq!(lab.hears(&answer).learned, Learned::Unchanged);
    assert_eq!(lab.state(1), Some(NeighbourState::Stale));
}

#[test]
fn of_two_answers_the_first_is_believed() {
    let mut lab = Lab::new();
    lab.knows(1);
    for message in [reply(mac(66), ip(1)), request(mac(66), ip(1), ip(1))] {
        assert_eq!(lab.ignores(&message, Ignored::Locked), None);
    }
    // Though it is not believed, it is answered.
    assert!(lab.ignores(&request(mac(66), ip(1), ip(2)), Ignored::Locked).is_some());
    lab.passes(999);
    lab.ignores(&reply(mac(66), ip(1)), Ignored::Locked);
    assert_eq!(lab.sends(1), mac(1));
    lab.passes(1);
    let moved = Learned::Moved { from: mac(1) };
    assert_eq!(lab.hears(&reply(mac(66), ip(1))).learned, moved);
}

#[test]
fn a_neighbour_that_answers_from_another_card_is_reachable_there() {
    let mut lab = Lab::new();
    lab.knows(1);
    lab.runs(31_000);
    assert_eq!(lab.sends(1), mac(1));
    lab.runs(5000);
    assert_eq!(lab.state(1), Some(NeighbourState::Probe));
    assert_eq!(lab.hears(&reply(mac(77), ip(1))).learned, Learned::Moved { from: mac(1) });
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
    assert_eq!(lab.sends(1), mac(77));
}

#[test]
fn a_sender_that_cannot_be_gets_neither_entry_nor_answer() {
    let group = MacAddress::new([0x01, 0x00, 0x5e, 0, 0, 1]);
    for hardware in [NOBODY, group, MacAddress::BROADCAST] {
        let asks = request(hardware, ip(1), ip(2));
        assert_eq!(Lab::new().ignores(&asks, Ignored::SenderHardware), None);
        let mut lab = Lab::new();
        lab.waits(1, "packet");
        assert_eq!(lab.ignores(&reply(hardware, ip(1)), Ignored::SenderHardware), None);
    }
    let wrong =
        ["192.0.2.0", "192.0.2.255", "255.255.255.255", "224.0.0.1", "127.0.0.1", "0.0.0.1"];
    for sender in wrong {
        let asks = request(mac(1), sender.parse().unwrap(), ip(2));
        assert_eq!(Lab::new().ignores(&asks, Ignored::SenderAddress), None);
    }
    let no_probe = reply(mac(1), [0, 0, 0, 0].into());
    assert_eq!(Lab::new().ignores(&no_probe, Ignored::SenderAddress), None);
    let echo = request(OUR_MAC, ip(2), ip(1));
    assert_eq!(Lab::new().ignores(&echo, Ignored::OurOwn), None);
    assert_eq!(Lab::new().ignores(&request(OUR_MAC, ip(1), ip(2)), Ignored::OurOwn), None);
}

#[test]
fn arp_9_our_address_at_another_host_is_noticed_and_makes_no_entry() {
    let mut lab = Lab::new();
    for message in [request(mac(9), ip(2), ip(2)), request(mac(9), ip(2), ip(1))] {
        assert_eq!(lab.ignores(&message, Ignored::Conflict), None);
    }
    lab.ignores(&reply(mac(9), ip(2)), Ignored::Conflict);
}

#[test]
fn a_probe_for_our_address_is_answered_and_makes_no_entry() {
    let mut lab = Lab::new();
    let unspecified = [0, 0, 0, 0].into();
    let answer = lab.ignores(&request(mac(9), unspecified, ip(2)), Ignored::Probe).unwrap();
    assert_eq!(answer.destination, mac(9));
    assert_eq!((answer.message.sender, answer.message.target), (ip(2), unspecified));
    assert_eq!(lab.ignores(&request(mac(9), unspecified, ip(1)), Ignored::Probe), None);
}

#[test]
fn arp_6_a_host_of_another_network_gets_its_answer_but_no_entry() {
    let mut lab = Lab::new();
    let foreigner = [198, 51, 100, 1].into();
    let asks = request(mac(9), foreigner, ip(2));
    assert_eq!(lab.ignores(&asks, Ignored::Foreign).unwrap().destination, mac(9));
    assert_eq!(lab.ignores(&request(mac(9), foreigner, ip(1)), Ignored::Foreign), None);
    assert_eq!(lab.ignores(&reply(mac(9), foreigner), Ignored::Foreign), None);
}

fn claiming(defence: Defence) -> Lab {
    Lab::with("192.0.2.2/24", Config { claim: Some(defence), ..Config::default() })
}

/// Lets time pass until the address is ours.
fn claim(lab: &mut Lab) {
    let happened = lab.runs(10_000);
    let claimed = |(_, due): &(u64, Due)| matches!(due, Due::AddressClaimed);
    assert_eq!(happened.iter().filter(|step| claimed(step)).count(), 1, "{happened:?}");
}

#[test]
fn arp_9_an_address_that_is_being_claimed_is_not_used() {
    let mut lab = claiming(Defence::Once);
    assert!(!lab.arp.address_is_in_use());
    let sent = lab.send_to(ip(1), "too early");
    let refused = Refusal::AddressNotInUse;
    assert!(matches!(sent, Sent::Refused { reason, .. } if reason == refused), "{sent:?}");
    let asks = request(mac(1), ip(1), ip(2));
    assert_eq!(lab.ignores(&asks, Ignored::AddressNotInUse), None);
    claim(&mut lab);
    assert!(lab.arp.address_is_in_use());
    assert!(lab.hears(&asks).reply.is_some());
    lab.knows(3);
}

#[test]
fn arp_9_packets_that_wait_come_back_when_the_address_is_lost() {
    let mut lab = claiming(Defence::Once);
    claim(&mut lab);
    lab.knows(1);
    lab.waits(3, "third");
    lab.waits(4, "fourth");
    assert_eq!(lab.asks().len(), 2);

    let conflict = request(mac(9), ip(2), ip(2));
    lab.ignores(&conflict, Ignored::Conflict);
    let defence = lab.due();
    let [Due::Send(defence)] = defence.as_slice() else { panic!("{defence:?}") };
    assert!(defence.destination.is_broadcast());
    assert!(lab.arp.address_is_in_use());

    lab.ignores(&conflict, Ignored::AddressNotInUse);
    assert!(!lab.arp.address_is_in_use());
    let due = lab.due();
    let [Due::AddressLost { to }, Due::Unreachable(third), Due::Unreachable(fourth)] =
        due.as_slice()
    else {
        panic!("{due:?}")
    };
    assert_eq!((*to, third.next_hop, fourth.next_hop), (mac(9), ip(3), ip(4)));
    assert_eq!(names(&third.payloads), ["third"]);
    assert!(lab.arp.neighbours().is_empty());
    assert_eq!((lab.arp.waiting(), lab.arp.next_deadline()), (0, None));
    assert_eq!(lab.ignores(&request(mac(1), ip(1), ip(2)), Ignored::AddressNotInUse), None);
}
