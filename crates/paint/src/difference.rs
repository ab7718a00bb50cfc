//! What differs between two meshes, triangle by triangle.
//!
//! egui joins everything that shares a texture and a clip into one mesh, so that a changed digit and
//! the whole window's text arrive together.

use crate::area::Area;
use egui::epaint::{Mesh, Vertex};

/// How far ahead the two are searched for where they agree again, in triangles of both together.
const REACH: usize = 256;
/// Comparisons after which the rest counts as different.
const PATIENCE: usize = 300_000;

/// Where two meshes look different, painted at a scale in the same clip with the same texture.
///
/// Triangles that both have in the same order are left out. Where none of the others lies, the same
/// triangles are painted in the same order, and the pixels are the same.
pub(crate) fn areas(new: &Mesh, old: &Mesh, scale: f32) -> Vec<Area> {
    Walk { new: Triangles(new), old: Triangles(old), scale, found: Vec::new() }.areas()
}

#[derive(Clone, Copy)]
struct Triangles<'a>(&'a Mesh);

impl Triangles<'_> {
    fn len(self) -> usize {
        self.0.indices.len() / 3
    }

    fn get(self, n: usize) -> Option<[Vertex; 3]> {
        let three = self.0.indices.get(n * 3..n * 3 + 3)?;
        let corner = |n: usize| self.0.vertices.get(*three.get(n)? as usize).copied();
        Some([corner(0)?, corner(1)?, corner(2)?])
    }
}

struct Walk<'a> {
    new: Triangles<'a>,
    old: Triangles<'a>,
    scale: f32,
    found: Vec<Area>,
}

impl Walk<'_> {
    fn areas(mut self) -> Vec<Area> {
        let (mut at, mut was) = (0, 0);
        let (mut end, mut old_end) = (self.new.len(), self.old.len());
        while 0 < end && 0 < old_end && self.same(end - 1, old_end - 1) {
            (end, old_end) = (end - 1, old_end - 1);
        }
        let mut patience = PATIENCE;
        while at < end && was < old_end {
            if self.same(at, was) {
                (at, was) = (at + 1, was + 1);
                continue;
            }
            let Some((skip, dropped)) = self.agree_again((at, end), (was, old_end), &mut patience)
            else {
                break;
            };
            self.note(at..at + skip, was..was + dropped);
            (at, was) = (at + skip, was + dropped);
        }
        self.note(at..end, was..old_end);
        self.found
    }

    fn same(&self, new: usize, old: usize) -> bool {
        self.new.get(new) == self.old.get(old)
    }

    /// The fewest triangles to leave out of each until the next ones are the same.
    fn agree_again(
        &self,
        (at, end): (usize, usize),
        (was, old_end): (usize, usize),
        patience: &mut usize,
    ) -> Option<(usize, usize)> {
        for both in 1..=REACH {
            *patience = patience.checked_sub(both)?;
            let agrees = |skip: &usize| {
                let (new, old) = (at + skip, was + both - skip);
                new < end && old < old_end && self.same(new, old)
            };
            if let Some(skip) = (0..=both).find(agrees) {
                return Some((skip, both - skip));
            }
        }
        None
    }

    /// Takes down where triangles are that only one of the two has.
    fn note(&mut self, new: std::ops::Range<usize>, old: std::ops::Range<usize>) {
        let about = |all: &Triangles<'_>, range: std::ops::Range<usize>| {
            let mut rect = egui::Rect::NOTHING;
            for corner in range.filter_map(|n| all.get(n)).flatten() {
                rect.extend_with(corner.pos);
            }
            rect.is_finite().then(|| Area::about(rect * self.scale))
        };
        self.found.extend([about(&self.new, new), about(&self.old, old)].into_iter().flatten());
    }
}
