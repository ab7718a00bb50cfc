//! What an analysis is made from, and how.

use std::collections::BTreeMap;
use std::sync::Arc;

use overread_core::{Dataset, Protocol, ReaderRecord, Sample};
use overread_stats::Level;
use overread_stats::bootstrap::Resampling;
use serde::Serialize;

use crate::dataset::DatasetSummary;
use crate::scores::ModelScores;

/// Everything an analysis is a function of.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The dataset under audit.
    pub dataset: &'a Dataset,
    /// The dataset section, when it was computed before; `None` computes it.
    pub summary: Option<Arc<DatasetSummary>>,
    /// The protocol that holds.
    pub protocol: &'a Protocol,
    /// What was drawn, once it was.
    pub sample: Option<&'a Sample>,
    /// Readers with their worklists and answers.
    pub readers: &'a [ReaderRecord],
    /// Scores of models.
    pub scores: &'a [ModelScores],
    /// Readers of the gold panel that the protocol declares; empty where it declares none.
    pub gold: &'a [String],
    /// Where the inputs come from.
    pub provenance: Provenance,
}

/// A label file as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// File name without folders.
    pub name: String,
    /// Bytes as read.
    pub bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
}

/// The end of one event chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainHead {
    /// Which chain.
    pub chain: String,
    /// How many events it holds.
    pub events: u64,
    /// Hash of its last event.
    pub head: String,
}

/// Input hashes, chain heads, version and date; nothing of it is measured by the analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The label files.
    pub files: Vec<SourceFile>,
    /// The event chains.
    #[serde(skip)]
    pub heads: Vec<ChainHead>,
    /// What does not fit in the event chains, or which page cannot be read; `None` where the heads verify.
    pub damage: Option<String>,
    /// Version of the program.
    pub program: String,
    /// When the data were cut, from the project: `2026-03-20 16:00 UTC`.
    pub data_cut: String,
}

/// How many settled reads of each deck may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Visible {
    /// All of them.
    #[default]
    All,
    /// The first so many of each deck, by deck index; none of a deck that is not named.
    First(BTreeMap<u32, u64>),
}

impl Visible {
    pub(crate) fn limit(&self, deck: u32) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::First(limits) => limits.get(&deck).copied().unwrap_or(0),
        }
    }
}

/// How an analysis is made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Options {
    /// Confidence level of every interval.
    pub level: f64,
    /// Whether a standing answer that has not settled yet counts: the log has ended.
    pub settle_all: bool,
    /// Only this reader's answers, who is then the reference.
    pub reader: Option<String>,
    /// Only these decks, by index; the drawn studies are then not compared with the dataset.
    pub decks: Option<Vec<u32>>,
    /// How many reads may be used.
    pub visible: Visible,
    /// Least number of studies inside and outside a stratum for an alarm.
    pub minimum_support: u64,
    /// Reads between two points of the running view.
    pub running_step: u64,
    /// Bootstrap replicates over patients for agreement; 0 for none.
    pub bootstrap_reps: u64,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Whether pairs of strata are tried as well; they enlarge the family of tests.
    pub pairs_of_strata: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 0.95,
            settle_all: false,
            reader: None,
            decks: None,
            visible: Visible::All,
            minimum_support: 5,
            running_step: 10,
            bootstrap_reps: 0,
            seed: Resampling::default().seed,
            pairs_of_strata: false,
        }
    }
}

impl Options {
    /// The level as the statistics take it; 95 % where the stated one is none.
    pub(crate) fn stats_level(&self) -> Level {
        Level::new(self.level).unwrap_or(Level::P95)
    }

    /// How the bootstrap is made; `None` for none.
    pub(crate) fn resampling(&self) -> Option<Resampling> {
        (0 < self.bootstrap_reps)
            .then_some(Resampling { reps: self.bootstrap_reps, seed: self.seed })
    }

    /// What of these the figures of one deck can depend on beside its reads; readers, decks and how much of them may be
    /// seen were heeded when the reads were gathered.
    pub(crate) fn within_deck(&self) -> Self {
        Self { reader: None, decks: None, visible: Visible::All, settle_all: false, ..self.clone() }
    }

    pub(crate) fn takes_deck(&self, deck: u32) -> bool {
        self.decks.as_ref().is_none_or(|decks| decks.contains(&deck))
    }
}
