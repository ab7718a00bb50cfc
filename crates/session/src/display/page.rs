//! The page of the display: calibration, test patterns, and how films and hands are set.

use std::path::PathBuf;
use std::sync::Arc;

use overread_imaging::{
    DecodedImage, Measurement, Output, Pattern, Presentation, Renderer, Verification, ViewState,
    Zoom, full_range, patch, pattern,
};

use super::measuring::{Measuring, Series, Step, read_table};
use super::{Display, How, Record, Verified};
use crate::settings::{MousePreset, Settings};
use crate::view::{
    BareView, Block, ButtonKind, ButtonView, ChoiceView, FieldView, FilmPicture, Mark, PageView,
    PickKind, PickRequest, Span, TableCell, TableRow, TableView, ToggleView,
};
use crate::viewer::next_generation;

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

const MEMORY: [usize; 5] = [128, 256, 512, 1024, 2048];
const SENSITIVITY: [f64; 3] = [0.5, 1.0, 2.0];

const PATTERNS: [(Pattern, &str, &str); 6] = [
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
struct Shown {
    pattern: usize,
    /// Through the calibration, and dithered.
    calibrated: bool,
    caption: bool,
}

/// The picture that fills the screen, and what it was drawn from.
struct Drawn {
    key: (u32, u32, Content),
    picture: FilmPicture,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Patch { level: u8, calibrated: bool },
    Pattern { pattern: usize, calibrated: bool },
}

/// The page, and what fills the screen in its stead while patches or patterns are shown.
#[derive(Default)]
pub(crate) struct DisplayPage {
    instrument: String,
    ambient: String,
    file: String,
    problem: Option<String>,
    done: Option<String>,
    measuring: Option<Measuring>,
    shown: Option<Shown>,
    drawn: Option<Drawn>,
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

    /// The page itself.
    pub(crate) fn view(&self, display: &Display, settings: &Settings, today: &str) -> PageView {
        let mut blocks = self.calibration_blocks(display, today);
        blocks.push(Block::Heading {
            title: "Test patterns".to_owned(),
            note: "They fill the screen, one pattern pixel on one screen pixel. Space: with and without the calibration.".to_owned(),
        });
        for (_, id, text) in PATTERNS {
            blocks.push(Block::Buttons(vec![button(
                &format!("display.pattern-{id}"),
                text,
                ButtonKind::Quiet,
            )]));
        }
        blocks.extend(film_blocks(settings));
        PageView {
            name: "Display and films".to_owned(),
            action: Some(ButtonView {
                key: Some("Esc".to_owned()),
                ..button("display.close", "Back", ButtonKind::Secondary)
            }),
            blocks,
            ..PageView::default()
        }
    }

    fn calibration_blocks(&self, display: &Display, today: &str) -> Vec<Block> {
        let monitor = display.monitor.as_ref();
        let name = monitor.map_or_else(
            || "The window system names no monitor.".to_owned(),
            super::Monitor::words,
        );
        let status = display.status(today);
        let how = display.record().map(|record| &record.how);
        let mut blocks = vec![
            Block::Title { title: "This monitor".to_owned(), note: name },
            Block::Banner(crate::view::BannerView {
                mark: status.mark.unwrap_or(Mark::Warning),
                title: format!("{}.", status.text),
                text: match how {
                    None => "Contrast may be 40 % and more off the grey-scale standard.".to_owned(),
                    Some(How::ByItself) => {
                        "Films go to it as they are: a second table would undo the first."
                            .to_owned()
                    }
                    Some(How::Measured(_)) => {
                        "Films go through its table; texts and the rest of the screen do not."
                            .to_owned()
                    }
                },
                buttons: Vec::new(),
            }),
        ];
        if let Some(text) = &self.problem {
            blocks.push(Block::Banner(crate::view::BannerView {
                mark: Mark::Alarm,
                title: "Not kept.".to_owned(),
                text: text.clone(),
                buttons: Vec::new(),
            }));
        } else if let Some(text) = &self.done {
            blocks.push(Block::Text(vec![Span::strong(text.clone())]));
        }
        blocks.extend(result_table(display));
        blocks.push(Block::Field(field(
            "display.instrument",
            "Instrument",
            &self.instrument,
            "maker and type of the meter",
            "",
        )));
        blocks.push(Block::Field(field(
            "display.ambient",
            "Ambient, cd/m²",
            &self.ambient,
            "0",
            "what the room adds on the dark screen; 0 if the figures include it",
        )));
        blocks.push(Block::Buttons(vec![
            button("display.measure-18", "Measure 18 levels", ButtonKind::Primary),
            button("display.measure-52", "Measure 52 levels", ButtonKind::Secondary),
        ]));
        let mut file = field(
            "display.file",
            "Table of luminances",
            &self.file,
            "luminances.csv",
            "each line: ddl,cd_m2",
        );
        file.button = Some(button("display.pick", "Choose…", ButtonKind::Secondary));
        blocks.push(Block::Field(file));
        blocks.push(Block::Buttons(vec![
            button("display.import", "Use the table", ButtonKind::Secondary),
            ButtonView {
                refused: (!matches!(how, Some(How::Measured(_))))
                    .then(|| "after a calibration".to_owned()),
                ..button("display.verify", "Verify with 18 levels", ButtonKind::Secondary)
            },
            ButtonView {
                refused: how.is_none().then(|| "nothing is kept".to_owned()),
                ..button("display.forget", "Forget the calibration", ButtonKind::Secondary)
            },
        ]));
        blocks.push(Block::Toggle(ToggleView {
            id: "display.by-itself".to_owned(),
            label: "My monitor is calibrated to the GSDF by itself".to_owned(),
            on: how == Some(&How::ByItself),
            note: "Nothing is done to its levels; kept as stated, not measured.".to_owned(),
        }));
        blocks
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

fn button(id: &str, text: &str, kind: ButtonKind) -> ButtonView {
    ButtonView { id: id.to_owned(), text: text.to_owned(), key: None, kind, refused: None }
}

fn field(id: &str, label: &str, text: &str, placeholder: &str, note: &str) -> FieldView {
    FieldView {
        id: id.to_owned(),
        label: label.to_owned(),
        text: text.to_owned(),
        placeholder: placeholder.to_owned(),
        note: note.to_owned(),
        ..FieldView::default()
    }
}

/// What is known of the display's response: with the table as computed, and as measured.
fn result_table(display: &Display) -> Option<Block> {
    let record = display.record()?;
    let How::Measured(levels) = &record.how else { return None };
    let without = eighteen_of(levels, record.ambient);
    let rows: Vec<TableRow> = [
        ("Without calibration".to_owned(), without),
        (format!("Calibrated {}, as computed", record.date), display.computed()),
        (
            record.verified.as_ref().map_or_else(String::new, |v| format!("Measured {}", v.date)),
            record.measured_result(),
        ),
    ]
    .into_iter()
    .filter_map(|(name, result)| Some(result_row(&name, &result?)))
    .collect();
    Some(Block::Table(TableView {
        id: "display.result".to_owned(),
        title: "Contrast at 18 levels against the GSDF".to_owned(),
        note: if record.instrument.is_empty() {
            "Limit for diagnosis 10 %".to_owned()
        } else {
            format!("Limit for diagnosis 10 %. Instrument: {}", record.instrument)
        },
        heads: ["", "Worst", "Mean", "Ratio", "Black, cd/m²", "White, cd/m²", "10 %"]
            .map(str::to_owned)
            .to_vec(),
        text_columns: vec![0, 6],
        rows,
        copy: Vec::new(),
        empty: String::new(),
    }))
}

/// The 18 levels of the test among those that were measured.
fn eighteen_of(levels: &[Measurement], ambient: f64) -> Option<Verification> {
    let at = |level: u8| {
        let found = levels.iter().find(|m| m.ddl == f64::from(level))?;
        Some(found.luminance + ambient)
    };
    let all: Option<Vec<f64>> = overread_imaging::eighteen_levels().into_iter().map(at).collect();
    overread_imaging::verify_18(&all?)
}

fn result_row(name: &str, result: &Verification) -> TableRow {
    let text = |text: String, strong| TableCell::Text { text, second: None, strong };
    let percent = |share: f64| format!("{:.1}\u{a0}%", share * 100.0);
    let verdict = if result.passes {
        TableCell::Mark(Mark::Check, "passes".to_owned())
    } else {
        TableCell::Mark(Mark::Warning, "fails".to_owned())
    };
    TableRow {
        cells: vec![
            text(name.to_owned(), false),
            text(percent(result.max_deviation), true),
            text(percent(result.mean_deviation), false),
            text(format!("{:.0}", result.ratio), false),
            text(format!("{:.2}", result.min), false),
            text(format!("{:.0}", result.max), false),
            verdict,
        ],
        ..TableRow::default()
    }
}

fn film_blocks(settings: &Settings) -> Vec<Block> {
    let choice = |id: &str, label: &str, options: &[&str], selected, note: &str| {
        Block::Choice(ChoiceView {
            id: id.to_owned(),
            label: label.to_owned(),
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            selected,
            note: note.to_owned(),
        })
    };
    let toggle = |id: &str, label: &str, on, note: &str| {
        Block::Toggle(ToggleView {
            id: id.to_owned(),
            label: label.to_owned(),
            on,
            note: note.to_owned(),
        })
    };
    let nearest = SENSITIVITY.iter().position(|s| *s == settings.sensitivity).unwrap_or(1);
    let memory = MEMORY.iter().position(|m| *m == settings.film_memory).unwrap_or(1);
    vec![
        Block::Heading { title: "Films".to_owned(), note: String::new() },
        choice(
            "films.mouse",
            "Mouse buttons",
            &["Window left, pan middle, zoom right", "Window right, pan left, zoom middle"],
            usize::from(settings.mouse == MousePreset::WindowRight),
            "",
        ),
        choice(
            "films.sensitivity",
            "Window drag",
            &["Slow", "Normal", "Fast"],
            nearest,
            "with Shift a fifth, with Ctrl four times",
        ),
        toggle(
            "films.invert-vertical",
            "Dragging down brightens",
            settings.invert_vertical,
            "otherwise it raises the level, which darkens",
        ),
        toggle(
            "films.keep",
            "Keep window and zoom from item to item",
            settings.keep_view,
            "otherwise every item opens as its file says",
        ),
        toggle(
            "films.dither",
            "Dither films",
            settings.dither,
            "a fixed pattern below one level, so that smooth greys show no contours",
        ),
        choice(
            "films.memory",
            "Memory for films, MB",
            &["128", "256", "512", "1024", "2048"],
            memory,
            "",
        ),
    ]
}
