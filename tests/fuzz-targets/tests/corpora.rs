//! Every corpus as a plain test, and what the fuzzers found in the past with it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use fuzz_targets::TARGETS;

#[test]
fn every_target_takes_its_whole_corpus() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in TARGETS {
        let corpus = corpora.join(name);
        let files: Vec<_> = fs::read_dir(&corpus)
            .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
            .map(|entry| entry.expect("a corpus can be listed").path())
            .collect();
        assert!(!files.is_empty(), "{name} has an empty corpus");
        for file in files {
            let bytes = fs::read(&file).expect("a corpus can be read");
            // A target that fails says why; which bytes made it fail it cannot know.
            println!("{}", file.display());
            target(&bytes);
        }
    }
}

#[test]
fn every_target_takes_nothing_at_all() {
    for (_, target) in TARGETS {
        target(&[]);
    }
}
