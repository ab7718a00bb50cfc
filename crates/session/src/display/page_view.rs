//! The page of the display as blocks.

use overread_imaging::{Measurement, Verification};

use super::bare::PATTERNS;
use super::page::{DisplayPage, MEMORY, SENSITIVITY};
use super::{Display, How};
use crate::settings::{MousePreset, Settings};
use crate::view::{
    Block, ButtonKind, ButtonView, ChoiceView, FieldView, Mark, PageView, Span, TableCell,
    TableRow, TableView, ToggleView,
};

impl DisplayPage {
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
