//! The reading room with everything around it: films, viewers, writer, live panel.

mod done;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread_core::{EventBody, ImageId, ItemId, Level, NoAnswer, Stage};
use overread_imaging::Output;
use overread_store::Project;

use crate::command::{Command, Keymap};
use crate::desk::{Desk, DeskError};
use crate::films::{Fault, Films, ImageSource, Order, Waker};
use crate::hanging::Hanging;
use crate::panel::{self, PanelJob};
use crate::read_view::{NOTICE, Notice, Scene, capital, read_view};
use crate::release::{self, Visible};
use crate::room::{ECHO, FilmStatus, Material, Moment, Outcome, Refusal, Room};
use crate::settings::Settings;
use crate::view::{
    BannerView, ButtonKind, ButtonView, FilmLayout, FilmView, FrameInput, GRID, Mark, ReadView,
    StatusItem, StatusKeep, Tone, UiAction,
};
use crate::viewer::{Caption, Viewer, blank, failed};
use crate::writer::{Writer, Written};

/// How many items are decoded ahead.
const AHEAD: usize = 3;
/// Keys that may wait for a tag.
const MOST_QUEUED: usize = 4;
/// A write that failed is tried again after this time.
const RETRY: Duration = Duration::from_secs(5);

/// A project opened in the background, ready to be read.
pub(crate) struct OpenedDesk {
    pub path: PathBuf,
    pub project: Project,
    pub room: Room,
    pub source: ImageSource,
    pub device: String,
    pub notices: Vec<String>,
}

impl OpenedDesk {
    /// Opens a project for a reader; does I/O, so never on the window's thread.
    pub(crate) fn open(path: PathBuf, reader: Option<&str>) -> Result<Self, DeskError> {
        let desk = Desk::open(&path, reader, overread_store::OpenMode::ReadWrite)?;
        let room = desk.room(None)?;
        let source = desk.image_source()?;
        let (device, notices) = (desk.device, desk.notices);
        Ok(Self { path, project: desk.project, room, source, device, notices })
    }
}

/// One reader at work.
pub(crate) struct Reading {
    pub path: PathBuf,
    room: Room,
    writer: Option<Writer>,
    closed: Option<String>,
    films: Films,
    hanging: Hanging,
    shown: Option<ItemId>,
    opened_at: Instant,
    painted_at: Option<Instant>,
    first_generation: Option<u64>,
    failure: Option<Fault>,
    sizes: Vec<[usize; 2]>,
    narrow: bool,
    notice: Option<Notice>,
    /// Keys pressed while a tag of the same item was on its way to disk.
    queued: VecDeque<(Command, String, Option<Instant>)>,
    typing: Option<String>,
    retry_at: Option<Instant>,
    panel: PanelJob,
    pub panel_open: bool,
    /// A list lies over the room and takes the keys.
    pub covered: bool,
    asked_for: Option<(u32, u64, u64)>,
    /// What may be shown, and of which deck after how many settled reads that was found.
    seen: (u32, u64),
    visible: Visible,
    conditions: BTreeMap<String, String>,
    /// What is known of the monitor's calibration.
    calibration: Vec<(String, String)>,
    problems: Vec<String>,
    notices: Vec<String>,
}

impl Reading {
    /// Sits down.
    pub(crate) fn start(
        opened: OpenedDesk,
        waker: &Waker,
        settings: &Settings,
        now: Instant,
    ) -> std::io::Result<Self> {
        let OpenedDesk { path, project, room, source, device, notices } = opened;
        let closed = project.read_only().map(|why| format!("{}.", capital(&why.to_string())));
        let films = Films::new(&source, waker, settings.budget());
        let panel = PanelJob::start(Arc::clone(room.material()), Arc::clone(waker));
        let writer = if closed.is_none() {
            let actor = room.reader().name.clone();
            let writer = Writer::start(project, actor, device, Arc::clone(waker))?;
            writer.check();
            Some(writer)
        } else {
            None
        };
        let mut reading = Self {
            path,
            room,
            writer,
            closed,
            films,
            hanging: Hanging::new(settings.clone(), Output::default()),
            shown: None,
            opened_at: now,
            painted_at: None,
            first_generation: None,
            failure: None,
            sizes: Vec::new(),
            narrow: false,
            notice: None,
            queued: VecDeque::new(),
            typing: None,
            retry_at: None,
            panel,
            panel_open: false,
            covered: false,
            asked_for: None,
            seen: (u32::MAX, 0),
            visible: Visible::Sealed,
            conditions: BTreeMap::new(),
            calibration: Vec::new(),
            problems: Vec::new(),
            notices,
        };
        reading.follow_item(now);
        Ok(reading)
    }

    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    pub(crate) fn material(&self) -> &Material {
        self.room.material()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.room.position().is_none()
    }

    pub(crate) fn typing(&self) -> bool {
        self.typing.is_some()
    }

    /// The keys of the item on screen.
    pub(crate) fn keymap(&self) -> Keymap {
        crate::script::keymap(&self.room)
    }

    /// How many films stand where.
    pub(crate) fn layout(&self) -> FilmLayout {
        self.hanging.layout()
    }

    pub(crate) fn has_banner(&self) -> bool {
        self.banner().is_some()
    }

    /// Whether an answer was given that could not be written.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.room.pending().is_some_and(|pending| pending.failure.is_some())
    }

    /// Why a command cannot be carried out now, in words.
    pub(crate) fn refusal(&self, command: Command) -> Result<(), String> {
        if (command.changes_reads() || command == Command::Beside)
            && let Some(why) = &self.closed
        {
            return Err(why.clone());
        }
        self.room.availability(command).map_err(|refusal| refusal.words("").1)
    }

    /// Carries out a command of the reading room.
    pub(crate) fn command(
        &mut self,
        command: Command,
        key: &str,
        repeat: bool,
        focused_at: Option<Instant>,
        now: Instant,
    ) {
        if let Some(done) = self.hanging.command(command, now) {
            self.order_films();
            if !done {
                let refusal = Refusal::Unavailable(nothing_to_do(command));
                self.refuse(refusal, command, key, now);
            }
            return;
        }
        if command == Command::Comment {
            if self.closed.is_none() && self.room.position().is_some() {
                let stored = self.room.state().map_or("", |state| state.comment.as_str());
                self.typing = Some(stored.to_owned());
            }
            return;
        }
        if !command.changes_reads() || self.closed.is_some() {
            return;
        }
        // Space and Enter pass over a film that cannot be shown.
        let skips = command == Command::Lock
            && matches!(self.status(), FilmStatus::Failed | FilmStatus::Missing);
        let command = if skips { Command::Skip } else { command };
        self.room.set_conditions(self.conditions.clone());
        // A hand that tags and answers in one go is faster than a disk: keys wait for the tag.
        if !repeat && self.room.saves_a_mark() && self.queued.len() < MOST_QUEUED {
            self.queued.push_back((command, key.to_owned(), focused_at));
            return;
        }
        let moment = Moment { now, film: self.status(), repeat, focused_at };
        let outcome = self.room.apply(command, &moment);
        self.carry_out(outcome, command, key, now);
    }

    fn carry_out(&mut self, outcome: Outcome, command: Command, key: &str, now: Instant) {
        match outcome {
            Outcome::Write(events) => {
                self.notice = None;
                if let Some(writer) = &self.writer {
                    writer.append(events);
                }
            }
            Outcome::Refused(refusal) => self.refuse(refusal, command, key, now),
            Outcome::Done => self.notice = None,
            Outcome::NotMine => {}
        }
    }

    fn refuse(&mut self, refusal: Refusal, command: Command, key: &str, now: Instant) {
        self.notice = Some(Notice { refusal, key: key.to_owned(), command, at: now });
    }

    /// The room was covered and is seen again: keys wait until the film has been painted anew.
    pub(crate) fn come_back(&mut self) {
        self.painted_at = None;
        self.first_generation = None;
    }

    /// Something a hand did on a film.
    pub(crate) fn mouse(&mut self, action: &UiAction, now: Instant) {
        self.room.pace_mut().input(now);
        if self.hanging.mouse_action(action, now) {
            self.order_films();
        }
    }

    /// Settings, and how P-values become levels of this monitor.
    pub(crate) fn set_display(
        &mut self,
        settings: &Settings,
        output: &Output,
        conditions: Vec<(String, String)>,
    ) {
        self.calibration = conditions;
        self.films.set_budget(settings.budget());
        self.hanging.set_settings(settings.clone());
        if !self.hanging.output().is(output) {
            self.films.set_output(output.clone());
            self.hanging.set_output(output.clone());
        }
    }

    pub(crate) fn comment_text(&mut self, text: String) {
        if let Some(typing) = &mut self.typing {
            *typing = text;
        }
    }

    pub(crate) fn comment_done(&mut self, keep: bool, now: Instant) {
        let Some(text) = self.typing.take() else { return };
        if keep {
            let outcome = self.room.comment(text.trim());
            self.carry_out(outcome, Command::Comment, "/", now);
        }
    }

    /// Sends a change that failed once more.
    pub(crate) fn retry(&mut self) {
        let Some(pending) = self.room.pending().filter(|p| p.failure.is_some()) else { return };
        if let Some(writer) = &self.writer {
            writer.append(pending.events.clone());
        }
        self.retry_at = None;
    }

    /// Copies the project elsewhere.
    pub(crate) fn save_copy(&self, path: PathBuf) {
        if let Some(writer) = &self.writer {
            writer.copy_to(path);
        }
    }

    /// Goes on with the next deck that has unread items. False if there is none.
    pub(crate) fn next_deck(&mut self, now: Instant) -> bool {
        let Some(deck) = self.next_deck_index() else { return false };
        let material = Arc::clone(self.room.material());
        let Some(room) = Room::open(material, self.room.reader().clone(), Some(deck)) else {
            return false;
        };
        self.room = room;
        self.asked_for = None;
        self.follow_item(now);
        true
    }

    fn next_deck_index(&self) -> Option<u32> {
        let reader = self.room.reader();
        let unread = |item: &&overread_core::Item| {
            (item.deck, item.stage()) != (self.room.deck_index(), self.room.stage())
                && !reader.state.item(item.id).is_some_and(overread_core::ItemState::is_locked)
        };
        let later = |item: &&overread_core::Item| self.room.deck_index() < item.deck;
        let items = || reader.worklist.items.iter().filter(unread);
        items().find(later).or_else(|| items().next()).map(|item| item.deck)
    }

    /// Name of a deck on screen.
    pub(crate) fn deck_name(&self, deck: u32) -> String {
        let material = self.material();
        let finding = material
            .sample
            .decks
            .get(deck as usize)
            .and_then(|deck| deck.finding.as_deref())
            .and_then(|id| material.protocol.finding_index(id))
            .and_then(|i| material.protocol.findings.get(i));
        let practice = || material.sample.is_practice(&material.protocol, deck);
        match finding {
            Some(finding) => finding.name.clone(),
            None if practice() => "Practice".to_owned(),
            None => "All findings".to_owned(),
        }
    }

    /// Takes in what threads have finished, and follows the item on screen.
    pub(crate) fn advance(&mut self, frame: &FrameInput) {
        while let Some(written) = self.writer.as_ref().and_then(Writer::poll) {
            self.take_in(written, frame.now);
        }
        if self.retry_at.is_some_and(|at| at <= frame.now) {
            self.retry();
        }
        self.follow_item(frame.now);
        self.open_films();
        self.note_paint(frame);
        self.note_sizes(frame);
        self.note_conditions(frame);
        self.ask_for_panel();
    }

    fn take_in(&mut self, written: Written, now: Instant) {
        match written {
            Written::Saved(events) => {
                self.room.acknowledged(&events, now);
                self.retry_at = None;
                self.remember();
                self.follow_item(now);
                self.go_on_with_queued(&events, now);
            }
            Written::Failed(why) => {
                self.room.write_failed(&why);
                self.queued.clear();
                self.retry_at = Some(now + RETRY);
            }
            Written::Checked(problems, not_kept) => {
                self.problems = problems;
                self.notices.extend(not_kept);
            }
            Written::Copied(Ok(_path)) => {
                self.notices.push("A copy of the project was saved.".to_owned());
            }
            Written::Copied(Err(why)) => self.problems.push(why),
        }
    }

    /// Keys that waited for a tag; never beyond the item they were pressed for.
    fn go_on_with_queued(&mut self, events: &[overread_core::Event], now: Instant) {
        let moved = |event: &overread_core::Event| event.kind.starts_with("read.");
        if events.iter().any(moved) {
            self.queued.clear();
        }
        while self.room.pending().is_none()
            && let Some((command, key, focused_at)) = self.queued.pop_front()
        {
            self.command(command, &key, false, focused_at, now);
        }
    }

    /// Keeps the list of recent projects current, off this thread.
    fn remember(&self) {
        let recent = self.recent();
        let started = std::thread::Builder::new()
            .name("recent".to_owned())
            .spawn(move || crate::recent::remember(recent));
        if let Err(error) = started {
            tracing::warn!(%error, "the list of recent projects was not written");
        }
    }

    /// When another item comes up, nothing of the one before stays.
    fn follow_item(&mut self, now: Instant) {
        let item = self.room.item().map(|item| item.id);
        if item == self.shown {
            return;
        }
        self.shown = item;
        self.queued.clear();
        self.opened_at = now;
        self.painted_at = None;
        self.first_generation = None;
        self.failure = None;
        self.typing = None;
        self.notice = None;
        self.hanging.hang(self.images_at(self.room.position()).len());
        self.order_films();
    }

    fn images_at(&self, position: Option<usize>) -> Vec<ImageId> {
        let blinded = position.and_then(|p| self.room.blinded_at(p));
        blinded.map_or(Vec::new(), |item| item.images.iter().map(|image| image.id).collect())
    }

    /// Says which films are needed: those on screen, other pages of the item, the next items,
    /// the one before.
    fn order_films(&self) {
        let Some(position) = self.room.position() else { return };
        let open =
            |i: &usize| !self.room.state_at(*i).is_some_and(overread_core::ItemState::is_locked);
        let images = self.images_at(Some(position));
        let of = |films: Vec<usize>| films.into_iter().filter_map(|i| images.get(i).copied());
        let next: Vec<usize> = (position + 1..self.room.count()).filter(open).take(AHEAD).collect();
        let page = |p: usize| self.images_at(Some(p)).into_iter().take(GRID);
        let before = position.checked_sub(1);
        let pictures = next.first().map_or(Vec::new(), |p| self.first_pictures(*p));
        self.films.order(Order {
            visible: of(self.hanging.on_page()).collect(),
            ahead: of(self.hanging.off_page())
                .chain(next.into_iter().chain(before).flat_map(page))
                .collect(),
            pictures,
        });
    }

    /// Films of the next item and the sizes they will have, where its views stand as those on
    /// screen do.
    fn first_pictures(&self, next: usize) -> Vec<(ImageId, (u32, u32))> {
        let images = self.images_at(Some(next));
        if images.len() != self.hanging.count()
            || self.hanging.is_alone()
            || self.hanging.focus() != 0
        {
            return Vec::new();
        }
        let narrow = |length: usize| u32::try_from(length).unwrap_or(0);
        let sizes = self.sizes.iter().map(|[w, h]| (narrow(*w), narrow(*h)));
        images.into_iter().zip(sizes).filter(|(_, (w, h))| 0 < *w && 0 < *h).collect()
    }

    fn open_films(&mut self) {
        let images = self.images_at(self.room.position());
        if images.is_empty() && self.room.position().is_some() {
            self.failure =
                Some(Fault { reason: "it has no image.".to_owned(), unreachable: false });
        }
        self.hanging.park_others();
        for film in self.hanging.on_page() {
            let open = self.hanging.viewers().get(film).is_some_and(Viewer::is_open);
            let (false, Some(id)) = (open, images.get(film)) else { continue };
            match self.films.get(*id) {
                Some(Ok(image)) => {
                    let size = self.sizes.get(film).copied().unwrap_or_default();
                    let size = size.map(|length| u32::try_from(length).unwrap_or(0));
                    let ready = self.films.take_picture(*id, (size[0], size[1]));
                    self.hanging.open(film, image, ready);
                }
                Some(Err(why)) => self.failure = Some(why),
                None => {}
            }
        }
    }

    /// Keys answer once the first view has been on screen.
    fn note_paint(&mut self, frame: &FrameInput) {
        if self.sizes != frame.viewports {
            self.sizes.clone_from(&frame.viewports);
            self.order_films();
        }
        for (film, painted) in frame.painted.iter().enumerate() {
            if painted.is_some() {
                self.hanging.note_seen(film);
            }
        }
        self.narrow = frame.window[0] < 1600.0 && frame.window[1] < frame.window[0];
        if self.painted_at.is_some() {
            return;
        }
        let (Some(first), Some(Some(painted))) = (self.first_generation, frame.painted.first())
        else {
            return;
        };
        if first <= painted.generation {
            self.painted_at = Some(painted.at);
            let since_start = painted.at.saturating_duration_since(crate::shell::started());
            let since_item = painted.at.saturating_duration_since(self.opened_at);
            tracing::info!(
                since_start_ms = since_start.as_millis(),
                since_item_ms = since_item.as_millis(),
                "film on screen"
            );
            self.room.pace_mut().restart(painted.at);
        }
    }

    /// Whether each film has been on screen at one image pixel on one screen pixel.
    fn note_sizes(&mut self, frame: &FrameInput) {
        let painted = frame.painted.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let viewers = self.hanging.viewers().iter();
        let full_size: Vec<bool> = viewers
            .zip(painted)
            .map(|(viewer, painted)| {
                let on_screen = painted.map(|painted| painted.generation);
                on_screen.is_some() && on_screen == viewer.generation() && viewer.is_full_size()
            })
            .collect();
        if self.painted_at.is_some() {
            self.room.note_sizes(&full_size);
        }
    }

    fn note_conditions(&mut self, frame: &FrameInput) {
        let mut set = |name: &str, value: String| {
            self.conditions.insert(name.to_owned(), value);
        };
        if let Some([width, height]) = frame.monitor {
            set("monitor_pixels", format!("{width}x{height}"));
        }
        set("pixels_per_point", format!("{:.2}", frame.pixels_per_point));
        set("rendering", "cpu".to_owned());
        for (name, value) in &self.calibration {
            self.conditions.insert(name.clone(), value.clone());
        }
    }

    fn status(&self) -> FilmStatus {
        match (&self.failure, self.painted_at) {
            (Some(fault), _) if fault.unreachable => FilmStatus::Missing,
            (Some(_), _) => FilmStatus::Failed,
            (None, Some(at)) => FilmStatus::Painted(at),
            (None, None) => FilmStatus::Waiting,
        }
    }

    /// Finds anew what may be shown, where a read has settled since.
    fn look_at_release(&mut self) {
        let deck = self.room.deck_index();
        let settled = self.room.progress().settled;
        if self.seen == (deck, settled) {
            return;
        }
        self.seen = (deck, settled);
        self.visible = match self.room.deck() {
            Some(_) if self.material().packet => Visible::Sealed,
            Some(row) => release::visible(&self.material().protocol, row, deck, self.room.reader()),
            None => Visible::Sealed,
        };
    }

    /// A new panel after every settled or locked read, and a release when it is seen.
    fn ask_for_panel(&mut self) {
        self.look_at_release();
        let deck = self.room.deck_index();
        let progress = self.room.progress().clone();
        let wanted = (deck, progress.settled, progress.locked);
        if self.asked_for == Some(wanted) || !(self.panel_open || self.is_done()) {
            return;
        }
        if self.room.pending().is_some() {
            // A release is noted before its figures are seen.
            return;
        }
        let noted = self.room.reader().state.released(deck);
        let release = self.room.deck().and_then(|row| {
            Some((row.id, release::to_note(&self.visible, row, &progress, noted)?))
        });
        let practice = self.material().sample.is_practice(&self.material().protocol, deck);
        if let Some((id, reads)) = release.filter(|_| self.closed.is_none() && !practice) {
            let outcome = self.room.release(id, reads);
            self.carry_out(outcome, Command::Panel, "F8", Instant::now());
        }
        self.asked_for = Some(wanted);
        self.panel.request(self.room.reader().clone(), deck, self.visible.clone());
    }

    /// What closing must write.
    pub(crate) fn close(mut self) {
        let ending: Option<EventBody> = self.room.ending();
        if let Some(writer) = self.writer.take() {
            writer.close(ending);
        }
    }

    fn films_view(&mut self, now: Instant) -> Vec<FilmView> {
        let Some(item) = self.room.blinded() else { return Vec::new() };
        let elapsed = now.saturating_duration_since(self.opened_at).as_secs_f64();
        let of = self.hanging.count();
        let mut films = Vec::new();
        for i in 0..of {
            let caption = Caption {
                view: item.images.get(i).and_then(|image| image.view.as_deref()),
                number: i + 1,
                of,
                study: item.study_number,
                loading_for: Some(elapsed),
                narrow: self.narrow,
                boxes: crate::later_view::boxes(
                    &self.room,
                    item.images.get(i).map(|image| image.id),
                ),
            };
            let size = self.sizes.get(i).copied().unwrap_or([0, 0]);
            let open = self.hanging.viewers().get(i).is_some_and(Viewer::is_open);
            let film = match &self.failure {
                Some(why) if !open => failed(&caption, why),
                _ if size == [0, 0] => blank(&caption),
                _ => self.hanging.film(i, size, &caption),
            };
            films.push(film);
        }
        if self.first_generation.is_none() {
            self.first_generation = self.hanging.viewers().first().and_then(Viewer::generation);
        }
        films
    }

    /// The reading screen; `None` when the deck is done.
    pub(crate) fn view(&mut self, frame: &FrameInput) -> Option<ReadView> {
        let films = self.films_view(frame.now);
        let keymap = self.keymap();
        let banner = self.banner();
        let panel = self.panel_open.then(|| {
            let computed = self.panel.latest();
            panel::panel_view(computed.as_ref(), &self.panel_frame())
        });
        let scene = Scene {
            keymap: &keymap,
            now: frame.now,
            film: self.status(),
            notice: self.notice.as_ref(),
            typing: self.typing.as_deref(),
            closed: self.closed.as_deref(),
            covered: self.covered,
        };
        let mut view = read_view(&self.room, &scene, films, self.hanging.focus(), banner, panel)?;
        view.mouse = self.hanging.mouse();
        if let Some(findings) = &mut view.findings {
            findings.study = self.hanging.seen_words(&findings.study);
        }
        Some(view)
    }

    fn panel_frame(&self) -> panel::Frame<'_> {
        let deck = self.room.deck();
        let block = match self.material().protocol.release {
            overread_core::protocol::Release::Blocks(k) => u64::from(k),
            _ => 10,
        };
        panel::Frame {
            material: self.room.material(),
            finding: deck.and_then(|deck| deck.finding.as_deref()),
            deck: self.room.deck_index(),
            visible: &self.visible,
            label_known: deck.is_some_and(overread_core::Deck::label_known),
            progress: self.room.progress().clone(),
            decided: panel::Decided::of(&self.room),
            block,
        }
    }

    fn banner(&self) -> Option<BannerView> {
        let button = |id: &str, text: &str, kind| ButtonView {
            id: id.to_owned(),
            text: text.to_owned(),
            key: None,
            kind,
            refused: None,
        };
        if let Some(pending) = self.room.pending()
            && let Some(why) = &pending.failure
        {
            return Some(BannerView {
                mark: Mark::Alarm,
                title: "Your answer is not on disk yet. It is kept here.".to_owned(),
                text: format!("{} Saving is tried every 5 s.", without_path(why, &self.path)),
                buttons: vec![
                    button("write.retry", "Try now", ButtonKind::Primary),
                    button("write.copy", "Save a copy elsewhere…", ButtonKind::Secondary),
                ],
            });
        }
        if self.problems.is_empty() {
            return self.notice_banner();
        }
        let problem = self.problems.first()?;
        Some(BannerView {
            mark: Mark::Alarm,
            title: "The project file is damaged.".to_owned(),
            text: format!(
                "{} Stop reading and run `overread verify`.",
                without_path(problem, &self.path)
            ),
            buttons: vec![button("write.copy", "Save a copy elsewhere…", ButtonKind::Primary)],
        })
    }

    /// How the project opened, where that needs words.
    fn notice_banner(&self) -> Option<BannerView> {
        if let Some(why) = &self.closed {
            return Some(BannerView {
                mark: Mark::Lock,
                title: "Read-only: nothing is stored.".to_owned(),
                text: without_path(why, &self.path),
                buttons: Vec::new(),
            });
        }
        let notice = self.notices.last()?;
        Some(BannerView {
            mark: Mark::Warning,
            title: "About this project".to_owned(),
            text: without_path(notice, &self.path),
            buttons: vec![ButtonView {
                id: "notice.close".to_owned(),
                text: "Close".to_owned(),
                key: None,
                kind: ButtonKind::Secondary,
                refused: None,
            }],
        })
    }

    /// When the screen changes by itself.
    pub(crate) fn repaint_after(&self, now: Instant) -> Option<Duration> {
        let left = |from: Instant, span: Duration| (from + span).checked_duration_since(now);
        let echo = self.room.echo().and_then(|echo| left(echo.at, ECHO));
        let notice = self.notice.as_ref().and_then(|notice| left(notice.at, NOTICE));
        let retry = self.retry_at.and_then(|at| at.checked_duration_since(now));
        let loading = (self.status() == FilmStatus::Waiting && self.room.position().is_some())
            .then_some(Duration::from_millis(100));
        [echo, notice, retry, loading].into_iter().flatten().min()
    }

    /// The bottom line: project, deck, blinding | calibration, reader, saved.
    pub(crate) fn status_items(
        &self,
        calibration: StatusItem,
    ) -> (Vec<StatusItem>, Vec<StatusItem>) {
        let item = |mark, text: String, short: Option<&str>, tone, keep| StatusItem {
            mark,
            text,
            short: short.map(str::to_owned),
            tone,
            keep,
        };
        let deck = self.deck_name(self.room.deck_index());
        let known = self.room.deck().is_some_and(overread_core::Deck::label_known);
        let blinding = if self.closed.is_some() {
            item(Some(Mark::Lock), "Read-only".to_owned(), None, Tone::Strong, StatusKeep::Tight)
        } else if known {
            item(
                Some(Mark::Lock),
                "Label known (deck without controls)".to_owned(),
                Some("Label known"),
                Tone::Quiet,
                StatusKeep::Tight,
            )
        } else {
            item(Some(Mark::Lock), "Blinded read".to_owned(), None, Tone::Quiet, StatusKeep::Tight)
        };
        let left = vec![
            item(
                None,
                self.material().protocol.title.clone(),
                None,
                Tone::Body,
                StatusKeep::Compact,
            ),
            item(None, format!("{deck} deck"), Some(&deck), Tone::Quiet, StatusKeep::Tight),
            blinding,
        ];
        let saved = match self.room.pending() {
            Some(pending) if pending.failure.is_some() => item(
                Some(Mark::Alarm),
                "1 answer not saved".to_owned(),
                Some("Not saved"),
                Tone::Strong,
                StatusKeep::Least,
            ),
            _ if self.closed.is_some() => item(
                Some(Mark::Lock),
                "Nothing is stored".to_owned(),
                None,
                Tone::Quiet,
                StatusKeep::Least,
            ),
            _ => item(
                Some(Mark::Check),
                "All answers saved".to_owned(),
                Some("Saved"),
                Tone::Quiet,
                StatusKeep::Least,
            ),
        };
        let right = vec![
            calibration,
            item(
                None,
                format!("Reader {}", self.room.reader().name),
                None,
                Tone::Quiet,
                StatusKeep::Compact,
            ),
            saved,
        ];
        (left, right)
    }

    /// The person has read the notice.
    pub(crate) fn close_notice(&mut self) {
        self.notices.pop();
    }

    /// What the list of recent projects keeps.
    pub(crate) fn recent(&self) -> crate::recent::Recent {
        crate::recent::Recent {
            path: self.path.clone(),
            name: self.material().protocol.title.clone(),
            detail: self.place_words(),
            reader: self.room.reader().name.clone(),
            done: self.room.locked(),
            total: self.room.count(),
            when: crate::shell::minute(),
        }
    }

    /// The deck, and how far all decks of the reader have come where there are several.
    fn place_words(&self) -> String {
        let deck = format!("{} deck", self.deck_name(self.room.deck_index()));
        match self.room.stage() {
            Stage::Reading => {}
            Stage::Adjudicating => return format!("{deck}, adjudication"),
            Stage::Reviewing => return format!("{deck}, second look"),
        }
        let (progress, decks) = self.room.progress_of_all();
        if decks < 2 {
            return format!("{deck}, {}", self.material().protocol.design.word());
        }
        format!("{deck}, one of {decks}: {} of {} read in all", progress.locked, progress.items)
    }

    /// Words for the answer of a level, for the accessible echo.
    pub(crate) fn command_of_answer(&self, index: usize) -> Option<Command> {
        let level = Level(u8::try_from(index).ok()?);
        (level <= self.material().protocol.top_level()).then_some(Command::Answer(level))
    }

    /// What a row beneath the answers does: its tag, or, behind the last of them, the list of further findings.
    pub(crate) fn command_of_tag(&self, index: usize) -> Option<Command> {
        let tags = self.room.blinded()?.tags.len();
        if index < tags {
            u8::try_from(index).ok().map(Command::Tag)
        } else {
            Some(Command::Beside)
        }
    }

    pub(crate) fn command_of_no_answer(index: usize) -> Option<Command> {
        [NoAnswer::Unsure, NoAnswer::Inadequate].get(index).map(|reason| Command::NoAnswer(*reason))
    }
}

/// Why a command about films did nothing.
fn nothing_to_do(command: Command) -> &'static str {
    match command {
        Command::UndoView | Command::RedoView => "There is no such step in the view history.",
        Command::NextPage | Command::PreviousPage => "There is no such page of views.",
        Command::DeleteMark | Command::DeleteMarks => "There is no measurement on this film.",
        Command::EqualViews => "Only three views stand large and small.",
        Command::OneView | Command::LinkViews | Command::LinkWindows => {
            "This study has only one view."
        }
        Command::FileInversion => "The file asks for no inversion.",
        _ => "This film has no such view.",
    }
}

/// Store errors name the file; a reader's screen never does.
fn without_path(text: &str, path: &std::path::Path) -> String {
    let mut text = text.replace(&path.display().to_string(), "the project");
    if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
        text = text.replace(name, "the project");
    }
    capital(&text)
}
