//! Image files without anything that names whose they are: the same pixels, nothing around them.

use crate::decode::{decode, dicom, sniff};
use crate::error::{DecodeError, DecodeLimits};
use crate::image::{DecodedImage, Samples, SourceKind};

/// An image file that says nothing but its pixels and how they are to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindedImage {
    /// The bytes of the new file.
    pub bytes: Vec<u8>,
    /// The ending of its name: `png`, `jpg` or `dcm`.
    pub ending: &'static str,
    /// The file says that text is burned into its pixels, which go along as they are.
    pub burned_in: bool,
}

/// Rewrites a file without texts, times, names and numbers.
///
/// PNG and JPEG keep their compressed pixels byte for byte. DICOM keeps its pixel data and the
/// attributes that the display pipeline reads. TIFF and BMP become PNG with the same samples.
/// `number` goes into the new file, as instance UID or as a remark of a length that follows from it:
/// two copies of one film with different numbers are not equal files.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "callers keep one set of limits")]
pub fn blinded_image(
    bytes: &[u8],
    number: u128,
    limits: &DecodeLimits,
) -> Result<BlindedImage, DecodeError> {
    let plain = |bytes, ending| BlindedImage { bytes, ending, burned_in: false };
    match sniff(bytes).ok_or(DecodeError::UnknownFormat)? {
        SourceKind::Png => Ok(plain(png_chunks(bytes, number)?, "png")),
        SourceKind::Jpeg => Ok(plain(jpeg_segments(bytes, number)?, "jpg")),
        SourceKind::Tiff | SourceKind::Bmp => {
            Ok(plain(png_chunks(&as_png(&decode(bytes, limits)?)?, number)?, "png"))
        }
        SourceKind::Dicom => {
            let (bytes, burned_in) = dicom::blinded(bytes, number, *limits)?;
            Ok(BlindedImage { bytes, ending: "dcm", burned_in })
        }
    }
}

fn damaged(format: &'static str, what: &str) -> DecodeError {
    DecodeError::damaged(format, what)
}

/// What makes a copy differ from every other: its number, and noughts behind it.
fn mark(number: u128) -> Vec<u8> {
    let mut mark = number.to_be_bytes().to_vec();
    mark.resize(mark.len() + usize::try_from(number % 4096).unwrap_or(0), 0);
    mark
}

/// A chunk that readers of PNG pass over: not needed, and of nobody's standard.
fn png_mark(number: u128) -> Vec<u8> {
    let mark = mark(number);
    let mut named = b"ovRd".to_vec();
    named.extend(&mark);
    let mut sum = flate2::Crc::new();
    sum.update(&named);
    let length = u32::try_from(mark.len()).unwrap_or(0);
    [&length.to_be_bytes()[..], &named, &sum.sum().to_be_bytes()].concat()
}

/// A remark, as JPEG has it.
fn jpeg_mark(number: u128) -> Vec<u8> {
    let mark = mark(number);
    let length = u16::try_from(mark.len() + 2).unwrap_or(2);
    [&[0xFF, 0xFE][..], &length.to_be_bytes(), &mark].concat()
}

const PNG_MARK: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What pixels need: the rest of a PNG is remarks, times and profiles.
const PNG_KEPT: [&[u8; 4]; 6] = [b"IHDR", b"PLTE", b"tRNS", b"sBIT", b"IDAT", b"IEND"];

/// The chunks that make the picture; what stands behind the last one is left out.
fn png_chunks(bytes: &[u8], number: u128) -> Result<Vec<u8>, DecodeError> {
    let cut = || damaged("PNG", "it ends in the middle of a chunk");
    let mut out = PNG_MARK.to_vec();
    let mut rest = bytes.strip_prefix(PNG_MARK).ok_or_else(cut)?;
    loop {
        let (length, _) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = u32::from_be_bytes(*length) as usize;
        let whole = length.checked_add(12).ok_or_else(cut)?;
        let (chunk, behind) = rest.split_at_checked(whole).ok_or_else(cut)?;
        let kind = chunk.get(4..8).ok_or_else(cut)?;
        if kind == b"IEND" {
            out.extend(png_mark(number));
        }
        if PNG_KEPT.iter().any(|kept| kept.as_slice() == kind) {
            out.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Ok(out);
        }
        rest = behind;
    }
}

/// The segments that make the picture: no remark, no thumbnail, no camera's or printer's data.
fn jpeg_segments(bytes: &[u8], number: u128) -> Result<Vec<u8>, DecodeError> {
    let cut = || damaged("JPEG", "it ends in the middle of a segment");
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8]).ok_or_else(cut)?;
    let mut out = vec![0xFF, 0xD8];
    let mut marked = false;
    loop {
        // Any number of FF may stand before a marker.
        let at = rest.iter().position(|&byte| byte != 0xFF).ok_or_else(cut)?;
        let marker = *rest.get(at).filter(|_| 0 < at).ok_or_else(cut)?;
        rest = rest.get(at + 1..).ok_or_else(cut)?;
        match marker {
            0xD9 => {
                out.extend([0xFF, 0xD9]);
                return Ok(out);
            }
            0x01 | 0xD0..=0xD7 => out.extend([0xFF, marker]),
            _ => {
                let (length, _) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
                let length = usize::from(u16::from_be_bytes(*length));
                let (segment, behind) = rest.split_at_checked(length).ok_or_else(cut)?;
                rest = behind;
                // Before the first scan at the latest, where every reader passes over a remark.
                if marker == 0xDA && !std::mem::replace(&mut marked, true) {
                    out.extend(jpeg_mark(number));
                }
                if let Some(kept) = jpeg_segment(marker, segment) {
                    out.extend([0xFF, marker]);
                    out.extend(kept);
                }
                if marker == 0xDA {
                    let data = scan_length(rest).ok_or_else(cut)?;
                    let (data, behind) = rest.split_at_checked(data).ok_or_else(cut)?;
                    out.extend_from_slice(data);
                    rest = behind;
                }
            }
        }
    }
}

/// A segment as it goes along; `None` where it does not.
fn jpeg_segment(marker: u8, segment: &[u8]) -> Option<Vec<u8>> {
    match marker {
        // JFIF without its thumbnail.
        0xE0 if segment.get(2..7) == Some(b"JFIF\0") => {
            let mut kept = segment.get(..14)?.to_vec();
            kept.extend([0, 0]);
            kept.get_mut(..2)?.copy_from_slice(&16_u16.to_be_bytes());
            Some(kept)
        }
        // How the colours were turned, without which they cannot be turned back.
        0xEE if segment.get(2..7) == Some(b"Adobe") => segment.get(..14).map(|kept| {
            let mut kept = kept.to_vec();
            if let Some(length) = kept.get_mut(..2) {
                length.copy_from_slice(&14_u16.to_be_bytes());
            }
            kept
        }),
        0xE0..=0xEF | 0xFE => None,
        _ => Some(segment.to_vec()),
    }
}

/// How many bytes of entropy-coded data stand before the next marker.
fn scan_length(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += data.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
        match data.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

/// The samples as they are, at 8 bits where they fit.
fn as_png(image: &DecodedImage) -> Result<Vec<u8>, DecodeError> {
    let fail = |error: png::EncodingError| damaged("image", &error.to_string());
    let (data, colour, largest) = match &image.samples {
        Samples::Grey16 { data, offset: 0 } => {
            let largest = (1_u32 << image.meta.bits_stored.min(16)) - 1;
            (data, png::ColorType::Grayscale, largest)
        }
        Samples::Rgb { data, max } => (data, png::ColorType::Rgb, u32::from(*max)),
        _ => return Err(DecodeError::unsupported("image", "its sample format")),
    };
    let eight = largest <= 255;
    let raw: Vec<u8> = if eight {
        data.iter().map(|&value| u8::try_from(value).unwrap_or(u8::MAX)).collect()
    } else {
        data.iter().flat_map(|value| value.to_be_bytes()).collect()
    };
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, image.width, image.height);
    encoder.set_color(colour);
    encoder.set_depth(if eight { png::BitDepth::Eight } else { png::BitDepth::Sixteen });
    let mut writer = encoder.write_header().map_err(fail)?;
    writer.write_image_data(&raw).map_err(fail)?;
    writer.finish().map_err(fail)?;
    Ok(out)
}
