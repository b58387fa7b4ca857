//! What a story that went wrong says of itself.

use dissect::{Conversations, Framing, Offload};
use packet::Instant;
use trace::Direction;

use crate::conversation::{self, Conversation};
use crate::description::Frame;
use crate::recorder::{Drop, Recorder};
use crate::scene::Scene;
use crate::telling::{About, Step};
use crate::words;

pub(crate) use words::duration as span;

/// Why a story went wrong. The first two follow "Expected:" and "Instead:", without a full stop.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) expected: String,
    pub(crate) instead: String,
    /// What is not as it should be in it, a sentence each.
    pub(crate) differences: Vec<String>,
}

/// The whole story, from its title to where to look on.
pub(crate) fn message(
    about: &About,
    steps: &[Step],
    failure: &Failure,
    scenes: &[Scene],
    recorder: &mut Recorder,
) -> String {
    let parts = [
        heading(about),
        story_so_far(steps),
        comparison(failure),
        ladder(recorder),
        numbers(scenes),
        recording(about, recorder),
    ];
    parts.concat()
}

fn heading(About { title, shows, told_in }: &About) -> String {
    let (file, line) = (told_in.file(), told_in.line());
    format!(
        "this story went wrong:\n\n  {title}.\n\n\
         It shows {shows}.\nIt is told in {file}, from line {line} on.\n"
    )
}

/// Every step with its number and the time at which it began; the last one is where it stopped.
fn story_so_far(steps: &[Step]) -> String {
    let mut lines = "\nThe story so far, each step with its time in seconds:\n".to_owned();
    for (place, Step { at, words }) in steps.iter().enumerate() {
        let number = place + 1;
        let mark = if number == steps.len() { "->" } else { "  " };
        lines.push_str(&format!("{mark}{number:>3}. {at}  {words}\n"));
    }
    lines
}

fn comparison(Failure { expected, instead, differences }: &Failure) -> String {
    let mut lines = format!("\nExpected: {expected}.\nInstead:  {instead}.\n");
    for difference in differences {
        lines.push_str(&format!("  - {difference}\n"));
    }
    lines
}

fn ladder(recorder: &Recorder) -> String {
    if recorder.frames == 0 {
        return "\nNothing crossed the wire.\n".to_owned();
    }
    format!("\nWhat crossed the wire:\n{}\n", recorder.ladder)
}

/// Where the numbers start that the steps count from each side's SYN.
fn numbers(scenes: &[Scene]) -> String {
    let ends = scenes.iter().find_map(|scene| Some((scene, conversation::current(scene)?)));
    let Some((scene, ends)) = ends else { return String::new() };
    let Conversation { peer, ours } = Conversation::between(scene, ends);
    let (peer, ours) = (peer.start, ours.start);
    format!("\nThe steps count sequence numbers from {peer} (the peer's) and {ours} (ours).\n")
}

fn recording(about: &About, recorder: &mut Recorder) -> String {
    match recorder.recording.save(&about.title) {
        Ok(path) => format!("\nThe same for Wireshark: {}\n", path.display()),
        Err(error) => format!("\nThere is no recording for Wireshark: {error}\n"),
    }
}

/// A frame that left, in a line.
pub(crate) fn sent(scene: &Scene, frame: &Frame) -> String {
    let mut conversations = Conversations::default();
    let mut summary = |frame: &Frame| {
        let offload = match frame.direction {
            Direction::In(offload) => Offload::from(offload),
            Direction::Out(offload) => Offload::from(offload),
        };
        conversations.dissect(&frame.bytes, Framing::from(scene.medium), offload).summary
    };
    for earlier in scene.frames() {
        summary(earlier);
    }
    let summary = summary(frame);
    format!("at {} we sent {summary}", frame.at)
}

/// That no frame left, and what became of what came.
pub(crate) fn nothing_sent(now: Instant, drops: &[Drop], deadline: Option<Instant>) -> String {
    let mut sentences = vec![format!("nothing was sent by {now}")];
    sentences.extend(drops.iter().map(|drop| format!("what came was {drop}")));
    if let Some(deadline) = deadline {
        sentences.push(format!("the next thing that we do is due at {deadline}"));
    }
    sentences.join("; ")
}
