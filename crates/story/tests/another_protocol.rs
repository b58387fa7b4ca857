//! TCP stories about a host that is not our stack: all that TCP needs can be said with a file of
//! its own, and time is exact.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod toy;

use story::*;
use toy::{Fields, Listener, ack, syn, syn_ack};

#[test]
fn a_lost_answer() {
    let story = Listener::story(
        "Retransmit the SYN-ACK twice at the right times, then accept the ACK",
        0xffff_ffff,
    );
    let Cast { peer, we, app, time, nothing, .. } = story.cast();

    peer.sends(syn().seq(100));
    we.send(syn_ack().seq(0).ack(101));
    time.passes(seconds(1));
    we.send(syn_ack().ack(101));
    nothing.is_sent_for(ms(1999));
    we.send_after(ms(1), syn_ack().ack(101));

    peer.sends(ack().seq(101).ack(1));
    app.finds("the connection established", |listener, _| {
        listener.is_established.then_some(()).ok_or_else(|| "it is not".to_owned())
    });
    nothing.is_sent_for(seconds(3600));
}

#[test]
fn what_does_not_matter_is_let_go() {
    let story = Listener::story("Give up after three answers", 5000);
    let Cast { peer, we, time, anything, .. } = story.cast();

    peer.sends(syn().seq(100));
    anything.may_be_sent();
    we.send_within(seconds(2), syn_ack());
    anything.may_be_sent_for(seconds(2));
    time.passes(seconds(3600));
}
