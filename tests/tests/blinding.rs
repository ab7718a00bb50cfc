//! All text the window and the program produce while decks are read, searched for what a reader
//! must not learn: image paths, patients, labels.

use anyhow::{Context as _, Result, bail, ensure};
use overread_session::shell::{Shell, Start};
use overread_session::view::{
    Backend as _, FilmState, FrameInput, KeyPress, Painted, ScreenView, UiAction,
};
use overread_tests::Place;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One line of a label table in the layout of ChestX-ray14.
struct Row {
    file: String,
    labels: &'static str,
    patient: u32,
}

const LABELS: [&str; 6] = [
    "Pneumothorax|Effusion|Hernia",
    "Effusion|Hernia",
    "Pneumothorax|Hernia",
    "No Finding",
    "Fibrosis|Hernia",
    "Fibrosis",
];

/// Films of distinct patients with numbers that no other text holds by chance.
fn rows(count: u32) -> Vec<Row> {
    (0..count)
        .map(|n| {
            let patient = 28_931 - n * 7;
            let labels = LABELS[(n as usize * 5 + n as usize / 7) % LABELS.len()];
            Row { file: format!("{patient:08}_{:03}.png", n % 9), labels, patient }
        })
        .collect()
}

fn table(rows: &[Row]) -> String {
    let mut text = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n".to_owned();
    for row in rows {
        let Row { file, labels, patient } = row;
        writeln!(text, "{file},{labels},0,{patient},58,M,PA,2048,2500,0.171,0.171").ok();
    }
    text
}

const PROTOCOL: &str = r#"
levels = ["absent", "plausible", "reportable"]

[protocol]
name = "blind"
version = 1
title = "Audit with controls"
design = "verify"
publish_ids = false

[[rule]]
name = "permissive"
short = "could be there"
text = "Could be there."

[[rule]]
name = "clinical"
short = "would be reported"
text = "Would be reported."

[[finding]]
id = "Pneumothorax"
name = "Pneumothorax"
question = "Pneumothorax?"
label = "Pneumothorax"

[[finding]]
id = "Effusion"
name = "Effusion"
question = "Effusion?"
label = "Effusion"

[[tag]]
id = "rotated_film"
name = "Rotated film"
key = "E"

[sampling]
size = 6
controls = 6
explore = 0
per_patient = "any"
gap = 2
frame = "available"

[blinding]
release = "blocks"
block = 10
show_sex_age = false

[reading]
back = "last"
auto_advance = true
dwell_ms = 150
"#;

/// A drawn project; its films are all different, or all alike.
fn make(place: &Place, name: &str, rows: &[Row], alike: bool) -> Result<PathBuf> {
    for (n, row) in (0..).zip(rows) {
        place.film(&format!("{name}/films/{}", row.file), if alike { 0 } else { n })?;
    }
    let labels = place.write(&format!("{name}/labels.csv"), table(rows))?;
    let protocol = place.write(&format!("{name}/blind.toml"), PROTOCOL)?;
    let project = place.at(&format!("{name}/blind.overread"));
    let films = place.at(&format!("{name}/films"));
    place.ok(&[
        "new".as_ref(),
        project.as_os_str(),
        "--labels".as_ref(),
        labels.as_os_str(),
        "--format".as_ref(),
        "cxr14".as_ref(),
        "--images".as_ref(),
        films.as_os_str(),
        "--protocol".as_ref(),
        protocol.as_os_str(),
    ])?;
    place.ok(&["readers".as_ref(), project.as_os_str(), "add".as_ref(), "R1".as_ref()])?;
    place.ok(&["sample".as_ref(), project.as_os_str(), "--seed".as_ref(), "14".as_ref()])?;
    Ok(project)
}

/// The window without a window: keys in, texts out.
struct Desk {
    shell: Shell,
    now: Instant,
    texts: Arc<Mutex<String>>,
}

impl Desk {
    fn open(project: &Path, texts: &Arc<Mutex<String>>) -> Self {
        let start = Start { project: Some(project.to_owned()), reader: Some("R1".to_owned()) };
        let mut shell = Shell::new(start);
        shell.set_waker(Arc::new(|| {}));
        Self { shell, now: Instant::now(), texts: Arc::clone(texts) }
    }

    /// One frame, all of whose pictures were seen long enough ago to be answered.
    fn frame(&mut self) -> ScreenView {
        self.now += Duration::from_millis(400);
        let mut input = FrameInput {
            now: self.now,
            viewports: vec![[400, 400]],
            painted: vec![None],
            pixels_per_point: 1.0,
            window: [1600.0, 1000.0],
            monitor: Some([1920, 1200]),
            focused: true,
            typing: false,
        };
        let view = self.shell.view(&input);
        if let ScreenView::Read(read) = &view.screen
            && let Some(FilmState::Picture(picture)) = read.films.first().map(|film| &film.state)
        {
            input.painted = vec![Some(Painted { generation: picture.generation, at: self.now })];
            self.shell.view(&input);
            self.now += Duration::from_millis(400);
            input.now = self.now;
        }
        let view = self.shell.view(&input);
        // Keys are a set that is made anew for each frame and holds no words.
        writeln!(
            self.texts.lock(),
            "{}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
            view.title,
            view.screen,
            view.layer,
            view.toast,
            view.status,
            view.effects
        )
        .ok();
        view.screen
    }

    fn key(&mut self, chord: &str) {
        let press = KeyPress { chord: chord.to_owned(), repeat: false, at: self.now };
        self.shell.act(UiAction::Key(press));
    }

    /// Frames until something holds; the pace is that of worker threads.
    fn until<T>(
        &mut self,
        what: &str,
        mut found: impl FnMut(&ScreenView) -> Option<T>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(value) = found(&self.frame()) {
                return Ok(value);
            }
            ensure!(start.elapsed() < Duration::from_mins(1), "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Item number, once its film is shown or is said to be impossible.
    fn settled_item(&mut self, not: &str) -> Result<Option<(String, bool)>> {
        self.until("an item or the end", |screen| match screen {
            ScreenView::Read(read) if read.item != not => match &read.films.first()?.state {
                FilmState::Picture(_) => Some(Some((read.item.clone(), true))),
                FilmState::Failed { .. } => Some(Some((read.item.clone(), false))),
                _ => None,
            },
            ScreenView::DeckDone(_) => Some(None),
            _ => None,
        })
    }
}

/// Reads all decks with everything opened that can be; gives how many items were answered.
fn read_everything(project: &Path, texts: &Arc<Mutex<String>>) -> Result<(usize, usize)> {
    let mut desk = Desk::open(project, texts);
    let (mut read, mut failed) = (0, 0);
    for _deck in 0..2 {
        let mut last = String::new();
        while let Some((item, shown)) = desk.settled_item(&last)? {
            for layer in ["?", "Ctrl+K"] {
                desk.key(layer);
                desk.frame();
                desk.key("Escape");
            }
            if read % 5 == 1 {
                desk.key("F8");
                desk.frame();
            }
            desk.key("E");
            desk.frame();
            std::thread::sleep(Duration::from_millis(30));
            desk.frame();
            // A level on a film that cannot be shown is refused, in words.
            desk.key(if read % 2 == 0 { "1" } else { "3" });
            if !shown {
                desk.frame();
                desk.key("X");
                failed += 1;
            }
            last = item;
            read += 1;
        }
        desk.frame();
        desk.key("Enter");
    }
    desk.key("Ctrl+Q");
    desk.frame();
    desk.shell.closing();
    Ok((read, failed))
}

/// What may never be printed, with the reason.
fn secrets(folder: &Path, rows: &[Row]) -> Vec<(String, &'static str)> {
    let mut secrets = vec![(folder.display().to_string(), "a folder")];
    for row in rows {
        secrets.push((row.file.clone(), "an image's name"));
        secrets.push((format!("{:08}", row.patient), "a patient, zero-padded"));
        secrets.push((row.patient.to_string(), "a patient"));
        if row.labels.contains('|') {
            secrets.push((row.labels.to_owned(), "a label cell"));
        }
    }
    // Labels that no deck asks for.
    secrets.extend(["Hernia", "Fibrosis"].map(|label| (label.to_owned(), "a label")));
    secrets
}

/// Numbers count only where they stand alone: 28931 within a size in bytes is no patient.
fn holds(text: &str, secret: &str) -> bool {
    let number = secret.bytes().all(|byte| byte.is_ascii_digit());
    text.match_indices(secret).any(|(at, _)| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
        let before = text[..at].chars().next_back();
        let after = text[at + secret.len()..].chars().next();
        !number || !(digit(before) || digit(after))
    })
}

fn search(text: &str, secrets: &[(String, &str)]) -> Result<()> {
    for (secret, what) in secrets {
        if holds(text, secret) {
            let at = text.find(secret.as_str()).unwrap_or(0);
            let near: String = text[..at].chars().rev().take(200).collect();
            let near: String = near.chars().rev().collect();
            bail!("{what} was shown to the reader: {secret} after …{near}");
        }
    }
    Ok(())
}

/// Runs this test once more as a process with settings of its own; true in that process.
fn apart(name: &str) -> Result<bool> {
    if std::env::var_os("OVERREAD_APART").is_some() {
        return Ok(true);
    }
    let place = Place::new()?;
    let mut command = Command::new(std::env::current_exe()?);
    let output = place
        .settle(&mut command)
        .env("OVERREAD_APART", "1")
        .args(["--exact", name, "--nocapture"])
        .output()?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{out}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(out.contains("1 passed"), "nothing was tested: {out}");
    Ok(false)
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert!(holds("films/00028931_004.png", "00028931_004.png"));
    assert!(holds("patient 28931 reads", "28931"));
    assert!(!holds("generation: 128931", "28931"));
    assert!(!holds("0.28931", "28931"));
}

#[test]
fn no_text_of_the_window_names_a_path_a_patient_or_a_label() -> Result<()> {
    if !apart("no_text_of_the_window_names_a_path_a_patient_or_a_label")? {
        return Ok(());
    }
    let place = Place::new()?;
    let rows = rows(60);
    let project = make(&place, "secret", &rows, false)?;
    // Two films in ten cannot be shown: one is gone, one is no longer what was drawn.
    for (n, row) in rows.iter().enumerate() {
        let film = place.at(&format!("secret/films/{}", row.file));
        match n % 10 {
            3 => std::fs::remove_file(&film)?,
            7 => std::fs::write(&film, b"not a film")?,
            _ => {}
        }
    }
    let texts = Arc::new(Mutex::new(String::new()));
    let (read, failed) = read_everything(&project, &texts)?;
    let text = texts.lock().clone();
    assert_eq!(read, 24, "not every item was read");
    assert!(0 < failed, "no film failed: error texts were not seen");
    for sign in ["Pneumothorax?", "Effusion?", "Rotated film", "Palette", "cannot be shown"] {
        assert!(text.contains(sign), "nothing was collected of {sign}");
    }
    let secrets = secrets(&place.at("secret"), &rows);
    search(&text, &secrets)?;
    // The other deck's question never stands beside this one's.
    for line in text.lines().filter(|line| line.starts_with("Read(")) {
        assert!(!(line.contains("Effusion?") && line.contains("Pneumothorax?")), "{line}");
    }
    Ok(())
}

#[test]
fn a_script_and_its_log_name_no_path_patient_or_label() -> Result<()> {
    let place = Place::new()?;
    let rows = rows(60);
    let project = make(&place, "secret", &rows, false)?;
    let script = place.write("keys.txt", "1\nE\n3\nBACKSPACE\n2\nX\n".repeat(4))?;
    let words = ["read".as_ref(), project.as_os_str(), "--script".as_ref(), script.as_os_str()];
    let output = place
        .command(&words)?
        .args(["--reader", "R1"])
        .env("OVERREAD_LOG", "trace")
        .output()
        .context("run")?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut secrets = secrets(&place.at("secret"), &rows);
    // The lead gave the project's own path on the command line.
    secrets.remove(0);
    search(&String::from_utf8_lossy(&output.stdout), &secrets)?;
    search(&String::from_utf8_lossy(&output.stderr), &secrets)
}

#[test]
fn other_labels_of_the_same_studies_give_the_same_text() -> Result<()> {
    if !apart("other_labels_of_the_same_studies_give_the_same_text")? {
        return Ok(());
    }
    let texts = [false, true].map(|other| -> Result<BTreeSet<String>> {
        let place = Place::new()?;
        // Every study is drawn whatever its label: six positive and six negative of twelve.
        let rows: Vec<Row> = rows(12)
            .into_iter()
            .enumerate()
            .map(|(n, row)| {
                let positive = (n % 2 == 0) != other;
                let labels = if positive { "Pneumothorax|Effusion" } else { "No Finding" };
                Row { labels, ..row }
            })
            .collect();
        let project = make(&place, "same", &rows, true)?;
        let items = place.json(&["info".as_ref(), project.as_os_str(), "--json".as_ref()])?;
        ensure!(items["readers"][0]["items"] == 24, "not every study was drawn: {items}");
        let texts = Arc::new(Mutex::new(String::new()));
        let mut desk = Desk::open(&project, &texts);
        desk.settled_item("")?.context("no item")?;
        texts.lock().clear();
        for layer in ["?", "Ctrl+K", "F8"] {
            desk.key(layer);
            desk.frame();
            desk.key("Escape");
        }
        desk.key("F8");
        let mut lines = BTreeSet::new();
        // With the tenth read figures are released, and they depend on labels by intention.
        for _ in 0..9 {
            desk.settled_item("")?.context("the deck is too short")?;
            lines.insert(at_rest(&mut desk, &texts));
            desk.key("1");
        }
        desk.shell.closing();
        Ok(lines)
    });
    let [one, two] = texts;
    let (one, two) = (one?, two?);
    let apart: Vec<&String> = one.symmetric_difference(&two).collect();
    assert_eq!(one.len(), 9, "every item says something of its own");
    assert!(apart.is_empty(), "{} texts tell the labels: {:?}", apart.len(), apart.first());
    Ok(())
}

/// What a frame says once echo and panel have come to rest: how fast they do depends on the machine.
fn at_rest(desk: &mut Desk, texts: &Arc<Mutex<String>>) -> String {
    std::thread::sleep(Duration::from_millis(450));
    let mut last = String::new();
    for _ in 0..50 {
        texts.lock().clear();
        desk.frame();
        let now = without_pictures(&texts.lock());
        if now == last {
            break;
        }
        last = now;
        std::thread::sleep(Duration::from_millis(100));
    }
    last
}

/// Pictures carry running numbers that are no text.
fn without_pictures(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split("FilmPicture {").enumerate() {
        let rest = part.split_once('}').map_or(part, |(_, rest)| rest);
        out.push_str(if n == 0 { part } else { rest });
    }
    out
}
