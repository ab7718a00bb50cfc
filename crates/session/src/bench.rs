//! Whole-program speed figures, measured through the same code that the window runs.

pub mod frames;
mod hand;
pub mod memory;
mod size;
mod teams;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread_core::Protocol;
use overread_core::protocol::builtin;
use overread_imaging::{DragSpeed, Presentation, Renderer, ViewState, WindowDrag};
use overread_store::OpenMode;
use serde::Serialize;

use crate::command::Command;
use crate::desk::Desk;
use crate::films::{DEFAULT_BUDGET, Films, Order, Waker};
use crate::room::{Moment, Outcome};
use crate::verbs::{self, NewProject, SampleOptions, VerbError};
use crate::viewer::Viewer;

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchFigure {
    /// What was measured.
    pub name: String,
    /// Median, milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
    /// Largest, milliseconds.
    pub max_ms: f64,
    /// Number of measurements.
    pub n: usize,
    /// How cost grows with the work: 1 is ten times the time for ten times the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponent: Option<f64>,
    /// The 99th percentile over that of what it is compared with in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_p99: Option<f64>,
}

fn figure(name: &str, mut times: Vec<Duration>) -> BenchFigure {
    times.sort_unstable();
    let at = |share: f64| {
        let last = times.len().saturating_sub(1);
        // A rank within the list: small and not negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
        let index = (share * last as f64).ceil() as usize;
        times.get(index.min(last)).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
    };
    BenchFigure {
        name: name.to_owned(),
        p50_ms: at(0.5),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        max_ms: at(1.0),
        n: times.len(),
        exponent: None,
        ratio_p99: None,
    }
}

type Measure = fn(&Path) -> Result<Vec<BenchFigure>, VerbError>;

const BENCHES: &[(&str, Measure)] = &[
    ("answer", answer),
    ("next", next_item),
    ("drag", drag),
    ("import", teams::import),
    ("draw", size::draw),
    ("walk", size::walk),
    ("panel", live_panel),
    ("merge", teams::merge),
    ("verify", teams::verify),
];

/// Runs the named benchmarks, or all.
pub fn run(names: &[String]) -> Result<Vec<BenchFigure>, VerbError> {
    let unknown = names.iter().find(|name| !BENCHES.iter().any(|(known, _)| known == name));
    if let Some(name) = unknown {
        let known: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        return Err(VerbError::Other(format!(
            "There is no benchmark `{name}`.{} There are {}.",
            verbs::meant(name, &known),
            known.join(", ")
        )));
    }
    let folder = tempfile::tempdir()
        .map_err(VerbError::io("make a folder in", Path::new("temporary files")))?;
    let mut figures = Vec::new();
    for (name, measure) in BENCHES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            figures.extend(measure(folder.path())?);
        }
    }
    Ok(figures)
}

fn demo(folder: &Path, name: &str) -> Result<(PathBuf, String), VerbError> {
    let demo = verbs::unpack_demo(&folder.join(name))?;
    Ok((demo.project, demo.reader))
}

/// Key press to answer on disk, and a bare commit of the same size after each.
fn answer(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    const DECKS: usize = 10;
    let path = project_of(folder, "answer.overread", 11_212)?;
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    let mut desk = Desk::open(&path, Some("R1"), OpenMode::ReadWrite)?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut commit = overread_store::BareCommits::new(&folder.join("bare.sqlite"))?;
    let decks = desk.material.sample.decks.iter().take(DECKS);
    let decks: Vec<Option<String>> = decks.map(|deck| deck.finding.clone()).collect();
    for deck in &decks {
        let mut room = desk.room(deck.as_deref())?;
        for read in 0..100_u8 {
            let moment = Moment::ready(Instant::now(), Duration::from_secs(1));
            let answer = Command::Answer(overread_core::Level(read % 3));
            let start = Instant::now();
            if let Outcome::Write(bodies) = room.apply(answer, &moment) {
                let events = desk.project.append("R1", "bench", &bodies)?;
                room.acknowledged(&events, Instant::now());
                ours.push(start.elapsed());
                bare.push(commit.once()?);
            }
        }
    }
    desk.project.close()?;
    let (mut ours, bare) = (figure("answer on disk", ours), figure("bare SQLite commit", bare));
    ours.ratio_p99 = Some(ours.p99_ms / bare.p99_ms.max(f64::MIN_POSITIVE));
    Ok(vec![ours, bare])
}

/// From one item to the next, decoded ahead: open, render at 1600×1048.
fn next_item(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let (path, reader) = demo(folder, "next")?;
    let desk = Desk::open(&path, Some(&reader), OpenMode::ReadOnly)?;
    let room = desk.room(None)?;
    let films = Films::new(&desk.image_source()?, &(Arc::new(|| {}) as Waker), DEFAULT_BUDGET);
    let ids: Vec<_> = (0..room.count())
        .filter_map(|i| room.blinded_at(i))
        .flat_map(|item| item.images.into_iter().map(|image| image.id))
        .collect();
    let (mut ahead, mut cold, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    let source = desk.image_source()?;
    let size = (1600, 1048);
    let patience = || Instant::now() + Duration::from_secs(10);
    for id in &ids {
        let start = Instant::now();
        let bytes = source(*id).map_err(VerbError::Other)?;
        drop(overread_imaging::decode(&bytes, &overread_imaging::DecodeLimits::default()));
        alone.push(start.elapsed());
        let start = Instant::now();
        films.order(Order { visible: vec![*id], ..Order::default() });
        films.wait(*id, patience());
        cold.push(start.elapsed());
        films.wait_idle(patience());
        // Gone again before it is asked for a second time below.
        films.order(Order::default());
    }
    for (i, id) in ids.iter().enumerate() {
        let ahead_of: Vec<_> = ids.iter().skip(i + 1).take(3).copied().collect();
        let pictures = ahead_of.first().map(|next| (*next, size)).into_iter().collect();
        films.order(Order { visible: vec![*id], ahead: ahead_of, pictures });
        films.wait(*id, patience());
        let start = Instant::now();
        if let Some(Ok(image)) = films.get(*id) {
            let ready = films.take_picture(*id, size);
            let mut viewer = Viewer::default();
            viewer.open(image, ready);
            viewer.picture((1600, 1048));
            // Nothing was decoded ahead of the first.
            if 0 < i {
                ahead.push(start.elapsed());
            }
        }
        films.wait_idle(patience());
    }
    Ok(vec![
        figure("next item, decoded ahead", ahead),
        figure("next item, cold: film ready", cold),
        figure("reading and decoding alone, same films", alone),
    ])
}

/// A window drag over a 3000×2500 16-bit film in a 1600×1200 viewport: the table stage alone.
fn drag(_folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let (width, height) = (3000_u32, 2500_u32);
    let phantom = verbs::demo_phantom()?;
    let mut random = overread_core::random::SplitMix64::new(3);
    let data = (0..width * height).map(|n| {
        u16::try_from((u64::from(n / 2000) + (random.next_u64() >> 58)) % 4096).unwrap_or(0)
    });
    let samples = overread_imaging::Samples::Grey16 { data: data.collect(), offset: 0 };
    let image = overread_imaging::DecodedImage::new(width, height, samples, phantom.meta.clone());
    let mut renderer = Renderer::new();
    let mut pres = Presentation::default_for(&image);
    renderer.render(&image, &ViewState::default(), &pres, (1600, 1200));
    let mut drag = WindowDrag::new(&image, pres.voi, 1.0);
    let mut times = Vec::new();
    for step in 0..200 {
        let dx = if step % 2 == 0 { 3.0 } else { -2.0 };
        let start = Instant::now();
        pres.voi = drag.by(dx, 1.0, DragSpeed::Normal);
        renderer.render(&image, &ViewState::default(), &pres, (1600, 1200));
        times.push(start.elapsed());
    }
    Ok(vec![figure("window drag, picture ready", times)])
}

/// A label table in the layout of ChestX-ray14, the same each time.
fn label_table(folder: &Path, rows: u32) -> Result<PathBuf, VerbError> {
    use std::fmt::Write as _;
    let path = folder.join(format!("labels-{rows}.csv"));
    if path.is_file() {
        return Ok(path);
    }
    let protocol = builtin("cxr14-verify").map(Protocol::from_toml);
    let Some(Ok(protocol)) = protocol else {
        return Err(VerbError::Other("The built-in protocol does not load.".to_owned()));
    };
    let classes: Vec<&str> = protocol
        .findings
        .iter()
        .filter_map(|f| f.label.as_deref())
        .filter(|l| *l != "No Finding")
        .collect();
    let mut random = overread_core::random::SplitMix64::new(1);
    let mut text = String::from(
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n",
    );
    let (mut patient, mut follow_up) = (1, 0);
    for _ in 0..rows {
        let mut labels: Vec<&str> =
            classes.iter().copied().filter(|_| random.index(20) == 0).collect();
        if labels.is_empty() {
            labels.push("No Finding");
        }
        writeln!(
            text,
            "{patient:08}_{follow_up:03}.png,{},{follow_up},{patient},{},{},{},2500,2048,0.168,0.168",
            labels.join("|"),
            20 + random.index(70),
            if random.index(2) == 0 { "M" } else { "F" },
            if random.index(3) == 0 { "AP" } else { "PA" },
        )
        .ok();
        follow_up += 1;
        if random.index(100) < 27 {
            patient += 1;
            follow_up = 0;
        }
    }
    std::fs::write(&path, text).map_err(VerbError::io("write", &path))?;
    Ok(path)
}

fn project_of_full_size(folder: &Path, name: &str) -> Result<PathBuf, VerbError> {
    project_of(folder, name, 112_120)
}

/// A project of so many studies.
fn project_of(folder: &Path, name: &str, rows: u32) -> Result<PathBuf, VerbError> {
    let path = folder.join(name);
    verbs::new(&NewProject {
        path: path.clone(),
        labels: vec![label_table(folder, rows)?],
        format: "cxr14".to_owned(),
        map: None,
        images: None,
        protocol: "cxr14-controls".to_owned(),
        dry_run: false,
    })?;
    Ok(path)
}

/// The live panel after one more read, in a project of full size.
fn live_panel(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let path = project_of_full_size(folder, "panel.overread")?;
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    let mut desk = Desk::open(&path, Some("R1"), OpenMode::ReadWrite)?;
    let mut room = desk.room(None)?;
    let material = Arc::clone(&desk.material);
    let apart = crate::panel::patients_apart(&material);
    let mut figures = crate::panel::Figures::new(&material, &apart);
    let mut times = Vec::new();
    for read in 0..99_u8 {
        let moment = Moment::ready(Instant::now(), Duration::from_secs(1));
        let answer = Command::Answer(overread_core::Level(read % 3));
        if let Outcome::Write(bodies) = room.apply(answer, &moment) {
            let events = desk.project.append("R1", "bench", &bodies)?;
            room.acknowledged(&events, Instant::now());
        }
        let start = Instant::now();
        let visible = &crate::release::Visible::Live;
        let analysis = figures.of(room.reader(), room.deck_index(), visible);
        times.push(start.elapsed());
        drop(analysis);
    }
    desk.project.close()?;
    Ok(vec![figure("live panel after a read", times)])
}
