//! DICOM objects: header by `dicom-object`, pixels taken as raw words and
//! unpacked here, so that no library's idea of display comes between.

mod attributes;
mod blinded;
mod codec;
mod codestream;
mod colour;
mod frames;
mod header;
mod jpeg;
mod overlays;
mod rle;
pub(crate) mod scan;
mod unpack;

use dicom_dictionary_std::tags;
use dicom_encoding::TransferSyntaxIndex;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use attributes::Attributes;
pub(crate) use blinded::blinded;
use header::{Layout, damaged};
use scan::PixelBytes;
pub(crate) use scan::looks_like_dicom;
pub use unpack::BitField;
use unpack::Words;

use crate::decode::StoredBits;
use crate::error::{DecodeError, DecodeLimits};
use crate::image::{DecodedImage, Metadata, Samples};

/// Working memory per sample while a compressed frame is decoded: the codec's
/// integers, its output words and ours.
const CODEC_BYTES: u64 = 12;
/// The same for native pixels: ours alone.
const NATIVE_BYTES: u64 = 3;

/// Decodes frame `frame` (from 0).
pub(crate) fn decode(
    bytes: &[u8],
    frame: u32,
    limits: DecodeLimits,
    bits: StoredBits,
) -> Result<DecodedImage, DecodeError> {
    let envelope = scan::open(bytes, limits)?;
    let scanned = scan::scan(&envelope.dataset, envelope.encoding)?;
    let object = read_header(&scanned.header, envelope.encoding)?;
    let a = Attributes(&object);
    let pixels = match scanned.pixels {
        None => return Err(DecodeError::NoPixels),
        Some(PixelBytes::Float) => {
            return Err(DecodeError::unsupported("DICOM", "floating point pixel data"));
        }
        Some(pixels) => pixels,
    };
    let mut warnings = envelope.warnings;
    if 0 < scanned.left_out {
        warnings.push(format!(
            "{} of unknown content left out",
            if scanned.left_out == 1 {
                "a sequence".to_owned()
            } else {
                format!("{} sequences", scanned.left_out)
            }
        ));
    }
    let mut layout = Layout::read(a, &mut warnings)?;
    if bits == StoredBits::Allocated {
        layout.widen();
    }
    if frame >= layout.frames {
        return Err(DecodeError::NoSuchFrame { frame: frame + 1, frames: layout.frames });
    }
    let palette = a.code(tags::PHOTOMETRIC_INTERPRETATION).is_some_and(|p| p == "PALETTE COLOR");
    budget(&layout, &pixels, palette, limits)?;
    let mut meta = header::metadata(a, &layout, frame, &envelope.transfer_syntax, warnings);
    let samples = match pixels {
        PixelBytes::Native { data, declared, words } => {
            let words = words && envelope.encoding.big;
            native(
                a,
                &layout,
                &mut meta,
                &Native { data, declared, swapped: words, big: envelope.encoding.big },
            )?
        }
        PixelBytes::Encapsulated { offsets, fragments } => {
            let bytes = frames::frame_bytes(&offsets, &fragments, frame, layout.frames)?;
            compressed(a, &layout, &mut meta, &bytes, limits)?
        }
        PixelBytes::Float => return Err(DecodeError::NoPixels),
    };
    Ok(DecodedImage::new(layout.columns, layout.rows, samples, meta))
}

fn read_header(bytes: &[u8], encoding: scan::Encoding) -> Result<InMemDicomObject, DecodeError> {
    let uid = match (encoding.explicit, encoding.big) {
        (false, _) => scan::IMPLICIT_LE,
        (true, false) => scan::EXPLICIT_LE,
        (true, true) => scan::EXPLICIT_BE,
    };
    let syntax = TransferSyntaxRegistry
        .get(uid)
        .ok_or_else(|| DecodeError::unsupported("DICOM", "the dataset's encoding"))?;
    InMemDicomObject::read_dataset_with_ts(bytes, syntax)
        .map_err(|error| damaged(format!("the header cannot be read: {error}")))
}

/// Holds what decoding will take against the budget, before anything is allocated.
fn budget(
    layout: &Layout,
    pixels: &PixelBytes<'_>,
    palette: bool,
    limits: DecodeLimits,
) -> Result<(), DecodeError> {
    let samples = u64::from(layout.rows) * u64::from(layout.columns) * u64::from(layout.samples);
    let wide = if layout.stored > 16 { 8 } else { 0 };
    let palette_or_colour = match (palette, layout.samples) {
        (true, _) => 6,
        (false, 1) => 0,
        (false, _) => 4,
    };
    let each = match pixels {
        PixelBytes::Native { .. } => NATIVE_BYTES,
        _ => CODEC_BYTES,
    };
    limits.check(samples.saturating_mul(each + wide + palette_or_colour))
}

struct Native<'a> {
    data: &'a [u8],
    declared: usize,
    /// The bytes are words of the dataset's (big endian) order.
    swapped: bool,
    big: bool,
}

fn native(
    a: Attributes<'_>,
    layout: &Layout,
    meta: &mut Metadata,
    pixels: &Native<'_>,
) -> Result<Samples, DecodeError> {
    if pixels.data.len() < pixels.declared {
        return Err(damaged(format!(
            "the pixel data claim {} bytes, {} are left",
            pixels.declared,
            pixels.data.len()
        )));
    }
    let shared_chroma = layout.samples == 3 && meta.photometric == "YBR_FULL_422";
    let frame_bits = if shared_chroma { layout.frame_bits() / 3 * 2 } else { layout.frame_bits() };
    let first_bit = frame_bits * u64::from(meta.frame);
    let end = (first_bit + frame_bits).div_ceil(8);
    let start = usize::try_from(first_bit / 8).unwrap_or(usize::MAX);
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    let bytes = pixels.data.get(start..end).ok_or_else(|| {
        damaged(format!(
            "the pixel data hold {} bytes, the header asks for {end}",
            pixels.data.len()
        ))
    })?;
    let expected =
        frame_bits.saturating_mul(u64::from(layout.frames)).div_ceil(8).next_multiple_of(2);
    if (pixels.data.len() as u64) < expected - 1 {
        meta.warnings.push("the pixel data hold fewer frames than declared".to_owned());
    }
    if (pixels.data.len() as u64) > expected {
        meta.warnings.push(format!(
            "the pixel data hold {} bytes more than the header describes",
            pixels.data.len() as u64 - expected
        ));
    }
    if shared_chroma {
        if layout.allocated != 8 {
            return Err(DecodeError::unsupported("DICOM", "YBR_FULL_422 of more than 8 bits"));
        }
        let data = colour::expand_422(bytes, layout.pixels())?;
        return colour::to_rgb(data, layout, "YBR_FULL", 255, false);
    }
    let swapped_bytes;
    let words = match (layout.allocated, pixels.big) {
        (1, _) => Words::Bits(bytes, usize::try_from(first_bit % 8).unwrap_or(0)),
        (8, _) if pixels.swapped => {
            swapped_bytes = swap_pairs(pixels.data, start, end);
            Words::Bytes(&swapped_bytes)
        }
        (8, _) => Words::Bytes(bytes),
        (16, false) => Words::Little16(bytes),
        (16, true) => Words::Big16(bytes),
        (_, false) => Words::Little32(bytes),
        (_, true) => Words::Big32(bytes),
    };
    finish(a, layout, meta, words, field_of(layout), layout.planar)
}

/// Bytes `start..end` of 8-bit pixels that were written as big endian words.
fn swap_pairs(data: &[u8], start: usize, end: usize) -> Vec<u8> {
    (start..end).map(|i| data.get(i ^ 1).copied().unwrap_or(0)).collect()
}

fn compressed(
    a: Attributes<'_>,
    layout: &Layout,
    meta: &mut Metadata,
    bytes: &[u8],
    limits: DecodeLimits,
) -> Result<Samples, DecodeError> {
    let uid = meta.transfer_syntax.clone();
    if matches!(uid.as_str(), scan::IMPLICIT_LE | scan::EXPLICIT_LE | scan::EXPLICIT_BE)
        || uid == scan::DEFLATED_LE
    {
        return Err(damaged("compressed pixel data in an uncompressed transfer syntax"));
    }
    let photometric = meta.photometric.clone();
    let decoded = codec::decode(&uid, layout, &photometric, bytes, limits)?;
    let field = compressed_field(layout, &decoded);
    if layout.samples > 1 {
        // The JPEG decoder has turned YCbCr into RGB already.
        let jpeg = matches!(uid.as_str(), "1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51");
        if jpeg && meta.photometric.starts_with("YBR") {
            "RGB".clone_into(&mut meta.photometric);
        }
    }
    finish(a, layout, meta, decoded.words.words(), field, false)
}

fn field_of(layout: &Layout) -> BitField {
    BitField {
        allocated: layout.allocated,
        stored: layout.stored,
        high: layout.high,
        signed: layout.signed,
    }
}

/// A codestream of no more bits than are stored holds the values right-aligned,
/// wherever the header puts the high bit.
fn compressed_field(layout: &Layout, decoded: &codec::Decoded) -> BitField {
    let field = field_of(layout);
    let allocated = decoded.words.allocated();
    match decoded.precision {
        Some(p) if p <= layout.stored => {
            let stored = if layout.signed { layout.stored } else { p.max(1) };
            let stored = stored.min(allocated);
            BitField { allocated, stored, high: stored - 1, ..field }
        }
        _ => BitField {
            allocated,
            stored: field.stored.min(allocated),
            high: field.high.min(allocated - 1),
            ..field
        },
    }
}

fn finish(
    a: Attributes<'_>,
    layout: &Layout,
    meta: &mut Metadata,
    words: Words<'_>,
    field: BitField,
    planar: bool,
) -> Result<Samples, DecodeError> {
    let count = layout.pixels() * usize::from(layout.samples);
    if layout.samples > 1 {
        let field = BitField { signed: false, ..field };
        let (samples, _) = unpack::unpack_all(words, count, field)?;
        let (data, bits) = match samples {
            Samples::Grey16 { data, .. } => (data, field.stored),
            Samples::Grey32(data) => {
                meta.warnings.push(format!("colour of {} bits: shown with 16", field.stored));
                let lower = field.stored - 16;
                let high = |v: &i64| u16::try_from(*v >> lower).unwrap_or(u16::MAX);
                (data.iter().map(high).collect(), 16)
            }
            Samples::Rgb { .. } => return Err(DecodeError::DecoderFault),
        };
        let max = u16::try_from((1_u32 << bits) - 1).unwrap_or(u16::MAX);
        let photometric = meta.photometric.clone();
        return colour::to_rgb(data, layout, &photometric, max, planar);
    }
    let (samples, outside) = unpack::unpack_all(words, count, field)?;
    if outside != 0 {
        explain_outside_bits(a, layout, meta, words, outside);
    }
    if meta.photometric == "PALETTE COLOR" {
        return colour::apply_palette(a, layout, &samples);
    }
    Ok(samples)
}

/// Bits outside the value are overlay planes, or worth a warning.
fn explain_outside_bits(
    a: Attributes<'_>,
    layout: &Layout,
    meta: &mut Metadata,
    words: Words<'_>,
    outside: u32,
) {
    let embedded = overlays::embedded(a, layout.allocated);
    let mut unclaimed = outside;
    let raw = if embedded.is_empty() { Vec::new() } else { words.low_words(layout.pixels()) };
    for which in embedded {
        unclaimed &= !(1 << which.bit);
        let size = (layout.columns, layout.rows);
        let overlay =
            overlays::extract(a, which, size, |i| raw.get(i).map_or(0, |&w| u32::from(w)));
        meta.overlays.push(overlay);
    }
    if unclaimed != 0 {
        meta.warnings.push(format!(
            "pixels use bits outside the {} declared as stored: those bits are masked (the option to use all allocated bits reads them)",
            layout.stored
        ));
    }
}

/// The header facts alone, without decoding pixels: frames in the file.
pub(crate) fn frame_count(bytes: &[u8], limits: DecodeLimits) -> Result<u32, DecodeError> {
    let envelope = scan::open(bytes, limits)?;
    let scanned = scan::scan(&envelope.dataset, envelope.encoding)?;
    let object = read_header(&scanned.header, envelope.encoding)?;
    let frames = Attributes(&object).int(tags::NUMBER_OF_FRAMES);
    Ok(frames.and_then(|n| u32::try_from(n).ok()).unwrap_or(1).max(1))
}
