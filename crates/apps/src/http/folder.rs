//! The folder whose files are served, and nothing outside of it.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::status::Status;
use super::target::Target;

/// What a folder shows where it is asked for itself.
const INDEX: &str = "index.html";

/// A folder, by its path without symbolic links.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

/// What a target was found to be.
#[derive(Debug)]
pub(super) enum Found {
    File(FoundFile),
    /// A folder without an index: its path, to be listed.
    Listing(PathBuf),
    /// A folder that was asked for without the slash at its end.
    Moved,
}

/// A regular file, open.
#[derive(Debug)]
pub(super) struct FoundFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) length: u64,
    pub(super) modified: SystemTime,
}

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let root = path.canonicalize()?;
        if !root.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { root })
    }

    /// Finds what `target` names. The error is what to answer.
    pub(super) fn find(&self, target: &Target) -> Result<Found, Status> {
        let path = self.inside(&target.path)?;
        let metadata = path.metadata().map_err(|error| status_of(&error))?;
        if metadata.is_file() && !target.ends_with_slash {
            return Ok(Found::File(open(path, &metadata)?));
        }
        if !metadata.is_dir() {
            return Err(Status::NotFound);
        }
        if !target.ends_with_slash {
            return Ok(Found::Moved);
        }
        let index = self.inside(&target.path.join(INDEX));
        match index
            .and_then(|index| Ok((index.metadata().map_err(|error| status_of(&error))?, index)))
        {
            Ok((metadata, index)) if metadata.is_file() => Ok(Found::File(open(index, &metadata)?)),
            Ok(_) | Err(Status::NotFound) => Ok(Found::Listing(path)),
            Err(status) => Err(status),
        }
    }

    /// The path that `below` leads to when all symbolic links are followed, if that is inside.
    fn inside(&self, below: &Path) -> Result<PathBuf, Status> {
        let path = self.root.join(below).canonicalize().map_err(|error| status_of(&error))?;
        if path.starts_with(&self.root) { Ok(path) } else { Err(Status::NotFound) }
    }
}

/// Opens a regular file. (To open a named pipe would wait for its writer.)
fn open(path: PathBuf, metadata: &Metadata) -> Result<FoundFile, Status> {
    let file = File::open(&path).map_err(|error| status_of(&error))?;
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(FoundFile { file, path, length: metadata.len(), modified })
}

pub(super) fn status_of(error: &io::Error) -> Status {
    match error.kind() {
        ErrorKind::PermissionDenied => Status::Forbidden,
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidInput => Status::NotFound,
        // A circle of symbolic links has no kind of its own yet, nor has a lack of descriptors.
        _ => match error.raw_os_error() {
            Some(ELOOP) => Status::NotFound,
            Some(EMFILE | ENFILE) => Status::Unavailable,
            _ => Status::InternalError,
        },
    }
}

/// Too many symbolic links; too many open files of this process, and of all.
const ELOOP: i32 = 40;
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A folder beside which there is a secret.
    fn folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let at = |name| place.path().join(name);
        fs::write(at("secret"), "secret").unwrap();
        fs::create_dir_all(at("www/folder/inner")).unwrap();
        fs::create_dir_all(at("www/with index")).unwrap();
        fs::write(at("www/with index/index.html"), "index").unwrap();
        fs::write(at("www/file"), "file").unwrap();
        symlink(at("secret"), at("www/out")).unwrap();
        symlink(at(""), at("www/up")).unwrap();
        symlink(at("www/file"), at("www/folder/in")).unwrap();
        symlink("circle", at("www/circle")).unwrap();
        let folder = Folder::open(&at("www")).unwrap();
        (place, folder)
    }

    fn found(folder: &Folder, target: &str) -> String {
        match folder.find(&Target::of(target).unwrap()) {
            Ok(Found::File(file)) => io::read_to_string(file.file).unwrap(),
            Ok(Found::Listing(path)) => {
                format!("listing of {}", path.file_name().unwrap().display())
            }
            Ok(Found::Moved) => "moved".to_owned(),
            Err(status) => status.to_string(),
        }
    }

    #[test]
    fn files_folders_and_indexes_are_found() {
        let (_place, folder) = folder();
        for (target, expected) in [
            ("/file", "file"),
            ("/folder/in", "file"),
            ("/with%20index/", "index"),
            ("/with%20index", "moved"),
            ("/folder", "moved"),
            ("/folder/", "listing of folder"),
            ("/", "listing of www"),
        ] {
            assert_eq!(found(&folder, target), expected, "{target}");
        }
    }

    #[test]
    fn what_lies_outside_or_is_no_file_is_not_found() {
        let (place, folder) = folder();
        for target in
            ["/nothing", "/out", "/up/secret", "/up/", "/file/", "/file/x", "/circle", "/circle/x"]
        {
            assert_eq!(found(&folder, target), "404 Not Found", "{target}");
        }
        let long = format!("/{}", "x".repeat(5000));
        assert_eq!(found(&folder, &long), "404 Not Found");
        // A folder whose name begins as that of the one that is served.
        fs::create_dir(place.path().join("www2")).unwrap();
        symlink(place.path().join("www2"), place.path().join("www/beside")).unwrap();
        assert_eq!(found(&folder, "/beside/"), "404 Not Found");
    }

    #[test]
    fn what_is_no_folder_cannot_be_served() {
        let (place, _folder) = folder();
        assert!(Folder::open(&place.path().join("secret")).is_err());
        assert!(Folder::open(&place.path().join("nothing")).is_err());
    }
}
