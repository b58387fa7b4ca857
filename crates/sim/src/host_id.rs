//! Which host, and which of its interfaces.

use std::fmt;
use std::marker::PhantomData;

use packet::InterfaceId;

/// Names a host of one world, and knows its type: [`World::host`](crate::World::host) gives back
/// what was added.
pub struct HostId<T> {
    pub(crate) index: usize,
    host: PhantomData<fn() -> T>,
}

impl<T> HostId<T> {
    pub(crate) const fn new(index: usize) -> Self {
        Self { index, host: PhantomData }
    }

    /// The host's interface of that number, to connect a cable to.
    #[must_use]
    pub const fn interface(self, number: usize) -> End {
        End { host: self.index, interface: InterfaceId(number) }
    }
}

// Derived, these would ask the same of `T`.
impl<T> Clone for HostId<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for HostId<T> {}

impl<T> fmt::Debug for HostId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostId({})", self.index)
    }
}

/// Where a cable ends: an interface of a host. A host alone stands for its interface 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub(crate) host: usize,
    pub(crate) interface: InterfaceId,
}

impl<T> From<HostId<T>> for End {
    fn from(host: HostId<T>) -> Self {
        host.interface(0)
    }
}
