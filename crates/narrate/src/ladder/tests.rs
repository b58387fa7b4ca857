use super::*;
use crate::samples::{self, PING, REPLY, frame_in, frame_out, ping, record};
use packet::Medium;
use proptest::prelude::*;
use std::time::Duration;

fn drawn(mut ladder: Ladder, records: &[Record<'_>]) -> String {
    for record in records {
        ladder.record(record);
    }
    ladder.to_string()
}

fn between_two(records: &[Record<'_>]) -> String {
    drawn(Ladder::between(&["alice", "bob"]), records)
}

fn fault(fault: Fault, bytes: &[u8]) -> Event<'_> {
    Event::Fault { fault, bytes }
}

const DROPPED: Event<'_> =
    Event::Dropped { counter: "icmp_bad_checksum", meaning: "the ICMP checksum is wrong" };

#[test]
fn the_kernel_tells_nothing_and_is_drawn_all_the_same() {
    let drawing = drawn(
        Ladder::with_kernel("strata"),
        &[
            record(0, "strata", frame_in(PING)),
            record(60, "strata", frame_out(REPLY)),
            record(1_000_000, "strata", frame_in(&ping(2))),
            record(1_000_000, "strata", DROPPED),
        ],
    );
    let expected = "
      time  kernel                                                               strata  took
  0.000000  │──────────────── ICMP echo request id 7 seq 1, 36 bytes ────────────────►│
  0.000060  │◄───────────────── ICMP echo reply id 7 seq 1, 36 bytes ─────────────────│
  1.000000  │──────────────── ICMP echo request id 7 seq 2, 36 bytes ────────────────►│
            │         dropped: the ICMP checksum is wrong (counter icmp_bad_checksum) │";
    assert_eq!(format!("\n{drawing}"), expected);
}

#[test]
fn a_frame_that_arrives_before_anything_else_happens_is_one_arrow() {
    let drawing = between_two(&[
        record(0, "alice", frame_out(PING)),
        record(20_000, "bob", frame_in(PING)),
        record(20_000, "bob", frame_out(REPLY)),
        record(40_000, "alice", frame_in(REPLY)),
    ]);
    let expected = "
      time  alice                                                                   bob  took
  0.000000  │──────────────── ICMP echo request id 7 seq 1, 36 bytes ────────────────►│  +20 ms
  0.020000  │◄───────────────── ICMP echo reply id 7 seq 1, 36 bytes ─────────────────│  +20 ms";
    assert_eq!(format!("\n{drawing}"), expected);
}

#[test]
fn a_lost_frame_ends_in_an_x_whoever_sent_it() {
    let reply_lost = fault(Fault::Lost, REPLY);
    let drawing = between_two(&[
        record(0, "alice", frame_out(PING)),
        record(0, "alice", fault(Fault::QueueFull, PING)),
        record(1_000, "alice", frame_out(PING)),
        record(2_000, "bob", frame_in(PING)),
        record(2_000, "bob", reply_lost),
        record(2_000, "bob", frame_out(REPLY)),
    ]);
    let expected = "
      time  alice                                                                   bob  took
  0.000000  │── ICMP echo request id 7 seq 1, 36 bytes ── X lost: queue full          │
  0.001000  │──────────────── ICMP echo request id 7 seq 1, 36 bytes ────────────────►│  +1 ms
  0.002000  │                        lost X ── ICMP echo reply id 7 seq 1, 36 bytes ──│

  X    ends here: the link lost it";
    assert_eq!(format!("\n{drawing}"), expected);
}

#[test]
fn a_frame_that_is_overtaken_has_two_rows_with_one_number() {
    let (first, second) = (ping(1), ping(2));
    let held = Duration::from_millis(5);
    let drawing = between_two(&[
        record(0, "alice", frame_out(&first)),
        record(0, "alice", fault(Fault::Reordered { held }, &first)),
        record(1_000, "alice", frame_out(&second)),
        record(3_000, "bob", frame_in(&second)),
        record(7_000, "bob", frame_in(&first)),
    ]);
    let expected = "
      time  alice                                                                   bob  took
  0.000000  │── ICMP echo request id 7 seq 1, 36 bytes [held back 5 ms] ── (1)        │
  0.001000  │──────────────── ICMP echo request id 7 seq 2, 36 bytes ────────────────►│  +2 ms
  0.007000  │                                            (1) ── arrives, overtaken ──►│  +7 ms

  (1)  the same frame: where it leaves, and where it arrives";
    assert_eq!(format!("\n{drawing}"), expected);
}

#[test]
fn a_copy_a_changed_frame_and_one_from_nowhere() {
    let mut changed = PING.to_vec();
    changed[35] ^= 0x01;
    let drawing = between_two(&[
        record(0, "alice", frame_out(PING)),
        record(0, "alice", fault(Fault::Corrupted { bit: 287 }, PING)),
        record(0, "alice", fault(Fault::Duplicated, PING)),
        record(1_000, "bob", frame_in(&changed)),
        record(1_000, "bob", DROPPED),
        record(1_000, "bob", frame_in(&changed)),
        record(1_000, "bob", DROPPED),
        record(2_000, "bob", frame_in(&ping(9))),
        record(3_000, "bob", frame_out(REPLY)),
    ]);
    let expected = "
      time  alice                                                                   bob  took
  0.000000  │── ICMP echo request id 7 seq 1, 36 bytes [byte 35 changed, doubled] ───►│  +1 ms
  0.001000  │         dropped: the ICMP checksum is wrong (counter icmp_bad_checksum) │
            │                 + ── ICMP echo request id 7 seq 1, 36 bytes [a copy] ──►│
            │         dropped: the ICMP checksum is wrong (counter icmp_bad_checksum) │
  0.002000  │    + ── ICMP echo request id 7 seq 9, 36 bytes [nobody saw it leave] ──►│
  0.003000  │                             ? ── ICMP echo reply id 7 seq 1, 36 bytes ──│

  ?    never seen to arrive
  +    begins here: a copy that the link made, or a frame that no host sent";
    assert_eq!(format!("\n{drawing}"), expected);
}

#[test]
fn what_the_kernel_sends_and_the_link_loses_is_drawn_too() {
    let drawing = drawn(
        Ladder::with_kernel("strata"),
        &[record(0, "strata", fault(Fault::Lost, PING)), record(1_000, "strata", frame_in(PING))],
    );
    let expected = "
      time  kernel                                                               strata  took
  0.000000  │── ICMP echo request id 7 seq 1, 36 bytes ── X lost                      │
  0.001000  │──────────────── ICMP echo request id 7 seq 1, 36 bytes ────────────────►│

  X    ends here: the link lost it";
    assert_eq!(format!("\n{drawing}"), expected);
}

#[test]
fn three_hosts_and_a_frame_that_passes_one() {
    let drawing = drawn(
        Ladder::between(&["alice", "router", "bob"]),
        &[
            record(0, "alice", frame_out(PING)),
            record(1_000, "router", frame_in(PING)),
            record(1_000, "router", frame_out(&ping(2))),
            record(2_000, "bob", frame_in(&ping(2))),
            record(2_000, "bob", frame_out(REPLY)),
            record(3_000, "alice", frame_in(REPLY)),
            record(3_000, "router", samples::every_event()[4]),
        ],
    );
    let expected = "
      time  alice                             router                                bob  took
  0.000000  │── ICMP echo request id 7 seq 1… ──►│                                    │  +1 ms
  0.001000  │                                    │── ICMP echo request id 7 seq 2… ──►│  +1 ms
  0.002000  │◄───────────────── ICMP echo reply id 7 seq 1, 36 bytes ─────────────────│  +1 ms
  0.003000  │                                    │ SYN-RECEIVED -> ESTABLISHED (ACK   │
            │                                    │ of our SYN)                        │";
    assert_eq!(format!("\n{drawing}"), expected);
}

#[test]
fn what_is_more_than_the_limit_is_counted() {
    let records = vec![record(0, "strata", frame_in(PING)); MOST_ENTRIES + 7];
    let drawing = drawn(Ladder::with_kernel("strata"), &records);
    assert_eq!(drawing.lines().count(), 1 + MOST_ENTRIES + 1);
    assert!(drawing.ends_with("7 events after the first 10000 are not drawn"));
}

proptest! {
    /// Any events in any order: nothing panics, no row is too wide, and each frame is drawn.
    #[test]
    fn every_trace_can_be_drawn(
        hosts in 0usize..9, kernel: bool,
        events in prop::collection::vec((0usize..4, 0u8..4, 0usize..10, 0u64..3), 0..40)
    ) {
        let names: Vec<_> = (0..hosts).map(|host| format!("host-{host}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let ladder =
            if kernel { Ladder::with_kernel("host-0") } else { Ladder::between(&names) };
        let frames: Vec<_> = (0..4).map(ping).collect();
        let mut now = 0;
        let records: Vec<_> = events
            .iter()
            .map(|&(host, frame, which, later)| {
                now += later;
                let frame = &frames[usize::from(frame)];
                let event = match which {
                    0 | 1 => frame_out(frame),
                    2 | 3 => frame_in(frame),
                    4 => fault(Fault::Lost, frame),
                    5 => fault(Fault::Corrupted { bit: 5 }, frame),
                    6 => fault(Fault::Duplicated, frame),
                    7 => samples::frame_events(frame, Medium::Ethernet)[0],
                    8 => DROPPED,
                    _ => samples::every_event()[4],
                };
                record(now, ["host-0", "host-1", "host-2", "elsewhere"][host], event)
            })
            .collect();
        let drawing = drawn(ladder.clone(), &records);
        for line in drawing.lines() {
            prop_assert!(line.chars().count() <= WIDTH, "{}", line);
        }
        let known = |name: &str| ladder.hosts.iter().any(|host| host.name == name);
        let frames = records
            .iter()
            .filter(|record| matches!(record.event, Event::Frame { .. }) && known(record.host))
            .count();
        // A frame that is sent and arrives takes one row or two.
        let arrows = drawing.lines().filter(|line| line.contains('─')).count();
        prop_assert!(arrows >= frames / 2, "{}", drawing);
    }
}
