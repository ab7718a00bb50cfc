//! The viewport renderer: two cached stages, so that a window drag costs a
//! table and one look-up a screen pixel.

use std::sync::Arc;

use rayon::prelude::*;

use crate::calibration::CalibrationLut;
use crate::cover::{self, Cover};
use crate::dither;
use crate::image::{DecodedImage, Samples};
use crate::pipeline::{CODES, Coding, Presentation, derived_plane, display_table, p_table};
use crate::resample::{Codes, Source, Taps, resample};
use crate::view::{Orientation, ViewGeometry, ViewState};

/// How often each stage ran: what a test of "a drag runs stage 2 only" counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Resamplings.
    pub stage1: u64,
    /// Grey transformations.
    pub stage2: u64,
}

/// How P-values become display levels.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// The monitor's calibration; none means P-values go out linearly.
    pub calibration: Option<Arc<CalibrationLut>>,
    /// Leave the ordered dither out.
    pub no_dither: bool,
}

impl Output {
    /// Whether both are the very same calibration and dither.
    pub fn is(&self, other: &Self) -> bool {
        let same = match (&self.calibration, &other.calibration) {
            (None, None) => true,
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            _ => false,
        };
        same && self.no_dither == other.no_dither
    }
}

/// Larger viewports than any wall of monitors are refused.
const MAX_VIEWPORT: u64 = 1 << 27;

/// Renders one viewport. Keep one for each, so that each keeps its caches.
#[derive(Default)]
pub struct Renderer {
    output: Output,
    plane: Option<Plane>,
    resampled: Option<Resampled>,
    shown: Option<(u64, Presentation)>,
    display: Vec<u16>,
    table: Vec<u16>,
    table_key: Option<(u64, Presentation)>,
    thresholds: (u32, u32, Vec<u8>),
    rgba: Vec<u8>,
    counters: Counters,
}

/// The image as it is laid down, ready to be resampled.
struct Plane {
    image: u64,
    orientation: Orientation,
    width: u32,
    height: u32,
    /// `None`: the image's own samples serve.
    data: Option<Vec<u16>>,
    valid: Option<Vec<u8>>,
}

struct Resampled {
    image: u64,
    view: ViewState,
    geometry: ViewGeometry,
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    codes: Vec<u16>,
    cover: Option<Vec<Cover>>,
}

impl Renderer {
    /// A renderer without calibration, with dither.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes calibration or dither; the next render runs stage 2.
    pub fn set_output(&mut self, output: Output) {
        self.output = output;
        self.display.clear();
        self.shown = None;
    }

    /// Calibration and dither it draws with.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// How often each stage ran.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The geometry of the last render, for tools and letters.
    pub fn geometry(&self) -> Option<ViewGeometry> {
        self.resampled.as_ref().map(|r| r.geometry)
    }

    /// Bytes of memory the caches hold.
    pub fn memory_bytes(&self) -> usize {
        let plane = self.plane.as_ref().map_or(0, |p| {
            p.data.as_ref().map_or(0, |d| d.len() * 2) + p.valid.as_ref().map_or(0, Vec::len)
        });
        let stage1 = self
            .resampled
            .as_ref()
            .map_or(0, |r| r.codes.len() * 2 + r.cover.as_ref().map_or(0, Vec::len));
        plane + stage1 + self.rgba.len() + self.thresholds.2.len() + self.table.len() * 2
    }

    /// Forgets the image: nothing of it can appear under another.
    pub fn clear(&mut self) {
        self.plane = None;
        self.resampled = None;
        self.shown = None;
        self.table_key = None;
        self.rgba.clear();
    }

    /// Renders `size` physical pixels, RGBA row by row. Unchanged input costs
    /// nothing; a changed presentation runs stage 2, a changed view both.
    pub fn render(
        &mut self,
        image: &DecodedImage,
        view: &ViewState,
        pres: &Presentation,
        size: (u32, u32),
    ) -> &[u8] {
        if !is_viewport(size) {
            self.rgba.clear();
            self.shown = None;
            return &self.rgba;
        }
        if self.resample(image, view, size) || self.shown != Some((image.id(), *pres)) {
            let mut rgba = std::mem::take(&mut self.rgba);
            self.stage2(image, pres, &mut rgba);
            self.rgba = rgba;
            self.shown = Some((image.id(), *pres));
        }
        &self.rgba
    }

    /// Renders into a buffer of the caller's, which is resized to fit and wholly overwritten; for
    /// pictures that are handed on without a copy. Empty where the viewport has no sensible size.
    pub fn render_into(
        &mut self,
        image: &DecodedImage,
        view: &ViewState,
        pres: &Presentation,
        size: (u32, u32),
        out: &mut Vec<u8>,
    ) {
        if is_viewport(size) {
            self.resample(image, view, size);
            self.stage2(image, pres, out);
        } else {
            out.clear();
        }
    }

    /// Runs stage 1 unless its last result serves; true if it ran.
    fn resample(&mut self, image: &DecodedImage, view: &ViewState, size: (u32, u32)) -> bool {
        let geometry = ViewGeometry::new(image, view, size);
        let same = self
            .resampled
            .as_ref()
            .is_some_and(|r| r.image == image.id() && r.view == *view && r.geometry == geometry);
        if !same {
            self.stage1(image, view, geometry);
        }
        !same
    }

    fn stage1(&mut self, image: &DecodedImage, view: &ViewState, geometry: ViewGeometry) {
        self.counters.stage1 += 1;
        let stale = self
            .plane
            .as_ref()
            .is_none_or(|p| p.image != image.id() || p.orientation != view.orientation);
        if stale {
            self.plane = None;
            self.plane = Some(Plane::new(image, view.orientation));
        }
        let Some(plane) = &self.plane else { return };
        let filter = view.filter;
        let (w, h) = geometry.size;
        let x = Taps::new(w, geometry.origin.0, geometry.scale.0, plane.width, filter);
        let y = Taps::new(h, geometry.origin.1, geometry.scale.1, plane.height, filter);
        let channels = if image.is_colour() { 3 } else { 1 };
        let own = match &image.samples {
            Samples::Grey16 { data, .. } | Samples::Rgb { data, .. } => data.as_slice(),
            Samples::Grey32(_) => &[],
        };
        let source = Source {
            data: plane.data.as_deref().unwrap_or(own),
            width: plane.width as usize,
            channels,
            valid: plane.valid.as_deref(),
        };
        let mut codes = self.resampled.take().map(|r| r.codes).unwrap_or_default();
        resample(source, &x, &y, Codes { gain: gain(image) }, &mut codes);
        let cover = cover::plane(image, view, plane.valid.as_deref(), &x, &y);
        self.resampled = Some(Resampled {
            image: image.id(),
            view: *view,
            geometry,
            left: x.from as usize,
            top: y.from as usize,
            width: x.len(),
            height: y.len(),
            codes,
            cover,
        });
    }

    fn stage2(&mut self, image: &DecodedImage, pres: &Presentation, rgba: &mut Vec<u8>) {
        self.counters.stage2 += 1;
        if self.display.is_empty() {
            self.display = display_table(self.output.calibration.as_deref());
            self.table_key = None;
        }
        self.update_table(image, pres);
        let Some(r) = &self.resampled else { return };
        let (w, h) = r.geometry.size;
        if (self.thresholds.0, self.thresholds.1) != (w, h) {
            self.thresholds = (w, h, dither::plane(w, h));
        }
        let width = w as usize;
        let channels = if image.is_colour() { 3 } else { 1 };
        rgba.resize(width * h as usize * 4, 255);
        let painter = Painter {
            r,
            table: &self.table,
            thresholds: (!self.output.no_dither).then_some(self.thresholds.2.as_slice()),
            width,
            channels,
            shutter: shutter_level(image, &self.display),
        };
        rgba.par_chunks_mut(width * 4).enumerate().for_each(|(y, row)| painter.row(y, row));
    }

    fn update_table(&mut self, image: &DecodedImage, pres: &Presentation) {
        if self.table_key == Some((image.id(), *pres)) {
            return;
        }
        self.table_key = Some((image.id(), *pres));
        if image.is_colour() {
            // Colour is not calibrated as grey: straight to levels.
            self.table = display_table(None);
            return;
        }
        let mut table = p_table(image, &Coding::of(image), pres);
        for p in &mut table {
            *p = self.display[usize::from(*p)];
        }
        self.table = table;
    }
}

fn is_viewport(size: (u32, u32)) -> bool {
    (1..=MAX_VIEWPORT).contains(&(u64::from(size.0) * u64::from(size.1)))
}

#[expect(clippy::cast_possible_truncation, reason = "whole numbers up to 65,535")]
fn gain(image: &DecodedImage) -> f32 {
    Coding::of(image).gain as f32
}

/// The shutter's P-value as a display level, rounded.
fn shutter_level(image: &DecodedImage, display: &[u16]) -> u8 {
    let p = image.meta.shutter.as_ref().map_or(0, |s| s.value);
    let v = display.get(usize::from(p)).copied().unwrap_or(0);
    u8::try_from(v.saturating_add(128) >> 8).unwrap_or(u8::MAX)
}

impl Plane {
    fn new(image: &DecodedImage, orientation: Orientation) -> Self {
        let derived = derived_plane(image);
        let valid = cover::valid_plane(image);
        let turned = orientation != Orientation::default();
        let own = match &image.samples {
            Samples::Grey16 { data, .. } | Samples::Rgb { data, .. } => data.as_slice(),
            Samples::Grey32(_) => &[],
        };
        let channels = if image.is_colour() { 3 } else { 1 };
        let (w, h) = (image.width, image.height);
        let (width, height) = if orientation.swaps_axes() { (h, w) } else { (w, h) };
        let data = if turned {
            Some(lay_down(derived.as_deref().unwrap_or(own), (w, h), orientation, channels))
        } else {
            derived
        };
        let valid = match valid {
            Some(v) if turned => Some(lay_down(&v, (w, h), orientation, 1)),
            other => other,
        };
        Self { image: image.id(), orientation, width, height, data, valid }
    }
}

/// Copies a plane into another orientation.
fn lay_down<T: Copy + Default + Send + Sync>(
    data: &[T],
    size: (u32, u32),
    orientation: Orientation,
    channels: usize,
) -> Vec<T> {
    let (w, h) = (size.0 as usize, size.1 as usize);
    let across = if orientation.swaps_axes() { h } else { w };
    let mut out = vec![T::default(); data.len()];
    out.par_chunks_mut((across * channels).max(1)).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
            let (sx, sy) = orientation.source(w, h, x, y);
            let at = (sy * w + sx) * channels;
            pixel.copy_from_slice(&data[at..at + channels]);
        }
    });
    out
}

struct Painter<'a> {
    r: &'a Resampled,
    table: &'a [u16],
    thresholds: Option<&'a [u8]>,
    width: usize,
    channels: usize,
    shutter: u8,
}

impl Painter<'_> {
    fn row(&self, y: usize, row: &mut [u8]) {
        let r = self.r;
        let pixels = row.as_chunks_mut::<4>().0;
        if y < r.top || y >= r.top + r.height || r.width == 0 {
            pixels.fill([0, 0, 0, 255]);
            return;
        }
        let (left, rest) = pixels.split_at_mut(r.left);
        let (inside, right) = rest.split_at_mut(r.width);
        left.fill([0, 0, 0, 255]);
        right.fill([0, 0, 0, 255]);
        let n = r.width * self.channels;
        let codes = &r.codes[(y - r.top) * n..][..n];
        let thresholds = self.thresholds.map(|t| &t[y * self.width + r.left..][..r.width]);
        if self.channels == 3 {
            self.colour(inside, codes);
        } else {
            self.grey(inside, codes, thresholds);
        }
        if let Some(cover) = &r.cover {
            let marks = &cover[(y - r.top) * r.width..][..r.width];
            for ((pixel, &mark), x) in inside.iter_mut().zip(marks).zip(r.left..) {
                mark.paint(pixel, x, y, self.shutter);
            }
        }
    }

    fn grey(&self, pixels: &mut [[u8; 4]], codes: &[u16], thresholds: Option<&[u8]>) {
        // A table of exactly 65,536 entries needs no bounds checks.
        let Some(table) = self.table.first_chunk::<CODES>() else { return };
        let level = |code: u16, t: u8| {
            let [_, high] = (table[usize::from(code)] + u16::from(t)).to_le_bytes();
            [high, high, high, 255]
        };
        match thresholds {
            Some(t) => {
                for ((pixel, &code), &t) in pixels.iter_mut().zip(codes).zip(t) {
                    *pixel = level(code, t);
                }
            }
            None => {
                for (pixel, &code) in pixels.iter_mut().zip(codes) {
                    *pixel = level(code, dither::ROUNDING);
                }
            }
        }
    }

    fn colour(&self, pixels: &mut [[u8; 4]], codes: &[u16]) {
        let level = |code: u16| {
            let v = self.table.get(usize::from(code)).copied().unwrap_or(0);
            let [_, high] = v.saturating_add(u16::from(dither::ROUNDING)).to_le_bytes();
            high
        };
        for (pixel, c) in pixels.iter_mut().zip(codes.as_chunks::<3>().0) {
            *pixel = [level(c[0]), level(c[1]), level(c[2]), 255];
        }
    }
}
