use super::*;
use crate::output::FullAfter;
use crate::samples::{self, PING, REPLY, frame_in, frame_out, ping, record};
use packet::{ReceiveOffload, ReceivedChecksum};
use pcap_file::pcapng::{Block, PcapNgReader};
use proptest::prelude::*;
use trace::Fault;

const DROPPED: Event<'_> = Event::Dropped { counter: "not_ip", meaning: "not IP" };
const LOST: Event<'_> = Event::Fault { fault: Fault::Lost, bytes: PING };

/// What the crate's own reader reads: the interfaces, then the packets.
fn read_back(
    recorder: &mut Pcapng<Vec<u8>>,
) -> (Vec<InterfaceDescriptionBlock<'static>>, Vec<EnhancedPacketBlock<'static>>) {
    recorder.flush();
    assert!(recorder.error().is_none());
    let mut reader = PcapNgReader::new(recorder.blocks.writer().as_slice()).unwrap();
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        match block.unwrap().into_owned() {
            Block::EnhancedPacket(packet) => packets.push(packet),
            Block::InterfaceDescription(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (reader.interfaces().to_vec(), packets)
}

fn recorded(records: &[Record<'_>]) -> Pcapng<Vec<u8>> {
    let mut recorder = Pcapng::new(Vec::new(), Duration::from_secs(1_700_000_000));
    for record in records {
        recorder.record(record);
    }
    recorder
}

fn comments<'a>(packet: &'a EnhancedPacketBlock<'_>) -> Vec<&'a str> {
    let comment = |option: &'a EnhancedPacketOption<'_>| match option {
        EnhancedPacketOption::Comment(comment) => Some(comment.as_ref()),
        _ => None,
    };
    packet.options.iter().filter_map(comment).collect()
}

#[test]
fn frames_keep_their_time_direction_and_interface() {
    let mut recorder = Pcapng::new(Vec::new(), Duration::from_secs(1_700_000_000));
    recorder.name_interface("strata", InterfaceId(0), Medium::Ip, "tun0");
    recorder.record(&record(1_500, "strata", frame_in(PING)));
    recorder.record(&record(1_750, "strata", frame_out(REPLY)));
    let [frame, ..] = samples::frame_events(PING, Medium::Ethernet);
    recorder.record(&record(2_000, "other", frame));
    let (interfaces, packets) = read_back(&mut recorder);

    assert_eq!(interfaces.len(), 2);
    let named = |name: &'static str| InterfaceDescriptionOption::IfName(name.into());
    assert_eq!(interfaces[0].linktype, DataLink::RAW);
    assert!(interfaces[0].options.contains(&named("tun0")));
    assert!(interfaces[0].options.contains(&InterfaceDescriptionOption::IfTsResol(9)));
    assert_eq!(interfaces[1].linktype, DataLink::ETHERNET);
    assert!(interfaces[1].options.contains(&named("other-1")));

    assert_eq!(packets.len(), 3);
    assert_eq!(packets[0].timestamp, Duration::new(1_700_000_000, 1_500_000));
    assert_eq!(packets[0].data, PING);
    assert_eq!(packets[0].options, [EnhancedPacketOption::Flags(1)]);
    assert_eq!(packets[1].options, [EnhancedPacketOption::Flags(2)]);
    let interfaces: Vec<_> = packets.iter().map(|packet| packet.interface_id).collect();
    assert_eq!(interfaces, [0, 0, 1]);
}

#[test]
fn what_follows_from_a_frame_is_its_comment() {
    let mut recorder = recorded(&[
        record(0, "strata", DROPPED),
        record(1, "strata", frame_in(PING)),
        record(1, "strata", DROPPED),
        record(2, "strata", frame_out(REPLY)),
    ]);
    let (_, packets) = read_back(&mut recorder);
    let dropped = "strata: dropped: not IP (counter not_ip)";
    let before = format!("before this frame: {dropped}");
    assert_eq!(comments(&packets[0]), [&before, dropped]);
    assert_eq!(comments(&packets[1]), [""; 0]);
}

#[test]
fn a_fault_belongs_to_its_frame_told_before_or_after_it() {
    for records in [
        [record(5, "a", frame_out(PING)), record(5, "a", LOST)],
        [record(5, "a", LOST), record(5, "a", frame_out(PING))],
    ] {
        let mut recorder = recorded(&[record(1, "a", frame_out(REPLY))]);
        for record in &records {
            recorder.record(record);
        }
        let (_, packets) = read_back(&mut recorder);
        assert_eq!(comments(&packets[0]), [""; 0]);
        assert!(comments(&packets[1])[0].ends_with("the link loses it"));
    }
}

#[test]
fn a_fault_of_a_frame_that_never_crossed_tells_which() {
    let mut recorder = recorded(&[record(1, "a", frame_in(REPLY)), record(5, "a", LOST)]);
    let (_, packets) = read_back(&mut recorder);
    assert_eq!(
        comments(&packets[0]),
        ["192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes: the link loses it"]
    );
}

#[test]
fn what_the_device_leaves_out_is_said() {
    let left_out = packet::ChecksumOffload { covered: 16, field: 2 };
    let checksum = ReceivedChecksum::LeftOut(left_out);
    let direction = Direction::In(ReceiveOffload { checksum, segmentation: None });
    let interface = InterfaceId(0);
    let frame = Event::Frame { interface, direction, medium: Medium::Ip, bytes: PING };
    let (_, packets) = read_back(&mut recorded(&[record(0, "strata", frame)]));
    assert_eq!(comments(&packets[0]), ["the transport checksum is left to the device"]);
}

#[test]
fn comments_have_a_limit() {
    let long = "ä".repeat(40_000);
    let fired = Event::TimerFired { owner: &long, timer: "test" };
    let mut records = vec![record(0, "strata", fired); MOST_HELD + 3];
    records.push(record(0, "strata", frame_in(PING)));
    records.extend(vec![record(0, "strata", fired); MOST_COMMENTS]);
    let (_, packets) = read_back(&mut recorded(&records));
    let comments = comments(&packets[0]);
    assert_eq!(comments.len(), MOST_COMMENTS + 1);
    assert_eq!(*comments.last().unwrap(), "101 more events");
    assert!(
        comments[0].starts_with("before this frame: strata: ä")
            && comments[0].len() <= MOST_COMMENT_BYTES
    );
}

#[test]
fn whole_blocks_are_written_as_frames_come_and_the_rest_when_dropped() {
    #[derive(Default)]
    struct Pieces(std::rc::Rc<std::cell::RefCell<Vec<Vec<u8>>>>);
    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let pieces = Pieces::default();
    let written = pieces.0.clone();
    let mut recorder = Pcapng::new(pieces, Duration::ZERO);
    for sequence_number in 1..=3 {
        recorder.record(&record(0, "strata", frame_in(&ping(sequence_number))));
    }
    // Section, interface, and all frames but the last.
    assert_eq!(written.borrow().len(), 4);
    drop(recorder);
    assert_eq!(written.borrow().len(), 5);
    for block in written.borrow().iter() {
        let length = block.len().to_ne_bytes();
        assert_eq!(block[4..8], length[..4]);
        assert_eq!(block[block.len() - 4..], length[..4]);
    }
}

#[test]
fn a_full_disk_is_told_and_stops_nothing() {
    let mut recorder = Pcapng::new(FullAfter(200), Duration::ZERO);
    for _ in 0..5 {
        recorder.record(&record(0, "strata", frame_in(PING)));
    }
    assert_eq!(recorder.error().unwrap().kind(), io::ErrorKind::StorageFull);
    assert!(Pcapng::new(FullAfter(0), Duration::ZERO).error().is_some());
}

proptest! {
    #[test]
    fn any_frame_is_read_back_as_it_was(
        frames in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..200), any::<bool>(), 0usize..3), 1..20)
    ) {
        let mut recorder = Pcapng::new(Vec::new(), Duration::MAX);
        for (bytes, ip, which) in &frames {
            let medium = if *ip { Medium::Ip } else { Medium::Ethernet };
            let events = samples::frame_events(bytes, medium);
            recorder.record(&record(7, "strata", events[*which]));
            recorder.record(&record(7, "strata", frame_out(bytes)));
        }
        let (_, packets) = read_back(&mut recorder);
        let expected: Vec<_> = frames
            .iter()
            .flat_map(|(bytes, _, which)| vec![bytes; if *which < 2 { 2 } else { 1 }])
            .collect();
        prop_assert_eq!(packets.len(), expected.len());
        for (packet, bytes) in packets.iter().zip(expected) {
            prop_assert_eq!(&packet.data, bytes);
        }
    }
}
