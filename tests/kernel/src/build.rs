//! Where the project is, and the program under test.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the whole project.
#[must_use]
pub fn project_folder() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package)
}

/// The program strata: `STRATA_BIN` if that is set, else built as the tests were.
///
/// Cargo tells a test where the programs of its own package are, and no others. So it is asked
/// to build strata, which costs next to nothing where that is done already, and puts it two
/// folders above the test: `target/debug/deps/ping-1f2e3d` and `target/debug/strata`.
pub(crate) fn strata() -> &'static Path {
    static STRATA: OnceLock<PathBuf> = OnceLock::new();
    let strata = STRATA.get_or_init(|| env::var_os("STRATA_BIN").map_or_else(build, PathBuf::from));
    // Its folder goes into PATH, so the name must be the one that tests and notes type.
    assert!(strata.ends_with("strata"), "STRATA_BIN is {strata:?}, which is not named strata");
    strata
}

fn build() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let folder = test.ancestors().nth(2).expect("a test lies in PROFILE/deps");
    let target = folder.parent().expect("PROFILE lies in the target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--package", "strata", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(project_folder())
        .status()
        .expect("cargo runs, for it runs this test");
    assert!(built.success(), "strata does not build: cargo build -p strata");
    folder.join("strata")
}
