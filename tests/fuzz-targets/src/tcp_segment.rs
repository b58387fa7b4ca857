//! TCP segments: no bytes make the parser panic, etherparse reads the same in them, and what was
//! accepted can be written again.

use checksum::Sum;
use etherparse::{TcpOptionElement, TcpSlice};
use packet::{Buffer, ChecksumBy, ReceivedChecksum};
use tcp::{Options, Segment};

/// The bytes as they are and with the checksum mended, since no fuzzer guesses one.
pub fn tcp_segment(bytes: &[u8]) {
    one_segment(bytes);
    let mut mended = bytes.to_vec();
    if let Some(field) = mended.get_mut(16..18) {
        field.fill(0);
        let checksum = pseudo_header(bytes.len()).add_bytes(&mended).checksum();
        mended[16..18].copy_from_slice(&checksum.to_be_bytes());
        let judged = |checksum| Segment::parse(&mended, pseudo_header(0), checksum);
        let verdict = judged(ReceivedChecksum::Unverified);
        assert_eq!(verdict, judged(ReceivedChecksum::Verified), "only the checksum was in doubt");
        one_segment(&mended);
    }
}

/// The sum of no addresses and the protocol's number, the length already added.
fn pseudo_header(length: usize) -> Sum {
    let length = u32::try_from(length).expect("no fuzzer has so much");
    Sum::new().add_u16(6).add_bytes(&length.to_be_bytes())
}

/// etherparse is the judge of what is well-formed, but for the checksum.
fn one_segment(bytes: &[u8]) {
    let ours = Segment::parse(bytes, pseudo_header(0), ReceivedChecksum::Verified);
    let theirs = TcpSlice::from_slice(bytes);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{ours:?}, {theirs:?}");
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else { return };
    let header = ours.header();
    assert_eq!(header.sequence_number.value(), theirs.sequence_number());
    assert_eq!(header.acknowledgment_number.value(), theirs.acknowledgment_number());
    assert_eq!(header.window, theirs.window_size());
    assert_eq!(ours.payload(), theirs.payload());
    let numbered = usize::from(theirs.syn()) + usize::from(theirs.fin());
    assert_eq!(usize::try_from(ours.length()), Ok(theirs.payload().len() + numbered));
    let options = ours.options();
    compare_options(&options, &theirs);
    write_again(&ours, &options);
}

/// What it finds among the options we find too, up to the first that it does not know; the last
/// of each kind, so a kind that it saw is never missing.
fn compare_options(ours: &Options, theirs: &TcpSlice<'_>) {
    for element in theirs.options_iterator().map_while(Result::ok) {
        match element {
            TcpOptionElement::Noop | TcpOptionElement::MaximumSegmentSize(0) => {}
            TcpOptionElement::MaximumSegmentSize(_) => {
                assert!(ours.maximum_segment_size.is_some_and(|size| size > 0));
            }
            TcpOptionElement::WindowScale(_) => {
                assert!(ours.window_scale.is_some_and(|scale| scale.bits() <= 14));
            }
            TcpOptionElement::SelectiveAcknowledgementPermitted => assert!(ours.sack_permitted),
            TcpOptionElement::SelectiveAcknowledgement(..) => {
                assert!((1..=tcp::MAX_SACK_BLOCKS).contains(&ours.sack_blocks.len()));
            }
            TcpOptionElement::Timestamp(..) => assert!(ours.timestamps.is_some()),
        }
    }
}

fn write_again(segment: &Segment<'_>, options: &Options) {
    let mut buffer = Buffer::new();
    buffer.append(segment.payload());
    let written =
        segment.header().prepend_to(options, &mut buffer, pseudo_header(0), ChecksumBy::Us, None);
    // Options that were packed tightly are aligned now, and may be too long together with the
    // longest payload.
    let Ok(offload) = written else {
        assert!(segment.payload().len() > tcp::MAX_SEGMENT_LEN - 60);
        return;
    };
    assert_eq!(offload, packet::TransmitOffload::default());
    let again = Segment::parse(buffer.as_slice(), pseudo_header(0), ReceivedChecksum::Unverified)
        .expect("what we write we read");
    assert_eq!(again.header(), segment.header());
    assert_eq!(again.payload(), segment.payload());
    let sack_blocks = again.options().sack_blocks;
    assert!(options.sack_blocks.as_slice().starts_with(sack_blocks.as_slice()));
    assert_eq!(Options { sack_blocks, ..*options }, again.options());
}
