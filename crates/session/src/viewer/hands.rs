//! What commands and hands do to a film: turn, zoom, pan, window, and move marks.

use overread_imaging::{DecodedImage, ViewState, Zoom};

use super::measure::{Measurement, on_image};
use super::{Grey, Look, Viewer};
use crate::command::Command;
use crate::view::{DragPace, HistogramPart, Phase};

/// A click this near to a mark, in screen pixels, is meant for it.
const NEAR: f64 = 10.0;

impl Viewer {
    /// Carries out a command on this film; `None` if it is no such command, `Some(false)` if the
    /// film has no use for it.
    pub(crate) fn command(&mut self, command: Command) -> Option<bool> {
        let known = is_grey(command) || is_geometry(command) || command == Command::ResetAll;
        if !known {
            return None;
        }
        let Some(image) = self.image.clone() else { return Some(false) };
        if command == Command::ResetAll {
            self.look = Look { grey: Some(Grey::opened(&image)), ..Look::default() };
            return Some(true);
        }
        if let Some(grey) = &mut self.look.grey
            && let Some(done) = grey.command(&image, command)
        {
            return Some(done);
        }
        Some(self.turn(command))
    }

    fn turn(&mut self, command: Command) -> bool {
        use Command::*;
        const STEP: f64 = 1.25;
        let centre = (f64::from(self.size.0) / 2.0, f64::from(self.size.1) / 2.0);
        let geometry = self.geometry();
        let view = &mut self.look.view;
        match command {
            Clipped => view.layers.clipped = !view.layers.clipped,
            Shutter => view.layers.shutter = !view.layers.shutter,
            Fit => (view.zoom, view.pan) = (Zoom::Fit, (0.0, 0.0)),
            FitWidth => (view.zoom, view.pan) = (Zoom::FitWidth, (0.0, 0.0)),
            OneToOne => {
                if let Some(geometry) = geometry {
                    *view = view.scaled_at(&geometry, centre, 1.0);
                }
            }
            ZoomIn => self.zoom(centre, STEP),
            ZoomOut => self.zoom(centre, 1.0 / STEP),
            RotateRight => view.orientation = view.orientation.rotated_right(),
            RotateLeft => view.orientation = view.orientation.rotated_left(),
            FlipHorizontal => view.orientation = view.orientation.flipped_horizontally(),
            FlipVertical => view.orientation = view.orientation.flipped_vertically(),
            ResetView => *view = ViewState { layers: view.layers, ..ViewState::default() },
            _ => return false,
        }
        true
    }

    pub(crate) fn zoom(&mut self, at: (f64, f64), factor: f64) {
        if let Some(geometry) = self.geometry() {
            self.look.view = self.look.view.zoomed_at(&geometry, at, factor);
        }
    }

    pub(crate) fn pan(&mut self, dx: f64, dy: f64) {
        // A fitted film that is moved keeps its size.
        if let (Zoom::Fit | Zoom::FitWidth, Some(geometry)) = (self.look.view.zoom, self.geometry())
        {
            self.look.view.zoom = Zoom::Scale(geometry.zoom);
        }
        self.look.view = self.look.view.panned(dx, dy);
    }

    /// A hand takes hold of the film, or lets go: then the picture is drawn in full again.
    pub(crate) fn hold(&mut self, phase: Phase) {
        self.moving = phase != Phase::End;
    }

    pub(crate) fn drag_window(
        &mut self,
        by: (f64, f64),
        (phase, pace): (Phase, DragPace),
        sensitivity: f64,
    ) {
        self.hold(phase);
        let (Some(image), Some(grey)) = (&self.image, &mut self.look.grey) else { return };
        if phase == Phase::Start || self.drag.is_none() {
            self.drag = grey.begin_drag(image, sensitivity);
        }
        if let Some(drag) = &mut self.drag {
            grey.drag(drag, by, pace);
        }
        if phase == Phase::End {
            self.drag = None;
        }
    }

    pub(crate) fn drag_histogram(&mut self, part: HistogramPart, phase: Phase, share: f64) {
        self.hold(phase);
        let (Some(image), Some(grey), Some(bars)) = (&self.image, &mut self.look.grey, &self.bars)
        else {
            return;
        };
        if phase != Phase::End {
            grey.drag_edge(image, part, bars.value(part, share));
        }
    }

    /// Shows the same share of the greys as another film does.
    pub(crate) fn carry_grey(&mut self, from: (&DecodedImage, &Grey)) -> bool {
        let (Some(image), Some(grey)) = (&self.image, &mut self.look.grey) else { return false };
        grey.carry(from, image)
    }

    /// The mark a click is meant for.
    pub(crate) fn mark_at(&self, at: (f64, f64)) -> Option<usize> {
        let geometry = self.geometry()?;
        let distances = self.look.marks.iter().map(|mark| mark.distance(&geometry, at));
        distances
            .enumerate()
            .filter(|(_, distance)| *distance < NEAR)
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(index, _)| index)
    }

    pub(crate) fn add_mark(&mut self, mark: Measurement) -> usize {
        self.look.marks.push(mark);
        self.look.marks.len() - 1
    }

    /// Takes a mark away; false if there is none.
    pub(crate) fn remove_mark(&mut self, index: usize) -> bool {
        let there = index < self.look.marks.len();
        if there {
            self.look.marks.remove(index);
        }
        there
    }

    pub(crate) fn move_point(&mut self, mark: usize, point: usize, at: (f64, f64)) {
        let (Some(image), Some(geometry)) = (self.image.clone(), self.geometry()) else { return };
        if let Some(place) = self.look.marks.get_mut(mark) {
            *place = place.moved(&image, point, on_image(&geometry, at));
        }
    }
}

/// Commands about the greys of a film.
pub(crate) fn is_grey(command: Command) -> bool {
    use Command::*;
    matches!(
        command,
        WindowDefault
            | WindowAuto
            | WindowDense
            | WindowLucent
            | WindowNarrow
            | WindowRetrocardiac
            | LevelUp
            | LevelDown
            | Wider
            | Narrower
            | LevelUpFine
            | LevelDownFine
            | WiderFine
            | NarrowerFine
            | Invert
            | FileInversion
    )
}

/// Commands about size and place, which linked views share.
pub(crate) fn is_zoom(command: Command) -> bool {
    use Command::*;
    matches!(command, Fit | FitWidth | OneToOne | ZoomIn | ZoomOut | ResetView)
}

fn is_geometry(command: Command) -> bool {
    use Command::*;
    is_zoom(command)
        || matches!(
            command,
            Clipped | Shutter | RotateRight | RotateLeft | FlipHorizontal | FlipVertical
        )
}
