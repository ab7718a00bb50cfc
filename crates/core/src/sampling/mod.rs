//! Drawing decks and worklists: seeded, reproducible, with inclusion probabilities.

mod draw;
mod extend;
mod gold;
mod order;
mod strata;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::answer::Phase;
use crate::ids::{DeckId, ItemId, StudyId};
use crate::protocol::Protocol;

pub use draw::draw;
pub use extend::{Extension, extend};
pub use gold::gold_panel;
pub use order::{append_to_worklists, late_worklist, worklist, worklists};
pub use strata::stratum_of;

/// A study drawn into a deck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The study.
    pub study: StudyId,
    /// Whether it was drawn as a label-positive; a control was drawn as a label-negative.
    pub label_positive: bool,
    /// How many were drawn from this member's arm of the frame.
    pub drawn: u32,
    /// How many the arm holds.
    pub frame: u32,
    /// Where patients were drawn and then one study of each: the patient's studies in the arm.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub of: u32,
    /// The stratum it was drawn from, where the draw was stratified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratum: Option<String>,
    /// Whether every reader of it reads it twice, unnoticed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub repeated: bool,
}

impl Member {
    /// The probability with which the study came into the deck.
    pub fn probability(&self) -> f64 {
        let units = f64::from(self.frame.max(1)) * f64::from(self.of.max(1));
        f64::from(self.drawn) / units
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The studies drawn to audit one finding, or the one sample of a relabelling or panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deck {
    /// The opaque id.
    pub id: DeckId,
    /// The finding that is asked; `None` asks all.
    pub finding: Option<String>,
    /// How many label-positives (or studies) the protocol asks for.
    pub planned: u32,
    /// The studies in drawing order, label-positives first.
    pub members: Vec<Member>,
}

impl Deck {
    /// Whether a reader can tell each study's label from the question alone.
    pub fn label_known(&self) -> bool {
        self.finding.is_some() && self.members.iter().all(|member| member.label_positive)
    }

    /// Number of label-positive members.
    pub fn label_positive(&self) -> usize {
        self.members.iter().filter(|member| member.label_positive).count()
    }
}

/// What could not be drawn as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    /// The finding, or `None` for the whole sample.
    pub finding: Option<String>,
    /// `label-positive`, `control`, `study`, `practice` or `exploration`.
    pub arm: String,
    /// How many the protocol asks for.
    pub planned: u32,
    /// How many there were.
    pub drawn: u32,
}

/// Everything that one draw decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The seed.
    pub seed: u64,
    /// Whether only studies with images could be drawn.
    pub limited_to_available: bool,
    /// Studies in the frame.
    pub frame_studies: u32,
    /// The decks, in reading order.
    pub decks: Vec<Deck>,
    /// Studies for exploration, by finding; none of them is in a deck.
    pub explore: BTreeMap<String, Vec<StudyId>>,
    /// What could not be drawn as planned.
    pub shortfall: Vec<Shortfall>,
    /// The readers whose majority is the reference; empty where that is everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gold: Vec<String>,
    /// Which studies could be drawn, where not all: bit `i % 8` of byte `i / 8`, in the order of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<StudySet>,
    /// Whether nothing was drawn here: the one deck is the studies that were read elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

/// A set of studies by their place in the order of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StudySet(pub Vec<u8>);

impl StudySet {
    /// The set of the places for which a rule holds, among the first so many.
    pub fn of(count: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut bytes = vec![0; count.div_ceil(8)];
        for place in (0..count).filter(|&place| holds(place)) {
            if let Some(byte) = bytes.get_mut(place / 8) {
                *byte |= 1 << (place % 8);
            }
        }
        Self(bytes)
    }

    /// Whether the study at that place belongs to it.
    pub fn contains(&self, place: usize) -> bool {
        self.0.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1)
    }
}

impl Sample {
    /// Whether a deck is for practice: that of such a finding, or, where every finding is asked, any but
    /// the first.
    pub fn is_practice(&self, protocol: &Protocol, deck: u32) -> bool {
        match self.decks.get(deck as usize).map(|deck| deck.finding.as_deref()) {
            Some(Some(id)) => protocol.findings.iter().any(|f| f.practice && f.id == id),
            Some(None) => 0 < deck,
            None => false,
        }
    }

    /// Studies of all decks, sorted by id.
    pub fn studies(&self) -> BTreeSet<StudyId> {
        self.decks.iter().flat_map(|deck| deck.members.iter().map(|m| m.study)).collect()
    }

    /// The number under which a reader knows a study: its 1-based place among all that is shown, by id.
    pub fn study_numbers(&self) -> HashMap<StudyId, u32> {
        let numbers = self.numbers().into_iter();
        numbers.filter(|((_, pass), _)| *pass == 1).map(|((study, _), n)| (study, n)).collect()
    }

    /// Numbers of studies by pass. A hidden repeat has a number of its own, in no special place:
    /// the same one would tell.
    pub fn numbers(&self) -> HashMap<(StudyId, u32), u32> {
        let members = self.decks.iter().flat_map(|deck| &deck.members);
        let repeated: BTreeSet<StudyId> =
            members.filter(|member| member.repeated).map(|member| member.study).collect();
        let first = self.studies().into_iter().map(|study| (study, study, 1));
        let second = repeated
            .into_iter()
            .map(|study| (StudyId::derive(&["repeat", &study.to_string()]), study, 2));
        let mut shown: Vec<(StudyId, StudyId, u32)> = first.chain(second).collect();
        shown.sort_unstable();
        shown.into_iter().zip(1..).map(|((_, study, pass), n)| ((study, pass), n)).collect()
    }
}

/// One row of a worklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The opaque id.
    pub id: ItemId,
    /// The study to be read.
    pub study: StudyId,
    /// Index of the deck in [`Sample::decks`].
    pub deck: u32,
    /// What it is read for.
    pub phase: Phase,
    /// 1 for the first reading, 2 for a hidden repeat.
    pub pass: u32,
    /// 0 for what was drawn first, higher for what later drawings added.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub batch: u32,
    /// What is asked in place of the deck's question; for adjudication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

/// Which part of the work an item belongs to. Each is done by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Practice, reading and hidden repeats.
    Reading,
    /// Settling disagreements.
    Adjudicating,
    /// Looking again, with the label.
    Reviewing,
}

impl Stage {
    /// The part of the work that is of this phase.
    pub fn of(phase: Phase) -> Self {
        match phase {
            Phase::Adjudicate => Self::Adjudicating,
            Phase::Review => Self::Reviewing,
            Phase::Practice | Phase::Explore | Phase::Read | Phase::Repeat => Self::Reading,
        }
    }
}

impl Item {
    /// Which part of the work it belongs to.
    pub fn stage(&self) -> Stage {
        Stage::of(self.phase)
    }
}

/// What one reader reads, in that reader's own stored order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worklist {
    /// The reader's pseudonym.
    pub reader: String,
    /// The items in reading order; those of a deck stand together, but for what was added later.
    pub items: Vec<Item>,
    /// Neighbours that had to stand closer than the protocol's gap.
    pub gap_violations: u32,
}

/// Why nothing could be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A finding of the protocol has no label in the dataset.
    #[error(
        "the protocol audits the label `{label}`, which the dataset does not have; its labels are: {known}"
    )]
    UnknownLabel {
        /// The label the protocol names.
        label: String,
        /// The labels the dataset has.
        known: String,
    },
    /// A stratum that the protocol names and nobody has.
    #[error(
        "the protocol expects a share for the stratum `{name}`, which no study is in; there are: {known}"
    )]
    UnknownStratum {
        /// The stratum the protocol names.
        name: String,
        /// The strata there are.
        known: String,
    },
    /// A gold panel that cannot be formed.
    #[error("{0}")]
    Gold(String),
    /// A deck that does not exist.
    #[error("there is no deck for `{name}`{meant}; there are: {known}")]
    NoDeck {
        /// As asked for.
        name: String,
        /// The one that was probably meant, as a question; empty where none is near.
        meant: String,
        /// The decks there are.
        known: String,
    },
    /// The same drawing does not give the same deck any more.
    #[error(
        "the random order of `{0}` cannot be continued: labels, protocol or images are not those of the first drawing"
    )]
    NotContinued(String),
    /// A reader who comes when all is divided.
    #[error(
        "the studies were divided among the readers when they were drawn, and no share is read by all: nothing is left for `{0}`"
    )]
    AllDivided(String),
    /// No study can be drawn at all.
    #[error("no study can be drawn: {0}")]
    Empty(String),
}
