//! A monitor's calibration: from measured luminances to the table that makes
//! equal steps of P-value equally visible.

use serde::{Deserialize, Serialize};

use crate::gsdf;

/// A measured patch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Digital driving level, 0..=255.
    pub ddl: f64,
    /// Luminance without ambient light, cd/m².
    pub luminance: f64,
}

/// Why measurements cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// Too few patches.
    #[error("at least 4 measurements are needed, there are {0}")]
    TooFew(usize),
    /// Level 0 or 255 was not measured.
    #[error("levels 0 and 255 must both be measured")]
    Ends,
    /// Luminance does not rise from one level to the next.
    #[error("luminance does not rise between levels {from} and {to}")]
    NotRising {
        /// The lower level.
        from: f64,
        /// The higher level.
        to: f64,
    },
    /// A figure that is no luminance.
    #[error("level {0} has a luminance that is not a positive number")]
    BadLuminance(f64),
    /// Outside what the standard describes.
    #[error("the luminance range lies outside the standard's 0.05 to 3993 cd/m²")]
    OutOfRange,
}

/// Display level for every P-value, in fractions of a level.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationLut {
    levels: Vec<f64>,
    curve: Curve,
    ambient: f64,
}

impl CalibrationLut {
    /// The table for a display with these measurements and this ambient
    /// luminance (reflected from the screen, cd/m²).
    pub fn new(measurements: &[Measurement], ambient: f64) -> Result<Self, CalibrationError> {
        let curve = Curve::new(measurements)?;
        let ambient = if ambient.is_finite() { ambient.max(0.0) } else { 0.0 };
        let (low, high) = (curve.luminance(0.0) + ambient, curve.luminance(255.0) + ambient);
        let ends = (gsdf::luminance(gsdf::JND_RANGE.0), gsdf::luminance(gsdf::JND_RANGE.1));
        if low < ends.0 || high > ends.1 {
            return Err(CalibrationError::OutOfRange);
        }
        let (j_low, j_high) = (gsdf::jnd_exact(low), gsdf::jnd_exact(high));
        let mut levels: Vec<f64> = (0..=65_535_u32)
            .map(|p| {
                let j = j_low + f64::from(p) / 65_535.0 * (j_high - j_low);
                curve.level(gsdf::luminance(j) - ambient)
            })
            .collect();
        // The ends are the display's ends, whatever the last bit of rounding says.
        if let [first, .., last] = levels.as_mut_slice() {
            (*first, *last) = (0.0, 255.0);
        }
        Ok(Self { levels, curve, ambient })
    }

    /// The display level for a P-value.
    pub fn level(&self, p: u16) -> f64 {
        self.levels.get(usize::from(p)).copied().unwrap_or(255.0)
    }

    /// The luminance, ambient included, that the display shows at a level.
    pub fn luminance_at(&self, level: f64) -> f64 {
        self.curve.luminance(level) + self.ambient
    }

    /// What the 18-level test gives for this table on this display.
    pub fn verify(&self) -> Verification {
        let p = |i: u32| u16::try_from(i * 65_535 / 17).unwrap_or(u16::MAX);
        let measured: Vec<f64> = (0..18).map(|i| self.luminance_at(self.level(p(i)))).collect();
        verify_18(&measured).unwrap_or_default()
    }
}

/// Result of the 18-level test.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Verification {
    /// Largest deviation of the contrast response from the standard's, as a share.
    pub max_deviation: f64,
    /// Mean deviation.
    pub mean_deviation: f64,
    /// Luminance ratio.
    pub ratio: f64,
    /// Lowest luminance, ambient included.
    pub min: f64,
    /// Highest luminance, ambient included.
    pub max: f64,
    /// Within the 10 % asked of diagnostic displays.
    pub passes: bool,
}

/// Compares 18 measured luminances (P-value 0, 1/17, … 1; ambient included) with
/// the standard's over the same range. `None` unless there are 18 positive ones.
pub fn verify_18(measured: &[f64]) -> Option<Verification> {
    if measured.len() != 18 || !measured.iter().all(|l| l.is_finite() && *l > 0.0) {
        return None;
    }
    let (min, max) = (measured[0], measured[17]);
    let (low, high) = (gsdf::jnd_exact(min), gsdf::jnd_exact(max));
    let target: Vec<f64> =
        (0..18).map(|i| gsdf::luminance(low + f64::from(i) / 17.0 * (high - low))).collect();
    let contrast = |l: &[f64], i: usize| 2.0 * (l[i + 1] - l[i]) / (l[i + 1] + l[i]);
    let deviations: Vec<f64> = (0..17)
        .map(|i| {
            let wanted = contrast(&target, i);
            ((contrast(measured, i) - wanted) / wanted).abs()
        })
        .collect();
    let max_deviation = deviations.iter().copied().fold(0.0, f64::max);
    Some(Verification {
        max_deviation,
        mean_deviation: deviations.iter().sum::<f64>() / 17.0,
        ratio: max / min,
        min,
        max,
        passes: max_deviation <= 0.10,
    })
}

/// The 18 driving levels of the test.
pub fn eighteen_levels() -> [u8; 18] {
    std::array::from_fn(|i| u8::try_from(i * 15).unwrap_or(u8::MAX))
}

/// Log luminance over level: a monotone cubic (Fritsch-Carlson) through the patches.
#[derive(Debug, Clone, PartialEq)]
struct Curve {
    x: Vec<f64>,
    y: Vec<f64>,
    slope: Vec<f64>,
}

impl Curve {
    fn new(measurements: &[Measurement]) -> Result<Self, CalibrationError> {
        let mut points = measurements.to_vec();
        points.sort_by(|a, b| a.ddl.total_cmp(&b.ddl));
        if points.len() < 4 {
            return Err(CalibrationError::TooFew(points.len()));
        }
        if let Some(bad) = points.iter().find(|m| !(m.luminance.is_finite() && m.luminance > 0.0)) {
            return Err(CalibrationError::BadLuminance(bad.ddl));
        }
        let ends = points.first().zip(points.last()).map(|(a, b)| (a.ddl, b.ddl));
        if ends != Some((0.0, 255.0)) {
            return Err(CalibrationError::Ends);
        }
        let flat = |w: &&[Measurement]| w[1].ddl <= w[0].ddl || w[1].luminance <= w[0].luminance;
        if let Some(w) = points.windows(2).find(flat) {
            return Err(CalibrationError::NotRising { from: w[0].ddl, to: w[1].ddl });
        }
        let x: Vec<f64> = points.iter().map(|m| m.ddl).collect();
        let y: Vec<f64> = points.iter().map(|m| m.luminance.ln()).collect();
        let slope = pchip_slopes(&x, &y);
        Ok(Self { x, y, slope })
    }

    fn log_at(&self, level: f64) -> f64 {
        let i = self.x.partition_point(|x| *x <= level).clamp(1, self.x.len() - 1) - 1;
        let h = self.x[i + 1] - self.x[i];
        let t = ((level - self.x[i]) / h).clamp(0.0, 1.0);
        let (t2, t3) = (t * t, t * t * t);
        (2.0 * t3 - 3.0 * t2 + 1.0) * self.y[i]
            + (t3 - 2.0 * t2 + t) * h * self.slope[i]
            + (3.0 * t2 - 2.0 * t3) * self.y[i + 1]
            + (t3 - t2) * h * self.slope[i + 1]
    }

    fn luminance(&self, level: f64) -> f64 {
        self.log_at(level).exp()
    }

    /// The level that shows `luminance`.
    fn level(&self, luminance: f64) -> f64 {
        let wanted = luminance.max(f64::MIN_POSITIVE).ln();
        let (mut low, mut high) = (0.0, 255.0);
        for _ in 0..48 {
            let middle = f64::midpoint(low, high);
            if self.log_at(middle) < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }
}

fn pchip_slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let h: Vec<f64> = x.windows(2).map(|w| w[1] - w[0]).collect();
    let d: Vec<f64> = y.windows(2).zip(&h).map(|(w, h)| (w[1] - w[0]) / h).collect();
    let mut slope = vec![0.0; n];
    for i in 1..n - 1 {
        let (w1, w2) = (2.0 * h[i] + h[i - 1], h[i] + 2.0 * h[i - 1]);
        slope[i] = (w1 + w2) / (w1 / d[i - 1] + w2 / d[i]);
    }
    let end = |h0: f64, h1: f64, d0: f64, d1: f64| {
        let s = ((2.0 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
        // All steps rise: an end slope must, too, and not overshoot.
        s.clamp(0.0, 3.0 * d0)
    };
    slope[0] = end(h[0], h[1], d[0], d[1]);
    slope[n - 1] = end(h[n - 2], h[n - 3], d[n - 2], d[n - 3]);
    slope
}
