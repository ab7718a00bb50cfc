//! Which window or LUT an image is shown with: the file's, automatic ones, presets.

use crate::image::{DecodedImage, ModalityMap, Samples, SourceKind};
use crate::stats::Distribution;
use crate::voi::{VoiFunction, Window};

/// A grey transformation from modality values to 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Voi {
    /// A window.
    Window(Window),
    /// The file's VOI LUT `index`, its input axis scaled to a centre and a width.
    Lut {
        /// Which LUT, counted from 0.
        index: usize,
        /// Modality value at the middle of the table.
        center: f64,
        /// Modality values over the whole table.
        width: f64,
    },
}

impl Voi {
    /// The file's LUT `index` as it stands; `None` when there is none.
    pub fn file_lut(image: &DecodedImage, index: usize) -> Option<Self> {
        let (center, width) = lut_axis(&image.meta.luts.get(index)?.lut);
        Some(Self::Lut { index, center, width })
    }

    /// The file's window `index`.
    pub fn file_window(image: &DecodedImage, index: usize) -> Option<Self> {
        image.meta.windows.get(index).map(|w| Self::Window(w.window))
    }

    /// Centre and width: of the window, or of the LUT's input axis.
    pub fn center_width(&self) -> (f64, f64) {
        match self {
            Self::Window(w) => (w.center, w.width),
            Self::Lut { center, width, .. } => (*center, *width),
        }
    }

    /// The same curve at another centre and width.
    pub fn with(&self, center: f64, width: f64) -> Self {
        match self {
            Self::Window(w) => Self::Window(Window { center, width, ..*w }),
            Self::Lut { index, .. } => Self::Lut { index: *index, center, width },
        }
    }

    /// The output 0..=1 for a modality value.
    pub fn apply(&self, image: &DecodedImage, x: f64) -> f64 {
        match self {
            Self::Window(w) => w.apply(x),
            Self::Lut { index, center, width } => {
                let Some(voi) = image.meta.luts.get(*index) else { return 0.0 };
                let (home, entries) = lut_axis(&voi.lut);
                let x = if (*center, *width) == (home, entries) {
                    x
                } else {
                    (x - center) / width * entries + home
                };
                voi.lut.lookup01(crate::num::to_i64((x + 0.5).floor()))
            }
        }
    }
}

/// Centre and width of a table's input axis.
fn lut_axis(lut: &crate::lut::Lut) -> (f64, f64) {
    let n = lut.len() as f64;
    (f64::from(lut.first) + n / 2.0, n)
}

/// Where a grey transformation came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiSource {
    /// The file's window, counted from 0.
    FileWindow(usize),
    /// The file's LUT, counted from 0.
    FileLut(usize),
    /// 8-bit sources are shown as they are.
    Identity,
    /// Computed from the image.
    Auto(AutoWindow),
}

/// A grey transformation with its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenVoi {
    /// The transformation.
    pub voi: Voi,
    /// Where it came from.
    pub source: VoiSource,
    /// What the status line says.
    pub text: String,
}

/// The automatic windows, in the order in which a key goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoWindow {
    /// From the 0.5th to the 99.5th percentile of what is not collimation.
    Percentile,
    /// From the lowest to the highest value.
    MinMax,
    /// All values that can be stored.
    FullRange,
}

impl AutoWindow {
    /// The next one, round and round.
    pub fn next(self) -> Self {
        match self {
            Self::Percentile => Self::MinMax,
            Self::MinMax => Self::FullRange,
            Self::FullRange => Self::Percentile,
        }
    }

    /// What the status line says.
    pub fn text(self) -> &'static str {
        match self {
            Self::Percentile => "auto window (p0.5–99.5)",
            Self::MinMax => "auto window (min–max)",
            Self::FullRange => "full stored range",
        }
    }
}

/// Windows for radiographs, relative to the image: there are no Hounsfield units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Mediastinum and bone.
    Dense,
    /// Lung.
    Lucent,
    /// Half the width of the present window.
    Narrow,
    /// The bright end of an 8-bit source.
    Retrocardiac,
}

/// The presets that make sense for an image.
pub fn presets(image: &DecodedImage) -> Vec<Preset> {
    if image.is_colour() {
        return Vec::new();
    }
    let mut all = vec![Preset::Dense, Preset::Lucent, Preset::Narrow];
    if is_eight_bit(image) {
        all.push(Preset::Retrocardiac);
    }
    all
}

/// What the image opens with.
pub fn default_voi(image: &DecodedImage) -> ChosenVoi {
    let lut_first = matches!(image.meta.modality.as_deref(), Some("CR" | "DX" | "MG"));
    let mut order = file_vois(image);
    if lut_first {
        order.sort_by_key(|c| matches!(c.source, VoiSource::FileWindow(_)));
    }
    let mut note = "";
    if let Some(first) = order.into_iter().next() {
        if !absurd(image, &first.voi) {
            return first;
        }
        note = "; the file's window shows next to nothing";
    }
    if made_for_the_eye(image) && note.is_empty() {
        return ChosenVoi {
            voi: Voi::Window(full_range(image)),
            source: VoiSource::Identity,
            text: "identity".to_owned(),
        };
    }
    let mut chosen = auto_voi(image, AutoWindow::Percentile);
    chosen.text.push_str(note);
    chosen
}

/// Every window and LUT of the file, windows first, each in file order.
pub fn file_vois(image: &DecodedImage) -> Vec<ChosenVoi> {
    let label = |kind: &str, number: usize, explanation: &Option<String>| match explanation {
        Some(text) => format!("{kind} {number}: {text}"),
        None => format!("{kind} {number}"),
    };
    let windows = image.meta.windows.iter().enumerate().map(|(i, w)| ChosenVoi {
        voi: Voi::Window(w.window),
        source: VoiSource::FileWindow(i),
        text: label("window", w.number, &w.explanation),
    });
    let luts = image.meta.luts.iter().enumerate().filter_map(|(i, l)| {
        Some(ChosenVoi {
            voi: Voi::file_lut(image, i)?,
            source: VoiSource::FileLut(i),
            text: label("LUT", l.number, &l.explanation),
        })
    });
    windows.chain(luts).collect()
}

/// An automatic window.
pub fn auto_voi(image: &DecodedImage, auto: AutoWindow) -> ChosenVoi {
    let all = || image.stats().distribution(image);
    let window = match auto {
        AutoWindow::FullRange => full_range(image),
        AutoWindow::MinMax => over(all().range()).unwrap_or_else(|| full_range(image)),
        AutoWindow::Percentile => {
            let body = body_distribution(image);
            let ends = body.percentile(0.5).zip(body.percentile(99.5));
            let ends = ends.filter(|(lo, hi)| hi - lo >= 16.0).or_else(|| all().range());
            over(ends).unwrap_or_else(|| full_range(image))
        }
    };
    ChosenVoi {
        voi: Voi::Window(window),
        source: VoiSource::Auto(auto),
        text: auto.text().to_owned(),
    }
}

/// A preset's window; `current` is what [`Preset::Narrow`] narrows.
pub fn preset_voi(image: &DecodedImage, preset: Preset, current: &Voi) -> Option<Voi> {
    let between = |from: f64, to: f64| {
        let body = body_distribution(image);
        over(body.percentile(from).zip(body.percentile(to))).map(Voi::Window)
    };
    match preset {
        _ if image.is_colour() => None,
        Preset::Dense => between(50.0, 99.9),
        Preset::Lucent => between(0.5, 60.0),
        Preset::Narrow => {
            let (center, width) = current.center_width();
            Some(current.with(center, width / 2.0))
        }
        Preset::Retrocardiac => {
            is_eight_bit(image).then(|| Voi::Window(Window::over_integers(180.0, 254.0)))
        }
    }
}

/// The window that covers the same share of the greys in another image: how a
/// window is carried across films of different exposure.
pub fn percentile_mapped(from: &DecodedImage, voi: &Voi, to: &DecodedImage) -> Option<Voi> {
    let Voi::Window(window) = voi else { return None };
    let (low, high) = window.edges();
    let source = body_distribution(from);
    let target = body_distribution(to);
    let (below, above) = source.outside(low, high);
    let (lo, hi) = (target.percentile(below * 100.0)?, target.percentile((1.0 - above) * 100.0)?);
    let mut mapped = over(Some((lo, hi)))?;
    mapped.function = match window.function {
        VoiFunction::Sigmoid => VoiFunction::Sigmoid,
        _ => VoiFunction::Linear,
    };
    Some(Voi::Window(mapped))
}

fn over(ends: Option<(f64, f64)>) -> Option<Window> {
    ends.map(|(lo, hi)| Window::over_integers(lo, hi)).filter(Window::is_usable)
}

/// Files outside DICOM and DICOM of 8 bits hold greys for the eye already: they
/// are never stretched unasked, so that clipping shows and images stay comparable.
fn made_for_the_eye(image: &DecodedImage) -> bool {
    image.meta.source != SourceKind::Dicom || (image.meta.bits_stored <= 8 && is_plain(image))
}

fn is_plain(image: &DecodedImage) -> bool {
    let linear = matches!(image.meta.map, ModalityMap::Linear { .. });
    linear && !image.meta.signed && image.modality_of(1) == 1.0 && image.modality_of(0) == 0.0
}

fn is_eight_bit(image: &DecodedImage) -> bool {
    image.meta.bits_stored == 8 && is_plain(image)
}

/// The window over everything that can be stored.
pub fn full_range(image: &DecodedImage) -> Window {
    let (lo, hi) = image.stored_range();
    let ends = match &image.meta.map {
        ModalityMap::Lut(lut) => (0.0, f64::from(lut.output_max())),
        ModalityMap::Linear { .. } => (image.modality_of(lo), image.modality_of(hi)),
    };
    let window = Window::over_integers(ends.0.min(ends.1), ends.0.max(ends.1));
    // A fractional slope can squeeze the whole range below one unit.
    if window.width < 2.0 {
        Window::over_range(ends.0.min(ends.1), ends.0.max(ends.1))
    } else {
        window
    }
}

/// A window that leaves more than 98 % of the pixels at one end.
fn absurd(image: &DecodedImage, voi: &Voi) -> bool {
    let Voi::Window(window) = voi else { return false };
    if window.function == VoiFunction::Sigmoid {
        return false;
    }
    let (low, high) = window.edges();
    if plainly_shows(image, low, high) {
        return false;
    }
    let distribution = image.stats().distribution(image);
    let (below, above) = distribution.outside(low, high);
    let (min, max) = distribution.range().unwrap_or((low, high));
    // An image of one value has nothing to lose.
    min < max && (below > 0.98 || above > 0.98)
}

/// Proof without a histogram that neither end can hold 98 % of the pixels: some rows
/// already have more than 2 % of them on each side of a value. Rows are taken far
/// apart, so that a film is decided after a few hundredths of it.
fn plainly_shows(image: &DecodedImage, low: f64, high: f64) -> bool {
    let Samples::Grey16 { data, offset } = &image.samples else { return false };
    let width = (image.width as usize).max(1);
    let enough = data.len() / 50 + 1;
    match image.meta.map {
        ModalityMap::Linear { slope, intercept } if image.meta.padding.is_none() => {
            let value = |v: u16| slope * f64::from(i32::from(v) + offset) + intercept;
            split(data, width, enough, |v| [value(v) > low, value(v) <= high])
        }
        _ => split(data, width, enough, |v| {
            let stored = i64::from(v) + i64::from(*offset);
            let (counts, value) = (!image.is_padding(stored), image.modality_of(stored));
            [counts && value > low, counts && value <= high]
        }),
    }
}

/// Whether each of the two conditions holds for `enough` samples of rows far apart.
fn split(data: &[u16], width: usize, enough: usize, holds: impl Fn(u16) -> [bool; 2]) -> bool {
    const APART: usize = 32;
    let mut found = [0_u64; 2];
    (0..APART).any(|first| {
        for row in data.chunks_exact(width).skip(first).step_by(APART) {
            for holds in row.iter().map(|&v| holds(v)) {
                found[0] += u64::from(holds[0]);
                found[1] += u64::from(holds[1]);
            }
        }
        found.iter().all(|&n| n >= enough as u64)
    })
}

/// Modality values of what is neither padding, shutter nor flat surround.
pub fn body_distribution(image: &DecodedImage) -> &Distribution {
    image.body_cache().get_or_init(|| crate::surround::body(image))
}

/// A window-level drag under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowDrag {
    voi: Voi,
    step: f64,
    range: (f64, f64),
    minimum: f64,
}

/// How fast a drag goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DragSpeed {
    /// A fifth.
    Fine,
    /// As it is.
    #[default]
    Normal,
    /// Four times.
    Coarse,
}

impl DragSpeed {
    fn factor(self) -> f64 {
        match self {
            Self::Fine => 0.2,
            Self::Normal => 1.0,
            Self::Coarse => 4.0,
        }
    }
}

impl WindowDrag {
    /// A drag that begins at `voi`; `sensitivity` is 1 unless the reader set it.
    pub fn new(image: &DecodedImage, voi: Voi, sensitivity: f64) -> Self {
        let mut range = image.stats().distribution(image).range().unwrap_or((0.0, 1.0));
        if let Voi::Lut { index, .. } = voi
            && let Some(l) = image.meta.luts.get(index)
        {
            let (center, width) = lut_axis(&l.lut);
            range = (range.0.min(center - width / 2.0), range.1.max(center + width / 2.0));
        }
        let (_, width) = voi.center_width();
        let step = (sensitivity * width / 400.0).max((range.1 - range.0) / 4096.0);
        let minimum = smallest_width(&voi, range);
        Self { voi, step, range, minimum }
    }

    /// Moves by screen pixels: right widens, down raises the level (darker).
    pub fn by(&mut self, dx: f64, dy: f64, speed: DragSpeed) -> Voi {
        let (center, width) = self.voi.center_width();
        let k = self.step * speed.factor();
        self.voi = clamped(&self.voi, center + dy * k, width + dx * k, self.range, self.minimum);
        self.voi
    }
}

fn smallest_width(voi: &Voi, range: (f64, f64)) -> f64 {
    match voi {
        Voi::Window(w) if w.effective_function() == VoiFunction::Linear => 1.0,
        _ => ((range.1 - range.0) / 65_536.0).max(f64::MIN_POSITIVE),
    }
}

fn clamped(voi: &Voi, center: f64, width: f64, range: (f64, f64), minimum: f64) -> Voi {
    let widest = ((range.1 - range.0) * 8.0).max(minimum);
    let width = width.clamp(minimum, widest.max(voi.center_width().1));
    voi.with(center.clamp(range.0 - width, range.1 + width), width)
}

/// A step of the window by keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowStep {
    /// Raise the level: darker.
    LevelUp,
    /// Lower the level: brighter.
    LevelDown,
    /// Less contrast.
    Wider,
    /// More contrast.
    Narrower,
}

/// The window after a key: a twentieth of the width, or a hundredth when fine.
pub fn stepped(image: &DecodedImage, voi: &Voi, step: WindowStep, fine: bool) -> Voi {
    let drag = WindowDrag::new(image, *voi, 1.0);
    let (center, width) = voi.center_width();
    let by = width / if fine { 100.0 } else { 20.0 };
    let (center, width) = match step {
        WindowStep::LevelUp => (center + by, width),
        WindowStep::LevelDown => (center - by, width),
        WindowStep::Wider => (center, width + by),
        WindowStep::Narrower => (center, width - by),
    };
    clamped(voi, center, width, drag.range, drag.minimum)
}
