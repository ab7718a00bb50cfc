//! Test patterns for a look at the monitor. They are ordinary 16-bit images with
//! the identity window: shown at native resolution they pass through calibration
//! and dither like any film.

use crate::image::{DecodedImage, Metadata, Samples, SourceKind};

/// Which pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// 18 squares from black to white with bars 5 levels darker and brighter,
    /// three flat squares, a gradient with line pairs (after TG270-sQC).
    EighteenSquares,
    /// 16 patches with faint corners, 5 % and 95 % insets, line pairs, a ramp,
    /// a crosshatch (after TG18-QC).
    SixteenPatches,
    /// Half-grey with crosshatch, 11 steps, 0/5 % and 95/100 % insets (after
    /// SMPTE RP133).
    ElevenSteps,
    /// A 12-bit ramp over four 8-bit levels: upper half as it is, lower half
    /// rounded to 8 bits.
    BitDepth,
    /// 1024 steps from black to white.
    ThousandSteps,
    /// 256 steps of 8 bits: what is read back from the screen must be 0..=255.
    Readback,
}

/// Full intensity over 255: one 8-bit level of a P-value.
const LEVEL: u16 = 257;
const TOP: f64 = 65_535.0;

/// Draws a pattern; `None` when `width × height` is too small to hold it.
pub fn pattern(which: Pattern, width: u32, height: u32) -> Option<DecodedImage> {
    if width < 256 || height < 192 || u64::from(width) * u64::from(height) > 1 << 27 {
        return None;
    }
    let mut canvas = Canvas {
        width: width as usize,
        height: height as usize,
        data: vec![0; width as usize * height as usize],
    };
    match which {
        Pattern::EighteenSquares => eighteen_squares(&mut canvas),
        Pattern::SixteenPatches => sixteen_patches(&mut canvas),
        Pattern::ElevenSteps => eleven_steps(&mut canvas),
        Pattern::BitDepth => bit_depth(&mut canvas),
        Pattern::ThousandSteps => canvas.ramp(0, canvas.height, 1024),
        Pattern::Readback => canvas.ramp(0, canvas.height, 256),
    }
    let samples = Samples::Grey16 { data: canvas.data, offset: 0 };
    let meta = Metadata::plain(SourceKind::Png, "pattern", 16);
    Some(DecodedImage::new(width, height, samples, meta))
}

/// A patch of a tenth of the area in the middle, for a luminance meter, with P-value `level`, on a
/// surround of a fifth of full intensity; `None` for sizes that hold none.
pub fn patch(level: u16, width: u32, height: u32) -> Option<DecodedImage> {
    if width < 32 || height < 32 || u64::from(width) * u64::from(height) > 1 << 27 {
        return None;
    }
    let (w, h) = (width as usize, height as usize);
    let mut canvas = Canvas { width: w, height: h, data: vec![share(0.2); w * h] };
    let side = crate::num::to_usize((w as f64 * h as f64 / 10.0).sqrt()).min(w).min(h);
    canvas.fill((w - side) / 2, (h - side) / 2, side, side, level);
    let samples = Samples::Grey16 { data: canvas.data, offset: 0 };
    let meta = Metadata::plain(SourceKind::Png, "patch", 16);
    Some(DecodedImage::new(width, height, samples, meta))
}

struct Canvas {
    width: usize,
    height: usize,
    data: Vec<u16>,
}

impl Canvas {
    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, p: u16) {
        let right = (left + width).min(self.width);
        for y in top..(top + height).min(self.height) {
            if left < right {
                self.data[y * self.width + left..y * self.width + right].fill(p);
            }
        }
    }

    /// Equal steps from black to white over the full width.
    fn ramp(&mut self, top: usize, height: usize, steps: usize) {
        for x in 0..self.width {
            let step = x * steps / self.width;
            let p = share(step as f64 / (steps - 1) as f64);
            self.fill(x, top, 1, height, p);
        }
    }

    /// Vertical lines of `period` pixels in two greys.
    fn lines(&mut self, at: (usize, usize), size: usize, period: usize, greys: (u16, u16)) {
        for x in 0..size {
            let p = if (x / period.max(1)).is_multiple_of(2) { greys.0 } else { greys.1 };
            self.fill(at.0 + x, at.1, 1, size, p);
        }
    }

    fn grid(&mut self, cells: usize, thickness: usize, p: u16) {
        for i in 0..=cells {
            let x = (i * (self.width - thickness)) / cells;
            let y = (i * (self.height - thickness)) / cells;
            let (w, h) = (self.width, self.height);
            self.fill(x, 0, thickness, h, p);
            self.fill(0, y, w, thickness, p);
        }
    }
}

fn share(v: f64) -> u16 {
    crate::num::to_u16(v.clamp(0.0, 1.0) * TOP + 0.5)
}

fn level(v: i32) -> u16 {
    u16::try_from(v.clamp(0, 255)).unwrap_or(0) * LEVEL
}

fn eighteen_squares(c: &mut Canvas) {
    c.data.fill(level(64));
    // Six squares and the gaps around them across, four and the gradient down, in the middle.
    let side = (c.width * 8 / 55).min(c.height * 8 / 45).min(256);
    let gap = side / 8;
    let pitch = side + gap;
    let left = (c.width - (6 * side + 5 * gap)) / 2;
    let top = (c.height - 4 * pitch - gap - side) / 2 + gap;
    for i in 0..18_usize {
        let (x, y) = (left + (i % 6) * pitch, top + (i / 6) * pitch);
        let base = i32::try_from(i * 15).unwrap_or(255);
        c.fill(x, y, side, side, level(base));
        let step = if i == 0 || i == 17 { 3 } else { 5 };
        let sub = side / 3;
        bars(c, (x + side / 12, y + side / 12), sub, base - step);
        bars(c, (x + side - sub - side / 12, y + side - sub - side / 12), sub, base + step);
    }
    let flat = left + 3 * pitch / 2;
    for (i, grey) in [0, 128, 255].into_iter().enumerate() {
        c.fill(flat + i * pitch, top + 3 * pitch, side, side, level(grey));
    }
    let below = top + 4 * pitch;
    c.ramp(below, side, 256);
    let size = side.min(64);
    c.lines((c.width - size, below), size, 1, (level(0), level(255)));
}

/// Vertical bars six pixels wide, every other one in `grey`.
fn bars(c: &mut Canvas, at: (usize, usize), size: usize, grey: i32) {
    for x in (0..size).step_by(12) {
        c.fill(at.0 + x, at.1, 6.min(size - x), size, level(grey));
    }
}

fn sixteen_patches(c: &mut Canvas) {
    c.data.fill(level(128));
    c.grid(10, 1, level(191));
    let side = (c.width / 10).min(c.height / 8).max(32);
    for i in 0..16_usize {
        let base = i32::try_from(8 + i * 16).unwrap_or(255);
        let (left, top) = (c.width / 2 - 2 * side + (i % 4) * side, side + (i / 4) * side);
        c.fill(left, top, side, side, level(base));
        let k = 10.min(side / 3);
        let corners = [(0, 0, 4), (side - k, 0, -4), (0, side - k, -4), (side - k, side - k, 4)];
        for (dx, dy, step) in corners {
            c.fill(left + dx, top + dy, k, k, level(base + step));
        }
    }
    let ends = [(c.width / 2 - 3 * side, 0, 13), (c.width / 2 + 2 * side, 255, 242)];
    for (left, outer, inner) in ends {
        c.fill(left, side, side, side, level(outer));
        c.fill(left + side / 4, side + side / 4, side / 2, side / 2, level(inner));
    }
    let k = side / 2;
    let right = c.width - k;
    let bottom = c.height - k;
    for (x, y) in [(0, 0), (right, 0), (0, bottom), (right, bottom)] {
        c.lines((x, y), k, 1, (level(0), level(255)));
    }
    c.lines((c.width / 2 - k, 5 * side), k, 1, (level(0), level(255)));
    c.lines((c.width / 2, 5 * side), k, 1, (level(128), level(130)));
    let top = (6 * side).min(c.height);
    let height = (c.height - top).min(side).saturating_sub(k);
    c.ramp(top, height, 256);
}

fn eleven_steps(c: &mut Canvas) {
    c.data.fill(share(0.5));
    c.grid(10, 2, share(0.725));
    let side = (c.width / 12).min(c.height / 8);
    let left = (c.width - 11 * side) / 2;
    let top = c.height / 2 - side;
    for i in 0..=10_usize {
        c.fill(left + i * side, top, side, side, share(i as f64 / 10.0));
    }
    let inset = side / 2;
    for (i, (outer, inner)) in [(0.0, 0.05), (1.0, 0.95)].into_iter().enumerate() {
        let x = c.width / 2 - side + i * side;
        c.fill(x, top + side, side, side, share(outer));
        c.fill(x + inset / 2, top + side + inset / 2, inset, inset, share(inner));
    }
    let k = side / 2;
    for (i, period) in [1, 2, 3].into_iter().enumerate() {
        c.lines((i * k, 0), k, period, (share(0.0), share(1.0)));
        c.lines((c.width - (i + 1) * k, 0), k, period, (share(0.48), share(0.53)));
        c.lines((i * k, c.height - k), k, period, (share(0.48), share(0.53)));
        c.lines((c.width - (i + 1) * k, c.height - k), k, period, (share(0.0), share(1.0)));
    }
    c.fill(left, c.height / 8, 11 * side, side / 2, share(0.0));
    c.fill(left + 3 * side, c.height / 8, 5 * side, side / 2, share(1.0));
}

/// Four levels of 8 bits in sixty-four steps of 12.
fn bit_depth(c: &mut Canvas) {
    let steps = 64;
    for x in 0..c.width {
        let fine = 126.0 + (x * steps / c.width) as f64 / 16.0;
        let (upper, height) = (c.height / 2, c.height);
        c.fill(x, 0, 1, upper, share(fine / 255.0));
        c.fill(x, upper, 1, height - upper, share((fine + 0.5).floor() / 255.0));
    }
}
