//! How one film is looked at: window, zoom, pan, turn, measurements, and the finished picture.

mod grey;
mod hands;
mod measure;
mod scope;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use overread_imaging::{
    DecodedImage, Output, Renderer, ViewGeometry, ViewState, WindowDrag, Zoom, edge_letters,
};

use crate::view::{FilmPicture, FilmState, FilmView, Mark, OverlayView};
pub(crate) use grey::{Grey, Origin};
pub(crate) use hands::{is_grey, is_zoom};
pub(crate) use measure::{Drawing, Measurement, Tool};
use scope::{Bars, Lens, at_ends, window_clips};
pub(crate) use words::{Caption, blank, failed};

/// A picture that takes longer than this is drawn at half resolution while the hand moves.
const HURRY: Duration = Duration::from_millis(33);

/// Never the same number for two pictures.
pub(crate) fn next_generation() -> u64 {
    static GENERATION: AtomicU64 = AtomicU64::new(1);
    GENERATION.fetch_add(1, Ordering::Relaxed)
}

/// Everything a reader can change about how a film looks: what the view history keeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Look {
    pub view: ViewState,
    /// `None` until the film is first opened.
    pub grey: Option<Grey>,
    pub marks: Vec<Measurement>,
}

/// What a film is drawn with beside its own look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aids {
    /// Texts and letters over the film.
    pub texts: bool,
    pub histogram: bool,
    /// Cursor and power of the magnifier.
    pub magnifier: Option<((f64, f64), f64)>,
    /// A mark under the hand.
    pub drawing: Option<Drawing>,
    /// The mark that `Delete` would take away.
    pub selected: Option<usize>,
    /// What the tool waits for.
    pub hint: Option<&'static str>,
    /// "Page 1 of 2".
    pub page: Option<String>,
    /// A tick for a view that was on screen, on views without the focus.
    pub seen_word: bool,
}

/// A picture that was made ready before the film is opened.
pub(crate) struct Prepared {
    pub size: (u32, u32),
    pub renderer: Renderer,
    pub rgba: Vec<u8>,
}

impl Prepared {
    /// Draws a film as it will be opened; for worker threads.
    pub(crate) fn new(image: &DecodedImage, size: (u32, u32), output: &Output) -> Self {
        let mut renderer = Renderer::new();
        renderer.set_output(output.clone());
        let mut rgba = Vec::new();
        let grey = Grey::opened(image);
        renderer.render_into(image, &ViewState::default(), &grey.pres, size, &mut rgba);
        Self { size, renderer, rgba }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.renderer.memory_bytes() + self.rgba.len()
    }
}

/// One film: its look, and its renderers with their caches.
pub(crate) struct Viewer {
    image: Option<Arc<DecodedImage>>,
    look: Look,
    drag: Option<WindowDrag>,
    /// Texts and the file's overlay planes are shown.
    texts: bool,
    /// A hand is moving something: pictures may be coarse.
    moving: bool,
    size: (u32, u32),
    output: Output,
    renderer: Renderer,
    preview: Renderer,
    lens: Lens,
    bars: Option<Bars>,
    rendered: Option<(ViewState, overread_imaging::Presentation, (u32, u32), usize)>,
    picture: Option<FilmPicture>,
    /// How long a whole picture took that was resampled.
    cost: Duration,
    /// How long a whole picture took that only changed its greys.
    table_cost: Duration,
    /// What the whole picture was last drawn for.
    placed: Option<(ViewState, (u32, u32))>,
    seen: bool,
}

impl Default for Viewer {
    fn default() -> Self {
        Self {
            image: None,
            look: Look::default(),
            drag: None,
            texts: true,
            moving: false,
            size: (0, 0),
            output: Output::default(),
            renderer: Renderer::new(),
            preview: Renderer::new(),
            lens: Lens::default(),
            bars: None,
            rendered: None,
            picture: None,
            cost: Duration::ZERO,
            table_cost: Duration::ZERO,
            placed: None,
            seen: false,
        }
    }
}

impl Viewer {
    /// Forgets everything: nothing of one film is ever seen under another.
    pub(crate) fn clear(&mut self) {
        self.park();
        (self.look, self.seen) = (Look::default(), false);
    }

    /// Lets go of the pixels and keeps how they were looked at.
    pub(crate) fn park(&mut self) {
        self.image = None;
        self.drag = None;
        self.moving = false;
        self.renderer.clear();
        self.preview.clear();
        self.lens.clear();
        self.bars = None;
        self.rendered = None;
        self.picture = None;
        (self.cost, self.table_cost) = (Duration::ZERO, Duration::ZERO);
        self.placed = None;
    }

    /// The film as it is opened, or as it was left within the same item.
    pub(crate) fn open(&mut self, image: Arc<DecodedImage>, prepared: Option<Prepared>) {
        self.park();
        let grey = self.look.grey.get_or_insert_with(|| Grey::opened(&image));
        if let Some(Prepared { size, renderer, rgba }) = prepared
            && self.look.view == ViewState::default()
            && *grey == Grey::opened(&image)
        {
            self.rendered = Some((self.look.view, grey.pres, size, 1));
            self.placed = Some((self.look.view, size));
            self.picture = Some(FilmPicture {
                size: [size.0 as usize, size.1 as usize],
                coarse: 1,
                rgba: Arc::new(rgba),
                generation: next_generation(),
            });
            self.renderer = renderer;
        }
        self.image = Some(image);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.image.is_some()
    }

    pub(crate) fn image(&self) -> Option<&Arc<DecodedImage>> {
        self.image.as_ref()
    }

    pub(crate) fn look(&self) -> &Look {
        &self.look
    }

    pub(crate) fn set_look(&mut self, look: Look) {
        self.look = look;
    }

    pub(crate) fn was_seen(&self) -> bool {
        self.seen
    }

    pub(crate) fn note_seen(&mut self) {
        self.seen |= self.is_open();
    }

    /// Calibration and dither; applies to the film and nothing around it.
    pub(crate) fn set_output(&mut self, output: &Output) {
        self.output = output.clone();
        self.renderer.set_output(output.clone());
        self.preview.set_output(output.clone());
        self.lens.set_output(output.clone());
        self.rendered = None;
    }

    /// Generation of the newest picture.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.picture.as_ref().map(|picture| picture.generation)
    }

    /// Where image and screen lie on each other.
    pub(crate) fn geometry(&self) -> Option<ViewGeometry> {
        let image = self.image.as_ref()?;
        let usable = 0 < self.size.0 && 0 < self.size.1;
        usable.then(|| ViewGeometry::new(image, &self.look.view, self.size))
    }

    /// Renders if anything changed, and says what is written over the film.
    pub(crate) fn film(
        &mut self,
        size: [usize; 2],
        caption: &Caption<'_>,
        aids: &Aids,
    ) -> FilmView {
        let name = words::film_name(caption);
        self.size = (narrow(size[0]), narrow(size[1]));
        self.texts = aids.texts;
        let (Some(image), Some(grey)) = (self.image.clone(), self.look.grey.clone()) else {
            return loading(name, caption.loading_for);
        };
        self.draw(&image, &grey);
        let state = match &self.picture {
            Some(picture) => FilmState::Picture(picture.clone()),
            None => FilmState::Blank,
        };
        let mut film = FilmView { state, warning: self.warning(&image), ..words::empty(name) };
        let Some(geometry) = self.geometry() else { return film };
        if aids.texts {
            film.overlay = self.overlay(&image, &grey, &geometry, caption, aids);
            film.badge = words::badge(&image);
            // One place for both: a warning outweighs that a view was seen, a tick does not.
            let tick = film.badge.as_ref().is_some_and(|badge| badge.mark == Mark::Check);
            if film.overlay.seen.is_some() && tick {
                film.badge = None;
            } else if film.badge.is_some() {
                film.overlay.seen = None;
            }
        }
        film.hint = aids.hint.map(str::to_owned);
        let marks = self.look.marks.iter().enumerate();
        let boxes = caption.boxes.iter().filter(|_| aids.texts);
        film.marks = marks
            .map(|(i, mark)| mark.drawn(&geometry, aids.selected == Some(i)))
            .chain(aids.drawing.as_ref().and_then(|drawing| drawing.drawn(&image, &geometry)))
            .chain(boxes.map(|one| measure::drawn_box(&one.name, one.edges, &geometry)))
            .collect();
        if aids.histogram {
            if self.bars.is_none() {
                self.bars = Bars::of(&image);
            }
            film.histogram = self.bars.as_ref().map(|bars| bars.view(&image, &grey));
        }
        film.magnifier = aids.magnifier.and_then(|(at, power)| {
            self.lens.view(&image, &grey, (&self.look.view, &geometry), at, power)
        });
        film
    }

    /// Whether one image pixel takes at least one screen pixel.
    pub(crate) fn is_full_size(&self) -> bool {
        self.geometry().is_some_and(|geometry| 1.0 - 1e-9 <= geometry.zoom)
    }

    /// Draws the picture for a viewport of this size: for benchmarks.
    pub(crate) fn picture(&mut self, size: (u32, u32)) {
        self.size = size;
        if let (Some(image), Some(grey)) = (self.image.clone(), self.look.grey.clone()) {
            self.draw(&image, &grey);
        }
    }

    /// Draws the picture anew if anything about it has changed.
    fn draw(&mut self, image: &DecodedImage, grey: &Grey) {
        let (mut view, pres) = (self.look.view, grey.pres);
        view.layers.overlays &= self.texts;
        // Where the film stays in its place only the tables run, and those have a cost of their own.
        let stays = self.placed == Some((view, self.size));
        let cost = if stays { self.table_cost } else { self.cost };
        let coarse = if self.moving && HURRY < cost { 2 } else { 1 };
        let wanted = (view, pres, self.size, coarse);
        if self.rendered == Some(wanted) || self.size.0 == 0 || self.size.1 == 0 {
            return;
        }
        let begun = Instant::now();
        // The buffer of the picture before is used again once the window has let go of it.
        let before = self.picture.take().map(|picture| picture.rgba);
        let mut rgba = before.and_then(|arc| Arc::try_unwrap(arc).ok()).unwrap_or_default();
        let size = if coarse == 2 {
            let half = (self.size.0.div_ceil(2), self.size.1.div_ceil(2));
            let whole = ViewGeometry::new(image, &view, self.size);
            let halved = view.halved(&whole);
            self.preview.render_into(image, &halved, &pres, half, &mut rgba);
            half
        } else {
            self.renderer.render_into(image, &view, &pres, self.size, &mut rgba);
            let cost = if stays { &mut self.table_cost } else { &mut self.cost };
            *cost = begun.elapsed();
            self.placed = Some((view, self.size));
            self.size
        };
        self.picture = Some(FilmPicture {
            size: [size.0 as usize, size.1 as usize],
            coarse,
            rgba: Arc::new(rgba),
            generation: next_generation(),
        });
        self.rendered = Some(wanted);
    }

    fn warning(&self, image: &DecodedImage) -> Option<String> {
        if self.look.view.orientation.is_mirrored() {
            return Some("Mirrored: sides are reversed.".to_owned());
        }
        let shape = image.meta.presentation_inverse?;
        let contradicts = shape != (image.meta.photometric == "MONOCHROME1");
        contradicts.then(|| {
            "The file contradicts itself on black and white. Shift+I: the other.".to_owned()
        })
    }

    fn overlay(
        &self,
        image: &DecodedImage,
        grey: &Grey,
        geometry: &ViewGeometry,
        caption: &Caption<'_>,
        aids: &Aids,
    ) -> OverlayView {
        let letters = image.meta.orientation.as_ref();
        let sides = letters.and_then(|d| edge_letters(d, self.look.view.orientation));
        let top =
            [words::view_words(caption.view), format!("View {} of {}", caption.number, caption.of)];
        let seen = aids.seen_word && self.seen;
        OverlayView {
            top_left: top.into_iter().chain(aids.page.clone()).collect(),
            bottom_left: self.grey_words(image, grey),
            bottom_right: std::iter::once(self.zoom_words(geometry))
                .chain(words::spacing_words(image, caption.narrow))
                .collect(),
            seen: seen.then(|| "seen".to_owned()),
            sides: sides.map(|s| [s.left, s.right, s.top, s.bottom]),
        }
    }

    fn grey_words(&self, image: &DecodedImage, grey: &Grey) -> Vec<String> {
        if image.is_colour() {
            let mut lines = vec!["Colour, not windowed".to_owned()];
            lines.extend(grey.pres.invert.then(|| "Inverted".to_owned()));
            return lines;
        }
        let (center, width) = grey.pres.voi.center_width();
        let mut lines = Vec::new();
        if self.look.view.layers.clipped {
            let share = |v: f64| format!("{:.1}\u{a0}%", v * 100.0);
            let [low, high] = at_ends(image).map(share);
            lines.push(format!("Film: {low} lowest, {high} highest"));
            let [black, white] = window_clips(image, grey);
            lines.push(format!("Window: {black}, {white}"));
        }
        lines.push(format!("W {}   L {}", words::trim(width), words::trim(center)));
        lines.push(grey.name.clone());
        lines.extend(grey.pres.invert.then(|| "Inverted".to_owned()));
        lines.extend(grey.pres.ignore_shape.then(|| "The file's inversion is left out".to_owned()));
        lines
    }

    fn zoom_words(&self, geometry: &ViewGeometry) -> String {
        let percent = geometry.zoom * 100.0;
        let fit = match self.look.view.zoom {
            Zoom::Fit => "Fit, ",
            Zoom::FitWidth => "Fit width, ",
            Zoom::Scale(_) => "",
        };
        format!("{fit}{percent:.0}\u{a0}%")
    }
}

fn loading(name: String, loading_for: Option<f64>) -> FilmView {
    let late = loading_for.filter(|seconds| 0.3 <= *seconds);
    FilmView {
        state: FilmState::Loading {
            text: late.map(|_| "Loading the film".to_owned()),
            elapsed: late.map(|seconds| format!("{seconds:.1} s")),
        },
        ..words::empty(name)
    }
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
