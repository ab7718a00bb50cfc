//! A frozen ordered dither: interleaved gradient noise over physical pixels.

use rayon::prelude::*;

/// The threshold of a physical pixel, 0..=255, evenly distributed.
pub(crate) fn threshold(x: u32, y: u32) -> u8 {
    let inner = (0.067_110_56 * f64::from(x) + 0.005_837_15 * f64::from(y)).fract();
    crate::num::to_u8((52.982_918_9 * inner).fract() * 256.0)
}

/// The threshold without dither: half a level, which is rounding.
pub(crate) const ROUNDING: u8 = 128;

/// Thresholds of a whole viewport.
pub(crate) fn plane(width: u32, height: u32) -> Vec<u8> {
    let mut out = vec![0; width as usize * height as usize];
    out.par_chunks_mut((width as usize).max(1)).zip((0..height).into_par_iter()).for_each(
        |(row, y)| {
            for (t, x) in row.iter_mut().zip(0..) {
                *t = threshold(x, y);
            }
        },
    );
    out
}
