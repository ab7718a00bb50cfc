//! A frame as pieces with their bounds, so that two frames can be compared.

use crate::area::{Area, joined};
use crate::pixel;
use crate::span::Band;
use crate::texture::Textures;
use crate::triangle::{self, Corner};
use crate::{Frame, span};
use egui::epaint::{ClippedPrimitive, Mesh, Primitive};

/// What is painted.
#[derive(Default)]
pub(crate) struct Scene {
    pub size: [usize; 2],
    scale: f32,
    background: u32,
    pieces: Vec<Piece>,
}

/// One mesh.
struct Piece {
    /// Where it may be seen.
    bounds: Area,
    mesh: Mesh,
    /// Of its texture.
    version: Option<u64>,
}

impl Scene {
    pub(crate) fn new(frame: Frame, textures: &Textures) -> Self {
        let scale = frame.pixels_per_point;
        let whole = Area::of_size(frame.size);
        let piece = |ClippedPrimitive { clip_rect, primitive }| {
            let Primitive::Mesh(mesh) = primitive else { return None };
            let clip = Area::nearest(clip_rect * scale).and(&whole);
            let bounds = Area::about(mesh.calc_bounds() * scale).and(&clip);
            let version = textures.get(mesh.texture_id).map(|texture| texture.version);
            (!bounds.is_empty()).then_some(Piece { bounds, mesh, version })
        };
        Self {
            size: frame.size,
            scale,
            background: pixel::pack(frame.background),
            pieces: frame.primitives.into_iter().filter_map(piece).collect(),
        }
    }

    /// Where this frame looks different from another.
    pub(crate) fn changes(&self, before: &Self) -> Vec<Area> {
        let same = self.size == before.size
            && self.scale == before.scale
            && self.background == before.background;
        if !same {
            return vec![Area::of_size(self.size)];
        }
        let (new, old) = (&self.pieces, &before.pieces);
        if new.len() == old.len() {
            let pairs = new.iter().zip(old).filter(|(new, old)| !new.is(old));
            return joined(pairs.flat_map(|(new, old)| [new.bounds, old.bounds]).collect());
        }
        let head = new.iter().zip(old).take_while(|(new, old)| new.is(old)).count();
        let (new, old) = (&new[head..], &old[head..]);
        let tail =
            new.iter().rev().zip(old.iter().rev()).take_while(|(new, old)| new.is(old)).count();
        let changed = new[..new.len() - tail].iter().chain(&old[..old.len() - tail]);
        joined(changed.map(|piece| piece.bounds).collect())
    }

    /// Paints the part of an area that lies in this band.
    pub(crate) fn paint(&self, band: &mut Band<'_>, area: Area, textures: &Textures) {
        let area = area.and(&band.area());
        if area.is_empty() {
            return;
        }
        band.fill(area, self.background);
        for piece in &self.pieces {
            let limit = piece.bounds.and(&area);
            if limit.is_empty() {
                continue;
            }
            let Some(texture) = textures.get(piece.mesh.texture_id) else { continue };
            let [w, h] = texture.size().map(|n| n as f32);
            let corner = |index: &u32| {
                let vertex = piece.mesh.vertices.get(*index as usize)?;
                let uv = [vertex.uv.x * w, vertex.uv.y * h];
                Some(Corner::new(vertex.pos * self.scale, uv, vertex.color))
            };
            let mut rest = piece.mesh.indices.as_slice();
            while let Some((three, after)) = rest.split_at_checked(3) {
                rest = after;
                let [Some(a), Some(b), Some(c)] = [&three[0], &three[1], &three[2]].map(corner)
                else {
                    continue;
                };
                if let [e, f, d, ..] = after
                    && three[2] == *e
                    && three[1] == *f
                    && let Some(d) = corner(d)
                    && let Some(sheet) = span::Sheet::of([a, b, c, d])
                {
                    rest = &after[3..];
                    sheet.paint(band, limit, texture);
                    continue;
                }
                triangle::paint(band, limit, texture, [a, b, c]);
            }
        }
    }
}

impl Piece {
    /// Whether it looks the same.
    fn is(&self, other: &Self) -> bool {
        self.bounds == other.bounds && self.version == other.version && self.mesh == other.mesh
    }
}
