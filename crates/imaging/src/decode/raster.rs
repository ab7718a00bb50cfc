//! JPEG, TIFF and BMP files, through the `image` crate.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::error::{DecodeError, DecodeLimits};
use crate::image::{DecodedImage, Metadata, Samples, SourceKind};

/// Decodes a file of `kind`.
pub(super) fn decode(
    bytes: &[u8],
    kind: SourceKind,
    limits: DecodeLimits,
) -> Result<DecodedImage, DecodeError> {
    let (format, name) = match kind {
        SourceKind::Tiff => (ImageFormat::Tiff, "TIFF"),
        SourceKind::Bmp => (ImageFormat::Bmp, "BMP"),
        _ => (ImageFormat::Jpeg, "JPEG"),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader_size(bytes, format, name)?;
    limits.check_pixels(u64::from(width), u64::from(height), 10)?;
    let mut allowed = Limits::default();
    allowed.max_alloc = Some(limits.max_bytes);
    reader.limits(allowed);
    let image = reader.decode().map_err(|error| failure(name, &error))?;
    let (width, height) = (image.width(), image.height());
    let (samples, bits) = samples_of(image, name)?;
    let mut meta = Metadata::plain(kind, name, bits);
    if matches!(samples, Samples::Rgb { .. }) {
        "RGB".clone_into(&mut meta.photometric);
        meta.warnings.push("colour image: shown as it is, not windowed".to_owned());
    }
    Ok(DecodedImage::new(width, height, samples, meta))
}

fn reader_size(
    bytes: &[u8],
    format: ImageFormat,
    name: &'static str,
) -> Result<(u32, u32), DecodeError> {
    ImageReader::with_format(Cursor::new(bytes), format)
        .into_dimensions()
        .map_err(|error| failure(name, &error))
}

fn failure(name: &'static str, error: &image::ImageError) -> DecodeError {
    match error {
        image::ImageError::Unsupported(e) => DecodeError::unsupported(name, e.to_string()),
        other => DecodeError::damaged(name, other.to_string()),
    }
}

fn samples_of(image: DynamicImage, name: &'static str) -> Result<(Samples, u16), DecodeError> {
    let grey = |data| Samples::Grey16 { data, offset: 0 };
    Ok(match image {
        DynamicImage::ImageLuma8(b) => (grey(widen(&b.into_raw())), 8),
        DynamicImage::ImageLuma16(b) => (grey(b.into_raw()), 16),
        DynamicImage::ImageLumaA8(b) => (grey(first_of(&widen(&b.into_raw()), 2)), 8),
        DynamicImage::ImageLumaA16(b) => (grey(first_of(&b.into_raw(), 2)), 16),
        DynamicImage::ImageRgb8(b) => (collapse(&widen(&b.into_raw()), 3, 255), 8),
        DynamicImage::ImageRgba8(b) => (collapse(&widen(&b.into_raw()), 4, 255), 8),
        DynamicImage::ImageRgb16(b) => (collapse(&b.into_raw(), 3, u16::MAX), 16),
        DynamicImage::ImageRgba16(b) => (collapse(&b.into_raw(), 4, u16::MAX), 16),
        _ => return Err(DecodeError::unsupported(name, "floating point pixels")),
    })
}

fn widen(bytes: &[u8]) -> Vec<u16> {
    bytes.iter().map(|&b| u16::from(b)).collect()
}

fn first_of(data: &[u16], channels: usize) -> Vec<u16> {
    data.chunks_exact(channels).map(|p| p[0]).collect()
}

fn collapse(data: &[u16], channels: usize, max: u16) -> Samples {
    if data.chunks_exact(channels).all(|p| p[0] == p[1] && p[1] == p[2]) {
        return Samples::Grey16 { data: first_of(data, channels), offset: 0 };
    }
    let data = data.chunks_exact(channels).flat_map(|p| [p[0], p[1], p[2]]).collect();
    Samples::Rgb { data, max }
}
