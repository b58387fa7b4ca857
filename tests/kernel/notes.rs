//! The notes tell the truth: their links lead somewhere, and their commands print what they say.

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use kernel_tests::console::{Session, blocks, transcript};
use kernel_tests::{Lab, links, project_folder};
use snapbox::assert::{Action, Assert};
use snapbox::{Data, IntoData};

/// README.md and every note.
fn notes() -> Vec<PathBuf> {
    let folder = fs::read_dir(project_folder().join("notes")).into_iter().flatten().flatten();
    let mut notes: Vec<PathBuf> = folder.map(|entry| entry.path()).collect();
    notes.push(project_folder().join("README.md"));
    notes.retain(|path| path.extension().is_some_and(|it| it == "md") && path.exists());
    notes.sort();
    notes
}

#[test]
fn every_link_leads_somewhere() {
    let broken: Vec<String> =
        notes().iter().flat_map(|note| links::broken(note).unwrap()).collect();
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_console_blocks_print_what_they_show() {
    let notes = notes();
    let differences: Vec<String> = thread::scope(|scope| {
        // Side by side, each in a thread by its name.
        let runs: Vec<_> = notes
            .iter()
            .map(|note| {
                let name = note.file_name().unwrap().to_string_lossy().into_owned();
                let run = thread::Builder::new().name(name);
                run.spawn_scoped(scope, || difference(note)).unwrap()
            })
            .collect();
        runs.into_iter()
            .filter_map(|run| run.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What a note shows against what its commands print, if that differs.
fn difference(note: &Path) -> Option<String> {
    let text = fs::read_to_string(note).map_err(|error| error.to_string());
    let blocks = match text.and_then(|text| blocks(&text)) {
        Ok(blocks) if blocks.is_empty() => return None,
        Ok(blocks) => blocks,
        Err(wrong) => return Some(format!("{}, {wrong}", note.display())),
    };
    let lab = Lab::new()?;
    let mut session = Session::new(&lab);
    let printed = transcript(&blocks, |step| session.run(&step.command));
    let shown = transcript(&blocks, |step| step.printed.clone());

    let name = note.display();
    Assert::new()
        .action(Action::Verify)
        .normalize_paths(false)
        .try_eq(Some(&name), Data::text(printed), shown.into_data())
        .err()
        .map(|difference| format!("{name}\n{difference}"))
}
