//! Compressed frames to raw little endian words.

use std::borrow::Cow;

use dicom_encoding::TransferSyntaxIndex;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::decode::dicom::codestream::{self, Facts, Kind};
use crate::decode::dicom::header::Layout;
use crate::decode::dicom::{jpeg12, rle};
use crate::error::{DecodeError, DecodeLimits};

const RLE: &str = "1.2.840.10008.1.2.5";

/// A decoded frame: words of 8 or 16 bits, interleaved by pixel.
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    /// Bits allocated for a word in `bytes`.
    pub(crate) allocated: u16,
    /// Bits that the codestream gives a sample, when it says so.
    pub(crate) precision: Option<u16>,
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
        let per_sample = usize::from(layout.allocated / 8).max(1);
        let bytes = rle::decode(bytes, layout.pixels(), usize::from(layout.samples), per_sample)?;
        return Ok(Decoded { bytes, allocated: layout.allocated, precision: None });
    }
    let facts = codestream::facts(bytes);
    if let Some(facts) = facts {
        check(&facts, layout, limits)?;
        if matches!(facts.kind, Kind::Jpeg(0xC0 | 0xC1)) && facts.precision == 12 {
            let samples = jpeg12::decode(bytes, limits)?;
            // Lossy values may swing beyond what was stored: they end there, and
            // do not wrap round as a mask would make them.
            let top = if layout.signed || layout.high + 1 != layout.stored {
                u16::MAX
            } else {
                u16::try_from((1_u32 << layout.stored.min(16)) - 1).unwrap_or(u16::MAX)
            };
            let bytes = samples.into_iter().flat_map(|v| v.min(top).to_le_bytes()).collect();
            return Ok(Decoded { bytes, allocated: 16, precision: Some(12) });
        }
    }
    through_registry(uid, layout, photometric, bytes, facts)
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
    Ok(Decoded { bytes: out, allocated, precision: facts.map(|f| f.precision) })
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
