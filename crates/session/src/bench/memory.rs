//! Memory of the whole window while a reader works through a long list of films.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use overread_core::protocol::builtin;
use overread_imaging::{Rendered, RenderedPixels};

use super::hand::{self, Driven, Hand};
use super::{BenchFigure, figure};
use crate::shell::{Shell, started};
use crate::verbs::VerbError;
use crate::view::{Backend, FrameInput, KeyPress, UiAction};

/// Pixels along a side, as in ChestX-ray14.
const SIDE: u32 = 1024;
/// A quick reader: longer than the dwell before keys count.
const LOOK: Duration = Duration::from_millis(250);
/// Items between two looks at the memory.
const EVERY: usize = 50;

/// A project of so many different films of 1024² as 8-bit PNG, all in one deck: the folder, which
/// goes away with its value, the path and the reader.
pub fn project(films: usize) -> Result<(tempfile::TempDir, PathBuf, String), VerbError> {
    let protocol = builtin("cxr14-verify").unwrap_or_default();
    let protocol = protocol
        .replace("size = 50", &format!("size = {films}"))
        .replace("explore = 100", "explore = 0");
    hand::project(films, [SIDE, SIDE], &protocol, |n| film(n as u64))
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

/// A reader who answers every film as soon as it may be answered.
struct Items {
    wanted: usize,
    locked: usize,
    seen: Option<u64>,
    pressed: Option<Instant>,
    first: Option<Duration>,
    next: Vec<Duration>,
    report: Box<dyn FnMut(&Found)>,
}

/// The program open at a project, with a reader who answers so many items.
pub fn backend(
    project: PathBuf,
    reader: String,
    items: usize,
    report: impl FnMut(&Found) + 'static,
) -> impl Backend + 'static {
    let hand = Items {
        wanted: items,
        locked: 0,
        seen: None,
        pressed: None,
        first: None,
        next: Vec::new(),
        report: Box::new(report),
    };
    Driven::new(project, reader, hand)
}

impl Hand for Items {
    const REST: Duration = Duration::from_millis(5);

    fn work(&mut self, shell: &mut Shell, frame: &FrameInput) -> bool {
        if self.locked <= self.wanted {
            self.answer(shell, frame);
        }
        self.locked <= self.wanted
    }
}

impl Items {
    fn answer(&mut self, shell: &mut Shell, frame: &FrameInput) {
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
        shell.act(UiAction::Key(KeyPress { chord: "1".to_owned(), repeat: false, at }));
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
    }
}
