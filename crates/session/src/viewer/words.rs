//! What is written over a film and said about it.

use overread_imaging::{AdequacyClass, DecodedImage, SpacingKind};

use crate::films::Fault;
use crate::later_view::FilmBox;
use crate::read_view::capital;
use crate::view::{BadgeView, FilmState, FilmView, Mark, OverlayView};

/// Names over and around a film that only the item knows.
pub(crate) struct Caption<'a> {
    pub view: Option<&'a str>,
    pub number: usize,
    pub of: usize,
    pub study: u32,
    pub loading_for: Option<f64>,
    /// There is little room beside the film.
    pub narrow: bool,
    /// Boxes that the dataset draws, where they may be seen.
    pub boxes: &'a [FilmBox],
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

pub(super) fn empty(name: String) -> FilmView {
    FilmView {
        name,
        state: FilmState::Blank,
        overlay: OverlayView::default(),
        badge: None,
        warning: None,
        marks: Vec::new(),
        histogram: None,
        magnifier: None,
        hint: None,
    }
}

pub(super) fn view_words(view: Option<&str>) -> String {
    match view.map(str::to_uppercase).as_deref() {
        Some("PA") => "Frontal, PA".to_owned(),
        Some("AP") => "Frontal, AP".to_owned(),
        Some("LL" | "RL" | "LATERAL" | "LAT") => "Lateral".to_owned(),
        Some(other) => capital(&other.to_lowercase()),
        None => "View not stated".to_owned(),
    }
}

pub(super) fn film_name(caption: &Caption<'_>) -> String {
    format!(
        "Film of study {}, {}, view {} of {}",
        caption.study,
        view_words(caption.view).to_lowercase(),
        caption.number,
        caption.of
    )
}

pub(super) fn trim(value: f64) -> String {
    let text = if value.abs() < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") };
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    };
    short.replace('-', "−")
}

pub(super) fn spacing_words(image: &DecodedImage, narrow: bool) -> Vec<String> {
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

pub(super) fn badge(image: &DecodedImage) -> Option<BadgeView> {
    // Measured beside the window, while the film is on screen already.
    let adequacy = image.measured_adequacy()?;
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
