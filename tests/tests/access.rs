//! What a screen reader is told while decks are read, searched for what a reader must not learn.

use anyhow::{Context as _, Result, ensure};
use egui_kittest::{Harness, kittest::NodeT as _};
use overread_app::OverreadApp;
use overread_session::shell::{Shell, Start};
use overread_tests::{
    Place,
    secret::{apart, make, rows, search, secrets},
};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// The window, made on its first frame because it needs the context.
#[derive(Default)]
struct App(Option<OverreadApp<Shell>>);

fn open(project: &Path) -> Harness<'static, App> {
    let start = Start { project: Some(project.to_owned()), reader: Some("R1".to_owned()) };
    Harness::builder()
        .with_size([1600.0, 1000.0])
        .with_context_setup(overread_app::install)
        .build_ui_state(
            move |ui, app: &mut App| {
                let shell = || Shell::new(start.clone());
                app.0.get_or_insert_with(|| OverreadApp::new(ui.ctx(), shell())).frame_ui(ui);
            },
            App::default(),
        )
}

/// Names, values and descriptions of every node.
fn told(harness: &Harness<'static, App>) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let mut nodes = vec![harness.root()];
    while let Some(node) = nodes.pop() {
        let access = node.accesskit_node();
        texts.extend(access.label());
        texts.extend(access.value());
        texts.extend(access.description());
        texts.extend(access.placeholder().map(str::to_owned));
        nodes.extend(node.children());
    }
    texts
}

struct Reader {
    harness: Harness<'static, App>,
    texts: BTreeSet<String>,
}

impl Reader {
    fn frame(&mut self) -> BTreeSet<String> {
        self.harness.step();
        let now = told(&self.harness);
        self.texts.extend(now.iter().cloned());
        now
    }

    /// Frames until a text begins so; the pace is that of worker threads.
    fn until(&mut self, what: &str, found: impl Fn(&str) -> bool) -> Result<()> {
        let start = Instant::now();
        while !self.frame().iter().any(|text| found(text)) {
            ensure!(start.elapsed() < Duration::from_mins(1), "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn press(&mut self, key: egui::Key) {
        self.harness.key_press(key);
        self.frame();
        self.frame();
    }
}

#[test]
fn a_screen_reader_is_told_no_path_patient_or_label() -> Result<()> {
    if !apart("a_screen_reader_is_told_no_path_patient_or_label")? {
        return Ok(());
    }
    let place = Place::new()?;
    let rows = rows(60);
    let project = make(&place, "secret", &rows, false)?;
    // Some films are gone: errors are told as well.
    for row in rows.iter().skip(3).step_by(7) {
        std::fs::remove_file(place.at(&format!("secret/films/{}", row.file)))?;
    }
    let mut reader = Reader { harness: open(&project), texts: BTreeSet::new() };
    for item in 1..=12 {
        reader.until(&format!("item {item}"), |text| {
            text.starts_with("Not answered.") || text.contains("cannot be shown")
        })?;
        for key in [egui::Key::Questionmark, egui::Key::Escape, egui::Key::L, egui::Key::Escape] {
            reader.press(key);
        }
        reader.press(if item % 4 == 0 { egui::Key::F8 } else { egui::Key::K });
        reader.press(egui::Key::E);
        // Long enough on screen to be answered; a film that is gone can only be inadequate.
        std::thread::sleep(Duration::from_millis(250));
        reader.press(egui::Key::X);
    }
    reader.press(egui::Key::F9);
    reader.press(egui::Key::Escape);
    let all: Vec<&str> = reader.texts.iter().map(String::as_str).collect();
    for sign in
        ["Pneumothorax?", "Film of study", "cannot be shown", "Close the key sheet", "This monitor"]
    {
        ensure!(all.iter().any(|text| text.contains(sign)), "nothing was told of {sign}: {all:?}");
    }
    search(&all.join("\n"), &secrets(&place.at("secret"), &rows)).context("a screen reader")
}
