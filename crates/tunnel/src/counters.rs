//! What a tunnel counts. "Where did my packet go" is answered here.

/// Makes the enum of counters together with what each one counts, its name and its meaning.
macro_rules! counters {
    ($($variant:ident, $name:literal, $meaning:literal;)*) => {
        /// Something that a tunnel counts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Counter {
            $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $variant,)*
        }

        impl Counter {
            /// Every counter.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name, as `strata tunnel` prints it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is counted, in words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

counters! {
    FromDevice, "from_device", "frames that the device gave";
    ToDevice, "to_device", "frames given to the device";
    FromPeers, "from_peers", "frames that the other ends sent";
    ToPeers, "to_peers", "frames sent to the other ends";
    PeersUp, "peers_up", "other ends that became part of the tunnel";
    PeersGone, "peers_gone", "other ends that left, or were dropped";
    Hellos, "hellos", "handshakes begun by others";

    NotAFrame, "not_a_frame", "dropped: no IP packet, or too short for an Ethernet header";
    TooLong, "too_long", "dropped: longer than the device's MTU allows";
    NobodyThere, "nobody_there", "dropped: no other end is connected";
    NotForHere, "not_for_here", "dropped: for a host on the side that it came from";
    PeerStalled, "peer_stalled", "dropped: the other end takes nothing";
    QueueFull, "queue_full", "dropped: too many datagrams wait to leave";
    DeviceQueueFull, "device_queue_full", "dropped: too many frames wait for the device";
    Forged, "forged", "dropped: not sealed by the key, or changed on the way";
    Replayed, "replayed", "dropped: it came before, or is too old to know";
    NoSession, "no_session", "dropped: sealed, from an end that did not greet";
    NotAMessage, "not_a_message", "dropped: no message of a tunnel";
    HostsFull, "hosts_full", "hosts behind an end that were not noted, for there are too many";

    WrongKey, "wrong_key", "greetings by another key";
    WrongTerms, "wrong_terms", "greetings by an end that carries something else";
    LyingLength, "lying_length", "connections dropped: a length that no frame has";
    NotATunnel, "not_a_tunnel", "connections dropped: no message of a tunnel where one had to be";
    TooManyPeers, "too_many_peers", "other ends refused: there are as many as there may be";
    HandshakeTimeout, "handshake_timeout", "connections dropped: no greeting for too long";
}

/// The value of each counter.
#[derive(Clone, Debug)]
pub struct Counters([u64; Counter::ALL.len()]);

impl Counters {
    pub(crate) const fn new() -> Self {
        Self([0; Counter::ALL.len()])
    }

    pub(crate) fn increment(&mut self, counter: Counter) {
        if let Some(value) = self.0.get_mut(counter as usize) {
            *value += 1;
        }
    }

    /// What one counter stands at.
    #[must_use]
    pub fn value(&self, counter: Counter) -> u64 {
        self.0.get(counter as usize).copied().unwrap_or_default()
    }

    /// Each counter with its value.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u64)> {
        Counter::ALL.into_iter().map(|counter| (counter, self.value(counter)))
    }
}
