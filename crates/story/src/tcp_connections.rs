//! Connections that are there when a story begins to be interesting.

use std::net::SocketAddr;

use stack::Stack;
use tcp::{ConnectionOptions, SocketId};

use crate::cast::{App, Peer, We};
use crate::conversation::{self, Conversation};
use crate::failure::Failure;
use crate::ipv4::Packet;
use crate::scene::KERNEL;
use crate::tcp::{Tcp, ack, syn, syn_ack};

/// The port that the application listens on.
const OUR_PORT: u16 = 7;

/// The peer's port that it connects to.
const PEER_PORT: u16 = 9;

impl We<'_, Stack> {
    /// The sequence number of the SYN that we sent last, as on the wire.
    #[track_caller]
    pub fn first_number(&self) -> u32 {
        self.story.expectation("We have sent a SYN.".to_owned(), |telling| {
            let scene = telling.peer_scene();
            let ends = scene.and_then(|scene| Some((scene, conversation::current(scene)?)));
            let ours = ends.map(|(scene, ends)| Conversation::between(scene, ends).ours);
            ours.filter(|ours| ours.has_begun).map(|ours| ours.start).ok_or_else(|| Failure {
                expected: "a SYN of ours".to_owned(),
                instead: "we have sent none".to_owned(),
                differences: Vec::new(),
            })
        })
    }
}

impl App<'_, Stack> {
    /// The peer has connected to port 7, where the application listened, and was accepted.
    #[track_caller]
    pub fn has_accepted(&self) -> SocketId {
        self.has_accepted_with(syn(), "", ConnectionOptions::default())
    }

    /// The peer has connected with this SYN, and was accepted. It announces the SYN's window with
    /// its next segment as well.
    #[track_caller]
    pub fn has_accepted_by(&self, syn: Packet<Tcp>) -> SocketId {
        self.has_accepted_with(syn, "", ConnectionOptions::default())
    }

    /// The peer has connected with this SYN to a listener with `options`, which `how` describes,
    /// and was accepted.
    #[track_caller]
    pub fn has_accepted_with(
        &self,
        syn: Packet<Tcp>,
        how: &str,
        options: ConnectionOptions,
    ) -> SocketId {
        let (peer, we) = (Peer { story: self.story }, We { story: self.story });
        let listener = match how {
            "" => self.listens(OUR_PORT),
            how => self.listens_with(OUR_PORT, how, options),
        };
        peer.sends(syn);
        we.send(syn_ack().seq(0).ack(1));
        peer.sends(ack());
        self.accepts(listener)
    }

    /// The application has connected to the peer's port 9.
    #[track_caller]
    pub fn has_connected(&self) -> SocketId {
        self.has_connected_with(syn_ack(), "", ConnectionOptions::default())
    }

    /// The application has connected, and was answered with this SYN-ACK.
    #[track_caller]
    pub fn has_connected_by(&self, syn_ack: Packet<Tcp>) -> SocketId {
        self.has_connected_with(syn_ack, "", ConnectionOptions::default())
    }

    /// The application has connected with `options`, which `how` describes, and was answered with
    /// this SYN-ACK.
    #[track_caller]
    pub fn has_connected_with(
        &self,
        syn_ack: Packet<Tcp>,
        how: &str,
        options: ConnectionOptions,
    ) -> SocketId {
        let (peer, we) = (Peer { story: self.story }, We { story: self.story });
        let remote = SocketAddr::from((KERNEL, PEER_PORT));
        let socket = match how {
            "" => self.connects(remote),
            how => self.connects_with(remote, how, options),
        };
        we.send(syn().seq(0));
        peer.sends(syn_ack);
        we.send(ack().seq(1).ack(1));
        socket
    }
}
