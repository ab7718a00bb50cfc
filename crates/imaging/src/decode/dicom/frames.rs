//! Which fragments make up a frame.

use std::borrow::Cow;

use crate::error::DecodeError;

/// The compressed bytes of frame `frame`.
pub(crate) fn frame_bytes<'a>(
    offsets: &[u32],
    fragments: &[&'a [u8]],
    frame: u32,
    frames: u32,
) -> Result<Cow<'a, [u8]>, DecodeError> {
    if fragments.is_empty() {
        return Err(DecodeError::damaged("DICOM", "the compressed pixel data hold no fragment"));
    }
    let range = frame_range(offsets, fragments, frame as usize, frames as usize)
        .ok_or_else(|| DecodeError::damaged("DICOM", format!("frame {} has no data", frame + 1)))?;
    match &fragments[range] {
        [] => Err(DecodeError::damaged("DICOM", format!("frame {} has no data", frame + 1))),
        [one] => Ok(Cow::Borrowed(one)),
        many => Ok(Cow::Owned(many.concat())),
    }
}

fn frame_range(
    offsets: &[u32],
    fragments: &[&[u8]],
    frame: usize,
    frames: usize,
) -> Option<std::ops::Range<usize>> {
    if frames == 1 {
        return Some(0..fragments.len());
    }
    if fragments.len() == frames {
        return (frame < frames).then_some(frame..frame + 1);
    }
    if let Some(range) = by_offsets(offsets, fragments, frame) {
        return Some(range);
    }
    by_start_codes(fragments, frame)
}

/// The Basic Offset Table counts from the first fragment's item tag.
fn by_offsets(
    offsets: &[u32],
    fragments: &[&[u8]],
    frame: usize,
) -> Option<std::ops::Range<usize>> {
    let start = u64::from(*offsets.get(frame)?);
    let end = offsets.get(frame + 1).map(|&v| u64::from(v));
    let mut at = 0_u64;
    let mut first = None;
    let mut last = fragments.len();
    for (i, fragment) in fragments.iter().enumerate() {
        if at == start {
            first = Some(i);
        }
        if Some(at) == end {
            last = i;
        }
        at += fragment.len() as u64 + 8;
    }
    first.filter(|&f| f < last).map(|f| f..last)
}

/// Without a table a frame begins where a codestream does.
fn by_start_codes(fragments: &[&[u8]], frame: usize) -> Option<std::ops::Range<usize>> {
    let starts: Vec<usize> = fragments
        .iter()
        .enumerate()
        .filter(|(_, f)| f.starts_with(&[0xFF, 0xD8]) || f.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]))
        .map(|(i, _)| i)
        .collect();
    let first = *starts.get(frame)?;
    Some(first..starts.get(frame + 1).copied().unwrap_or(fragments.len()))
}
