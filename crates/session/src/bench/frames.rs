//! Frame times of the whole window: a hand that windows, pans, zooms and answers as fast as
//! frames come, over the program itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{BenchFigure, figure};
use crate::shell::{Shell, Start};
use crate::verbs::{self, NewProject, SampleOptions, VerbError};
use crate::view::{
    Backend, DragPace, Effect, FilmState, FrameInput, FrameView, KeyPress, Phase, ScreenShape,
    ScreenView, UiAction,
};

/// Frames of each gesture.
const FRAMES: usize = 200;
/// Items answered.
const ITEMS: usize = 20;
/// Films of the project.
const FILMS: u16 = 24;

/// A project of films of 3000×2500 at 12 bits: the folder, which goes away with its value, the
/// path and the reader.
pub fn project() -> Result<(tempfile::TempDir, PathBuf, String), VerbError> {
    use std::fmt::Write as _;
    let place = tempfile::tempdir()
        .map_err(VerbError::io("make a folder in", Path::new("temporary files")))?;
    let folder = place.path();
    let images = folder.join("films");
    std::fs::create_dir_all(&images).map_err(VerbError::io("make the folder", &images))?;
    let mut table = String::from(
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n",
    );
    let mut film = dicom(3000, 2500);
    for n in 1..=FILMS {
        // The last pixel tells the films apart.
        if let [.., low, high] = film.as_mut_slice() {
            [*low, *high] = n.to_le_bytes();
        }
        let name = format!("{n:08}_000.png");
        // What a file holds decides, not what it is called.
        let path = images.join(&name);
        write_through(&path, &film)?;
        writeln!(table, "{name},Pneumothorax,0,{n},58,M,PA,3000,2500,0.143,0.143").ok();
    }
    let labels = folder.join("labels.csv");
    std::fs::write(&labels, table).map_err(VerbError::io("write", &labels))?;
    let path = folder.join("frames.overread");
    verbs::new(&NewProject {
        path: path.clone(),
        labels: vec![labels],
        format: "cxr14".to_owned(),
        map: None,
        images: Some(images),
        protocol: "cxr14-verify".to_owned(),
        dry_run: false,
    })?;
    verbs::add_reader(&path, "R1", "reader", None)?;
    verbs::sample(&path, SampleOptions { seed: 14, dry_run: false })?;
    Ok((place, path, "R1".to_owned()))
}

/// Writes a film to the disk at once: what the system would write back half a minute later holds
/// up the sync of an answer meanwhile, and that would be counted as ours.
pub(super) fn write_through(path: &Path, bytes: &[u8]) -> Result<(), VerbError> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).map_err(VerbError::io("make", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(VerbError::io("write", path))
}

/// An uncompressed 12-bit film in explicit little endian: waves and noise.
fn dicom(columns: u16, rows: u16) -> Vec<u8> {
    let mut random = overread_core::random::SplitMix64::new(3);
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    let element = |out: &mut Vec<u8>, group: u16, number: u16, vr: &str, value: &[u8]| {
        out.extend(group.to_le_bytes());
        out.extend(number.to_le_bytes());
        out.extend(vr.as_bytes());
        let length = value.len();
        if vr == "OW" {
            out.extend([0, 0]);
            out.extend(u32::try_from(length).unwrap_or(0).to_le_bytes());
        } else {
            out.extend(u16::try_from(length).unwrap_or(0).to_le_bytes());
        }
        out.extend(value);
    };
    element(&mut out, 2, 0x10, "UI", b"1.2.840.10008.1.2.1\0");
    element(&mut out, 8, 0x60, "CS", b"DX");
    element(&mut out, 0x28, 2, "US", &1_u16.to_le_bytes());
    element(&mut out, 0x28, 4, "CS", b"MONOCHROME2 ");
    for (number, value) in
        [(0x10, rows), (0x11, columns), (0x100, 16), (0x101, 12), (0x102, 11), (0x103, 0)]
    {
        element(&mut out, 0x28, number, "US", &value.to_le_bytes());
    }
    let mut pixels = Vec::with_capacity(usize::from(rows) * usize::from(columns) * 2);
    for y in 0..u32::from(rows) {
        for x in 0..u32::from(columns) {
            let wave = (x * 2 + y) / 4 % 4000;
            let noise = u32::try_from(random.next_u64() >> 58).unwrap_or(0);
            pixels.extend(u16::try_from(wave + noise).unwrap_or(0).to_le_bytes());
        }
    }
    element(&mut out, 0x7fe0, 0x10, "OW", &pixels);
    out
}

/// What the hand does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Waiting,
    Windowing(usize),
    Panning(usize),
    Zooming(usize),
    Answering(usize),
    Done,
}

/// The program with a hand on it. Give it to the window, with the display's rhythm switched off.
pub struct Frames {
    shell: Shell,
    doing: Doing,
    last: Option<Instant>,
    pressed: Option<Instant>,
    seen: Option<u64>,
    windowing: Vec<Duration>,
    panning: Vec<Duration>,
    zooming: Vec<Duration>,
    next: Vec<Duration>,
    report: Box<dyn FnMut(&BenchFigure)>,
}

impl Frames {
    /// Opens a project for a reader; `report` gets each figure at the end.
    pub fn new(
        project: PathBuf,
        reader: String,
        report: impl FnMut(&BenchFigure) + 'static,
    ) -> Self {
        Self {
            shell: Shell::new(Start { project: Some(project), reader: Some(reader) }),
            doing: Doing::Waiting,
            last: None,
            pressed: None,
            seen: None,
            windowing: Vec::new(),
            panning: Vec::new(),
            zooming: Vec::new(),
            next: Vec::new(),
            report: Box::new(report),
        }
    }

    /// The time since the frame before belongs to what was done in it.
    fn note(&mut self, frame: &FrameInput) {
        let now = Instant::now();
        let span = self.last.replace(now).map(|last| now - last);
        let painted = frame.painted.first().copied().flatten();
        let Some(span) = span else { return };
        match self.doing {
            Doing::Windowing(n) if 1 < n => self.windowing.push(span),
            Doing::Panning(n) if 1 < n => self.panning.push(span),
            Doing::Zooming(n) if 1 < n => self.zooming.push(span),
            Doing::Answering(_) => {
                let new = painted.filter(|p| Some(p.generation) != self.seen);
                if let (Some(new), Some(pressed)) = (new, self.pressed) {
                    self.next.push(new.at.saturating_duration_since(pressed));
                    self.pressed = None;
                }
            }
            _ => {}
        }
    }

    fn hand(&mut self, frame: &FrameInput) {
        let painted = frame.painted.first().copied().flatten();
        let phase = |n: usize| match n {
            0 => Phase::Start,
            n if n == FRAMES => Phase::End,
            _ => Phase::Move,
        };
        let to_and_fro = |n: usize| if (n / 20).is_multiple_of(2) { 3.0 } else { -3.0 };
        match self.doing {
            Doing::Waiting => {
                // Films ahead are decoded first: the hand is measured, not the start.
                if painted.is_some_and(|p| Duration::from_secs(3) < p.at.elapsed()) {
                    self.doing = Doing::Windowing(0);
                }
            }
            Doing::Windowing(n) => {
                let (delta, pace) = ([to_and_fro(n), 1.0], DragPace::Normal);
                self.shell.act(UiAction::DragWindow { film: 0, phase: phase(n), delta, pace });
                self.doing = step(n, Doing::Windowing, Doing::Panning(0));
            }
            Doing::Panning(n) => {
                let delta = [to_and_fro(n), 2.0];
                self.shell.act(UiAction::Pan { film: 0, phase: phase(n), delta });
                self.doing = step(n, Doing::Panning, Doing::Zooming(0));
            }
            Doing::Zooming(n) => {
                let dy = to_and_fro(n);
                let anchor = [400.0, 300.0];
                self.shell.act(UiAction::DragZoom { film: 0, phase: phase(n), anchor, dy });
                self.doing = step(n, Doing::Zooming, Doing::Answering(0));
            }
            Doing::Answering(n) => self.answer(n, frame),
            Doing::Done => {}
        }
    }

    /// Answers once the film has stood for a second, as a very quick reader does.
    fn answer(&mut self, n: usize, frame: &FrameInput) {
        if n == ITEMS {
            self.finish();
            return;
        }
        let Some(painted) = frame.painted.first().copied().flatten() else { return };
        if self.pressed.is_none() && Duration::from_secs(1) < painted.at.elapsed() {
            self.seen = Some(painted.generation);
            let at = Instant::now();
            self.pressed = Some(at);
            self.shell.act(UiAction::Key(KeyPress { chord: "1".to_owned(), repeat: false, at }));
            self.doing = Doing::Answering(n + 1);
        }
    }

    fn finish(&mut self) {
        self.doing = Doing::Done;
        let all = [
            ("frame while windowing", &mut self.windowing),
            ("frame while panning", &mut self.panning),
            ("frame while zooming", &mut self.zooming),
            ("key to next film on screen, disk included", &mut self.next),
        ];
        for (name, times) in all {
            (self.report)(&figure(name, std::mem::take(times)));
        }
        self.shell.act(UiAction::CloseRequested);
    }
}

fn step(n: usize, same: fn(usize) -> Doing, next: Doing) -> Doing {
    if n < FRAMES { same(n + 1) } else { next }
}

impl Backend for Frames {
    fn set_waker(&mut self, waker: Arc<dyn Fn() + Send + Sync>) {
        self.shell.set_waker(waker);
    }

    fn shape(&self) -> ScreenShape {
        self.shell.shape()
    }

    fn view(&mut self, frame: &FrameInput) -> FrameView {
        self.note(frame);
        self.hand(frame);
        let mut view = self.shell.view(frame);
        if let ScreenView::Read(read) = &view.screen
            && let Some(FilmState::Failed { reason, .. }) = read.films.first().map(|f| &f.state)
        {
            tracing::error!(reason, "the film to measure cannot be shown");
            view.effects.push(Effect::Close);
        }
        view.repaint_after = Some(Duration::ZERO);
        view
    }

    fn act(&mut self, _action: UiAction) {
        // The mouse of whoever watches does nothing.
    }

    fn closing(&mut self) {
        self.shell.closing();
    }
}
