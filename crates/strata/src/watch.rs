//! What is shown and recorded while a command runs: `-v`, `-vv`, `--pcap`.

use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{ArgAction, Args};
use narrate::{Detail, Lines, Names, Pcapng, Style};
use packet::{InterfaceId, Medium};
use trace::{Record, Subscriber, Tracer};

use crate::failure::Failure;
use crate::faults::FaultCounts;
use crate::say::Words;

/// The name of this host in its trace.
const HOST: &str = "strata";

/// What to show and record.
#[derive(Args)]
pub(crate) struct WatchArguments {
    /// Print a line for each packet; twice (-vv): every layer of it
    #[arg(short, long = "verbose", action = ArgAction::Count)]
    verbose: u8,

    /// Record the packets in a pcapng file, for tcpdump or Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

impl WatchArguments {
    /// How much is to be printed, if anything.
    pub(crate) const fn detail(&self) -> Option<Detail> {
        match self.verbose {
            0 => None,
            1 => Some(Detail::Lines),
            _ => Some(Detail::Layers),
        }
    }

    /// Starts the recording and the printing that were asked for, of the device of this name.
    pub(crate) fn start(
        &self,
        device: &str,
        medium: Medium,
        words: Words,
    ) -> Result<Watch, Failure> {
        let lines = self.detail().map(|detail| print_lines(detail, words));
        Ok(Watch::new(lines, self.recorder(device, medium)?))
    }

    /// As [`WatchArguments::start`], of several devices: each line begins with the name of its own.
    pub(crate) fn start_between(&self, devices: &[(&str, Medium)]) -> Result<Watch, Failure> {
        let named = |names: Names, (index, (name, _)): (usize, &(&str, Medium))| {
            names.with_peer(HOST, InterfaceId(index), name)
        };
        let names = devices.iter().enumerate().fold(Names::kernel(), named);
        let lines =
            self.detail().map(|detail| print_lines(detail, Words::Output).with_names(names));
        let mut recorder = self.new_recorder()?;
        for (index, (name, medium)) in devices.iter().enumerate() {
            if let Some(recorder) = &mut recorder {
                recorder.name_interface(HOST, InterfaceId(index), *medium, name);
            }
        }
        Ok(Watch::new(lines, recorder))
    }

    /// As [`WatchArguments::start`], with lines of the caller's making.
    pub(crate) fn start_with(
        &self,
        lines: PrintedLines,
        device: &str,
        medium: Medium,
    ) -> Result<Watch, Failure> {
        Ok(Watch::new(Some(lines), self.recorder(device, medium)?))
    }

    fn recorder(&self, device: &str, medium: Medium) -> Result<Option<Recorder>, Failure> {
        let mut recorder = self.new_recorder()?;
        if let Some(recorder) = &mut recorder {
            recorder.name_interface(HOST, InterfaceId(0), medium, device);
        }
        Ok(recorder)
    }

    fn new_recorder(&self) -> Result<Option<Recorder>, Failure> {
        let Some(path) = &self.pcap else { return Ok(None) };
        // A clock before 1970 tells nothing; the packets are then as old as the file says.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Recorder::create(path, now).map(Some)
    }
}

/// Lines that are printed.
pub(crate) type PrintedLines = Lines<Box<dyn Write>>;

/// Lines where words go, coloured on a terminal.
pub(crate) fn print_lines(detail: Detail, words: Words) -> PrintedLines {
    let style = if words.may_be_coloured() { Style::Coloured } else { Style::Plain };
    Lines::new(words.writer(), detail).with_style(style)
}

/// A pcapng file under way.
pub(crate) struct Recorder {
    path: PathBuf,
    pcapng: Pcapng<File>,
}

impl Recorder {
    /// Begins a recording whose clock reads `start` (since the Unix epoch) at the run's first
    /// moment.
    pub(crate) fn create(path: &Path, start: Duration) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| {
            Failure::new(format_args!("cannot record in {}: {error}", path.display()))
        })?;
        Ok(Self { path: path.to_owned(), pcapng: Pcapng::new(file, start) })
    }

    /// Names an interface of `host`.
    pub(crate) fn name_interface(
        &mut self,
        host: &str,
        interface: InterfaceId,
        medium: Medium,
        name: &str,
    ) {
        self.pcapng.name_interface(host, interface, medium, name);
    }

    /// Ends the recording, and says what went wrong with it.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.pcapng.flush();
        let Some(error) = self.pcapng.error() else { return Ok(()) };
        let path = self.path.display();
        Err(Failure::new(format_args!("the recording in {path} ends early: {error}")))
    }
}

impl Subscriber for Recorder {
    fn record(&mut self, record: &Record<'_>) {
        self.pcapng.record(record);
    }
}

/// The listeners of one run.
pub(crate) struct Watch {
    listeners: Rc<RefCell<Listeners>>,
    tracer: Tracer,
}

struct Listeners {
    lines: Option<PrintedLines>,
    recorder: Option<Recorder>,
    faults: FaultCounts,
}

impl Subscriber for Listeners {
    fn record(&mut self, record: &Record<'_>) {
        if let Some(lines) = &mut self.lines {
            lines.record(record);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.record(record);
        }
        self.faults.record(record);
    }
}

impl Watch {
    fn new(lines: Option<PrintedLines>, recorder: Option<Recorder>) -> Self {
        let anybody = lines.is_some() || recorder.is_some();
        let faults = FaultCounts::default();
        let listeners = Rc::new(RefCell::new(Listeners { lines, recorder, faults }));
        let tracer = if anybody { Tracer::new(HOST, listeners.clone()) } else { Tracer::off() };
        Self { listeners, tracer }
    }

    /// A handle for links alone, whose faults are counted whether or not anybody watches.
    pub(crate) fn fault_tracer(&self) -> Tracer {
        Tracer::new(HOST, self.listeners.clone())
    }

    /// What links did on purpose so far.
    pub(crate) fn faults(&self) -> FaultCounts {
        self.listeners.borrow().faults
    }

    /// A handle to emit events through.
    pub(crate) fn tracer(&self) -> Tracer {
        self.tracer.clone()
    }

    /// Whether nobody reads what is printed any more, as in `strata dump | head`.
    pub(crate) fn is_over(&self) -> bool {
        self.listeners.borrow().lines.as_ref().is_some_and(|lines| lines.error().is_some())
    }

    /// Ends printing and recording, and says what went wrong with either.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let mut listeners = self.listeners.borrow_mut();
        if let Some(error) = listeners.lines.as_ref().and_then(Lines::error)
            && error.kind() != ErrorKind::BrokenPipe
        {
            return Err(Failure::new(format_args!("cannot print: {error}")));
        }
        listeners.recorder.as_mut().map_or(Ok(()), Recorder::finish)
    }
}
