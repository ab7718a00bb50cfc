//! The Grayscale Standard Display Function (PS3.14), luminance in cd/m².

const A: f64 = -1.301_187_7;
const B: f64 = -2.584_019_1e-2;
const C: f64 = 8.024_263_6e-2;
const D: f64 = -1.032_022_9e-1;
const E: f64 = 1.364_669_9e-1;
const F: f64 = 2.874_562_0e-2;
const G: f64 = -2.546_840_4e-2;
const H: f64 = -3.197_897_7e-3;
const K: f64 = 1.299_263_4e-4;
const M: f64 = 1.363_533_4e-3;

const INVERSE: [f64; 9] = [
    71.498_068,
    94.593_053,
    41.912_053,
    9.824_700_4,
    0.281_754_07,
    -1.187_845_5,
    -0.180_143_49,
    0.147_108_99,
    -0.017_046_845,
];

/// The first and last just-noticeable-difference index of the standard.
pub const JND_RANGE: (f64, f64) = (1.0, 1023.0);

/// Luminance of JND index `j`.
pub fn luminance(j: f64) -> f64 {
    let x = j.ln();
    let upper = A + x * (C + x * (E + x * (G + x * M)));
    let lower = 1.0 + x * (B + x * (D + x * (F + x * (H + x * K))));
    10_f64.powf(upper / lower)
}

/// JND index of a luminance, by the standard's polynomial (to about 0.1 JND).
pub fn jnd(luminance: f64) -> f64 {
    let x = luminance.log10();
    INVERSE.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// JND index of a luminance, by bisection of [`luminance()`]; clamped to the
/// standard's range.
pub fn jnd_exact(wanted: f64) -> f64 {
    let (mut low, mut high) = JND_RANGE;
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if luminance(middle) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}
