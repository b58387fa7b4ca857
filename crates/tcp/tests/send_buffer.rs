//! The send buffer against a plain array, over random histories.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use packet::Buffer;
use proptest::prelude::*;
use tcp::{SendBuffer, buffer_overhead};

#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Acknowledge(usize),
    Send { offset: usize, length: usize },
    Limit(usize),
}

/// Mostly short, at times several pages.
fn any_length() -> impl Strategy<Value = usize> {
    prop_oneof![0..20_usize, 0..2_000_usize, 0..70_000_usize]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_length().prop_map(Step::Push),
        3 => any_length().prop_map(Step::Acknowledge),
        3 => (any_length(), any_length()).prop_map(|(offset, length)| Step::Send { offset, length }),
        1 => any_length().prop_map(Step::Limit),
    ]
}

proptest! {
    #[test]
    fn the_buffer_is_a_queue(
        limit in any_length(),
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let mut buffer = SendBuffer::new(limit);
        let mut model: Vec<u8> = Vec::new();
        let mut limit = limit;
        let mut highest_limit = limit;
        let mut written = 0_u64;
        for step in steps {
            match step {
                Step::Push(length) => {
                    let data: Vec<u8> =
                        (written..).take(length).map(|place| (place % 251).to_le_bytes()[0]).collect();
                    let taken = buffer.push(&data);
                    prop_assert_eq!(taken, length.min(limit.saturating_sub(model.len())));
                    model.extend(&data[..taken]);
                    written += taken as u64;
                }
                Step::Acknowledge(count) => {
                    buffer.acknowledge(count);
                    model.drain(..count.min(model.len()));
                }
                Step::Send { offset, length } => {
                    let mut segment = Buffer::new();
                    segment.append(b"before");
                    let end = model.len().min(offset + length);
                    let expected = model.get(offset..end).unwrap_or_default();
                    prop_assert_eq!(buffer.append_to(offset, length, &mut segment), expected.len());
                    prop_assert_eq!(segment.as_slice(), [b"before", expected].concat());
                }
                Step::Limit(new) => {
                    limit = new;
                    highest_limit = highest_limit.max(new);
                    buffer.set_limit(new);
                }
            }
            prop_assert_eq!(buffer.len(), model.len());
            prop_assert_eq!(buffer.is_empty(), model.is_empty());
            prop_assert_eq!(buffer.limit(), limit);
            prop_assert_eq!(buffer.room(), limit.saturating_sub(model.len()));
            let most = if model.is_empty() { 0 } else { highest_limit + buffer_overhead(highest_limit) };
            prop_assert!(buffer.allocated() <= most, "{} of {}", buffer.allocated(), most);
        }
        let mut segment = Buffer::new();
        buffer.append_to(0, usize::MAX, &mut segment);
        prop_assert_eq!(segment.as_slice(), model);
    }
}
