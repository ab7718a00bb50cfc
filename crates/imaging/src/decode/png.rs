//! PNG: every colour type and depth, samples at the depth they were stored in.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use crate::error::{DecodeError, DecodeLimits};
use crate::image::{DecodedImage, Metadata, Samples, SourceKind};

fn damaged(error: &png::DecodingError) -> DecodeError {
    DecodeError::damaged("PNG", error.to_string())
}

/// Decodes a PNG. Colour management chunks are left alone: the samples of grey
/// radiographs are presentation values already.
pub(super) fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<DecodedImage, DecodeError> {
    let budget = usize::try_from(limits.max_bytes).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: budget });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(|e| damaged(&e))?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let (colour, depth) = (info.color_type, info.bit_depth);
    let channels = u64::from(u8::try_from(colour.samples()).unwrap_or(4));
    let expansion = if colour == ColorType::Indexed { 8 } else { 2 };
    // The raw rows, the samples, and what a palette makes of them.
    limits.check_pixels(u64::from(width), u64::from(height), channels * 4 + expansion)?;
    let colour_managed =
        info.icc_profile.is_some() || info.gamma().is_some() || info.srgb.is_some();
    let significant = info.sbit.as_ref().map(|s| s.to_vec());
    let palette = info.palette.as_ref().map(|p| p.to_vec());
    let size = reader
        .output_buffer_size()
        .ok_or(DecodeError::TooLarge { needed: u64::MAX >> 20, limit: limits.max_bytes >> 20 })?;
    limits.check(size as u64)?;
    let mut raw = vec![0; size];
    let frame = reader.next_frame(&mut raw).map_err(|e| damaged(&e))?;
    let bits = bits_of(depth);
    let samples = unpack(&raw, frame.line_size, width, height, colour.samples(), bits);
    let mut meta = Metadata::plain(SourceKind::Png, "PNG", bits);
    if colour_managed {
        meta.warnings.push("colour management chunks are not applied".to_owned());
    }
    let samples = match colour {
        ColorType::Grayscale => grey(samples, 1, bits, significant.as_deref(), &mut meta),
        ColorType::GrayscaleAlpha => grey(samples, 2, bits, significant.as_deref(), &mut meta),
        ColorType::Rgb | ColorType::Rgba => {
            let n = colour.samples();
            collapse(samples, n, bits, significant.as_deref(), &mut meta)
        }
        ColorType::Indexed => indexed(&samples, palette.as_deref(), &mut meta)?,
    };
    Ok(DecodedImage::new(width, height, samples, meta))
}

fn bits_of(depth: BitDepth) -> u16 {
    match depth {
        BitDepth::One => 1,
        BitDepth::Two => 2,
        BitDepth::Four => 4,
        BitDepth::Eight => 8,
        BitDepth::Sixteen => 16,
    }
}

/// Rows of packed samples to one `u16` a sample.
fn unpack(
    raw: &[u8],
    line: usize,
    width: u32,
    height: u32,
    channels: usize,
    bits: u16,
) -> Vec<u16> {
    let per_row = width as usize * channels;
    let mut out = Vec::with_capacity(per_row * height as usize);
    for row in raw.chunks_exact(line.max(1)).take(height as usize) {
        match bits {
            16 => out.extend(row.as_chunks::<2>().0.iter().map(|&b| u16::from_be_bytes(b))),
            8 => out.extend(row.iter().map(|&b| u16::from(b))),
            _ => out.extend((0..per_row).map(|i| {
                let bit = i * usize::from(bits);
                let shift = 8 - usize::from(bits) - bit % 8;
                let mask = (1_u16 << bits) - 1;
                u16::from(row.get(bit / 8).copied().unwrap_or(0)) >> shift & mask
            })),
        }
    }
    out
}

/// Grey samples, without alpha, and moved down to the significant bits.
fn grey(
    mut samples: Vec<u16>,
    channels: usize,
    bits: u16,
    significant: Option<&[u8]>,
    meta: &mut Metadata,
) -> Samples {
    if channels == 2 {
        let opaque = (1_u32 << bits) - 1;
        if samples.as_chunks::<2>().0.iter().any(|p| u32::from(p[1]) != opaque) {
            meta.warnings.push("transparency is not shown".to_owned());
        }
        samples = samples.as_chunks::<2>().0.iter().map(|p| p[0]).collect();
    }
    let true_bits = significant
        .and_then(|s| s.first())
        .map(|&s| u16::from(s))
        .filter(|s| (1..bits).contains(s));
    if let Some(true_bits) = true_bits {
        let shift = bits - true_bits;
        for v in &mut samples {
            *v >>= shift;
        }
        meta.bits_stored = true_bits;
        meta.high_bit = true_bits - 1;
    }
    Samples::Grey16 { data: samples, offset: 0 }
}

/// Colour files that are grey in truth become grey.
fn collapse(
    samples: Vec<u16>,
    channels: usize,
    bits: u16,
    significant: Option<&[u8]>,
    meta: &mut Metadata,
) -> Samples {
    if samples.chunks_exact(channels).all(|p| p[0] == p[1] && p[1] == p[2]) {
        let opaque = u16::try_from((1_u32 << bits) - 1).unwrap_or(u16::MAX);
        if channels == 4 && samples.chunks_exact(4).any(|p| p[3] != opaque) {
            meta.warnings.push("transparency is not shown".to_owned());
        }
        let data = samples.chunks_exact(channels).map(|p| p[0]).collect();
        "MONOCHROME2".clone_into(&mut meta.photometric);
        return grey(data, 1, bits, significant, meta);
    }
    colour_warning(meta);
    let data = if channels == 3 {
        samples
    } else {
        samples.chunks_exact(channels).flat_map(|p| [p[0], p[1], p[2]]).collect()
    };
    Samples::Rgb { data, max: u16::try_from((1_u32 << bits) - 1).unwrap_or(u16::MAX) }
}

fn colour_warning(meta: &mut Metadata) {
    "RGB".clone_into(&mut meta.photometric);
    meta.warnings.push("colour image: shown as it is, not windowed".to_owned());
}

fn indexed(
    indices: &[u16],
    palette: Option<&[u8]>,
    meta: &mut Metadata,
) -> Result<Samples, DecodeError> {
    let palette = palette
        .ok_or_else(|| DecodeError::damaged("PNG", "the palette is missing"))?
        .as_chunks::<3>()
        .0;
    let last = palette.len().saturating_sub(1);
    let entry = |i: u16| palette.get(usize::from(i).min(last)).copied().unwrap_or_default();
    meta.bits_allocated = 8;
    meta.bits_stored = 8;
    meta.high_bit = 7;
    let used_grey = indices.iter().all(|&i| {
        let [r, g, b] = entry(i);
        r == g && g == b
    });
    if used_grey {
        let data = indices.iter().map(|&i| u16::from(entry(i)[0])).collect();
        return Ok(Samples::Grey16 { data, offset: 0 });
    }
    colour_warning(meta);
    let data = indices.iter().flat_map(|&i| entry(i).map(u16::from)).collect();
    Ok(Samples::Rgb { data, max: 255 })
}
