//! How a figure ran while its deck grew.

use overread_core::DatasetLabel;
use serde::Serialize;

use crate::collect::{Collected, Question};
use crate::figure::{Figure, RuleRef, Trial, share};
use crate::gather::Fate;
use crate::ground::Ground;
use crate::input::Options;

/// The PPV after so many reads of the deck.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunningPoint {
    /// Settled reads of the deck, those without a level included.
    pub reads: u64,
    /// The PPV with its confidence sequence.
    pub ppv: Figure,
}

/// The running PPV of one finding under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Running {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// Index of the deck.
    pub deck: u32,
    /// Name of the rule.
    pub rule: String,
    /// Studies of the deck.
    pub planned: u64,
    /// Reads that may be used so far.
    pub reads: u64,
    /// Reads held back by the release policy.
    pub held_back: u64,
    /// Whether the planned number was reached.
    pub complete: bool,
    /// One point per step, and one for the last read.
    pub points: Vec<RunningPoint>,
}

/// Running PPVs; only where one reader is the reference, since several readers have no common order.
pub(crate) fn running(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<Running> {
    if collected.readers.len() != 1 || options.running_step == 0 {
        return Vec::new();
    }
    let mut out = Vec::new();
    for question in collected.questions.iter().filter(|q| q.labelled) {
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            out.push(run(options, collected, question, rule.threshold, &id));
        }
    }
    out
}

fn run(
    options: &Options,
    collected: &Collected<'_>,
    question: &Question<'_>,
    threshold: overread_core::Level,
    rule: &RuleRef,
) -> Running {
    let held_back = collected.items.iter().filter(|i| i.fate == Fate::HeldBack).count() as u64;
    let reads = collected.items.iter().filter(|i| i.is_read()).count() as u64 - held_back;
    let mut steps: Vec<u64> =
        (1..=reads / options.running_step).map(|step| step * options.running_step).collect();
    if reads > 0 && steps.last() != Some(&reads) {
        steps.push(reads);
    }
    let trials: Vec<(u64, Trial)> = question
        .units
        .iter()
        .filter(|unit| unit.label == DatasetLabel::Positive)
        .filter_map(|unit| {
            let success = unit.reference(threshold)?;
            Some((unit.rank(), Trial { patient: unit.study.patient, success }))
        })
        .collect();
    let points = steps
        .into_iter()
        .map(|reads| {
            let seen: Vec<Trial> =
                trials.iter().filter(|(rank, _)| *rank <= reads).map(|(_, t)| *t).collect();
            let ppv = share("ppv", Some(rule), &seen, false, options.stats_level());
            let ppv = match question.chances.unequal() {
                Some(why) if 0 < ppv.n => ppv.withheld(why),
                _ => ppv,
            };
            RunningPoint { reads, ppv }
        })
        .collect();
    Running {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        deck: question.deck_index,
        rule: rule.name.clone(),
        planned: question.units.len() as u64,
        reads,
        held_back,
        complete: question.complete,
        points,
    }
}
