//! Where image pixels lie on the screen: zoom, pan, rotation, mirroring.

use crate::image::DecodedImage;

/// One of the eight ways to lay a picture down: mirrored left to right first,
/// then turned clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Orientation {
    quarter_turns: u8,
    mirrored: bool,
}

impl Orientation {
    /// `turns` quarter turns clockwise, after mirroring if `mirrored`.
    pub fn new(turns: u8, mirrored: bool) -> Self {
        Self { quarter_turns: turns % 4, mirrored }
    }

    /// Quarter turns clockwise, 0..=3.
    pub fn quarter_turns(self) -> u8 {
        self.quarter_turns
    }

    /// The picture is a mirror image: burned-in side marks read reversed.
    pub fn is_mirrored(self) -> bool {
        self.mirrored
    }

    /// Turned clockwise on the screen.
    pub fn rotated_right(self) -> Self {
        Self::new(self.quarter_turns + 1, self.mirrored)
    }

    /// Turned anticlockwise on the screen.
    pub fn rotated_left(self) -> Self {
        Self::new(self.quarter_turns + 3, self.mirrored)
    }

    /// Mirrored left to right, as seen on the screen.
    pub fn flipped_horizontally(self) -> Self {
        Self::new(4 - self.quarter_turns, !self.mirrored)
    }

    /// Mirrored top to bottom, as seen on the screen.
    pub fn flipped_vertically(self) -> Self {
        Self::new(6 - self.quarter_turns, !self.mirrored)
    }

    /// Columns and rows change places.
    pub fn swaps_axes(self) -> bool {
        self.quarter_turns % 2 == 1
    }

    /// A point of a `size` image, laid down.
    pub fn forward(self, size: (f64, f64), point: (f64, f64)) -> (f64, f64) {
        let (w, h) = size;
        let (x, y) = if self.mirrored { (w - point.0, point.1) } else { point };
        match self.quarter_turns {
            0 => (x, y),
            1 => (h - y, x),
            2 => (w - x, h - y),
            _ => (y, w - x),
        }
    }

    /// The image point that was laid down at `point`.
    pub fn backward(self, size: (f64, f64), point: (f64, f64)) -> (f64, f64) {
        let (w, h) = size;
        let (x, y) = match self.quarter_turns {
            0 => point,
            1 => (point.1, h - point.0),
            2 => (w - point.0, h - point.1),
            _ => (w - point.1, point.0),
        };
        if self.mirrored { (w - x, y) } else { (x, y) }
    }

    /// The source pixel of laid-down pixel (`x`, `y`) of a `width × height` image.
    pub(crate) fn source(self, width: usize, height: usize, x: usize, y: usize) -> (usize, usize) {
        let (sx, sy) = match self.quarter_turns {
            0 => (x, y),
            1 => (y, height - 1 - x),
            2 => (width - 1 - x, height - 1 - y),
            _ => (width - 1 - y, x),
        };
        if self.mirrored { (width - 1 - sx, sy) } else { (sx, sy) }
    }
}

/// How large the image is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Zoom {
    /// All of it fits.
    #[default]
    Fit,
    /// Its width fits.
    FitWidth,
    /// This many physical pixels to an image pixel; 1 is native resolution.
    Scale(f64),
}

/// How an enlarged image is interpolated. Shrinking always averages areas, and
/// whole-number zooms always show the pixels themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// Between two neighbours on each axis.
    #[default]
    Bilinear,
    /// Between four neighbours (Catmull-Rom), clamped to the scale.
    Bicubic,
}

/// What is laid over the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layers {
    /// Overlay planes of the file.
    pub overlays: bool,
    /// The display shutter of the file.
    pub shutter: bool,
    /// Hatching over clipped pixels.
    pub clipped: bool,
}

impl Default for Layers {
    fn default() -> Self {
        Self { overlays: true, shutter: true, clipped: false }
    }
}

/// How an image is looked at. All of it is about geometry, none about grey.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ViewState {
    /// Size.
    pub zoom: Zoom,
    /// From the viewport's centre to the image's centre, physical pixels.
    pub pan: (f64, f64),
    /// Rotation and mirroring.
    pub orientation: Orientation,
    /// Interpolation when enlarging.
    pub filter: Filter,
    /// What is laid over.
    pub layers: Layers,
}

const ZOOM_RANGE: (f64, f64) = (1.0 / 64.0, 64.0);

impl ViewState {
    /// Zooms by `factor` so that what lies under `cursor` stays there.
    pub fn zoomed_at(self, geometry: &ViewGeometry, cursor: (f64, f64), factor: f64) -> Self {
        let zoom = (geometry.zoom * factor).clamp(ZOOM_RANGE.0, ZOOM_RANGE.1);
        self.scaled_at(geometry, cursor, zoom)
    }

    /// Zooms to `zoom` so that what lies under `cursor` stays there.
    pub fn scaled_at(mut self, geometry: &ViewGeometry, cursor: (f64, f64), zoom: f64) -> Self {
        let f = zoom / geometry.zoom;
        let centre = (f64::from(geometry.size.0) / 2.0, f64::from(geometry.size.1) / 2.0);
        let moved = |pan: f64, at: f64, c: f64| pan * f + (at - c) * (1.0 - f);
        self.pan = (moved(self.pan.0, cursor.0, centre.0), moved(self.pan.1, cursor.1, centre.1));
        self.zoom = Zoom::Scale(zoom);
        self
    }

    /// Moves the image by whole or part pixels of the screen.
    pub fn panned(mut self, dx: f64, dy: f64) -> Self {
        self.pan = (self.pan.0 + dx, self.pan.1 + dy);
        self
    }

    /// The same view for a viewport of half the size: the preview while dragging.
    pub fn halved(mut self, geometry: &ViewGeometry) -> Self {
        self.zoom = Zoom::Scale(geometry.zoom / 2.0);
        self.pan = (self.pan.0 / 2.0, self.pan.1 / 2.0);
        self
    }
}

/// The view worked out for one image and one viewport size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewGeometry {
    /// Columns and rows of the image.
    pub image: (u32, u32),
    /// Viewport, physical pixels.
    pub size: (u32, u32),
    /// How the image is laid down.
    pub orientation: Orientation,
    /// Physical pixels to an image pixel, along its shorter side.
    pub zoom: f64,
    /// Physical pixels to a laid-down pixel, horizontally and vertically.
    pub scale: (f64, f64),
    /// Where the laid-down image's top left corner is.
    pub origin: (f64, f64),
}

impl ViewGeometry {
    /// Works out a view.
    pub fn new(image: &DecodedImage, view: &ViewState, size: (u32, u32)) -> Self {
        Self::of((image.width, image.height), image.meta.pixel_aspect, view, size)
    }

    /// The same from bare figures; `aspect` is a pixel's height over its width.
    pub fn of(image: (u32, u32), aspect: f64, view: &ViewState, size: (u32, u32)) -> Self {
        let aspect =
            if aspect.is_finite() && (0.01..=100.0).contains(&aspect) { aspect } else { 1.0 };
        let unit = if aspect >= 1.0 { (1.0, aspect) } else { (1.0 / aspect, 1.0) };
        let swap = |p: (f64, f64)| if view.orientation.swaps_axes() { (p.1, p.0) } else { p };
        let unit = swap(unit);
        let laid = swap((f64::from(image.0), f64::from(image.1)));
        let port = (f64::from(size.0), f64::from(size.1));
        let fit_width = port.0 / (laid.0 * unit.0);
        let zoom = match view.zoom {
            Zoom::Fit => fit_width.min(port.1 / (laid.1 * unit.1)),
            Zoom::FitWidth => fit_width,
            Zoom::Scale(z) => z,
        };
        let zoom = if zoom.is_finite() && zoom > 0.0 { zoom.clamp(1e-4, 1e4) } else { 1.0 };
        let scale = (zoom * unit.0, zoom * unit.1);
        let start = |port: f64, pan: f64, n: f64, s: f64| {
            let at = port / 2.0 + pan - n * s / 2.0;
            // Pixels of a whole-number zoom lie on the screen's pixels.
            if whole(s) { at.round() } else { at }
        };
        let origin = (
            start(port.0, view.pan.0, laid.0, scale.0),
            start(port.1, view.pan.1, laid.1, scale.1),
        );
        Self { image, size, orientation: view.orientation, zoom, scale, origin }
    }

    fn image_size(&self) -> (f64, f64) {
        (f64::from(self.image.0), f64::from(self.image.1))
    }

    /// Columns and rows as laid down.
    pub fn laid_size(&self) -> (u32, u32) {
        if self.orientation.swaps_axes() { (self.image.1, self.image.0) } else { self.image }
    }

    /// Image coordinates (0,0 is the outer corner of the first pixel) to the screen.
    pub fn to_screen(self, point: (f64, f64)) -> (f64, f64) {
        let laid = self.orientation.forward(self.image_size(), point);
        (laid.0 * self.scale.0 + self.origin.0, laid.1 * self.scale.1 + self.origin.1)
    }

    /// Screen to image coordinates; may lie outside the image.
    pub fn to_image(self, point: (f64, f64)) -> (f64, f64) {
        let laid =
            ((point.0 - self.origin.0) / self.scale.0, (point.1 - self.origin.1) / self.scale.1);
        self.orientation.backward(self.image_size(), laid)
    }

    /// The image pixel under a screen point.
    pub fn pixel_at(&self, point: (f64, f64)) -> Option<(u32, u32)> {
        let (x, y) = self.to_image(point);
        let inside =
            x >= 0.0 && y >= 0.0 && x < f64::from(self.image.0) && y < f64::from(self.image.1);
        inside.then(|| (crate::num::to_u32(x), crate::num::to_u32(y)))
    }
}

/// A zoom at which pixels are shown as themselves.
pub(crate) fn whole(scale: f64) -> bool {
    scale >= 0.999_999 && (scale - scale.round()).abs() < 1e-6
}

/// The letters at the four edges of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeLetters {
    /// At the left edge.
    pub left: String,
    /// At the right edge.
    pub right: String,
    /// At the top.
    pub top: String,
    /// At the bottom.
    pub bottom: String,
}

/// Where the patient's sides lie on the screen; `None` when the file does not
/// say, or says it in words that cannot be turned round.
pub fn edge_letters(directions: &[String; 2], orientation: Orientation) -> Option<EdgeLetters> {
    let [row, column] = directions;
    let mut edges = EdgeLetters {
        left: opposite(row)?,
        right: row.clone(),
        top: opposite(column)?,
        bottom: column.clone(),
    };
    if orientation.is_mirrored() {
        std::mem::swap(&mut edges.left, &mut edges.right);
    }
    for _ in 0..orientation.quarter_turns() {
        edges = EdgeLetters {
            top: edges.left,
            right: edges.top,
            bottom: edges.right,
            left: edges.bottom,
        };
    }
    Some(edges)
}

fn opposite(direction: &str) -> Option<String> {
    if direction.is_empty() {
        return None;
    }
    direction
        .chars()
        .map(|c| match c {
            'A' => Some('P'),
            'P' => Some('A'),
            'L' => Some('R'),
            'R' => Some('L'),
            'H' => Some('F'),
            'F' => Some('H'),
            _ => None,
        })
        .collect()
}
