//! A frame as pieces with their bounds, so that two frames can be compared.

use crate::area::{Area, joined};
use crate::pixel;
use crate::span::{Band, Sheet};
use crate::texture::{Texture, Textures};
use crate::triangle::{self, Corner};
use crate::{Frame, difference};
use egui::epaint::{ClippedPrimitive, Mesh, Primitive};
use std::{ops::Range, sync::OnceLock};

/// Corners in a run: few enough that most runs of a page of text are skipped when one word changes.
const RUN: usize = 96;

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
    clip: Area,
    /// Where it may be seen.
    bounds: Area,
    mesh: Mesh,
    /// Of its texture.
    version: Option<u64>,
    /// Found when first painted: most frames are like the one before.
    runs: OnceLock<Vec<Run>>,
    /// Every pixel of this area is replaced, whatever was there.
    covers: Option<Area>,
}

/// Some triangles that follow each other.
struct Run {
    bounds: Area,
    indices: Range<usize>,
}

/// What a few corners of a mesh are.
enum Shape {
    Sheet(Sheet),
    Triangle([Corner; 3]),
}

impl Scene {
    pub(crate) fn new(frame: Frame, textures: &Textures) -> Self {
        let scale = frame.pixels_per_point;
        let whole = Area::of_size(frame.size);
        let piece = |ClippedPrimitive { clip_rect, primitive }| {
            let Primitive::Mesh(mesh) = primitive else { return None };
            let clip = Area::nearest(clip_rect * scale).and(&whole);
            Piece::new(mesh, clip, scale, textures)
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
            let pairs = new.iter().zip(old);
            return joined(pairs.flat_map(|(new, old)| new.changes(old, self.scale)).collect());
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
        // What lies under a film is not painted at all.
        let covers = |piece: &Piece| piece.covers.is_some_and(|c| c.and(&area) == area);
        let from = self.pieces.iter().rposition(covers);
        if from.is_none() {
            band.fill(area, self.background);
        }
        for piece in &self.pieces[from.unwrap_or(0)..] {
            let limit = piece.bounds.and(&area);
            if let Some(texture) = textures.get(piece.mesh.texture_id)
                && !limit.is_empty()
            {
                piece.paint(band, limit, texture, self.scale);
            }
        }
    }
}

impl Piece {
    /// Nothing where none of it can be seen.
    fn new(mesh: Mesh, clip: Area, scale: f32, textures: &Textures) -> Option<Self> {
        let bounds = Area::about(mesh.calc_bounds() * scale).and(&clip);
        if bounds.is_empty() {
            return None;
        }
        let texture = textures.get(mesh.texture_id);
        let version = texture.map(|texture| texture.version);
        let mut piece = Self { clip, bounds, mesh, version, runs: OnceLock::new(), covers: None };
        piece.covers = texture.and_then(|texture| piece.find_cover(scale, texture));
        Some(piece)
    }

    fn find_runs(&self, scale: f32) -> Vec<Run> {
        let all = self.mesh.indices.as_slice();
        let mut runs = Vec::with_capacity(all.len() / RUN + 1);
        let mut start = 0;
        while start < all.len() {
            let mut end = start;
            while end < all.len() && end < start + RUN {
                end += if is_pair(all.get(end..).unwrap_or_default()) { 6 } else { 3 };
            }
            let mut rect = egui::Rect::NOTHING;
            for index in all.get(start..end).unwrap_or_default() {
                if let Some(vertex) = self.mesh.vertices.get(*index as usize) {
                    rect.extend_with(vertex.pos);
                }
            }
            let bounds = Area::about(rect * scale).and(&self.bounds);
            runs.push(Run { bounds, indices: start..end });
            start = end;
        }
        runs
    }

    fn find_cover(&self, scale: f32, texture: &Texture) -> Option<Area> {
        let one = self.mesh.indices.len() == 6 && texture.opaque;
        match self.shape(0, scale, texture.size()) {
            (Some(Shape::Sheet(sheet)), _) if one => sheet.covered().map(|a| a.and(&self.clip)),
            _ => None,
        }
    }

    /// Whether it looks the same.
    fn is(&self, other: &Self) -> bool {
        self.clip == other.clip && self.version == other.version && self.mesh == other.mesh
    }

    /// Where it looks different from what stood in its place.
    fn changes(&self, other: &Self, scale: f32) -> Vec<Area> {
        if self.is(other) {
            return Vec::new();
        }
        let alike = self.clip == other.clip
            && self.version == other.version
            && self.mesh.texture_id == other.mesh.texture_id;
        if !alike {
            return vec![self.bounds, other.bounds];
        }
        let areas = difference::areas(&self.mesh, &other.mesh, scale);
        areas.into_iter().map(|area| area.and(&self.clip)).collect()
    }

    /// The shape that begins with an index, and how many indices it takes.
    fn shape(&self, at: usize, scale: f32, texels: [usize; 2]) -> (Option<Shape>, usize) {
        let [w, h] = texels.map(|n| n as f32);
        let indices = self.mesh.indices.get(at..).unwrap_or_default();
        let corner = |index: &u32| {
            let vertex = self.mesh.vertices.get(*index as usize)?;
            let uv = [vertex.uv.x * w, vertex.uv.y * h];
            Some(Corner::new(vertex.pos * scale, uv, vertex.color))
        };
        let [first, second, third, ..] = indices else { return (None, indices.len().max(1)) };
        let [Some(a), Some(b), Some(c)] = [first, second, third].map(corner) else {
            return (None, 3);
        };
        if is_pair(indices)
            && let Some(d) = indices.get(5).and_then(corner)
            && let Some(sheet) = Sheet::of([a, b, c, d])
        {
            return (Some(Shape::Sheet(sheet)), 6);
        }
        (Some(Shape::Triangle([a, b, c])), 3)
    }

    fn paint(&self, band: &mut Band<'_>, limit: Area, texture: &Texture, scale: f32) {
        for run in self.runs.get_or_init(|| self.find_runs(scale)) {
            if run.bounds.and(&limit).is_empty() {
                continue;
            }
            let mut at = run.indices.start;
            while at < run.indices.end {
                let (shape, length) = self.shape(at, scale, texture.size());
                at += length;
                match shape {
                    Some(Shape::Sheet(sheet)) => sheet.paint(band, limit, texture),
                    Some(Shape::Triangle(corners)) => {
                        triangle::paint(band, limit, texture, corners);
                    }
                    None => {}
                }
            }
        }
    }
}

/// Whether these indices begin with two triangles that share an edge as those of a rectangle do.
fn is_pair(indices: &[u32]) -> bool {
    matches!(indices, [_, b, c, e, f, _, ..] if c == e && b == f)
}
