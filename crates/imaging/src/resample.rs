//! Stage 1: values in image geometry to values in viewport geometry.

use rayon::prelude::*;

use crate::view::{Filter, whole};

/// For every screen pixel of one axis, which source pixels it is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Taps {
    /// First source pixel and number of weights, per screen pixel.
    spans: Vec<(u32, u32)>,
    /// Where a span's weights begin.
    begins: Vec<u32>,
    weights: Vec<f32>,
    /// The same in double precision, for what is not shown but written.
    exact_weights: Vec<f64>,
    /// The source pixel at the centre of each screen pixel.
    pub(crate) nearest: Vec<u32>,
    /// First screen pixel on the image.
    pub(crate) from: u32,
    /// Whether every screen pixel is exactly one source pixel.
    pub(crate) exact: bool,
}

impl Taps {
    /// Taps for the screen pixels of `0..size` whose centres lie on the image.
    pub(crate) fn new(size: u32, origin: f64, scale: f64, source: u32, filter: Filter) -> Self {
        let inside = |i: u32| {
            let at = (f64::from(i) + 0.5 - origin) / scale;
            (at >= 0.0 && at < f64::from(source)).then_some(at)
        };
        let first = crate::num::to_u32((origin - 0.5).ceil().max(0.0)).min(size);
        let mut taps = Self {
            spans: Vec::new(),
            begins: Vec::new(),
            weights: Vec::new(),
            exact_weights: Vec::new(),
            nearest: Vec::new(),
            from: first,
            exact: whole(scale),
        };
        for i in first..size {
            let Some(at) = inside(i) else {
                if taps.nearest.is_empty() {
                    taps.from = i + 1;
                    continue;
                }
                break;
            };
            taps.nearest.push(crate::num::to_u32(at).min(source - 1));
            taps.begins.push(crate::num::count_u32(taps.weights.len()));
            let span = if taps.exact {
                taps.push(1.0);
                (crate::num::to_u32(at).min(source - 1), 1)
            } else if scale < 1.0 {
                let start = (f64::from(i) - origin) / scale;
                taps.area(start.max(0.0), (start + 1.0 / scale).min(f64::from(source)), source)
            } else if filter == Filter::Bicubic {
                taps.cubic(at - 0.5, source)
            } else {
                taps.linear(at - 0.5, source)
            };
            taps.spans.push(span);
        }
        taps
    }

    /// Screen pixels on the image.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    fn span(&self, i: usize) -> (usize, &[f32]) {
        let (start, n) = self.spans[i];
        let begin = self.begins[i] as usize;
        (start as usize, &self.weights[begin..begin + n as usize])
    }

    fn exact_span(&self, i: usize) -> (usize, &[f64]) {
        let (start, n) = self.spans[i];
        let begin = self.begins[i] as usize;
        (start as usize, &self.exact_weights[begin..begin + n as usize])
    }

    /// Source pixels that are touched at all.
    fn touched(&self) -> (usize, usize) {
        let low = self.spans.iter().map(|s| s.0).min().unwrap_or(0);
        let high = self.spans.iter().map(|s| s.0 + s.1).max().unwrap_or(0);
        (low as usize, high as usize)
    }

    fn area(&mut self, from: f64, to: f64, source: u32) -> (u32, u32) {
        let first = crate::num::to_u32(from).min(source - 1);
        let last = crate::num::to_u32((to - 1e-9).max(0.0)).min(source - 1).max(first);
        let total = (to - from).max(f64::MIN_POSITIVE);
        for k in first..=last {
            let covered = (f64::from(k) + 1.0).min(to) - f64::from(k).max(from);
            self.push(covered.max(0.0) / total);
        }
        (first, last - first + 1)
    }

    fn linear(&mut self, at: f64, source: u32) -> (u32, u32) {
        let at = at.clamp(0.0, f64::from(source - 1));
        let first = crate::num::to_u32(at);
        if first + 1 >= source {
            self.push(1.0);
            return (source - 1, 1);
        }
        let part = at - f64::from(first);
        self.push(1.0 - part);
        self.push(part);
        (first, 2)
    }

    fn cubic(&mut self, at: f64, source: u32) -> (u32, u32) {
        let base = at.floor();
        if base < 1.0 || base + 2.0 > f64::from(source - 1) {
            return self.linear(at, source);
        }
        let t = at - base;
        let (t2, t3) = (t * t, t * t * t);
        self.push(-0.5 * t + t2 - 0.5 * t3);
        self.push(1.0 - 2.5 * t2 + 1.5 * t3);
        self.push(0.5 * t + 2.0 * t2 - 1.5 * t3);
        self.push(-0.5 * t2 + 0.5 * t3);
        (crate::num::to_u32(base) - 1, 4)
    }

    #[expect(clippy::cast_possible_truncation, reason = "weights are of order one")]
    fn push(&mut self, weight: f64) {
        self.weights.push(weight as f32);
        self.exact_weights.push(weight);
    }
}

/// A plane to take samples from: `channels` interleaved values a pixel.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) data: &'a [u16],
    pub(crate) width: usize,
    pub(crate) channels: usize,
    /// 0 where a pixel is padding.
    pub(crate) valid: Option<&'a [u8]>,
}

/// Codes for the tables of stage 2: the value times a gain, rounded; 0 where everything was
/// padding.
#[derive(Clone, Copy)]
pub(crate) struct Codes {
    pub(crate) gain: f32,
}

impl Codes {
    fn keep(self, value: f32) -> u16 {
        crate::num::round_u16(value * self.gain)
    }
}

/// Resamples in double precision: values of the plane, NaN where everything was padding.
pub(crate) fn resample_exact(source: Source<'_>, x: &Taps, y: &Taps) -> Vec<f64> {
    let n = source.channels;
    let mut out = vec![f64::NAN; x.len() * y.len() * n];
    out.par_chunks_mut((x.len() * n).max(1)).enumerate().for_each(|(i, line)| {
        let (top, down) = y.exact_span(i);
        let mut sums = vec![(0.0, 0.0); source.width * n];
        for (k, &wy) in down.iter().enumerate() {
            let row = (top + k) * source.width;
            for (at, sum) in sums.iter_mut().enumerate() {
                let pixel = row + at / n;
                if source.valid.is_none_or(|v| v[pixel] != 0) {
                    sum.0 += wy * f64::from(source.data[row * n + at]);
                    sum.1 += wy;
                }
            }
        }
        for (j, pixel) in line.chunks_exact_mut(n).enumerate() {
            let (left, across) = x.exact_span(j);
            for (c, slot) in pixel.iter_mut().enumerate() {
                let (mut value, mut weight) = (0.0, 0.0);
                for (k, &wx) in across.iter().enumerate() {
                    let sum = sums[(left + k) * n + c];
                    value += wx * sum.0;
                    weight += wx * sum.1;
                }
                if weight > 1e-6 {
                    *slot = settled(value / weight);
                }
            }
        }
    });
    out
}

/// Weights add up to one but for the last bit: what lies that close to a whole value is one, and
/// a window one value wide still sees it as such.
fn settled(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() < 1e-9 { whole } else { value }
}

/// Resamples to `x.len() × y.len()` pixels.
pub(crate) fn resample(source: Source<'_>, x: &Taps, y: &Taps, finish: Codes, out: &mut Vec<u16>) {
    let row = x.len() * source.channels;
    out.clear();
    out.resize(row * y.len(), 0);
    if row == 0 {
        return;
    }
    let exact = x.exact && y.exact;
    out.par_chunks_mut(row).enumerate().for_each_init(Scratch::default, |scratch, (i, line)| {
        if exact {
            exact_row(source, x, y.nearest[i] as usize, finish, line);
        } else if source.valid.is_some() {
            masked_row(source, x, y, i, finish, line, scratch);
        } else {
            blended_row(source, x, y, i, finish, line, scratch);
        }
    });
}

#[derive(Default)]
struct Scratch {
    sum: Vec<f32>,
    weight: Vec<f32>,
}

fn exact_row(source: Source<'_>, x: &Taps, sy: usize, finish: Codes, line: &mut [u16]) {
    let n = source.channels;
    let row = &source.data[sy * source.width * n..][..source.width * n];
    for (pixel, &sx) in line.chunks_exact_mut(n).zip(&x.nearest) {
        for (v, &s) in pixel.iter_mut().zip(&row[sx as usize * n..]) {
            *v = finish.keep(f32::from(s));
        }
    }
}

/// Rows are added up first: that loop runs along memory.
fn blended_row(
    source: Source<'_>,
    x: &Taps,
    y: &Taps,
    i: usize,
    finish: Codes,
    line: &mut [u16],
    scratch: &mut Scratch,
) {
    let n = source.channels;
    let (left, right) = x.touched();
    let width = (right - left) * n;
    let sum = &mut scratch.sum;
    sum.clear();
    sum.resize(width, 0.0);
    let (first, weights) = y.span(i);
    for (k, &wy) in weights.iter().enumerate() {
        let start = ((first + k) * source.width + left) * n;
        let row = &source.data[start..start + width];
        for (s, &v) in sum.iter_mut().zip(row) {
            *s += wy * f32::from(v);
        }
    }
    for (j, pixel) in line.chunks_exact_mut(n).enumerate() {
        let (first, weights) = x.span(j);
        let start = (first - left) * n;
        if n == 1 {
            let v: f32 =
                weights.iter().zip(&sum[start..start + weights.len()]).map(|(w, s)| w * s).sum();
            pixel[0] = finish.keep(v);
        } else {
            for (c, slot) in pixel.iter_mut().enumerate() {
                let v: f32 =
                    weights.iter().enumerate().map(|(k, w)| w * sum[start + k * n + c]).sum();
                *slot = finish.keep(v);
            }
        }
    }
}

/// Padding has no weight: no fringe of it enters its neighbours.
fn masked_row(
    source: Source<'_>,
    x: &Taps,
    y: &Taps,
    i: usize,
    finish: Codes,
    line: &mut [u16],
    scratch: &mut Scratch,
) {
    let Some(valid) = source.valid else { return };
    let (left, right) = x.touched();
    let width = right - left;
    let Scratch { sum, weight } = scratch;
    for plane in [&mut *sum, &mut *weight] {
        plane.clear();
        plane.resize(width, 0.0);
    }
    let (first, weights) = y.span(i);
    for (k, &wy) in weights.iter().enumerate() {
        let start = (first + k) * source.width + left;
        let row = &source.data[start..start + width];
        let mask = &valid[start..start + width];
        for (((s, w), &v), &m) in sum.iter_mut().zip(weight.iter_mut()).zip(row).zip(mask) {
            let share = wy * f32::from(m);
            *s += share * f32::from(v);
            *w += share;
        }
    }
    for (j, slot) in line.iter_mut().enumerate() {
        let (first, weights) = x.span(j);
        let start = first - left;
        let (mut v, mut total) = (0.0, 0.0);
        for (k, &wx) in weights.iter().enumerate() {
            v += wx * sum[start + k];
            total += wx * weight[start + k];
        }
        *slot = if total > 1e-6 { finish.keep(v / total) } else { 0 };
    }
}
