//! Stories about hosts that are not our stack.
//!
//! Time is exact for any host. The words of TCP, of Ethernet, of fragments and of a far side need
//! no stack of ours either.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod listener;
mod puppet;

use listener::Listener;
use puppet::{Puppet, by_us};
use story::*;

#[test]
fn a_lost_answer() {
    let story = Listener::story(
        "Retransmit the SYN-ACK twice at the right times, then accept the ACK",
        0xffff_ffff,
    );
    let Cast { peer, we, app, time, nothing, .. } = story.cast();

    peer.sends(syn());
    we.send(syn_ack().seq(0).ack(1));
    time.passes(seconds(1));
    we.send(syn_ack().ack(1));
    nothing.is_sent_for(ms(1999));
    we.send_after(ms(1), syn_ack().ack(1));

    peer.sends(ack());
    app.finds("the connection established", |listener, _| {
        listener.is_established.then_some(()).ok_or_else(|| "it is not".to_owned())
    });
    nothing.is_sent_for(seconds(3600));
}

#[test]
fn what_does_not_matter_is_let_go() {
    let story = Listener::story("Give up after three answers", 5000);
    let Cast { peer, we, time, anything, .. } = story.cast();

    peer.sends(syn());
    anything.may_be_sent();
    we.send_within(seconds(2), syn_ack());
    anything.may_be_sent_for(seconds(2));
    time.passes(seconds(3600));
}

#[test]
fn on_ethernet_the_usual_frames_go_without_saying() {
    let scene = Scene::on_ethernet();
    let says = [
        by_us(&scene, arp_reply().in_frame()),
        by_us(&scene, arp_request().in_frame()),
        by_us(&scene, echo_reply().data(b"abc").in_frame()),
        by_us(&scene, echo_reply().to([192, 0, 2, 255]).in_frame()),
        by_us(&scene, echo_reply().in_frame().to_mac(EVERYBODY)),
        by_us(&scene, frame_of_type(0x88cc, b"lldp").in_frame()),
    ];
    let story = Puppet::story("A host on Ethernet says what it is told to", scene, &says);
    let Cast { peer, we, .. } = story.cast();

    peer.makes_itself_known();
    we.send(arp_request().who_has(KERNEL));
    we.send(echo_reply().data(b"abc"));
    we.send(echo_reply().to([192, 0, 2, 255]));
    we.send(echo_reply().to_mac(EVERYBODY));
    we.send(frame_of_type(0x88cc, b"lldp"));
}

#[test]
fn fragments_are_put_together_and_the_far_side_hears_its_own() {
    let scene = Scene::default();
    let reply = echo_reply().identification(7).data([7; 3000]);
    let near: Vec<_> = [reply.fragment(..1480), reply.fragment(1480..2960), reply.fragment(2960..)]
        .map(|fragment| by_us(&scene, fragment))
        .into();
    let passed_on = udp().from(KERNEL).to(FAR);
    let far = [by_us(&scene, passed_on.clone().ttl(63))];
    let story = Puppet::router_story("A router says what it is told to", &near, &far);
    let Cast { peer, we, far, nothing, .. } = story.cast();

    peer.sends(passed_on.clone());
    far.receives(passed_on.ttl(63));
    we.send_in_fragments(echo_reply().data([7; 3000]));
    nothing.is_sent();
}
