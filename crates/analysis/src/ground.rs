//! What an analysis rests on beside the reads: it stays while one read follows another.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use overread_core::protocol::Design;
use overread_core::{Dataset, Protocol, ReaderRecord, Sample, Study};

use crate::dataset::{AttributeRow, DatasetSummary, sample_against_dataset};
use crate::flow::Exclusions;
use crate::frame_values::ValueCodes;
use crate::input::Input;
use crate::practice::Audited;
use crate::scores::ModelScores;

/// Dataset, protocol, draw and scores, without what readers answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) protocol: &'a Protocol,
    pub(crate) sample: Option<&'a Sample>,
    pub(crate) scores: &'a [ModelScores],
    pub(crate) gold: &'a [String],
    pub(crate) counted: &'a Counted,
}

impl<'a> Ground<'a> {
    /// The ground of an input, without its practice decks where `audited` is what is left of it.
    pub(crate) fn new(
        input: &Input<'a>,
        audited: Option<&'a Audited>,
        counted: &'a Counted,
    ) -> Self {
        Self {
            dataset: input.dataset,
            protocol: audited.map_or(input.protocol, |audited| &audited.protocol),
            sample: match audited {
                Some(audited) => audited.sample.as_ref(),
                None => input.sample,
            },
            scores: input.scores,
            gold: input.gold,
            counted,
        }
    }

    /// Whether studies were drawn by their label: then the sample is not like the dataset.
    pub(crate) fn by_label(&self) -> bool {
        self.protocol.design == Design::Verify && !self.elsewhere()
    }

    /// Whether nothing was drawn here, so that nobody knows what the studies stand for.
    pub(crate) fn elsewhere(&self) -> bool {
        self.sample.is_some_and(|sample| sample.elsewhere)
    }

    /// The drawn decks; none before anything was drawn.
    pub(crate) fn decks(&self) -> &'a [overread_core::Deck] {
        self.sample.map_or(&[], |sample| &sample.decks)
    }

    /// The studies of one deck in the order of its members; `None` where the dataset does not hold one.
    pub(crate) fn members(&self, deck: u32) -> impl Iterator<Item = Option<&'a Study>> + use<'a> {
        let places = self.counted.places.get(deck as usize);
        let studies = &self.dataset.studies;
        places.into_iter().flatten().map(move |place| place.and_then(|place| studies.get(place)))
    }

    /// Whether any item of a reader is in a deck that counts.
    pub(crate) fn counts(&self, deck: u32) -> bool {
        !self.counted.reduced || (deck as usize) < self.decks().len()
    }

    /// Readers who have something to read.
    pub(crate) fn reading<'r>(&self, readers: &'r [ReaderRecord]) -> Vec<&'r ReaderRecord> {
        let reads = |item: &overread_core::Item| {
            item.phase == overread_core::Phase::Read && self.counts(item.deck)
        };
        readers.iter().filter(|reader| reader.worklist.items.iter().any(reads)).collect()
    }
}

/// What was counted once of the dataset and of the draw.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) summary: Arc<DatasetSummary>,
    /// Where in the dataset the members of each deck are.
    places: Vec<Vec<Option<usize>>>,
    /// Whether practice decks were left out, so that items of other decks than those of the sample do not count.
    reduced: bool,
    /// The flow of studies up to the drawing.
    pub(crate) drawn: Exclusions,
    beside: OnceLock<Vec<AttributeRow>>,
    codes: OnceLock<ValueCodes>,
}

impl Counted {
    pub(crate) fn new(input: &Input<'_>, audited: Option<&Audited>) -> Self {
        let summary =
            input.summary.clone().unwrap_or_else(|| Arc::new(DatasetSummary::new(input.dataset)));
        let sample = match audited {
            Some(audited) => audited.sample.as_ref(),
            None => input.sample,
        };
        let decks = sample.map_or(&[][..], |sample| &sample.decks);
        let places: Vec<Vec<Option<usize>>> = decks
            .iter()
            .map(|deck| {
                let place =
                    |member: &overread_core::Member| input.dataset.study_index(member.study);
                deck.members.iter().map(place).collect()
            })
            .collect();
        let patients: BTreeSet<u32> = places
            .iter()
            .flatten()
            .filter_map(|place| place.and_then(|place| input.dataset.studies.get(place)))
            .map(|study| study.patient)
            .collect();
        Self {
            drawn: Exclusions::of_draw(&summary, sample, patients.len() as u64),
            summary,
            places,
            reduced: audited.is_some(),
            beside: OnceLock::new(),
            codes: OnceLock::new(),
        }
    }

    /// The value of every attribute of every study; gone over where a frame has to be counted.
    pub(crate) fn codes(&self, dataset: &Dataset) -> &ValueCodes {
        self.codes.get_or_init(|| ValueCodes::new(dataset, &self.summary.per_patient))
    }

    /// The drawn studies beside the dataset.
    pub(crate) fn beside(&self, ground: &Ground<'_>) -> Vec<AttributeRow> {
        let count = || {
            if ground.sample.is_none() {
                return Vec::new();
            }
            let mut places: Vec<usize> = self.places.iter().flatten().copied().flatten().collect();
            places.sort_unstable();
            places.dedup();
            let studies = places.into_iter().filter_map(|place| ground.dataset.studies.get(place));
            sample_against_dataset(&studies.collect::<Vec<_>>(), &self.summary)
        };
        self.beside.get_or_init(count).clone()
    }
}
