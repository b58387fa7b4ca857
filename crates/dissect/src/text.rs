//! A dissection as text: spans that say what they are, so that someone can give them colours.

use std::fmt;

use crate::{Dissection, Field, Layer, Summary};

/// How many bytes of a packet are dumped at most; a superframe would fill screens.
pub const MOST_DUMPED: usize = 2048;

/// One line: its spans, one after the other.
pub type Line = Vec<Span>;

/// A stretch of text within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What the text is.
    pub role: Role,
    /// The text, spaces around it included. No line break.
    pub text: String,
}

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Spaces and signs between the others.
    Plain,
    /// An address of the summary.
    Address,
    /// What a packet is.
    What,
    /// How long a packet is.
    Length,
    /// What one should know beside.
    Note,
    /// What is wrong.
    Trouble,
    /// A layer's name.
    LayerName,
    /// A number that counts bytes from the packet's first.
    Offset,
    /// A field's name.
    FieldName,
    /// What a field holds.
    Value,
    /// What that means.
    Meaning,
    /// Bytes in hexadecimal.
    Hex,
    /// The same bytes as ASCII.
    Ascii,
}

impl Role {
    fn span(self, text: impl Into<String>) -> Span {
        Span { role: self, text: text.into() }
    }
}

impl Summary {
    /// The summary's line in spans.
    #[must_use]
    pub fn spans(&self) -> Line {
        let mut line = Line::new();
        if let Some(endpoints) = &self.endpoints {
            line.push(Role::Address.span(&endpoints.source));
            line.push(Role::Plain.span(" > "));
            line.push(Role::Address.span(&endpoints.destination));
            line.push(Role::Plain.span("  "));
        }
        line.push(Role::What.span(&self.what));
        line.push(Role::Plain.span(", "));
        line.push(Role::Length.span(format!("{} bytes", self.length)));
        if let Some(note) = &self.note {
            line.push(Role::Note.span(format!(" ({note})")));
        }
        if let Some(trouble) = &self.trouble {
            line.push(Role::Plain.span("; "));
            line.push(Role::Trouble.span(trouble));
        }
        line
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spans().iter().try_for_each(|span| f.write_str(&span.text))
    }
}

impl Dissection {
    /// Each layer with its fields, then the hex dump. The summary is not among the lines.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<_> = self.layers.iter().flat_map(Layer::lines).collect();
        lines.extend(hex_dump(&self.bytes));
        lines
    }
}

/// The summary, then the lines of [`Dissection::lines`].
impl fmt::Display for Dissection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.summary)?;
        for line in self.lines() {
            f.write_str("\n")?;
            line.iter().try_for_each(|span| f.write_str(&span.text))?;
        }
        Ok(())
    }
}

impl Layer {
    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![vec![
            Role::Plain.span("  "),
            Role::LayerName.span(&self.name),
            Role::Offset.span(format!(", {}", byte_range(&self.bytes))),
        ]];
        lines.extend(self.fields.iter().map(Field::line));
        if let Some(trouble) = &self.trouble {
            lines.push(vec![
                Role::Plain.span("        "),
                Role::Trouble.span(format!("wrong: {trouble}")),
            ]);
        }
        lines
    }
}

fn byte_range(bytes: &std::ops::Range<usize>) -> String {
    match bytes.len() {
        0 => "no bytes".to_owned(),
        1 => format!("byte {}", bytes.start),
        _ => format!("bytes {} to {}", bytes.start, bytes.end - 1),
    }
}

impl Field {
    /// `    20  type                   8                  echo request`.
    fn line(&self) -> Line {
        let mut line = vec![
            Role::Offset.span(format!("{:>6}  ", self.offset)),
            Role::FieldName.span(format!("{:<22} ", self.name)),
        ];
        if self.meaning.is_empty() {
            line.push(Role::Value.span(&self.value));
        } else {
            line.push(Role::Value.span(format!("{:<18} ", self.value)));
            line.push(Role::Meaning.span(&self.meaning));
        }
        line
    }
}

/// `bytes` in hexadecimal and as ASCII, 16 in a line, each line with the offset of its first.
/// Ends after [`MOST_DUMPED`] bytes and says how many more there are.
#[must_use]
pub fn hex_dump(bytes: &[u8]) -> Vec<Line> {
    let (dumped, rest) = bytes.split_at_checked(MOST_DUMPED).unwrap_or((bytes, &[]));
    let mut lines: Vec<_> = dumped.chunks(16).enumerate().map(hex_line).collect();
    if !rest.is_empty() {
        lines.push(vec![Role::Note.span(format!("  ... {} more bytes", rest.len()))]);
    }
    lines
}

fn hex_line((row, bytes): (usize, &[u8])) -> Line {
    let mut hex = String::new();
    for (column, byte) in bytes.iter().enumerate() {
        let gap = if column == 8 { "  " } else { " " };
        hex.push_str(&format!("{gap}{byte:02x}"));
    }
    let ascii: String = bytes
        .iter()
        .map(|&byte| if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' })
        .collect();
    vec![
        Role::Offset.span(format!("  {:04x}", row * 16)),
        Role::Hex.span(format!(" {hex:<49}")),
        Role::Ascii.span(format!("  |{ascii}|")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{ETHERNET_PING, PING, ROUTER_SOLICITATION};
    use crate::{Framing, Offload, dissect};
    use packet::Medium;
    use proptest::prelude::*;

    #[test]
    fn every_layer_field_by_field_and_the_bytes() {
        let text = dissect(PING, Medium::Ip, Offload::default()).to_string();
        let expected = "\
192.0.2.1 > 192.0.2.2  ICMP echo request id 7 seq 1, 36 bytes
  IPv4, bytes 0 to 19
     0  version                4
     0  header length          20 bytes           5 words of 4 bytes
     1  DSCP                   0                  best effort
     1  ECN                    0                  not capable of ECN
     2  total length           36 bytes           header and payload
     4  identification         0x0000
     6  flags                  DF                 no router may cut it
     6  fragment offset        0 bytes
     8  time to live           64                 how many routers it may still pass
     9  protocol               1                  ICMP
    10  header checksum        0xb6d5             correct
    12  source address         192.0.2.1
    16  destination address    192.0.2.2
  ICMP, bytes 20 to 27
    20  type                   8                  echo request
    21  code                   0
    22  checksum               0x6662             correct
    24  identifier             7                  which run of ping
    26  sequence number        1                  which of its requests
  data, bytes 28 to 35
  0000  45 00 00 24 00 00 40 00  40 01 b6 d5 c0 00 02 01  |E..$..@.@.......|
  0010  c0 00 02 02 08 00 66 62  00 07 00 01 61 62 63 64  |......fb....abcd|
  0020  65 66 67 68                                       |efgh|";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_superframe_is_not_dumped_whole() {
        let lines = hex_dump(&vec![0; 65_535]);
        assert_eq!(lines.len(), 129);
        assert_eq!(lines[128][0].text, "  ... 63487 more bytes");
    }

    /// Any framing and any offload over any bytes, real packets cut and bent among them.
    fn framings() -> impl Strategy<Value = Framing> {
        (any::<bool>(), any::<bool>()).prop_map(|(ip, packet_information)| Framing {
            medium: if ip { Medium::Ip } else { Medium::Ethernet },
            packet_information,
        })
    }

    fn packets() -> impl Strategy<Value = Vec<u8>> {
        let real = prop::sample::select(vec![PING, ETHERNET_PING, ROUTER_SOLICITATION]);
        let bent = (real, prop::collection::vec((0usize..64, any::<u8>()), 0..4), 0usize..80)
            .prop_map(|(real, changes, cut)| {
                let mut bytes = real.to_vec();
                for (at, to) in changes {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = to;
                    }
                }
                bytes.truncate(cut);
                bytes
            });
        prop_oneof![prop::collection::vec(any::<u8>(), 0..200), bent]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn any_bytes_are_read_and_every_offset_lies_in_them(
            bytes in packets(), framing in framings(), checksum_left_out: bool
        ) {
            let offload = Offload { checksum_left_out, segment_size: None };
            let dissection = dissect(&bytes, framing, offload);
            prop_assert_eq!(dissection.summary.length, bytes.len());
            let mut next = 0;
            for layer in &dissection.layers {
                prop_assert!(layer.bytes.start >= next, "{} overlaps", layer.name);
                prop_assert!(layer.bytes.end <= bytes.len(), "{} is too long", layer.name);
                for field in &layer.fields {
                    prop_assert!(layer.bytes.contains(&field.offset), "{}", field.name);
                }
                // The first header of an extension header, or the four bytes taken for packet
                // information, may be read again as what they are.
                next = if layer.trouble.is_some() { next } else { layer.bytes.end };
            }
            let text = dissection.to_string();
            prop_assert!(text.lines().all(|line| !line.chars().any(char::is_control)));
            prop_assert!(text.lines().all(|line| line == line.trim_end()), "{}", text);
        }
    }
}
