//! Whether faults happen as often as they were asked to. The seeds are fixed, so each test gives
//! the same result each time; each bound is five standard deviations wide.

use std::time::Duration;

use link::{Counters, Link, LinkOptions, Percentage, split_seed};
use packet::Instant;
use trace::Tracer;

const FRAMES: usize = 100_000;

/// For each of the frames whether it came through, and what was counted.
fn survivors(options: LinkOptions, seed: u64) -> (Vec<bool>, Counters) {
    let mut link: Link = Link::new(options, seed, Tracer::off());
    let mut survived = Vec::with_capacity(FRAMES);
    for _ in 0..FRAMES {
        link.send(Instant::START, &[0; 64], ());
        survived.push(link.deliver(Instant::START).is_some());
    }
    (survived, *link.counters())
}

fn assert_near(count: u64, expected: f64, standard_deviation: f64) {
    let off = (count as f64 - expected).abs();
    assert!(off < 5.0 * standard_deviation, "{count} is not near {expected}");
}

/// A count of independent events with a probability.
fn assert_share(count: u64, of: usize, probability: f64) {
    let of = of as f64;
    assert_near(count, of * probability, (of * probability * (1.0 - probability)).sqrt());
}

#[test]
fn random_loss_takes_its_share() {
    for (percentage, probability) in [("20%", 0.2), ("0.5%", 0.005), ("97%", 0.97)] {
        let options = LinkOptions { loss: percentage.parse().unwrap(), ..LinkOptions::PERFECT };
        let (survived, counters) = survivors(options, 1);
        assert_share(counters.lost, FRAMES, probability);
        assert_eq!(survived.iter().filter(|&&survived| !survived).count() as u64, counters.lost);
    }
}

#[test]
fn random_loss_has_no_memory() {
    let options = LinkOptions { loss: "20%".parse().unwrap(), ..LinkOptions::PERFECT };
    let (survived, _) = survivors(options, 2);
    let both_lost = survived.windows(2).filter(|pair| *pair == [false, false]).count() as u64;
    assert_share(both_lost, FRAMES, 0.04);
}

#[test]
fn bursts_are_as_long_and_as_frequent_as_the_model_says() {
    let options = LinkOptions { loss: "gemodel:1%,20%".parse().unwrap(), ..LinkOptions::PERFECT };
    let (survived, counters) = survivors(options, 3);
    let bursts: Vec<usize> = survived
        .split(|&survived| survived)
        .map(<[bool]>::len)
        .filter(|&length| length != 0)
        .collect();
    // Geometric with r = 0.2: 1/r frames each, with a standard deviation of sqrt(1-r)/r.
    let count = bursts.len() as f64;
    assert_near(counters.lost, count * 5.0, count.sqrt() * 0.8_f64.sqrt() / 0.2);
    assert!(bursts.contains(&1) && bursts.iter().any(|&length| length > 15));
    // p/(p+r) = 1/21 of the frames; the bursts make that less certain, by a factor (2-p-r)/(p+r).
    let share: f64 = 1.0 / 21.0;
    let variance = FRAMES as f64 * share * (1.0 - share) * (2.0 - 0.21) / 0.21;
    assert_near(counters.lost, FRAMES as f64 * share, variance.sqrt());
}

#[test]
fn each_state_of_the_model_has_its_own_loss() {
    // Once bad for ever bad, and bad from the second frame on.
    for (model, probability) in [("gemodel:0%,100%,90%,30%", 0.3), ("gemodel:100%,0%,90%,30%", 0.9)]
    {
        let options = LinkOptions { loss: model.parse().unwrap(), ..LinkOptions::PERFECT };
        assert_share(survivors(options, 4).1.lost, FRAMES, probability);
    }
}

#[test]
fn the_other_faults_happen_as_often_as_asked_and_independently() {
    let options = LinkOptions {
        duplicate: Percentage::new(10),
        reorder: Percentage::new(10),
        corrupt: Percentage::new(10),
        ..LinkOptions::PERFECT
    };
    let mut link: Link = Link::new(options, 5, Tracer::off());
    let mut all_three = 0;
    for _ in 0..FRAMES {
        let before = *link.counters();
        link.send(Instant::START, &[0; 64], ());
        while link.deliver(Instant::START + Duration::from_secs(1)).is_some() {}
        let after = *link.counters();
        all_three += u64::from(
            after.duplicated > before.duplicated
                && after.reordered > before.reordered
                && after.corrupted > before.corrupted,
        );
    }
    let Counters { duplicated, reordered, corrupted, .. } = *link.counters();
    for count in [duplicated, reordered, corrupted] {
        assert_share(count, FRAMES, 0.1);
    }
    assert_share(all_three, FRAMES, 0.001);
}

#[test]
fn each_bit_of_a_frame_is_as_likely_to_change() {
    let options = LinkOptions { corrupt: Percentage::ALL, ..LinkOptions::PERFECT };
    let mut link: Link = Link::new(options, 6, Tracer::off());
    let mut changed = [0_u64; 32];
    for _ in 0..FRAMES {
        link.send(Instant::START, &[0; 4], ());
        let (frame, ()) = link.deliver(Instant::START).unwrap();
        let bits = u32::from_be_bytes(frame.try_into().unwrap());
        assert_eq!(bits.count_ones(), 1);
        changed[bits.leading_zeros() as usize] += 1;
    }
    for count in changed {
        assert_share(count, FRAMES, 1.0 / 32.0);
    }
}

#[test]
fn jitter_is_even() {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    let options = LinkOptions { delay, jitter, ..LinkOptions::PERFECT };
    let mut link: Link = Link::new(options, 7, Tracer::off());
    let mut in_each_millisecond = [0_u64; 10];
    for _ in 0..FRAMES {
        link.send(Instant::START, &[0; 4], ());
        let due = link.next_deadline().unwrap();
        link.deliver(due).unwrap();
        let beyond_least = due.since_start() - (delay - jitter);
        // The very end of the range belongs to the last millisecond.
        in_each_millisecond[(beyond_least.as_millis() as usize).min(9)] += 1;
    }
    for count in in_each_millisecond {
        assert_share(count, FRAMES, 0.1);
    }
}

#[test]
fn the_seeds_split_from_one_lose_different_frames() {
    let options = LinkOptions { loss: "20%".parse().unwrap(), ..LinkOptions::PERFECT };
    let (first, _) = survivors(options.clone(), split_seed(8, 0));
    let (second, _) = survivors(options, split_seed(8, 1));
    let lost_by_both = first.iter().zip(&second).filter(|pair| *pair == (&false, &false)).count();
    assert_share(lost_by_both as u64, FRAMES, 0.04);
}
