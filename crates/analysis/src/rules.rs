//! One rule against another on the same studies.

use overread_core::DatasetLabel;
use overread_stats::Interval;
use overread_stats::multiplicity::holm;
use overread_stats::paired::{mcnemar, paired_difference};
use serde::Serialize;

use crate::collect::{Collected, Question};
use crate::figure::Count;
use crate::ground::Ground;
use crate::input::Options;

/// Two rules on the studies of one finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulePair {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The more permissive rule.
    pub first: String,
    /// The stricter rule.
    pub second: String,
    /// Positive under the first.
    pub first_count: Count,
    /// Positive under the second.
    pub second_count: Count,
    /// Positive under the first only.
    pub first_only: u64,
    /// Positive under the second only; the scale makes it impossible, and it is counted as a check.
    pub second_only: u64,
    /// First minus second.
    pub difference: Option<f64>,
    /// Newcombe's paired interval.
    pub interval: Option<Interval>,
    /// Exact `McNemar` p-value, at the planned number only.
    pub p: Option<f64>,
    /// Holm-adjusted over the findings.
    pub holm_p: Option<f64>,
    /// Why something is missing.
    pub reason: Option<String>,
}

/// The comparison over all findings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleComparison {
    /// Rows in the order of the protocol.
    pub rows: Vec<RulePair>,
    /// Tests in the family that Holm's correction is over.
    pub family: u64,
    /// Which studies are compared.
    pub basis: &'static str,
}

/// Compares each rule with the next stricter one among the label-positives of a deck; [`adjust`] completes the rows.
pub(crate) fn compare_rules(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<RulePair> {
    let mut rows: Vec<RulePair> = Vec::new();
    for question in collected.questions.iter().filter(|q| q.labelled) {
        for pair in input.protocol.rules.windows(2) {
            if let [first, second] = pair {
                rows.push(compare(options, question, first, second));
            }
        }
    }
    rows
}

/// Holm's correction over the rows of all decks.
pub(crate) fn adjust(mut rows: Vec<RulePair>) -> RuleComparison {
    let adjusted = holm(&rows.iter().map(|row| row.p).collect::<Vec<_>>());
    let family = rows.iter().filter(|row| row.p.is_some()).count() as u64;
    for (row, p) in rows.iter_mut().zip(adjusted) {
        row.holm_p = p;
    }
    RuleComparison { rows, family, basis: "label-positive studies decided under both rules" }
}

fn compare(
    options: &Options,
    question: &Question<'_>,
    first: &overread_core::protocol::Rule,
    second: &overread_core::protocol::Rule,
) -> RulePair {
    let (mut both, mut first_only, mut second_only, mut neither) = (0, 0, 0, 0);
    for unit in question.units.iter().filter(|u| u.label == DatasetLabel::Positive) {
        match (unit.reference(first.threshold), unit.reference(second.threshold)) {
            (Some(true), Some(true)) => both += 1,
            (Some(true), Some(false)) => first_only += 1,
            (Some(false), Some(true)) => second_only += 1,
            (Some(false), Some(false)) => neither += 1,
            _ => {}
        }
    }
    let n = both + first_only + second_only + neither;
    let mut row = RulePair {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        first: first.name.clone(),
        second: second.name.clone(),
        first_count: Count { x: both + first_only, n },
        second_count: Count { x: both + second_only, n },
        first_only,
        second_only,
        difference: None,
        interval: None,
        p: None,
        holm_p: None,
        reason: None,
    };
    if let Some(why) = question.chances.unequal().filter(|_| 0 < n) {
        row.reason = Some(why.to_owned());
        return row;
    }
    let level = options.stats_level();
    let difference = paired_difference(both, first_only, second_only, neither, level);
    row.difference = difference.diff;
    if n == 0 {
        row.reason = Some("no study that counts was read".to_owned());
    } else if question.complete {
        row.interval = difference.newcombe;
        row.p = Some(mcnemar(first_only, second_only).exact_p);
    } else {
        row.reason = Some(
            "the deck is unfinished: interval and test are made once, at the planned number"
                .to_owned(),
        );
    }
    row
}
