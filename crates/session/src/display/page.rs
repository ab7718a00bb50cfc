//! The page of the display: calibration, test patterns, and how films and hands are set.

use std::path::PathBuf;

use overread_imaging::{Measurement, Pattern};

use super::bare::{Drawn, PATTERNS, Shown};
use super::measuring::{Measuring, Series, Step, read_table};
use super::{Display, How, Record, Verified};
use crate::settings::{MousePreset, Settings};
use crate::view::{PickKind, PickRequest};

/// What the page asks the program to do.
#[derive(Debug)]
pub(crate) enum Wish {
    /// Close the page.
    Close,
    /// Ask for a path.
    Pick(PickRequest),
    /// Read a table of luminances from a file.
    ReadTable(PathBuf),
    /// Keep this record, and use it.
    Keep(Record),
    /// Forget the calibration of this monitor.
    Forget,
    /// Use and keep these settings.
    Set(Settings),
}

pub(super) const MEMORY: [usize; 5] = [128, 256, 512, 1024, 2048];
pub(super) const SENSITIVITY: [f64; 3] = [0.5, 1.0, 2.0];

/// The page, and what fills the screen in its stead while patches or patterns are shown.
#[derive(Default)]
pub(crate) struct DisplayPage {
    pub(super) instrument: String,
    pub(super) ambient: String,
    pub(super) file: String,
    pub(super) problem: Option<String>,
    pub(super) done: Option<String>,
    pub(super) measuring: Option<Measuring>,
    pub(super) shown: Option<Shown>,
    pub(super) drawn: Option<Drawn>,
}

impl DisplayPage {
    pub(crate) fn new(display: &Display) -> Self {
        let record = display.record();
        Self {
            instrument: record.map_or_else(String::new, |r| r.instrument.clone()),
            ambient: record.map_or_else(|| "0".to_owned(), |r| r.ambient.to_string()),
            ..Self::default()
        }
    }

    /// The page with a pattern on screen at once.
    pub(crate) fn with_pattern(display: &Display, which: Pattern) -> Self {
        let mut page = Self::new(display);
        let pattern = PATTERNS.iter().position(|(known, ..)| *known == which).unwrap_or(0);
        page.show(pattern);
        page
    }

    /// The page with the first patch on screen at once.
    pub(crate) fn measuring(display: &Display, verify: bool) -> Self {
        let mut page = Self::new(display);
        let measured = matches!(display.record().map(|r| &r.how), Some(How::Measured(_)));
        if verify && !measured {
            page.problem = Some("There is no calibration of this monitor to verify.".to_owned());
        } else {
            let series = if verify { Series::Verify } else { Series::Eighteen };
            page.measuring = Some(Measuring::new(series));
        }
        page
    }

    fn show(&mut self, pattern: usize) {
        let raw = PATTERNS.get(pattern).is_some_and(|(which, ..)| *which == Pattern::Readback);
        self.shown = Some(Shown { pattern, calibrated: !raw, caption: true });
    }

    /// A patch or pattern fills the screen.
    pub(crate) fn is_bare(&self) -> bool {
        self.measuring.is_some() || self.shown.is_some()
    }

    /// Keys that mean something now.
    pub(crate) fn keys(&self) -> Vec<&'static str> {
        if self.measuring.is_some() {
            Measuring::KEYS.to_vec()
        } else if self.shown.is_some() {
            vec!["Escape", "Space", "O", "ArrowLeft", "ArrowRight", "Enter", "Tab", "Backspace"]
        } else {
            vec!["Escape"]
        }
    }

    pub(crate) fn key(&mut self, chord: &str, display: &Display, today: &str) -> Option<Wish> {
        if let Some(measuring) = &mut self.measuring {
            let series = measuring.series;
            match measuring.key(chord) {
                Step::Stay => {}
                Step::Stopped => self.measuring = None,
                Step::Done(levels) => {
                    self.measuring = None;
                    return self.measured(series, levels, display, today);
                }
            }
            return None;
        }
        if let Some(shown) = &mut self.shown {
            let count = PATTERNS.len();
            match chord {
                "Escape" => self.shown = None,
                "Space" => shown.calibrated = !shown.calibrated,
                "O" => shown.caption = !shown.caption,
                "ArrowRight" => self.show_next(1),
                "ArrowLeft" => self.show_next(count - 1),
                _ => {}
            }
            return None;
        }
        (chord == "Escape").then_some(Wish::Close)
    }

    fn show_next(&mut self, by: usize) {
        if let Some(shown) = &mut self.shown {
            shown.pattern = (shown.pattern + by) % PATTERNS.len();
        }
    }

    fn measured(
        &mut self,
        series: Series,
        levels: Vec<Measurement>,
        display: &Display,
        today: &str,
    ) -> Option<Wish> {
        if series != Series::Verify {
            return self.keep(How::Measured(levels), display, today);
        }
        let record = display.record()?.clone();
        let luminances = levels.into_iter().map(|m| m.luminance).collect();
        let verified = Some(Verified { date: today.to_owned(), luminances });
        self.done = Some("The 18 levels were measured through the calibration.".to_owned());
        Some(Wish::Keep(Record { verified, ..record }))
    }

    /// The record of a new calibration, if it is one.
    fn keep(&mut self, how: How, display: &Display, today: &str) -> Option<Wish> {
        self.done = None;
        let monitor = display.monitor.clone()?;
        let ambient = self.ambient.trim().replace(',', ".").parse::<f64>();
        let Some(ambient) = ambient.ok().filter(|a| (0.0..=50.0).contains(a)) else {
            self.problem = Some(
                "The ambient luminance is a number from 0 to 50 cd/m²; 0 if it is in the figures already."
                    .to_owned(),
            );
            return None;
        };
        let record = Record {
            monitor,
            how,
            ambient,
            instrument: self.instrument.trim().to_owned(),
            date: today.to_owned(),
            verified: None,
        };
        // Refused here rather than when films are drawn.
        match record.table() {
            Ok(_) => {
                self.problem = None;
                self.done = Some("Kept. Films on this monitor use it from now on.".to_owned());
                Some(Wish::Keep(record))
            }
            Err(why) => {
                self.problem = Some(why);
                None
            }
        }
    }

    /// Luminances have come from a file.
    pub(crate) fn table_read(
        &mut self,
        text: Result<String, String>,
        display: &Display,
        today: &str,
    ) -> Option<Wish> {
        match text.and_then(|text| read_table(&text)) {
            Ok(levels) => self.keep(How::Measured(levels), display, today),
            Err(why) => {
                self.problem = Some(why);
                None
            }
        }
    }

    pub(crate) fn set_field(&mut self, id: &str, text: &str) {
        match id {
            "display.instrument" => text.clone_into(&mut self.instrument),
            "display.ambient" => text.clone_into(&mut self.ambient),
            "display.file" => text.clone_into(&mut self.file),
            _ => {}
        }
    }

    /// The settings with another option chosen.
    pub(crate) fn choose(id: &str, index: usize, settings: &Settings) -> Option<Wish> {
        let mut settings = settings.clone();
        match id {
            "films.mouse" => {
                settings.mouse =
                    if index == 0 { MousePreset::WindowLeft } else { MousePreset::WindowRight };
            }
            "films.sensitivity" => settings.sensitivity = *SENSITIVITY.get(index)?,
            "films.memory" => settings.film_memory = *MEMORY.get(index)?,
            _ => return None,
        }
        Some(Wish::Set(settings))
    }

    /// A button or toggle of the page.
    pub(crate) fn run(
        &mut self,
        id: &str,
        (display, settings): (&Display, &Settings),
        today: &str,
    ) -> Option<Wish> {
        let start = |page: &mut Self, series| {
            page.problem = None;
            page.measuring = Some(Measuring::new(series));
        };
        let mut changed = settings.clone();
        match id {
            "display.close" => return Some(Wish::Close),
            "display.measure-18" => start(self, Series::Eighteen),
            "display.measure-52" => start(self, Series::FiftyTwo),
            "display.verify" => start(self, Series::Verify),
            "display.pick" => {
                return Some(Wish::Pick(PickRequest {
                    id: "display.file".to_owned(),
                    title: "Table of luminances".to_owned(),
                    kind: PickKind::OpenFile,
                    filters: vec![("Table".to_owned(), vec!["csv".to_owned(), "txt".to_owned()])],
                    file_name: None,
                }));
            }
            "display.import" if self.file.trim().is_empty() => {
                self.problem = Some("Name the table of luminances first.".to_owned());
            }
            "display.import" => return Some(Wish::ReadTable(PathBuf::from(self.file.trim()))),
            "display.by-itself" => {
                let is_on = display.record().is_some_and(|r| r.how == How::ByItself);
                return if is_on {
                    Some(Wish::Forget)
                } else {
                    self.keep(How::ByItself, display, today)
                };
            }
            "display.forget" => {
                self.done = Some("Forgotten. Films go to this monitor as they are.".to_owned());
                return Some(Wish::Forget);
            }
            "films.invert-vertical" => {
                changed.invert_vertical = !changed.invert_vertical;
                return Some(Wish::Set(changed));
            }
            "films.keep" => {
                changed.keep_view = !changed.keep_view;
                return Some(Wish::Set(changed));
            }
            "films.dither" => {
                changed.dither = !changed.dither;
                return Some(Wish::Set(changed));
            }
            other => {
                let wanted = other.strip_prefix("display.pattern-");
                let of = |name: &str| PATTERNS.iter().position(|(_, id, _)| *id == name);
                if let Some(pattern) = wanted.and_then(of) {
                    self.show(pattern);
                }
            }
        }
        None
    }
}
