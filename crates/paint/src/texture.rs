//! Pictures that are painted from: the letters, and the films.

use egui::{Color32, ColorImage, ImageData, TextureFilter, TextureId, TexturesDelta};
use rayon::prelude::*;
use std::{collections::HashMap, sync::Arc};

/// All textures in use.
#[derive(Default)]
pub(crate) struct Textures {
    known: HashMap<TextureId, Texture>,
    /// Still on screen until the next frame.
    leaving: Vec<TextureId>,
    changes: u64,
}

/// One texture.
pub(crate) struct Texture {
    image: Arc<ColorImage>,
    /// Whether texels are mixed between their centres.
    pub smooth: bool,
    /// Whether nothing shows through any texel.
    pub opaque: bool,
    /// Differs whenever the content does.
    pub version: u64,
}

impl Textures {
    pub(crate) fn take(&mut self, delta: &mut TexturesDelta) {
        for id in self.leaving.drain(..) {
            self.known.remove(&id);
        }
        #[expect(clippy::iter_over_hash_type, reason = "textures do not depend on each other")]
        for (id, deltas) in delta.set.drain() {
            for delta in deltas {
                self.changes += 1;
                let ImageData::Color(image) = delta.image;
                if let (Some(at), Some(texture)) = (delta.pos, self.known.get_mut(&id)) {
                    patch(Arc::make_mut(&mut texture.image), &image, at);
                    texture.opaque &= opaque(&image);
                    texture.version = self.changes;
                } else {
                    let smooth = delta.options.magnification == TextureFilter::Linear;
                    let opaque = opaque(&image);
                    self.known.insert(id, Texture { image, smooth, opaque, version: self.changes });
                }
            }
        }
        self.leaving.extend(delta.free.drain());
    }

    pub(crate) fn get(&self, id: TextureId) -> Option<&Texture> {
        self.known.get(&id)
    }
}

fn opaque(image: &ColorImage) -> bool {
    image.pixels.par_chunks(1 << 16).all(|some| some.iter().fold(255, |all, t| all & t.a()) == 255)
}

/// Writes a part of a picture.
fn patch(image: &mut ColorImage, part: &ColorImage, [x, y]: [usize; 2]) {
    let [width, height] = image.size;
    let [columns, rows] = part.size;
    if columns == 0 || x + columns > width || y + rows > height {
        return;
    }
    let lines = image.pixels.chunks_exact_mut(width).skip(y);
    for (line, new) in lines.zip(part.pixels.chunks_exact(columns)) {
        line[x..x + columns].copy_from_slice(new);
    }
}

impl Texture {
    /// Width and height in texels.
    pub(crate) fn size(&self) -> [usize; 2] {
        self.image.size
    }

    /// One row of texels; none when there are none.
    pub(crate) fn row(&self, y: usize) -> &[Color32] {
        let [width, height] = self.image.size;
        let start = y.min(height.saturating_sub(1)) * width;
        self.image.pixels.get(start..start + width).unwrap_or_default()
    }

    /// The texel at a place given in texels, the first one's centre being at one half.
    pub(crate) fn at(&self, u: f32, v: f32) -> [f32; 4] {
        if self.smooth { self.mixed(u - 0.5, v - 0.5) } else { self.nearest(u, v) }
    }

    fn nearest(&self, u: f32, v: f32) -> [f32; 4] {
        let [width, height] = self.image.size;
        self.texel(within(u, width), within(v, height))
    }

    fn mixed(&self, u: f32, v: f32) -> [f32; 4] {
        let [width, height] = self.image.size;
        let (x, y) = (u.floor(), v.floor());
        let (fx, fy) = (u - x, v - y);
        let (x0, x1) = (within(x, width), within(x + 1.0, width));
        let (y0, y1) = (within(y, height), within(y + 1.0, height));
        let (a, b) = (self.texel(x0, y0), self.texel(x1, y0));
        let (c, d) = (self.texel(x0, y1), self.texel(x1, y1));
        std::array::from_fn(|n| {
            let top = a[n] + (b[n] - a[n]) * fx;
            let low = c[n] + (d[n] - c[n]) * fx;
            top + (low - top) * fy
        })
    }

    fn texel(&self, x: usize, y: usize) -> [f32; 4] {
        let index = y * self.image.size[0] + x;
        self.image.pixels.get(index).map_or([0.0; 4], |color| crate::pixel::channels(*color))
    }
}

/// A texel's number, that of the edge beyond it.
pub(crate) fn within(place: f32, count: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let index = place.floor().max(0.0) as usize;
    index.min(count.saturating_sub(1))
}
