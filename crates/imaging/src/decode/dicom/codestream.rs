//! What a compressed frame says about itself, read before any decoder allocates for it.

use std::borrow::Cow;

/// The kinds of codestream that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// JPEG with an entropy-coded DCT; the number is the marker (C0, C1, C2 …).
    Jpeg(u8),
    /// JPEG-LS.
    JpegLs,
    /// JPEG 2000, raw codestream or in a JP2 box.
    Jpeg2000,
}

/// The frame header of a codestream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) kind: Kind,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) components: u16,
    pub(crate) precision: u16,
}

/// Reads the frame header, when there is one that can be read.
pub(crate) fn facts(bytes: &[u8]) -> Option<Facts> {
    if bytes.starts_with(&[0xFF, 0xD8]) {
        return jpeg(bytes);
    }
    if bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        return jpeg2000(bytes);
    }
    // A JP2 file: the codestream lies in one of its boxes.
    if bytes.get(4..8) == Some(b"jP  ") {
        let at = bytes.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])?;
        return jpeg2000(&bytes[at..]);
    }
    None
}

/// A colour JPEG whose header says RGB, with that said in the stream as well: a stream that
/// says nothing of its colours is otherwise taken for `YCbCr`. One that says something is left
/// as it is.
pub(crate) fn with_stated_colours(bytes: &[u8]) -> Cow<'_, [u8]> {
    if states_colours(bytes).unwrap_or(true) {
        return Cow::Borrowed(bytes);
    }
    // An Adobe segment with transform 0, right behind the start of the image.
    let mut marked = Vec::with_capacity(bytes.len() + 16);
    marked.extend([0xFF, 0xD8, 0xFF, 0xEE, 0, 14]);
    marked.extend(b"Adobe");
    marked.extend([0, 100, 0, 0, 0, 0, 0]);
    marked.extend(bytes.get(2..).unwrap_or_default());
    Cow::Owned(marked)
}

/// Whether the stream has an Adobe segment: `None` where it cannot be walked.
fn states_colours(bytes: &[u8]) -> Option<bool> {
    let mut at = 2;
    loop {
        while *bytes.get(at)? == 0xFF {
            at += 1;
        }
        let marker = *bytes.get(at)?;
        at += 1;
        let length = usize::from(be16(bytes, at)?).max(2);
        let body = bytes.get(at + 2..at + length)?;
        match marker {
            // A cut one says nothing: the transform is its last byte.
            0xEE if body.starts_with(b"Adobe") && body.len() >= 12 => return Some(true),
            0xDA => return Some(false),
            _ => {}
        }
        at += length;
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn jpeg(bytes: &[u8]) -> Option<Facts> {
    let mut at = 2;
    loop {
        while *bytes.get(at)? != 0xFF {
            at += 1;
        }
        while *bytes.get(at)? == 0xFF {
            at += 1;
        }
        let marker = bytes[at];
        at += 1;
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let frame = matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7);
        if frame {
            return Some(Facts {
                kind: if marker == 0xF7 { Kind::JpegLs } else { Kind::Jpeg(marker) },
                precision: u16::from(*bytes.get(at + 2)?),
                height: u32::from(be16(bytes, at + 3)?),
                width: u32::from(be16(bytes, at + 5)?),
                components: u16::from(*bytes.get(at + 7)?),
            });
        }
        if matches!(marker, 0xD9 | 0xDA) {
            return None;
        }
        at += usize::from(be16(bytes, at)?).max(2);
    }
}

fn jpeg2000(bytes: &[u8]) -> Option<Facts> {
    let (x1, y1) = (be32(bytes, 8)?, be32(bytes, 12)?);
    let (x0, y0) = (be32(bytes, 16)?, be32(bytes, 20)?);
    Some(Facts {
        kind: Kind::Jpeg2000,
        width: x1.checked_sub(x0)?,
        height: y1.checked_sub(y0)?,
        components: be16(bytes, 40)?,
        precision: u16::from(*bytes.get(42)? & 0x7F) + 1,
    })
}
