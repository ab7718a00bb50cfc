//! A frontal chest: path lengths of soft tissue, air and bone, added up along each ray.
//! Millimetres, x from the midline (the patient's right is negative), y from the top edge.

use super::dicom::{Lut, Radiograph, Storage};
use super::plane::{Plane, Random, bump, dome, ramp, whole};

const COLUMNS: u16 = 600;
const ROWS: u16 = 700;
const MM: f64 = 0.6;

/// What the two chests differ in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    Healthy,
    Pneumothorax,
}

/// MONOCHROME1 with a pleural line at the right apex and a nodule in the left lung.
pub(super) fn pneumothorax() -> Radiograph {
    let values = film(Right::Pneumothorax, 11);
    Radiograph {
        number: 2,
        title: "Chest with a thin pneumothorax",
        body_part: "CHEST",
        view: "PA",
        photometric: "MONOCHROME1",
        rows: ROWS,
        columns: COLUMNS,
        pixels: values.iter().map(|v| 4095 - v).collect(),
        signed: false,
        intercept: 0,
        windows: vec![("NORMAL", 2450, 3100), ("LUNG", 2900, 1500)],
        luts: Vec::new(),
        spacing_mm: "0.6",
        calibrated: false,
        storage: Storage::Plain,
    }
}

/// MONOCHROME2 seen through a VOI LUT Sequence.
pub(super) fn with_lut() -> Radiograph {
    Radiograph {
        number: 3,
        title: "Chest seen through VOI LUTs",
        body_part: "CHEST",
        view: "PA",
        photometric: "MONOCHROME2",
        rows: ROWS,
        columns: COLUMNS,
        pixels: film(Right::Healthy, 12),
        signed: false,
        intercept: 0,
        windows: Vec::new(),
        luts: vec![
            Lut { explanation: "NORMAL", entries: s_curve(150.0, 3400.0, 1.0) },
            Lut { explanation: "HARD CONTRAST", entries: s_curve(500.0, 2700.0, 2.0) },
        ],
        spacing_mm: "0.6",
        calibrated: false,
        storage: Storage::Rle,
    }
}

/// A film-like curve: flat toe, straight middle, flat shoulder, steeper as `power` grows.
fn s_curve(from: f64, to: f64, power: f64) -> Vec<u16> {
    let entry = |x: u16| {
        let t = ((f64::from(x) - from) / (to - from)).clamp(0.0, 1.0);
        let raised = |t: f64| if power > 1.0 { t * t } else { t * t.sqrt() };
        let y = raised(t) / (raised(t) + raised(1.0 - t));
        whole(y * 65535.0 + 0.5)
    };
    (0..4096).map(entry).collect()
}

/// Bright where the body absorbs more, as MONOCHROME2 stores it.
fn film(right: Right, seed: u64) -> Vec<u16> {
    let vessels = vessels(right);
    let mut plane =
        Plane::from_fn(COLUMNS, ROWS, |px, py| attenuation(px * MM - 180.0, py * MM, right));
    for (value, vessel) in plane.values.iter_mut().zip(&vessels) {
        *value += vessel;
    }
    let softened = plane.softened();
    let mut grey = softened;
    for value in &mut grey.values {
        // A detector's logarithmic answer, bent at both ends like the curve of a maker.
        *value = 120.0 + 3650.0 * (*value / (*value + 95.0));
    }
    grey.with_noise(9.0, seed).to_12_bit()
}

fn attenuation(x: f64, y: f64, right: Right) -> f64 {
    let side = x.abs();
    let body = body(side, y);
    if body <= 0.0 {
        return 0.0;
    }
    let air = lung_air(x, y);
    let heart = 95.0 * dome((x - 26.0 - 0.22 * (y - 250.0)) / 62.0, (y - 252.0) / 56.0);
    let aorta = 26.0 * dome((x - 24.0) / 17.0, (y - 138.0) / 19.0);
    let middle = 60.0 * bump(x + 2.0, 42.0) + 26.0 * bump(x - 4.0, 20.0);
    let windpipe = -24.0 * bump(x + 2.0, 9.0) * (1.0 - ramp(y, 135.0, 160.0));
    let stomach = -42.0 * dome((x - 72.0) / 30.0, (y - 326.0) / 15.0);
    let soft = body - 0.74 * air + heart + aorta + middle + windpipe + stomach;
    let bone = spine(side, y) + ribs(x, y) + clavicle(side, y);
    let nodule = 6.5 * dome((x - 96.0) / 7.0, (y - 176.0) / 7.0);
    (soft + bone + nodule + pleura(x, y, right)).max(0.0)
}

/// Neck, shoulders and trunk.
fn body(side: f64, y: f64) -> f64 {
    let half = 46.0 + 128.0 * ramp(y, 14.0, 92.0) - 10.0 * ramp(y, 120.0, 260.0);
    let t = side / half;
    let depth = 96.0 + 26.0 * ramp(y, 40.0, 160.0) + 34.0 * ramp(y, 300.0, 400.0);
    if t >= 1.0 { 0.0 } else { depth * (1.0 - t * t * t * t).sqrt() }
}

fn diaphragm(x: f64) -> f64 {
    // The right dome stands higher: the liver is under it.
    let (middle, top) = if x < 0.0 { (-74.0, 292.0) } else { (80.0, 306.0) };
    let t = (x - middle) / 62.0;
    top + 38.0 * t * t
}

/// How deep the lung is here.
fn lung_air(x: f64, y: f64) -> f64 {
    let middle = if x < 0.0 { -77.0 } else { 79.0 };
    let edge = dome((x - middle) / 64.0, (y - 215.0) / 150.0);
    let above = 1.0 - ramp(y, diaphragm(x) - 5.0, diaphragm(x) + 2.0);
    124.0 * edge.sqrt() * above
}

/// Whether a point of the right side lies outside the collapsed lung: above 0 it does.
fn beyond_pleura(x: f64, y: f64) -> f64 {
    let (u, v) = ((x + 71.0) / 57.0, (y - 217.0) / 136.0);
    (u * u + v * v).sqrt() - 1.0
}

fn pleura(x: f64, y: f64, right: Right) -> f64 {
    if right == Right::Healthy || x >= 0.0 || lung_air(x, y) <= 0.0 {
        return 0.0;
    }
    let beyond = beyond_pleura(x, y);
    let here = 1.0 - ramp(y, 175.0, 225.0);
    let line = 7.0 * bump(beyond * 75.0, 1.3);
    let empty = -5.0 * ramp(beyond * 75.0, 0.0, 2.0);
    here * (line + empty)
}

fn spine(side: f64, y: f64) -> f64 {
    let beat = (y / 25.0).fract();
    let disc = bump(beat - 0.5, 0.16);
    let body = 1.0 - ramp(side, 13.0, 18.0);
    body * (34.0 - 15.0 * disc) + 10.0 * bump(side - 7.0, 3.0) * bump(beat - 0.2, 0.15)
}

/// A hollow bone: soft inside, dense at its upper and lower edge.
fn bone(distance: f64, half: f64) -> f64 {
    7.0 * bump(distance, half) + 9.0 * bump(distance.abs() - half + 1.2, 1.6)
}

fn ribs(x: f64, y: f64) -> f64 {
    let side = x.abs();
    let span = 158.0 - 70.0 * (1.0 - ramp(y, 30.0, 190.0));
    let there = ramp(side, 12.0, 20.0) * (1.0 - ramp(side, span - 6.0, span));
    let lean = if x < 0.0 { 1.5 } else { 0.0 };
    let posterior: f64 = (0..10)
        .map(|n| {
            let t = (side - 18.0) / 100.0;
            let centre = 66.0 + lean + 24.5 * f64::from(n) - 9.0 * t + 30.0 * t * t * t;
            bone(y - centre, 4.8)
        })
        .sum();
    let anterior: f64 = (0..6)
        .map(|n| {
            let t = (side - 40.0) / 100.0;
            let centre = 168.0 + lean + 30.0 * f64::from(n) - 62.0 * t;
            0.55 * bone(y - centre, 6.0) * ramp(side, 42.0, 56.0)
        })
        .sum();
    there * (posterior + anterior)
}

fn clavicle(side: f64, y: f64) -> f64 {
    let t = (side - 14.0) / 120.0;
    let centre = 92.0 - 34.0 * t + 10.0 * t * t;
    ramp(side, 12.0, 16.0) * (1.0 - ramp(side, 132.0, 142.0)) * 1.5 * bone(y - centre, 5.5)
}

/// One vessel on its way outwards.
struct Branch {
    x: f64,
    y: f64,
    dx: f64,
    dy: f64,
    radius: f64,
}

/// Branching vessels from both hila, thinning until they can no longer be seen.
fn vessels(right: Right) -> Vec<f64> {
    let mut random = Random(2_026);
    let mut canvas = vec![0.0_f64; usize::from(COLUMNS) * usize::from(ROWS)];
    let mut open = Vec::new();
    for side in [-1.0, 1.0] {
        for n in 0..11 {
            let (dx, dy) = (side, -1.5 + 0.33 * f64::from(n) + 0.1 * random.signed());
            let length = (dx * dx + dy * dy).sqrt();
            let (dx, dy) = (dx / length, dy / length);
            open.push(Branch { x: side * 34.0, y: 200.0, dx, dy, radius: 3.4 });
        }
    }
    while let Some(mut branch) = open.pop() {
        while branch.radius > 0.45 {
            if lung_air(branch.x, branch.y) > 20.0 && in_lung(&branch, right) {
                stamp(&mut canvas, &branch);
            }
            let (dx, dy) = (branch.dx + 0.07 * random.signed(), branch.dy + 0.07 * random.signed());
            let length = (dx * dx + dy * dy).sqrt();
            (branch.dx, branch.dy) = (dx / length, dy / length);
            branch.x += branch.dx * 0.6;
            branch.y += branch.dy * 0.6;
            branch.radius *= 0.9905;
            if branch.radius > 0.7 && random.unit() < 0.022 {
                let turn = if random.unit() < 0.5 { 0.6 } else { -0.6 };
                let (dx, dy) = (branch.dx - turn * branch.dy, branch.dy + turn * branch.dx);
                let length = (dx * dx + dy * dy).sqrt();
                let (dx, dy) = (dx / length, dy / length);
                open.push(Branch { dx, dy, radius: branch.radius * 0.72, ..branch });
                branch.radius *= 0.86;
            }
        }
    }
    canvas
}

fn in_lung(branch: &Branch, right: Right) -> bool {
    right == Right::Healthy
        || branch.x > 0.0
        || branch.y > 225.0
        || beyond_pleura(branch.x, branch.y) < -0.02
}

/// Leaves the deepest mark where vessels cross their own path, so that no beads appear.
fn stamp(canvas: &mut [f64], branch: &Branch) {
    let (cx, cy) = ((branch.x + 180.0) / MM, branch.y / MM);
    let radius = branch.radius / MM;
    let reach = |at: f64, end: u16| whole(at - radius).min(end)..whole(at + radius + 1.0).min(end);
    for row in reach(cy, ROWS) {
        let v = (f64::from(row) + 0.5 - cy) / radius;
        for column in reach(cx, COLUMNS) {
            let u = (f64::from(column) + 0.5 - cx) / radius;
            let depth = 4.2 * branch.radius * dome(u, v);
            let at = usize::from(row) * usize::from(COLUMNS) + usize::from(column);
            canvas[at] = canvas[at].max(depth);
        }
    }
}
