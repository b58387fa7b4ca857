//! Names are looked up as this host looks them up: its hosts file, its resolver. That call waits,
//! and may wait for long, so it is made in a thread beside the loop.
//!
//! ```text
//!   the loop ── name ──► queue ──► four threads: getaddrinfo
//!            ◄─ answer ── queue ◄──┘
//!            ◄─ a byte in a socket that the loop waits for
//! ```

use std::io::{self, Read, Write};
use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use event_loop::{Descriptor, Descriptors};

/// How many are looked up at the same time.
const THREADS: usize = 4;

/// How many more can wait.
const QUEUE: usize = 64;

/// A look-up, named by whoever asked for it.
pub(super) type Ticket = u64;

struct Question {
    ticket: Ticket,
    name: String,
    port: u16,
}

/// What came of a look-up: the first IPv4 address, if there is one.
pub(super) struct Answer {
    pub(super) ticket: Ticket,
    pub(super) address: Option<SocketAddrV4>,
}

/// The way to the threads and back.
pub(super) struct Names {
    questions: SyncSender<Question>,
    answers: Receiver<Answer>,
    /// Becomes readable when there are answers.
    bell: Descriptor<UnixStream>,
}

impl Names {
    pub(super) fn start(descriptors: &Descriptors) -> io::Result<Self> {
        let (questions, asked) = sync_channel(QUEUE);
        let (answered, answers) = channel();
        let (bell, rope) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        // A bell that rings already need not be rung again.
        rope.set_nonblocking(true)?;
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..THREADS {
            let (asked, answered, rope) = (Arc::clone(&asked), answered.clone(), rope.try_clone()?);
            thread::Builder::new().name("names".to_owned()).spawn(move || {
                look_up(&asked, &answered, rope);
            })?;
        }
        Ok(Self { questions, answers, bell: descriptors.watch(bell)? })
    }

    /// Has a name looked up. Whether there was room.
    pub(super) fn ask(&self, ticket: Ticket, name: String, port: u16) -> bool {
        match self.questions.try_send(Question { ticket, name, port }) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// The next answer, if there is one.
    pub(super) fn next_answer(&mut self) -> Option<Answer> {
        while self.bell.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
        self.answers.try_recv().ok()
    }
}

/// Answers questions for as long as there is somebody who asks.
fn look_up(asked: &Mutex<Receiver<Question>>, answered: &Sender<Answer>, mut rope: UnixStream) {
    loop {
        let question = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Question { ticket, name, port }) = question else { return };
        let addresses = (name.as_str(), port).to_socket_addrs().into_iter().flatten();
        let address = addresses.into_iter().find_map(|address| match address {
            SocketAddr::V4(address) => Some(address),
            SocketAddr::V6(_) => None,
        });
        if answered.send(Answer { ticket, address }).is_err() {
            return;
        }
        let _ = rope.write(&[0]);
    }
}
