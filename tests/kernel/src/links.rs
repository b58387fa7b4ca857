//! The links of the notes: each leads to a file, and to a heading or line in it, that exists.

use std::fs;
use std::path::Path;

/// Says of each link in the note that leads nowhere, where it stands and what is missing.
/// Links that leave the project are not followed.
///
/// # Errors
/// If the note cannot be read.
pub fn broken(note: &Path) -> std::io::Result<Vec<String>> {
    let text = fs::read_to_string(note)?;
    let folder = note.parent().unwrap_or(Path::new(""));
    let mut broken = Vec::new();
    for (line, target) in targets(&text) {
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, place) = target.split_once('#').unwrap_or((target, ""));
        let file = if path.is_empty() { note.to_path_buf() } else { folder.join(path) };
        if !file.exists() {
            broken.push(format!("{}:{line}: there is no {path}", note.display()));
        } else if !place.is_empty() && !has_place(&file, place)? {
            broken.push(format!("{}:{line}: {path} has no #{place}", note.display()));
        }
    }
    Ok(broken)
}

/// The target of each `[text](target)` and `[name]: target` that is not code, with its line.
fn targets(note: &str) -> Vec<(usize, &str)> {
    let mut targets = Vec::new();
    for (number, line) in prose(note) {
        if let Some((_, target)) = line.split_once("]: ").filter(|_| line.starts_with('[')) {
            targets.push((number, target.trim()));
        }
        // Every second piece between backticks is code.
        for text in line.split('`').step_by(2) {
            for rest in text.split("](").skip(1) {
                let target = rest.split([')', ' ']).next().unwrap_or_default();
                targets.push((number, target));
            }
        }
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// The numbered lines of a note that do not stand in a fenced block.
fn prose(note: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(note.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Whether a file has the heading (`#the-checksum`) or the lines (`#L10-L20`) that a link names.
fn has_place(file: &Path, place: &str) -> std::io::Result<bool> {
    let text = fs::read_to_string(file)?;
    if file.extension().is_some_and(|extension| extension == "md") {
        return Ok(anchors(&text).iter().any(|anchor| anchor == place));
    }
    let last = place.rsplit('L').next().and_then(|number| number.parse::<usize>().ok());
    Ok(last.is_some_and(|last| last <= text.lines().count()))
}

/// What the headings of a note are linked by: small letters, a hyphen for each space, no other
/// punctuation, and a number behind a heading that was there before.
fn anchors(note: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut bare = Vec::new();
    for (_, line) in prose(note) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let anchor: String = heading
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
            .collect();
        let before = bare.iter().filter(|&other| *other == anchor).count();
        anchors.push(if before == 0 { anchor.clone() } else { format!("{anchor}-{before}") });
        bare.push(anchor);
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_prose_and_not_in_code() {
        let note = "See [one](one.md#top), [`two`](two.rs) and `[no](no.md)`.\n\
                    ```\n[no](no.md)\n```\n[three]: three.md\n";
        let found = [(1, "one.md#top"), (1, "two.rs"), (5, "three.md")];
        assert_eq!(targets(note), found);
    }

    #[test]
    fn a_link_is_broken_if_its_file_heading_or_line_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("note.md");
        fs::write(folder.path().join("code.rs"), "one\ntwo\n").unwrap();
        let good = "# The `TTL`, twice\n# The TTL, twice\n[a](#the-ttl-twice-1) [b](code.rs#L2) \
                    [c](code.rs#L1-L2) [d](https://example.org/x)\n";
        fs::write(&note, good).unwrap();
        assert_eq!(broken(&note).unwrap(), Vec::<String>::new());

        fs::write(&note, "[a](#nowhere) [b](code.rs#L3) [c](gone.md)").unwrap();
        let broken = broken(&note).unwrap().join("\n");
        for missing in ["has no #nowhere", "code.rs has no #L3", "there is no gone.md"] {
            assert!(broken.contains(missing), "{broken}");
        }
    }
}
