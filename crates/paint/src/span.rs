//! Rows of pixels, and rectangles that fill them: most of a window is one or the other.

use crate::area::Area;
use crate::pixel::{self, channels, over, through};
use crate::texture::{Texture, within};
use crate::triangle::{Corner, STEPS, first};
use egui::Color32;

/// Some rows of the window.
pub(crate) struct Band<'a> {
    pixels: &'a mut [u32],
    width: usize,
    area: Area,
}

impl<'a> Band<'a> {
    /// Rows from `top` on.
    pub(crate) fn new(pixels: &'a mut [u32], width: usize, top: usize) -> Self {
        let rows = pixels.len() / width.max(1);
        let line = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let area = Area { min: [0, line(top)], max: [line(width), line(top + rows)] };
        Self { pixels, width, area }
    }

    pub(crate) fn area(&self) -> Area {
        self.area
    }

    /// The pixels of a row between two columns, which lie in the band.
    pub(crate) fn row(&mut self, y: i32, columns: [i32; 2]) -> &mut [u32] {
        let line = usize::try_from(y - self.area.min[1]).unwrap_or(0);
        let [from, to] = columns.map(|x| usize::try_from(x).unwrap_or(0).min(self.width));
        let start = line * self.width;
        self.pixels.get_mut(start + from..start + to.max(from)).unwrap_or_default()
    }

    pub(crate) fn fill(&mut self, area: Area, value: u32) {
        for y in area.min[1]..area.max[1] {
            self.row(y, [area.min[0], area.max[0]]).fill(value);
        }
    }

    /// One colour over a part of a row.
    pub(crate) fn flat(&mut self, y: i32, columns: [i32; 2], color: [f32; 4]) {
        if color[3] >= 255.0 {
            let value = over(0, color);
            self.row(y, columns).fill(value);
        } else if color != [0.0; 4] {
            for below in self.row(y, columns) {
                *below = over(*below, color);
            }
        }
    }
}

/// An upright rectangle of one colour with a part of a texture on it.
pub(crate) struct Sheet {
    min: Corner,
    max: Corner,
}

/// How one axis of the sheet runs over the texture.
#[derive(Clone, Copy)]
struct Axis {
    /// Place in the texture at the first pixel's centre.
    start: f32,
    /// Texels for each pixel.
    step: f32,
}

impl Axis {
    fn new(grid: [i32; 2], texels: [f32; 2], from: i32) -> Self {
        let length = (grid[1] - grid[0]) as f32 / STEPS as f32;
        let step = (texels[1] - texels[0]) / length;
        let centre = (from * STEPS + STEPS / 2 - grid[0]) as f32 / STEPS as f32;
        Self { start: texels[0] + centre * step, step }
    }

    fn at(self, n: usize) -> f32 {
        self.start + self.step * n as f32
    }

    /// Whether each of so many pixels stands on one texel.
    fn is_one_to_one(self, count: usize) -> bool {
        let off = |place: f32| (place - place.floor() - 0.5).abs();
        (self.step - 1.0).abs() * (count as f32) < 0.05 && off(self.start) < 0.05
    }
}

impl Sheet {
    /// From the corners left top, right top, left low and right low, if they are those of one.
    pub(crate) fn of([a, b, c, d]: [Corner; 4]) -> Option<Self> {
        let upright = a.x == c.x && b.x == d.x && a.y == b.y && c.y == d.y;
        let texture =
            a.uv[0] == c.uv[0] && b.uv[0] == d.uv[0] && a.uv[1] == b.uv[1] && c.uv[1] == d.uv[1];
        let one = a.color == b.color && a.color == c.color && a.color == d.color;
        (upright && texture && one && a.x < d.x && a.y < d.y).then_some(Self { min: a, max: d })
    }

    /// The pixels that show nothing of what is below, given a texture without transparency.
    pub(crate) fn covered(&self) -> Option<Area> {
        (self.min.color.a() == 255).then(|| self.area())
    }

    fn area(&self) -> Area {
        let (a, d) = (&self.min, &self.max);
        Area { min: [first(a.x), first(a.y)], max: [first(d.x), first(d.y)] }
    }

    pub(crate) fn paint(&self, band: &mut Band<'_>, limit: Area, texture: &Texture) {
        let (a, d) = (&self.min, &self.max);
        let area = self.area().and(&limit);
        if area.is_empty() {
            return;
        }
        if a.uv == d.uv {
            let color = through(channels(a.color), texture.at(a.uv[0], a.uv[1]));
            for y in area.min[1]..area.max[1] {
                band.flat(y, [area.min[0], area.max[0]], color);
            }
            return;
        }
        let across = Axis::new([a.x, d.x], [a.uv[0], d.uv[0]], area.min[0]);
        let down = Axis::new([a.y, d.y], [a.uv[1], d.uv[1]], area.min[1]);
        let count = |n: usize| usize::try_from(area.max[n] - area.min[n]).unwrap_or(0);
        let [width, height] = texture.size();
        let plain = across.is_one_to_one(count(0)) && down.is_one_to_one(count(1));
        let columns: Vec<usize> = if plain || texture.smooth {
            Vec::new()
        } else {
            (0..count(0)).map(|n| within(across.at(n), width)).collect()
        };
        for (n, y) in (area.min[1]..area.max[1]).enumerate() {
            let row = band.row(y, [area.min[0], area.max[0]]);
            let v = down.at(n);
            let texels = texture.row(within(v, height));
            if plain {
                let from = within(across.start, width);
                copy(row, texels.get(from..).unwrap_or_default(), a.color, texture.opaque);
            } else if texture.smooth {
                smoothed(row, texture, (across, v), a.color);
            } else {
                picked(row, texels, &columns, a.color);
            }
        }
    }
}

/// Texels one to one.
fn copy(row: &mut [u32], texels: &[Color32], color: Color32, opaque: bool) {
    let texels = &texels[..row.len().min(texels.len())];
    if color == Color32::WHITE && opaque {
        for (below, texel) in row.iter_mut().zip(texels) {
            *below = pixel::pack(*texel);
        }
        return;
    }
    let color = channels(color);
    for (below, texel) in row.iter_mut().zip(texels) {
        if *texel != Color32::TRANSPARENT {
            *below = over(*below, through(color, channels(*texel)));
        }
    }
}

/// Each pixel from the texel it stands on.
fn picked(row: &mut [u32], texels: &[Color32], columns: &[usize], color: Color32) {
    let sheet = channels(color);
    let nothing = Color32::TRANSPARENT;
    for (below, column) in row.iter_mut().zip(columns) {
        let texel = texels.get(*column).copied().unwrap_or(nothing);
        *below = if color == Color32::WHITE && texel.a() == 255 {
            pixel::pack(texel)
        } else {
            over(*below, through(sheet, channels(texel)))
        };
    }
}

/// Texels mixed, where pixels lie between them.
fn smoothed(row: &mut [u32], texture: &Texture, (across, v): (Axis, f32), color: Color32) {
    let color = channels(color);
    for (n, below) in row.iter_mut().enumerate() {
        *below = over(*below, through(color, texture.at(across.at(n), v)));
    }
}
