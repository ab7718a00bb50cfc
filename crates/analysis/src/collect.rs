//! From events folded per reader to answers per question and study.

use std::collections::{BTreeSet, HashMap};

use overread_core::protocol::{Design, Finding, Reference, Release};
use overread_core::sampling::Deck;
use overread_core::{
    Answer, DatasetLabel, ItemState, Level, Lock, NoAnswer, Phase, ReaderRecord, Study, StudyId,
};

use crate::chances::Chances;
use crate::input::{Input, Options};

/// What became of one item of a worklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Unread,
    Skipped,
    Unsettled,
    HeldBack,
    OtherPhase,
    OtherProtocol,
    AfterUnblinding,
    Used,
}

/// One item of one reader with its answer, if any.
#[derive(Clone, Debug)]
pub(crate) struct ItemRead<'a> {
    pub(crate) reader: usize,
    pub(crate) deck: u32,
    pub(crate) study: StudyId,
    /// Place in the worklist, from 1.
    pub(crate) position: usize,
    pub(crate) fate: Fate,
    pub(crate) lock: Option<&'a Lock>,
    pub(crate) state: Option<&'a ItemState>,
    /// Place among the deck's reads of this reader, from 1.
    pub(crate) rank: u64,
}

impl<'a> ItemRead<'a> {
    pub(crate) fn is_read(&self) -> bool {
        !matches!(self.fate, Fate::Unread | Fate::Skipped | Fate::Unsettled)
    }

    pub(crate) fn tags(&self) -> Option<&'a BTreeSet<String>> {
        self.state.map(|state| &state.tags)
    }
}

/// A reader's answer to a question about one study.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark<'a> {
    pub(crate) reader: usize,
    pub(crate) answer: Answer,
    pub(crate) rank: u64,
    pub(crate) after_release: bool,
    pub(crate) tags: &'a BTreeSet<String>,
    pub(crate) item: usize,
}

/// A study under one question.
#[derive(Clone, Debug)]
pub(crate) struct Unit<'a> {
    pub(crate) study: &'a Study,
    pub(crate) label: DatasetLabel,
    /// Whether it was drawn as a label-positive; `None` where the draw did not look at labels.
    pub(crate) drawn_positive: bool,
    /// Studies in its arm of the frame.
    pub(crate) frame: u32,
    /// The stratum it was drawn from, where the draw was stratified.
    pub(crate) stratum: Option<&'a str>,
    pub(crate) marks: Vec<Mark<'a>>,
    /// What an adjudicator decided; stands in place of the majority.
    pub(crate) adjudicated: Option<Level>,
}

impl Unit<'_> {
    /// Where the study stands in reading order.
    pub(crate) fn rank(&self) -> u64 {
        self.marks.iter().map(|mark| mark.rank).min().unwrap_or(u64::MAX)
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.marks.iter().any(|mark| mark.tags.contains(tag))
    }

    /// Positive, negative, or undecided under a threshold: the adjudicator where there was one, else the one reader
    /// or the majority.
    pub(crate) fn reference(&self, threshold: Level) -> Option<bool> {
        match self.adjudicated {
            Some(level) => Some(level.meets(threshold)),
            None => self.majority(threshold),
        }
    }

    /// The majority of the readers; undecided without a vote and on a tie.
    pub(crate) fn majority(&self, threshold: Level) -> Option<bool> {
        self.majority_of(threshold, |_| true)
    }

    /// The majority of all readers but one.
    pub(crate) fn majority_without(&self, reader: usize, threshold: Level) -> Option<bool> {
        self.majority_of(threshold, |mark| mark.reader != reader)
    }

    fn majority_of(&self, threshold: Level, counts: impl Fn(&Mark<'_>) -> bool) -> Option<bool> {
        let (mut yes, mut no) = (0, 0);
        for mark in self.marks.iter().filter(|mark| counts(mark)) {
            match mark.answer.level() {
                Some(level) if level.meets(threshold) => yes += 1,
                Some(_) => no += 1,
                None => {}
            }
        }
        (yes != no).then_some(no < yes)
    }

    /// The level that one reader gave.
    pub(crate) fn by(&self, reader: usize) -> Option<Level> {
        self.marks.iter().find(|mark| mark.reader == reader)?.answer.level()
    }

    /// The dataset's label as a statement, if it is one.
    pub(crate) fn stated_label(&self) -> Option<bool> {
        match self.label {
            DatasetLabel::Positive => Some(true),
            DatasetLabel::Negative => Some(false),
            DatasetLabel::Uncertain | DatasetLabel::Blank => None,
        }
    }
}

/// One finding asked of the studies of one deck.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) deck_index: u32,
    pub(crate) deck: &'a Deck,
    pub(crate) finding: &'a Finding,
    /// Whether the dataset has a label for it.
    pub(crate) labelled: bool,
    /// Whether every item of every reader of the deck was read and may be used.
    pub(crate) complete: bool,
    /// With which probabilities its studies were drawn.
    pub(crate) chances: Chances,
    /// Studies in reading order.
    pub(crate) units: Vec<Unit<'a>>,
}

impl Question<'_> {
    /// Whether plain figures of its studies describe the sample alone: they were drawn by label or with unequal probabilities.
    pub(crate) fn describes_sample(&self, input: &Input<'_>) -> bool {
        input.protocol.design == Design::Verify || self.chances.unequal().is_some()
    }
}

/// All reads that an analysis may see.
#[derive(Clone, Debug)]
pub(crate) struct Collected<'a> {
    pub(crate) readers: Vec<&'a ReaderRecord>,
    pub(crate) items: Vec<ItemRead<'a>>,
    pub(crate) questions: Vec<Question<'a>>,
}

/// Gathers readers, items and questions.
pub(crate) fn collect<'a>(input: &Input<'a>, options: &Options) -> Collected<'a> {
    let readers: Vec<&ReaderRecord> = input
        .readers
        .iter()
        .filter(|r| options.reader.as_ref().is_none_or(|name| *name == r.name))
        .filter(|r| r.worklist.items.iter().any(|item| item.phase == Phase::Read))
        .collect();
    let mut items = Vec::new();
    for (index, reader) in readers.iter().enumerate() {
        items.extend(reader_items(input, options, index, reader));
    }
    let mut by_study: HashMap<(u32, StudyId), Vec<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        if item.fate == Fate::Used {
            by_study.entry((item.deck, item.study)).or_default().push(index);
        }
    }
    let adjudicated = adjudications(input, options);
    let mut questions = Vec::new();
    for (deck_index, deck) in (0..).zip(input.sample.map_or(&[][..], |s| &s.decks)) {
        if !options.takes_deck(deck_index) {
            continue;
        }
        let mut deck_items = items.iter().filter(|i| i.deck == deck_index).peekable();
        let complete = deck_items.peek().is_some()
            && deck_items.all(|i| i.is_read() && i.fate != Fate::HeldBack);
        for finding in &input.protocol.findings {
            let asked = deck.finding.as_ref().is_none_or(|id| *id == finding.id);
            if asked {
                let mut asked =
                    question(input, &items, &by_study, deck_index, deck, finding, complete);
                for unit in &mut asked.units {
                    // Each finding on which readers differed was put as a question of its own.
                    let locks = adjudicated.get(&(deck_index, unit.study.id));
                    let mut answers =
                        locks.into_iter().flatten().filter_map(|lock| answer(input, lock, finding));
                    unit.adjudicated = answers.next().and_then(Answer::level);
                }
                questions.push(asked);
            }
        }
    }
    Collected { readers, items, questions }
}

/// The settled answers of adjudicators under the protocol in force, by deck and study.
fn adjudications<'a>(
    input: &Input<'a>,
    options: &Options,
) -> HashMap<(u32, StudyId), Vec<&'a Lock>> {
    let mut out: HashMap<_, Vec<&Lock>> = HashMap::new();
    // One reader alone is the reference: nobody stands in for that reader.
    if options.reader.is_some() || input.protocol.panel.reference == Reference::Majority {
        return out;
    }
    for reader in input.readers {
        for item in reader.worklist.items.iter().filter(|i| i.phase == Phase::Adjudicate) {
            let Some(state) = reader.state.item(item.id) else { continue };
            let standing = if options.settle_all { state.current() } else { None };
            let lock = state.settled_lock().or(standing);
            if let Some(lock) = lock.filter(|l| l.protocol_version == input.protocol.version) {
                out.entry((item.deck, item.study)).or_default().push(lock);
            }
        }
    }
    out
}

/// One reader's items, classified, with the rank of each read in its deck.
fn reader_items<'a>(
    input: &Input<'a>,
    options: &Options,
    index: usize,
    reader: &'a ReaderRecord,
) -> Vec<ItemRead<'a>> {
    let mut items: Vec<ItemRead<'a>> = Vec::new();
    for (position, item) in (1..).zip(&reader.worklist.items) {
        if item.phase != Phase::Read || !options.takes_deck(item.deck) {
            continue;
        }
        let state = reader.state.item(item.id);
        let lock = state.and_then(|s| {
            s.settled_lock().or_else(|| if options.settle_all { s.current() } else { None })
        });
        let fate = match (lock, state) {
            (Some(lock), _) => fate_of(input, item.deck, lock),
            (None, Some(s)) if !s.locks.is_empty() => Fate::Unsettled,
            (None, Some(s)) if s.skipped => Fate::Skipped,
            (None, _) => Fate::Unread,
        };
        items.push(ItemRead {
            reader: index,
            deck: item.deck,
            study: item.study,
            position,
            fate,
            lock,
            state,
            rank: 0,
        });
    }
    rank_and_hold_back(&mut items, options);
    items
}

fn fate_of(input: &Input<'_>, deck: u32, lock: &Lock) -> Fate {
    let known = input
        .sample
        .and_then(|sample| sample.decks.get(deck as usize))
        .is_some_and(Deck::label_known);
    if lock.phase != Phase::Read {
        Fate::OtherPhase
    } else if lock.protocol_version != input.protocol.version {
        Fate::OtherProtocol
    } else if lock.after_release && !known && input.protocol.release == Release::Open {
        Fate::AfterUnblinding
    } else {
        Fate::Used
    }
}

/// Reads in the order they were locked; those past the visible ones are held back.
fn rank_and_hold_back(items: &mut [ItemRead<'_>], options: &Options) {
    let mut order: Vec<usize> =
        (0..items.len()).filter(|&i| items.get(i).is_some_and(ItemRead::is_read)).collect();
    order.sort_by_key(|&i| {
        items.get(i).map(|item| (item.deck, item.lock.map(|lock| &lock.turn), item.position))
    });
    let mut ranks = Vec::with_capacity(order.len());
    let mut next: HashMap<u32, u64> = HashMap::new();
    for i in order {
        if let Some(item) = items.get(i) {
            let rank = next.entry(item.deck).or_insert(0);
            *rank += 1;
            ranks.push((i, *rank));
        }
    }
    for (i, rank) in ranks {
        if let Some(item) = items.get_mut(i) {
            item.rank = rank;
            if options.visible.limit(item.deck) < rank {
                item.fate = Fate::HeldBack;
            }
        }
    }
}

fn question<'a>(
    input: &Input<'a>,
    items: &[ItemRead<'a>],
    by_study: &HashMap<(u32, StudyId), Vec<usize>>,
    deck_index: u32,
    deck: &'a Deck,
    finding: &'a Finding,
    complete: bool,
) -> Question<'a> {
    let label = Labelled::new(input, finding);
    let mut units: Vec<Unit<'a>> = deck
        .members
        .iter()
        .filter_map(|member| {
            let index = input.dataset.study_index(member.study)?;
            let study = input.dataset.studies.get(index)?;
            let marks = by_study
                .get(&(deck_index, member.study))
                .into_iter()
                .flatten()
                .filter_map(|&i| mark(input, items.get(i)?, i, finding))
                .collect();
            Some(Unit {
                study,
                label: label.of(study),
                drawn_positive: member.label_positive,
                frame: member.frame,
                stratum: member.stratum.as_deref(),
                marks,
                adjudicated: None,
            })
        })
        .collect();
    units.sort_by_key(|unit| (unit.rank(), unit.study.id));
    Question {
        deck_index,
        deck,
        finding,
        labelled: !label.columns.is_empty(),
        complete,
        chances: Chances::of(input, deck, complete, |study| label.of(study)),
        units,
    }
}

fn mark<'a>(
    input: &Input<'a>,
    item: &ItemRead<'a>,
    index: usize,
    finding: &Finding,
) -> Option<Mark<'a>> {
    let lock = item.lock?;
    Some(Mark {
        reader: item.reader,
        answer: answer(input, lock, finding)?,
        rank: item.rank,
        after_release: lock.after_release,
        tags: item.tags()?,
        item: index,
    })
}

/// The answer to a finding; that of a composite follows from its parts.
pub(crate) fn answer(input: &Input<'_>, lock: &Lock, finding: &Finding) -> Option<Answer> {
    if let Some(direct) = lock.answer(&finding.id) {
        return Some(direct);
    }
    let mut best: Option<Level> = None;
    let mut missing: Option<NoAnswer> = None;
    for part in &finding.any_of {
        match lock.answer(part)? {
            Answer::Level(level) => best = best.max(Some(level)),
            Answer::NoAnswer(reason) => missing = missing.or(Some(reason)),
        }
    }
    let top = input.protocol.top_level();
    match (best, missing) {
        (Some(level), Some(reason)) if level != top => Some(Answer::NoAnswer(reason)),
        (Some(level), _) => Some(Answer::Level(level)),
        (None, Some(reason)) => Some(Answer::NoAnswer(reason)),
        (None, None) => None,
    }
}

/// Where the label of a finding stands in the dataset.
struct Labelled {
    columns: Vec<usize>,
}

impl Labelled {
    fn new(input: &Input<'_>, finding: &Finding) -> Self {
        let name = finding.label.as_deref().unwrap_or(&finding.id);
        if let Some(column) = input.dataset.finding_index(name) {
            return Self { columns: vec![column] };
        }
        let parts = finding.any_of.iter().map(|id| {
            let part = input.protocol.finding_index(id)?;
            let part = input.protocol.findings.get(part)?;
            input.dataset.finding_index(part.label.as_deref().unwrap_or(&part.id))
        });
        Self { columns: parts.collect::<Option<Vec<usize>>>().unwrap_or_default() }
    }

    fn of(&self, study: &Study) -> DatasetLabel {
        let labels = || self.columns.iter().map(|&column| study.labels.get(column));
        let any = |wanted| labels().any(|label| label == wanted);
        if any(DatasetLabel::Positive) {
            DatasetLabel::Positive
        } else if any(DatasetLabel::Uncertain) {
            DatasetLabel::Uncertain
        } else if self.columns.is_empty() || any(DatasetLabel::Blank) {
            DatasetLabel::Blank
        } else {
            DatasetLabel::Negative
        }
    }
}
