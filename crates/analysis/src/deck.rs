//! Everything that rests on the reads of one deck alone.

use overread_core::Deck;

use crate::agreement::{PairAgreement, against_label, agreement};
use crate::by_stratum::{PathologyQuality, StratumQuality, by_pathology, by_stratum};
use crate::chances::KnownChances;
use crate::collect::collect;
use crate::conduct::{OwnAnswers, own_answers};
use crate::consensus::{Consensus, consensus};
use crate::flow::{ItemFlow, NoAnswers, no_answers};
use crate::gather::DeckReads;
use crate::gold_table::{GoldRow, gold_table};
use crate::ground::Ground;
use crate::input::Options;
use crate::panel::{PanelAgreement, panels};
use crate::quality::{FindingQuality, label_quality_of};
use crate::repeatability::{DriftRow, drifts};
use crate::review::{Review, review};
use crate::rules::{RulePair, compare_rules};
use crate::running::{Running, running};
use crate::scores::{Scores, scores};
use crate::splits::{LeaveOneOut, SplitAgreement, leave_one_out, splits};
use crate::strata::{StratumRow, strata};

/// A row of a reader, by the reader's place.
pub(crate) type OfReader<T> = (usize, T);

/// The figures of one deck, before anything that other decks have a say in.
#[derive(Clone, Debug)]
pub(crate) struct DeckFigures {
    pub(crate) label_quality: Vec<FindingQuality>,
    pub(crate) rules: Vec<RulePair>,
    pub(crate) strata: Vec<StratumRow>,
    pub(crate) running: Vec<Running>,
    pub(crate) agreement: Vec<PairAgreement>,
    pub(crate) against_label: Vec<PairAgreement>,
    pub(crate) panel: Vec<PanelAgreement>,
    pub(crate) splits: Vec<SplitAgreement>,
    pub(crate) leave_one_out: Vec<LeaveOneOut>,
    pub(crate) gold: Vec<GoldRow>,
    pub(crate) consensus: Vec<Consensus>,
    pub(crate) drift: Vec<OfReader<DriftRow>>,
    pub(crate) scores: Scores,
    pub(crate) review: Vec<OfReader<Review>>,
    pub(crate) by_stratum: Vec<StratumQuality>,
    pub(crate) by_pathology: Vec<PathologyQuality>,
    pub(crate) no_answers: Vec<NoAnswers>,
    /// Questions on studies that an adjudicator decided.
    pub(crate) adjudicated: usize,
    /// Why the draw gave unequal chances, where it did.
    pub(crate) unequal: Option<String>,
}

impl DeckFigures {
    /// Computes them; `options` are those of [`Options::within_deck`].
    pub(crate) fn new(
        ground: &Ground<'_>,
        options: &Options,
        readers: &[&str],
        deck: (u32, &Deck),
        reads: &DeckReads<'_>,
        chances: &mut KnownChances,
    ) -> Self {
        let collected = &collect(ground, readers, deck, reads, chances);
        let summary = &ground.counted.summary;
        // The strata take about as long as all the rest.
        let (strata, rest) = rayon::join(
            || strata(ground, options, summary, collected),
            || Self {
                label_quality: label_quality_of(ground, options, collected),
                rules: compare_rules(ground, options, collected),
                strata: Vec::new(),
                running: running(ground, options, collected),
                agreement: agreement(ground, options, collected),
                against_label: against_label(ground, options, collected),
                panel: panels(ground, options, collected),
                splits: splits(ground, options, collected),
                leave_one_out: leave_one_out(ground, options, collected),
                gold: gold_table(ground, options, summary, collected),
                consensus: consensus(ground, collected),
                drift: drifts(ground, collected),
                scores: scores(ground, options, collected),
                review: review(collected, deck.1, &reads.looks),
                by_stratum: by_stratum(ground, options, summary, collected),
                by_pathology: by_pathology(ground, options, collected),
                no_answers: collected.questions.iter().map(no_answers).collect(),
                adjudicated: collected
                    .questions
                    .iter()
                    .flat_map(|question| &question.units)
                    .filter(|unit| unit.adjudicated.is_some())
                    .count(),
                unequal: collected
                    .questions
                    .iter()
                    .find_map(|question| question.chances.unequal())
                    .map(str::to_owned),
            },
        );
        Self { strata, ..rest }
    }
}

/// How far the reading of one deck went; changes with every key press.
#[derive(Clone, Debug)]
pub(crate) struct DeckCourse {
    pub(crate) own: Vec<OfReader<OwnAnswers>>,
    pub(crate) flow: ItemFlow,
}

impl DeckCourse {
    pub(crate) fn new(
        ground: &Ground<'_>,
        readers: &[&str],
        deck: (u32, &Deck),
        reads: &DeckReads<'_>,
    ) -> Self {
        Self { own: own_answers(ground, readers, deck, reads), flow: ItemFlow::of(&reads.items) }
    }
}
