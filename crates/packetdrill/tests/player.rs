//! Builds the C program of `tests/player`, which plays packetdrill's part, and has it play all its
//! scenarios, and the scripts of `tests/packetdrill`, before the shared library.
//!
//! By hand, one scenario: `target/tmp/scenarios target/debug/deps/libstrata_packetdrill.so "we
//! close first"`.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

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

/// The files of a folder with this ending, by name.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        all.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    files.sort();
    files
}

/// The C program under this name, with every warning an error.
fn player(name: &str) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/player");
    let player = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let built = run(Command::new("cc")
        .args(["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-pthread"])
        .arg("-o")
        .arg(&player)
        .args(files(&sources, "c"))
        .arg("-ldl"));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    player
}

/// Has the player play: whether all went well, and what it told.
fn play(player: &Path, what: &[PathBuf]) -> (bool, String) {
    let played = run(Command::new(player).arg(library()).args(what));
    let told = String::from_utf8_lossy(&played.stdout);
    let complaints = String::from_utf8_lossy(&played.stderr);
    let is_well = played.status.success() && told.contains(" 0 went wrong");
    (is_well, format!("{told}{complaints}"))
}

#[test]
fn packetdrill_s_part_can_be_played_before_the_library() {
    let (is_well, told) = play(&player("scenarios"), &[]);
    assert!(is_well, "{told}");
}

/// What we ship for those who have packetdrill is right, by our own reader of its language.
#[test]
fn the_scripts_for_packetdrill_can_be_played() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/packetdrill");
    let scripts = files(&folder, "pkt");
    assert!(scripts.len() >= 6, "{scripts:?}");
    let (is_well, told) = play(&player("scripts"), &scripts);
    assert!(is_well, "{told}");
}

/// A script that is wrong in one number, one time or one result is found to be.
#[test]
fn a_script_that_is_wrong_goes_wrong() {
    let right = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/packetdrill/connect.pkt");
    let right = std::fs::read_to_string(right).unwrap();
    let bends = [
        ("> F. 101:101(0) ack 1", "> F. 101:101(0) ack 2", "F. 101:101(0) ack 1 leaves, but"),
        ("+2 > S", "+1.99 > S", "this is at "),
        ("SO_ERROR, [0]", "SO_ERROR, [5]", "the option is 0, but should be 5"),
        ("connect(3, ..., ...) = 0", "connect(3, ..., ...) = 1", "connect returned 0 "),
    ];
    let player = player("wrong");
    for (from, to, complaint) in bends {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong.pkt");
        let line = 1 + right[..right.find(from).unwrap()].matches('\n').count();
        std::fs::write(&path, right.replacen(from, to, 1)).unwrap();
        let (is_well, told) = play(&player, &[path]);
        let complaint = format!("wrong.pkt:{line}: {complaint}");
        assert!(!is_well && told.contains(&complaint), "{told} is not {complaint}");
    }
}
