//! The kernel as a server: an ordinary socket, and a program that waits at it.

use std::error::Error;
use std::io::{self, Write};
use std::net::UdpSocket;

use super::client::ECHO;
use super::lab::{KERNEL, KERNEL_DEVICE, KERNEL_PEER, run};

/// The word that calls for this part.
pub(super) const PART: &str = "echo-kernel";

/// Echoes until somebody ends us, in a network of its own. It says when that is there; a line of
/// input says that the device is in it.
pub(super) fn serve() -> Result<(), Box<dyn Error>> {
    println!("started");
    io::stdout().flush()?;
    io::stdin().read_line(&mut String::new())?;

    let (address, peer) = (KERNEL.to_string(), KERNEL_PEER.to_string());
    run("ip", &["address", "add", &address, "peer", &peer, "dev", KERNEL_DEVICE])?;
    run("ip", &["link", "set", KERNEL_DEVICE, "up"])?;
    let socket = UdpSocket::bind((KERNEL, ECHO))?;
    println!("ready");
    io::stdout().flush()?;

    let mut datagram = [0; 65_536];
    loop {
        let (length, client) = socket.recv_from(&mut datagram)?;
        socket.send_to(datagram.get(..length).unwrap_or_default(), client)?;
    }
}
