//! The window without a window, for journeys that look at every word it says.

use anyhow::{Result, ensure};
use overread_session::shell::{Shell, Start};
use overread_session::view::{
    Backend as _, FilmState, FrameInput, KeyPress, Painted, ScreenView, UiAction,
};
use parking_lot::Mutex;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The window without a window: keys in, texts out.
pub struct Desk {
    shell: Shell,
    now: Instant,
    texts: Arc<Mutex<String>>,
}

impl Desk {
    /// Opens a project for the reader R1; all that is ever said goes into the texts.
    pub fn open(project: &Path, texts: &Arc<Mutex<String>>) -> Self {
        Self::open_for(project, Some("R1"), texts)
    }

    /// The same for whoever is named, or for nobody in particular.
    pub fn open_for(project: &Path, reader: Option<&str>, texts: &Arc<Mutex<String>>) -> Self {
        let reader = reader.map(str::to_owned);
        let start = Start { project: Some(project.to_owned()), reader };
        let mut shell = Shell::new(start);
        shell.set_waker(Arc::new(|| {}));
        Self { shell, now: Instant::now(), texts: Arc::clone(texts) }
    }

    /// One frame, all of whose pictures were seen long enough ago to be answered.
    pub fn frame(&mut self) -> ScreenView {
        self.now += Duration::from_millis(400);
        let mut input = FrameInput {
            now: self.now,
            viewports: vec![[400, 400]],
            painted: vec![None],
            pixels_per_point: 1.0,
            window: [1600.0, 1000.0],
            monitor_name: None,
            monitor_scale: 1.0,
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

    /// Presses a key.
    pub fn key(&mut self, chord: &str) {
        let press = KeyPress { chord: chord.to_owned(), repeat: false, at: self.now };
        self.shell.act(UiAction::Key(press));
    }

    /// Frames until something holds; the pace is that of worker threads.
    pub fn until<T>(
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
    pub fn settled_item(&mut self, not: &str) -> Result<Option<(String, bool)>> {
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

    /// Closes the window.
    pub fn close(&mut self) {
        self.shell.closing();
    }
}
