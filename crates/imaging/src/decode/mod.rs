//! Bytes to a [`DecodedImage`], by content and never by name.

pub mod dicom;
mod png;
mod raster;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{DecodeError, DecodeLimits};
use crate::image::{DecodedImage, Samples, SourceKind};

/// Which bits of a DICOM word are the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoredBits {
    /// Those that the header declares; all others are masked.
    #[default]
    Declared,
    /// All from the lowest one declared upwards: for files that burnt marks into bits which
    /// their header does not own up to.
    Allocated,
}

const PNG_MARK: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A];

/// What the content looks like; `None` for nothing that is read.
pub fn sniff(bytes: &[u8]) -> Option<SourceKind> {
    if bytes.starts_with(&PNG_MARK) {
        Some(SourceKind::Png)
    } else if bytes.get(128..132) == Some(b"DICM") {
        Some(SourceKind::Dicom)
    } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some(SourceKind::Jpeg)
    } else if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        Some(SourceKind::Tiff)
    } else if bytes.starts_with(b"BM") {
        Some(SourceKind::Bmp)
    } else if dicom::looks_like_dicom(bytes) {
        Some(SourceKind::Dicom)
    } else {
        None
    }
}

/// Decodes the first frame.
///
/// Meant for a worker: third-party decoders that panic are caught here and
/// reported as [`DecodeError::DecoderFault`].
#[expect(clippy::trivially_copy_pass_by_ref, reason = "callers keep one set of limits")]
pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<DecodedImage, DecodeError> {
    decode_frame(bytes, 0, limits)
}

/// Decodes frame `frame`, counted from 0.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "callers keep one set of limits")]
pub fn decode_frame(
    bytes: &[u8],
    frame: u32,
    limits: &DecodeLimits,
) -> Result<DecodedImage, DecodeError> {
    decode_with(bytes, frame, limits, StoredBits::Declared)
}

/// Decodes frame `frame`, counted from 0, taking the value from `bits`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "callers keep one set of limits")]
pub fn decode_with(
    bytes: &[u8],
    frame: u32,
    limits: &DecodeLimits,
    bits: StoredBits,
) -> Result<DecodedImage, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let kind = sniff(bytes).ok_or(DecodeError::UnknownFormat)?;
    if frame > 0 && kind != SourceKind::Dicom {
        return Err(DecodeError::NoSuchFrame { frame: frame + 1, frames: 1 });
    }
    let work = || match kind {
        SourceKind::Dicom => dicom::decode(bytes, frame, *limits, bits),
        SourceKind::Png => png::decode(bytes, *limits),
        SourceKind::Jpeg | SourceKind::Tiff | SourceKind::Bmp => {
            raster::decode(bytes, kind, *limits)
        }
    };
    let image = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(DecodeError::DecoderFault))?;
    let per_pixel = if matches!(image.samples, Samples::Rgb { .. }) { 3 } else { 1 };
    let found = match &image.samples {
        Samples::Grey16 { data, .. } | Samples::Rgb { data, .. } => data.len(),
        Samples::Grey32(data) => data.len(),
    };
    if found != image.pixel_count() * per_pixel || found == 0 {
        return Err(DecodeError::DecoderFault);
    }
    Ok(image)
}

/// How many frames the file holds.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "callers keep one set of limits")]
pub fn frame_count(bytes: &[u8], limits: &DecodeLimits) -> Result<u32, DecodeError> {
    match sniff(bytes) {
        Some(SourceKind::Dicom) => {
            catch_unwind(AssertUnwindSafe(|| dicom::frame_count(bytes, *limits)))
                .unwrap_or(Err(DecodeError::DecoderFault))
        }
        Some(_) => Ok(1),
        None => Err(DecodeError::UnknownFormat),
    }
}
