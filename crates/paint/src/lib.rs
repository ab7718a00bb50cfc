//! Paints what egui made of a frame into a window's own pixels, without a graphics card.
//!
//! A software driver for OpenGL runs egui's shader for every pixel of the window, and on two cores that
//! alone takes longer than a frame may. Here a film is copied row by row, a flat panel is filled, text
//! is blended, and only what changed since the frame before is painted at all. The film's pixels arrive
//! untouched, as they do through OpenGL.

mod area;
mod difference;
mod pixel;
mod scene;
mod span;
mod texture;
mod triangle;

pub use self::area::Area;

use self::scene::Scene;
use self::texture::Textures;
use egui::{Color32, TexturesDelta, epaint::ClippedPrimitive};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

/// Keeps textures and the frame before.
#[derive(Default)]
pub struct Painter {
    textures: Textures,
    scene: Scene,
    /// Threads of its own: those that films are decoded on may be busy for longer than a frame.
    hands: Option<ThreadPool>,
}

/// One frame as egui gives it.
pub struct Frame {
    /// What to paint, in order.
    pub primitives: Vec<ClippedPrimitive>,
    /// Physical pixels in a point.
    pub pixels_per_point: f32,
    /// Width and height of the window in physical pixels.
    pub size: [usize; 2],
    /// What stands where nothing is painted.
    pub background: Color32,
}

impl Painter {
    /// With threads of its own; without, it paints on those of the whole program.
    pub fn new() -> Self {
        let hands = ThreadPoolBuilder::new().thread_name(|n| format!("paint-{n}")).build().ok();
        Self { hands, ..Self::default() }
    }

    /// Takes new and changed textures over. Those to be freed go with the next call, since the frame
    /// that frees them still shows them.
    pub fn take_textures(&mut self, delta: &mut TexturesDelta) {
        let textures = &mut self.textures;
        match &self.hands {
            Some(hands) => hands.install(|| textures.take(delta)),
            None => textures.take(delta),
        }
    }

    /// Takes a frame over, and says which areas differ from the one before.
    pub fn take_frame(&mut self, frame: Frame) -> Vec<Area> {
        let scene = Scene::new(frame, &self.textures);
        let changed = scene.changes(&self.scene);
        self.scene = scene;
        changed
    }

    /// The whole window.
    pub fn whole(&self) -> Area {
        Area::of_size(self.scene.size)
    }

    /// Paints these areas of the frame into the window's pixels, `0x00RRGGBB` each, row by row.
    ///
    /// Nothing happens when `pixels` is not of the frame's size.
    pub fn paint(&self, pixels: &mut [u32], areas: &[Area]) {
        let [width, height] = self.scene.size;
        if width == 0 || pixels.len() != width * height {
            return;
        }
        match &self.hands {
            Some(hands) => hands.install(|| self.paint_rows(pixels, areas)),
            None => self.paint_rows(pixels, areas),
        }
    }

    fn paint_rows(&self, pixels: &mut [u32], areas: &[Area]) {
        let [width, height] = self.scene.size;
        let bands = rayon::current_num_threads().max(1) * 2;
        let rows = height.div_ceil(bands).max(1);
        pixels.par_chunks_mut(rows * width).enumerate().for_each(|(n, pixels)| {
            let mut band = span::Band::new(pixels, width, n * rows);
            for area in areas {
                self.scene.paint(&mut band, *area, &self.textures);
            }
        });
    }
}

#[cfg(test)]
mod tests;
