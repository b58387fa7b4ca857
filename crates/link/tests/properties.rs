//! What holds for a link whatever its options, its seed and its frames.

use std::num::NonZeroU64;
use std::time::Duration;

use link::{Counters, GilbertElliott, Link, LinkOptions, Loss, Percentage, QueueLimit, Rate};
use packet::Instant;
use proptest::prelude::*;
use trace::Tracer;

/// A frame to send: how long after the one before, and its length in bytes.
type Sending = (Duration, usize);

/// What came out: when, and which bytes.
type History = Vec<(Instant, Vec<u8>)>;

/// Sends the frames, each with its number in its first bytes, and takes out everything at the
/// moment at which it is due.
fn history(options: LinkOptions, seed: u64, frames: &[Sending]) -> (History, Counters) {
    let mut link: Link = Link::new(options, seed, Tracer::off());
    let mut history = History::new();
    let mut now = Instant::START;
    for (number, &(pause, length)) in frames.iter().enumerate() {
        let next = now + pause;
        deliver_until(&mut link, next, &mut history);
        now = next;
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let mut frame = number.to_be_bytes().to_vec();
        frame.resize(length.max(4), 0x55);
        link.send(now, &frame, ());
        assert_conservation(&link);
    }
    deliver_until(&mut link, Instant::at(Duration::MAX), &mut history);
    assert_conservation(&link);
    assert_eq!(link.in_flight(), 0);
    (history, *link.counters())
}

fn deliver_until(link: &mut Link, end: Instant, history: &mut History) {
    while let Some(due) = link.next_deadline().filter(|&due| due <= end) {
        if let Some(before) = due.since_start().checked_sub(Duration::from_nanos(1)) {
            assert_eq!(link.peek(Instant::at(before)), None);
        }
        let delivered = link.deliver(due).map(|(frame, ())| (due, frame.to_vec()));
        assert!(delivered.is_some(), "a deadline means a frame");
        history.extend(delivered);
    }
}

fn assert_conservation(link: &Link) {
    let Counters { sent, delivered, lost, queue_full, too_long, duplicated, .. } = *link.counters();
    let inside = link.in_flight() as u64;
    assert_eq!(sent + duplicated, delivered + lost + queue_full + too_long + inside);
}

fn numbers(history: &History) -> Vec<u32> {
    let first_bytes = history.iter().filter_map(|(_, frame)| frame.first_chunk());
    first_bytes.copied().map(u32::from_be_bytes).collect()
}

prop_compose! {
    fn percentage()(percent in prop_oneof![Just(0_u8), 0..=100_u8]) -> Percentage {
        Percentage::new(percent)
    }
}

prop_compose! {
    fn bursts()(p in percentage(), r in percentage(), loss_in_bad in percentage(),
                loss_in_good in percentage()) -> Loss {
        Loss::GilbertElliott(GilbertElliott { p, r, loss_in_bad, loss_in_good })
    }
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        percentage().prop_map(Loss::Random),
        bursts(),
        prop::collection::vec(1..100_u64, 0..5).prop_map(Loss::Frames),
    ]
}

fn queue() -> impl Strategy<Value = QueueLimit> {
    prop_oneof![
        (0..50_usize).prop_map(QueueLimit::Packets),
        (0..50_000_usize).prop_map(QueueLimit::Bytes),
    ]
}

prop_compose! {
    fn options()(
        delay in 0..50_000_u64,
        jitter in prop_oneof![Just(0), 0..50_000_u64],
        rate in prop::option::of(1_000..1_000_000_000_u64),
        queue in queue(),
        loss in loss(),
        duplicate in percentage(),
        reorder in percentage(),
        corrupt in percentage(),
        mtu in prop::option::of(0..2_000_usize),
    ) -> LinkOptions {
        LinkOptions {
            delay: Duration::from_micros(delay),
            jitter: Duration::from_micros(jitter),
            rate: rate.and_then(NonZeroU64::new).map(Rate::new),
            queue, loss, duplicate, reorder, corrupt, mtu,
            ..LinkOptions::PERFECT
        }
    }
}

/// In microseconds. Many frames are sent at once.
fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..20_000_u64]
}

prop_compose! {
    fn frames()(frames in prop::collection::vec((pause(), 0..2_000_usize), 0..150))
        -> Vec<Sending> {
        frames.into_iter().map(|(pause, length)| (Duration::from_micros(pause), length)).collect()
    }
}

/// What a seed does to frames, written down: it is to be the same in every build, for ever.
#[test]
fn a_seed_gives_this_history_for_ever() {
    let options = LinkOptions {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(5),
        rate: Some("10mbit".parse().unwrap()),
        loss: "gemodel:10%,50%".parse().unwrap(),
        duplicate: Percentage::new(20),
        reorder: Percentage::new(10),
        corrupt: Percentage::new(10),
        ..LinkOptions::PERFECT
    };
    let frames = [(Duration::from_millis(3), 1250); 20];
    let (history, counters) = history(options, 2026, &frames);
    // Computed apart from this code, by a model of it in another language.
    assert_eq!(
        numbers(&history),
        [0, 2, 1, 3, 3, 5, 4, 7, 9, 11, 10, 6, 12, 12, 8, 14, 13, 18, 17]
    );
    let came_at = history.iter().take(5).map(|(came_at, _)| came_at.since_start().as_nanos());
    assert!(came_at.eq([27_783_001, 30_544_448, 31_640_538, 33_423_767, 34_423_767]));
    let changed = history.iter().filter_map(|(_, frame)| {
        let byte = frame.iter().skip(4).position(|&byte| byte != 0x55)? + 4;
        Some((byte, frame[byte]))
    });
    assert!(changed.eq([(746, 0x15), (257, 0x5d)]));
    let Counters { lost, duplicated, reordered, corrupted, .. } = counters;
    assert_eq!((lost, duplicated, reordered, corrupted), (3, 2, 2, 2));
}

proptest! {
    #[test]
    fn no_frame_goes_missing(options in options(), seed: u64, frames in frames()) {
        let (history, counters) = history(options, seed, &frames);
        prop_assert_eq!(counters.sent, frames.len() as u64);
        prop_assert_eq!(counters.delivered, history.len() as u64);
        prop_assert!(counters.duplicated <= counters.sent);
    }

    #[test]
    fn the_same_seed_gives_the_same_history(options in options(), seed: u64, frames in frames()) {
        let first = history(options.clone(), seed, &frames);
        prop_assert_eq!(history(options, seed, &frames), first);
    }

    #[test]
    fn without_jitter_and_reordering_the_order_is_kept(
        options in options(), seed: u64, frames in frames()
    ) {
        let options = LinkOptions {
            jitter: Duration::ZERO, reorder: Percentage::ZERO, corrupt: Percentage::ZERO, ..options
        };
        let (history, _) = history(options, seed, &frames);
        prop_assert!(numbers(&history).is_sorted());
    }

    #[test]
    fn without_jitter_each_frame_takes_the_delay_exactly(delay in 0..10_000_000_000_u64) {
        let delay = Duration::from_nanos(delay);
        let options = LinkOptions { delay, ..LinkOptions::PERFECT };
        let (history, _) = history(options, 1, &[(Duration::from_millis(3), 100)]);
        prop_assert_eq!(history[0].0, Instant::at(Duration::from_millis(3)) + delay);
    }

    #[test]
    fn jitter_stays_within_its_bounds(
        delay in 0..10_000_u64, jitter in 0..10_000_u64, seed: u64, frames in frames()
    ) {
        let (delay, jitter) = (Duration::from_micros(delay), Duration::from_micros(jitter));
        let options = LinkOptions { delay, jitter, ..LinkOptions::PERFECT };
        let (history, _) = history(options, seed, &frames);
        let mut sent_at = Vec::new();
        let mut now = Instant::START;
        for (pause, _) in &frames {
            now = now + *pause;
            sent_at.push(now);
        }
        for (number, (came_at, _)) in numbers(&history).into_iter().zip(&history) {
            let on_path = *came_at - sent_at[number as usize];
            prop_assert!(on_path >= delay.saturating_sub(jitter), "{on_path:?}");
            prop_assert!(on_path <= delay + jitter, "{on_path:?}");
        }
    }

    /// Frames in a row leave when the bits before them have left, to the nanosecond.
    #[test]
    fn the_rate_is_kept_exactly(
        bits_per_second: u32, lengths in prop::collection::vec(4..2_000_usize, 1..100)
    ) {
        let rate = NonZeroU64::new(u64::from(bits_per_second)).map(Rate::new);
        prop_assume!(rate.is_some());
        let frames: Vec<Sending> = lengths.iter().map(|&length| (Duration::ZERO, length)).collect();
        let options = LinkOptions { rate, ..LinkOptions::PERFECT };
        let (history, _) = history(options, 1, &frames);
        prop_assert_eq!(history.len(), lengths.len());
        let mut bits = 0;
        for ((came_at, _), length) in history.iter().zip(lengths) {
            bits += 8 * length as u128;
            let expected = bits * 1_000_000_000 / u128::from(bits_per_second);
            prop_assert_eq!(came_at.since_start().as_nanos(), expected);
        }
    }

    /// Whatever else is switched on, the same frames are lost.
    #[test]
    fn loss_does_not_depend_on_the_other_options(
        options in options(), seed: u64, frames in frames()
    ) {
        let only = LinkOptions { loss: options.loss.clone(), ..LinkOptions::PERFECT };
        let all_others = LinkOptions {
            // What comes through is to be seen: nothing else may drop it or change its number.
            queue: QueueLimit::Packets(usize::MAX), mtu: None, corrupt: Percentage::ZERO, ..options
        };
        let (alone, _) = history(only, seed, &frames);
        let (together, _) = history(all_others, seed, &frames);
        let alone = numbers(&alone);
        let mut together = numbers(&together);
        together.sort_unstable();
        together.dedup();
        prop_assert_eq!(together, alone);
    }

    /// Whatever else is switched on, the same bits of the same frames are changed.
    #[test]
    fn corruption_does_not_depend_on_the_other_options(
        options in options(), seed: u64, frames in frames()
    ) {
        let only = LinkOptions { corrupt: options.corrupt, ..LinkOptions::PERFECT };
        let all_others = LinkOptions {
            queue: QueueLimit::Packets(usize::MAX), mtu: None, loss: Loss::NONE, ..options
        };
        let bytes = |options| {
            let (history, _) = history(options, seed, &frames);
            let mut bytes: Vec<Vec<u8>> = history.into_iter().map(|(_, frame)| frame).collect();
            bytes.sort_unstable();
            bytes.dedup();
            bytes
        };
        prop_assert_eq!(bytes(all_others), bytes(only));
    }
}
