//! From what is asked for to a path in a folder, and back: percent-coding (RFC 3986, 2.1).

use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a target names: a path below the folder, and whether it ends with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) ends_with_slash: bool,
}

impl Target {
    /// What `target` names, without its query. `None` if no file can have such a name, or if it
    /// leads up.
    pub(super) fn of(target: &str) -> Option<Self> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let mut below = PathBuf::new();
        for segment in path.split('/') {
            match decoded(segment)?.as_slice() {
                b"" | b"." => {}
                b".." => return None,
                name if name.contains(&b'/') || name.contains(&0) => return None,
                name => below.push(OsStr::from_bytes(name)),
            }
        }
        Some(Self { path: below, ends_with_slash: path.ends_with('/') })
    }
}

/// The same path as a target, which begins with one slash and ends with one.
pub(super) fn of_folder(path: &Path) -> String {
    let mut target = String::from("/");
    for name in path {
        target += &encoded(name);
        target.push('/');
    }
    target
}

/// The bytes that a segment stands for; `None` if a percent sign is not followed by two digits.
fn decoded(segment: &str) -> Option<Vec<u8>> {
    let mut bytes = segment.bytes();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            byte => byte,
        });
    }
    Some(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A name as a segment: all but letters, digits and a few signs is percent-encoded.
pub(super) fn encoded(name: &OsStr) -> String {
    let mut segment = String::new();
    for &byte in name.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_target_is_a_path_below() {
        for (target, path, ends_with_slash) in [
            ("/", "", true),
            ("/a/b", "a/b", false),
            ("/a%20b/%C3%A4?query/..", "a b/ä", false),
            ("//a/./b//", "a/b", true),
            ("/%2e/a", "a", false),
            ("/...", "...", false),
        ] {
            let expected = Target { path: path.into(), ends_with_slash };
            assert_eq!(Target::of(target), Some(expected), "{target}");
        }
    }

    #[test]
    fn what_leads_up_or_nowhere_is_none() {
        for target in
            ["/..", "/a/../../b", "/%2e%2E/", "/.%2e", "/a%2f..%2fb", "/a%00b", "/%", "/%4", "/%xy"]
        {
            assert_eq!(Target::of(target), None, "{target}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_to_the_same(names in prop::collection::vec(
            prop::collection::vec(1u8.., 1..20), 0..4,
        )) {
            let is_name = |name: &Vec<u8>| name != b"." && name != b".." && !name.contains(&b'/');
            prop_assume!(names.iter().all(is_name));
            let path: PathBuf = names.iter().map(|name| OsStr::from_bytes(name)).collect();
            let target = of_folder(&path);
            prop_assert!(target.is_ascii() && !target.contains("//"));
            prop_assert_eq!(Target::of(&target), Some(Target { path, ends_with_slash: true }));
        }

        #[test]
        fn nothing_leads_up(target in "(/|\\.|%2e|%2f|%|a|\\?|\\\\)*") {
            if let Some(Target { path, .. }) = Target::of(&target) {
                let is_name = |part| matches!(part, std::path::Component::Normal(_));
                prop_assert!(path.components().all(is_name), "{path:?}");
            }
        }
    }
}
