//! A story: told step by step, and over when it goes out of scope.

use std::cell::RefCell;
use std::panic::Location;
use std::thread;

use packet::Host;
use trace::Tracer;

use crate::cast::Cast;
use crate::failure::Failure;
use crate::scene::Scene;
use crate::telling::{About, Telling};

/// A story about a host: who does what, one step after the other.
///
/// A story that goes wrong panics, and its message tells the whole of it. A story ends when it is
/// dropped; a packet that has left by then and that no step expected makes it go wrong too.
#[derive(Debug)]
pub struct Story<H: Host> {
    telling: RefCell<Telling<H>>,
}

impl<H: Host> Story<H> {
    /// A story about the host that `make_host` makes and that tells its tracer what it does.
    ///
    /// `title` is a sentence without its full stop, `shows` the section and the requirements that
    /// the story shows: `RFC 1122, 3.2.2.6 (ICMP-19)`.
    #[track_caller]
    pub fn of(title: &str, shows: &str, scene: Scene, make_host: impl FnOnce(Tracer) -> H) -> Self {
        Self::begin(title, shows, vec![scene], make_host)
    }

    /// A story about a host with two interfaces: at the other end of the first one is the peer,
    /// at the other end of the second one is the far host.
    #[track_caller]
    pub fn between(
        title: &str,
        shows: &str,
        [near, far]: [Scene; 2],
        make_host: impl FnOnce(Tracer) -> H,
    ) -> Self {
        Self::begin(title, shows, vec![near, far], make_host)
    }

    #[track_caller]
    fn begin(
        title: &str,
        shows: &str,
        scenes: Vec<Scene>,
        make_host: impl FnOnce(Tracer) -> H,
    ) -> Self {
        let about =
            About { title: title.to_owned(), shows: shows.to_owned(), told_in: Location::caller() };
        Self { telling: RefCell::new(Telling::begin(about, scenes, make_host)) }
    }

    /// Those with whose words the story is told.
    #[must_use]
    pub const fn cast(&self) -> Cast<'_, H> {
        Cast::of(self)
    }

    /// A step in which something is done. Whatever was sent before must have been expected.
    #[track_caller]
    pub(crate) fn action<T>(
        &self,
        words: String,
        act: impl FnOnce(&mut Telling<H>) -> Result<T, Failure>,
    ) -> T {
        self.expectation_met(|telling| telling.nothing_more_was_sent());
        self.expectation(words, |telling| {
            telling.forget_drops();
            act(telling)
        })
    }

    /// A step in which only is looked at what was done.
    #[track_caller]
    pub(crate) fn expectation<T>(
        &self,
        words: String,
        look: impl FnOnce(&mut Telling<H>) -> Result<T, Failure>,
    ) -> T {
        self.telling.borrow_mut().add_step(words);
        self.expectation_met(look)
    }

    #[track_caller]
    fn expectation_met<T>(&self, look: impl FnOnce(&mut Telling<H>) -> Result<T, Failure>) -> T {
        let looked = look(&mut self.telling.borrow_mut());
        match looked {
            Ok(found) => found,
            Err(failure) => fail(&self.telling.borrow().message(&failure)),
        }
    }
}

/// The end of the story, unless it went wrong before.
impl<H: Host> Drop for Story<H> {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.expectation_met(|telling| telling.nothing_more_was_sent());
        }
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "a story that goes wrong fails the test that tells it")]
fn fail(message: &str) -> ! {
    panic!("{message}")
}
