//! The whole program behind one window: home, reading room, palette, jobs.

mod display;
mod home;
mod new_project;
mod who;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use overread_core::Level;

use crate::command::{COMMANDS, Command, Keymap};
use crate::desk::DeskError;
use crate::display::{Display, DisplayPage, Monitor};
use crate::films::Waker;
use crate::layer::{Entry, Layer, caps, entries, matching};
use crate::reading::{OpenedDesk, Reading};
use crate::recent::{self, Recent};
use crate::settings::Settings;
use crate::verbs::{self, DemoProject, VerbError};
use crate::view::{
    Backend, Block, Effect, FrameInput, FrameView, KeyHint, KeyPress, KeyTable, Mark, PageView,
    PickKind, PickRequest, ScreenShape, ScreenView, StatusItem, StatusKeep, StatusView, ToastView,
    Tone, UiAction, WorkView,
};
use new_project::Form;
use who::Who;

/// How long a short message stays.
const TOAST: Duration = Duration::from_secs(4);

/// What the program starts with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// A project to open at once.
    pub project: Option<PathBuf>,
    /// Pseudonym of the reader.
    pub reader: Option<String>,
}

/// What a background job has brought.
enum JobEvent {
    Opened(Box<Result<OpenedDesk, DeskError>>),
    Demo(Result<DemoProject, VerbError>),
    Made(Result<(PathBuf, String), VerbError>),
    /// A table of luminances, or why there is none.
    Luminances(Result<String, String>),
    /// The calibration of a monitor.
    Table(Monitor, Box<Result<Option<overread_imaging::CalibrationLut>, String>>),
    /// Settings are on disk.
    Kept,
}

enum Screen {
    Home,
    /// A job is under way.
    Busy(String),
    Reading(Box<Reading>),
    New(Form),
    /// Several people read in the project.
    Who(Who),
    /// Something failed; the paragraph says what, where and what to do.
    Failed(String),
}

/// The program behind the window.
pub struct Shell {
    start: Option<Start>,
    waker: Waker,
    events: Receiver<JobEvent>,
    sender: SyncSender<JobEvent>,
    screen: Screen,
    layer: Option<Layer>,
    toast: Option<(String, Mark, Instant)>,
    effects: Vec<Effect>,
    recent: Vec<Recent>,
    selected_recent: usize,
    focused_at: Option<Instant>,
    full_screen: bool,
    panel_open: bool,
    settings: Settings,
    display: Display,
    /// The page of the display, over whatever screen there is.
    display_page: Option<DisplayPage>,
    /// The person was told that leaving loses an answer.
    warned: bool,
    now: Instant,
}

/// When the program started, for the log.
pub(crate) fn started() -> Instant {
    static STARTED: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *STARTED.get_or_init(Instant::now)
}

impl Shell {
    /// A program that opens the project at its first frame.
    pub fn new(start: Start) -> Self {
        started();
        let (sender, events) = sync_channel(8);
        Self {
            start: Some(start),
            waker: Arc::new(|| {}),
            events,
            sender,
            screen: Screen::Home,
            layer: None,
            toast: None,
            effects: Vec::new(),
            recent: recent::load(),
            selected_recent: 0,
            focused_at: None,
            full_screen: false,
            panel_open: false,
            settings: Settings::load(),
            display: Display::load(),
            display_page: None,
            warned: false,
            now: Instant::now(),
        }
    }

    fn job(&self, name: &str, job: impl FnOnce() -> JobEvent + Send + 'static) {
        let (sender, waker) = (self.sender.clone(), Arc::clone(&self.waker));
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            if sender.send(job()).is_ok() {
                waker();
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, name, "a job could not start");
        }
    }

    fn open(&mut self, path: PathBuf, reader: Option<String>) {
        self.leave_reading();
        self.screen = Screen::Busy("Opening the project".to_owned());
        self.job("open", move || {
            JobEvent::Opened(Box::new(OpenedDesk::open(path, reader.as_deref())))
        });
    }

    fn open_demo(&mut self) {
        self.leave_reading();
        self.screen = Screen::Busy("Unpacking the demo study".to_owned());
        let folder = recent::settings_folder()
            .map_or_else(|| PathBuf::from("overread-demo"), |settings| settings.join("demo"));
        self.job("demo", move || JobEvent::Demo(verbs::unpack_demo(&folder)));
    }

    /// Closes the project on screen, if there is one, with everything on disk.
    fn leave_reading(&mut self) {
        if let Screen::Reading(reading) = std::mem::replace(&mut self.screen, Screen::Home) {
            recent::remember(reading.recent());
            reading.close();
            self.recent = recent::load();
            self.selected_recent = 0;
        }
        self.layer = None;
        self.warned = false;
    }

    /// Asks a second time before an answer that is not on disk is given up.
    fn holds_back(&mut self) -> bool {
        let unsaved = self.reading().is_some_and(Reading::is_unsaved);
        if !unsaved || self.warned {
            return false;
        }
        self.warned = true;
        let text = "An answer is not on disk. Again: it is lost.".to_owned();
        self.toast = Some((text, Mark::Alarm, self.now));
        true
    }

    fn take_in(&mut self, event: JobEvent) {
        match event {
            JobEvent::Opened(opened) => match *opened {
                Ok(desk) => self.sit_down(desk),
                Err(error) => {
                    self.screen = match Who::asked_by(error) {
                        Ok(who) => Screen::Who(who),
                        Err(error) => Screen::Failed(error.to_string()),
                    };
                }
            },
            JobEvent::Demo(Ok(demo)) => self.open(demo.project, Some(demo.reader)),
            JobEvent::Demo(Err(error)) => self.screen = Screen::Failed(error.to_string()),
            JobEvent::Made(Ok((path, reader))) => self.open(path, Some(reader)),
            JobEvent::Luminances(text) => self.take_luminances(text),
            JobEvent::Table(monitor, table) => self.take_table(&monitor, *table),
            JobEvent::Kept => {}
            JobEvent::Made(Err(error)) => match &mut self.screen {
                Screen::New(form) => form.failed(error.to_string()),
                _ => self.screen = Screen::Failed(error.to_string()),
            },
        }
    }

    fn sit_down(&mut self, desk: OpenedDesk) {
        match Reading::start(desk, &self.waker, &self.settings, self.now) {
            Ok(mut reading) => {
                reading.panel_open = self.panel_open;
                recent::remember(reading.recent());
                self.screen = Screen::Reading(Box::new(reading));
                self.use_display();
            }
            Err(error) => {
                self.screen = Screen::Failed(format!("The writer could not start: {error}."));
            }
        }
    }

    fn reading(&self) -> Option<&Reading> {
        match &self.screen {
            Screen::Reading(reading) => Some(reading),
            _ => None,
        }
    }

    fn reading_mut(&mut self) -> Option<&mut Reading> {
        match &mut self.screen {
            Screen::Reading(reading) => Some(reading),
            _ => None,
        }
    }

    fn keymap(&self) -> Keymap {
        self.reading().map_or_else(Keymap::without_item, Reading::keymap)
    }

    /// Why a command cannot be carried out now.
    fn refusal(&self, command: Command) -> Result<(), String> {
        let program = matches!(
            command,
            Command::Home
                | Command::OpenDemo
                | Command::OpenProject
                | Command::NewProject
                | Command::Quit
                | Command::FullScreen
                | Command::Keys
                | Command::Palette
                | Command::Display
                | Command::MeasureDisplay
                | Command::VerifyDisplay
                | Command::PatternSquares
                | Command::PatternDepth
                | Command::PatternRamp
        );
        match self.reading() {
            _ if program => Ok(()),
            Some(reading) => reading.refusal(command),
            None => Err("Only in the reading room.".to_owned()),
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let item = self.reading().and_then(|r| Some((&r.material().protocol, r.room().blinded()?)));
        let item = item.as_ref().map(|(protocol, item)| (*protocol, item));
        entries(&self.keymap(), item, &|command| self.refusal(command))
    }

    /// What the open list offers.
    fn layer_entries(&self) -> Vec<Entry> {
        let Some(Layer::Beside { .. }) = self.layer else { return self.entries() };
        let Some(room) = self.reading().map(Reading::room) else { return Vec::new() };
        let Some(item) = room.blinded() else { return Vec::new() };
        crate::layer::beside(&item, room.state(), &|command| self.refusal(command))
    }

    /// Opens the list of findings that can be marked as also present, or says why there is none.
    fn open_beside(&mut self) {
        match self.refusal(Command::Beside) {
            Ok(()) => self.layer = Some(Layer::Beside { query: String::new(), selected: 0 }),
            Err(why) => self.toast = Some((why, Mark::Warning, self.now)),
        }
    }

    fn command(&mut self, command: Command, key: &str, repeat: bool) {
        if self.display_command(command) {
            return;
        }
        match command {
            Command::Palette => {
                self.layer = match self.layer {
                    Some(Layer::Palette { .. }) => None,
                    _ => Some(Layer::Palette { query: String::new(), selected: 0 }),
                };
            }
            Command::Keys => {
                self.layer = match self.layer {
                    Some(Layer::Keys) => None,
                    _ => Some(Layer::Keys),
                };
            }
            Command::Beside => self.open_beside(),
            Command::FullScreen => self.full_screen = !self.full_screen,
            Command::Quit => self.act(UiAction::CloseRequested),
            Command::Home => {
                if self.holds_back() {
                    return;
                }
                self.leave_reading();
                self.screen = Screen::Home;
            }
            Command::OpenDemo => self.open_demo(),
            Command::OpenProject => self.effects.push(Effect::Pick(PickRequest {
                id: "open".to_owned(),
                title: "Open a project".to_owned(),
                kind: PickKind::OpenFile,
                filters: vec![("Overread project".to_owned(), vec!["overread".to_owned()])],
                file_name: None,
            })),
            Command::NewProject => {
                self.leave_reading();
                self.screen = Screen::New(Form::default());
            }
            Command::Panel => {
                self.panel_open = !self.panel_open;
                let open = self.panel_open;
                if let Some(reading) = self.reading_mut() {
                    reading.panel_open = open;
                }
            }
            other => {
                let (now, focused_at) = (self.now, self.focused_at);
                if let Some(reading) = self.reading_mut() {
                    reading.command(other, key, repeat, focused_at, now);
                }
            }
        }
    }

    fn key(&mut self, press: &KeyPress) {
        self.now = self.now.max(press.at);
        if self.layer.is_some() && self.layer_key(&press.chord) {
            return;
        }
        if self.display_key(&press.chord) {
            return;
        }
        match &self.screen {
            _ if self.display_page.is_some() => self.page_key(&press.chord),
            Screen::Reading(reading) if reading.is_done() && press.chord == "Enter" => {
                if !press.repeat {
                    self.run("deck.next");
                }
            }
            Screen::Reading(_) => {
                if let Some(command) = self.keymap().get(&press.chord) {
                    let label = caps(&press.chord).join(" ");
                    self.command(command, &label, press.repeat);
                }
            }
            _ => self.page_key(&press.chord),
        }
    }

    fn page_key(&mut self, chord: &str) {
        let home = matches!(self.screen, Screen::Home) && self.display_page.is_none();
        match chord {
            "N" if home => self.command(Command::NewProject, chord, false),
            "D" if home => self.command(Command::OpenDemo, chord, false),
            "O" if home => self.command(Command::OpenProject, chord, false),
            "ArrowDown" if home => {
                self.selected_recent =
                    (self.selected_recent + 1).min(self.recent.len().saturating_sub(1));
            }
            "ArrowUp" if home => self.selected_recent = self.selected_recent.saturating_sub(1),
            "Enter" if home => self.open_recent(self.selected_recent),
            "Escape" => self.screen = Screen::Home,
            other if self.choose_reader(other) => {}
            other => {
                if let Some(command) = Keymap::without_item().get(other)
                    && self.refusal(command).is_ok()
                {
                    self.command(command, other, false);
                }
            }
        }
    }

    /// Keys of a layer; false if the layer has no use for it.
    fn layer_key(&mut self, chord: &str) -> bool {
        if chord == "Escape" {
            self.layer = None;
            return true;
        }
        let all = self.layer_entries();
        let Some(layer) = &mut self.layer else { return false };
        match layer {
            Layer::Keys => {
                if matches!(chord, "?" | "Ctrl+K") {
                    return false;
                }
                true
            }
            Layer::Palette { query, selected } | Layer::Beside { query, selected } => {
                let found = matching(&all, query);
                match chord {
                    "ArrowDown" => *selected = (*selected + 1).min(found.len().saturating_sub(1)),
                    "ArrowUp" => *selected = selected.saturating_sub(1),
                    "Enter" => {
                        let at = *selected;
                        self.run_entry(at);
                    }
                    "Ctrl+K" => return false,
                    _ => {}
                }
                true
            }
        }
    }

    fn run_entry(&mut self, index: usize) {
        let Some(Layer::Palette { query, .. } | Layer::Beside { query, .. }) = &self.layer else {
            return;
        };
        let found = matching(&self.layer_entries(), query);
        let Some((entry, _)) = found.into_iter().nth(index) else { return };
        self.layer = None;
        match entry.refused {
            Some(why) => self.toast = Some((why, Mark::Warning, self.now)),
            None => self.command(entry.command, &entry.caps.join(" "), false),
        }
    }

    fn open_recent(&mut self, index: usize) {
        if let Some(recent) = self.recent.get(index).cloned() {
            let reader = (!recent.reader.is_empty()).then_some(recent.reader);
            self.open(recent.path, reader);
        }
    }

    /// Opens the project for the person behind a key or a button, if one is asked for.
    fn choose_reader(&mut self, word: &str) -> bool {
        let Screen::Who(who) = &self.screen else { return false };
        let Some((path, reader)) = who.chosen(word) else { return false };
        self.open(path, Some(reader));
        true
    }

    /// Buttons, cards and links, by id.
    fn run(&mut self, id: &str) {
        let now = self.now;
        if let Some(spec) = COMMANDS.iter().find(|spec| spec.id == id) {
            self.command(spec.command, "", false);
            return;
        }
        match id {
            "deck.next" => {
                let more = self.reading_mut().is_some_and(|reading| reading.next_deck(now));
                if !more && self.reading().is_some() {
                    self.toast = Some(("Every deck is finished.".to_owned(), Mark::Check, now));
                }
            }
            "write.retry" => {
                if let Some(reading) = self.reading_mut() {
                    reading.retry();
                }
            }
            "notice.close" => {
                if let Some(reading) = self.reading_mut() {
                    reading.close_notice();
                }
            }
            "write.copy" => self.effects.push(Effect::Pick(PickRequest {
                id: "copy".to_owned(),
                title: "Save a copy of the project".to_owned(),
                kind: PickKind::SaveFile,
                filters: vec![("Overread project".to_owned(), vec!["overread".to_owned()])],
                file_name: Some("copy.overread".to_owned()),
            })),
            _ if self.choose_reader(id) => {}
            _ => self.run_in_form(id),
        }
    }

    fn run_in_form(&mut self, id: &str) {
        let Screen::New(form) = &mut self.screen else { return };
        if let Some(request) = Form::pick(id) {
            self.effects.push(Effect::Pick(request));
            return;
        }
        if id == "new.create"
            && let Some(plan) = form.begin()
        {
            self.job("new", move || JobEvent::Made(plan.carry_out()));
        }
    }

    fn picked(&mut self, id: &str, path: Option<&Path>, open_for: Duration) {
        const BLINK: Duration = Duration::from_millis(300);
        let Some(path) = path else {
            if open_for < BLINK {
                let text = "This desktop offers no file dialog. Drop the file on the window, or start Overread with its path.";
                self.toast = Some((text.to_owned(), Mark::Warning, self.now));
            }
            return;
        };
        match id {
            "open" => self.open(path.to_owned(), None),
            "copy" => {
                if let Some(reading) = self.reading() {
                    reading.save_copy(path.to_owned());
                }
            }
            _ => {
                if let Screen::New(form) = &mut self.screen {
                    form.set(id, &path.display().to_string());
                }
            }
        }
    }

    fn mouse(&mut self, action: &UiAction) {
        let now = self.now;
        if let Some(reading) = self.reading_mut() {
            reading.mouse(action, now);
        }
    }

    fn click(&mut self, command: Option<Command>) {
        if let Some(command) = command {
            let keymap = self.keymap();
            let key = keymap.keys_of(command).first().map(|key| caps(key).join(" "));
            self.command(command, &key.unwrap_or_default(), false);
        }
    }

    fn key_table(&self) -> KeyTable {
        let mut table = KeyTable::default();
        let is_global =
            |chord: &str| chord.starts_with("Ctrl+") || (chord.starts_with('F') && 1 < chord.len());
        let keymap = self.keymap();
        let chords = keymap.chords();
        if self.layer.is_some() {
            for key in ["Escape", "Enter", "ArrowUp", "ArrowDown", "Ctrl+K"] {
                table.always.insert(key.to_owned());
            }
            // Under a layer no key answers, and none reaches a button either.
            if matches!(self.layer, Some(Layer::Keys)) {
                table.reading = chords;
            }
            return table;
        }
        if let Some(page) = &self.display_page {
            let keys = page.keys().into_iter().map(str::to_owned);
            table.reading.extend(keys);
            if !page.is_bare() {
                table.always.extend(chords.into_iter().filter(|chord| is_global(chord)));
                table.reading.insert("?".to_owned());
            }
            return table;
        }
        match &self.screen {
            Screen::Reading(reading) => {
                for chord in chords {
                    // While typing, undo belongs to the text.
                    let edits = matches!(chord.as_str(), "Ctrl+Z" | "Ctrl+Shift+Z" | "Ctrl+Y");
                    if is_global(&chord) && !(edits && reading.typing()) {
                        table.always.insert(chord);
                    } else {
                        table.reading.insert(chord);
                    }
                }
                if reading.is_done() {
                    for key in ["Tab", "Shift+Tab", "Space"] {
                        table.reading.remove(key);
                    }
                }
            }
            other => {
                table.always.extend(chords.into_iter().filter(|chord| is_global(chord)));
                table.reading.insert("?".to_owned());
                table.reading.insert("Escape".to_owned());
                if let Screen::Who(who) = other {
                    table.reading.extend(who.keys());
                }
                if matches!(other, Screen::Home) {
                    for key in ["N", "D", "O", "ArrowUp", "ArrowDown"] {
                        table.reading.insert(key.to_owned());
                    }
                    if !self.recent.is_empty() {
                        table.reading.insert("Enter".to_owned());
                    }
                }
            }
        }
        table
    }

    fn screen_view(&mut self, frame: &FrameInput) -> ScreenView {
        if let Some(bare) = self.bare_view(frame) {
            return ScreenView::Bare(Box::new(bare));
        }
        if let Some(page) = &self.display_page {
            let view = page.view(&self.display, &self.settings, &today());
            return ScreenView::Page(Box::new(view));
        }
        let covered = self.layer.is_some();
        match &mut self.screen {
            Screen::Reading(reading) => {
                reading.covered = covered;
                reading.advance(frame);
                match reading.view(frame) {
                    Some(view) => ScreenView::Read(Box::new(view)),
                    None => ScreenView::DeckDone(Box::new(reading.done_view())),
                }
            }
            Screen::Home => ScreenView::Home(Box::new(home::view(
                &self.recent,
                self.selected_recent,
                &self.display.status(&today()),
            ))),
            Screen::New(form) => ScreenView::Page(Box::new(form.view())),
            Screen::Who(who) => ScreenView::Page(Box::new(who.view())),
            Screen::Busy(what) => ScreenView::Page(Box::new(PageView {
                name: "Overread".to_owned(),
                blocks: vec![Block::Work(WorkView {
                    title: what.clone(),
                    text: String::new(),
                    fraction: None,
                    cancel: None,
                })],
                ..PageView::default()
            })),
            Screen::Failed(why) => ScreenView::Page(Box::new(home::failed(why))),
        }
    }

    fn status(&self) -> StatusView {
        if let Some(reading) = self.reading() {
            let (left, right) = reading.status_items(self.display.status(&today()));
            return StatusView { left, right };
        }
        let item = |text: &str, keep| StatusItem {
            mark: None,
            text: text.to_owned(),
            short: None,
            tone: Tone::Quiet,
            keep,
        };
        let place = match &self.screen {
            _ if self.display_page.is_some() => "Display and films",
            Screen::New(_) => "New project",
            Screen::Who(_) => "Who reads?",
            _ => "Home",
        };
        StatusView {
            left: vec![item(place, StatusKeep::Least)],
            right: vec![
                item("No network is used", StatusKeep::Tight),
                item(concat!("Version ", env!("CARGO_PKG_VERSION")), StatusKeep::Least),
            ],
        }
    }

    fn toast_view(&mut self) -> Option<ToastView> {
        let (text, mark, at) = self.toast.as_ref()?;
        if TOAST <= self.now.saturating_duration_since(*at) {
            self.toast = None;
            return None;
        }
        Some(ToastView { mark: *mark, text: text.clone(), hint: None::<KeyHint> })
    }
}

/// Date and time by the system's clock, UTC, to the minute.
pub(crate) fn minute() -> String {
    let text = overread_store::Clock::system().now_text();
    text.get(..16).unwrap_or_default().replace('T', " ")
}

/// Today's date by the system's clock, ISO, UTC.
pub(crate) fn today() -> String {
    overread_store::Clock::system().now_text().get(..10).unwrap_or_default().to_owned()
}

impl Backend for Shell {
    fn set_waker(&mut self, waker: Arc<dyn Fn() + Send + Sync>) {
        self.waker = waker;
        if let Some(start) = self.start.take()
            && let Some(project) = start.project
        {
            self.open(project, start.reader);
        }
    }

    fn shape(&self) -> ScreenShape {
        if let Some(page) = &self.display_page {
            return ScreenShape { bare: page.is_bare(), ..ScreenShape::default() };
        }
        match self.reading() {
            Some(reading) if !reading.is_done() => ScreenShape {
                bare: false,
                reading: true,
                panel: reading.panel_open,
                banner: reading.has_banner(),
                films: reading.layout(),
            },
            _ => ScreenShape::default(),
        }
    }

    fn view(&mut self, frame: &FrameInput) -> FrameView {
        self.now = frame.now;
        while let Ok(event) = self.events.try_recv() {
            self.take_in(event);
        }
        self.note_monitor(frame);
        let screen = self.screen_view(frame);
        let bare = matches!(screen, ScreenView::Bare(_));
        let layer = self.layer.clone().map(|layer| {
            let item = self.reading().and_then(|reading| reading.room().blinded());
            layer.view(&self.layer_entries(), &self.keymap(), item.as_ref())
        });
        let toast = self.toast_view();
        let toast_left = toast.is_some().then_some(Duration::from_millis(500));
        let reading_left = self.reading().and_then(|reading| reading.repaint_after(self.now));
        FrameView {
            layer,
            toast,
            full_screen: self.full_screen || bare,
            repaint_after: [toast_left, reading_left].into_iter().flatten().min(),
            effects: std::mem::take(&mut self.effects),
            ..FrameView::new(screen, self.status(), Arc::new(self.key_table()))
        }
    }

    fn act(&mut self, action: UiAction) {
        if self.display_action(&action) {
            return;
        }
        let answer = |index: usize| self.reading().and_then(|r| r.command_of_answer(index));
        match &action {
            UiAction::Key(press) => self.key(press),
            UiAction::Focused(true) => self.focused_at = Some(Instant::now()),
            UiAction::Focused(false) => {}
            UiAction::ClickAnswer(index) => {
                let command = answer(*index);
                self.click(command);
            }
            UiAction::ClickNoAnswer(index) => self.click(Reading::command_of_no_answer(*index)),
            UiAction::ToggleTag(index) => {
                let command = self.reading().and_then(|reading| reading.command_of_tag(*index));
                self.click(command);
            }
            UiAction::ClickFinding(index) => {
                self.click(u8::try_from(*index).ok().map(Command::Finding));
            }
            UiAction::SetFinding { finding, level } => {
                self.click(u8::try_from(*finding).ok().map(Command::Finding));
                self.click(u8::try_from(*level).ok().map(|level| Command::Answer(Level(level))));
            }
            UiAction::ToggleFlag => self.click(Some(Command::Flag)),
            UiAction::OpenComment => self.click(Some(Command::Comment)),
            UiAction::CommentText(text) => {
                let text = text.clone();
                if let Some(reading) = self.reading_mut() {
                    reading.comment_text(text);
                }
            }
            UiAction::CommentDone(keep) => {
                let (keep, now) = (*keep, self.now);
                if let Some(reading) = self.reading_mut() {
                    reading.comment_done(keep, now);
                }
            }
            UiAction::ClickBadge(_) => self.click(Some(Command::Clipped)),
            UiAction::ClosePanel => self.command(Command::Panel, "F8", false),
            UiAction::Menu => self.command(Command::Palette, "", false),
            UiAction::Run(id) => {
                let id = id.clone();
                self.run(&id);
            }
            UiAction::OpenRecent(index) => self.open_recent(*index),
            UiAction::PaletteQuery(text) => {
                if let Some(
                    Layer::Palette { query, selected } | Layer::Beside { query, selected },
                ) = &mut self.layer
                {
                    query.clone_from(text);
                    *selected = 0;
                }
            }
            UiAction::PaletteRun(index) => self.run_entry(*index),
            UiAction::CloseLayer => self.layer = None,
            UiAction::Field { id, text } => {
                if let Screen::New(form) = &mut self.screen {
                    form.set(id, text);
                }
            }
            UiAction::Choose { id, index } => {
                if let Screen::New(form) = &mut self.screen {
                    form.choose(id, *index);
                }
            }
            UiAction::Dropped(path) => {
                let path = path.clone();
                match &mut self.screen {
                    Screen::New(form) => form.dropped(&path),
                    _ => self.open(path, None),
                }
            }
            UiAction::Picked { id, path, open_for } => {
                let (id, path, open_for) = (id.clone(), path.clone(), *open_for);
                self.picked(&id, path.as_deref(), open_for);
            }
            UiAction::CloseRequested => {
                if self.holds_back() {
                    return;
                }
                self.leave_reading();
                self.effects.push(Effect::Close);
            }
            mouse => {
                let mouse = mouse.clone();
                self.mouse(&mouse);
            }
        }
    }

    fn closing(&mut self) {
        self.leave_reading();
    }
}
