//! Range and distribution of an image's grey values, padding left out.

use serde::Serialize;

use crate::image::{DecodedImage, Samples};

/// Histogram bins of more than 16-bit data: percentiles are exact up to 20 bits.
const WIDE_BINS: i64 = 1 << 20;

/// Distribution of stored values.
#[derive(Debug, Clone, PartialEq)]
pub struct GreyStats {
    /// Pixels that are neither padding nor colour.
    pub count: u64,
    /// Padding pixels.
    pub padding: u64,
    /// Lowest stored value.
    pub min: i64,
    /// Highest stored value.
    pub max: i64,
    /// Stored value of the first bin.
    pub first: i64,
    /// Stored values to a bin; 1 for up to 16 bits.
    pub bin: i64,
    /// Pixels in each bin.
    pub bins: Vec<u64>,
}

impl GreyStats {
    /// Counts an image.
    pub fn of(image: &DecodedImage) -> Self {
        match &image.samples {
            Samples::Grey16 { data, offset } => of16(image, data, i64::from(*offset)),
            Samples::Grey32(data) => of32(image, data),
            Samples::Rgb { .. } => {
                Self { count: 0, padding: 0, min: 0, max: 0, first: 0, bin: 1, bins: Vec::new() }
            }
        }
    }

    /// The image's modality values with their pixel counts, ascending.
    pub fn distribution(&self, image: &DecodedImage) -> Distribution {
        Distribution::new(
            self.bins
                .iter()
                .enumerate()
                .filter(|(_, n)| **n > 0)
                .map(|(i, &n)| {
                    (image.modality_of(self.first + crate::num::index_i64(i) * self.bin), n)
                })
                .collect(),
        )
    }
}

fn of16(image: &DecodedImage, data: &[u16], offset: i64) -> GreyStats {
    let mut bins = vec![0_u64; 65_536];
    for &v in data {
        bins[usize::from(v)] += 1;
    }
    let mut padding = 0;
    if let Some(p) = image.meta.padding {
        for (i, n) in bins.iter_mut().enumerate() {
            if p.contains(crate::num::index_i64(i) + offset) {
                padding += *n;
                *n = 0;
            }
        }
    }
    let low = bins.iter().position(|&n| n > 0).unwrap_or(0);
    let high = bins.iter().rposition(|&n| n > 0).unwrap_or(0);
    bins.truncate(high + 1);
    GreyStats {
        count: data.len() as u64 - padding,
        padding,
        min: crate::num::index_i64(low) + offset,
        max: crate::num::index_i64(high) + offset,
        first: offset,
        bin: 1,
        bins,
    }
}

fn of32(image: &DecodedImage, data: &[i64]) -> GreyStats {
    let kept = || data.iter().copied().filter(|&v| !image.is_padding(v));
    let (min, max) = (kept().min().unwrap_or(0), kept().max().unwrap_or(0));
    let bin = (max - min + 1).div_euclid(WIDE_BINS) + 1;
    let mut bins = vec![0_u64; usize::try_from((max - min) / bin + 1).unwrap_or(1)];
    let mut count = 0;
    for v in kept() {
        count += 1;
        if let Some(n) = usize::try_from((v - min) / bin).ok().and_then(|i| bins.get_mut(i)) {
            *n += 1;
        }
    }
    GreyStats { count, padding: data.len() as u64 - count, min, max, first: min, bin, bins }
}

/// Values and how often they occur, ascending.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distribution {
    values: Vec<(f64, u64)>,
    total: u64,
}

impl Distribution {
    pub(crate) fn new(mut values: Vec<(f64, u64)>) -> Self {
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = values.iter().map(|v| v.1).sum();
        Self { values, total }
    }

    /// The value below or at which `percent` of the pixels lie.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let wanted = (percent / 100.0 * self.total as f64).clamp(1.0, self.total.max(1) as f64);
        let mut seen = 0;
        for &(value, n) in &self.values {
            seen += n;
            if seen as f64 >= wanted {
                return Some(value);
            }
        }
        self.values.last().map(|v| v.0)
    }

    /// Lowest and highest value.
    pub fn range(&self) -> Option<(f64, f64)> {
        Some((self.values.first()?.0, self.values.last()?.0))
    }

    /// Share of the pixels at or below `low`, and above `high`.
    pub fn outside(&self, low: f64, high: f64) -> (f64, f64) {
        let share = |keep: &dyn Fn(f64) -> bool| {
            let n: u64 = self.values.iter().filter(|v| keep(v.0)).map(|v| v.1).sum();
            n as f64 / self.total.max(1) as f64
        };
        (share(&|v| v <= low), share(&|v| v > high))
    }

    /// Number of pixels.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Values and counts, ascending.
    pub fn values(&self) -> &[(f64, u64)] {
        &self.values
    }
}

/// A histogram to draw: modality values, equal bins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// Modality value at the left edge of the first bin.
    pub low: f64,
    /// Modality value at the right edge of the last bin.
    pub high: f64,
    /// Pixels in each bin.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// `bins` equal bins over the image's modality values; `None` for colour.
    pub fn of(image: &DecodedImage, bins: usize) -> Option<Self> {
        let distribution = image.stats().distribution(image);
        let (low, high) = distribution.range()?;
        let bins = bins.max(1);
        let mut counts = vec![0; bins];
        let width = (high - low).max(f64::MIN_POSITIVE);
        for &(value, n) in distribution.values() {
            let i = crate::num::to_usize((value - low) / width * bins as f64).min(bins - 1);
            counts[i] += n;
        }
        Some(Self { low, high, counts })
    }
}
