//! RLE Lossless (PS3.5 Annex G).

use rayon::prelude::*;

use crate::error::DecodeError;

fn damaged(what: impl Into<String>) -> DecodeError {
    DecodeError::damaged("DICOM RLE", what)
}

/// Decodes a frame to its byte planes: sample by sample, the most significant byte first.
pub(crate) fn planes(
    frame: &[u8],
    pixels: usize,
    samples: usize,
    bytes_per_sample: usize,
) -> Result<Vec<Vec<u8>>, DecodeError> {
    let wanted = samples * bytes_per_sample;
    let header = frame.get(..64).ok_or_else(|| damaged("the segment table is cut short"))?;
    let entry: Vec<usize> =
        header.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b) as usize).collect();
    if entry.first() != Some(&wanted) {
        return Err(damaged(format!(
            "{wanted} segments expected, {} declared",
            entry.first().copied().unwrap_or(0)
        )));
    }
    if wanted > 15 {
        return Err(damaged("more segments than the format allows"));
    }
    (0..wanted)
        .into_par_iter()
        .map(|segment| {
            let start = entry[segment + 1];
            let end = if segment + 1 < wanted { entry[segment + 2] } else { frame.len() };
            let bytes = frame
                .get(start..end.min(frame.len()))
                .ok_or_else(|| damaged("a segment lies outside its frame"))?;
            unpack(bytes, pixels)
        })
        .collect()
}

/// Byte planes to little endian words, samples interleaved by pixel.
pub(crate) fn interleaved(planes: &[Vec<u8>], bytes_per_sample: usize) -> Vec<u8> {
    let pixels = planes.first().map_or(0, Vec::len);
    let mut out = vec![0; pixels * planes.len()];
    for (place, plane) in planes.iter().enumerate() {
        let (sample, byte) = (place / bytes_per_sample, place % bytes_per_sample);
        let at = sample * bytes_per_sample + bytes_per_sample - 1 - byte;
        for (word, &value) in out.chunks_exact_mut(planes.len()).zip(plane) {
            word[at] = value;
        }
    }
    out
}

/// `PackBits` to one byte a pixel.
fn unpack(bytes: &[u8], pixels: usize) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(pixels);
    let mut rest = bytes;
    while out.len() < pixels {
        let Some((&control, after)) = rest.split_first() else {
            return Err(damaged(format!("{} pixels where {pixels} belong", out.len())));
        };
        rest = after;
        let left = pixels - out.len();
        match control {
            0..=127 => {
                let run = usize::from(control) + 1;
                let literal =
                    rest.get(..run).ok_or_else(|| damaged("a literal run is cut short"))?;
                out.extend_from_slice(&literal[..run.min(left)]);
                rest = &rest[run..];
            }
            128 => {}
            129..=255 => {
                let run = 257 - usize::from(control);
                let (&value, after) =
                    rest.split_first().ok_or_else(|| damaged("a repeat run is cut short"))?;
                out.resize(out.len() + run.min(left), value);
                rest = after;
            }
        }
    }
    Ok(out)
}
