//! An ordinary program that uses UDP, as exact as nc is not: what comes back is compared, and an
//! error is named.
//!
//! - `udp-client echo ADDRESS:PORT COUNT` sends datagrams of 1 to 65,507 bytes, one after the
//!   other, and wants each back before the next.
//! - `udp-client insist ADDRESS:PORT COUNT` sends short ones, each until it comes back: for links
//!   that lose some.
//! - `udp-client together ADDRESS:PORT COUNT` sends several of 500 bytes in one call, which the
//!   kernel cuts apart, or has a device cut apart (UDP_SEGMENT), and wants each back.
//! - `udp-client refused ADDRESS:PORT` sends one, and wants to be told that nobody is there.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;
use std::{env, iter};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::UdpGsoSegment;

/// The longest payload of a UDP datagram over IPv4: 65,535 bytes, less both headers.
const LONGEST: usize = 65_507;

/// Where a datagram ceases to fit a packet of 1,500 bytes, and where datagrams end.
const EDGES: [usize; 7] = [1, 2, 1471, 1472, 1473, LONGEST - 1, LONGEST];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["echo", server, count] => echo(&connect(server)?, count.parse()?),
        ["insist", server, count] => insist(&connect(server)?, count.parse()?),
        ["together", server, count] => together(&connect(server)?, count.parse()?),
        ["refused", server] => refused(&connect(server)?),
        _ => Err("usage: udp-client echo|insist|together ADDRESS:PORT COUNT, refused ADDRESS:PORT"
            .into()),
    }
}

fn connect(server: &str) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    Ok(socket)
}

fn echo(socket: &UdpSocket, count: usize) -> Result<(), Box<dyn Error>> {
    // The edges, and then all over the range, at equal distances.
    let rest = count.saturating_sub(EDGES.len()).max(1);
    let sizes = EDGES.into_iter().chain((0..).map(|number| 1 + number * (LONGEST - 1) / rest));
    let mut answer = vec![0; LONGEST + 1];
    for (number, size) in sizes.take(count).enumerate() {
        let sent = payload(number, size);
        socket.send(&sent)?;
        let length =
            socket.recv(&mut answer).map_err(|error| format!("of {size} bytes: {error}"))?;
        if answer.get(..length) != Some(sent.as_slice()) {
            return Err(format!("{size} bytes were sent, and {length} others came back").into());
        }
    }
    println!("{count} of {count} came back byte for byte");
    Ok(())
}

fn insist(socket: &UdpSocket, count: usize) -> Result<(), Box<dyn Error>> {
    const TRIES: usize = 100;
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    let mut sent = 0;
    for number in 0..count {
        // The number tells a late answer to an earlier one.
        let message = format!("datagram {number}").into_bytes();
        let answered = iter::repeat_with(|| {
            sent += 1;
            socket.send(&message).is_ok() && is_answered(socket, &message)
        });
        if !answered.take(TRIES).any(|answered| answered) {
            return Err(format!("{TRIES} times {number} was sent in vain").into());
        }
    }
    println!("{count} of {count} came back, {sent} were sent");
    Ok(())
}

fn is_answered(socket: &UdpSocket, message: &[u8]) -> bool {
    let mut answer = [0; 64];
    while let Ok(length) = socket.recv(&mut answer) {
        if answer.get(..length) == Some(message) {
            return true;
        }
    }
    false
}

fn together(socket: &UdpSocket, count: usize) -> Result<(), Box<dyn Error>> {
    const SIZE: u16 = 500;
    setsockopt(socket, UdpGsoSegment, &i32::from(SIZE))?;
    let payloads: Vec<_> = (0..count).map(|number| payload(number, SIZE.into())).collect();
    socket.send(&payloads.concat())?;
    let mut answer = [0; SIZE as usize + 1];
    for (number, sent) in payloads.iter().enumerate() {
        let length = socket.recv(&mut answer).map_err(|error| format!("{number}: {error}"))?;
        if answer.get(..length) != Some(sent.as_slice()) {
            return Err(format!("instead of {number} came {length} other bytes").into());
        }
    }
    println!("{count} of {count} came back in order");
    Ok(())
}

fn refused(socket: &UdpSocket) -> Result<(), Box<dyn Error>> {
    socket.send(b"is anybody there?")?;
    match socket.recv(&mut [0; 64]) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            println!("{error}");
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(length) => Err(format!("{length} bytes came").into()),
    }
}

/// Bytes that differ from one datagram to the next, and from one place to the next.
fn payload(number: usize, size: usize) -> Vec<u8> {
    let byte = |at: usize| (at.wrapping_mul(31) ^ (at >> 8) ^ number).to_le_bytes()[0];
    (0..size).map(byte).collect()
}
