//! Stories of TCP: what arrives in CLOSED, LISTEN and SYN-SENT (RFC 9293, 3.10.7.1 to 3.10.7.3).

use stack::Counter;
use story::*;
use tcp::{Error, State};

/// Every combination of these control bits, by their names.
fn combinations(names: &[&str]) -> Vec<String> {
    let sets = 0..1_usize << names.len();
    let chosen = |set: usize| {
        let chosen = names.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1);
        chosen.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    };
    sets.map(chosen).collect()
}

/// How many sequence numbers these control bits take.
fn numbers(names: &str) -> i64 {
    names.split(' ').map(|name| i64::from(["SYN", "FIN"].contains(&name))).sum()
}

#[test]
fn closed_1_an_acknowledgment_of_nothing_draws_a_reset_at_its_number() {
    let story = Story::new(
        "Where there is no connection, what has ACK is answered with an RST at SEG.ACK",
        "RFC 9293, 3.10.7.1",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for others in combinations(&["SYN", "FIN", "PSH", "URG"]) {
        let segment = flags(&format!("ACK {others}")).seq(100).ack(5000).text(b"abc");
        peer.sends(segment);
        we.drop_it_as(Counter::TcpNoConnection);
        we.send(rst().seq(5000).window(0).no_options());
    }
    nothing.is_sent_for(seconds(60));
}

#[test]
fn closed_1_what_acknowledges_nothing_draws_a_reset_that_acknowledges_it() {
    let story = Story::new(
        "Where there is no connection, what has no ACK is answered with an RST from zero",
        "RFC 9293, 3.10.7.1",
    );
    let Cast { peer, we, .. } = story.cast();

    for control in combinations(&["SYN", "FIN", "PSH", "URG"]) {
        let end = 100 + numbers(&control);
        peer.sends(flags(&control).seq(100).no_options());
        we.send(rst_ack().raw_seq(0).ack(end).window(0).no_options());
        peer.sends(flags(&control).seq(100).text([7; 50]).no_options());
        we.send(rst_ack().raw_seq(0).ack(end + 50));
    }
}

#[test]
fn closed_1_a_reset_draws_nothing() {
    let story = Story::new(
        "Where there is no connection, an RST is dropped in silence",
        "RFC 9293, 3.10.7.1",
    );
    let Cast { peer, we, nothing, .. } = story.cast();

    for others in combinations(&["SYN", "ACK", "FIN", "URG"]) {
        peer.sends(flags(&format!("RST {others}")).ack(7).text(b"abc"));
        we.drop_it_as(Counter::TcpNoConnection);
        nothing.is_sent();
    }
}

#[test]
fn closed_1_the_host_answers_from_the_address_that_was_asked() {
    let story = Story::new("The RST goes back between the same ends", "RFC 9293, 3.10.7.1");
    let Cast { peer, we, .. } = story.cast();

    peer.sends(syn().from([192, 0, 2, 9]).from_port(1234).to_port(80));
    we.send(rst_ack().to([192, 0, 2, 9]).from_port(80).to_port(1234).raw_seq(0).ack(1));
}

#[test]
fn listen_1_a_reset_is_ignored() {
    let story = Story::new(
        "A listener ignores an RST, whatever stands beside it, and listens on",
        "RFC 9293, 3.10.7.2, first",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let listener = app.listens(7);
    for others in combinations(&["SYN", "ACK", "FIN"]) {
        peer.sends(flags(&format!("RST {others}")).ack(1));
        we.drop_it_as(Counter::TcpUnexpectedReset);
        nothing.is_sent();
    }
    app.accepts_nothing(listener);
    peer.sends(syn());
    we.send(syn_ack().ack(1));
}

#[test]
fn listen_1_an_acknowledgment_draws_a_reset() {
    let story = Story::new(
        "A listener answers an ACK with an RST at SEG.ACK: it has sent nothing",
        "RFC 9293, 3.10.7.2, second",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    for others in combinations(&["SYN", "FIN", "PSH", "URG"]) {
        peer.sends(flags(&format!("ACK {others}")).seq(0).ack(77).text(b"abc"));
        we.drop_it_as(Counter::TcpBadAcknowledgment);
        we.send(rst().seq(77).no_options());
    }
    app.accepts_nothing(listener);
}

#[test]
fn listen_1_a_syn_is_answered_whatever_it_brings() {
    let story = Story::new(
        "A listener answers a SYN with a SYN-ACK of the SYN; what stands behind it comes again",
        "RFC 9293, 3.10.7.2, third",
    );
    let Cast { peer, we, app, .. } = story.cast();

    app.listens(7);
    for (others, port) in combinations(&["FIN", "PSH", "URG"]).into_iter().zip(40_000..) {
        peer.sends(flags(&format!("SYN {others}")).from_port(port).mss(1000).text(b"abc"));
        we.send(syn_ack().to_port(port).seq(0).ack(1).mss(1460));
    }
}

#[test]
fn listen_1_text_that_came_with_the_syn_is_taken_when_it_comes_again() {
    let story = Story::new(
        "Text beside a SYN is not lost: its sender hears that it did not count",
        "RFC 9293, 3.10.7.2, third",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let listener = app.listens(7);
    peer.sends(syn().text(b"hello"));
    we.send(syn_ack().seq(0).ack(1));
    peer.sends(data(b"hello").seq(1));
    let socket = app.accepts(listener);
    app.receives_tcp(socket, b"hello");
    we.send_within(ms(499), ack().seq(1).ack(6));
}

#[test]
fn listen_1_anything_else_is_dropped() {
    let story = Story::new(
        "A listener drops what has neither RST nor ACK nor SYN",
        "RFC 9293, 3.10.7.2, fourth",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let listener = app.listens(7);
    for others in combinations(&["FIN", "PSH", "URG"]) {
        peer.sends(flags(&others).text(b"abc"));
        we.drop_it_as(Counter::TcpNoFlags);
        nothing.is_sent();
    }
    app.accepts_nothing(listener);
}

#[test]
fn syn_sent_1_a_wrong_acknowledgment_draws_a_reset() {
    let story = Story::new(
        "In SYN-SENT an acknowledgment of anything but our SYN is answered with an RST at SEG.ACK",
        "RFC 9293, 3.10.7.3, first",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    for wrong in [0, -1, 2, 1000, -100_000] {
        for others in combinations(&["SYN", "FIN", "PSH"]) {
            peer.sends(flags(&format!("ACK {others}")).seq(0).ack(wrong));
            we.drop_it_as(Counter::TcpBadAcknowledgment);
            we.send(rst().seq(wrong).no_options());
        }
        // But not if it is one.
        peer.sends(rst_ack().ack(wrong));
        we.drop_it_as(Counter::TcpUnexpectedReset);
        nothing.is_sent();
    }
    app.finds_it(socket, State::SynSent);
    peer.sends(syn_ack());
    we.send(ack().seq(1).ack(1));
    app.finds_it(socket, State::Established);
}

#[test]
fn syn_sent_1_a_reset_counts_only_if_it_acknowledges_our_syn() {
    let story = Story::new(
        "In SYN-SENT an RST means that the peer refuses, if it shows that it heard us",
        "RFC 9293, 3.10.7.3, second",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    for others in combinations(&["SYN", "FIN", "PSH"]) {
        peer.sends(flags(&format!("RST {others}")).seq(0));
        we.drop_it_as(Counter::TcpUnexpectedReset);
        nothing.is_sent();
    }
    app.finds_it(socket, State::SynSent);
    peer.sends(rst_ack().seq(0).ack(1));
    app.finds_it(socket, State::Closed);
    app.learns_of(socket, Error::ConnectionRefused);
    nothing.is_sent_for(seconds(600));
}

#[test]
fn syn_sent_1_what_is_neither_syn_nor_rst_is_dropped() {
    let story = Story::new(
        "In SYN-SENT what has neither SYN nor RST is dropped in silence",
        "RFC 9293, 3.10.7.3, fifth",
    );
    let Cast { peer, we, app, nothing, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    for segment in [ack().ack(1), data(b"abc").ack(1), fin().ack(1), flags(""), flags("FIN")] {
        peer.sends(segment);
        we.drop_it_as(Counter::TcpNoFlags);
        nothing.is_sent();
    }
    app.finds_it(socket, State::SynSent);
}

#[test]
fn syn_sent_1_what_comes_behind_the_peers_syn_counts() {
    let story = Story::new(
        "In SYN-SENT the text and the end that come with the SYN-ACK are taken",
        "RFC 9293, 3.10.7.3, fourth",
    );
    let Cast { peer, we, app, .. } = story.cast();

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    peer.sends(syn_ack().text(b"hello"));
    we.send(ack().seq(1).ack(6));
    app.receives_tcp(socket, b"hello");
    app.finds_it(socket, State::Established);

    let socket = app.connects((KERNEL, 9));
    we.send(syn());
    peer.sends(flags("SYN FIN ACK").mss(1460).text(b"bye"));
    we.send(ack().seq(1).ack(5));
    app.receives_tcp(socket, b"bye");
    app.finds_the_end(socket);
    app.finds_it(socket, State::CloseWait);
}
