//! The classic mistakes in `tests/mistakes`: each can still be put into the code as it is now, and
//! the story that must notice it is there. (`make mistakes` puts them in and runs the stories.)

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use kernel_tests::project_folder;

fn mistakes() -> Vec<PathBuf> {
    let folder = project_folder().join("tests/mistakes");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut mistakes: Vec<_> = entries.collect();
    mistakes.sort();
    assert!(mistakes.len() >= 30, "there are {} only", mistakes.len());
    mistakes
}

#[test]
fn each_mistake_fits_the_code() {
    for mistake in mistakes() {
        let git = Command::new("git")
            .args(["apply", "--check"])
            .arg(&mistake)
            .current_dir(project_folder())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&git.stderr);
        assert!(git.status.success(), "{} must be written anew: {said}", mistake.display());
    }
}

#[test]
fn each_mistake_has_a_title_and_a_story() {
    for mistake in mistakes() {
        let text = fs::read_to_string(&mistake).unwrap();
        let mistake = mistake.display();
        assert!(text.lines().next().is_some_and(|title| title.ends_with('.')), "{mistake}");
        let noticed_by = text.lines().find_map(|line| line.strip_prefix("Noticed by: ")).unwrap();
        let (file, test) = place_of(noticed_by);
        let tests = fs::read_to_string(project_folder().join(&file)).unwrap();
        assert!(tests.contains(&format!("fn {test}()")), "{mistake}: no {test} in {file}");
    }
}

/// The file and the name of a test, which is called `package::binary/name` or, beside the code,
/// `package/module::tests::name`.
fn place_of(test: &str) -> (String, &str) {
    let (place, name) = test.split_once('/').unwrap();
    match place.split_once("::") {
        Some((package, binary)) => (format!("crates/{package}/tests/{binary}.rs"), name),
        None => {
            let (module, name) = name.split_once("::tests::").unwrap();
            (format!("crates/{place}/src/{}.rs", module.replace("::", "/")), name)
        }
    }
}
