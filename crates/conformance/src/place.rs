//! A place in the code: `crates/ipv4/src/routes.rs`, or `crates/ipv4/src/routes.rs#lookup`.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

/// A file of the project, and perhaps something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// From the project's folder on.
    path: String,
    /// A name that the file has: a function, a type, a field.
    item: Option<String>,
}

impl Place {
    /// Looks whether the place is there.
    ///
    /// # Errors
    /// In one line, what is not there.
    pub(crate) fn find(&self, project: &Path) -> Result<(), String> {
        let text = fs::read_to_string(project.join(&self.path))
            .map_err(|error| format!("{}: {error}", self.path))?;
        match &self.item {
            Some(item) if !names(&text, item) => Err(format!("{} has no {item}", self.path)),
            _ => Ok(()),
        }
    }
}

/// Whether `item` stands in `text` as a word of its own, and not in a comment alone.
fn names(text: &str, item: &str) -> bool {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split(|it: char| !it.is_alphanumeric() && it != '_'))
        .any(|word| word == item)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        self.item.as_ref().map_or(Ok(()), |item| write!(f, "#{item}"))
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, item) = match text.split_once('#') {
            Some((path, item)) => (path, Some(item)),
            None => (text, None),
        };
        if path.is_empty() || item == Some("") {
            return Err(format!(
                "'{text}' is no place; right would be crates/ipv4/src/routes.rs or \
                 crates/ipv4/src/routes.rs#lookup"
            ));
        }
        Ok(Self { path: path.to_owned(), item: item.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Result<(), String> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        text.parse::<Place>().and_then(|place| place.find(package))
    }

    #[test]
    fn a_place_is_a_file_or_something_in_it() {
        assert_eq!(find("src/place.rs"), Ok(()));
        assert_eq!(find("src/place.rs#find"), Ok(()));
        assert_eq!(find("src/place.rs#Place"), Ok(()));
        let error = find(concat!("src/place.rs#fin", "ds")).unwrap_err();
        assert_eq!(error, concat!("src/place.rs has no fin", "ds"));
        assert!(find("src/nowhere.rs").unwrap_err().starts_with("src/nowhere.rs: "));
        assert!(find("src").unwrap_err().starts_with("src: "));
    }

    #[test]
    fn a_name_in_a_comment_or_in_another_name_is_not_that_name() {
        let text = "  // lookup\n/// lookup\nfn look_up() { lookups(); }\nlookup_all";
        assert!(!names(text, "lookup"));
        assert!(names(text, "look_up") && names(text, "lookups"));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["#lookup", "src/place.rs#", "#"] {
            assert!(text.parse::<Place>().unwrap_err().contains("is no place"), "{text}");
        }
    }
}
