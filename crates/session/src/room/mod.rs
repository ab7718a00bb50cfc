//! One reader at one deck: what a command does, what it must write, what is refused and why.
//!
//! The room does no I/O and reads no clock. [`Room::apply`] answers with the events that must be on
//! disk; whoever owns the project file writes them and calls [`Room::acknowledged`]. Nothing is
//! shown as saved, and the next item does not come, before that.

mod history;
mod pace;
mod refusal;
mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use overread_core::event::{FindingAnswer, MOST_COMMENT, Via};
use overread_core::protocol::Back;
use overread_core::{
    Answer, BlindedItem, Dataset, Deck, Event, EventBody, Item, ItemState, Level, Phase, Protocol,
    ReaderRecord, ReviewOutcome, Sample, Stage,
};

use crate::command::Command;
use crate::release::Progress;
use history::{Edit, History};
pub use pace::Pace;
pub use refusal::Refusal;
use tally::Tally;

/// How long the answer just given is echoed.
pub const ECHO: Duration = Duration::from_millis(400);
/// Keys pressed this soon after the window came to the front are not meant for it.
pub const FOCUS_DWELL: Duration = Duration::from_millis(200);

/// What every reader of a project shares.
#[derive(Debug)]
pub struct Material {
    /// The dataset, with its labels: never shown in the reading room.
    pub dataset: Dataset,
    /// The protocol.
    pub protocol: Protocol,
    /// What was drawn.
    pub sample: Sample,
    /// The number by which each drawn study is named on screen, at its first and second reading.
    pub study_numbers: std::collections::HashMap<(overread_core::StudyId, u32), u32>,
    /// Whether this is a reader's packet, which holds no labels.
    pub packet: bool,
    /// For an adjudicator: how many locked reads have each level. Empty for everyone else.
    pub tallies: crate::later_view::Tallies,
    /// Boxes that the dataset draws, on images that are looked at again with their label.
    pub(crate) boxes: crate::later_view::Boxes,
}

/// Whether the film of the item on screen can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilmStatus {
    /// Not painted yet.
    Waiting,
    /// Painted since then.
    Painted(Instant),
    /// It cannot be decoded.
    Failed,
    /// Its file cannot be reached: skipped for now, or inadequate where it is gone for good.
    Missing,
}

/// The circumstances of a command.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now: Instant,
    /// The film on screen.
    pub film: FilmStatus,
    /// A held key repeats itself.
    pub repeat: bool,
    /// When the window last came to the front.
    pub focused_at: Option<Instant>,
}

impl Moment {
    /// The film has long been seen and nothing stands in the way: what a script has.
    pub fn ready(now: Instant, dwell: Duration) -> Self {
        let seen = now.checked_sub(dwell).unwrap_or(now);
        Self { now, film: FilmStatus::Painted(seen), repeat: false, focused_at: None }
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These events must be written, then acknowledged.
    Write(Vec<EventBody>),
    /// Done; nothing to write.
    Done,
    /// Not done.
    Refused(Refusal),
    /// Not the room's business.
    NotMine,
}

/// The answer just locked, for the echo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// 1-based number of the item in its deck.
    pub number: usize,
    /// What was answered.
    pub answers: Vec<FindingAnswer>,
    /// When it was acknowledged.
    pub at: Instant,
}

/// A change that is not on disk yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The events to write.
    pub events: Vec<EventBody>,
    /// Why the last try failed.
    pub failure: Option<String>,
}

/// One reader at one deck.
#[derive(Debug)]
pub struct Room {
    material: Arc<Material>,
    reader: ReaderRecord,
    deck: u32,
    stage: Stage,
    /// Worklist indices of the deck's items of this stage, in reading order.
    places: Vec<usize>,
    tally: Tally,
    /// Place of the item on screen among those; `None` when the deck is done.
    cursor: Option<usize>,
    draft: BTreeMap<usize, Answer>,
    focus: usize,
    history: History,
    pending: Option<Pending>,
    echo: Option<Echo>,
    last_locked: Option<usize>,
    pace: Pace,
    conditions: BTreeMap<String, String>,
    /// Which films of an item have stood at full size.
    seen: Option<(overread_core::ItemId, Vec<bool>)>,
}

impl Room {
    /// Opens a deck of a reader's worklist: the given one, or the first with something to read.
    ///
    /// `None` when the reader has no items, or the deck does not exist.
    pub fn open(material: Arc<Material>, reader: ReaderRecord, deck: Option<u32>) -> Option<Self> {
        let unread = |item: &&Item| !reader.state.item(item.id).is_some_and(ItemState::is_locked);
        let items = &reader.worklist.items;
        let asked = |item: &&Item| deck.is_none_or(|deck| item.deck == deck);
        let first = items.iter().filter(asked).find(unread);
        let first = first.or_else(|| items.iter().rfind(asked))?;
        let (deck, stage) = (first.deck, first.stage());
        let places: Vec<usize> = (0..items.len())
            .filter(|&i| items.get(i).is_some_and(|i| i.deck == deck && i.stage() == stage))
            .collect();
        let tally = Tally::new(&reader, deck, &places);
        let mut room = Self {
            material,
            reader,
            deck,
            stage,
            places,
            tally,
            cursor: None,
            draft: BTreeMap::new(),
            focus: 0,
            history: History::default(),
            pending: None,
            echo: None,
            last_locked: None,
            pace: Pace::default(),
            conditions: BTreeMap::new(),
            seen: None,
        };
        room.cursor = room.next_open(0);
        room.last_locked = room.latest_lock();
        Some(room)
    }

    /// Rebuilds what can be taken back from the reader's own events, oldest first.
    pub fn rebuild_history(&mut self, events: &[EventBody]) {
        self.history = History::rebuild(events);
    }

    /// Sets the reading conditions that the next sitting starts with.
    pub fn set_conditions(&mut self, conditions: BTreeMap<String, String>) {
        self.conditions = conditions;
    }

    /// Notes which films of the item on screen stand there at one image pixel on one screen pixel, or larger.
    pub fn note_sizes(&mut self, full_size: &[bool]) {
        let Some(item) = self.item().map(|item| item.id) else { return };
        match &mut self.seen {
            Some((noted, films)) if *noted == item && films.len() == full_size.len() => {
                for (film, now) in films.iter_mut().zip(full_size) {
                    *film |= *now;
                }
            }
            _ => self.seen = Some((item, full_size.to_vec())),
        }
    }

    /// What is stored of it with a lock.
    fn seen_event(&self, locked: &EventBody) -> Option<EventBody> {
        let EventBody::ReadLocked { item, .. } = locked else { return None };
        let (_, films) = self.seen.as_ref().filter(|(noted, _)| noted == item)?;
        let full_size = films.iter().filter(|film| **film).count() as u64;
        Some(EventBody::FilmSeen { item: *item, films: films.len() as u64, full_size })
    }

    /// What every reader shares.
    pub fn material(&self) -> &Arc<Material> {
        &self.material
    }

    /// The reader, with the reads acknowledged so far.
    pub fn reader(&self) -> &ReaderRecord {
        &self.reader
    }

    /// Index of the deck.
    pub fn deck_index(&self) -> u32 {
        self.deck
    }

    /// Which part of the work on the deck this is.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The deck.
    pub fn deck(&self) -> Option<&Deck> {
        self.material.sample.decks.get(self.deck as usize)
    }

    /// The deck's items in reading order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.places.iter().filter_map(|&place| self.reader.worklist.items.get(place))
    }

    /// How many items the deck has.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The item at a 0-based place in the deck.
    pub fn item_at(&self, position: usize) -> Option<&Item> {
        self.places.get(position).and_then(|&place| self.reader.worklist.items.get(place))
    }

    /// 0-based place of the item on screen in its deck; `None` when the deck is done.
    pub fn position(&self) -> Option<usize> {
        self.cursor
    }

    /// The item on screen.
    pub fn item(&self) -> Option<&Item> {
        self.item_at(self.cursor?)
    }

    /// What the reader may see of the item on screen.
    pub fn blinded(&self) -> Option<BlindedItem> {
        self.blinded_at(self.position()?)
    }

    /// What the reader may see of the item at a 0-based place in the deck.
    pub fn blinded_at(&self, position: usize) -> Option<BlindedItem> {
        let item = self.item_at(position)?;
        let m = &self.material;
        let number = m.study_numbers.get(&(item.study, item.pass)).copied().unwrap_or_default();
        BlindedItem::new(&m.dataset, &m.protocol, &m.sample, number, item)
    }

    /// State of the item at a 0-based place in the deck; `None` if nothing has happened to it.
    pub fn state_at(&self, position: usize) -> Option<&ItemState> {
        self.item_at(position).and_then(|item| self.reader.state.item(item.id))
    }

    /// State of the item on screen.
    pub fn state(&self) -> Option<&ItemState> {
        self.state_at(self.position()?)
    }

    /// Number of locked items of the deck.
    pub fn locked(&self) -> usize {
        usize::try_from(self.tally.locked).unwrap_or(usize::MAX)
    }

    /// 0-based places of the flagged items of the deck.
    pub fn flagged(&self) -> impl Iterator<Item = usize> {
        self.tally.flagged.iter().copied()
    }

    /// How far the deck has come, as far as a release depends on it.
    pub fn progress(&self) -> &Progress {
        &self.tally.deck
    }

    /// How far all decks of the reader have come, and how many there are.
    pub fn progress_of_all(&self) -> (&Progress, usize) {
        (&self.tally.all, self.tally.decks)
    }

    /// Answers given and not locked, by index of the finding.
    pub fn draft(&self) -> &BTreeMap<usize, Answer> {
        &self.draft
    }

    /// Index of the finding that digits set.
    pub fn focused_finding(&self) -> usize {
        self.focus
    }

    /// The change that is not on disk yet.
    pub fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Whether only a tag, flag or comment is on its way to disk: the item on screen stays.
    pub fn saves_a_mark(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| {
            pending.failure.is_none()
                && pending.events.iter().all(|event| {
                    matches!(
                        event,
                        EventBody::TagSet { .. }
                            | EventBody::AlsoSet { .. }
                            | EventBody::FlagSet { .. }
                            | EventBody::CommentSet { .. }
                            | EventBody::SittingBegan { .. }
                    )
                })
        })
    }

    /// The answer locked last in this sitting.
    pub fn echo(&self) -> Option<&Echo> {
        self.echo.as_ref()
    }

    /// Measures active time.
    pub fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }

    /// Whether a command would do something now, and if not, why not.
    pub fn availability(&self, command: Command) -> Result<(), Refusal> {
        use Refusal::Unavailable;
        let asked = self.blinded().map_or(0, |item| item.asked.len());
        let here = self.cursor.is_some();
        match command {
            Command::Answer(level)
                if self.stage != Stage::Reviewing && self.material.protocol.top_level() < level =>
            {
                Err(Unavailable("The scale has no such level."))
            }
            Command::Answer(_) | Command::NoAnswer(_) | Command::Flag | Command::Comment
                if !here =>
            {
                Err(Unavailable("The deck is finished."))
            }
            Command::NoAnswer(_) | Command::Normal | Command::Finding(_)
                if self.stage == Stage::Reviewing =>
            {
                Err(Unavailable("Here only: label right, mine stands, cannot tell."))
            }
            Command::Beside | Command::AlsoPresent(_) => self.beside_refusal().map_or(Ok(()), Err),
            Command::Normal if asked < 2 => Err(Unavailable("Only where every finding is asked.")),
            Command::Normal if self.draft.values().any(|a| *a != Answer::Level(Level::ABSENT)) => {
                Err(Unavailable("Not while a finding is set."))
            }
            Command::Lock
                if asked < 2 && self.draft.is_empty() && self.standing_answers().is_none() =>
            {
                Err(Unavailable("Answer first."))
            }
            Command::Back => self.back_target().map(drop),
            Command::Undo => self.undo_refusal().map_or(Ok(()), Err),
            Command::Redo if !self.history.can_redo() => Err(Unavailable("Nothing to redo.")),
            _ => Ok(()),
        }
    }

    /// Carries out a command, or says why not.
    pub fn apply(&mut self, command: Command, moment: &Moment) -> Outcome {
        if !command.changes_reads() {
            return Outcome::NotMine;
        }
        self.pace.input(moment.now);
        if let Err(refusal) = self.timing(command, moment).and_then(|()| self.availability(command))
        {
            return Outcome::Refused(refusal);
        }
        match command {
            Command::Answer(level) if self.stage == Stage::Reviewing => self.decide(level),
            Command::Answer(level) => self.answer(Answer::Level(level)),
            Command::NoAnswer(reason) => self.no_answer(Answer::NoAnswer(reason)),
            Command::Normal => self.lock_with(self.answers_or_absent()),
            Command::Lock => {
                let standing = self.standing_answers().filter(|_| self.draft.is_empty());
                self.lock_with(standing.unwrap_or_else(|| self.answers_or_absent()))
            }
            Command::Skip => self.skip(),
            Command::Back => self.back(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Tag(index) => self.toggle_tag(usize::from(index)),
            Command::Finding(index) => self.step_finding(usize::from(index)),
            Command::AlsoPresent(index) => self.toggle_beside(usize::from(index)),
            Command::Flag => self.flag(),
            _ => Outcome::NotMine,
        }
    }

    /// Stores a comment on the item on screen.
    pub fn comment(&mut self, text: &str) -> Outcome {
        let (Some(item), None) = (self.item().map(|i| i.id), &self.pending) else {
            return Outcome::Refused(Refusal::Saving);
        };
        // No merge would take in either: the second ends a text for other programs.
        if MOST_COMMENT < text.chars().count() {
            return Outcome::Refused(Refusal::Unavailable(
                "A comment has at most 20,000 characters.",
            ));
        }
        let text = text.replace('\0', "");
        if self.state().map_or("", |state| state.comment.as_str()) == text {
            return Outcome::Done;
        }
        self.write(EventBody::CommentSet { item, text })
    }

    /// Notes that label-dependent figures of a deck are about to be shown.
    pub fn release(&mut self, deck: overread_core::DeckId, reads: u64) -> Outcome {
        if self.pending.is_some() {
            return Outcome::Refused(Refusal::Saving);
        }
        self.write(EventBody::FiguresReleased { deck, reads })
    }

    /// Takes in events that are on disk now.
    pub fn acknowledged(&mut self, events: &[Event], now: Instant) {
        self.pending = None;
        for event in events {
            let Ok(body) = event.decode() else { continue };
            self.apply_one(event, &body);
            self.history.record(&body);
            match &body {
                EventBody::ReadLocked { item, answers, .. } => {
                    self.after_lock(*item, answers, now);
                }
                EventBody::ReviewDecided { item, .. } => self.after_lock(*item, &[], now),
                EventBody::ReadReopened { item, .. } => self.show(*item, now),
                EventBody::ReadSkipped { item, .. } => self.after_skip(*item, now),
                _ => {}
            }
        }
    }

    fn apply_one(&mut self, event: &Event, body: &EventBody) {
        let state = &mut self.reader.state;
        // Nothing else changes but the item that settles by it.
        let (item, other) = (body.item(), state.unsettled().filter(|id| body.item() != Some(*id)));
        for id in [item, other] {
            self.tally.note(id, state, false);
        }
        state.apply(&event.at, body);
        for id in [item, other] {
            self.tally.note(id, state, true);
        }
    }

    /// Keeps a change that could not be written; it is tried again with [`Room::pending`]'s events.
    pub fn write_failed(&mut self, reason: &str) {
        if let Some(pending) = &mut self.pending {
            pending.failure = Some(reason.to_owned());
        }
    }

    /// What closing the window must write.
    pub fn ending(&self) -> Option<EventBody> {
        self.reader.state.in_sitting().then_some(EventBody::SittingEnded {})
    }

    fn timing(&self, command: Command, moment: &Moment) -> Result<(), Refusal> {
        if self.pending.is_some() {
            return Err(Refusal::Saving);
        }
        if moment.repeat {
            return Err(Refusal::Repeat);
        }
        if let Some(at) = moment.focused_at
            && moment.now.saturating_duration_since(at) < FOCUS_DWELL
        {
            return Err(Refusal::JustFocused);
        }
        if matches!(command, Command::Back | Command::Undo | Command::Redo) {
            return Ok(());
        }
        let inadequate = Command::NoAnswer(overread_core::NoAnswer::Inadequate);
        match moment.film {
            _ if self.cursor.is_none() => Ok(()),
            FilmStatus::Failed | FilmStatus::Missing
                if command == inadequate || command == Command::Skip =>
            {
                Ok(())
            }
            FilmStatus::Failed => Err(Refusal::Undecodable),
            FilmStatus::Missing => Err(Refusal::Missing),
            FilmStatus::Waiting => Err(Refusal::NotPainted),
            FilmStatus::Painted(_) if command == Command::Skip => {
                Err(Refusal::Unavailable("Only a film that cannot be shown is skipped."))
            }
            FilmStatus::Painted(at) => {
                let shown = moment.now.saturating_duration_since(at);
                let dwell = Duration::from_millis(self.material.protocol.reading.dwell_ms.into());
                if shown < dwell { Err(Refusal::TooEarly(shown)) } else { Ok(()) }
            }
        }
    }

    fn asked(&self) -> Vec<String> {
        self.blinded().map_or(Vec::new(), |item| item.asked.into_iter().map(|f| f.id).collect())
    }

    /// The answers of a reopened item, which stand until they are replaced.
    fn standing_answers(&self) -> Option<Vec<FindingAnswer>> {
        self.state().and_then(ItemState::current).map(|lock| lock.answers.clone())
    }

    /// Draft answers in the order asked; what was never touched is absent.
    fn answers_or_absent(&self) -> Vec<FindingAnswer> {
        let answer = |i: usize| self.draft.get(&i).copied().unwrap_or(Answer::Level(Level::ABSENT));
        let asked = self.asked().into_iter().enumerate();
        asked.map(|(i, finding)| FindingAnswer { finding, answer: answer(i) }).collect()
    }

    fn answer(&mut self, answer: Answer) -> Outcome {
        self.draft.insert(self.focus, answer);
        if self.asked().len() < 2 && self.material.protocol.reading.auto_advance {
            return self.lock_with(self.answers_or_absent());
        }
        Outcome::Done
    }

    /// A second look ends in one of three outcomes, which stand on the keys of the levels.
    fn decide(&mut self, level: Level) -> Outcome {
        let outcome = ReviewOutcome::ALL.get(usize::from(level.0)).copied();
        let (Some(item), Some(outcome)) = (self.item().map(|i| i.id), outcome) else {
            return Outcome::Refused(Refusal::Unavailable("There is no such outcome."));
        };
        self.write(EventBody::ReviewDecided { item, outcome, via: Via::Key })
    }

    /// Unsure and inadequate are about the whole study.
    fn no_answer(&mut self, answer: Answer) -> Outcome {
        let asked = self.asked();
        if asked.len() < 2 {
            return self.answer(answer);
        }
        self.lock_with(asked.into_iter().map(|finding| FindingAnswer { finding, answer }).collect())
    }

    fn lock_with(&mut self, answers: Vec<FindingAnswer>) -> Outcome {
        let Some((item, phase)) = self.item().map(|i| (i.id, i.phase)) else {
            return Outcome::Done;
        };
        self.write(EventBody::ReadLocked {
            item,
            answers,
            phase,
            active_ms: self.pace.active_ms(),
            protocol_version: self.material.protocol.version,
            via: Via::Key,
            last: self.reader.state.ends_with(item),
        })
    }

    fn skip(&mut self) -> Outcome {
        let Some(item) = self.item().map(|i| i.id) else { return Outcome::Done };
        self.write(EventBody::ReadSkipped { item, reason: "film cannot be shown".to_owned() })
    }

    fn toggle_tag(&mut self, index: usize) -> Outcome {
        let Some(blinded) = self.blinded() else { return Outcome::Done };
        let Some(tag) = blinded.tags.get(index) else {
            return Outcome::Refused(Refusal::Unavailable("There is no such tag here."));
        };
        let on = !self.state().is_some_and(|state| state.tags.contains(&tag.id));
        self.write(EventBody::TagSet { item: blinded.item, tag: tag.id.clone(), on, via: Via::Key })
    }

    /// Why no further finding can be marked here.
    fn beside_refusal(&self) -> Option<Refusal> {
        let offered = self.blinded().is_some_and(|item| !item.beside.is_empty());
        match (self.cursor, self.stage) {
            (None, _) => Some(Refusal::Unavailable("The deck is finished.")),
            (_, Stage::Adjudicating | Stage::Reviewing) => {
                Some(Refusal::Unavailable("Only while a deck is read."))
            }
            _ => (!offered).then_some(Refusal::Unavailable("Every finding is asked here.")),
        }
    }

    fn toggle_beside(&mut self, index: usize) -> Outcome {
        let Some(blinded) = self.blinded() else { return Outcome::Done };
        let Some(finding) = blinded.beside.get(index) else {
            return Outcome::Refused(Refusal::Unavailable("There is no such finding here."));
        };
        let on = !self.state().is_some_and(|state| state.also.contains(&finding.id));
        self.write(EventBody::AlsoSet { item: blinded.item, finding: finding.id.clone(), on })
    }

    fn flag(&mut self) -> Outcome {
        let Some(item) = self.item().map(|i| i.id) else { return Outcome::Done };
        let on = !self.state().is_some_and(|state| state.flagged);
        self.write(EventBody::FlagSet { item, on })
    }

    fn step_finding(&mut self, index: usize) -> Outcome {
        let top = self.material.protocol.top_level();
        if self.focus == index || self.draft.contains_key(&index) {
            let next = match self.draft.get(&index) {
                Some(Answer::Level(level)) if *level < top => Level(level.0 + 1),
                Some(Answer::Level(_)) => Level::ABSENT,
                _ => Level(1),
            };
            self.draft.insert(index, Answer::Level(next));
        } else {
            self.draft.insert(index, Answer::Level(Level(1)));
        }
        self.focus = index;
        Outcome::Done
    }

    fn back_target(&self) -> Result<usize, Refusal> {
        let from = self.cursor.unwrap_or(self.places.len());
        match self.material.protocol.reading.back {
            Back::Never => Err(Refusal::Unavailable("The protocol does not allow going back.")),
            Back::Last => self
                .last_locked
                .filter(|&i| self.is_locked(i))
                .ok_or(Refusal::Unavailable("Only the item locked last can be opened again.")),
            Back::Any => (0..from)
                .rev()
                .find(|&i| self.is_locked(i))
                .ok_or(Refusal::Unavailable("No item before this one is locked.")),
        }
    }

    fn back(&mut self) -> Outcome {
        match self.back_target() {
            Ok(index) => self.reopen(index, Via::Back),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn reopen(&mut self, index: usize, via: Via) -> Outcome {
        let Some(item) = self.item_at(index).map(|i| i.id) else { return Outcome::Done };
        self.write(EventBody::ReadReopened { item, via })
    }

    /// Why the last change cannot be taken back.
    fn undo_refusal(&self) -> Option<Refusal> {
        let Some(edit) = self.history.last() else {
            return Some(Refusal::Unavailable("Nothing to undo."));
        };
        let Some(index) = self.index_of(edit.item()) else {
            return Some(Refusal::Unavailable("The last change was in another deck."));
        };
        if matches!(edit, Edit::Tag { .. } | Edit::Also { .. }) {
            return (self.cursor != Some(index)).then_some(Refusal::Unavailable(
                "The last change was on an item that is not open.",
            ));
        }
        match self.material.protocol.reading.back {
            Back::Never => Some(Refusal::Unavailable("The protocol does not allow going back.")),
            Back::Last if self.last_locked != Some(index) || !self.is_locked(index) => {
                Some(Refusal::Unavailable("Only the item locked last can be opened again."))
            }
            _ => None,
        }
    }

    fn undo(&mut self) -> Outcome {
        let Some(edit) = self.history.last().cloned() else { return Outcome::Done };
        match edit {
            Edit::Lock { item, .. } | Edit::Decided { item, .. } => match self.index_of(item) {
                Some(index) => self.reopen(index, Via::Undo),
                None => Outcome::Done,
            },
            Edit::Tag { item, tag, on } => {
                self.write(EventBody::TagSet { item, tag, on: !on, via: Via::Undo })
            }
            Edit::Also { item, finding, on } => {
                self.write(EventBody::AlsoSet { item, finding, on: !on })
            }
        }
    }

    fn redo(&mut self) -> Outcome {
        match self.history.next_redo().cloned() {
            Some(Edit::Lock { item, answers }) if self.item().is_some_and(|i| i.id == item) => {
                let active_ms = self.pace.active_ms();
                self.write(EventBody::ReadLocked {
                    item,
                    answers,
                    phase: self.item().map_or(Phase::Read, |i| i.phase),
                    active_ms,
                    protocol_version: self.material.protocol.version,
                    via: Via::Redo,
                    last: self.reader.state.ends_with(item),
                })
            }
            Some(Edit::Decided { item, outcome }) if self.item().is_some_and(|i| i.id == item) => {
                self.write(EventBody::ReviewDecided { item, outcome, via: Via::Redo })
            }
            Some(Edit::Tag { item, tag, on }) if self.item().is_some_and(|i| i.id == item) => {
                self.write(EventBody::TagSet { item, tag, on, via: Via::Redo })
            }
            Some(Edit::Also { item, finding, on }) if self.item().is_some_and(|i| i.id == item) => {
                self.write(EventBody::AlsoSet { item, finding, on })
            }
            _ => Outcome::Refused(Refusal::Unavailable("Nothing to redo on this item.")),
        }
    }

    /// The first event of a sitting says that it began, and settles what came before.
    fn write(&mut self, event: EventBody) -> Outcome {
        let mut events = Vec::with_capacity(3);
        if !self.reader.state.in_sitting() {
            events.push(EventBody::SittingBegan { conditions: self.conditions.clone() });
        }
        events.extend(self.seen_event(&event));
        events.push(event);
        self.pending = Some(Pending { events: events.clone(), failure: None });
        Outcome::Write(events)
    }

    fn after_lock(&mut self, item: overread_core::ItemId, answers: &[FindingAnswer], now: Instant) {
        let Some(index) = self.index_of(item) else { return };
        self.last_locked = Some(index);
        let number = index + 1;
        self.echo = Some(Echo { number, answers: answers.to_vec(), at: now });
        self.move_to(self.next_open(index + 1), now);
    }

    fn after_skip(&mut self, item: overread_core::ItemId, now: Instant) {
        if let Some(index) = self.index_of(item) {
            self.move_to(self.next_open(index + 1), now);
        }
    }

    fn show(&mut self, item: overread_core::ItemId, now: Instant) {
        self.move_to(self.index_of(item), now);
        let asked = self.asked();
        if 1 < asked.len()
            && let Some(answers) = self.standing_answers()
        {
            let place = |a: &FindingAnswer| asked.iter().position(|id| *id == a.finding);
            self.draft = answers.iter().filter_map(|a| Some((place(a)?, a.answer))).collect();
        }
    }

    fn move_to(&mut self, index: Option<usize>, now: Instant) {
        self.cursor = index;
        self.draft.clear();
        self.focus = 0;
        self.pace.restart(now);
    }

    /// 0-based place of an item in the deck.
    pub(crate) fn index_of(&self, item: overread_core::ItemId) -> Option<usize> {
        self.tally.place_of(item)
    }

    fn is_locked(&self, index: usize) -> bool {
        self.state_at(index).is_some_and(ItemState::is_locked)
    }

    fn is_skipped(&self, index: usize) -> bool {
        self.state_at(index).is_some_and(|state| state.skipped)
    }

    /// The next unread item from there on, then from the start; skipped ones come last.
    fn next_open(&self, from: usize) -> Option<usize> {
        let end = self.places.len();
        let around = || (from..end).chain(0..from.min(end));
        let open = |i: &usize| !self.is_locked(*i);
        around().find(|i| open(i) && !self.is_skipped(*i)).or_else(|| around().find(open))
    }

    /// The item with the latest lock, after a restart.
    fn latest_lock(&self) -> Option<usize> {
        let turn = |index: usize| self.state_at(index).and_then(ItemState::last_turn);
        let locked = (0..self.places.len()).filter(|&index| turn(index).is_some());
        locked.max_by_key(|&index| turn(index))
    }
}

#[cfg(test)]
mod tests;
