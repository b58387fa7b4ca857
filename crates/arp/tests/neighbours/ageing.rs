//! How old knowledge is renewed, or lost.

use std::time::Duration;

use crate::lab::{Lab, ip, mac, reply, request};
use arp::{Config, Due, Learned, NeighbourState, Sent};
use ethernet::MacAddress;

/// A neighbour to whom a packet was sent 31 seconds after it had answered.
fn used_when_stale() -> Lab {
    let mut lab = Lab::new();
    lab.knows(1);
    assert!(lab.runs(31_000).is_empty());
    assert_eq!(lab.state(1), Some(NeighbourState::Stale));
    assert_eq!(lab.sends(1), mac(1));
    assert_eq!(lab.state(1), Some(NeighbourState::Delay));
    lab
}

#[test]
fn arp_1_a_neighbour_in_use_is_asked_again_while_packets_go_on_leaving() {
    let mut lab = used_when_stale();
    lab.passes(4999);
    assert!(lab.due().is_empty());
    lab.passes(1);
    assert_eq!(lab.asks(), [(mac(1), ip(1))]);
    assert_eq!(lab.state(1), Some(NeighbourState::Probe));
    assert_eq!(lab.sends(1), mac(1));
    assert_eq!(lab.hears(&reply(mac(1), ip(1))).learned, Learned::Confirmed);
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
    assert!(lab.runs(29_999).is_empty());
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
}

#[test]
fn arp_1_a_neighbour_that_went_away_is_forgotten_and_asked_for_by_broadcast() {
    let mut lab = used_when_stale();
    let asked = lab.runs(8000);
    let times: Vec<u64> = asked.iter().map(|&(after, _)| after).collect();
    assert_eq!(times, [5000, 6000, 7000]);
    for (_, due) in asked {
        assert!(matches!(due, Due::Send(probe) if probe.destination == mac(1)), "{due:?}");
    }
    assert!(lab.arp.neighbours().is_empty());
    lab.waits(1, "where are you?");
    assert_eq!(lab.asks(), [(MacAddress::BROADCAST, ip(1))]);
}

#[test]
fn arp_1_a_neighbour_not_used_is_not_asked_but_forgotten() {
    let mut lab = Lab::new();
    lab.knows(1);
    assert!(lab.runs(89_999).is_empty());
    assert_eq!(lab.state(1), Some(NeighbourState::Stale));
    assert!(lab.runs(1).is_empty());
    assert_eq!((lab.state(1), lab.arp.next_deadline()), (None, None));
}

#[test]
fn arp_1_a_neighbour_that_the_layers_above_hear_of_is_not_asked() {
    let mut lab = Lab::new();
    lab.knows(1);
    for _ in 0..200 {
        assert!(lab.runs(1000).is_empty());
        assert_eq!(lab.sends(1), mac(1));
        lab.arp.confirm(lab.now, ip(1));
        assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
    }
    lab.arp.confirm(lab.now, ip(9));
    assert_eq!(lab.arp.neighbours().len(), 1);
}

#[test]
fn advice_ends_the_asking() {
    let mut lab = used_when_stale();
    assert_eq!(lab.runs(5000).len(), 1);
    lab.arp.confirm(lab.now, ip(1));
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
    assert!(lab.runs(10_000).is_empty());
}

#[test]
fn advice_about_one_that_has_not_answered_means_nothing() {
    let mut lab = Lab::new();
    lab.waits(1, "packet");
    lab.arp.confirm(lab.now, ip(1));
    assert_eq!(lab.state(1), Some(NeighbourState::Incomplete));
}

#[test]
fn arp_3_the_times_can_be_set() {
    let reachable_time = Duration::from_secs(3);
    let stale_time = Duration::from_secs(7);
    let config = Config { reachable_time, stale_time, ..Config::default() };
    let mut lab = Lab::with("192.0.2.2/24", config);
    lab.knows(1);
    lab.runs(2999);
    assert_eq!(lab.state(1), Some(NeighbourState::Reachable));
    lab.runs(1);
    assert_eq!(lab.state(1), Some(NeighbourState::Stale));
    lab.runs(6999);
    assert_eq!(lab.state(1), Some(NeighbourState::Stale));
    lab.runs(1);
    assert_eq!(lab.state(1), None);

    assert_eq!(lab.hears(&request(mac(1), ip(1), ip(2))).learned, Learned::Created);
    lab.runs(6999);
    assert_eq!(lab.state(1), Some(NeighbourState::Stale));
    lab.runs(1);
    assert_eq!(lab.state(1), None);
}

#[test]
fn arp_3_with_no_time_at_all_nothing_is_remembered_and_nothing_goes_round_in_circles() {
    let nothing =
        Config { reachable_time: Duration::ZERO, stale_time: Duration::ZERO, ..Config::default() };
    let mut lab = Lab::with("192.0.2.2/24", nothing);
    lab.knows(1);
    assert!(lab.due().is_empty());
    assert!(lab.arp.neighbours().is_empty());
    assert!(matches!(lab.send_to(ip(1), "again"), Sent::Waiting { .. }));
    let asked = lab.runs(2999);
    assert_eq!(asked.len(), 2, "the first request would come too soon: {asked:?}");
}
