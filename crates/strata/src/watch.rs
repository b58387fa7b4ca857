//! What is shown and recorded while a command runs: `-v`, `-vv`, `--pcap`.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anstream::{AutoStream, ColorChoice};
use clap::{ArgAction, Args};
use narrate::{Detail, Lines, Pcapng, Style};
use packet::{InterfaceId, Medium};
use trace::{Record, Subscriber, Tracer};

use crate::failure::Failure;

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

    /// Starts the recording and the printing that were asked for, of the interfaces with these
    /// names and mediums.
    pub(crate) fn start(&self, interfaces: &[(&str, Medium)]) -> Result<Watch, Failure> {
        let lines = self.detail().map(print_lines);
        Ok(Watch::new(lines, self.recorder(interfaces)?))
    }

    /// As [`WatchArguments::start`], with lines of the caller's making.
    pub(crate) fn start_with(
        &self,
        lines: Lines<io::Stdout>,
        interfaces: &[(&str, Medium)],
    ) -> Result<Watch, Failure> {
        Ok(Watch::new(Some(lines), self.recorder(interfaces)?))
    }

    fn recorder(&self, interfaces: &[(&str, Medium)]) -> Result<Option<Recorder>, Failure> {
        self.pcap.as_deref().map(|path| Recorder::create(path, interfaces)).transpose()
    }
}

/// Lines on standard output, coloured on a terminal unless NO_COLOR is set.
pub(crate) fn print_lines(detail: Detail) -> Lines<io::Stdout> {
    let style = match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => Style::Plain,
        _ => Style::Coloured,
    };
    Lines::new(io::stdout(), detail).with_style(style)
}

/// A pcapng file under way.
struct Recorder {
    path: PathBuf,
    pcapng: Pcapng<File>,
}

impl Recorder {
    fn create(path: &Path, interfaces: &[(&str, Medium)]) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| {
            Failure::new(format_args!("cannot record in {}: {error}", path.display()))
        })?;
        // A clock before 1970 tells nothing; the packets are then as old as the file says.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let mut pcapng = Pcapng::new(file, now);
        for (number, (name, medium)) in interfaces.iter().enumerate() {
            let interface = InterfaceId(number);
            pcapng.name_interface(HOST, interface, *medium, name);
        }
        Ok(Self { path: path.to_owned(), pcapng })
    }
}

/// The listeners of one run.
pub(crate) struct Watch {
    listeners: Rc<RefCell<Listeners>>,
    tracer: Tracer,
}

struct Listeners {
    lines: Option<Lines<io::Stdout>>,
    recorder: Option<Recorder>,
}

impl Subscriber for Listeners {
    fn record(&mut self, record: &Record<'_>) {
        if let Some(lines) = &mut self.lines {
            lines.record(record);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.pcapng.record(record);
        }
    }
}

impl Watch {
    fn new(lines: Option<Lines<io::Stdout>>, recorder: Option<Recorder>) -> Self {
        let anybody = lines.is_some() || recorder.is_some();
        let listeners = Rc::new(RefCell::new(Listeners { lines, recorder }));
        let tracer = if anybody { Tracer::new(HOST, listeners.clone()) } else { Tracer::off() };
        Self { listeners, tracer }
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
        if let Some(Recorder { path, pcapng }) = &mut listeners.recorder {
            pcapng.flush();
            if let Some(error) = pcapng.error() {
                let path = path.display();
                return Err(Failure::new(format_args!(
                    "the recording in {path} ends early: {error}"
                )));
            }
        }
        Ok(())
    }
}
