//! Compressed frames to raw little endian words.

use std::borrow::Cow;

use dicom_encoding::TransferSyntaxIndex;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::decode::dicom::codestream::{self, Facts, Kind};
use crate::decode::dicom::header::Layout;
use crate::decode::dicom::unpack::Words;
use crate::decode::dicom::{jpeg, rle};
use crate::error::{DecodeError, DecodeLimits};

const RLE: &str = "1.2.840.10008.1.2.5";

/// A decoded frame, interleaved by pixel.
pub(crate) struct Decoded {
    pub(crate) words: Owned,
    /// Bits that the codestream gives a sample, when it says so.
    pub(crate) precision: Option<u16>,
}

/// Words that a codec has made.
pub(crate) enum Owned {
    /// 8 bits.
    Bytes(Vec<u8>),
    /// 16 bits.
    Words(Vec<u16>),
    /// 16 bits, little endian.
    Little16(Vec<u8>),
    /// 32 bits, little endian.
    Little32(Vec<u8>),
}

impl Owned {
    pub(crate) fn words(&self) -> Words<'_> {
        match self {
            Self::Bytes(b) => Words::Bytes(b),
            Self::Words(w) => Words::Native16(w),
            Self::Little16(b) => Words::Little16(b),
            Self::Little32(b) => Words::Little32(b),
        }
    }

    /// Bits allocated for a word.
    pub(crate) fn allocated(&self) -> u16 {
        match self {
            Self::Bytes(_) => 8,
            Self::Words(_) | Self::Little16(_) => 16,
            Self::Little32(_) => 32,
        }
    }
}

/// One frame, as the codecs want to see it.
struct OneFrame<'a> {
    uid: &'a str,
    layout: &'a Layout,
    photometric: &'a str,
    bytes: &'a [u8],
}

impl PixelDataObject for OneFrame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.uid
    }
    fn rows(&self) -> Option<u16> {
        u16::try_from(self.layout.rows).ok()
    }
    fn cols(&self) -> Option<u16> {
        u16::try_from(self.layout.columns).ok()
    }
    fn samples_per_pixel(&self) -> Option<u16> {
        Some(self.layout.samples)
    }
    fn bits_allocated(&self) -> Option<u16> {
        Some(self.layout.allocated)
    }
    fn bits_stored(&self) -> Option<u16> {
        Some(self.layout.stored)
    }
    fn photometric_interpretation(&self) -> Option<&str> {
        Some(self.photometric)
    }
    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }
    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }
    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(self.bytes))
    }
    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        Some(Cow::Borrowed(&[]))
    }
    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        let mut fragments = dicom_core::value::C::new();
        fragments.push(self.bytes.to_vec());
        Some(RawPixelData { fragments, offset_table: dicom_core::value::C::new() })
    }
}

/// Decodes one frame with the codec of `uid`.
pub(crate) fn decode(
    uid: &str,
    layout: &Layout,
    photometric: &str,
    bytes: &[u8],
    limits: DecodeLimits,
) -> Result<Decoded, DecodeError> {
    if uid == RLE {
        return run_lengths(layout, bytes);
    }
    let facts = codestream::facts(bytes);
    if let Some(facts) = facts {
        check(&facts, layout, limits)?;
        if matches!(facts.kind, Kind::Jpeg(0xC0 | 0xC1)) && facts.precision == 12 {
            return twelve_bits(layout, bytes, limits);
        }
        if facts.kind == Kind::Jpeg(0xC3)
            && let Some(decoded) = jpeg::lossless::decode(bytes, limits)?
        {
            let words = Owned::Words(decoded.samples);
            return Ok(Decoded { words, precision: Some(facts.precision) });
        }
        if matches!(facts.kind, Kind::Jpeg(_)) && layout.samples == 3 && photometric == "RGB" {
            let marked = codestream::with_stated_colours(bytes);
            return through_registry(uid, layout, photometric, &marked, Some(facts));
        }
    }
    through_registry(uid, layout, photometric, bytes, facts)
}

fn run_lengths(layout: &Layout, bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let per_sample = usize::from(layout.allocated / 8).max(1);
    let mut planes = rle::planes(bytes, layout.pixels(), usize::from(layout.samples), per_sample)?;
    let words = match (planes.as_mut_slice(), layout.allocated) {
        ([plane], 8) => Owned::Bytes(std::mem::take(plane)),
        ([high, low], 16) => Owned::Words(
            high.iter().zip(low.iter()).map(|(&h, &l)| u16::from_be_bytes([h, l])).collect(),
        ),
        (_, 8) => Owned::Bytes(rle::interleaved(&planes, 1)),
        (_, 16) => Owned::Little16(rle::interleaved(&planes, 2)),
        (_, 32) => Owned::Little32(rle::interleaved(&planes, 4)),
        (_, other) => {
            return Err(DecodeError::unsupported("DICOM", format!("{other} bits compressed")));
        }
    };
    Ok(Decoded { words, precision: None })
}

/// Lossy values may swing beyond what was stored: they end there, and do not
/// wrap round as a mask would make them.
fn twelve_bits(
    layout: &Layout,
    bytes: &[u8],
    limits: DecodeLimits,
) -> Result<Decoded, DecodeError> {
    let mut samples = jpeg::extended::decode(bytes, limits)?;
    if !layout.signed && layout.high + 1 == layout.stored && layout.stored < 16 {
        let top = (1_u16 << layout.stored) - 1;
        for v in &mut samples {
            *v = (*v).min(top);
        }
    }
    Ok(Decoded { words: Owned::Words(samples), precision: Some(12) })
}

fn through_registry(
    uid: &str,
    layout: &Layout,
    photometric: &str,
    bytes: &[u8],
    facts: Option<Facts>,
) -> Result<Decoded, DecodeError> {
    let unsupported = || DecodeError::unsupported("DICOM", format!("transfer syntax {uid}"));
    let syntax = TransferSyntaxRegistry.get(uid).ok_or_else(unsupported)?;
    let reader = syntax.pixel_data_reader().ok_or_else(unsupported)?;
    // The codecs write words of the codestream's depth, whatever the header allocates.
    let allocated = match facts {
        Some(f) if f.precision <= 8 && f.kind != Kind::Jpeg2000 => 8,
        Some(f) if f.precision > 8 => 16,
        _ => layout.allocated,
    };
    let layout = Layout { allocated, ..*layout };
    let object = OneFrame { uid, layout: &layout, photometric, bytes };
    let mut out = Vec::new();
    reader.decode_frame(&object, 0, &mut out).map_err(|error| {
        DecodeError::damaged("DICOM", format!("the compressed frame cannot be decoded: {error}"))
    })?;
    let words = match allocated {
        8 => Owned::Bytes(out),
        16 => Owned::Little16(out),
        other => {
            return Err(DecodeError::unsupported("DICOM", format!("{other} bits compressed")));
        }
    };
    Ok(Decoded { words, precision: facts.map(|f| f.precision) })
}

/// A codestream must be what the header says, or it is not decoded at all.
fn check(facts: &Facts, layout: &Layout, limits: DecodeLimits) -> Result<(), DecodeError> {
    limits.check_pixels(
        u64::from(facts.width),
        u64::from(facts.height),
        u64::from(facts.components) * 12,
    )?;
    if (facts.width, facts.height) != (layout.columns, layout.rows) {
        return Err(DecodeError::damaged(
            "DICOM",
            format!(
                "the compressed frame is {}×{}, the header says {}×{}",
                facts.width, facts.height, layout.columns, layout.rows
            ),
        ));
    }
    if facts.components != layout.samples {
        return Err(DecodeError::damaged(
            "DICOM",
            format!(
                "the compressed frame has {} components, the header says {}",
                facts.components, layout.samples
            ),
        ));
    }
    if facts.precision > 16 {
        return Err(DecodeError::unsupported(
            "DICOM",
            format!("{} bits a sample", facts.precision),
        ));
    }
    Ok(())
}
