//! A network of its own, and the way into it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::build::{project_folder, strata};
use crate::{Output, Process};

/// A private network with nothing in it but `lo`, a private `/sys` and `/proc`, and a folder.
///
/// Commands run in its folder as its root, with strata and the project's scripts in `PATH`.
#[derive(Debug)]
pub struct Lab {
    /// Holds the namespaces open for as long as its standard input is.
    holder: Child,
    folder: TempDir,
}

impl Lab {
    /// A lab, or `None` if this machine allows none: then the reason has been printed, and the
    /// test is to return.
    ///
    /// # Panics
    /// If there is none although `STRATA_REQUIRE_KERNEL_TESTS` is `1`.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut holder = Command::new(project_folder().join("scripts/in-netns"))
            .args(["sh", "-c", r#""$0" && echo ready && exec cat >/dev/null"#])
            .arg(project_folder().join("scripts/check-tun"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("scripts/in-netns runs");

        let mut ready = String::new();
        let stdout = holder.stdout.take().expect("stdout is piped");
        let _ = BufReader::new(stdout).read_line(&mut ready);
        if ready != "ready\n" {
            let said = holder.wait_with_output().expect("a child can be waited for").stderr;
            let said = String::from_utf8_lossy(&said);
            return skip(said.lines().last().unwrap_or("there is no private network"));
        }
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        // Another user than the test's may look in, too.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))
            .expect("the folder is ours");
        Some(Self { holder, folder })
    }

    /// A lab in which other users exist and may open `/dev/net/tun`, as on most machines.
    ///
    /// The node is a private one: the machine's own keeps its mode. Only root can do that, so
    /// otherwise the test is skipped as in [`Lab::new`].
    #[must_use]
    pub fn with_other_users() -> Option<Self> {
        let lab = Self::new()?;
        let made = lab.try_run(
            "mount -t tmpfs tmpfs /dev/net && mknod -m 0666 /dev/net/tun c 10 200 &&
             setpriv --reuid 65534 --regid 65534 --clear-groups true",
        );
        if made.status != 0 {
            return skip("only root can have other users in a private network");
        }
        // They may not be able to look into the folder that strata was built in.
        lab.run(&format!("touch strata && mount --bind {} strata", quote(strata())));
        Some(lab)
    }

    /// The folder in which commands run. It vanishes with the lab.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a line of shell to its end and returns what came of it.
    ///
    /// # Panics
    /// If it fails (its exit status is not 0).
    #[track_caller]
    pub fn run(&self, command: &str) -> Output {
        let output = self.try_run(command);
        let Output { status, stdout, stderr } = &output;
        assert!(
            *status == 0,
            "'{command}' ended with status {status}:\nstdout:\n{stdout}\nstderr:\n{stderr}"
        );
        output
    }

    /// Runs a line of shell to its end, which may be a failure.
    #[track_caller]
    pub fn try_run(&self, command: &str) -> Output {
        self.start(command, Stdio::null()).wait()
    }

    /// Whether the kernel's version is at least `version`, such as `6.2`.
    #[track_caller]
    pub fn kernel_is_at_least(&self, version: &str) -> bool {
        self.try_run(&format!("printf '%s\\n' {version} $(uname -r) | sort -CV")).status == 0
    }

    /// As [`Lab::try_run`], as another user: one by that number and without any privilege.
    ///
    /// Only in a lab [`with_other_users`](Self::with_other_users).
    #[track_caller]
    pub fn try_run_as(&self, user: u32, command: &str) -> Output {
        self.try_run(&as_user(user, command))
    }

    /// As [`Lab::spawn`], as another user: one by that number and without any privilege.
    ///
    /// Only in a lab [`with_other_users`](Self::with_other_users).
    #[track_caller]
    pub fn spawn_as(&self, user: u32, command: &str) -> Process<'_> {
        self.start(&as_user(user, &format!("exec {command}")), Stdio::null())
    }

    /// Starts one program, with its arguments, beside the test.
    #[track_caller]
    pub fn spawn(&self, command: &str) -> Process<'_> {
        self.start(&format!("exec {command}"), Stdio::null())
    }

    /// The usual beginning: `tun0` made by `scripts/tun-up`, `strata serve` with the given
    /// options attached to it, and the link up. With `--tap` among the options it is `tap0`.
    #[track_caller]
    pub fn serve(&self, options: &str) -> Process<'_> {
        let tap = options.split_whitespace().any(|option| option == "--tap");
        let kind = if tap { "tap" } else { "tun" };
        self.run(&format!("{kind}-up"));
        let serve = self.spawn(&format!("strata serve {options}"));
        serve.wait_for_line(&format!("attached to {kind}0"));
        self.run(&format!("wait-for-link {kind}0"));
        serve
    }

    /// One of the kernel's counters of a device (`tx_dropped`).
    #[track_caller]
    #[must_use]
    pub fn counter(&self, device: &str, counter: &str) -> u64 {
        let Output { stdout, .. } =
            self.run(&format!("cat /sys/class/net/{device}/statistics/{counter}"));
        stdout.trim().parse().expect("the kernel's counters are numbers")
    }

    /// Starts a line of shell.
    #[track_caller]
    pub(crate) fn start(&self, command: &str, stdin: Stdio) -> Process<'_> {
        let child = self
            .enter(&format!("echo $$ >&2; exec sh -c {}", quote(command)))
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nsenter is there where unshare is");
        Process::new(self, command, child)
    }

    /// The way in for a line of shell, ready to be run.
    pub(crate) fn enter(&self, command: &str) -> Command {
        let holder = self.holder.id();
        let mut nsenter = Command::new("nsenter");
        nsenter.args(["--net", "--mount", "--target", &holder.to_string()]);
        // The holder made the namespace of processes for its children and is not in it itself.
        nsenter.arg(format!("--pid=/proc/{holder}/ns/pid_for_children"));
        if user_namespace("self") != user_namespace(&holder.to_string()) {
            nsenter.args(["--user", "--preserve-credentials"]);
        }
        let command = format!("cd {} && {command}", quote(self.folder()));
        nsenter.args(["--", "sh", "-c", &command]);
        nsenter.env("PATH", path()).env("TMPDIR", self.folder());
        nsenter.env("LC_ALL", "C").env_remove("NO_COLOR");
        nsenter
    }
}

/// The holder reads the end of its input and ends, and with it all that is in the lab.
impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Says that the running test is skipped, and why, in a way that no test runner holds back.
fn skip<T>(reason: &str) -> Option<T> {
    let test = std::thread::current();
    let test = test.name().unwrap_or("a test");
    let required = env::var("STRATA_REQUIRE_KERNEL_TESTS").is_ok_and(|value| value == "1");
    assert!(!required, "{test} must not be skipped here: {reason}");
    let _ = writeln!(std::io::stderr(), "skipped {test}: {reason}");
    None
}

/// Strata, the project's scripts, what the test itself has, and what an ordinary user's `PATH`
/// may leave out.
fn path() -> String {
    let strata = strata().parent().unwrap_or(Path::new("."));
    let scripts = project_folder().join("scripts");
    let inherited = env::var("PATH").unwrap_or_default();
    format!("{}:{}:{inherited}:/usr/sbin:/sbin", strata.display(), scripts.display())
}

/// The line of shell that runs a line of shell as another user. The lab's folder comes first in
/// `PATH`, since strata is there for all.
fn as_user(user: u32, command: &str) -> String {
    let command = quote(command);
    format!(
        "exec setpriv --reuid {user} --regid {user} --clear-groups \
         env PATH=\"$PWD:$PATH\" sh -c {command}"
    )
}

/// Which user namespace a process is in, by its name in the kernel.
fn user_namespace(process: &str) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{process}/ns/user")).ok()
}

/// One word of shell, whatever stands in it.
pub(crate) fn quote(word: impl AsRef<std::ffi::OsStr>) -> String {
    format!("'{}'", word.as_ref().to_string_lossy().replace('\'', r"'\''"))
}
