//! The mouse on films.

use std::time::Instant;

use overread_imaging::ViewGeometry;

use super::Hanging;
use super::history::Run;
use crate::view::{DragPace, HistogramPart, Phase, UiAction};
use crate::viewer::Drawing;

fn pair([x, y]: [f32; 2]) -> (f64, f64) {
    (f64::from(x), f64::from(y))
}

impl Hanging {
    /// Something a hand did on a film; false if it was nothing of the kind.
    pub(crate) fn mouse_action(&mut self, action: &UiAction, now: Instant) -> bool {
        match *action {
            UiAction::DragWindow { film, phase, delta, pace } => {
                self.gesture(phase, now, |hanging| hanging.drag_window(film, phase, delta, pace));
            }
            UiAction::Pan { film, phase, delta } => {
                self.gesture(phase, now, |hanging| hanging.pan(film, phase, pair(delta)));
            }
            UiAction::DragZoom { film, phase, anchor, dy } => {
                let factor = 1.005_f64.powf(-f64::from(dy));
                self.gesture(phase, now, |hanging| hanging.zoom(film, phase, pair(anchor), factor));
            }
            UiAction::ZoomAt { film, at, steps } => {
                let before = self.looks();
                self.zoom(film, Phase::End, pair(at), 1.15_f64.powf(f64::from(steps)));
                self.record(before, Some(Run::Wheel(film)), now);
            }
            UiAction::Draw { film, phase, at } => self.draw(film, phase, pair(at), now),
            UiAction::DragMark { film, mark, point, phase, at } => {
                self.selected = Some((film, mark));
                self.gesture(phase, now, |hanging| {
                    if let Some(viewer) = hanging.viewers.get_mut(film) {
                        viewer.move_point(mark, point, pair(at));
                    }
                });
            }
            UiAction::DragHistogram { film, part, phase, at } => {
                self.gesture(phase, now, |hanging| hanging.drag_histogram(film, part, phase, at));
            }
            UiAction::Pointer(pointer) => self.point(pointer.map(|(film, at)| (film, pair(at)))),
            UiAction::ClickFilm { film, at } => self.click(film, pair(at), now),
            UiAction::DoubleClickFilm(film) if self.tool.is_none() => {
                self.focus_film(film);
                self.toggle_alone();
            }
            UiAction::StepView(by) => {
                let count = self.viewers.len().max(1);
                let step = if by < 0 { count - 1 } else { 1 };
                self.focus = (self.focus + step) % count;
            }
            _ => return false,
        }
        true
    }

    /// A gesture is one change of the history, from its first movement to the hand's rest.
    fn gesture(&mut self, phase: Phase, now: Instant, change: impl FnOnce(&mut Self)) {
        if phase == Phase::Start || self.before.is_none() {
            self.before = Some(self.looks());
        }
        change(self);
        if phase == Phase::End
            && let Some(before) = self.before.take()
        {
            self.record(before, None, now);
        }
    }

    fn drag_window(&mut self, film: usize, phase: Phase, delta: [f32; 2], pace: DragPace) {
        let (dx, dy) = pair(delta);
        let by = (dx, if self.settings.invert_vertical { -dy } else { dy });
        let sensitivity = self.settings.sensitivity;
        let linked = self.links.windows;
        for (_, viewer) in self.viewers.iter_mut().enumerate().filter(|(i, _)| linked || *i == film)
        {
            viewer.drag_window(by, (phase, pace), sensitivity);
        }
    }

    fn drag_histogram(&mut self, film: usize, part: HistogramPart, phase: Phase, at: f32) {
        if let Some(viewer) = self.viewers.get_mut(film) {
            viewer.drag_histogram(part, phase, f64::from(at));
        }
    }

    fn geometry(&self, film: usize) -> Option<ViewGeometry> {
        self.viewers.get(film)?.geometry()
    }

    /// Moves a film, and linked ones by the same share of their own size.
    fn pan(&mut self, film: usize, phase: Phase, by: (f64, f64)) {
        let Some(own) = self.geometry(film) else { return };
        let linked = self.links.views;
        for (_, viewer) in self.viewers.iter_mut().enumerate().filter(|(i, _)| linked || *i == film)
        {
            let Some(other) = viewer.geometry() else { continue };
            let share = |by: f64, own: f64, other: f64| by / own.max(1e-9) * other;
            let (a, b) = (laid(&own), laid(&other));
            viewer.hold(phase);
            viewer.pan(share(by.0, a.0, b.0), share(by.1, a.1, b.1));
        }
    }

    /// Zooms a film about a point, and linked ones about the same place of their own.
    fn zoom(&mut self, film: usize, phase: Phase, at: (f64, f64), factor: f64) {
        let Some(own) = self.geometry(film) else { return };
        let linked = self.links.views;
        let (size, place) = (laid(&own), (at.0 - own.origin.0, at.1 - own.origin.1));
        for (i, viewer) in self.viewers.iter_mut().enumerate().filter(|(i, _)| linked || *i == film)
        {
            let Some(other) = viewer.geometry() else { continue };
            let there = laid(&other);
            let about = if i == film {
                at
            } else {
                (
                    other.origin.0 + place.0 / size.0.max(1e-9) * there.0,
                    other.origin.1 + place.1 / size.1.max(1e-9) * there.1,
                )
            };
            viewer.hold(phase);
            viewer.zoom(about, factor);
        }
    }

    fn draw(&mut self, film: usize, phase: Phase, at: (f64, f64), now: Instant) {
        self.focus_film(film);
        self.with_tool(film, now, |drawing, image, geometry| {
            drawing.drag(image, geometry, phase, at)
        });
    }

    fn click(&mut self, film: usize, at: (f64, f64), now: Instant) {
        self.focus_film(film);
        if self.tool.is_some() {
            self.with_tool(film, now, |drawing, image, geometry| {
                drawing.click(image, geometry, at)
            });
            return;
        }
        let mark = self.viewers.get(film).and_then(|viewer| viewer.mark_at(at));
        self.selected = mark.map(|mark| (film, mark));
    }

    /// Lets the tool at hand work on a film; a mark that is complete stays there.
    fn with_tool(
        &mut self,
        film: usize,
        now: Instant,
        work: impl FnOnce(
            &mut Drawing,
            &overread_imaging::DecodedImage,
            &ViewGeometry,
        ) -> Option<crate::viewer::Measurement>,
    ) {
        let (Some(tool), Some(viewer)) = (self.tool, self.viewers.get(film)) else { return };
        let (Some(image), Some(geometry)) = (viewer.image().cloned(), viewer.geometry()) else {
            return;
        };
        // A mark lies on one film: elsewhere it begins anew.
        let begun = self.drawing.take().filter(|(at, _)| *at == film);
        let mut drawing = begun.map_or_else(|| Drawing::new(tool), |(_, drawing)| drawing);
        let complete = work(&mut drawing, &image, &geometry);
        self.hint = Some(drawing.hint());
        self.drawing = Some((film, drawing));
        if let Some(mark) = complete {
            let before = self.looks();
            let index = self.viewers.get_mut(film).map(|viewer| viewer.add_mark(mark));
            self.record(before, None, now);
            self.put_down();
            self.selected = index.map(|mark| (film, mark));
        }
    }

    fn point(&mut self, pointer: Option<(usize, (f64, f64))>) {
        self.pointer = pointer;
        let Some((film, at)) = pointer else { return };
        let Some(geometry) = self.geometry(film) else { return };
        if let Some((on, drawing)) = &mut self.drawing
            && *on == film
        {
            drawing.hover(&geometry, at);
        }
    }
}

/// The laid-down image on the screen, in screen pixels.
fn laid(geometry: &ViewGeometry) -> (f64, f64) {
    let (w, h) = geometry.laid_size();
    (f64::from(w) * geometry.scale.0, f64::from(h) * geometry.scale.1)
}
