//! What happens when there is too much of something.

use std::net::Ipv4Addr;

use crate::lab::{Lab, ip, mac, name, reply, request};
use arp::{
    BROADCASTS_PER_SECOND, Config, Due, INCOMPLETE_LIMIT, Ignored, Learned, NEIGHBOUR_LIMIT,
    NeighbourState, Payload, Sent,
};
use packet::Buffer;

/// The host of that number in 10.0.0.0/8.
fn host(number: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a01_0000 + u32::try_from(number).unwrap())
}

fn us() -> Ipv4Addr {
    [10, 0, 0, 2].into()
}

fn big_network() -> Lab {
    Lab::with("10.0.0.2/8", Config::default())
}

/// How many broadcasts are due now, and nothing else.
fn broadcasts(lab: &mut Lab) -> usize {
    let due = lab.due();
    let all = due.iter().all(|due| {
        matches!(due, Due::Send(request) if request.destination.is_broadcast()
            && request.message.sender == us())
    });
    assert!(all, "{due:?}");
    due.len()
}

/// Lets so many neighbours answer and then fill the cache, each in use.
fn fill_with_used(lab: &mut Lab) {
    for number in 0..NEIGHBOUR_LIMIT {
        let answer = arp::Message { target: us(), ..reply(mac(1), host(number)) };
        assert!(matches!(lab.send_to(host(number), "packet"), Sent::Waiting { .. }));
        assert_eq!(broadcasts(lab), 1);
        assert_eq!(lab.hears(&answer).learned, Learned::Resolved);
        lab.passes(1);
    }
    assert_eq!(lab.arp.neighbours().len(), NEIGHBOUR_LIMIT);
}

#[test]
fn strangers_do_not_drive_out_neighbours_that_we_use() {
    let mut lab = big_network();
    fill_with_used(&mut lab);
    let outcome = lab.hears(&request(mac(9), host(5000), us()));
    assert_eq!(outcome.learned, Learned::Nothing(Ignored::NoRoom));
    assert!(outcome.reply.is_some());
    assert!(matches!(lab.send_to(host(0), "packet"), Sent::Now { .. }));
}

#[test]
fn a_new_neighbour_takes_the_place_of_the_one_not_used_for_longest() {
    let mut lab = big_network();
    fill_with_used(&mut lab);
    assert!(matches!(lab.send_to(host(0), "packet"), Sent::Now { .. }));
    assert!(matches!(lab.send_to(host(5000), "packet"), Sent::Waiting { .. }));
    let neighbours = lab.arp.neighbours();
    assert_eq!(neighbours.len(), NEIGHBOUR_LIMIT);
    assert!(neighbours.iter().any(|neighbour| neighbour.address == host(0)));
    assert!(neighbours.iter().all(|neighbour| neighbour.address != host(1)));
}

#[test]
fn strangers_drive_out_strangers() {
    let mut lab = big_network();
    for number in 0..3 * NEIGHBOUR_LIMIT {
        let outcome = lab.hears(&request(mac(9), host(number), us()));
        assert_eq!(outcome.learned, Learned::Created);
        lab.passes(1);
    }
    let neighbours = lab.arp.neighbours();
    assert_eq!(neighbours.len(), NEIGHBOUR_LIMIT);
    assert_eq!(neighbours[0].address, host(2 * NEIGHBOUR_LIMIT));
}

#[test]
fn packets_to_nobody_cost_no_known_neighbour_its_place_and_come_back() {
    let mut lab = big_network();
    let answer = arp::Message { target: us(), ..reply(mac(1), [10, 0, 0, 1].into()) };
    assert!(matches!(lab.send_to(answer.sender, "packet"), Sent::Waiting { .. }));
    assert_eq!(broadcasts(&mut lab), 1);
    assert_eq!(lab.hears(&answer).learned, Learned::Resolved);

    for number in 0..INCOMPLETE_LIMIT {
        match lab.send_to(host(number), &number.to_string()) {
            Sent::Waiting { dropped } => assert!(dropped.is_empty()),
            other => panic!("{other:?}"),
        }
        lab.passes(1);
    }
    assert_eq!(broadcasts(&mut lab), INCOMPLETE_LIMIT);
    match lab.send_to(host(INCOMPLETE_LIMIT), "one more") {
        Sent::Waiting { dropped } => {
            assert_eq!(dropped.iter().map(name).collect::<Vec<_>>(), ["0"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(lab.arp.neighbours().len(), INCOMPLETE_LIMIT + 1);
    assert_eq!(lab.arp.waiting(), INCOMPLETE_LIMIT);
    assert!(matches!(lab.send_to(answer.sender, "packet"), Sent::Now { .. }));

    // ARP-2: who lost its place and is wanted again is not asked again too soon.
    assert_eq!(broadcasts(&mut lab), 1);
    assert!(matches!(lab.send_to(host(0), "0"), Sent::Waiting { .. }));
    assert_eq!(broadcasts(&mut lab), 0);
    // The answer to the first request still counts.
    let answer = arp::Message { target: us(), ..reply(mac(1), host(0)) };
    assert!(lab.hears(&answer).released.is_some());
    let neighbours = lab.arp.neighbours();
    let resolved = neighbours.iter().find(|neighbour| neighbour.address == host(0)).unwrap();
    assert_eq!((resolved.hardware, resolved.state), (Some(mac(1)), NeighbourState::Reachable));
}

#[test]
fn arp_2_all_requests_together_have_a_limit() {
    let mut lab = big_network();
    let mut asked = 0;
    for number in 0..2 * BROADCASTS_PER_SECOND {
        assert!(matches!(lab.send_to(host(number), "scan"), Sent::Waiting { .. }));
        asked += broadcasts(&mut lab);
    }
    assert_eq!(asked, BROADCASTS_PER_SECOND);
    lab.passes(1000);
    assert_eq!(broadcasts(&mut lab), INCOMPLETE_LIMIT);
}

#[test]
fn a_superframe_waits_and_a_flood_of_them_stays_within_the_limit() {
    let mut lab = Lab::new();
    let superframe = || {
        let mut buffer = Buffer::new();
        buffer.append(&[0; 65_535]);
        Payload::from(buffer)
    };
    let mut given_back = 0;
    for number in 0..40 {
        match lab.arp.send(lab.now, ip(100 + number), superframe()) {
            Sent::Waiting { dropped } => given_back += dropped.len(),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(lab.arp.waiting() + given_back, 40);
    assert_eq!(lab.arp.waiting_bytes(), 16 * 65_535);
    assert!(lab.hears(&reply(mac(1), ip(100))).released.is_none(), "it has lost its packet");
    assert!(lab.hears(&reply(mac(1), ip(139))).released.is_some());
    assert_eq!(lab.arp.neighbours().len(), 40);
}
