//! Histories at random, from seeds: what a fuzzer does with more patience.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::env;
use std::panic::catch_unwind;

use secret::Secret;

/// How many histories are lived, unless `STRATA_SOAK_SEEDS` says otherwise.
const HISTORIES: u64 = 300;

/// As long as a fuzzer's longest.
const LENGTH: u64 = 4096;

fn history(seed: u64) -> Vec<u8> {
    let dice = Secret::new([seed, 0]);
    (0..LENGTH / 8).flat_map(|at| dice.number(&at).to_le_bytes()).collect()
}

#[test]
fn whatever_the_history_the_stack_lives_and_every_byte_arrives() {
    let seeds = env::var("STRATA_SOAK_SEEDS").map_or(HISTORIES, |it| it.parse().expect("a number"));
    let first = env::var("STRATA_SEED").map_or(0, |it| it.parse().expect("a number"));
    let mut made_good = 0;
    for seed in first..first + seeds {
        let lived = catch_unwind(|| fuzz_targets::live(&history(seed))).unwrap_or_else(|_| {
            panic!(
                "history {seed} failed; again: STRATA_SEED={seed} STRATA_SOAK_SEEDS=1 \
                 cargo test -p fuzz-targets --test histories"
            )
        });
        made_good += lived;
    }
    println!("{made_good} connections of {seeds} histories were owed something, and got it");
    assert!(seeds < HISTORIES || made_good > 50, "histories like these prove little");
}
