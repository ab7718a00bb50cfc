//! RLE Lossless (PS3.5 Annex G).

use crate::error::DecodeError;

fn damaged(what: impl Into<String>) -> DecodeError {
    DecodeError::damaged("DICOM RLE", what)
}

/// Decodes a frame to little endian words, samples interleaved by pixel.
pub(crate) fn decode(
    frame: &[u8],
    pixels: usize,
    samples: usize,
    bytes_per_sample: usize,
) -> Result<Vec<u8>, DecodeError> {
    let wanted = samples * bytes_per_sample;
    let header = frame.get(..64).ok_or_else(|| damaged("the segment table is cut short"))?;
    let entry: Vec<usize> =
        header.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b) as usize).collect();
    if entry.first() != Some(&wanted) {
        return Err(damaged(format!("{wanted} segments expected, {:?} declared", entry.first())));
    }
    if wanted > 15 {
        return Err(damaged("more segments than the format allows"));
    }
    let mut out = vec![0_u8; pixels * wanted];
    for segment in 0..wanted {
        let start = entry[segment + 1];
        let end = if segment + 1 < wanted { entry[segment + 2] } else { frame.len() };
        let bytes = frame
            .get(start..end.min(frame.len()))
            .ok_or_else(|| damaged("a segment lies outside its frame"))?;
        // Segments run from the most significant byte down, sample by sample.
        let sample = segment / bytes_per_sample;
        let byte = bytes_per_sample - 1 - segment % bytes_per_sample;
        unpack(bytes, &mut out, sample * bytes_per_sample + byte, wanted, pixels)?;
    }
    Ok(out)
}

/// `PackBits` into every `stride`th byte from `at`.
fn unpack(
    bytes: &[u8],
    out: &mut [u8],
    at: usize,
    stride: usize,
    pixels: usize,
) -> Result<(), DecodeError> {
    let mut slots = out.iter_mut().skip(at).step_by(stride);
    let mut done = 0;
    let mut rest = bytes;
    while done < pixels {
        let Some((&control, after)) = rest.split_first() else {
            return Err(damaged(format!("{done} pixels where {pixels} belong")));
        };
        rest = after;
        match control {
            0..=127 => {
                let run = usize::from(control) + 1;
                let literal =
                    rest.get(..run).ok_or_else(|| damaged("a literal run is cut short"))?;
                for (&value, slot) in literal.iter().zip(slots.by_ref()).take(pixels - done) {
                    *slot = value;
                }
                rest = &rest[run..];
                done += run;
            }
            128 => {}
            129..=255 => {
                let run = 257 - usize::from(control);
                let (&value, after) =
                    rest.split_first().ok_or_else(|| damaged("a repeat run is cut short"))?;
                slots.by_ref().take(run.min(pixels - done)).for_each(|slot| *slot = value);
                rest = after;
                done += run;
            }
        }
    }
    Ok(())
}
