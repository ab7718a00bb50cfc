//! Triangles by the rule of graphics cards: a pixel belongs to the triangle that holds its centre, and
//! on an edge to the one below or to the right of it, so that neighbours neither overlap nor gap.

use crate::area::Area;
use crate::pixel;
use crate::span::Band;
use crate::texture::Texture;
use egui::{Color32, Pos2};

/// Steps in a pixel.
pub(crate) const STEPS: i32 = 256;
const HALF: i32 = STEPS / 2;

/// A corner on the grid of 1/256 pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Corner {
    pub x: i32,
    pub y: i32,
    /// Place in the texture, in texels.
    pub uv: [f32; 2],
    pub color: Color32,
}

impl Corner {
    /// At a place in pixels.
    pub(crate) fn new(place: Pos2, uv: [f32; 2], color: Color32) -> Self {
        // Positive numbers are cut to whole ones; rounding any other way is a call into a library.
        const BELOW_ALL: f64 = 1e8;
        let grid = |v: f32| {
            let steps = f64::from(v) * f64::from(STEPS) + (BELOW_ALL + 0.5);
            #[expect(clippy::cast_possible_truncation, reason = "cut to a range that fits")]
            let steps = (steps.clamp(0.0, 2.0 * BELOW_ALL) as i32) - BELOW_ALL as i32;
            steps
        };
        Self { x: grid(place.x), y: grid(place.y), uv, color }
    }
}

/// The first pixel whose centre is at or after a place on the grid.
pub(crate) fn first(place: i32) -> i32 {
    (place - HALF + STEPS - 1) >> 8
}

/// An edge as what it allows in a row.
struct Edge {
    ax: i64,
    ay: i64,
    dx: i64,
    dy: i64,
    /// 0 when pixels on the edge belong to this triangle, else 1.
    bias: i64,
}

impl Edge {
    fn new(a: Corner, b: Corner) -> Self {
        let (dx, dy) = (i64::from(b.x) - i64::from(a.x), i64::from(b.y) - i64::from(a.y));
        let owns = dy < 0 || (dy == 0 && dx > 0);
        Self { ax: a.x.into(), ay: a.y.into(), dx, dy, bias: i64::from(!owns) }
    }

    /// Narrows the columns of a row to those inside.
    fn narrow(&self, y: i32, columns: &mut [i64; 2]) {
        let py = i64::from(y) * i64::from(STEPS) + i64::from(HALF);
        let room = self.dx * (py - self.ay) - self.dy * (i64::from(HALF) - self.ax) - self.bias;
        let step = self.dy * i64::from(STEPS);
        match step.signum() {
            1 => columns[1] = columns[1].min(room.div_euclid(step) + 1),
            -1 => columns[0] = columns[0].max(-room.div_euclid(-step)),
            _ if room < 0 => columns[1] = columns[0],
            _ => {}
        }
    }
}

/// A value that changes evenly over the triangle.
#[derive(Clone, Copy)]
struct Slope {
    at: f64,
    dx: f64,
    dy: f64,
}

impl Slope {
    /// From the values at three corners; `at` is the value at the centre of pixel (0, 0).
    fn new([a, b, c]: [Corner; 3], area: f64, [va, vb, vc]: [f32; 3]) -> Self {
        let (ab, ac) = (f64::from(vb - va), f64::from(vc - va));
        let f = |n: i32| f64::from(n) / f64::from(STEPS);
        let (abx, aby) = (f(b.x - a.x), f(b.y - a.y));
        let (acx, acy) = (f(c.x - a.x), f(c.y - a.y));
        let dx = (ab * acy - ac * aby) / area;
        let dy = (ac * abx - ab * acx) / area;
        let at = f64::from(va) + dx * (0.5 - f(a.x)) + dy * (0.5 - f(a.y));
        Self { at, dx, dy }
    }

    fn start(&self, x: i32, y: i32) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a colour or a place in a texture")]
        let start = (self.at + self.dx * f64::from(x) + self.dy * f64::from(y)) as f32;
        start
    }

    fn step(&self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a colour or a place in a texture")]
        let step = self.dx as f32;
        step
    }
}

/// Paints one triangle.
pub(crate) fn paint(band: &mut Band<'_>, limit: Area, texture: &Texture, corners: [Corner; 3]) {
    let [a, mut b, mut c] = corners;
    let wide = |n: i32| i64::from(n);
    let twice = (wide(b.x) - wide(a.x)) * (wide(c.y) - wide(a.y))
        - (wide(c.x) - wide(a.x)) * (wide(b.y) - wide(a.y));
    if twice == 0 {
        return;
    }
    if twice < 0 {
        std::mem::swap(&mut b, &mut c);
    }
    let corners = [a, b, c];
    let edges = [Edge::new(a, b), Edge::new(b, c), Edge::new(c, a)];
    let (top, low) = (a.y.min(b.y).min(c.y), a.y.max(b.y).max(c.y));
    let rows = first(top).max(limit.min[1])..first(low + 1).min(limit.max[1]);
    let ink = Ink::new(corners, twice.unsigned_abs(), texture);
    for y in rows {
        let mut columns = [i64::from(limit.min[0]), i64::from(limit.max[0])];
        for edge in &edges {
            edge.narrow(y, &mut columns);
        }
        let [from, to] = columns.map(|x| i32::try_from(x).unwrap_or(0));
        if from < to {
            ink.row(band, y, [from, to], texture);
        }
    }
}

/// What a triangle is filled with.
enum Ink {
    Flat([f32; 4]),
    Shaded([Slope; 4]),
    Pictured { color: [Slope; 4], uv: [Slope; 2] },
}

impl Ink {
    fn new(corners: [Corner; 3], twice: u64, texture: &Texture) -> Self {
        let area = twice as f64 / f64::from(STEPS) / f64::from(STEPS);
        let colors = corners.map(|corner| pixel::channels(corner.color));
        let slope = |values: [f32; 3]| Slope::new(corners, area, values);
        let shade = |colors: [[f32; 4]; 3]| {
            std::array::from_fn(|n| slope([colors[0][n], colors[1][n], colors[2][n]]))
        };
        let [a, b, c] = corners;
        if a.uv != b.uv || a.uv != c.uv {
            let uv = std::array::from_fn(|n| slope([a.uv[n], b.uv[n], c.uv[n]]));
            return Self::Pictured { color: shade(colors), uv };
        }
        let texel = texture.at(a.uv[0], a.uv[1]);
        let colors = colors.map(|color| pixel::through(color, texel));
        if a.color == b.color && a.color == c.color {
            Self::Flat(colors[0])
        } else {
            Self::Shaded(shade(colors))
        }
    }

    fn row(&self, band: &mut Band<'_>, y: i32, columns: [i32; 2], texture: &Texture) {
        match self {
            Self::Flat(color) => band.flat(y, columns, *color),
            Self::Shaded(color) => {
                let mut now = color.map(|slope| slope.start(columns[0], y));
                let step = color.map(|slope| slope.step());
                for below in band.row(y, columns) {
                    *below = pixel::over(*below, now);
                    for (now, step) in now.iter_mut().zip(step) {
                        *now += step;
                    }
                }
            }
            Self::Pictured { color, uv } => {
                for (x, below) in (columns[0]..).zip(band.row(y, columns)) {
                    let [u, v] = uv.map(|slope| slope.start(x, y));
                    let color = color.map(|slope| slope.start(x, y));
                    *below = pixel::over(*below, pixel::through(color, texture.at(u, v)));
                }
            }
        }
    }
}
