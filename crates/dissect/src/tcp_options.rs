//! TCP's options, one by one (RFC 9293, 3.2; RFC 7323; RFC 2018).

use tcp::{Flags, MAX_SACK_BLOCKS, SequenceNumber, WindowScale};

use crate::Layer;
use crate::part::Part;

const END_OF_LIST: u8 = 0;
const NO_OPERATION: u8 = 1;

/// Adds the options that begin `at` bytes into the header. Stops at the first that cannot be read.
pub(crate) fn read(layer: &mut Layer, header: Part<'_>, mut at: usize) {
    while let Some(kind) = header.u8(at) {
        let length = match (kind, header.u8(at + 1)) {
            (END_OF_LIST, _) => {
                layer.field(at, "end of options", kind, "what follows is padding");
                return;
            }
            (NO_OPERATION, _) => {
                layer.field(at, "no operation", kind, "aligns what follows");
                1
            }
            (_, Some(length)) if length >= 2 && header.len() - at >= usize::from(length) => {
                let option = header.after(at).up_to(usize::from(length));
                if known(layer, at, kind, option, has_ack(header)).is_none() {
                    layer.field(at, "option", kind, unknown(kind, length));
                }
                usize::from(length)
            }
            (_, length) => {
                layer.field(at, "option", kind, unreadable(length));
                return;
            }
        };
        at += length;
    }
}

/// Adds what an option says; `None` if its kind has no name here, or another length.
fn known(layer: &mut Layer, at: usize, kind: u8, option: Part<'_>, ack: bool) -> Option<()> {
    match (kind, option.len()) {
        (2, 4) => {
            let size = format!("{} bytes", option.u16(2)?);
            layer.field(at, "maximum segment size", size, "the most data in one segment to it");
        }
        (3, 3) => {
            let bits = option.u8(2)?;
            layer.field(at, "window scale", bits, window_scale(bits));
        }
        (4, 2) => layer.field(at, "SACK permitted", "yes", "it can make use of SACK"),
        (5, _) => return sack_blocks(layer, at, option),
        (8, 10) => {
            let (value, echo) = (option.u32(2)?, option.u32(6)?);
            layer.field(at, "timestamp value", value, "its clock");
            let heard = "the other's clock, as it last heard of it";
            let meaning = if ack { heard } else { "means nothing without ACK" };
            layer.field(at + 6, "timestamp echo reply", echo, meaning);
        }
        _ => return None,
    }
    Some(())
}

fn has_ack(header: Part<'_>) -> bool {
    header.u8(13).is_some_and(|bits| Flags::from_bits(bits).ack())
}

fn window_scale(bits: u8) -> String {
    let scale = WindowScale::new(bits);
    let cut = if scale.bits() == bits { "" } else { "as 14, the most: " };
    format!("{cut}its windows to come count times {}", scale.window(1))
}

fn sack_blocks(layer: &mut Layer, at: usize, option: Part<'_>) -> Option<()> {
    let (blocks, rest) = option.bytes.get(2..)?.as_chunks::<8>();
    if !rest.is_empty() || !(1..=MAX_SACK_BLOCKS).contains(&blocks.len()) {
        return None;
    }
    for number in 0..blocks.len() {
        let left = SequenceNumber::new(option.u32(2 + number * 8)?);
        let right = SequenceNumber::new(option.u32(6 + number * 8)?);
        // The first stands for the option's first two bytes too.
        let at = if number == 0 { at } else { at + 2 + number * 8 };
        layer.field(at, "SACK block", format!("{left} to {right}"), sack_block(left, right));
    }
    Some(())
}

fn sack_block(left: SequenceNumber, right: SequenceNumber) -> String {
    if !right.is_after(left) {
        return "no block: it ends before it begins".to_owned();
    }
    let length = right.since(left);
    let bytes = if length == 1 { "byte" } else { "bytes" };
    format!("{length} {bytes} came, up to the second number{}", wrap_within(left, length))
}

/// What to say beside a number that follows `length` after `start`, where the numbers wrap.
pub(crate) fn wrap_within(start: SequenceNumber, length: u32) -> &'static str {
    match start.value().checked_add(length) {
        Some(_) => "",
        None => ": after 4294967295 comes 0",
    }
}

fn unknown(kind: u8, length: u8) -> String {
    let name = match kind {
        2 => "a maximum segment size",
        3 => "a window scale",
        4 => "SACK permitted",
        5 => "SACK",
        8 => "timestamps",
        _ => return format!("has no name here: {length} bytes are skipped"),
    };
    format!("would be {name}, but {length} bytes are not its length: skipped")
}

fn unreadable(length: Option<u8>) -> String {
    match length {
        None => "cut short".to_owned(),
        Some(length @ (0 | 1)) => {
            format!("its length cannot be {length}: nothing more can be read")
        }
        Some(length) => format!("cut short: its {length} bytes are not all here"),
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::datagram;
    use crate::{Offload, dissect};
    use packet::Medium;

    /// The options' lines of a segment that has them, without the leading spaces.
    fn lines(options: &[u8]) -> Vec<String> {
        let mut segment = vec![0; 20];
        segment.extend(options);
        segment.resize(segment.len().next_multiple_of(4), 0);
        segment[12] = u8::try_from(segment.len() * 4).unwrap();
        let bytes = datagram(6, [192, 0, 2, 1], [192, 0, 2, 2], &segment);
        let dissection = dissect(&bytes, Medium::Ip, Offload::default());
        let fields = dissection.layers[1].fields.iter().filter(|field| field.offset >= 40);
        fields
            .map(|field| {
                format!("{} {}: {}: {}", field.offset, field.name, field.value, field.meaning)
            })
            .collect()
    }

    #[test]
    fn the_options_of_a_syn() {
        let bytes = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7];
        let expected = [
            "40 maximum segment size: 1460 bytes: the most data in one segment to it",
            "44 SACK permitted: yes: it can make use of SACK",
            "46 timestamp value: 9: its clock",
            "52 timestamp echo reply: 0: means nothing without ACK",
            "56 no operation: 1: aligns what follows",
            "57 window scale: 7: its windows to come count times 128",
        ];
        assert_eq!(lines(&bytes), expected);
        let expected = [
            "40 window scale: 15: as 14, the most: its windows to come count times 16384",
            "43 end of options: 0: what follows is padding",
        ];
        assert_eq!(lines(&[3, 3, 15]), expected);
    }

    #[test]
    fn each_sack_block_and_those_that_wrap() {
        let mut bytes = vec![5, 26];
        for number in [1000u32, 1001, 0xffff_ff00, 0x10, 9, 5] {
            bytes.extend(number.to_be_bytes());
        }
        let expected = [
            "40 SACK block: 1000 to 1001: 1 byte came, up to the second number",
            "50 SACK block: 4294967040 to 16: 272 bytes came, up to the second number: after \
             4294967295 comes 0",
            "58 SACK block: 9 to 5: no block: it ends before it begins",
            "66 end of options: 0: what follows is padding",
        ];
        assert_eq!(lines(&bytes), expected);
    }

    #[test]
    fn what_the_stack_skips_is_said_to_be_skipped() {
        let expected = [
            "40 option: 253: has no name here: 5 bytes are skipped",
            "45 option: 2: would be a maximum segment size, but 3 bytes are not its length: skipped",
            "48 option: 5: would be SACK, but 4 bytes are not its length: skipped",
        ];
        assert_eq!(lines(&[253, 5, 9, 9, 9, 2, 3, 9, 5, 4, 0, 0]), expected);
    }

    #[test]
    fn what_ends_the_reading_is_told() {
        let zero = ["40 option: 8: its length cannot be 0: nothing more can be read"];
        assert_eq!(lines(&[8, 0, 4, 2]), zero);
        let beyond = ["40 option: 8: cut short: its 10 bytes are not all here"];
        assert_eq!(lines(&[8, 10, 4, 2]), beyond);
        assert_eq!(lines(&[1, 1, 1, 8])[3], "43 option: 8: cut short");
    }
}
