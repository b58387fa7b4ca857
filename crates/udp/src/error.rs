//! Why a call on a socket did not do what it was asked to do.

/// The refusals of socket calls, under the names that operating systems give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// `EADDRINUSE`: another socket has that address and port, or no port is free.
    #[error("the address is in use by another socket")]
    AddressInUse,
    /// `EADDRNOTAVAIL`: the address is not this host's.
    #[error("the address is not one of this host's")]
    AddressNotAvailable,
    /// `EAFNOSUPPORT`: IPv4 and IPv6 addresses were mixed.
    #[error("the address is of another family than the socket's")]
    AddressFamilyNotSupported,
    /// `EBADF`: the socket was closed.
    #[error("there is no such socket, it was closed")]
    BadSocket,
    /// `ECONNREFUSED`: nobody listens on the peer's port.
    #[error("nobody listens on the peer's port")]
    ConnectionRefused,
    /// `EDESTADDRREQ`: neither the call nor a connection says where to.
    #[error("no destination was given, and the socket is not connected")]
    DestinationAddressRequired,
    /// `EHOSTUNREACH`: the network reports that it cannot reach the host.
    #[error("the host cannot be reached")]
    HostUnreachable,
    /// `EINVAL`: the call makes no sense as it stands.
    #[error("the call makes no sense: a port of 0, an unspecified address, a second bind")]
    InvalidArgument,
    /// `EISCONN`: a connected socket sends to its peer alone.
    #[error("the socket is connected to another peer")]
    IsConnected,
    /// `EMSGSIZE`: the datagram is longer than what can be carried there.
    #[error("the datagram is too long")]
    MessageTooLong,
    /// `ENETUNREACH`: no route leads there.
    #[error("there is no route to the network")]
    NetworkUnreachable,
    /// `ENOBUFS`: all sockets together have used up the memory for datagrams that leave.
    #[error("there is no memory left for datagrams that are to leave")]
    NoBufferSpace,
    /// `ENOTCONN`: the call needs a connected socket.
    #[error("the socket is not connected")]
    NotConnected,
    /// `EACCES`: broadcasts need [`crate::SocketOptions::broadcast`].
    #[error("the socket may not send broadcasts")]
    PermissionDenied,
    /// `EPROTO`: somebody on the way found the IP header wrong.
    #[error("a router or the peer found the header wrong")]
    ProtocolError,
    /// `ENOPROTOOPT`: the peer does not speak UDP.
    #[error("the peer does not speak UDP")]
    ProtocolNotAvailable,
    /// `EMFILE`: there are as many sockets as there may be.
    #[error("there are too many open sockets")]
    TooManyOpenSockets,
    /// `EWOULDBLOCK`: nothing waits to be received, or there is no room to send. An
    /// [`crate::Event`] tells when that changes.
    #[error("nothing is ready at the moment")]
    WouldBlock,
}
