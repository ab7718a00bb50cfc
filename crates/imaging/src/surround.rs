//! What of an image is anatomy: padding, shutter and flat areas that touch the
//! frame (collimation, direct exposure) are left out of automatic windows.

use crate::image::{DecodedImage, Samples};
use crate::stats::Distribution;

/// How far from the frame's commonest value a flat area may stray.
const FLAT: i32 = 2;
/// Smaller flat areas are not worth leaving out.
const WORTH: f64 = 0.005;

/// Modality values of the anatomy.
pub(crate) fn body(image: &DecodedImage) -> Distribution {
    let whole = || image.stats().distribution(image);
    let Samples::Grey16 { data, offset } = &image.samples else { return whole() };
    let mut skip = vec![false; data.len()];
    flood_from_frame(data, image.width as usize, &mut skip);
    let flat = skip.iter().filter(|s| **s).count() as f64;
    if flat <= WORTH * data.len() as f64 {
        skip.fill(false);
    }
    if let Some(shutter) = &image.meta.shutter {
        for (row, y) in skip.chunks_exact_mut(image.width as usize).zip(0..) {
            for (s, x) in row.iter_mut().zip(0..) {
                *s |= !shutter.shows(x, y);
            }
        }
    }
    let mut bins = vec![0_u64; 65_536];
    for (&v, skip) in data.iter().zip(&skip) {
        if !skip {
            bins[usize::from(v)] += 1;
        }
    }
    let values: Vec<(f64, u64)> = bins
        .iter()
        .enumerate()
        .filter(|(_, n)| **n > 0)
        .map(|(i, &n)| (crate::num::index_i64(i) + i64::from(*offset), n))
        .filter(|(stored, _)| !image.is_padding(*stored))
        .map(|(stored, n)| (image.modality_of(stored), n))
        .collect();
    if values.is_empty() { whole() } else { Distribution::new(values) }
}

/// Marks what is connected to the frame and within [`FLAT`] of its commonest value.
fn flood_from_frame(data: &[u16], width: usize, marked: &mut [bool]) {
    let height = data.len() / width.max(1);
    let frame = || {
        let rows = (0..width).flat_map(move |x| [x, (height - 1) * width + x]);
        let inner = 1..height.saturating_sub(1);
        let columns = inner.flat_map(move |y| [y * width, y * width + width - 1]);
        rows.chain(columns)
    };
    let mut counts = vec![0_u32; 65_536];
    frame().for_each(|i| counts[usize::from(data[i])] += 1);
    // Of several equally common ones the lowest.
    let common = counts.iter().copied().max().unwrap_or(0);
    let Some((mode, _)) = (0_i32..).zip(&counts).find(|(_, n)| **n == common) else { return };
    let flat = |i: usize| (i32::from(data[i]) - mode).abs() <= FLAT;
    let mut stack: Vec<u32> = Vec::new();
    let mut visit = |i: usize, stack: &mut Vec<u32>| {
        if !marked[i] && flat(i) {
            marked[i] = true;
            stack.push(crate::num::count_u32(i));
        }
    };
    frame().for_each(|i| visit(i, &mut stack));
    while let Some(i) = stack.pop() {
        let i = i as usize;
        let x = i % width;
        if x > 0 {
            visit(i - 1, &mut stack);
        }
        if x + 1 < width {
            visit(i + 1, &mut stack);
        }
        if i >= width {
            visit(i - width, &mut stack);
        }
        if i + width < data.len() {
            visit(i + width, &mut stack);
        }
    }
}
