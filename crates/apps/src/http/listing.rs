//! A folder as a page.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;

use super::target::encoded;

/// The most entries that are listed.
const MOST_ENTRIES: usize = 10_000;

/// A page with a link to each thing in the folder at `path`, which is known outside as `name`.
pub(super) fn page(path: &Path, name: &str) -> io::Result<String> {
    let mut entries: Vec<(OsString, bool)> = fs::read_dir(path)?
        .filter_map(Result::ok)
        .take(MOST_ENTRIES)
        // A link to a folder is a folder.
        .map(|entry| (entry.file_name(), entry.path().is_dir()))
        .collect();
    entries.sort();
    let title = format!("Index of {}", escaped(name));
    let mut page = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         </head>\n<body>\n<h1>{title}</h1>\n<ul>\n"
    );
    if name != "/" {
        page += "<li><a href=\"../\">../</a></li>\n";
    }
    for (name, is_folder) in &entries {
        page += &line(name, *is_folder);
    }
    if entries.len() == MOST_ENTRIES {
        page += "<li>and more</li>\n";
    }
    page += "</ul>\n</body>\n</html>\n";
    Ok(page)
}

fn line(name: &OsStr, is_folder: bool) -> String {
    let slash = if is_folder { "/" } else { "" };
    // Without the dot, a name with a colon would begin with a scheme.
    let (link, text) = (encoded(name), escaped(&name.to_string_lossy()));
    format!("<li><a href=\"./{link}{slash}\">{text}{slash}</a></li>\n")
}

/// The same text as HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            sign => escaped.push(sign),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_links_to_what_is_there_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "<a>&\"c\"", "with space:%41"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("folder")).unwrap();
        let told = page(folder.path(), "/x/").unwrap();
        let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("<li>")).collect();
        let expected = [
            "<li><a href=\"../\">../</a></li>",
            "<li><a href=\"./%3Ca%3E%26%22c%22\">&lt;a&gt;&amp;&quot;c&quot;</a></li>",
            "<li><a href=\"./b\">b</a></li>",
            "<li><a href=\"./folder/\">folder/</a></li>",
            "<li><a href=\"./with%20space%3A%2541\">with space:%41</a></li>",
        ];
        assert_eq!(lines, expected);
        assert!(told.contains("<h1>Index of /x/</h1>"));
        assert!(!page(folder.path(), "/").unwrap().contains(".."));
    }
}
