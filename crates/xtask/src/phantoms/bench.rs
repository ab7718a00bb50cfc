//! Phantoms of a test bench: a step wedge with discs, and a drawing to scale.

use super::dicom::{Radiograph, Storage};
use super::plane::Plane;

const COLUMNS: u16 = 600;
const ROWS: u16 = 700;

/// Sixteen steps, and below them discs of falling contrast and falling size.
pub(super) fn wedge() -> Radiograph {
    let plane = Plane::from_fn(COLUMNS, ROWS, |x, y| {
        let step = if y < 300.0 { (x / 37.5).floor() * 240.0 + 240.0 } else { 2000.0 };
        step + discs(x, y)
    });
    Radiograph {
        number: 1,
        title: "Step wedge and low-contrast discs",
        body_part: "",
        view: "",
        photometric: "MONOCHROME2",
        rows: ROWS,
        columns: COLUMNS,
        pixels: plane.softened().with_noise(6.0, 10).to_12_bit(),
        signed: false,
        intercept: 0,
        windows: vec![("FULL", 2048, 4096), ("LOW CONTRAST", 2000, 300)],
        luts: Vec::new(),
        spacing_mm: "0.2",
        calibrated: false,
        storage: Storage::Rle,
    }
}

/// Eight columns of contrast 64, 45, 32 … against six rows of diameter 60, 42, 30 … pixels.
fn discs(x: f64, y: f64) -> f64 {
    let mut contrast = 64.0;
    for column in 0..8 {
        let mut radius = 29.0;
        let mut centre = 350.0;
        for _ in 0..6 {
            let (dx, dy) = (x - 37.5 - 75.0 * f64::from(column), y - centre);
            if dx * dx + dy * dy < radius * radius {
                return contrast;
            }
            centre += radius + 24.0;
            radius *= 0.7;
            centre += radius;
        }
        contrast *= 0.7;
    }
    0.0
}

/// A square of 100 mm, a circle of 50 mm across, line pairs, and a ruler, 0.25 mm a pixel.
pub(super) fn geometry() -> Radiograph {
    let plane = Plane::from_fn(COLUMNS, ROWS, |px, py| {
        let (x, y) = (px * 0.25, py * 0.25);
        if square(x, y) || circle(x, y) || ruler(x, y) || line_pairs(px, py) {
            3400.0
        } else {
            700.0
        }
    });
    Radiograph {
        number: 4,
        title: "Lengths, angles and line pairs to scale",
        body_part: "",
        view: "",
        photometric: "MONOCHROME2",
        rows: ROWS,
        columns: COLUMNS,
        // 12 bits in two's complement: 2048 is stored as 0, and rescaled back.
        pixels: plane.to_12_bit().iter().map(|v| v.wrapping_sub(2048) & 0x0FFF).collect(),
        signed: true,
        intercept: 2048,
        windows: vec![("FULL", 2048, 4096)],
        luts: Vec::new(),
        spacing_mm: "0.25",
        calibrated: true,
        storage: Storage::Rle,
    }
}

/// Lines 0.5 mm wide whose outer edges are 100 mm apart, with both diagonals.
fn square(x: f64, y: f64) -> bool {
    let (u, v) = (x - 25.0, y - 12.0);
    let inside = (0.0..100.0).contains(&u) && (0.0..100.0).contains(&v);
    let border = u < 0.5 || v < 0.5 || u >= 99.5 || v >= 99.5;
    let diagonal = (u - v).abs() < 0.35 || (u + v - 100.0).abs() < 0.35;
    inside && (border || diagonal)
}

fn circle(x: f64, y: f64) -> bool {
    let (u, v) = (x - 75.0, y - 62.0);
    let radius = (u * u + v * v).sqrt();
    (24.5..25.0).contains(&radius)
}

/// A tick each millimetre, longer at 5 and 10.
fn ruler(x: f64, y: f64) -> bool {
    let u = x - 25.0;
    if !(0.0..100.25).contains(&u) || u.fract() >= 0.25 {
        return false;
    }
    let whole = u.floor();
    let long = if whole % 10.0 == 0.0 {
        6.0
    } else if whole % 5.0 == 0.0 {
        4.0
    } else {
        2.5
    };
    (118.0..118.0 + long).contains(&y)
}

/// Groups of bars 1, 2, 3, 4, 6 and 8 pixels wide, upright above, lying below.
fn line_pairs(px: f64, py: f64) -> bool {
    let mut left = 40.0;
    for width in [1.0, 2.0, 3.0, 4.0, 6.0, 8.0] {
        let size = 10.0 * width;
        let (u, v) = (px - left, py - 520.0);
        if (0.0..size).contains(&u) && (0.0..70.0).contains(&v) {
            return (u / width).floor() % 2.0 == 0.0;
        }
        let w = py - 600.0;
        if (0.0..size.min(90.0)).contains(&u) && (0.0..90.0).contains(&w) {
            return (w / width).floor() % 2.0 == 0.0;
        }
        left += size + 30.0;
    }
    false
}
