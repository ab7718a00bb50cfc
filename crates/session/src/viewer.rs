//! How one film is looked at: window, zoom, pan, turn, and the finished picture.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use overread_imaging::{
    AdequacyClass, AutoWindow, ChosenVoi, DecodedImage, DragSpeed, Presentation, Preset, Renderer,
    SpacingKind, ViewState, WindowDrag, WindowStep, Zoom, auto_voi, default_voi, edge_letters,
    file_vois, preset_voi, presets, stepped,
};

use crate::command::Command;
use crate::films::Fault;
use crate::view::{BadgeView, FilmPicture, FilmState, FilmView, Mark, OverlayView};

/// Never the same number for two pictures.
static GENERATION: AtomicU64 = AtomicU64::new(1);

/// Presentation state of one film, and its renderer.
pub(crate) struct Viewer {
    image: Option<Arc<DecodedImage>>,
    view: ViewState,
    pres: Option<Presentation>,
    /// What the window is called.
    window_name: String,
    drag: Option<WindowDrag>,
    /// Which of the file's own windows `F2` shows.
    own: usize,
    auto: Option<AutoWindow>,
    texts: bool,
    renderer: Renderer,
    rendered: Option<(ViewState, Presentation, (u32, u32))>,
    picture: Option<FilmPicture>,
}

/// Names over and around a film that only the item knows.
pub(crate) struct Caption<'a> {
    pub view: Option<&'a str>,
    pub number: usize,
    pub of: usize,
    pub study: u32,
    pub loading_for: Option<f64>,
    /// There is little room beside the film.
    pub narrow: bool,
}

impl Default for Viewer {
    fn default() -> Self {
        Self {
            image: None,
            view: ViewState::default(),
            pres: None,
            window_name: String::new(),
            drag: None,
            own: 0,
            auto: None,
            texts: true,
            renderer: Renderer::new(),
            rendered: None,
            picture: None,
        }
    }
}

fn sentence(text: &str) -> String {
    crate::read_view::capital(text)
}

impl Viewer {
    /// Forgets everything: nothing of one film is ever seen under another.
    pub(crate) fn clear(&mut self) {
        let texts = self.texts;
        self.renderer.clear();
        let renderer = std::mem::take(&mut self.renderer);
        *self = Self { texts, renderer, ..Self::default() };
    }

    /// The film as it is opened.
    pub(crate) fn open(&mut self, image: Arc<DecodedImage>) {
        self.clear();
        self.set_own_window(&image, 0);
        self.image = Some(image);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.image.is_some()
    }

    /// Generation of the newest picture.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.picture.as_ref().map(|picture| picture.generation)
    }

    /// Carries out a viewing command; `None` if it is no such command, `Some(false)` if refused.
    pub(crate) fn command(&mut self, command: Command, size: [usize; 2]) -> Option<bool> {
        use Command::*;
        if command == Overlays {
            self.texts = !self.texts;
            return Some(true);
        }
        let image = self.image.clone();
        let known = matches!(
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
                | Clipped
                | Fit
                | OneToOne
                | ZoomIn
                | ZoomOut
                | RotateRight
                | RotateLeft
                | FlipHorizontal
                | FlipVertical
                | ResetView
                | ResetAll
        );
        if !known {
            return None;
        }
        let Some(image) = image else { return Some(false) };
        Some(match command {
            WindowDefault => self.next_own_window(&image),
            WindowAuto => self.next_auto(&image),
            WindowDense => self.preset(&image, Preset::Dense, "dense"),
            WindowLucent => self.preset(&image, Preset::Lucent, "lucent"),
            WindowNarrow => self.preset(&image, Preset::Narrow, "narrow"),
            WindowRetrocardiac => self.preset(&image, Preset::Retrocardiac, "retrocardiac"),
            LevelUp => self.step(&image, WindowStep::LevelUp, false),
            LevelDown => self.step(&image, WindowStep::LevelDown, false),
            Wider => self.step(&image, WindowStep::Wider, false),
            Narrower => self.step(&image, WindowStep::Narrower, false),
            LevelUpFine => self.step(&image, WindowStep::LevelUp, true),
            LevelDownFine => self.step(&image, WindowStep::LevelDown, true),
            WiderFine => self.step(&image, WindowStep::Wider, true),
            NarrowerFine => self.step(&image, WindowStep::Narrower, true),
            Invert => self.invert(),
            ResetAll => {
                self.open(image);
                true
            }
            other => self.turn(other, size),
        })
    }

    fn turn(&mut self, command: Command, size: [usize; 2]) -> bool {
        use Command::*;
        const STEP: f64 = 1.25;
        let centre = (size[0] as f64 / 2.0, size[1] as f64 / 2.0);
        match command {
            Clipped => self.view.layers.clipped = !self.view.layers.clipped,
            Fit => (self.view.zoom, self.view.pan) = (Zoom::Fit, (0.0, 0.0)),
            OneToOne => {
                if let Some(geometry) = self.renderer.geometry() {
                    self.view = self.view.scaled_at(&geometry, centre, 1.0);
                }
            }
            ZoomIn => self.zoom(centre, STEP),
            ZoomOut => self.zoom(centre, 1.0 / STEP),
            RotateRight => self.view.orientation = self.view.orientation.rotated_right(),
            RotateLeft => self.view.orientation = self.view.orientation.rotated_left(),
            FlipHorizontal => self.view.orientation = self.view.orientation.flipped_horizontally(),
            FlipVertical => self.view.orientation = self.view.orientation.flipped_vertically(),
            ResetView => {
                let layers = self.view.layers;
                self.view = ViewState { layers, ..ViewState::default() };
            }
            _ => return false,
        }
        true
    }

    pub(crate) fn zoom(&mut self, at: (f64, f64), factor: f64) {
        if let Some(geometry) = self.renderer.geometry() {
            self.view = self.view.zoomed_at(&geometry, at, factor);
        }
    }

    pub(crate) fn pan(&mut self, dx: f64, dy: f64) {
        // A fitted film that is moved keeps its size.
        if let (Zoom::Fit | Zoom::FitWidth, Some(geometry)) =
            (self.view.zoom, self.renderer.geometry())
        {
            self.view.zoom = Zoom::Scale(geometry.zoom);
        }
        self.view = self.view.panned(dx, dy);
    }

    pub(crate) fn drag_window(&mut self, dx: f64, dy: f64, ends: bool) {
        let (Some(image), Some(pres)) = (&self.image, &mut self.pres) else { return };
        if image.is_colour() {
            return;
        }
        let drag = self.drag.get_or_insert_with(|| WindowDrag::new(image, pres.voi, 1.0));
        pres.voi = drag.by(dx, dy, DragSpeed::Normal);
        "Own window".clone_into(&mut self.window_name);
        if ends {
            self.drag = None;
        }
    }

    fn set_voi(&mut self, chosen: &ChosenVoi) -> bool {
        let mut pres = self.pres.unwrap_or_else(|| Presentation::new(chosen.voi));
        pres.voi = chosen.voi;
        self.pres = Some(pres);
        self.window_name = sentence(&chosen.text);
        true
    }

    /// The default first, then the file's other windows and LUTs in turn.
    fn set_own_window(&mut self, image: &DecodedImage, index: usize) -> bool {
        let first = default_voi(image);
        let mut all = file_vois(image);
        all.retain(|other| other.source != first.source);
        all.insert(0, first);
        self.own = index % all.len();
        self.auto = None;
        let Some(chosen) = all.into_iter().nth(self.own) else { return false };
        self.set_voi(&chosen);
        if self.own == 0 {
            "Default window".clone_into(&mut self.window_name);
        }
        true
    }

    fn next_own_window(&mut self, image: &DecodedImage) -> bool {
        let at_own = self.auto.is_none() && !self.window_name.starts_with("Own");
        let index = if at_own && self.window_is_own() { self.own + 1 } else { 0 };
        self.set_own_window(image, index)
    }

    fn window_is_own(&self) -> bool {
        ["Default", "Window ", "LUT "].iter().any(|name| self.window_name.starts_with(name))
    }

    fn next_auto(&mut self, image: &DecodedImage) -> bool {
        let auto = self.auto.map_or(AutoWindow::Percentile, AutoWindow::next);
        self.auto = Some(auto);
        self.set_voi(&auto_voi(image, auto))
    }

    fn preset(&mut self, image: &DecodedImage, preset: Preset, name: &str) -> bool {
        let Some(pres) = &mut self.pres else { return false };
        if !presets(image).contains(&preset) {
            return false;
        }
        let Some(voi) = preset_voi(image, preset, &pres.voi) else { return false };
        pres.voi = voi;
        self.auto = None;
        self.window_name = format!("{} window", sentence(name));
        true
    }

    fn step(&mut self, image: &DecodedImage, step: WindowStep, fine: bool) -> bool {
        let Some(pres) = &mut self.pres else { return false };
        if image.is_colour() {
            return false;
        }
        pres.voi = stepped(image, &pres.voi, step, fine);
        "Own window".clone_into(&mut self.window_name);
        true
    }

    fn invert(&mut self) -> bool {
        let Some(pres) = &mut self.pres else { return false };
        pres.invert = !pres.invert;
        true
    }

    /// Renders if anything changed, and says what is written over the film.
    pub(crate) fn film(&mut self, size: [usize; 2], caption: &Caption<'_>) -> FilmView {
        let name = film_name(caption);
        let (Some(image), Some(pres)) = (self.image.clone(), self.pres) else {
            let late = caption.loading_for.filter(|seconds| 0.3 <= *seconds);
            return FilmView {
                state: FilmState::Loading {
                    text: late.map(|_| "Loading the film".to_owned()),
                    elapsed: late.map(|seconds| format!("{seconds:.1} s")),
                },
                ..empty(name)
            };
        };
        let pixels = (narrow(size[0]), narrow(size[1]));
        let wanted = (self.view, pres, pixels);
        if self.rendered != Some(wanted) && 0 < pixels.0 && 0 < pixels.1 {
            let rgba = self.renderer.render(&image, &self.view, &pres, pixels);
            let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
            self.picture = Some(FilmPicture { size, rgba: Arc::from(rgba), generation });
            self.rendered = Some(wanted);
        }
        let state = match &self.picture {
            Some(picture) => FilmState::Picture(picture.clone()),
            None => FilmState::Blank,
        };
        FilmView {
            state,
            overlay: if self.texts {
                self.overlay(&image, caption)
            } else {
                OverlayView::default()
            },
            badge: self.texts.then(|| badge(&image)).flatten(),
            warning: self.warning(),
            ..empty(name)
        }
    }

    fn warning(&self) -> Option<String> {
        let mirrored = self.view.orientation.is_mirrored();
        mirrored.then(|| "Mirrored: sides are reversed.".to_owned())
    }

    fn overlay(&self, image: &DecodedImage, caption: &Caption<'_>) -> OverlayView {
        let mut grey = Vec::new();
        if let Some(pres) = &self.pres {
            if image.is_colour() {
                grey.push("Colour, not windowed".to_owned());
            } else {
                let (center, width) = pres.voi.center_width();
                grey.push(format!("W {}   L {}", trim(width), trim(center)));
                grey.push(self.window_name.clone());
            }
            if pres.invert {
                grey.push("Inverted".to_owned());
            }
        }
        let letters = image.meta.orientation.as_ref();
        let sides = letters.and_then(|d| edge_letters(d, self.view.orientation));
        OverlayView {
            top_left: vec![
                view_words(caption.view),
                format!("View {} of {}", caption.number, caption.of),
            ],
            bottom_left: grey,
            bottom_right: std::iter::once(self.zoom_words())
                .chain(spacing_words(image, caption.narrow))
                .collect(),
            seen: None,
            sides: sides.map(|s| [s.left, s.right, s.top, s.bottom]),
        }
    }

    fn zoom_words(&self) -> String {
        let percent = self.renderer.geometry().map_or(100.0, |g| g.zoom * 100.0);
        let fit = if self.view.zoom == Zoom::Fit { "Fit, " } else { "" };
        format!("{fit}{percent:.0}\u{a0}%")
    }
}

/// A film that cannot be shown, in words that name the study by number only.
pub(crate) fn failed(caption: &Caption<'_>, fault: &Fault) -> FilmView {
    FilmView {
        state: FilmState::Failed {
            title: "This film cannot be shown.".to_owned(),
            reason: format!("Study {}: {}", caption.study, fault.reason),
            note: (!fault.unreachable).then(|| "The other films are not affected.".to_owned()),
        },
        ..empty(film_name(caption))
    }
}

/// A viewport that is black on purpose.
pub(crate) fn blank(caption: &Caption<'_>) -> FilmView {
    FilmView { state: FilmState::Blank, ..empty(film_name(caption)) }
}

fn empty(name: String) -> FilmView {
    FilmView {
        name,
        state: FilmState::Blank,
        overlay: OverlayView::default(),
        badge: None,
        warning: None,
        marks: Vec::new(),
        histogram: None,
        magnifier: None,
    }
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn view_words(view: Option<&str>) -> String {
    match view.map(str::to_uppercase).as_deref() {
        Some("PA") => "Frontal, PA".to_owned(),
        Some("AP") => "Frontal, AP".to_owned(),
        Some("LL" | "RL" | "LATERAL" | "LAT") => "Lateral".to_owned(),
        Some(other) => sentence(&other.to_lowercase()),
        None => "View not stated".to_owned(),
    }
}

fn film_name(caption: &Caption<'_>) -> String {
    format!(
        "Film of study {}, {}, view {} of {}",
        caption.study,
        view_words(caption.view).to_lowercase(),
        caption.number,
        caption.of
    )
}

fn trim(value: f64) -> String {
    let text = if value.abs() < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") };
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    };
    short.replace('-', "−")
}

fn spacing_words(image: &DecodedImage, narrow: bool) -> Vec<String> {
    let lines: &[&str] = match image.meta.spacing.kind {
        SpacingKind::Calibrated => &["mm, calibrated"],
        SpacingKind::Detector => &["mm at the detector"],
        SpacingKind::Estimated => &["mm, estimated"],
        SpacingKind::Nominal => &["mm, nominal"],
        SpacingKind::None if narrow => &["No calibration:", "px only"],
        SpacingKind::None => &["No calibration: px only"],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn badge(image: &DecodedImage) -> Option<BadgeView> {
    let adequacy = image.adequacy();
    let clipped = 100.0 * adequacy.high.plateau.max(adequacy.low.plateau);
    let (mark, text, short) = match adequacy.class {
        AdequacyClass::NotApplicable => return None,
        AdequacyClass::Adequate => {
            (Mark::Check, "Grey levels adequate".to_owned(), "Adequate".to_owned())
        }
        AdequacyClass::Clipped => (
            Mark::Warning,
            format!("Grey levels clipped {clipped:.1}\u{a0}%"),
            format!("Clipped {clipped:.1}\u{a0}%"),
        ),
        AdequacyClass::SeverelyClipped => (
            Mark::Alarm,
            format!("Grey levels severely clipped {clipped:.0}\u{a0}%"),
            format!("Clipped {clipped:.0}\u{a0}%"),
        ),
        AdequacyClass::FewLevels => {
            (Mark::Warning, "Few grey levels".to_owned(), "Few levels".to_owned())
        }
        AdequacyClass::Requantised => {
            (Mark::Warning, "Grey levels merged".to_owned(), "Merged".to_owned())
        }
        AdequacyClass::Stretched => {
            (Mark::Warning, "Grey levels stretched".to_owned(), "Stretched".to_owned())
        }
        AdequacyClass::Posterised => {
            (Mark::Warning, "Grey levels posterised".to_owned(), "Posterised".to_owned())
        }
    };
    Some(BadgeView { mark, text, short, key: "K".to_owned() })
}
