//! Writes pcapng blocks, each of them whole.

use std::fmt;
use std::io::{self, Write};

use pcap_file::Endianness;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};

use crate::output::Output;

/// A block is made in memory first, since `pcap-file` writes it in many small pieces, and a run
/// that is ended between two of them would leave a file that is cut short.
pub(super) struct Blocks<W> {
    output: Output<W>,
    /// `None` if not even the first block could be made.
    encoder: Option<PcapNgWriter<Vec<u8>>>,
}

impl<W: Write> Blocks<W> {
    /// Begins a file on `writer`.
    pub(super) fn begin(writer: W) -> Self {
        let section = SectionHeaderBlock {
            endianness: Endianness::native(),
            options: vec![SectionHeaderOption::UserApplication("strata".into())],
            ..SectionHeaderBlock::default()
        };
        let mut blocks = Self { output: Output::new(writer), encoder: None };
        match PcapNgWriter::with_section_header(Vec::new(), section) {
            Ok(encoder) => blocks.encoder = Some(encoder),
            Err(error) => blocks.output.fail(io::Error::other(error)),
        }
        blocks.drain();
        blocks
    }

    pub(super) fn write<'a>(&mut self, block: impl PcapNgBlock<'a>) {
        if let Some(encoder) = &mut self.encoder
            && let Err(error) = encoder.write_pcapng_block(block)
        {
            self.output.fail(io::Error::other(error));
        }
        self.drain();
    }

    pub(super) fn flush(&mut self) {
        self.output.flush();
    }

    pub(super) const fn error(&self) -> Option<&io::Error> {
        self.output.error()
    }

    fn drain(&mut self) {
        if let Some(encoder) = &mut self.encoder {
            self.output.write(encoder.get_ref());
            encoder.get_mut().clear();
        }
    }

    #[cfg(test)]
    pub(super) const fn writer(&self) -> &W {
        self.output.writer()
    }
}

impl<W> fmt::Debug for Blocks<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").finish_non_exhaustive()
    }
}
