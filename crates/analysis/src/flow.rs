//! The way of the studies: dataset, frame, drawn, read, analysed, with every exclusion counted.

use std::collections::BTreeSet;

use overread_core::{Answer, NoAnswer};
use serde::Serialize;

use crate::collect::{Collected, Fate, ItemRead};
use crate::dataset::DatasetSummary;
use crate::input::Input;

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
}

impl ItemFlow {
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
    /// Missing levels by finding.
    pub no_answers: Vec<NoAnswers>,
}

/// Counts the flow.
pub(crate) fn exclusions(
    input: &Input<'_>,
    summary: &DatasetSummary,
    collected: &Collected<'_>,
) -> Exclusions {
    let mut out = Exclusions { dataset_studies: summary.studies, ..Exclusions::default() };
    let Some(sample) = input.sample else {
        out.frame_studies = summary.studies;
        out.not_drawn = summary.studies;
        return out;
    };
    let studies = sample.studies();
    let patients: BTreeSet<u32> = studies
        .iter()
        .filter_map(|&id| input.dataset.study_index(id))
        .filter_map(|i| input.dataset.studies.get(i).map(|s| s.patient))
        .collect();
    out.frame_studies = u64::from(sample.frame_studies);
    out.without_images = summary.studies.saturating_sub(out.frame_studies);
    out.drawn_studies = studies.len() as u64;
    out.not_drawn = out.frame_studies.saturating_sub(out.drawn_studies);
    out.drawn_patients = patients.len() as u64;
    out.deck_places = sample.decks.iter().map(|deck| deck.members.len() as u64).sum();
    out.in_several_decks = in_several_decks(sample);
    let explored: BTreeSet<_> = sample.explore.values().flatten().collect();
    out.exploration_studies = explored.len() as u64;
    out.decks = sample
        .decks
        .iter()
        .map(|deck| DeckFlow { finding: deck.finding.clone(), flow: ItemFlow::default() })
        .collect();
    for item in &collected.items {
        out.total.add(item);
        if let Some(deck) = out.decks.get_mut(item.deck as usize) {
            deck.flow.add(item);
        }
    }
    out.no_answers = collected.questions.iter().map(no_answers).collect();
    out
}

fn in_several_decks(sample: &overread_core::Sample) -> u64 {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for member in sample.decks.iter().flat_map(|deck| &deck.members) {
        if !seen.insert(member.study) {
            twice.insert(member.study);
        }
    }
    twice.len() as u64
}

fn no_answers(question: &crate::collect::Question<'_>) -> NoAnswers {
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
