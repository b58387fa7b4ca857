//! `strata get`: fetches something by HTTP, with the stack at this end and the kernel at the
//! other.

mod output;
mod progress;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use apps::BoundStream;
use apps::http::{BodyLength, BodyProgress, Fetch, FetchError, FetchRequest, ResponseHead, Url};
use clap::Args;
use packet::Instant;
use stack::Stack;
use tcp::{ConnectionOptions, SocketId, State};

use crate::client::{self, BROKEN_PIPE, Client};
use crate::failure::Failure;
use crate::host::HostArguments;
use crate::say::Words;

use output::{Output, Start};
use progress::Progress;

/// How many redirections are followed.
const MOST_REDIRECTIONS: u32 = 10;

/// How long to wait, in the end, for the peer to hear that we close.
const GOODBYE: Duration = Duration::from_secs(1);

/// Fetch something by HTTP, by the stack
///
/// What comes goes to standard output or a file, all words to standard error. Exit status 1 if it
/// was not to be had, or did not come whole; then -C - goes on where it stopped.
#[derive(Args)]
#[command(after_help = "Examples, in the shell that `make shell` opens, with tun-up done and\n\
                        python3 -m http.server running beside:\n  \
                        strata get http://192.0.2.1:8000/\n  \
                        strata get -o page http://192.0.2.1:8000/page\n  \
                        strata get -C - -o page http://192.0.2.1:8000/page")]
pub(crate) struct Arguments {
    /// Where it is: http://ADDRESS/PATH, or http://ADDRESS:PORT/PATH
    #[arg(value_name = "URL")]
    url: Url,

    /// Write it to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Leave out so many bytes at the beginning; with - as many as the file has already
    #[arg(short = 'C', long, value_name = "OFFSET", value_parser = start)]
    continue_at: Option<Start>,

    /// Give up after so many seconds in which nothing comes
    #[arg(short = 'w', long, value_name = "SECONDS", default_value = "30",
        value_parser = client::seconds)]
    wait: Duration,

    #[command(flatten)]
    host: HostArguments,
}

fn start(text: &str) -> Result<Start, &'static str> {
    match text {
        "-" => Ok(Start::AtFilesEnd),
        number => number.parse().map(Start::At).map_err(|_| "neither a number of bytes nor -"),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.continue_at == Some(Start::AtFilesEnd) && arguments.output.is_none() {
        return Err(Failure::of_usage("-C - needs the file to go on with: -o FILE"));
    }
    client::run(&arguments.host, |descriptors| {
        let path = arguments.output.clone();
        let output = Output::new(path, arguments.continue_at, descriptors)?;
        let is_quiet = arguments.host.watch.detail().is_some() || output.is_terminal();
        Ok(Get {
            url: arguments.url.clone(),
            redirections: 0,
            wait: arguments.wait,
            output,
            progress: Progress::new(is_quiet),
            phase: Phase::Beginning,
            last_progress: Instant::START,
            has_more: false,
            outcome: Ok(ExitCode::SUCCESS),
        })
    })
}

/// A fetch with the redirections that it meets.
struct Get {
    url: Url,
    redirections: u32,
    wait: Duration,
    output: Output,
    progress: Progress,
    phase: Phase,
    /// When something came last.
    last_progress: Instant,
    /// Whether it could go on at once.
    has_more: bool,
    outcome: Result<ExitCode, Failure>,
}

/// Where it stands.
enum Phase {
    Beginning,
    Connecting(SocketId),
    /// The request was sent, or is being sent.
    Asking(SocketId, Box<Fetch>),
    /// The head has come.
    Receiving(SocketId, Box<Fetch>),
    /// It has all, and waits for the end of the connection, but not for ever.
    Leaving(SocketId, Instant),
    Over,
}

impl Get {
    /// One step on; whether it led to another phase.
    fn step(&mut self, now: Instant, stack: &mut Stack) -> Result<bool, Failure> {
        match self.phase {
            Phase::Beginning => self.connect(now, stack),
            Phase::Connecting(id) => self.wait_for_connection(now, stack, id),
            Phase::Asking(id, _) => self.read_head(now, stack, id),
            Phase::Receiving(id, _) => self.read_body(now, stack, id),
            Phase::Leaving(id, until) => Ok(self.wait_for_end(now, stack, id, until)),
            Phase::Over => Ok(false),
        }
    }

    fn connect(&mut self, now: Instant, stack: &mut Stack) -> Result<bool, Failure> {
        let options = ConnectionOptions::default();
        let connected = stack.tcp(now).connect(None, self.url.host(), options);
        self.phase = Phase::Connecting(connected.map_err(|error| self.failure(error))?);
        self.last_progress = now;
        Ok(true)
    }

    fn wait_for_connection(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
    ) -> Result<bool, Failure> {
        let mut sockets = stack.tcp(now);
        match sockets.state(id) {
            Ok(State::SynSent | State::SynReceived) => self.check_patience(now).map(|()| false),
            Ok(State::Closed) | Err(_) => {
                let error = sockets.take_error(id).ok().flatten();
                let error = error.unwrap_or(tcp::Error::ConnectionAborted);
                Err(self.failure(format_args!("no connection: {error}")))
            }
            Ok(_) => {
                let from = self.output.start()?;
                let request = FetchRequest { url: self.url.clone(), from };
                self.phase = Phase::Asking(id, Box::new(Fetch::new(&request)));
                self.last_progress = now;
                Ok(true)
            }
        }
    }

    fn read_head(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
    ) -> Result<bool, Failure> {
        let Phase::Asking(_, fetch) = &mut self.phase else { return Ok(false) };
        let head = fetch.head(&mut BoundStream::new(stack, now, id));
        let Some(head) = head.map_err(|error| self.failure(error))? else {
            return self.check_patience(now).map(|()| false);
        };
        self.last_progress = now;
        match head.status {
            301 | 302 | 303 | 307 | 308 if head.location.is_some() => {
                self.follow(now, stack, id, &head)?;
            }
            200 | 206 => self.begin_body(now, id, &head)?,
            416 if head.range().1 == self.output.start()? && head.range().1.is_some() => {
                Words::Error.say("the file is complete already");
                self.let_go(now, stack, id);
            }
            status => {
                return Err(self.failure(format_args!("{status} {}", head.reason)));
            }
        }
        Ok(true)
    }

    fn follow(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
        head: &ResponseHead,
    ) -> Result<(), Failure> {
        let location = head.location.as_deref().unwrap_or_default();
        self.redirections += 1;
        if self.redirections > MOST_REDIRECTIONS {
            return Err(self.failure(format_args!("more than {MOST_REDIRECTIONS} redirections")));
        }
        self.url = self.url.join(location).map_err(|error| {
            self.failure(format_args!("it is said to be at '{location}': {error}"))
        })?;
        let _ = stack.tcp(now).abort(now, id);
        let _ = stack.tcp(now).close(now, id);
        self.phase = Phase::Beginning;
        Ok(())
    }

    fn begin_body(
        &mut self,
        now: Instant,
        id: SocketId,
        head: &ResponseHead,
    ) -> Result<(), Failure> {
        let from = match (head.status, self.output.start()?) {
            (206, Some(from)) if head.range().0 == Some(from) => from,
            (206, _) => return Err(self.failure("it sent other bytes than were asked for")),
            (_, None) => 0,
            (_, Some(_)) if self.output.can_begin_anew() => {
                Words::Error.say("the server sends all or nothing, so it begins anew");
                0
            }
            (_, Some(_)) => {
                return Err(self.failure("the server sends all or nothing, no part of it"));
            }
        };
        self.output.begin(from)?;
        let length = match head.body {
            BodyLength::Known(length) => Some(from + length),
            BodyLength::Chunked | BodyLength::UntilClosed => None,
        };
        self.progress.begin(now, from, length);
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        if let Phase::Asking(_, fetch) = phase {
            self.phase = Phase::Receiving(id, fetch);
        }
        Ok(())
    }

    fn read_body(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
    ) -> Result<bool, Failure> {
        let Phase::Receiving(_, fetch) = &mut self.phase else { return Ok(false) };
        let before = fetch.received();
        let output = &mut self.output;
        let mut sink = |data: &[u8]| output.write(data);
        let progress = fetch.body(&mut BoundStream::new(stack, now, id), &mut sink);
        let received = fetch.received();
        if received > before {
            self.last_progress = now;
        }
        self.progress.show(now, received);
        match progress {
            Ok(BodyProgress::Waits) => self.check_patience(now).map(|()| false),
            Ok(BodyProgress::HasMore) => {
                self.has_more = true;
                Ok(false)
            }
            Ok(BodyProgress::Done) => {
                self.progress.finish(now, received);
                self.let_go(now, stack, id);
                Ok(true)
            }
            Err(FetchError::Sink(error)) if error.kind() == ErrorKind::BrokenPipe => {
                self.outcome = Ok(BROKEN_PIPE.into());
                let _ = stack.tcp(now).abort(now, id);
                self.phase = Phase::Over;
                Ok(false)
            }
            Err(error) => {
                self.progress.clear();
                Err(self.failure(format_args!("{error}, after {received} bytes")))
            }
        }
    }

    fn let_go(&mut self, now: Instant, stack: &mut Stack, id: SocketId) {
        let _ = stack.tcp(now).close(now, id);
        self.phase = Phase::Leaving(id, now + GOODBYE);
    }

    fn wait_for_end(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        id: SocketId,
        until: Instant,
    ) -> bool {
        let state = stack.tcp(now).state(id).unwrap_or(State::Closed);
        let is_over = matches!(state, State::FinWait2 | State::TimeWait | State::Closed);
        if is_over || now >= until {
            self.phase = Phase::Over;
        }
        self.is_over()
    }

    fn check_patience(&self, now: Instant) -> Result<(), Failure> {
        if now < self.last_progress + self.wait {
            return Ok(());
        }
        self.progress.clear();
        Err(self.failure(format_args!("nothing came for {} s", self.wait.as_secs_f64())))
    }

    fn failure(&self, cause: impl std::fmt::Display) -> Failure {
        Failure::new(format_args!("{}: {cause}", self.url))
    }

    const fn connection(&self) -> Option<SocketId> {
        match self.phase {
            Phase::Connecting(id)
            | Phase::Asking(id, _)
            | Phase::Receiving(id, _)
            | Phase::Leaving(id, _) => Some(id),
            Phase::Beginning | Phase::Over => None,
        }
    }
}

impl Client for Get {
    fn turn(&mut self, now: Instant, stack: &mut Stack) {
        self.has_more = false;
        loop {
            match self.step(now, stack) {
                Ok(true) => {}
                Ok(false) => return,
                Err(failure) => {
                    self.leave(now, stack);
                    self.outcome = Err(failure);
                    self.phase = Phase::Over;
                }
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match self.phase {
            _ if self.has_more => Some(Instant::START),
            Phase::Connecting(_) | Phase::Asking(..) | Phase::Receiving(..) => {
                Some(self.last_progress + self.wait)
            }
            Phase::Leaving(_, until) => Some(until),
            Phase::Beginning | Phase::Over => None,
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    fn leave(&mut self, now: Instant, stack: &mut Stack) {
        self.progress.clear();
        if let Some(id) = self.connection() {
            let _ = stack.tcp(now).abort(now, id);
        }
    }

    fn outcome(self) -> Result<ExitCode, Failure> {
        self.outcome
    }
}
