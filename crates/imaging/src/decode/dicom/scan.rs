//! A walk over the bytes of a DICOM object that trusts nothing: lengths are
//! held against what is left, nesting is bounded, and the pixel data are found
//! without copying them. What passes may be given to the header reader.

use std::borrow::Cow;
use std::io::Read;

use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;

use crate::error::{DecodeError, DecodeLimits};

pub(crate) const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub(crate) const DEFLATED_LE: &str = "1.2.840.10008.1.2.1.99";
pub(crate) const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";

/// Deeper than any lawful object; the header reader recurses this far at most.
const MAX_DEPTH: usize = 24;
/// More fragments than any lawful single object needs.
const MAX_FRAGMENTS: usize = 1 << 20;

const UNDEFINED: u32 = u32::MAX;
const ITEM: (u16, u16) = (0xFFFE, 0xE000);
const ITEM_END: (u16, u16) = (0xFFFE, 0xE00D);
const SEQUENCE_END: (u16, u16) = (0xFFFE, 0xE0DD);

/// How the elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) explicit: bool,
    pub(crate) big: bool,
}

/// A file taken apart into transfer syntax and dataset.
pub(crate) struct Envelope<'a> {
    pub(crate) transfer_syntax: String,
    pub(crate) encoding: Encoding,
    pub(crate) dataset: Cow<'a, [u8]>,
    pub(crate) warnings: Vec<String>,
}

/// Where the pixels are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PixelBytes<'a> {
    /// One run of bytes; `words` when they are 16-bit words in the dataset's byte order.
    Native { data: &'a [u8], declared: usize, words: bool },
    /// Fragments of a compressed stream.
    Encapsulated { offsets: Vec<u32>, fragments: Vec<&'a [u8]> },
    /// Floating point pixels.
    Float,
}

/// A dataset split before its pixel data.
#[derive(Debug)]
pub(crate) struct Scanned<'a> {
    /// Without private elements, and without sequences that a header reader takes otherwise than they are meant.
    pub(crate) header: Cow<'a, [u8]>,
    pub(crate) pixels: Option<PixelBytes<'a>>,
    /// Standard sequences that had to be left out, for what they hold.
    pub(crate) left_out: usize,
}

/// Elements of the outermost level that do not go to the header reader.
///
/// A sequence of unknown VR and undefined length is written in implicit VR whatever the dataset's own encoding.
/// Readers that do not know this take its bytes for lengths of up to 4 GiB, and memory for them.
#[derive(Default)]
struct Cuts {
    ranges: Vec<std::ops::Range<usize>>,
    /// Where the element of the outermost level began, its group, and whether it must go.
    open: Option<(usize, u16, bool)>,
    left_out: usize,
}

impl Cuts {
    /// The element that was open ends here.
    fn close(&mut self, at: usize) {
        if let Some((from, group, true)) = self.open.take() {
            self.left_out += usize::from(group.is_multiple_of(2));
            match self.ranges.last_mut() {
                Some(last) if last.end == from => last.end = at,
                _ => self.ranges.push(from..at),
            }
        }
    }

    fn begin(&mut self, at: usize, group: u16) {
        // Private elements are of no use here, and no two programs write them alike.
        self.open = Some((at, group, !group.is_multiple_of(2)));
    }

    fn spoil(&mut self) {
        if let Some((_, _, must_go)) = &mut self.open {
            *must_go = true;
        }
    }

    fn scanned<'a>(
        mut self,
        dataset: &'a [u8],
        end: usize,
        pixels: Option<PixelBytes<'a>>,
    ) -> Scanned<'a> {
        self.close(end);
        let whole = &dataset[..end];
        let header = if self.ranges.is_empty() {
            Cow::Borrowed(whole)
        } else {
            let mut kept = Vec::with_capacity(end);
            let mut from = 0;
            for range in &self.ranges {
                kept.extend_from_slice(&whole[from..range.start]);
                from = range.end;
            }
            kept.extend_from_slice(&whole[from..]);
            Cow::Owned(kept)
        };
        Scanned { header, pixels, left_out: self.left_out }
    }
}

fn damaged(what: impl Into<String>) -> DecodeError {
    DecodeError::damaged("DICOM", what)
}

/// Whether the bytes look like DICOM: the mark after the preamble, or a
/// first element that only DICOM or ACR-NEMA begins with.
pub(crate) fn looks_like_dicom(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM") || dataset_start(bytes).is_some()
}

/// The encoding of a bare dataset, guessed from its first element.
pub(crate) fn dataset_start(bytes: &[u8]) -> Option<Encoding> {
    let head: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
    let little = u16::from_le_bytes([head[0], head[1]]);
    let big = u16::from_be_bytes([head[0], head[1]]);
    let explicit = VR::from_binary([head[4], head[5]]).is_some();
    let plausible = |g: u16| matches!(g, 0x0002 | 0x0004 | 0x0008 | 0x0010);
    if plausible(little) && u16::from_le_bytes([head[2], head[3]]) <= 0x0100 {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        (explicit || length <= 0x1_0000).then_some(Encoding { explicit, big: false })
    } else if plausible(big) && u16::from_be_bytes([head[2], head[3]]) <= 0x0100 && explicit {
        Some(Encoding { explicit, big: true })
    } else {
        None
    }
}

/// Finds transfer syntax and dataset, and inflates a deflated one within the budget.
pub(crate) fn open(bytes: &[u8], limits: DecodeLimits) -> Result<Envelope<'_>, DecodeError> {
    let mut warnings = Vec::new();
    let start = if bytes.get(128..132) == Some(b"DICM") {
        132
    } else {
        warnings.push("no DICOM preamble: read as a bare dataset".to_owned());
        0
    };
    let (uid, dataset_at) = file_meta(bytes, start)?;
    let rest = bytes.get(dataset_at..).unwrap_or_default();
    let guess = dataset_start(rest);
    let uid = uid.unwrap_or_else(|| {
        warnings.push("no transfer syntax given: guessed from the content".to_owned());
        match guess {
            Some(Encoding { explicit: true, big: true }) => EXPLICIT_BE,
            Some(Encoding { explicit: true, big: false }) => EXPLICIT_LE,
            _ => IMPLICIT_LE,
        }
        .to_owned()
    });
    let mut encoding = Encoding { explicit: uid != IMPLICIT_LE, big: uid == EXPLICIT_BE };
    let dataset = if uid == DEFLATED_LE {
        Cow::Owned(inflate(rest, limits)?)
    } else {
        if let Some(seen) = guess.filter(|seen| *seen != encoding) {
            warnings.push("the dataset is not encoded as its transfer syntax says".to_owned());
            encoding = seen;
        }
        Cow::Borrowed(rest)
    };
    Ok(Envelope { transfer_syntax: uid, encoding, dataset, warnings })
}

/// Walks group 0002 by its elements: its own length element is often wrong.
fn file_meta(bytes: &[u8], start: usize) -> Result<(Option<String>, usize), DecodeError> {
    let mut at = start;
    let mut uid = None;
    while bytes.get(at..at + 2) == Some(&[2, 0]) {
        let mut cursor = Cursor { bytes, at, encoding: Encoding { explicit: true, big: false } };
        let element = cursor.element()?;
        let value = bytes
            .get(cursor.at..)
            .and_then(|rest| rest.get(..element.length as usize))
            .ok_or_else(|| damaged("the file meta group is cut short"))?;
        if element.tag == (0x0002, 0x0010) {
            let text = String::from_utf8_lossy(value);
            uid = Some(text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned());
        }
        at = cursor.at + value.len();
    }
    Ok((uid.filter(|u| !u.is_empty()), at))
}

fn inflate(bytes: &[u8], limits: DecodeLimits) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::new();
    let mut reader =
        flate2::read::DeflateDecoder::new(bytes).take(limits.max_bytes.saturating_add(1));
    reader
        .read_to_end(&mut out)
        .map_err(|error| damaged(format!("the deflated dataset does not inflate: {error}")))?;
    limits.check(out.len() as u64)?;
    Ok(out)
}

/// Whether an explicit VR is followed by two empty bytes and a length of 32 bits.
pub(crate) fn has_long_length(vr: VR) -> bool {
    matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}

struct Element {
    tag: (u16, u16),
    vr: Option<VR>,
    length: u32,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
}

impl<'a> Cursor<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let slice = self
            .bytes
            .get(self.at..self.at + N)
            .and_then(|s| s.try_into().ok())
            .ok_or_else(|| damaged("the file ends in the middle of an element"))?;
        self.at += N;
        Ok(slice)
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        let b = self.take()?;
        Ok(if self.encoding.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        let b = self.take()?;
        Ok(if self.encoding.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    fn element(&mut self) -> Result<Element, DecodeError> {
        let tag = (self.u16()?, self.u16()?);
        if tag.0 == 0xFFFE || !self.encoding.explicit {
            return Ok(Element { tag, vr: None, length: self.u32()? });
        }
        let vr = VR::from_binary(self.take()?).unwrap_or(VR::UN);
        let length = if has_long_length(vr) {
            self.take::<2>()?;
            self.u32()?
        } else {
            u32::from(self.u16()?)
        };
        Ok(Element { tag, vr: Some(vr), length })
    }

    /// Some writers fill an odd fragment up to an even length and do not count the byte.
    fn has_uncounted_padding(&self) -> bool {
        let item_at = |at: usize| self.bytes.get(at..at + 2) == Some(&[0xFE, 0xFF]);
        !item_at(self.at) && item_at(self.at + 1)
    }

    fn skip(&mut self, length: u32, tag: (u16, u16), end: usize) -> Result<&'a [u8], DecodeError> {
        let left = end.saturating_sub(self.at);
        let wanted = length as usize;
        if wanted > left {
            return Err(damaged(format!(
                "element ({:04X},{:04X}) claims {wanted} bytes, {left} are left",
                tag.0, tag.1
            )));
        }
        let value = &self.bytes[self.at..self.at + wanted];
        self.at += wanted;
        Ok(value)
    }
}

/// An open sequence or item.
struct Level {
    sequence: bool,
    end: Option<usize>,
    encoding: Encoding,
}

/// Splits a dataset before its pixel data.
pub(crate) fn scan(dataset: &[u8], encoding: Encoding) -> Result<Scanned<'_>, DecodeError> {
    let mut cursor = Cursor { bytes: dataset, at: 0, encoding };
    let mut levels: Vec<Level> = Vec::new();
    let mut cuts = Cuts::default();
    loop {
        close_finished(&mut levels, &mut cursor, encoding);
        if levels.is_empty() {
            cuts.close(cursor.at);
        }
        let end = levels.iter().rev().find_map(|l| l.end).unwrap_or(dataset.len());
        if cursor.at >= dataset.len() {
            if !levels.is_empty() {
                return Err(damaged("the file ends inside a sequence"));
            }
            return Ok(cuts.scanned(dataset, dataset.len(), None));
        }
        if levels.is_empty() && dataset.len() - cursor.at < 8 {
            // A few stray bytes behind the last element.
            return Ok(cuts.scanned(dataset, cursor.at, None));
        }
        let before = cursor.at;
        let element = cursor.element()?;
        if levels.last().is_some_and(|l| l.sequence) {
            in_sequence(&mut levels, &mut cursor, &element, end)?;
            continue;
        }
        if element.tag == ITEM_END || element.tag == SEQUENCE_END {
            if levels.pop().is_none() {
                return Err(damaged("a sequence ends that was never begun"));
            }
            continue;
        }
        if levels.is_empty() && is_pixel_data(element.tag) {
            let pixels = pixel_bytes(&mut cursor, &element)?;
            return Ok(cuts.scanned(dataset, before, Some(pixels)));
        }
        if levels.is_empty() {
            cuts.begin(before, element.tag.0);
        }
        if element.vr == Some(VR::UN) && element.length == UNDEFINED {
            cuts.spoil();
        }
        in_dataset(&mut levels, &mut cursor, &element, end)?;
    }
}

fn close_finished(levels: &mut Vec<Level>, cursor: &mut Cursor<'_>, outermost: Encoding) {
    while levels.last().and_then(|l| l.end).is_some_and(|end| cursor.at >= end) {
        levels.pop();
    }
    cursor.encoding = levels.last().map_or(outermost, |l| l.encoding);
}

fn open_level(
    levels: &mut Vec<Level>,
    cursor: &Cursor<'_>,
    element: &Element,
    limit: usize,
    sequence: bool,
) -> Result<(), DecodeError> {
    if levels.len() >= MAX_DEPTH * 2 {
        return Err(damaged(format!("sequences are nested deeper than {MAX_DEPTH}")));
    }
    let end = if element.length == UNDEFINED {
        None
    } else {
        let end = cursor.at.saturating_add(element.length as usize);
        if end > limit {
            return Err(damaged("a sequence is longer than what holds it"));
        }
        Some(end)
    };
    // An UN of undefined length is a sequence in implicit VR little endian.
    let encoding = if sequence && element.vr == Some(VR::UN) {
        Encoding { explicit: false, big: false }
    } else {
        cursor.encoding
    };
    levels.push(Level { sequence, end, encoding });
    Ok(())
}

fn in_sequence(
    levels: &mut Vec<Level>,
    cursor: &mut Cursor<'_>,
    element: &Element,
    end: usize,
) -> Result<(), DecodeError> {
    match element.tag {
        ITEM => open_level(levels, cursor, element, end, false),
        SEQUENCE_END => {
            levels.pop();
            Ok(())
        }
        _ => Err(damaged("something other than an item stands in a sequence")),
    }
}

fn in_dataset(
    levels: &mut Vec<Level>,
    cursor: &mut Cursor<'_>,
    element: &Element,
    end: usize,
) -> Result<(), DecodeError> {
    let sequence = match element.vr {
        Some(VR::SQ) => true,
        Some(VR::UN) => element.length == UNDEFINED,
        Some(_) => false,
        None => element.length == UNDEFINED || dictionary_says_sequence(element.tag),
    };
    if sequence {
        return open_level(levels, cursor, element, end, true);
    }
    if element.length == UNDEFINED {
        // The picture inside an icon may be compressed like the image itself.
        return fragments(cursor, end).map(|_| ());
    }
    cursor.skip(element.length, element.tag, end)?;
    Ok(())
}

fn dictionary_says_sequence(tag: (u16, u16)) -> bool {
    StandardDataDictionary
        .by_tag(tag.into())
        .is_some_and(|entry| entry.vr() == VirtualVr::Exact(VR::SQ))
}

fn is_pixel_data(tag: (u16, u16)) -> bool {
    tag.0 == 0x7FE0 && matches!(tag.1, 0x0008..=0x0010)
}

fn pixel_bytes<'a>(
    cursor: &mut Cursor<'a>,
    element: &Element,
) -> Result<PixelBytes<'a>, DecodeError> {
    if element.tag.1 != 0x0010 {
        return Ok(PixelBytes::Float);
    }
    if element.length != UNDEFINED {
        let declared = element.length as usize;
        let left = cursor.bytes.len() - cursor.at;
        let data = &cursor.bytes[cursor.at..cursor.at + declared.min(left)];
        let words = !matches!(element.vr, Some(VR::OB | VR::UN));
        return Ok(PixelBytes::Native { data, declared, words });
    }
    let items = fragments(cursor, cursor.bytes.len())?;
    let mut items = items.into_iter();
    let table = items.next().ok_or_else(|| damaged("the compressed pixel data hold nothing"))?;
    let offsets = table.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
    Ok(PixelBytes::Encapsulated { offsets, fragments: items.collect() })
}

/// The fragments of compressed data, the offset table first.
fn fragments<'a>(cursor: &mut Cursor<'a>, end: usize) -> Result<Vec<&'a [u8]>, DecodeError> {
    let mut items = Vec::new();
    while cursor.at < end {
        let item = cursor.element()?;
        match item.tag {
            ITEM if items.len() < MAX_FRAGMENTS => {
                items.push(cursor.skip(item.length, item.tag, end)?);
                if !item.length.is_multiple_of(2) && cursor.has_uncounted_padding() {
                    cursor.at += 1;
                }
            }
            SEQUENCE_END => break,
            _ => return Err(damaged("the compressed pixel data are not a list of fragments")),
        }
    }
    Ok(items)
}
