//! Distances, angles and regions, in units that say what they are worth.

use serde::Serialize;

use crate::image::{DecodedImage, Spacing, SpacingKind};

/// A point in image coordinates: x to the right (columns), y down (rows).
pub type Point = (f64, f64);

impl SpacingKind {
    /// The unit of a length.
    pub fn unit(self) -> &'static str {
        match self {
            Self::None => "px",
            _ => "mm",
        }
    }

    /// What the reader must know about the unit; empty for pixels.
    pub fn qualifier(self) -> &'static str {
        match self {
            Self::Calibrated => "calibrated",
            Self::Detector => "at detector, uncalibrated",
            Self::Estimated => "est.",
            Self::Nominal => "nominal",
            Self::None => "",
        }
    }

    /// Unit and qualifier: `mm (calibrated)`, `mm at detector, uncalibrated`, `px`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Calibrated => "mm (calibrated)",
            Self::Detector => "mm at detector, uncalibrated",
            Self::Estimated => "mm est.",
            Self::Nominal => "mm nominal",
            Self::None => "px",
        }
    }
}

fn millimetres(spacing: &Spacing, from: Point, to: Point) -> (f64, f64) {
    ((to.0 - from.0) * spacing.col, (to.1 - from.1) * spacing.row)
}

/// The distance between two points, in [`SpacingKind::unit`].
pub fn length(spacing: &Spacing, from: Point, to: Point) -> f64 {
    let (dx, dy) = millimetres(spacing, from, to);
    dx.hypot(dy)
}

/// The distance with its unit, as it is written beside the line.
pub fn length_text(spacing: &Spacing, from: Point, to: Point) -> String {
    format!("{:.1} {}", length(spacing, from, to), spacing.kind.label())
}

/// The angle at `vertex`, degrees, 0..=180. Needs no spacing, only the pixels' shape.
pub fn angle(spacing: &Spacing, a: Point, vertex: Point, b: Point) -> f64 {
    between(millimetres(spacing, vertex, a), millimetres(spacing, vertex, b))
}

/// Cobb's angle: the acute angle between two lines, degrees, 0..=90.
pub fn cobb(spacing: &Spacing, first: (Point, Point), second: (Point, Point)) -> f64 {
    let angle =
        between(millimetres(spacing, first.0, first.1), millimetres(spacing, second.0, second.1));
    angle.min(180.0 - angle)
}

fn between(u: (f64, f64), v: (f64, f64)) -> f64 {
    let cross = u.0 * v.1 - u.1 * v.0;
    let dot = u.0 * v.0 + u.1 * v.1;
    cross.abs().atan2(dot).to_degrees()
}

/// The outline of a region of interest, in image coordinates.
#[derive(Debug, Clone, PartialEq)]
pub enum Roi {
    /// An upright rectangle between two corners.
    Rectangle(Point, Point),
    /// The ellipse inside an upright rectangle.
    Ellipse(Point, Point),
    /// A closed polygon.
    Polygon(Vec<Point>),
}

impl Roi {
    fn bounds(&self) -> (Point, Point) {
        let of = |points: &mut dyn Iterator<Item = Point>| {
            let start = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
            points.fold(start, |(low, high), p| {
                ((low.0.min(p.0), low.1.min(p.1)), (high.0.max(p.0), high.1.max(p.1)))
            })
        };
        match self {
            Self::Rectangle(a, b) | Self::Ellipse(a, b) => of(&mut [*a, *b].into_iter()),
            Self::Polygon(points) => of(&mut points.iter().copied()),
        }
    }

    fn contains(&self, p: Point) -> bool {
        let (low, high) = self.bounds();
        let boxed = p.0 >= low.0 && p.0 < high.0 && p.1 >= low.1 && p.1 < high.1;
        boxed
            && match self {
                Self::Rectangle(..) => true,
                Self::Ellipse(..) => {
                    let axis = |v: f64, lo: f64, hi: f64| {
                        (v - f64::midpoint(lo, hi)) / ((hi - lo) / 2.0).max(f64::MIN_POSITIVE)
                    };
                    let (dx, dy) = (axis(p.0, low.0, high.0), axis(p.1, low.1, high.1));
                    dx * dx + dy * dy <= 1.0
                }
                Self::Polygon(points) => in_polygon(points, p),
            }
    }
}

fn in_polygon(points: &[Point], p: Point) -> bool {
    let mut inside = false;
    let Some(&(mut previous)) = points.last() else { return false };
    for &corner in points {
        if (previous.1 > p.1) != (corner.1 > p.1) {
            let x = (corner.0 - previous.0) * (p.1 - previous.1) / (corner.1 - previous.1);
            if p.0 < x + previous.0 {
                inside = !inside;
            }
        }
        previous = corner;
    }
    inside
}

/// Figures of a region, in modality values, padding left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RoiStats {
    /// Pixels whose centre lies inside.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation (sample).
    pub sd: f64,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// Area, in the square of the spacing's unit.
    pub area: f64,
    /// What the area's figure is worth.
    pub kind: SpacingKind,
    /// Share of the pixels at the image's highest level.
    pub at_max: f64,
    /// Share of the pixels at the image's lowest level.
    pub at_min: f64,
    /// Distinct levels.
    pub levels: u64,
}

/// Measures a region; `None` when it holds no grey pixel.
pub fn roi_stats(image: &DecodedImage, roi: &Roi) -> Option<RoiStats> {
    let (low, high) = roi.bounds();
    let stats = image.stats();
    let from = |v: f64| crate::num::to_u32(v.floor().max(0.0));
    let until = |v: f64, n: u32| crate::num::to_u32(v.ceil().max(0.0)).min(n);
    let (mut n, mut mean, mut m2) = (0_u64, 0.0, 0.0);
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut at_max, mut at_min) = (0_u64, 0_u64);
    let mut levels = std::collections::BTreeSet::new();
    for y in from(low.1)..until(high.1, image.height) {
        for x in from(low.0)..until(high.0, image.width) {
            if !roi.contains((f64::from(x) + 0.5, f64::from(y) + 0.5)) {
                continue;
            }
            let stored = image.stored(y as usize * image.width as usize + x as usize)?;
            if image.is_padding(stored) {
                continue;
            }
            let value = image.modality_of(stored);
            n += 1;
            let step = value - mean;
            mean += step / n as f64;
            m2 += step * (value - mean);
            (min, max) = (min.min(value), max.max(value));
            at_max += u64::from(stored == stats.max);
            at_min += u64::from(stored == stats.min);
            levels.insert(stored);
        }
    }
    if n == 0 {
        return None;
    }
    let spacing = &image.meta.spacing;
    Some(RoiStats {
        count: n,
        mean,
        sd: if n > 1 { (m2 / (n - 1) as f64).sqrt() } else { 0.0 },
        min,
        max,
        area: n as f64 * spacing.row * spacing.col,
        kind: spacing.kind,
        at_max: at_max as f64 / n as f64,
        at_min: at_min as f64 / n as f64,
        levels: levels.len() as u64,
    })
}
