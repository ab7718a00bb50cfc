//! The way of the studies: dataset, frame, drawn, read, analysed, with every exclusion counted.

use std::collections::{BTreeMap, BTreeSet};

use overread_core::{Answer, NoAnswer, Sample};
use serde::Serialize;

use crate::collect::Question;
use crate::dataset::DatasetSummary;
use crate::gather::{Fate, ItemRead};

/// What became of the items of worklists; every reason is counted, also with 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemFlow {
    /// Items on worklists.
    pub items: u64,
    /// Not reached yet.
    pub unread: u64,
    /// Passed over without an answer.
    pub skipped: u64,
    /// Answered, but the answer may still be corrected as a slip.
    pub unsettled: u64,
    /// Answered and settled.
    pub read: u64,
    /// Read, but not released yet by the protocol's policy.
    pub held_back: u64,
    /// Read in another phase.
    pub other_phase: u64,
    /// Read under another protocol version.
    pub other_protocol: u64,
    /// Read after label-dependent figures had been opened.
    pub after_unblinding: u64,
    /// The reader could not decide.
    pub unsure: u64,
    /// The pixels could not answer.
    pub inadequate: u64,
    /// With a level for at least one question.
    pub analysed: u64,
    /// Of all, answered on more than one device; the first settled answer in the order of the chains counts.
    pub conflicts: u64,
}

impl ItemFlow {
    /// What became of these items.
    pub(crate) fn of(items: &[ItemRead<'_>]) -> Self {
        let mut out = Self::default();
        for item in items {
            out.add(item);
        }
        out
    }

    fn merge(&mut self, other: &Self) {
        let Self {
            items,
            unread,
            skipped,
            unsettled,
            read,
            held_back,
            other_phase,
            other_protocol,
            after_unblinding,
            unsure,
            inadequate,
            analysed,
            conflicts,
        } = other;
        self.items += items;
        self.unread += unread;
        self.skipped += skipped;
        self.unsettled += unsettled;
        self.read += read;
        self.held_back += held_back;
        self.other_phase += other_phase;
        self.other_protocol += other_protocol;
        self.after_unblinding += after_unblinding;
        self.unsure += unsure;
        self.inadequate += inadequate;
        self.analysed += analysed;
        self.conflicts += conflicts;
    }

    fn add(&mut self, item: &ItemRead<'_>) {
        self.items += 1;
        let place = match item.fate {
            Fate::Unread => &mut self.unread,
            Fate::Skipped => &mut self.skipped,
            Fate::Unsettled => &mut self.unsettled,
            Fate::HeldBack => &mut self.held_back,
            Fate::OtherPhase => &mut self.other_phase,
            Fate::OtherProtocol => &mut self.other_protocol,
            Fate::AfterUnblinding => &mut self.after_unblinding,
            Fate::Used => match no_answer(item) {
                None => &mut self.analysed,
                Some(NoAnswer::Unsure) => &mut self.unsure,
                Some(NoAnswer::Inadequate) => &mut self.inadequate,
            },
        };
        *place += 1;
        self.read += u64::from(item.is_read());
        self.conflicts += u64::from(item.state.is_some_and(|state| 1 < state.devices()));
    }

    /// Items that were not read.
    pub fn not_read(&self) -> u64 {
        self.unread + self.skipped + self.unsettled
    }

    /// Items that were read and are not analysed.
    pub fn not_analysed(&self) -> u64 {
        self.held_back
            + self.other_phase
            + self.other_protocol
            + self.after_unblinding
            + self.unsure
            + self.inadequate
    }
}

/// Why an item has no level at all.
fn no_answer(item: &ItemRead<'_>) -> Option<NoAnswer> {
    let answers = &item.lock?.answers;
    if answers.iter().any(|a| a.answer.level().is_some()) {
        return None;
    }
    answers.iter().find_map(|a| a.answer.no_answer()).or(Some(NoAnswer::Unsure))
}

/// The flow of one deck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeckFlow {
    /// The finding that is asked; `None` asks all.
    pub finding: Option<String>,
    /// Its items.
    pub flow: ItemFlow,
}

/// Answers to one question that have no level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoAnswers {
    /// The finding.
    pub finding: String,
    /// Answers in all.
    pub answers: u64,
    /// The reader could not decide.
    pub unsure: u64,
    /// The pixels could not answer.
    pub inadequate: u64,
}

/// From the dataset to what is analysed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exclusions {
    /// Studies of the dataset.
    pub dataset_studies: u64,
    /// Studies outside the frame: their images were not found.
    pub without_images: u64,
    /// Studies that could be drawn.
    pub frame_studies: u64,
    /// Studies of the frame that were not drawn.
    pub not_drawn: u64,
    /// Different studies drawn into decks.
    pub drawn_studies: u64,
    /// Their patients.
    pub drawn_patients: u64,
    /// Places in decks: a study drawn for two decks has two.
    pub deck_places: u64,
    /// Studies drawn for several decks.
    pub in_several_decks: u64,
    /// Studies set aside for exploration; none is in a deck.
    pub exploration_studies: u64,
    /// All items.
    pub total: ItemFlow,
    /// Items by deck.
    pub decks: Vec<DeckFlow>,
    /// Items read under another version of the protocol, by version.
    pub other_versions: Vec<VersionItems>,
    /// Missing levels by finding.
    pub no_answers: Vec<NoAnswers>,
}

impl Exclusions {
    /// The flow up to the drawing; no read changes it.
    pub(crate) fn of_draw(
        summary: &DatasetSummary,
        sample: Option<&Sample>,
        drawn_patients: u64,
    ) -> Self {
        let mut out = Self { dataset_studies: summary.studies, ..Self::default() };
        let Some(sample) = sample else {
            out.frame_studies = summary.studies;
            out.not_drawn = summary.studies;
            return out;
        };
        // What could have been chosen where nothing was drawn is the dataset.
        out.frame_studies =
            if sample.elsewhere { summary.studies } else { u64::from(sample.frame_studies) };
        out.without_images = summary.studies.saturating_sub(out.frame_studies);
        out.drawn_studies = sample.studies().len() as u64;
        out.not_drawn = out.frame_studies.saturating_sub(out.drawn_studies);
        out.drawn_patients = drawn_patients;
        out.deck_places = sample.decks.iter().map(|deck| deck.members.len() as u64).sum();
        out.in_several_decks = in_several_decks(sample);
        let explored: BTreeSet<_> = sample.explore.values().flatten().collect();
        out.exploration_studies = explored.len() as u64;
        out
    }

    /// Adds what became of the items, deck by deck; a deck that the analysis does not take has none.
    pub(crate) fn read(
        mut self,
        decks: Vec<DeckFlow>,
        no_answers: Vec<NoAnswers>,
        other_versions: Vec<VersionItems>,
    ) -> Self {
        for deck in &decks {
            self.total.merge(&deck.flow);
        }
        self.decks = decks;
        self.no_answers = no_answers;
        self.other_versions = other_versions;
        self
    }
}

fn in_several_decks(sample: &Sample) -> u64 {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for member in sample.decks.iter().flat_map(|deck| &deck.members) {
        if !seen.insert(member.study) {
            twice.insert(member.study);
        }
    }
    twice.len() as u64
}

/// Items that were read under one version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VersionItems {
    /// The version.
    pub version: u32,
    /// Items.
    pub items: u64,
}

/// Items by version, of those that were read under another than the one in force.
pub(crate) fn other_versions<'i, 'a: 'i>(
    items: impl Iterator<Item = &'i ItemRead<'a>>,
) -> Vec<VersionItems> {
    let mut out: BTreeMap<u32, u64> = BTreeMap::new();
    for item in items.filter(|item| item.fate == Fate::OtherProtocol) {
        if let Some(lock) = item.lock {
            *out.entry(lock.protocol_version).or_default() += 1;
        }
    }
    out.into_iter().map(|(version, items)| VersionItems { version, items }).collect()
}

/// Counts the answers to one question that have no level.
pub(crate) fn no_answers(question: &Question<'_>) -> NoAnswers {
    let mut out =
        NoAnswers { finding: question.finding.id.clone(), answers: 0, unsure: 0, inadequate: 0 };
    for mark in question.units.iter().flat_map(|unit| &unit.marks) {
        out.answers += 1;
        match mark.answer {
            Answer::Level(_) => {}
            Answer::NoAnswer(NoAnswer::Unsure) => out.unsure += 1,
            Answer::NoAnswer(NoAnswer::Inadequate) => out.inadequate += 1,
        }
    }
    out
}
