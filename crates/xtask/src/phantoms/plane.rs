//! A plane of floating-point values and the few deterministic operations phantoms are made of.
//! Only `+ - * /` and `sqrt` are used, which every platform computes to the same bits.

/// Values in row order.
pub(super) struct Plane {
    pub(super) columns: usize,
    pub(super) values: Vec<f64>,
}

impl Plane {
    /// Evaluates `f(x, y)` at the middle of every pixel, in pixels from the top left corner.
    pub(super) fn from_fn(columns: u16, rows: u16, f: impl Fn(f64, f64) -> f64) -> Self {
        let values = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| f(f64::from(column) + 0.5, f64::from(row) + 0.5))
            .collect();
        Self { columns: usize::from(columns), values }
    }

    /// The mean of each pixel and its eight neighbours: a detector is never perfectly sharp.
    pub(super) fn softened(&self) -> Self {
        let rows = self.values.len() / self.columns;
        let near = |at: usize, end: usize| at.saturating_sub(1)..=(at + 1).min(end - 1);
        let mut values = Vec::with_capacity(self.values.len());
        for row in 0..rows {
            for column in 0..self.columns {
                let (mut sum, mut n) = (0.0, 0.0);
                for r in near(row, rows) {
                    for c in near(column, self.columns) {
                        sum += self.values[r * self.columns + c];
                        n += 1.0;
                    }
                }
                values.push(sum / n);
            }
        }
        Self { columns: self.columns, values }
    }

    /// Adds quantum noise of about this standard deviation.
    pub(super) fn with_noise(mut self, deviation: f64, seed: u64) -> Self {
        let mut random = Random(seed);
        for value in &mut self.values {
            // Four uniform numbers have a variance of 4/12 about their mean of 2.
            let sum: f64 = (0..4).map(|_| random.unit()).sum();
            *value += (sum - 2.0) * deviation * 3.0_f64.sqrt();
        }
        self
    }

    /// The nearest whole numbers, held within 0 and 4095.
    pub(super) fn to_12_bit(&self) -> Vec<u16> {
        self.values.iter().map(|v| whole(*v + 0.5).min(4095)).collect()
    }
}

/// The whole number at or below `value`, as far as a word reaches.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
pub(super) fn whole(value: f64) -> u16 {
    value.floor().clamp(0.0, 65535.0) as u16
}

/// SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// A number in [-1, 1).
    pub(super) fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }
}

/// 0 below `from`, 1 above `to`, a smooth cubic between.
pub(super) fn ramp(x: f64, from: f64, to: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// 1 at 0, falling smoothly to 0 at `width` on both sides.
pub(super) fn bump(x: f64, width: f64) -> f64 {
    let t = (x / width).abs();
    if t >= 1.0 { 0.0 } else { (1.0 - t * t) * (1.0 - t * t) }
}

/// Half the chord through a unit ellipsoid seen along its axis, 0 outside.
pub(super) fn dome(x: f64, y: f64) -> f64 {
    let r = x * x + y * y;
    if r >= 1.0 { 0.0 } else { (1.0 - r).sqrt() }
}
