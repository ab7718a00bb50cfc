//! What fills the screen in place of the page: patches to measure, and test patterns.

use std::sync::Arc;

use overread_imaging::{
    DecodedImage, Output, Pattern, Presentation, Renderer, ViewState, Zoom, full_range, patch,
    pattern,
};

use super::measuring::Series;
use super::page::DisplayPage;
use crate::view::{BareView, FilmPicture};
use crate::viewer::next_generation;

pub(super) const PATTERNS: [(Pattern, &str, &str); 6] = [
    (
        Pattern::EighteenSquares,
        "squares",
        "TG270-sQC: 18 squares, each with bars 5 levels darker and lighter: all must be seen",
    ),
    (
        Pattern::SixteenPatches,
        "patches",
        "TG18-QC: 16 patches with faint corners, line pairs, ramp",
    ),
    (
        Pattern::ElevenSteps,
        "steps",
        "SMPTE RP133: 11 steps, 5 % in black and 95 % in white must be seen",
    ),
    (
        Pattern::BitDepth,
        "depth",
        "12-bit ramp over 4 levels: dithered above, rounded to 8 bits below",
    ),
    (
        Pattern::ThousandSteps,
        "thousand",
        "1,024 steps: more than 256 are seen only on a 10-bit path",
    ),
    (Pattern::Readback, "ramp", "256 steps as they are: a screenshot must hold 0 to 255"),
];

/// A test pattern that fills the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) pattern: usize,
    /// Through the calibration, and dithered.
    pub(super) calibrated: bool,
    pub(super) caption: bool,
}

/// The picture that fills the screen, and what it was drawn from.
pub(super) struct Drawn {
    key: (u32, u32, Content),
    picture: FilmPicture,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Patch { level: u8, calibrated: bool },
    Pattern { pattern: usize, calibrated: bool },
}

impl DisplayPage {
    /// What fills the screen, if anything does.
    pub(crate) fn bare(&mut self, size: [usize; 2], output: &Output) -> Option<BareView> {
        let (content, caption, name) = if let Some(measuring) = &self.measuring {
            let calibrated = measuring.series == Series::Verify;
            let content = Content::Patch { level: measuring.level(), calibrated };
            (content, measuring.caption(), "Patch to measure".to_owned())
        } else {
            let shown = self.shown?;
            let (_, _, name) = PATTERNS.get(shown.pattern)?;
            let content = Content::Pattern { pattern: shown.pattern, calibrated: shown.calibrated };
            let caption = if shown.caption { pattern_caption(name, shown) } else { Vec::new() };
            (content, caption, format!("Test pattern. {name}"))
        };
        let narrow = |length: usize| u32::try_from(length).unwrap_or(0);
        let key = (narrow(size[0]), narrow(size[1]), content);
        if self.drawn.as_ref().is_none_or(|drawn| drawn.key != key) {
            self.drawn =
                draw(content, (key.0, key.1), output).map(|picture| Drawn { key, picture });
        }
        let picture = self.drawn.as_ref().map(|drawn| drawn.picture.clone());
        Some(BareView { name, picture, caption })
    }

    /// A new calibration is in use: what is on screen is drawn anew.
    pub(crate) fn redraw(&mut self) {
        self.drawn = None;
    }
}

fn pattern_caption(name: &str, shown: Shown) -> Vec<String> {
    let path = if shown.calibrated {
        "Through the calibration, dithered. Space: as it is."
    } else {
        "As it is: no calibration, no dither. Space: with both."
    };
    vec![name.to_owned(), format!("{path} ← →: other patterns. O: hide this. Esc: end.")]
}

/// Draws a patch or pattern, one of its pixels on one of the screen's.
fn draw(content: Content, size: (u32, u32), output: &Output) -> Option<FilmPicture> {
    let (image, calibrated): (DecodedImage, bool) = match content {
        Content::Patch { level, calibrated } => {
            (patch(u16::from(level) * 257, size.0, size.1)?, calibrated)
        }
        Content::Pattern { pattern: index, calibrated } => {
            (pattern(PATTERNS.get(index)?.0, size.0, size.1)?, calibrated)
        }
    };
    let plain = Output { calibration: None, no_dither: true };
    let mut renderer = Renderer::new();
    renderer.set_output(if calibrated { output.clone() } else { plain });
    let pres = Presentation::new(overread_imaging::Voi::Window(full_range(&image)));
    let view = ViewState { zoom: Zoom::Scale(1.0), ..ViewState::default() };
    let mut rgba = Vec::new();
    renderer.render_into(&image, &view, &pres, size, &mut rgba);
    Some(FilmPicture {
        size: [size.0 as usize, size.1 as usize],
        coarse: 1,
        rgba: Arc::new(rgba),
        generation: next_generation(),
    })
}
