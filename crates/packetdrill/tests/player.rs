//! Builds the C program of `tests/player`, which plays packetdrill's part, and has it play all its
//! scenarios before the shared library.
//!
//! By hand, one scenario: `target/debug/player target/debug/libstrata_packetdrill.so "we close
//! first"`, with the two where this test put them; it says where if it fails.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The library that cargo built beside this test.
fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let folder = here.parent().unwrap();
    let name = "libstrata_packetdrill.so";
    let found =
        [folder.join(name), folder.join("..").join(name)].into_iter().find(|it| it.exists());
    found.unwrap_or_else(|| panic!("there is no {name} beside {}", here.display()))
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

/// The C program, with every warning an error.
fn player() -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/player");
    let player = Path::new(env!("CARGO_TARGET_TMPDIR")).join("player");
    let files = std::fs::read_dir(&sources).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|it| it == "c")).collect();
    files.sort();
    let built = run(Command::new("cc")
        .args([
            "-std=gnu11",
            "-D_GNU_SOURCE",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-g",
            "-O1",
            "-pthread",
        ])
        .arg("-o")
        .arg(&player)
        .args(files)
        .arg("-ldl"));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    player
}

#[test]
fn packetdrill_s_part_can_be_played_before_the_library() {
    let (player, library) = (player(), library());
    let played = run(Command::new(&player).arg(&library));
    let told = String::from_utf8_lossy(&played.stdout);
    let complaints = String::from_utf8_lossy(&played.stderr);
    assert!(
        played.status.success(),
        "{} {}\n{told}{complaints}",
        player.display(),
        library.display()
    );
    assert!(told.contains(" 0 went wrong"), "{told}");
}
