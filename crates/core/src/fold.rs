//! Events into the current state of one reader's worklist.

use std::collections::{BTreeSet, HashMap};

use crate::answer::{Answer, Phase, ReviewOutcome};
use crate::event::{EventBody, FindingAnswer};
use crate::ids::{DeckId, ItemId};
use crate::sampling::{Sample, Stage, Worklist};

/// When something was answered, among all that its reader answered.
///
/// A clock that is set back does not put an answer before those that stand before it in its chain:
/// the time is never earlier than the one before. Between chains the clocks decide, which is for the order
/// of figures only; the fold itself asks no clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// The latest time of the chain so far.
    at: String,
    /// Place among the events that were folded.
    no: u64,
}

/// One locking of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// One answer per asked finding.
    pub answers: Vec<FindingAnswer>,
    /// What it was read for.
    pub phase: Phase,
    /// When, by the clock of the device.
    pub at: String,
    /// When, among the answers of the reader.
    pub turn: Turn,
    /// Active time in milliseconds.
    pub active_ms: u64,
    /// Version of the protocol.
    pub protocol_version: u32,
    /// Whether label-dependent figures had been shown to the reader before.
    pub after_release: bool,
    /// Which of the reader's chains it stands in, by number: one for each device.
    pub chain: u32,
}

impl Lock {
    /// The answer to one finding.
    pub fn answer(&self, finding: &str) -> Option<Answer> {
        self.answers.iter().find(|a| a.finding == finding).map(|a| a.answer)
    }
}

/// What is known of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemState {
    /// Every locking, oldest first; nothing is ever removed.
    pub locks: Vec<Lock>,
    /// Index into `locks` of the first answer that settled: the one that analysis uses.
    pub settled: Option<usize>,
    /// Whether the item is open again after a lock.
    pub reopened: bool,
    /// Whether it was passed over.
    pub skipped: bool,
    /// Ids of the tags that are set.
    pub tags: BTreeSet<String>,
    /// Findings that the reader also saw.
    pub also: BTreeSet<String>,
    /// Whether it is flagged for discussion.
    pub flagged: bool,
    /// The reader's comment.
    pub comment: String,
    /// Films, and how many of them were seen at full size or larger; `None` where it was not recorded.
    pub seen: Option<(u64, u64)>,
    /// What a second look led to, and when.
    pub outcome: Option<(ReviewOutcome, String)>,
    /// When that was, among the answers of the reader.
    pub outcome_turn: Option<Turn>,
}

impl ItemState {
    /// The answer that stands now.
    pub fn current(&self) -> Option<&Lock> {
        self.locks.last()
    }

    /// The answer that analysis uses.
    pub fn settled_lock(&self) -> Option<&Lock> {
        self.settled.and_then(|i| self.locks.get(i))
    }

    /// When it was answered last.
    pub fn last_turn(&self) -> Option<&Turn> {
        self.current().map(|lock| &lock.turn).max(self.outcome_turn.as_ref())
    }

    /// Whether it is locked and closed.
    pub fn is_locked(&self) -> bool {
        (!self.locks.is_empty() || self.outcome.is_some()) && !self.reopened
    }

    /// On how many devices it was answered; more than one is a conflict, of which the first settled answer counts.
    pub fn devices(&self) -> usize {
        // Chains are folded one after the other, so that the locks of one stand together.
        self.locks.chunk_by(|a, b| a.chain == b.chain).count()
    }

    /// Later changes to a settled answer.
    pub fn revisions(&self) -> usize {
        self.settled.map_or(0, |i| self.locks.len() - 1 - i)
    }
}

/// A reader with worklist and reads: what analysis takes in.
#[derive(Clone, Debug, Default)]
pub struct ReaderRecord {
    /// Pseudonym.
    pub name: String,
    /// `reader`, `lead` or `adjudicator`.
    pub role: String,
    /// Years of experience, if stated.
    pub experience_years: Option<u32>,
    /// What the reader reads, in order.
    pub worklist: Worklist,
    /// What the reader answered.
    pub state: ReadingState,
    /// Where the answers come from, if not from this program.
    pub source: Option<OutsideSource>,
}

/// A file of answers that were given elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutsideSource {
    /// File name without folders.
    pub name: String,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
    /// Whether the lead declared that the reader did not know the labels.
    pub declared_blinded: bool,
}

/// The state of one reader's worklist, folded from that reader's events.
///
/// An answer settles when another item is locked, when every item of its deck is locked, or when
/// the sitting ends. Until then a new lock of the same item replaces it (a slip); afterwards a new
/// lock is a revision, kept and reported but not used.
#[derive(Clone, Debug, Default)]
pub struct ReadingState {
    items: HashMap<ItemId, ItemState>,
    deck_of: HashMap<ItemId, u32>,
    /// What the worklist says an item is for: a packet does not tell its reader which are repeats.
    phase_of: HashMap<ItemId, Phase>,
    /// Items of one deck, stage and drawing, which are finished together.
    part_of: HashMap<ItemId, (u32, Stage, u32)>,
    open_in_part: HashMap<(u32, Stage, u32), usize>,
    deck_ids: Vec<DeckId>,
    released_reads: HashMap<u32, u64>,
    unsettled: Option<ItemId>,
    in_sitting: bool,
    turn: Turn,
    chain: u32,
}

/// What a fold must know of an item before anything happened to it.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The item.
    pub id: ItemId,
    /// Its deck, by number.
    pub deck: u32,
    /// What it is read for.
    pub phase: Phase,
    /// Which drawing brought it.
    pub batch: u32,
}

impl ReadingState {
    /// The state of a worklist before anything was read.
    pub fn new(sample: &Sample, worklist: &Worklist) -> Self {
        let deck_ids = sample.decks.iter().map(|deck| deck.id).collect();
        let items = worklist.items.iter();
        let listed =
            items.map(|i| Listed { id: i.id, deck: i.deck, phase: i.phase, batch: i.batch });
        Self::of_items(deck_ids, listed)
    }

    /// As [`Self::new`], of the ids of the decks and what must be known of the items.
    pub fn of_items(deck_ids: Vec<DeckId>, items: impl IntoIterator<Item = Listed>) -> Self {
        let mut open_in_part: HashMap<(u32, Stage, u32), usize> = HashMap::new();
        let mut part_of = HashMap::new();
        let mut deck_of = HashMap::new();
        let mut phase_of = HashMap::new();
        for item in items {
            let part = (item.deck, Stage::of(item.phase), item.batch);
            *open_in_part.entry(part).or_default() += 1;
            part_of.insert(item.id, part);
            deck_of.insert(item.id, item.deck);
            phase_of.insert(item.id, item.phase);
        }
        Self { deck_of, phase_of, part_of, open_in_part, deck_ids, ..Self::default() }
    }

    /// The state of an item; `None` where nothing has happened to it.
    pub fn item(&self, id: ItemId) -> Option<&ItemState> {
        self.items.get(&id)
    }

    /// The items to which something has happened, in no order.
    pub fn items(&self) -> impl Iterator<Item = (ItemId, &ItemState)> {
        self.items.iter().map(|(id, item)| (*id, item))
    }

    /// Whether a sitting is under way.
    pub fn in_sitting(&self) -> bool {
        self.in_sitting
    }

    /// The item whose last answer may still be corrected as a slip.
    pub fn unsettled(&self) -> Option<ItemId> {
        self.unsettled
    }

    /// Whether figures of a deck were released, and after how many reads last.
    pub fn released(&self, deck: u32) -> Option<u64> {
        self.released_reads.get(&deck).copied()
    }

    /// Whether locking this item leaves nothing of its deck open, so that its answer settles at once.
    pub fn ends_with(&self, item: ItemId) -> bool {
        self.open_beside(item) == Some(0)
    }

    /// How many items are locked.
    pub fn locked_count(&self) -> usize {
        self.items.values().filter(|item| item.is_locked()).count()
    }

    /// Takes in one event of this reader.
    pub fn apply(&mut self, at: &str, body: &EventBody) {
        self.turn.no += 1;
        if self.turn.at.as_str() < at {
            at.clone_into(&mut self.turn.at);
        }
        match body {
            EventBody::SittingBegan { .. } => {
                self.settle_last();
                self.in_sitting = true;
            }
            EventBody::SittingEnded {} => {
                self.settle_last();
                self.in_sitting = false;
            }
            EventBody::ReadLocked {
                item,
                answers,
                phase,
                active_ms,
                protocol_version,
                last,
                ..
            } => {
                let lock = Lock {
                    answers: answers.clone(),
                    phase: self.phase_of.get(item).copied().unwrap_or(*phase),
                    at: at.to_owned(),
                    turn: self.turn.clone(),
                    active_ms: *active_ms,
                    protocol_version: *protocol_version,
                    after_release: self.deck_released(*item),
                    chain: self.chain,
                };
                self.lock(*item, lock);
                // Another file may hold less of the deck than this one.
                if *last {
                    self.settle_last();
                }
            }
            EventBody::ReadReopened { item, .. } => {
                let state = self.items.entry(*item).or_default();
                if state.is_locked() {
                    state.reopened = true;
                    self.count_open(*item, 1);
                }
            }
            EventBody::ReadSkipped { item, .. } => self.change(*item, |s| s.skipped = true),
            EventBody::TagSet { item, tag, on, .. } => {
                self.change(*item, |s| set_member(&mut s.tags, tag, *on));
            }
            EventBody::AlsoSet { item, finding, on } => {
                self.change(*item, |s| set_member(&mut s.also, finding, *on));
            }
            EventBody::FilmSeen { item, films, full_size } => {
                self.items.entry(*item).or_default().seen = Some((*films, *full_size));
            }
            EventBody::FlagSet { item, on } => self.change(*item, |s| s.flagged = *on),
            EventBody::CommentSet { item, text } => {
                self.change(*item, |s| s.comment.clone_from(text));
            }
            EventBody::ReviewDecided { item, outcome, .. } => {
                let state = self.items.entry(*item).or_default();
                let was_locked = state.is_locked();
                state.outcome = Some((*outcome, at.to_owned()));
                state.outcome_turn = Some(self.turn.clone());
                state.reopened = false;
                state.skipped = false;
                if !was_locked {
                    self.count_open(*item, -1);
                }
            }
            EventBody::FiguresReleased { deck, reads } => {
                if let Some(index) = self.deck_ids.iter().position(|id| id == deck) {
                    self.released_reads.insert(u32::try_from(index).unwrap_or(u32::MAX), *reads);
                    // Once figures are out a change of mind is no longer a slip.
                    self.settle_last();
                }
            }
            EventBody::DatasetImported { .. }
            | EventBody::ProtocolSet { .. }
            | EventBody::ReaderAdded { .. }
            | EventBody::SampleDrawn { .. }
            | EventBody::PacketMade { .. }
            | EventBody::PacketMerged { .. }
            | EventBody::SampleExtended { .. }
            | EventBody::AdjudicationDrawn { .. }
            | EventBody::ReviewDrawn { .. }
            | EventBody::ReadsImported { .. }
            | EventBody::ScoresImported { .. } => {}
        }
    }

    /// Settles the last answer, as closing the window does.
    pub fn settle_last(&mut self) {
        if let Some(item) = self.unsettled.take()
            && let Some(state) = self.items.get_mut(&item)
            && state.settled.is_none()
            && !state.locks.is_empty()
        {
            state.settled = Some(state.locks.len() - 1);
        }
    }

    /// Ends a chain before that of another device: what was answered last is settled, and the next has
    /// a clock of its own.
    pub fn end_chain(&mut self) {
        self.settle_last();
        self.turn.at.clear();
        self.chain += 1;
    }

    fn deck_released(&self, item: ItemId) -> bool {
        self.deck_of.get(&item).is_some_and(|deck| self.released_reads.contains_key(deck))
    }

    fn change(&mut self, item: ItemId, change: impl FnOnce(&mut ItemState)) {
        change(self.items.entry(item).or_default());
    }

    fn count_open(&mut self, item: ItemId, by: isize) {
        let open = self.part_of.get(&item).and_then(|part| self.open_in_part.get_mut(part));
        if let Some(open) = open {
            *open = open.saturating_add_signed(by);
        }
    }

    fn lock(&mut self, item: ItemId, lock: Lock) {
        if self.unsettled != Some(item) {
            self.settle_last();
        }
        let state = self.items.entry(item).or_default();
        let was_locked = state.is_locked();
        state.locks.push(lock);
        state.reopened = false;
        state.skipped = false;
        if state.settled.is_none() {
            self.unsettled = Some(item);
        }
        if !was_locked {
            self.count_open(item, -1);
        }
        if self.open_beside(item) == Some(0) {
            self.settle_last();
        }
    }

    /// How many other items are open of those that are finished together with this one; `None` for an item
    /// that stands in no worklist.
    fn open_beside(&self, item: ItemId) -> Option<usize> {
        let open = self.part_of.get(&item).and_then(|part| self.open_in_part.get(part))?;
        let itself = self.items.get(&item).is_none_or(|state| !state.is_locked());
        Some(open.saturating_sub(usize::from(itself)))
    }
}

fn set_member(set: &mut BTreeSet<String>, member: &str, on: bool) {
    if on {
        set.insert(member.to_owned());
    } else {
        set.remove(member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Level;
    use crate::event::Via;
    use crate::sampling::{Deck, Item};

    fn state(items: u64) -> ReadingState {
        let sample = Sample {
            decks: vec![Deck { id: DeckId(1), finding: None, planned: 3, members: Vec::new() }],
            ..Sample::default()
        };
        let items = (0..items)
            .map(|n| Item {
                id: ItemId(n),
                study: crate::StudyId(n),
                deck: 0,
                phase: Phase::Read,
                pass: 1,
                batch: 0,
                finding: None,
            })
            .collect();
        ReadingState::new(&sample, &Worklist { items, ..Worklist::default() })
    }

    fn lock(item: u64, level: u8) -> EventBody {
        EventBody::ReadLocked {
            item: ItemId(item),
            answers: vec![FindingAnswer {
                finding: "f".to_owned(),
                answer: Answer::Level(Level(level)),
            }],
            phase: Phase::Read,
            active_ms: 1,
            protocol_version: 1,
            via: Via::Key,
            last: false,
        }
    }

    fn run(state: &mut ReadingState, events: &[EventBody]) {
        for event in events {
            state.apply("2026-01-01T00:00:00Z", event);
        }
    }

    fn reopen(item: u64) -> EventBody {
        EventBody::ReadReopened { item: ItemId(item), via: Via::Undo }
    }

    fn settled_level(state: &ReadingState, item: u64) -> Option<u8> {
        let lock = state.item(ItemId(item))?.settled_lock()?;
        lock.answer("f")?.level().map(|level| level.0)
    }

    #[test]
    fn a_slip_before_the_next_lock_replaces_the_answer_and_keeps_both() {
        let mut s = state(3);
        run(&mut s, &[lock(0, 2), reopen(0), lock(0, 1)]);
        assert_eq!(settled_level(&s, 0), None, "not settled yet");
        run(&mut s, &[lock(1, 0)]);
        assert_eq!(settled_level(&s, 0), Some(1));
        assert_eq!(s.item(ItemId(0)).unwrap().locks.len(), 2);
        assert_eq!(s.item(ItemId(0)).unwrap().revisions(), 0);
    }

    #[test]
    fn a_change_after_another_lock_is_a_revision_and_not_used() {
        let mut s = state(3);
        run(&mut s, &[lock(0, 2), lock(1, 0), reopen(0), lock(0, 1)]);
        assert_eq!(settled_level(&s, 0), Some(2));
        assert_eq!(s.item(ItemId(0)).unwrap().revisions(), 1);
    }

    #[test]
    fn the_end_of_the_deck_or_of_the_sitting_settles_the_last_answer() {
        let mut s = state(2);
        run(&mut s, &[lock(0, 2), lock(1, 1)]);
        assert_eq!(settled_level(&s, 1), Some(1), "the deck is complete");
        let mut s = state(2);
        run(&mut s, &[lock(0, 2), EventBody::SittingEnded {}]);
        assert_eq!(settled_level(&s, 0), Some(2), "the window closed");
        let mut s = state(2);
        let began = EventBody::SittingBegan { conditions: std::collections::BTreeMap::new() };
        run(&mut s, &[lock(0, 2), began, reopen(0), lock(0, 0)]);
        assert_eq!(settled_level(&s, 0), Some(2), "the last sitting ended without saying so");
    }

    #[test]
    fn what_ended_the_deck_in_its_own_file_settles_where_more_of_the_deck_is_open() {
        let mut s = state(3);
        let mut ending = lock(1, 1);
        if let EventBody::ReadLocked { last, .. } = &mut ending {
            *last = true;
        }
        run(&mut s, &[lock(0, 2), ending, reopen(1), lock(1, 0)]);
        assert_eq!(settled_level(&s, 1), Some(1));
        assert_eq!(s.item(ItemId(1)).unwrap().revisions(), 1);
    }

    #[test]
    fn an_answer_ends_its_deck_where_nothing_else_of_it_is_open() {
        let mut s = state(3);
        run(&mut s, &[lock(0, 2), lock(1, 1)]);
        assert_eq!([0, 1, 2].map(|n| s.ends_with(ItemId(n))), [false, false, true]);
        run(&mut s, &[lock(2, 0), reopen(0)]);
        assert_eq!([0, 1].map(|n| s.ends_with(ItemId(n))), [true, false]);
        assert!(!s.ends_with(ItemId(9)), "in no worklist");
    }

    #[test]
    fn a_release_ends_the_time_for_slips_and_marks_later_reads() {
        let mut s = state(3);
        let release = EventBody::FiguresReleased { deck: DeckId(1), reads: 1 };
        run(&mut s, &[lock(0, 2), release, reopen(0), lock(0, 1), lock(1, 1)]);
        assert_eq!(settled_level(&s, 0), Some(2));
        let locks = &s.item(ItemId(1)).unwrap().locks;
        assert!(locks.iter().all(|lock| lock.after_release));
    }

    #[test]
    fn a_clock_that_goes_back_puts_no_answer_before_those_of_its_chain() {
        let mut s = state(4);
        s.apply("2026-05-02T10:00:00.000Z", &lock(2, 1));
        s.apply("2026-05-02T10:00:05.000Z", &lock(0, 1));
        s.apply("2026-05-01T09:00:00.000Z", &lock(3, 1));
        // Another device, whose clock says that it was between the first two.
        s.end_chain();
        s.apply("2026-05-02T10:00:02.000Z", &lock(1, 1));
        let mut order: Vec<u64> = (0..4).collect();
        order.sort_by_key(|n| s.item(ItemId(*n)).unwrap().last_turn().cloned());
        assert_eq!(order, [2, 1, 0, 3]);
        assert_eq!(s.item(ItemId(3)).unwrap().current().unwrap().at, "2026-05-01T09:00:00.000Z");
    }

    #[test]
    fn an_item_that_two_devices_answered_counts_both_and_uses_the_first() {
        let mut s = state(3);
        run(&mut s, &[lock(0, 2), reopen(0), lock(0, 1), lock(1, 0)]);
        s.end_chain();
        run(&mut s, &[lock(1, 2), lock(2, 2)]);
        let devices = |n| s.item(ItemId(n)).unwrap().devices();
        assert_eq!([devices(0), devices(1), devices(2)], [1, 2, 1]);
        assert_eq!(settled_level(&s, 1), Some(0));
    }

    #[test]
    fn reopening_without_a_new_answer_keeps_the_old_one() {
        let mut s = state(3);
        run(&mut s, &[lock(0, 2), reopen(0), EventBody::SittingEnded {}]);
        assert_eq!(settled_level(&s, 0), Some(2));
        assert!(!s.item(ItemId(0)).unwrap().is_locked());
    }
}
