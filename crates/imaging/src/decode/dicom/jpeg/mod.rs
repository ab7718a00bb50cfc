//! The two JPEG processes of DICOM that general decoders leave out or take slowly: lossless
//! (processes 14 and 14 SV1) and 12-bit sequential DCT (process 4).

mod bits;
pub(crate) mod extended;
pub(crate) mod lossless;

use bits::Huffman;

use crate::error::DecodeError;

fn damaged(what: &str) -> DecodeError {
    DecodeError::damaged("JPEG", what)
}

fn word(bytes: &[u8], at: usize) -> Result<u16, DecodeError> {
    bytes
        .get(at..at + 2)
        .map(|b| u16::from_be_bytes([b[0], b[1]]))
        .ok_or_else(|| damaged("a segment is cut short"))
}

/// The next marker from `at`, its segment, and where the segment ends.
fn segment(bytes: &[u8], mut at: usize) -> Result<(u8, &[u8], usize), DecodeError> {
    let short = || damaged("the stream is cut short");
    while *bytes.get(at).ok_or_else(short)? != 0xFF {
        at += 1;
    }
    while *bytes.get(at).ok_or_else(short)? == 0xFF {
        at += 1;
    }
    let marker = bytes[at];
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Ok((marker, &[], at + 1));
    }
    let length = usize::from(word(bytes, at + 1)?).max(2);
    let body = bytes.get(at + 3..at + 1 + length).ok_or_else(short)?;
    Ok((marker, body, at + 1 + length))
}

/// Huffman tables by class and destination.
#[derive(Default)]
struct Tables {
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
}

impl Tables {
    /// Reads a DHT segment.
    fn read(&mut self, mut s: &[u8]) -> Result<(), DecodeError> {
        while s.len() >= 17 {
            let total: usize = s[1..17].iter().map(|&c| usize::from(c)).sum();
            let values =
                s.get(17..17 + total).ok_or_else(|| damaged("a Huffman table is cut short"))?;
            let set = if s[0] >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let slot = set
                .get_mut(usize::from(s[0] & 15))
                .ok_or_else(|| damaged("a fifth Huffman table"))?;
            *slot = Some(Huffman::new(&s[1..17], values)?);
            s = &s[17 + total..];
        }
        Ok(())
    }
}

fn table(set: &[Option<Huffman>; 4], index: u8) -> Result<&Huffman, DecodeError> {
    let found = set.get(usize::from(index)).and_then(Option::as_ref);
    found.ok_or_else(|| damaged("a Huffman table is missing"))
}
