//! Sockets of the kernel that wait for somebody.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use crate::failure::Failure;

/// Why the kernel does not give us an address to listen at, and how to find out more.
pub(crate) fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let failure = |cause| Failure::new(format_args!("cannot listen at {address}: {cause}"));
    match error.kind() {
        ErrorKind::AddrInUse => failure("another program does".to_owned())
            .with_remedy(format_args!("ss -lnptu 'sport = :{}'", address.port())),
        ErrorKind::AddrNotAvailable => {
            failure("this host has no such address".to_owned()).with_remedy("ip -brief address")
        }
        _ => failure(error.to_string()),
    }
}
