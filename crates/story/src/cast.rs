//! The words that a story is told with.

use std::time::Duration;
use std::{fmt, iter};

use packet::{Host, Instant};

use crate::Story;
use crate::arp::{arp_reply, arp_request};
use crate::description::{Described, Expectable, Sendable};
use crate::failure::{Failure, span};
use crate::ipv4::{Packet, Payload};
use crate::recorder::Drop;
use crate::telling::{FAR_SIDE, PEER_SIDE};
use crate::words;

/// Those with whose words a story is told. Take the ones that the story needs:
/// `let Cast { peer, we, .. } = story.cast();`
#[derive(Debug)]
pub struct Cast<'s, H: Host> {
    /// The host on the other side of the wire.
    pub peer: Peer<'s, H>,
    /// The host under test.
    pub we: We<'s, H>,
    /// The host beyond the host under test, if that is a router.
    pub far: Far<'s, H>,
    /// The program that uses the host under test.
    pub app: App<'s, H>,
    /// The clock.
    pub time: Time<'s, H>,
    /// Silence.
    pub nothing: Nothing<'s, H>,
    /// What the story does not care about.
    pub anything: Anything<'s, H>,
}

impl<'s, H: Host> Cast<'s, H> {
    pub(crate) const fn of(story: &'s Story<H>) -> Self {
        Self {
            peer: Peer { story },
            we: We { story },
            far: Far { story },
            app: App { story },
            time: Time { story },
            nothing: Nothing { story },
            anything: Anything { story },
        }
    }
}

/// Makes a handle on a story.
macro_rules! role {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<'s, H: Host> {
            pub(crate) story: &'s Story<H>,
        }

        impl<H: Host> Clone for $name<'_, H> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<H: Host> Copy for $name<'_, H> {}

        impl<H: Host> fmt::Debug for $name<'_, H> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

role! {
    /// The host on the other side of the wire.
    Peer
}

impl<H: Host> Peer<'_, H> {
    /// The peer sends `packet`, and the host under test does all that follows at once.
    #[track_caller]
    pub fn sends(&self, packet: impl Sendable) {
        self.story.action(format!("The peer sends {}.", packet.in_words()), |telling| {
            telling.hand_in(PEER_SIDE, &packet)
        });
    }

    /// The peer sends all of `packets` so fast that the host under test takes them in one turn: what
    /// leaves, leaves behind the last.
    #[track_caller]
    pub fn sends_at_once(&self, packets: &[impl Sendable]) {
        let each: Vec<_> = packets.iter().map(Described::in_words).collect();
        self.story.action(format!("The peer sends at once {}.", words::list(&each)), |telling| {
            telling.hand_in_all(PEER_SIDE, packets)
        });
    }

    /// The peer asks for our MAC address and is answered, so that we know its own from now on.
    #[track_caller]
    pub fn makes_itself_known(&self) {
        self.sends(arp_request());
        We { story: self.story }.send(arp_reply());
    }
}

role! {
    /// The host beyond the host under test, if that is a router.
    Far
}

impl<H: Host> Far<'_, H> {
    /// The far host sends `packet`.
    #[track_caller]
    pub fn sends(&self, packet: impl Sendable) {
        self.story.action(format!("The far host sends {}.", packet.in_words()), |telling| {
            telling.hand_in(FAR_SIDE, &packet)
        });
    }

    /// The next packet that left towards the far host is `packet`, and it left just now.
    #[track_caller]
    pub fn receives(&self, packet: impl Expectable) {
        self.story
            .expectation(format!("The far host receives {}.", packet.in_words()), |telling| {
                telling.expect(FAR_SIDE, &packet)
            });
    }

    /// As [`We::send_in_fragments`], towards the far host.
    #[track_caller]
    pub fn receives_in_fragments<P: Payload>(&self, packet: Packet<P>) {
        let words = format!("The far host receives {}, in fragments.", packet.in_words());
        self.story.expectation(words, |telling| telling.expect_in_fragments(FAR_SIDE, &packet));
    }
}

role! {
    /// The host under test.
    We
}

impl<H: Host> We<'_, H> {
    /// The next packet that left is `packet`, and it left just now.
    #[track_caller]
    pub fn send(&self, packet: impl Expectable) {
        self.story.expectation(format!("We send {}.", packet.in_words()), |telling| {
            telling.expect(PEER_SIDE, &packet)
        });
    }

    /// The next packets that left are the fragments of `packet`, in order and each within the MTU,
    /// and they left just now. They are put together before they are compared.
    #[track_caller]
    pub fn send_in_fragments<P: Payload>(&self, packet: Packet<P>) {
        let words = format!("We send {}, in fragments.", packet.in_words());
        self.story.expectation(words, |telling| telling.expect_in_fragments(PEER_SIDE, &packet));
    }

    /// Nothing leaves until exactly `duration` has passed, and then `packet` does.
    #[track_caller]
    pub fn send_after(&self, duration: Duration, packet: impl Expectable) {
        let words = format!("After {} we send {}.", span(duration), packet.in_words());
        self.story.expectation(words, |telling| telling.expect_after(PEER_SIDE, duration, &packet));
    }

    /// The next packet that leaves is `packet`, and no more than `duration` passes before it does.
    /// The story goes on at the moment at which it left.
    #[track_caller]
    pub fn send_within(&self, duration: Duration, packet: impl Expectable) {
        let words = format!("Within {} we send {}.", span(duration), packet.in_words());
        self.story
            .expectation(words, |telling| telling.expect_within(PEER_SIDE, duration, &packet));
    }
}

role! {
    /// The program that uses the host under test. How it uses it differs from host to host, so
    /// each host's own verbs are made of these two.
    App
}

impl<H: Host> App<'_, H> {
    /// The application does something with the host. `words` follow "The application".
    #[track_caller]
    pub fn does<T>(&self, words: &str, act: impl FnOnce(&mut H, Instant) -> T) -> T {
        self.story.action(format!("The application {words}."), |telling| telling.act(act))
    }

    /// The application finds something as it should be, or says what it found instead. `words`
    /// follow "The application finds".
    #[track_caller]
    pub fn finds<T>(
        &self,
        words: &str,
        look: impl FnOnce(&mut H, Instant) -> Result<T, String>,
    ) -> T {
        self.story.expectation(format!("The application finds {words}."), |telling| {
            telling.act(look)?.map_err(|instead| Failure {
                expected: format!("the application finds {words}"),
                instead: with_drops(instead, &telling.drops()),
                differences: Vec::new(),
            })
        })
    }
}

/// What was found instead, and what became of what came: often that is why.
fn with_drops(instead: String, drops: &[Drop]) -> String {
    let drops = drops.iter().map(|drop| format!("what came was {drop}"));
    iter::once(instead).chain(drops).collect::<Vec<_>>().join("; ")
}

role! {
    /// The clock, which moves only when it is told to.
    Time
}

impl<H: Host> Time<'_, H> {
    /// Time passes. What is due meanwhile is done at its exact moment, but nothing may be sent
    /// before `duration` is over: what leaves in its last moment is for the next step.
    #[track_caller]
    pub fn passes(&self, duration: Duration) {
        self.story.action(format!("{} pass.", span(duration)), |telling| telling.pass(duration));
    }
}

role! {
    /// Silence.
    Nothing
}

impl<H: Host> Nothing<'_, H> {
    /// Everything that was sent so far was expected.
    #[track_caller]
    pub fn is_sent(&self) {
        self.story
            .expectation("Nothing is sent.".to_owned(), |telling| telling.nothing_more_was_sent());
    }

    /// Time passes, and nothing is sent until it is over, nor in its last moment.
    #[track_caller]
    pub fn is_sent_for(&self, duration: Duration) {
        self.story.expectation(format!("Nothing is sent for {}.", span(duration)), |telling| {
            telling.pass(duration)?;
            telling.nothing_more_was_sent()
        });
    }
}

role! {
    /// What the story does not care about.
    Anything
}

impl<H: Host> Anything<'_, H> {
    /// Whatever was sent and not expected yet is let go.
    #[track_caller]
    pub fn may_be_sent(&self) {
        self.may_be_sent_for(Duration::ZERO);
    }

    /// Time passes, and whatever is sent until it is over, or in its last moment, is let go.
    #[track_caller]
    pub fn may_be_sent_for(&self, duration: Duration) {
        let words = if duration.is_zero() {
            "Anything may be sent.".to_owned()
        } else {
            format!("Anything may be sent for {}.", span(duration))
        };
        self.story.expectation(words, |telling| telling.pass_regardless(duration));
    }
}
