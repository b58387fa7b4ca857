//! Runs tests by name, each in a process of its own.
//!
//! Cargo builds the tests and says where it put them, so that it is the same with and without
//! cargo nextest. A test that is skipped would prove nothing: where the tests against the kernel
//! cannot run, they fail here.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::judge::{Outcome, Outcomes};
use crate::test_name::TestName;

/// A test that runs for longer is ended, as .config/nextest.toml has it.
const TIME_LIMIT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// Runs `names` in `project`, and no other test.
///
/// # Errors
/// In one line, why nothing could be run.
pub(crate) fn run(project: &Path, names: &BTreeSet<TestName>) -> Result<Outcomes, String> {
    let binaries = build(project)?;
    eprintln!("running {} tests ...", names.len());

    let mut outcomes = Outcomes::new();
    let mut to_run = Vec::new();
    for (binary, names) in by_binary(names) {
        let Some(executable) = binaries.get(binary) else { continue };
        let (all, ignored) = (executable.list(&[])?, executable.list(&["--ignored"])?);
        for name in names.into_iter().filter(|name| all.contains(&name.test)) {
            if ignored.contains(&name.test) {
                outcomes.insert(name.clone(), Outcome::Ignored);
            } else {
                to_run.push((name, executable));
            }
        }
    }
    outcomes.extend(run_side_by_side(&to_run)?);
    // What no binary has is told too.
    for name in names {
        outcomes.entry(name.clone()).or_insert(Outcome::Missing);
    }
    Ok(outcomes)
}

/// A binary with tests, as cargo built it.
#[derive(Debug)]
struct Executable {
    path: PathBuf,
    /// The folder of its package, where cargo would run it.
    folder: PathBuf,
}

impl Executable {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command.env("STRATA_REQUIRE_KERNEL_TESTS", "1");
        command
    }

    /// The names of its tests, as far as `options` say.
    fn list(&self, options: &[&str]) -> Result<BTreeSet<String>, String> {
        let mut command = self.command();
        let output = command.args(["--list", "--format", "terse"]).args(options).output();
        let output = output.map_err(|error| self.trouble(&error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    fn run(&self, test: &str) -> Result<Outcome, String> {
        let mut command = self.command();
        // Whoever wants to read what it says runs it alone.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child =
            command.args(["--exact", test]).spawn().map_err(|error| self.trouble(&error))?;
        wait(&mut child, TIME_LIMIT).map_err(|error| self.trouble(&error))
    }

    fn trouble(&self, error: &io::Error) -> String {
        format!("{}: {error}", self.path.display())
    }
}

/// Waits for a test to end, or ends it when its time is over.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Outcome> {
    let begin = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(Outcome::Passed),
            Some(_) => return Ok(Outcome::Failed),
            None if begin.elapsed() >= limit => {
                child.kill()?;
                child.wait()?;
                return Ok(Outcome::TimedOut);
            }
            None => thread::sleep(POLL_INTERVAL),
        }
    }
}

/// Runs as many tests at a time as there are processors.
fn run_side_by_side(tests: &[(&TestName, &Executable)]) -> Result<Outcomes, String> {
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let waiting = Mutex::new(tests.iter());
    let next = || waiting.lock().ok()?.next();
    let work = || -> Result<Outcomes, String> {
        let mut outcomes = Outcomes::new();
        while let Some((name, executable)) = next() {
            outcomes.insert((*name).clone(), executable.run(&name.test)?);
        }
        Ok(outcomes)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut all = Outcomes::new();
        for worker in workers {
            all.extend(worker.join().map_err(|_| "a worker ended too early".to_owned())??);
        }
        Ok(all)
    })
}

fn by_binary(names: &BTreeSet<TestName>) -> BTreeMap<&str, Vec<&TestName>> {
    let mut binaries = BTreeMap::<_, Vec<_>>::new();
    for name in names {
        binaries.entry(name.binary.as_str()).or_default().push(name);
    }
    binaries
}

/// Builds all tests, as `make test` does, so that what it built is not built twice. Each binary
/// by the name that [`TestName`] has for it.
fn build(project: &Path) -> Result<BTreeMap<String, Executable>, String> {
    let arguments =
        ["test", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"];
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    // What cargo says of its work goes to the terminal.
    command.args(arguments).current_dir(project).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        let command = arguments.join(" ");
        return Err(format!("the tests do not build, so nothing is judged: cargo {command}"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(test_binary).collect())
}

/// What cargo prints of a binary with tests: its name, and where it is.
fn test_binary(line: &str) -> Option<(String, Executable)> {
    #[derive(Deserialize)]
    struct Artifact {
        package_id: String,
        manifest_path: PathBuf,
        target: Target,
        profile: Profile,
        executable: PathBuf,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
        kind: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Profile {
        test: bool,
    }
    // Other messages have other fields.
    let artifact: Artifact = serde_json::from_str(line).ok()?;
    if !artifact.profile.test {
        return None;
    }
    let Target { name, kind } = artifact.target;
    let package = package_name(&artifact.package_id)?;
    let binary = match kind.first()?.as_str() {
        "test" => format!("{package}::{name}"),
        "bin" => format!("{package}::bin/{name}"),
        _ => package.to_owned(),
    };
    let folder = artifact.manifest_path.parent()?.to_path_buf();
    Some((binary, Executable { path: artifact.executable, folder }))
}

/// The name in `path+file:///home/me/strata/crates/ipv4#0.1.0`, or behind the `#` if it is not
/// the folder's.
fn package_name(id: &str) -> Option<&str> {
    let (path, name_and_version) = id.rsplit_once('#')?;
    match name_and_version.split_once('@') {
        Some((name, _)) => Some(name),
        None => path.rsplit('/').next(),
    }
}

#[cfg(test)]
mod tests;
