//! Several UDP datagrams in one frame: what a device cuts apart, and what one put together.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::num::NonZeroU16;

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use packet::{
    Buffer, Capabilities, ChecksumOffload, Host, Instant, InterfaceId, Medium, ReceiveOffload,
    Received, ReceivedChecksum, Segmentation, SegmentationKind, TransmitOffload,
};
use proptest::collection::vec;
use proptest::prelude::*;
use stack::{Config, Counter, InterfaceConfig, Secret, Stack};
use trace::Tracer;
use udp::{Message, SendOptions, SocketId, SocketOptions};

const NOW: Instant = Instant::START;
const LOCAL: &str = "192.0.2.2:7";
const PEER: &str = "192.0.2.1:9";

/// A stack on a device that may cut superframes, and a socket.
struct Lab {
    stack: Stack,
    interface: InterfaceId,
    socket: SocketId,
}

impl Lab {
    fn new(udp_segmentation_offload: bool) -> Self {
        let mut stack = Stack::new(Config::new(Secret::new([1, 2])), Tracer::off());
        let capabilities = Capabilities {
            checksum_offload: udp_segmentation_offload,
            udp_segmentation_offload,
            ..Capabilities::without_offload(Medium::Ip, 1500)
        };
        let config = InterfaceConfig::new("192.0.2.2/24".parse().unwrap(), capabilities);
        let interface = stack.add_interface(NOW, config).unwrap();
        let socket = stack.udp(NOW).open().unwrap();
        stack.udp(NOW).bind(socket, address(LOCAL)).unwrap();
        Self { stack, interface, socket }
    }

    fn sends(&mut self, to: &str, payload: &[u8]) {
        self.stack.udp(NOW).send(self.socket, &Message::to(address(to), payload)).unwrap();
    }

    fn leaves(&mut self) -> Option<(Vec<u8>, TransmitOffload)> {
        let mut buffer = Buffer::new();
        let offload = self.stack.transmit(NOW, self.interface, &mut buffer)?;
        Some((buffer.as_slice().to_vec(), offload))
    }

    /// The payloads of what leaves, those of a superframe as one.
    fn payloads(&mut self) -> Vec<(Vec<u8>, Option<Segmentation>)> {
        let frames = std::iter::from_fn(|| self.leaves());
        let payload = |bytes: Vec<u8>| bytes.get(28..).unwrap_or_default().to_vec();
        frames.map(|(bytes, offload)| (payload(bytes), offload.segmentation)).collect()
    }

    fn comes(&mut self, to_port: u16, payload: &[u8], size: u16) {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(9, to_port)
            .write(&mut bytes, payload)
            .unwrap();
        let left_out =
            ChecksumOffload { covered: 8 + u16::try_from(payload.len()).unwrap(), field: 6 };
        let offload = ReceiveOffload {
            checksum: ReceivedChecksum::LeftOut(left_out),
            segmentation: Some(segmentation(size)),
        };
        self.stack.receive(NOW, self.interface, Received { bytes: &bytes, offload });
    }

    fn received(&mut self) -> Vec<Vec<u8>> {
        let next = || self.stack.udp(NOW).receive(self.socket).ok();
        std::iter::from_fn(next).map(|incoming| incoming.payload).collect()
    }

    fn counted(&self, counter: Counter) -> u64 {
        self.stack.counters().value(counter)
    }
}

fn address(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn segmentation(size: u16) -> Segmentation {
    Segmentation { kind: SegmentationKind::Udp, size: NonZeroU16::new(size).unwrap() }
}

#[test]
fn datagrams_of_one_length_to_one_peer_leave_as_a_superframe() {
    let mut lab = Lab::new(true);
    for payload in [&b"one"[..], b"two", b"3"] {
        lab.sends(PEER, payload);
    }
    let (bytes, offload) = lab.leaves().unwrap();
    assert_eq!(lab.leaves(), None);
    let expected = TransmitOffload {
        checksum: Some(ChecksumOffload { covered: 15, field: 6 }),
        segmentation: Some(segmentation(3)),
    };
    assert_eq!(offload, expected);

    let parsed = SlicedPacket::from_ip(&bytes).unwrap();
    let Some(TransportSlice::Udp(udp)) = parsed.transport else { panic!("{parsed:?}") };
    assert_eq!((udp.source_port(), udp.destination_port(), udp.length()), (7, 9, 15));
    assert_eq!(udp.payload(), b"onetwo3");
    // The field holds the sum over the pseudo-header: addresses, protocol, and the whole length.
    let sum: u32 = [0xc000_u32, 0x0202, 0xc000, 0x0201, 17, 15].iter().sum();
    assert_eq!(u32::from(udp.checksum()), (sum & 0xffff) + (sum >> 16));
    assert_eq!(lab.counted(Counter::UdpSent), 3);
    assert_eq!(lab.counted(Counter::Ipv4Sent), 1);
}

#[test]
fn each_datagram_of_a_superframe_has_an_identification_of_its_own() {
    let mut lab = Lab::new(true);
    let identification = |lab: &mut Lab| {
        let (bytes, _) = lab.leaves().unwrap();
        let Some(NetSlice::Ipv4(ip)) = SlicedPacket::from_ip(&bytes).unwrap().net else { panic!() };
        ip.header().identification()
    };
    for _ in 0..5 {
        lab.sends(PEER, &[7; 100]);
    }
    let first = identification(&mut lab);
    lab.sends(PEER, b"next");
    let next = identification(&mut lab);
    assert!(next.wrapping_sub(first) >= 5, "{first} to {next}");
}

#[test]
fn what_differs_leaves_by_itself_and_in_order() {
    let mut lab = Lab::new(true);
    lab.sends(PEER, b"aa");
    lab.sends(PEER, b"bb");
    lab.sends("192.0.2.1:10", b"cc");
    lab.sends(PEER, b"d");
    lab.sends(PEER, b"ee");
    lab.sends(PEER, b"");
    lab.sends(PEER, b"");
    lab.sends(PEER, &[1; 1473]);
    lab.sends(PEER, &[2; 1473]);
    let payloads = lab.payloads();
    let (whole, pieces) = payloads.split_at(6);
    let expected: [(&[u8], _); 6] = [
        (b"aabb", Some(segmentation(2))),
        (b"cc", None),
        (b"d", None),
        (b"ee", None),
        (b"", None),
        (b"", None),
    ];
    let whole: Vec<_> = whole.iter().map(|(bytes, cut)| (bytes.as_slice(), *cut)).collect();
    assert_eq!(whole, expected);
    // What is longer than the MTU is fragmented, and each piece is a frame.
    assert_eq!(pieces.len(), 4);
    assert!(pieces.iter().all(|(_, cut)| cut.is_none()));
}

#[test]
fn other_options_make_another_frame() {
    let mut lab = Lab::new(true);
    let socket = lab.socket;
    let mut send_with = |send: SendOptions| {
        let options = SocketOptions { send, ..SocketOptions::default() };
        let mut udp = lab.stack.udp(NOW);
        udp.set_options(socket, options).unwrap();
        for _ in 0..2 {
            udp.send(socket, &Message::to(address(PEER), b"data")).unwrap();
        }
    };
    send_with(SendOptions::default());
    send_with(SendOptions { traffic_class: 0xb8, ..SendOptions::default() });
    // IP options belong to whole datagrams.
    send_with(SendOptions { ip_options: [1, 1, 1, 0].into(), ..SendOptions::default() });
    let cut: Vec<_> = lab.payloads().into_iter().map(|(_, cut)| cut).collect();
    assert_eq!(cut, [Some(segmentation(4)), Some(segmentation(4)), None, None]);
}

#[test]
fn a_superframe_is_no_longer_than_a_datagram_can_be() {
    let mut lab = Lab::new(true);
    for _ in 0..50 {
        lab.sends(PEER, &[7; 1472]);
    }
    let lengths: Vec<usize> = lab.payloads().iter().map(|(payload, _)| payload.len()).collect();
    assert_eq!(lengths, [44 * 1472, 6 * 1472]);
}

#[test]
fn a_device_that_cuts_nothing_gets_each_datagram_by_itself() {
    let mut lab = Lab::new(false);
    lab.sends(PEER, b"one");
    lab.sends(PEER, b"two");
    assert_eq!(lab.payloads(), [(b"one".to_vec(), None), (b"two".to_vec(), None)]);
}

#[test]
fn a_superframe_that_comes_is_received_as_its_datagrams() {
    let mut lab = Lab::new(true);
    lab.comes(7, b"onetwo3", 3);
    assert_eq!(lab.received(), [&b"one"[..], b"two", b"3"]);
    assert_eq!(lab.counted(Counter::UdpReceived), 3);
    for payload in [&b"one"[..], b""] {
        lab.comes(7, payload, 500);
        assert_eq!(lab.received(), [payload], "a size that nothing reaches");
    }
}

#[test]
fn each_datagram_of_a_superframe_for_nobody_is_counted() {
    let mut lab = Lab::new(true);
    lab.comes(4242, b"onetwo", 3);
    assert_eq!(lab.counted(Counter::UdpNoSocket), 2);
}

#[test]
fn a_socket_that_is_full_drops_the_rest_of_a_superframe() {
    let mut lab = Lab::new(true);
    lab.comes(7, &[7; 1000], 1);
    assert_eq!(lab.received().len(), udp::RECEIVE_QUEUE_DATAGRAMS);
    let rest = 1000 - u64::try_from(udp::RECEIVE_QUEUE_DATAGRAMS).unwrap();
    assert_eq!(lab.counted(Counter::UdpReceiveQueueFull), rest);
}

proptest! {
    #[test]
    fn a_device_that_cuts_puts_the_same_on_the_wire_as_one_that_does_not(
        sent in vec((9_u16..11, 0_usize..4, any::<u8>()), 0..100),
    ) {
        const LENGTHS: [usize; 4] = [0, 1, 700, 1472];
        let mut lab = Lab::new(true);
        for &(port, length, byte) in &sent {
            lab.sends(&format!("192.0.2.1:{port}"), &vec![byte; LENGTHS[length]]);
        }
        let mut on_the_wire = Vec::new();
        while let Some((bytes, offload)) = lab.leaves() {
            prop_assert!(bytes.len() <= usize::from(u16::MAX));
            let port = u16::from_be_bytes([bytes[22], bytes[23]]);
            let payload = &bytes[28..];
            match offload.segmentation {
                None => on_the_wire.push((port, payload.to_vec())),
                Some(Segmentation { size, .. }) => {
                    let pieces = payload.chunks(size.get().into());
                    on_the_wire.extend(pieces.map(|piece| (port, piece.to_vec())));
                }
            }
        }
        let expected: Vec<_> =
            sent.iter().map(|&(port, length, byte)| (port, vec![byte; LENGTHS[length]])).collect();
        prop_assert_eq!(on_the_wire, expected);
        prop_assert_eq!(lab.counted(Counter::UdpSent), sent.len() as u64);
    }
}
