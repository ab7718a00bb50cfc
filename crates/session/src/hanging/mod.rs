//! The films of the item on screen: which is where, which has the focus, what is linked, which
//! tool is at hand, and the history of how they were looked at.

mod hands;
mod history;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use overread_imaging::{DecodedImage, Output};

use crate::command::Command;
use crate::settings::Settings;
use crate::view::{DragTool, FilmLayout, FilmView, GRID, MouseMap};
use crate::viewer::{
    Aids, Caption, Drawing, Look, Origin, Prepared, Tool, Viewer, blank, is_grey, is_zoom,
};
use history::{History, Run};

const POWERS: [f64; 3] = [2.0, 3.0, 4.0];

/// What of one item is kept for the next, where the reader wants that.
struct Kept {
    image: Arc<DecodedImage>,
    look: Look,
}

/// What the views of an item share.
#[derive(Clone, Copy, Default)]
struct Links {
    views: bool,
    windows: bool,
}

/// What is shown over and beside the films.
#[derive(Clone, Copy, Default)]
struct Shown {
    texts: bool,
    histogram: bool,
    magnifier: bool,
}

/// A step through the history, from how films look now.
type Walk = fn(&mut History<Vec<Look>>, Vec<Look>) -> Option<Vec<Look>>;

/// The films of one item, and how they hang.
pub(crate) struct Hanging {
    viewers: Vec<Viewer>,
    settings: Settings,
    output: Output,
    focus: usize,
    alone: bool,
    equal: bool,
    links: Links,
    aids: Shown,
    power: usize,
    pointer: Option<(usize, (f64, f64))>,
    tool: Option<Tool>,
    drawing: Option<(usize, Drawing)>,
    /// Film and mark that `Delete` takes away.
    selected: Option<(usize, usize)>,
    history: History<Vec<Look>>,
    /// How films looked before the gesture under way.
    before: Option<Vec<Look>>,
    kept: Option<Kept>,
    hint: Option<&'static str>,
}

impl Hanging {
    pub(crate) fn new(settings: Settings, output: Output) -> Self {
        Self {
            viewers: Vec::new(),
            settings,
            output,
            focus: 0,
            alone: false,
            equal: false,
            links: Links::default(),
            aids: Shown { texts: true, ..Shown::default() },
            power: 0,
            pointer: None,
            tool: None,
            drawing: None,
            selected: None,
            history: History::default(),
            before: None,
            kept: None,
            hint: None,
        }
    }

    /// The films of another item: nothing of the one before stays, unless the reader keeps window
    /// and zoom between items.
    pub(crate) fn hang(&mut self, films: usize) {
        self.kept = self.settings.keep_view.then(|| self.keep()).flatten();
        for viewer in &mut self.viewers {
            viewer.clear();
        }
        let output = self.output.clone();
        let fresh = || {
            let mut viewer = Viewer::default();
            viewer.set_output(&output);
            viewer
        };
        self.viewers.resize_with(films.max(1), fresh);
        self.focus = 0;
        self.alone = false;
        self.aids.magnifier = false;
        self.put_down();
        self.selected = None;
        self.history = History::default();
        self.before = None;
    }

    fn keep(&self) -> Option<Kept> {
        let viewer = self.viewers.get(self.focus)?;
        let image = Arc::clone(viewer.image()?);
        Some(Kept { image, look: viewer.look().clone() })
    }

    pub(crate) fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    pub(crate) fn set_output(&mut self, output: Output) {
        for viewer in &mut self.viewers {
            viewer.set_output(&output);
        }
        self.output = output;
    }

    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    pub(crate) fn count(&self) -> usize {
        self.viewers.len()
    }

    pub(crate) fn focus(&self) -> usize {
        self.focus
    }

    pub(crate) fn focus_film(&mut self, film: usize) {
        if film < self.viewers.len() {
            self.focus = film;
        }
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.alone
    }

    pub(crate) fn viewers(&self) -> &[Viewer] {
        &self.viewers
    }

    pub(crate) fn note_seen(&mut self, film: usize) {
        if let Some(viewer) = self.viewers.get_mut(film) {
            viewer.note_seen();
        }
    }

    /// "Study 12, 2 of 3 views seen".
    pub(crate) fn seen_words(&self, study: &str) -> String {
        let seen = self.viewers.iter().filter(|viewer| viewer.was_seen()).count();
        match self.viewers.len() {
            0 | 1 => study.to_owned(),
            of => format!("{study}, {seen} of {of} views seen"),
        }
    }

    /// How the viewports stand.
    pub(crate) fn layout(&self) -> FilmLayout {
        match self.viewers.len() {
            0 | 1 => FilmLayout::One,
            _ if self.alone => FilmLayout::Only(self.focus),
            2 => FilmLayout::Two,
            3 if self.equal => FilmLayout::Four(3),
            3 => FilmLayout::ThreeFocused(self.focus),
            4 => FilmLayout::Four(4),
            of => FilmLayout::Grid { first: self.focus / GRID * GRID, of },
        }
    }

    /// The films of the page on screen, the focused one first.
    pub(crate) fn on_page(&self) -> Vec<usize> {
        let page = self.focus / GRID;
        let all = page * GRID..self.viewers.len().min((page + 1) * GRID);
        std::iter::once(self.focus).chain(all.filter(|i| *i != self.focus)).collect()
    }

    /// The films of the item that are on no screen, those of the next page first.
    pub(crate) fn off_page(&self) -> Vec<usize> {
        let shown = self.on_page();
        let start = (self.focus / GRID + 1) * GRID;
        let wheel = (start..self.viewers.len()).chain(0..start.min(self.viewers.len()));
        wheel.filter(|i| !shown.contains(i)).collect()
    }

    /// Lets go of the pixels of films on other pages; how they were looked at stays.
    pub(crate) fn park_others(&mut self) {
        for film in self.off_page() {
            if let Some(viewer) = self.viewers.get_mut(film).filter(|viewer| viewer.is_open()) {
                viewer.park();
            }
        }
    }

    /// A film has come.
    pub(crate) fn open(&mut self, film: usize, image: Arc<DecodedImage>, ready: Option<Prepared>) {
        let Some(viewer) = self.viewers.get_mut(film) else { return };
        let first = viewer.look().grey.is_none();
        viewer.open(image, ready);
        if first && let Some(kept) = &self.kept {
            let (view, grey) = (kept.look.view, kept.look.grey.as_ref());
            // Turning is never carried over: sides would be mistaken.
            let mut look = viewer.look().clone();
            (look.view.zoom, look.view.pan) = (view.zoom, view.pan);
            viewer.set_look(look);
            if let Some(grey) = grey.filter(|g| g.origin != Origin::Own(0)) {
                viewer.carry_grey((&kept.image, grey));
            }
        }
    }

    /// What the mouse does on films.
    pub(crate) fn mouse(&self) -> MouseMap {
        let mut map = self.settings.mouse_map();
        if self.tool.is_some() {
            map.left = DragTool::Draw;
        }
        map.track = self.aids.magnifier || self.drawing.is_some();
        map
    }

    /// One film, ready to show.
    pub(crate) fn film(
        &mut self,
        film: usize,
        size: [usize; 2],
        caption: &Caption<'_>,
    ) -> FilmView {
        let aids = self.aids_of(film);
        match self.viewers.get_mut(film) {
            Some(viewer) => viewer.film(size, caption, &aids),
            None => blank(caption),
        }
    }

    /// What a film is drawn with.
    fn aids_of(&self, film: usize) -> Aids {
        let pointer = self.pointer.filter(|(at, _)| self.aids.magnifier && *at == film);
        let power = POWERS.get(self.power).copied().unwrap_or(2.0);
        let focused = film == self.focus;
        Aids {
            texts: self.aids.texts,
            histogram: self.aids.histogram && focused,
            magnifier: pointer.map(|(_, at)| (at, power)),
            drawing: self.drawing.as_ref().filter(|(at, _)| *at == film).map(|(_, d)| d.clone()),
            selected: self.selected.filter(|(at, _)| *at == film).map(|(_, mark)| mark),
            hint: self.hint.filter(|_| focused),
            page: self.page_words().filter(|_| focused),
            seen_word: 1 < self.viewers.len() && !focused,
        }
    }

    /// "Page 1 of 2", where there are pages.
    pub(crate) fn page_words(&self) -> Option<String> {
        let pages = self.viewers.len().div_ceil(GRID);
        let paged = 1 < pages && !self.alone;
        paged.then(|| format!("Page {} of {pages}", self.focus / GRID + 1))
    }

    fn looks(&self) -> Vec<Look> {
        self.viewers.iter().map(|viewer| viewer.look().clone()).collect()
    }

    /// Carries out a command about films; `None` if it is no such command, `Some(false)` if
    /// nothing on screen has a use for it.
    pub(crate) fn command(&mut self, command: Command, now: Instant) -> Option<bool> {
        if let Some(done) = self.hang_command(command) {
            return Some(done);
        }
        let before = self.looks();
        let done = self.look_command(command)?;
        let run = is_step(command).then_some(Run::Key(command));
        self.record(before, run, now);
        Some(done)
    }

    /// Keeps how films looked before, if they look otherwise now.
    fn record(&mut self, before: Vec<Look>, run: Option<Run>, now: Instant) {
        if before != self.looks() {
            self.history.record(before, run, now);
        }
    }

    /// Commands that change no film's look.
    fn hang_command(&mut self, command: Command) -> Option<bool> {
        use Command::*;
        let count = self.viewers.len();
        match command {
            NextView if 1 < count => self.focus = (self.focus + 1) % count,
            PreviousView if 1 < count => self.focus = (self.focus + count - 1) % count,
            NextView | PreviousView => {}
            NextPage => return Some(self.turn_page(1)),
            PreviousPage => return Some(self.turn_page(-1)),
            OneView => return Some(self.toggle_alone()),
            EqualViews if count == 3 => self.equal = !self.equal,
            LinkViews if 1 < count => self.links.views = !self.links.views,
            LinkWindows if 1 < count => self.links.windows = !self.links.windows,
            EqualViews | LinkViews | LinkWindows => return Some(false),
            Overlays => self.aids.texts = !self.aids.texts,
            Histogram => self.aids.histogram = !self.aids.histogram,
            Magnifier => self.aids.magnifier = !self.aids.magnifier,
            MagnifierPower => {
                self.power =
                    if self.aids.magnifier { (self.power + 1) % POWERS.len() } else { self.power };
                self.aids.magnifier = true;
            }
            Length => self.take_up(Tool::Length),
            Angle => self.take_up(Tool::Angle),
            Cobb => self.take_up(Tool::Cobb),
            Ellipse => self.take_up(Tool::Ellipse),
            PutDown => {
                self.put_down();
                self.selected = None;
                self.aids.magnifier = false;
            }
            UndoView => return Some(self.walk_history(History::undo)),
            RedoView => return Some(self.walk_history(History::redo)),
            _ => return None,
        }
        Some(true)
    }

    fn walk_history(&mut self, step: Walk) -> bool {
        let now = self.looks();
        let Some(looks) = step(&mut self.history, now) else { return false };
        for (viewer, look) in self.viewers.iter_mut().zip(looks) {
            viewer.set_look(look);
        }
        self.selected = None;
        true
    }

    fn turn_page(&mut self, by: isize) -> bool {
        let pages = self.viewers.len().div_ceil(GRID);
        let wanted = (self.focus / GRID).checked_add_signed(by).filter(|page| *page < pages);
        if let Some(page) = wanted {
            self.focus = page * GRID;
        }
        wanted.is_some()
    }

    fn toggle_alone(&mut self) -> bool {
        let several = 1 < self.viewers.len();
        self.alone = several && !self.alone;
        several
    }

    /// Takes a tool in hand; the same key again puts it down.
    fn take_up(&mut self, tool: Tool) {
        let again = self.tool == Some(tool);
        self.put_down();
        if !again {
            self.tool = Some(tool);
            self.hint = Some(tool.hint(0));
        }
    }

    fn put_down(&mut self) {
        (self.tool, self.drawing, self.hint) = (None, None, None);
    }

    /// Commands that change how films look.
    fn look_command(&mut self, command: Command) -> Option<bool> {
        match command {
            Command::SameWindow => return Some(self.same_window()),
            Command::DeleteMark => return Some(self.delete_mark()),
            Command::DeleteMarks => {
                let viewer = self.viewers.get_mut(self.focus)?;
                let mut look = viewer.look().clone();
                let any = !look.marks.is_empty();
                look.marks.clear();
                viewer.set_look(look);
                self.selected = None;
                return Some(any);
            }
            Command::ResetAll => self.selected = None,
            _ => {}
        }
        let together =
            (self.links.views && is_zoom(command)) || (self.links.windows && is_grey(command));
        let done = self.viewers.get_mut(self.focus)?.command(command)?;
        if together {
            let focus = self.focus;
            for (_, viewer) in self.viewers.iter_mut().enumerate().filter(|(i, _)| *i != focus) {
                viewer.command(command);
            }
        }
        Some(done)
    }

    /// Every view shows the share of the greys that the focused one shows.
    fn same_window(&mut self) -> bool {
        let Some(viewer) = self.viewers.get(self.focus) else { return false };
        let (Some(image), Some(grey)) = (viewer.image().cloned(), viewer.look().grey.clone())
        else {
            return false;
        };
        let mut any = false;
        let focus = self.focus;
        for (_, other) in self.viewers.iter_mut().enumerate().filter(|(i, _)| *i != focus) {
            any |= other.carry_grey((&image, &grey));
        }
        any
    }

    /// The selected mark, or the last one drawn on the focused film.
    fn delete_mark(&mut self) -> bool {
        let last = |film: usize| {
            let marks = self.viewers.get(film)?.look().marks.len();
            Some((film, marks.checked_sub(1)?))
        };
        let Some((film, mark)) = self.selected.or_else(|| last(self.focus)) else { return false };
        self.selected = None;
        self.viewers.get_mut(film).is_some_and(|viewer| viewer.remove_mark(mark))
    }
}

/// Commands whose repetition is one change.
fn is_step(command: Command) -> bool {
    use Command::*;
    matches!(
        command,
        LevelUp
            | LevelDown
            | Wider
            | Narrower
            | LevelUpFine
            | LevelDownFine
            | WiderFine
            | NarrowerFine
            | ZoomIn
            | ZoomOut
    )
}
