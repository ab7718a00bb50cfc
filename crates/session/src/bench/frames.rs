//! Frame times of the whole window: a hand that windows, pans, zooms and answers as fast as
//! frames come, over the program itself.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use overread_core::protocol::builtin;

use super::hand::{self, Driven, Hand};
use super::{BenchFigure, figure};
use crate::shell::Shell;
use crate::verbs::VerbError;
use crate::view::{Backend, DragPace, FrameInput, KeyPress, Phase, UiAction};

/// Frames of each gesture.
const FRAMES: usize = 200;
/// Items answered.
const ITEMS: usize = 20;
/// Films of the project.
const FILMS: usize = 24;

/// A project of films of 3000×2500 at 12 bits: the folder, which goes away with its value, the
/// path and the reader.
pub fn project() -> Result<(tempfile::TempDir, PathBuf, String), VerbError> {
    let mut film = dicom(3000, 2500);
    let protocol = builtin("cxr14-verify").unwrap_or_default();
    hand::project(FILMS, [3000, 2500], protocol, |n| {
        // The last pixels tell the films apart.
        if let [.., low, high] = film.as_mut_slice() {
            [*low, *high] = u16::try_from(n).unwrap_or(0).to_le_bytes();
        }
        Ok(film.clone())
    })
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

/// A hand that windows, pans, zooms and answers.
struct Frames {
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

/// The program open at a project, with a hand on it; `report` gets each figure at the end. Give it
/// to the window, with the display's rhythm switched off.
pub fn backend(
    project: PathBuf,
    reader: String,
    report: impl FnMut(&BenchFigure) + 'static,
) -> impl Backend + 'static {
    let hand = Frames {
        doing: Doing::Waiting,
        last: None,
        pressed: None,
        seen: None,
        windowing: Vec::new(),
        panning: Vec::new(),
        zooming: Vec::new(),
        next: Vec::new(),
        report: Box::new(report),
    };
    Driven::new(project, reader, hand)
}

impl Hand for Frames {
    const REST: Duration = Duration::ZERO;

    fn work(&mut self, shell: &mut Shell, frame: &FrameInput) -> bool {
        self.note(frame);
        self.act(shell, frame);
        self.doing != Doing::Done
    }
}

impl Frames {
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

    fn act(&mut self, shell: &mut Shell, frame: &FrameInput) {
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
                shell.act(UiAction::DragWindow { film: 0, phase: phase(n), delta, pace });
                self.doing = step(n, Doing::Windowing, Doing::Panning(0));
            }
            Doing::Panning(n) => {
                let delta = [to_and_fro(n), 2.0];
                shell.act(UiAction::Pan { film: 0, phase: phase(n), delta });
                self.doing = step(n, Doing::Panning, Doing::Zooming(0));
            }
            Doing::Zooming(n) => {
                let dy = to_and_fro(n);
                let anchor = [400.0, 300.0];
                shell.act(UiAction::DragZoom { film: 0, phase: phase(n), anchor, dy });
                self.doing = step(n, Doing::Zooming, Doing::Answering(0));
            }
            Doing::Answering(n) => self.answer(n, shell, frame),
            Doing::Done => {}
        }
    }

    /// Answers once the film has stood for a second, as a very quick reader does.
    fn answer(&mut self, n: usize, shell: &mut Shell, frame: &FrameInput) {
        if n == ITEMS {
            self.finish();
            return;
        }
        let Some(painted) = frame.painted.first().copied().flatten() else { return };
        if self.pressed.is_none() && Duration::from_secs(1) < painted.at.elapsed() {
            self.seen = Some(painted.generation);
            let at = Instant::now();
            self.pressed = Some(at);
            shell.act(UiAction::Key(KeyPress { chord: "1".to_owned(), repeat: false, at }));
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
    }
}

fn step(n: usize, same: fn(usize) -> Doing, next: Doing) -> Doing {
    if n < FRAMES { same(n + 1) } else { next }
}
