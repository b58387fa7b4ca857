//! Ordinary programs that use TCP, many at once, as exact as nc is not.
//!
//! - `tcp-clients together ADDRESS:PORT COUNT BYTES` opens so many connections to an echo
//!   service, and then sends as many bytes by each, all at the same time. Each wants its own back,
//!   and the end after them.
//! - `tcp-clients one-by-one ADDRESS:PORT SECONDS` opens one connection after the other for so
//!   long, each for one exchange, and says how many there were and how long the slowest took.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["together", server, count, bytes] => {
            together(server.parse()?, count.parse()?, bytes.parse()?)
        }
        ["one-by-one", server, seconds] => one_by_one(server.parse()?, seconds.parse()?),
        _ => Err("usage: tcp-clients together ADDRESS:PORT COUNT BYTES, \
                  one-by-one ADDRESS:PORT SECONDS"
            .into()),
    }
}

/// A connection, and how far it has come.
struct Exchange {
    stream: TcpStream,
    data: Vec<u8>,
    sent: usize,
    echoed: Vec<u8>,
    is_over: bool,
}

impl Exchange {
    fn new(server: SocketAddr, number: usize, bytes: usize) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_nonblocking(true)?;
        let byte = |at: usize| (at.wrapping_mul(31) ^ (at >> 8) ^ number).to_le_bytes()[0];
        let data = (0..bytes).map(byte).collect();
        Ok(Self { stream, data, sent: 0, echoed: Vec::new(), is_over: false })
    }

    /// Sends and receives what goes now. Whether anything went.
    fn step(&mut self) -> std::io::Result<bool> {
        let mut has_moved = false;
        if let Some(rest) = self.data.get(self.sent..).filter(|rest| !rest.is_empty())
            && let Some(count) = unless_it_would_block(self.stream.write(rest))?
        {
            self.sent += count;
            has_moved = true;
            if self.sent == self.data.len() {
                self.stream.shutdown(Shutdown::Write)?;
            }
        }
        let mut piece = [0; 4096];
        if let Some(count) = unless_it_would_block(self.stream.read(&mut piece))? {
            self.echoed.extend(piece.iter().take(count));
            self.is_over = count == 0;
            has_moved = true;
        }
        Ok(has_moved)
    }
}

fn unless_it_would_block(result: std::io::Result<usize>) -> std::io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn together(server: SocketAddr, count: usize, bytes: usize) -> Result<(), Box<dyn Error>> {
    let exchanges: Result<Vec<_>, _> =
        (0..count).map(|number| Exchange::new(server, number, bytes)).collect();
    let mut exchanges = exchanges?;
    println!("{count} are open");
    let mut last_moved = Instant::now();
    while exchanges.iter().any(|exchange| !exchange.is_over) {
        let mut has_moved = false;
        for exchange in exchanges.iter_mut().filter(|exchange| !exchange.is_over) {
            has_moved |= exchange.step()?;
        }
        if has_moved {
            last_moved = Instant::now();
        } else if last_moved.elapsed() > PATIENCE {
            return Err("nothing comes any more".into());
        } else {
            thread::sleep(Duration::from_millis(1));
        }
    }
    if exchanges.iter().any(|exchange| exchange.echoed != exchange.data) {
        return Err("what came back is not what was sent".into());
    }
    println!("{count} of {count} got back all of {bytes} bytes");
    Ok(())
}

fn one_by_one(server: SocketAddr, seconds: u64) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let (mut count, mut slowest) = (0, Duration::ZERO);
    while start.elapsed() < Duration::from_secs(seconds) {
        let begin = Instant::now();
        let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"anybody there?")?;
        stream.shutdown(Shutdown::Write)?;
        let mut echoed = Vec::new();
        stream.read_to_end(&mut echoed)?;
        if echoed != b"anybody there?" {
            return Err(format!("{echoed:?} came back").into());
        }
        count += 1;
        slowest = slowest.max(begin.elapsed());
        thread::sleep(Duration::from_millis(20));
    }
    println!("{count} got through, the slowest in {} ms", slowest.as_millis());
    Ok(())
}
