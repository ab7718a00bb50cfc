//! The film and what is written over it.

use super::Mark;
use std::sync::Arc;

/// One viewport of the reading room.
#[derive(Clone, Debug)]
pub struct FilmView {
    /// Accessible name: "Film, frontal PA, view 1 of 1". No path, no patient.
    pub name: String,
    /// What can be shown of it.
    pub state: FilmState,
    /// Texts in the corners.
    pub overlay: OverlayView,
    /// Grey-level badge.
    pub badge: Option<BadgeView>,
    /// A standing warning, such as that sides are reversed.
    pub warning: Option<String>,
    /// Measurements.
    pub marks: Vec<DrawnMark>,
    /// Histogram with the window drawn on it.
    pub histogram: Option<HistogramView>,
    /// Magnifier, centred on a viewport pixel.
    pub magnifier: Option<MagnifierView>,
    /// What the tool at hand waits for: "Length: drag from end to end. Esc puts it down."
    pub hint: Option<String>,
}

/// What can be shown of a film.
#[derive(Clone, Debug)]
pub enum FilmState {
    /// Pixels, ready to copy to the screen.
    Picture(FilmPicture),
    /// Not there yet. The viewport is black: never the previous film.
    Loading {
        /// Words: "Loading the film". `None` before 300 ms: plain black.
        text: Option<String>,
        /// Seconds so far: "0.4 s".
        elapsed: Option<String>,
    },
    /// Cannot be shown.
    Failed {
        /// "This film cannot be shown."
        title: String,
        /// Study number and reason.
        reason: String,
        /// Aside: "The other films are not affected."
        note: Option<String>,
    },
    /// Black on purpose, such as behind a palette.
    Blank,
}

/// A finished picture, one screen pixel per picture pixel.
#[derive(Clone)]
pub struct FilmPicture {
    /// Width and height in picture pixels. Times [`Self::coarse`] it covers what
    /// [`super::FrameInput::viewports`] asked for.
    pub size: [usize; 2],
    /// Screen pixels along a picture pixel: 1, or 2 for the preview under a moving hand.
    pub coarse: usize,
    /// Display values, row by row, 4 bytes a pixel (red, green, blue, 255).
    pub rgba: Arc<Vec<u8>>,
    /// Changes whenever the pixels change, and is never used again for other pixels.
    pub generation: u64,
}

impl std::fmt::Debug for FilmPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { size, generation, .. } = self;
        write!(f, "FilmPicture {{ size: {size:?}, generation: {generation} }}")
    }
}

/// Texts in the corners of a viewport; `O` empties them. Short ones ("W 256", "px only") where
/// [`super::FrameInput::window`] is less than 1200 points wide.
#[derive(Clone, Debug, Default)]
pub struct OverlayView {
    /// View and its number, bold line first.
    pub top_left: Vec<String>,
    /// Window and its name.
    pub bottom_left: Vec<String>,
    /// Zoom and calibration.
    pub bottom_right: Vec<String>,
    /// Plain tick-and-word in the top right of an unfocused view: "seen".
    pub seen: Option<String>,
    /// Orientation letters: left, right, top, bottom.
    pub sides: Option<[String; 4]>,
}

/// Grey-level adequacy.
#[derive(Clone, Debug)]
pub struct BadgeView {
    /// Tick, warning or alarm.
    pub mark: Mark,
    /// "Grey levels clipped 7.7 %".
    pub text: String,
    /// "Clipped 7.7 %".
    pub short: String,
    /// Key that shows where.
    pub key: String,
}

/// A measurement in physical pixels of its viewport.
#[derive(Clone, Debug)]
pub struct DrawnMark {
    /// What the points are joined to.
    pub shape: MarkShape,
    /// Its points; each can be dragged.
    pub points: Vec<[f32; 2]>,
    /// Lines of the label, the figure first.
    pub label: Vec<String>,
    /// Top left of the label.
    pub label_at: [f32; 2],
    /// Being drawn or selected.
    pub active: bool,
}

/// How the points of a measurement are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkShape {
    /// Each to the next.
    Polyline,
    /// The first to the second, the third to the fourth.
    Pairs,
    /// Two opposite corners of the box around an ellipse.
    Ellipse,
    /// Two opposite corners of a box that the dataset draws; its points cannot be dragged.
    Box,
}

/// Histogram of the film's values.
#[derive(Clone, Debug)]
pub struct HistogramView {
    /// Bar heights, 0 to 1, on a logarithmic scale of counts.
    pub bars: Vec<f32>,
    /// Where the window begins and ends on the axis; beyond 0 and 1 when it is wider.
    pub window: [f32; 2],
    /// First and last value of the axis.
    pub ends: [String; 2],
    /// Values of the window's edges.
    pub edges: [String; 2],
    /// What the window leaves at black and at white: "0.4 % black".
    pub clipped: [String; 2],
    /// The film's own lowest and highest level hold pixels that lost their detail.
    pub lost: [bool; 2],
}

/// A picture that fills the monitor, with nothing else but its caption.
#[derive(Clone, Debug)]
pub struct BareView {
    /// Accessible name.
    pub name: String,
    /// The picture; `None` where the window is too small for one.
    pub picture: Option<FilmPicture>,
    /// Lines at the foot; empty: none.
    pub caption: Vec<String>,
}

/// An enlarged detail.
#[derive(Clone, Debug)]
pub struct MagnifierView {
    /// Pixels.
    pub picture: FilmPicture,
    /// Centre in physical pixels of the viewport.
    pub centre: [f32; 2],
}
