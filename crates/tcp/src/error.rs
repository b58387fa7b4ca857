//! Why a call fails.

/// The refusals of socket calls, under the names that operating systems give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// `EADDRINUSE`: another socket has that address and port, or no port is free.
    #[error("the address is in use by another socket")]
    AddressInUse,
    /// `EADDRNOTAVAIL`: the address is not this host's.
    #[error("the address is not one of this host's")]
    AddressNotAvailable,
    /// `EBADF`: the socket was closed.
    #[error("there is no such socket, it was closed")]
    BadSocket,
    /// `ECONNABORTED`: this side ended the connection.
    #[error("the connection was aborted here")]
    ConnectionAborted,
    /// `ECONNREFUSED`: nobody listens on the peer's port.
    #[error("nobody listens on the peer's port")]
    ConnectionRefused,
    /// `ECONNRESET`: the peer ended the connection, without having received all.
    #[error("the peer ended the connection")]
    ConnectionReset,
    /// `EHOSTUNREACH`: the network reports that it cannot reach the host.
    #[error("the host cannot be reached")]
    HostUnreachable,
    /// `EINVAL`: the call makes no sense as it stands.
    #[error("the call makes no sense: a port of 0, an address of no host, an empty backlog")]
    InvalidArgument,
    /// `ENETUNREACH`: no route leads there, or the network reports that.
    #[error("there is no route to the network")]
    NetworkUnreachable,
    /// `ENOBUFS`: there is no memory for another connection.
    #[error("there is no memory left for another connection")]
    NoBufferSpace,
    /// `ENOTCONN`: the connection is not established yet, or no more.
    #[error("the socket is not connected")]
    NotConnected,
    /// `EPIPE`: this side has closed, and sends no more.
    #[error("this side has closed and sends no more")]
    BrokenPipe,
    /// `EPROTO`: somebody on the way found the IP header wrong.
    #[error("a router or the peer found the header wrong")]
    ProtocolError,
    /// `ENOPROTOOPT`: the peer does not speak TCP.
    #[error("the peer does not speak TCP")]
    ProtocolNotAvailable,
    /// `ETIMEDOUT`: the peer did not answer for too long.
    #[error("the peer did not answer for too long")]
    TimedOut,
    /// `EMFILE`: there are as many sockets as there may be.
    #[error("there are too many open sockets")]
    TooManyOpenSockets,
    /// `EWOULDBLOCK`: nothing to read, no room to send, or no connection to accept, yet. An event
    /// tells when that changes.
    #[error("nothing is ready at the moment")]
    WouldBlock,
}
