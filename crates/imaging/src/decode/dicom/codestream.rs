//! What a compressed frame says about itself, read before any decoder allocates for it.

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
