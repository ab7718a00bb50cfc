//! Memory of the whole window while a reader works through a long list of films.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread_core::protocol::builtin;
use overread_imaging::{Rendered, RenderedPixels};

use super::{BenchFigure, figure};
use crate::shell::{Shell, Start, started};
use crate::verbs::{self, NewProject, SampleOptions, VerbError};
use crate::view::{Backend, Effect, FrameInput, FrameView, KeyPress, ScreenShape, UiAction};

/// Pixels along a side, as in ChestX-ray14.
const SIDE: u32 = 1024;
/// A quick reader: longer than the dwell before keys count.
const LOOK: Duration = Duration::from_millis(250);
/// Items between two looks at the memory.
const EVERY: usize = 50;

/// A project of so many different films of 1024² as 8-bit PNG, all in one deck: the folder, which
/// goes away with its value, the path and the reader.
pub fn project(films: usize) -> Result<(tempfile::TempDir, PathBuf, String), VerbError> {
    let place = tempfile::tempdir()
        .map_err(VerbError::io("make a folder in", Path::new("temporary files")))?;
    let folder = place.path();
    let images = folder.join("films");
    std::fs::create_dir_all(&images).map_err(VerbError::io("make the folder", &images))?;
    let mut table = String::from(
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n",
    );
    for n in 1..=films {
        let name = format!("{n:08}_000.png");
        let path = images.join(&name);
        super::frames::write_through(&path, &film(n as u64)?)?;
        writeln!(table, "{name},Pneumothorax,0,{n},58,M,PA,1024,1024,0.143,0.143").ok();
    }
    let labels = folder.join("labels.csv");
    std::fs::write(&labels, table).map_err(VerbError::io("write", &labels))?;
    let protocol = builtin("cxr14-verify").unwrap_or_default();
    let protocol = protocol.replace("size = 50", &format!("size = {films}"));
    let kept = folder.join("protocol.toml");
    std::fs::write(&kept, protocol.replace("explore = 100", "explore = 0"))
        .map_err(VerbError::io("write", &kept))?;
    let path = folder.join("memory.overread");
    verbs::new(&NewProject {
        path: path.clone(),
        labels: vec![labels],
        format: "cxr14".to_owned(),
        map: None,
        images: Some(images),
        protocol: kept.display().to_string(),
        dry_run: false,
    })?;
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    Ok((place, path, "R1".to_owned()))
}

/// Waves under grain, different for every seed.
fn film(seed: u64) -> Result<Vec<u8>, VerbError> {
    let mut random = overread_core::random::SplitMix64::new(seed);
    let level = |at: u32| {
        let wave = (at % SIDE / 6 + at / SIDE / 9) % 230;
        let grain = random.next_u64() >> 60;
        u8::try_from(u64::from(wave) + grain).unwrap_or(u8::MAX)
    };
    let pixels = RenderedPixels::Grey8((0..SIDE * SIDE).map(level).collect());
    Rendered { width: SIDE, height: SIDE, pixels, offset: None }
        .to_png()
        .map_err(|error| VerbError::Other(format!("A film could not be made: {error}.")))
}

/// Resident memory of this process in megabytes, where the system says.
pub fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().split(' ').next()?.parse::<f64>().ok()? / 1000.0)
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Found {
    /// Times.
    Times(BenchFigure),
    /// Resident memory after so many items, in megabytes.
    Memory(usize, f64),
}

/// The program with a reader who answers every film as soon as it may be answered.
pub struct Items {
    shell: Shell,
    wanted: usize,
    locked: usize,
    seen: Option<u64>,
    pressed: Option<Instant>,
    first: Option<Duration>,
    next: Vec<Duration>,
    report: Box<dyn FnMut(&Found)>,
}

impl Items {
    /// Opens a project for a reader, who answers so many items.
    pub fn new(
        project: PathBuf,
        reader: String,
        items: usize,
        report: impl FnMut(&Found) + 'static,
    ) -> Self {
        Self {
            shell: Shell::new(Start { project: Some(project), reader: Some(reader) }),
            wanted: items,
            locked: 0,
            seen: None,
            pressed: None,
            first: None,
            next: Vec::new(),
            report: Box::new(report),
        }
    }

    fn hand(&mut self, frame: &FrameInput) {
        let Some(painted) = frame.painted.first().copied().flatten() else { return };
        if Some(painted.generation) == self.seen {
            return;
        }
        self.first.get_or_insert_with(|| painted.at.saturating_duration_since(started()));
        if let Some(pressed) = self.pressed.take() {
            self.next.push(painted.at.saturating_duration_since(pressed));
        }
        if painted.at.elapsed() < LOOK {
            return;
        }
        if (self.locked == 1 || self.locked.is_multiple_of(EVERY) && 0 < self.locked)
            && let Some(mb) = resident_mb()
        {
            (self.report)(&Found::Memory(self.locked, mb));
        }
        if self.locked == self.wanted {
            self.finish();
            return;
        }
        self.locked += 1;
        self.seen = Some(painted.generation);
        let at = Instant::now();
        self.pressed = Some(at);
        self.shell.act(UiAction::Key(KeyPress { chord: "1".to_owned(), repeat: false, at }));
    }

    fn finish(&mut self) {
        self.locked += 1;
        let first = self.first.into_iter().collect();
        let next = std::mem::take(&mut self.next);
        for (name, times) in
            [("start to first film on screen", first), ("key to next film on screen", next)]
        {
            (self.report)(&Found::Times(figure(name, times)));
        }
        self.shell.act(UiAction::CloseRequested);
    }
}

impl Backend for Items {
    fn set_waker(&mut self, waker: Arc<dyn Fn() + Send + Sync>) {
        self.shell.set_waker(waker);
    }

    fn shape(&self) -> ScreenShape {
        self.shell.shape()
    }

    fn view(&mut self, frame: &FrameInput) -> FrameView {
        let done = self.wanted < self.locked;
        if !done {
            self.hand(frame);
        }
        let mut view = self.shell.view(frame);
        if done {
            view.effects.push(Effect::Close);
        }
        view.repaint_after = Some(Duration::from_millis(5));
        view
    }

    fn act(&mut self, _action: UiAction) {
        // The mouse of whoever watches does nothing.
    }

    fn closing(&mut self) {
        self.shell.closing();
    }
}
