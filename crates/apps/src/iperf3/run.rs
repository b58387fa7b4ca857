//! One test, from its parameters to its results.

use std::net::SocketAddr;
use std::time::Duration;

use packet::Instant;
use stack::Stack;
use tcp::SocketId;

use super::control::{Control, Garbage};
use super::parameters::{Parameters, Refused};
use super::protocol::{Cookie, State};
use super::results::{self, CpuTime, StreamResult};
use super::streams::{Carrier, Stream};

/// After how long without a word or a byte a test is given up.
pub const IDLE_PATIENCE: Duration = Duration::from_secs(30);

/// The test under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) control: Control,
    cookie: Cookie,
    phase: Phase,
    pub(super) streams: Vec<Stream>,
    /// When something last came or left.
    stirred: Instant,
}

/// How far it is.
#[derive(Debug)]
enum Phase {
    /// We asked what is to be measured.
    Asking,
    /// The streams are being opened.
    Opening(Parameters),
    /// It is measured.
    Running(Running),
    /// We asked for the client's results, and have ours.
    Comparing {
        outcome: Outcome,
        /// Ours, as they are sent: the client says its own first.
        ours: Vec<u8>,
    },
    /// The client shows them.
    Showing(Outcome),
}

#[derive(Debug)]
struct Running {
    asked: Parameters,
    /// When the counting began, or begins.
    began: Instant,
    /// Whether that is yet to come.
    is_omitting: bool,
    cpu: CpuTime,
}

/// What came out of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was asked.
    pub asked: Parameters,
    /// How long was counted.
    pub time: Duration,
    /// What we have counted.
    pub streams: Vec<StreamResult>,
    /// Bytes that the client says of each stream, by its number.
    pub client: Vec<(u64, u64)>,
}

/// How a step ended.
#[derive(Debug)]
pub(super) enum Progress {
    /// It goes on.
    Goes,
    /// It is done.
    Done(Outcome),
    /// It cannot be done.
    Refused(Refused),
    /// It broke off, and why.
    Broken(&'static str),
}

impl Run {
    /// A test that a client asks for, by `cookie`.
    pub(super) fn new(now: Instant, id: SocketId, from: SocketAddr, cookie: Cookie) -> Self {
        let mut control = Control::new(id, from);
        control.say(State::ParamExchange);
        Self { control, cookie, phase: Phase::Asking, streams: Vec::new(), stirred: now }
    }

    /// Whether a TCP connection that says this cookie is a stream that is waited for.
    pub(super) fn expects(&self, cookie: &Cookie) -> bool {
        match &self.phase {
            Phase::Opening(asked) => !asked.udp && *cookie == self.cookie,
            _ => false,
        }
    }

    /// Whether a first datagram from `remote` is a stream that is waited for, or was.
    pub(super) fn expects_datagram(&self, remote: SocketAddr) -> bool {
        match &self.phase {
            Phase::Opening(asked) => asked.udp && remote.ip() == self.control.from.ip(),
            _ => false,
        }
    }

    /// Takes in a stream, unless it is there already. When all are there the test begins.
    pub(super) fn add_stream(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        carrier: Carrier,
        cpu: CpuTime,
    ) {
        let Phase::Opening(asked) = &self.phase else { return };
        self.stirred = now;
        if self.streams.iter().any(|stream| stream.carrier == carrier) {
            return;
        }
        self.streams.push(Stream::new(now, self.streams.len(), carrier, asked));
        if self.streams.len() == asked.all_streams() {
            self.begin(now, stack, asked.clone(), cpu);
        }
    }

    fn begin(&mut self, now: Instant, stack: &mut Stack, asked: Parameters, cpu: CpuTime) {
        self.control.say(State::TestStart);
        self.control.say(State::TestRunning);
        self.control.flush(now, stack);
        for stream in &mut self.streams {
            stream.begin(now, stack, &asked);
        }
        let (began, is_omitting) = (now + asked.omit, !asked.omit.is_zero());
        self.phase = Phase::Running(Running { asked, began, is_omitting, cpu });
    }

    /// A datagram came from `remote`. Whether it belongs to a stream.
    pub(super) fn note(&mut self, now: Instant, remote: SocketAddr, datagram: &[u8]) -> bool {
        let Phase::Running(Running { asked, .. }) = &self.phase else { return false };
        let is_from = |stream: &&mut Stream| match stream.carrier {
            Carrier::Udp { remote: known, .. } => known == remote,
            Carrier::Tcp(_) => false,
        };
        let Some(stream) = self.streams.iter_mut().find(is_from) else { return false };
        if !stream.sends {
            stream.note(now, datagram, asked);
        }
        self.stirred = now;
        true
    }

    /// Whether a connection is the control connection, or a stream's.
    pub(super) fn has(&self, id: SocketId) -> bool {
        let is_stream = |stream: &Stream| stream.carrier == Carrier::Tcp(id);
        self.control.id == id || self.streams.iter().any(is_stream)
    }

    /// Sends and receives what it can. Whether there may be more to send at once.
    pub(super) fn carry(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        udp: udp::SocketId,
        memory: &mut Memory,
    ) -> bool {
        let Phase::Running(running) = &mut self.phase else { return false };
        if running.is_omitting && now >= running.began {
            running.is_omitting = false;
            running.began = now;
            for stream in &mut self.streams {
                stream.begin(now, stack, &running.asked);
            }
        }
        let mut has_more = false;
        for stream in &mut self.streams {
            let (moved, more) = if stream.sends {
                stream.send(now, stack, udp, &running.asked, &mut memory.filling)
            } else {
                (stream.receive(now, stack, &mut memory.scratch), false)
            };
            has_more |= more;
            self.stirred = if moved > 0 { now } else { self.stirred };
        }
        has_more
    }

    /// Goes on with what the client says. `cpu` is how long the processor has worked so far.
    pub(super) fn step(&mut self, now: Instant, stack: &mut Stack, cpu: CpuTime) -> Progress {
        self.control.read(now, stack);
        loop {
            match self.next(now, stack, cpu) {
                Ok(Some(Progress::Goes)) => self.stirred = now,
                Ok(Some(ended)) => {
                    self.control.flush(now, stack);
                    return ended;
                }
                Ok(None) => break,
                Err(Garbage) => {
                    return Progress::Broken("it said something that iperf3 never says");
                }
            }
        }
        self.control.flush(now, stack);
        if self.control.is_over() {
            return Progress::Broken("the client left");
        }
        if now >= self.stirred + IDLE_PATIENCE {
            return Progress::Broken("nothing came for 30 seconds");
        }
        Progress::Goes
    }

    /// The next thing that follows of what was said; `None` if more has to be said first.
    fn next(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        cpu: CpuTime,
    ) -> Result<Option<Progress>, Garbage> {
        match &mut self.phase {
            Phase::Asking => {
                let Some(json) = self.control.next_json()? else { return Ok(None) };
                Ok(Some(self.take_parameters(&json)))
            }
            Phase::Opening(_) => match self.control.next_state()? {
                None => Ok(None),
                Some(State::ClientTerminate) => {
                    Ok(Some(Progress::Broken("the client was stopped")))
                }
                Some(_) => Err(Garbage),
            },
            Phase::Running(_) => match self.control.next_state()? {
                None => Ok(None),
                Some(State::TestEnd) => Ok(Some(self.end(now, stack, cpu))),
                Some(State::ClientTerminate) => {
                    Ok(Some(Progress::Broken("the client was stopped")))
                }
                Some(_) => Err(Garbage),
            },
            Phase::Comparing { outcome, ours } => {
                let Some(json) = self.control.next_json()? else { return Ok(None) };
                outcome.client = results::read(&json).ok_or(Garbage)?;
                self.control.say_json(ours);
                let outcome = outcome.clone();
                self.control.say(State::DisplayResults);
                self.phase = Phase::Showing(outcome);
                Ok(Some(Progress::Goes))
            }
            Phase::Showing(outcome) => {
                let is_done = self.control.next_state()?.is_some() || self.control.is_over();
                Ok(is_done.then(|| Progress::Done(outcome.clone())))
            }
        }
    }

    fn take_parameters(&mut self, json: &[u8]) -> Progress {
        match Parameters::read(json) {
            Ok(asked) => {
                self.control.say(State::CreateStreams);
                self.phase = Phase::Opening(asked);
                Progress::Goes
            }
            Err(refused) => {
                self.control.say_error(refused.number());
                Progress::Refused(refused)
            }
        }
    }

    /// The client has had enough.
    fn end(&mut self, now: Instant, stack: &mut Stack, cpu: CpuTime) -> Progress {
        let Phase::Running(running) = &self.phase else { return Progress::Goes };
        let time = now - running.began;
        let streams: Vec<StreamResult> =
            self.streams.iter().map(|stream| stream.result(now, stack)).collect();
        self.control.say(State::ExchangeResults);
        let ours = results::write(&streams, time, cpu, running.cpu);
        let outcome = Outcome { asked: running.asked.clone(), time, streams, client: Vec::new() };
        self.phase = Phase::Comparing { outcome, ours };
        Progress::Goes
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let idle = self.stirred + IDLE_PATIENCE;
        let Phase::Running(running) = &self.phase else { return Some(idle) };
        let omit = running.is_omitting.then_some(running.began);
        let sends = self.streams.iter().filter_map(Stream::next_deadline);
        sends.chain(omit).chain([idle]).min()
    }

    /// Lets go of all its connections.
    pub(super) fn close(self, now: Instant, stack: &mut Stack) {
        for stream in &self.streams {
            stream.close(now, stack);
        }
        let _ = stack.tcp(now).close(now, self.control.id);
    }
}

/// Memory that every test uses.
pub(super) struct Memory {
    /// What is received, and read by nobody.
    scratch: Box<[u8]>,
    /// What is sent.
    filling: Box<[u8]>,
}

/// How much is sent or received at once, in bytes. The longest datagram fits.
const BLOCK: usize = 128 << 10;

impl Memory {
    pub(super) fn new() -> Self {
        let filling: Vec<u8> = (b'0'..=b'9').cycle().take(BLOCK).collect();
        Self { scratch: vec![0; BLOCK].into_boxed_slice(), filling: filling.into_boxed_slice() }
    }
}

/// The answer to a stream's first datagram, by what it is: an older iperf3 has other words.
pub(super) fn answer_to(word: &[u8]) -> Option<[u8; 4]> {
    const WORD: [u8; 4] = *b"9876";
    const OLD_WORD: [u8; 4] = 123_456_789_u32.to_le_bytes();
    match *word.first_chunk()? {
        WORD => Some(*b"6789"),
        OLD_WORD => Some(987_654_321_u32.to_le_bytes()),
        _ => None,
    }
}
