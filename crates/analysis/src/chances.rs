//! With which probabilities the studies of a deck came into it, and what that allows to be said.

use std::collections::BTreeMap;
use std::sync::Arc;

use overread_core::protocol::{Allocation, Design, Finding, PerPatient, StratumKey};
use overread_core::sampling::{Deck, Sample, stratum_of};
use overread_core::{DatasetLabel, Study};

use crate::collect::{Unit, statement};
use crate::frame_values::FrameValues;
use crate::ground::Ground;
use crate::quality::{ONE_ARM, UNFINISHED};

/// Whether the studies of a deck stand for equally many of the dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chances {
    /// They do, within each arm where the draw was by label.
    Equal,
    /// They do not: plain figures of the sample are biased for the dataset.
    Unequal {
        /// Why, as a reason beside a figure.
        why: String,
        /// Studies of the frame by stratum of the draw and label; empty where they cannot serve as weights.
        cells: BTreeMap<(String, bool), u64>,
    },
}

/// What going over the frame of a question found.
#[derive(Clone, Debug)]
pub(crate) struct OfFrame {
    pub(crate) chances: Chances,
    /// The frame by attributes, where the draw was by label; otherwise why it was not counted.
    pub(crate) values: Arc<FrameValues>,
}

/// What was found before: unlike reads, draw and frame stay.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownChances(BTreeMap<(String, bool), OfFrame>);

impl KnownChances {
    /// Of the deck's question about a finding.
    pub(crate) fn of(
        &mut self,
        ground: &Ground<'_>,
        deck: &Deck,
        complete: bool,
        finding: &Finding,
        label: impl Fn(&Study) -> DatasetLabel + Copy,
    ) -> OfFrame {
        let found = self.0.entry((finding.id.clone(), complete));
        let find = || OfFrame {
            chances: Chances::of(ground, deck, complete, label),
            values: Arc::new(frame_values(ground, deck, complete, label)),
        };
        found.or_insert_with(find).clone()
    }
}

impl Chances {
    /// Of one question's deck. The frame is gone over only where weights are needed and the deck is `complete`.
    fn of(
        input: &Ground<'_>,
        deck: &Deck,
        complete: bool,
        label: impl Fn(&Study) -> DatasetLabel,
    ) -> Self {
        let Some(sample) = input.sample else { return Self::Equal };
        let frame = Frame { input, sample };
        if input.protocol.sampling.per_patient == PerPatient::One {
            if frame.one_study_each(deck, label) {
                return Self::Equal;
            }
            let why = "patients were drawn, then one study of each: studies were drawn with unequal probabilities";
            return Self::Unequal { why: why.to_owned(), cells: BTreeMap::new() };
        }
        if input.protocol.design == Design::Verify || frame.in_proportion(deck) {
            return Self::Equal;
        }
        let allocation = match input.protocol.sampling.allocation {
            Allocation::Proportional => "proportional",
            Allocation::Equal => "equal",
            Allocation::Neyman => "Neyman",
        };
        let why = format!(
            "studies were drawn with unequal probabilities (stratified, {allocation} allocation)"
        );
        let cells = if complete { frame.cells(deck, label) } else { BTreeMap::new() };
        Self::Unequal { why, cells }
    }

    /// Why plain figures do not hold, where they do not.
    pub(crate) fn unequal(&self) -> Option<&str> {
        match self {
            Self::Equal => None,
            Self::Unequal { why, .. } => Some(why),
        }
    }

    /// The same of the studies with one value of an attribute: strata made by that attribute alone hold equal chances.
    pub(crate) fn unequal_among(
        &self,
        input: &Ground<'_>,
        attribute: &str,
        units: &[&Unit<'_>],
    ) -> Option<&str> {
        let divided = match input.protocol.sampling.stratify.as_slice() {
            [StratumKey::Region] => attribute == "region",
            [StratumKey::Sex] => attribute == "sex",
            [StratumKey::View] => attribute == "view position",
            [StratumKey::GreyLevels] => attribute == "grey levels",
            _ => false,
        };
        let mut strata: Vec<Option<&str>> = units.iter().map(|unit| unit.stratum).collect();
        strata.dedup();
        let any_study = input.protocol.sampling.per_patient != PerPatient::One;
        let one = divided && any_study && strata.len() == 1;
        self.unequal().filter(|_| !one)
    }
}

/// The frame of a deck with controls by attributes; gone over once the deck is complete.
fn frame_values(
    ground: &Ground<'_>,
    deck: &Deck,
    complete: bool,
    label: impl Fn(&Study) -> DatasetLabel,
) -> FrameValues {
    let held = [true, false].map(|positive| {
        let member = deck.members.iter().find(|member| member.label_positive == positive);
        member.map(|member| u64::from(member.frame))
    });
    let Some(sample) = ground.sample.filter(|_| ground.by_label() && complete) else {
        return FrameValues::refused(UNFINISHED);
    };
    if held.contains(&None) {
        return FrameValues::refused(ONE_ARM);
    }
    let stated = |study: &Study| statement(label(study));
    let codes = ground.counted.codes(ground.dataset);
    FrameValues::count(codes, Frame { input: ground, sample }.places(), stated, held)
}

/// Drawn and held, by stratum.
fn arms(deck: &Deck) -> BTreeMap<Option<&str>, (u64, u64)> {
    let arm = |m: &overread_core::Member| (u64::from(m.drawn), u64::from(m.frame));
    deck.members.iter().map(|m| (m.stratum.as_deref(), arm(m))).collect()
}

struct Frame<'a> {
    input: &'a Ground<'a>,
    sample: &'a Sample,
}

impl Frame<'_> {
    fn studies(&self) -> impl Iterator<Item = &Study> {
        self.places().map(|(_, study)| study)
    }

    /// With their places in the dataset.
    fn places(&self) -> impl Iterator<Item = (usize, &Study)> {
        let drawable = |place| self.sample.frame.as_ref().is_none_or(|set| set.contains(place));
        let studies = self.input.dataset.studies.iter().enumerate();
        studies.filter(move |(place, _)| drawable(*place))
    }

    /// Whether every stratum gave its share of the frame to the study: then only rounding tells probabilities apart.
    fn in_proportion(&self, deck: &Deck) -> bool {
        let arms = arms(deck);
        if arms.len() <= 1 && !arms.keys().any(Option::is_some) {
            return true;
        }
        let (drawn, held) = arms.values().fold((0, 0), |(n, m), (d, h)| (n + d, m + h));
        // |d − h·drawn/held| < 1, in whole numbers; a stratum that nothing was drawn from is missing in `held`.
        let rounded = |(d, h): &(u64, u64)| (d * held).abs_diff(h * drawn) < held;
        held == u64::from(self.sample.frame_studies) && arms.values().all(rounded)
    }

    /// Whether no patient of the frame has two studies to choose from.
    fn one_study_each(&self, deck: &Deck, label: impl Fn(&Study) -> DatasetLabel) -> bool {
        if self.input.protocol.design != Design::Verify {
            let patients: u64 = arms(deck).values().map(|(_, held)| held).sum();
            return patients == u64::from(self.sample.frame_studies) && self.in_proportion(deck);
        }
        [(true, DatasetLabel::Positive), (false, DatasetLabel::Negative)].iter().all(
            |&(positive, wanted)| {
                let member = deck.members.iter().find(|m| m.label_positive == positive);
                member.is_none_or(|member| {
                    let studies = self.studies().filter(|study| label(study) == wanted).count();
                    studies as u64 == u64::from(member.frame)
                })
            },
        )
    }

    /// Studies with a stated label by stratum; empty where the strata are no longer those of the draw.
    fn cells(
        &self,
        deck: &Deck,
        label: impl Fn(&Study) -> DatasetLabel,
    ) -> BTreeMap<(String, bool), u64> {
        let (mut cells, mut sizes) = (BTreeMap::new(), BTreeMap::new());
        for study in self.studies() {
            let stratum =
                stratum_of(self.input.dataset, study, &self.input.protocol.sampling.stratify);
            *sizes.entry(stratum.clone()).or_insert(0_u64) += 1;
            let Some(stated) = statement(label(study)) else { continue };
            *cells.entry((stratum, stated)).or_insert(0_u64) += 1;
        }
        let as_drawn = arms(deck).iter().all(|(stratum, (_, held))| {
            stratum.is_some_and(|stratum| sizes.get(stratum) == Some(held))
        });
        if as_drawn { cells } else { BTreeMap::new() }
    }
}
