//! What large datasets and long worklists cost.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread_core::protocol::{PerPatient, builtin};
use overread_core::sampling;
use overread_store::{OpenMode, Project};

use super::teams::tenfold;
use super::{BenchFigure, label_table, project_of};
use crate::desk::Desk;
use crate::shell::{Shell, Start};
use crate::verbs::{self, NewProject, SampleOptions, VerbError};
use crate::view::{Backend as _, FrameInput, KeyPress, ScreenView, UiAction};

/// Studies, and a tenth of them.
const MANY: u32 = 112_120;
const FEW: u32 = MANY / 10;

/// Drawing 15 decks of 50 and controls, and opening a project of that size.
pub(super) fn draw(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let (drawn_few, opened_few) = drawn_and_opened(folder, FEW)?;
    let (drawn, opened) = drawn_and_opened(folder, MANY)?;
    let drawn = tenfold(
        "draw 15 decks with controls from 112,120 studies",
        "draw 15 decks with controls from 11,212 studies",
        drawn_few,
        drawn,
    );
    let opened = tenfold("open 112,120 studies", "open 11,212 studies", opened_few, opened);
    Ok(drawn.into_iter().chain(opened).collect())
}

fn drawn_and_opened(
    folder: &Path,
    studies: u32,
) -> Result<(Vec<Duration>, Vec<Duration>), VerbError> {
    let path = project_of(folder, &format!("draw-{studies}.overread"), studies)?;
    let project = Project::open(&path, OpenMode::ReadOnly)?.project;
    let (dataset, mut protocol) = (project.dataset()?, project.protocol()?);
    protocol.sampling.per_patient = PerPatient::Spaced;
    drop(project);
    let mut drawing = Vec::new();
    for seed in 0..20 {
        let start = Instant::now();
        let sample = sampling::draw(&dataset, &protocol, seed)?;
        sampling::worklist(&dataset, &protocol, &sample, "R1");
        drawing.push(start.elapsed());
    }
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    let mut opening = Vec::new();
    for _ in 0..10 {
        let start = Instant::now();
        let desk = Desk::open(&path, Some("R1"), OpenMode::ReadOnly)?;
        desk.room(None)?;
        opening.push(start.elapsed());
    }
    Ok((drawing, opening))
}

/// From item to item of a worklist that holds the whole dataset: what the program does for a frame, the film
/// aside.
pub(super) fn walk(folder: &Path) -> Result<Vec<BenchFigure>, VerbError> {
    let few = walked(folder, FEW)?;
    let many = walked(folder, MANY)?;
    Ok(tenfold(
        "frame of a worklist of 112,120 items",
        "frame of a worklist of 11,212 items",
        few,
        many,
    ))
}

fn walked(folder: &Path, studies: u32) -> Result<Vec<Duration>, VerbError> {
    const ITEMS: usize = 200;
    let text = builtin("mura-relabel").unwrap_or_default();
    let text = text
        .replace("label = \"abnormal\"\n", "")
        .replace("size = 714", &format!("size = {studies}"))
        .replace("explore = 100", "explore = 0")
        .replace("frame = \"available\"", "frame = \"all\"");
    let protocol = folder.join("walk.toml");
    std::fs::write(&protocol, text).map_err(VerbError::io("write", &protocol))?;
    let path = folder.join(format!("walk-{studies}.overread"));
    verbs::new(&NewProject {
        path: path.clone(),
        labels: vec![label_table(folder, studies)?],
        format: "cxr14".to_owned(),
        map: None,
        images: None,
        protocol: protocol.display().to_string(),
        dry_run: false,
    })?;
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    let mut shell =
        Shell::new(Start { project: Some(path.clone()), reader: Some("R1".to_owned()) });
    shell.set_waker(Arc::new(|| {}));
    let mut frame = FrameInput {
        now: Instant::now(),
        viewports: vec![[1600, 1048]],
        painted: Vec::new(),
        pixels_per_point: 1.0,
        window: [1920.0, 1080.0],
        monitor: Some([1920, 1080]),
        monitor_name: None,
        monitor_scale: 1.0,
        focused: true,
        typing: false,
    };
    let mut times = Vec::new();
    let mut last = String::new();
    let patience = Instant::now() + Duration::from_mins(2);
    while times.len() < ITEMS && Instant::now() < patience {
        frame.now = Instant::now();
        let view = shell.view(&frame);
        let took = frame.now.elapsed();
        let ScreenView::Read(read) = &view.screen else { continue };
        // There are no films: each item is passed over, which is an event on the disk.
        if read.item != last && read.skip.is_some() {
            if !last.is_empty() {
                times.push(took);
            }
            last.clone_from(&read.item);
            let chord = "Space".to_owned();
            shell.act(UiAction::Key(KeyPress { chord, repeat: false, at: Instant::now() }));
        }
    }
    shell.closing();
    if times.len() < ITEMS {
        return Err(VerbError::Other(format!("Only {} items were passed over.", times.len())));
    }
    Ok(times)
}
