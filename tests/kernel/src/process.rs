//! A program in a lab: what it prints, how it ends, and never a wait without an end.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use crate::Lab;
use crate::soak::patience;

/// How a program ended and what it printed.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit status; 128 plus the signal's number if a signal ended it.
    pub status: i32,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

/// A program that runs in a lab, beside the test.
#[derive(Debug)]
pub struct Process<'lab> {
    lab: &'lab Lab,
    command: String,
    /// The `nsenter` that stands for the program out here; it ends as the program does.
    child: Child,
    /// The program's number in the lab's namespace.
    number: u32,
    printed: Arc<Printed>,
}

impl<'lab> Process<'lab> {
    /// `child` must have piped outputs, and announce its number in the namespace as the first
    /// line of its standard error.
    pub(crate) fn new(lab: &'lab Lab, command: &str, mut child: Child) -> Self {
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let mut number = String::new();
        let announced = stderr.read_line(&mut number);
        let number = match number.trim().parse() {
            Ok(number) => number,
            Err(_) => panic!("'{command}' cannot enter the lab: {announced:?} {number}"),
        };
        let printed = Arc::new(Printed::default());
        Printed::collect(&printed, BufReader::new(stdout), |text| &mut text.stdout);
        Printed::collect(&printed, stderr, |text| &mut text.stderr);
        Self { lab, command: command.to_owned(), child, number, printed }
    }

    /// Waits until the program prints a line that contains `text`, and returns the line.
    ///
    /// # Panics
    /// If the program ends, or much time passes, without such a line.
    #[track_caller]
    pub fn wait_for_line(&self, text: &str) -> String {
        let (printed, line) = self.printed.wait_until(|printed| {
            let lines = || printed.stdout.lines().chain(printed.stderr.lines());
            let found = lines().find(|line| line.contains(text)).map(str::to_owned);
            (found.is_some() || printed.open == 0).then_some(found)
        });
        let Some(Some(line)) = line else {
            panic!("'{}' printed no line with '{text}':\n{printed}", self.command)
        };
        line
    }

    /// Gives the program a line of input, if its input is a pipe, and returns what it prints on
    /// its standard output from `start` on up to `end`.
    ///
    /// # Panics
    /// If the program ends, or much time passes, before that.
    #[track_caller]
    pub(crate) fn converse(&mut self, line: &str, start: usize, end: &str) -> String {
        if let Some(stdin) = &mut self.child.stdin {
            writeln!(stdin, "{line}").expect("the program reads its input");
        }
        let (printed, answer) = self.printed.wait_until(|printed| {
            let new = printed.stdout.get(start..).unwrap_or_default();
            let answer = new.split_once(end).map(|(answer, _)| answer.to_owned());
            (answer.is_some() || printed.open == 0).then_some(answer)
        });
        let Some(Some(answer)) = answer else {
            panic!("no end of the output of '{line}':\n{printed}")
        };
        answer
    }

    /// What the program has printed on its standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.printed.lock().stdout.clone()
    }

    /// Whether the program has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    /// The most memory that it has ever held, in bytes.
    ///
    /// # Panics
    /// If it has ended.
    #[track_caller]
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        let status = self.lab.run(&format!("cat /proc/{}/status", self.number)).stdout;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
        let kib: Option<u64> = kib.and_then(|kib| kib.parse().ok());
        kib.expect("the kernel tells of its processes' memory") << 10
    }

    /// Sends it a signal (`INT`, `TERM`).
    pub fn signal(&self, signal: &str) {
        self.lab.run(&format!("kill -{signal} {}", self.number));
    }

    /// Ctrl-C, and then as [`Process::wait`].
    #[track_caller]
    pub fn stop(self) -> Output {
        self.signal("INT");
        self.wait()
    }

    /// Waits until the program ends.
    ///
    /// # Panics
    /// If much time passes before it does.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let (printed, ended) = self.printed.wait_until(|printed| (printed.open == 0).then_some(()));
        assert!(ended.is_some(), "'{}' does not end:\n{printed}", self.command);
        let status = self.child.wait().expect("a child can be waited for");
        let status = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        Output { status, stdout: printed.stdout, stderr: printed.stderr }
    }
}

/// A program that a test has no more use for is ended, since another may want its device.
impl Drop for Process<'_> {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = self.lab.enter(&format!("kill -KILL {}", self.number)).output();
            let _ = self.child.wait();
        }
    }
}

/// What a program printed so far.
#[derive(Debug, Default)]
struct Printed {
    text: Mutex<Text>,
    more: Condvar,
}

#[derive(Clone, Debug, Default)]
struct Text {
    stdout: String,
    stderr: String,
    /// How many of the two may still grow.
    open: usize,
}

impl Printed {
    /// Reads `from` in a thread of its own, into that text of the two which `which` names.
    fn collect(
        this: &Arc<Self>,
        mut from: impl Read + Send + 'static,
        which: fn(&mut Text) -> &mut String,
    ) {
        this.lock().open += 1;
        let this = Arc::clone(this);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut bytes) {
                let read = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default());
                which(&mut this.lock()).push_str(&read);
                this.more.notify_all();
            }
            this.lock().open -= 1;
            this.more.notify_all();
        });
    }

    /// Waits until `condition` has an answer; `None` if it has none for too long. Returns all
    /// that is printed by then, too.
    fn wait_until<T>(&self, condition: impl Fn(&Text) -> Option<T>) -> (Text, Option<T>) {
        let until = Instant::now() + patience();
        let mut text = self.lock();
        loop {
            let answer = condition(&text);
            let left = until.saturating_duration_since(Instant::now());
            if answer.is_some() || left.is_zero() {
                return (text.clone(), answer);
            }
            text = self.more.wait_timeout(text, left).expect("no reader panics").0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Text> {
        self.text.lock().expect("no reader panics")
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
    }
}
