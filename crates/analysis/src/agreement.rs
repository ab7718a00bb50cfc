//! Agreement of readers who read the same studies.

use overread_core::Level;
use overread_stats::Interval;
use overread_stats::two_rater::two_rater;
use serde::Serialize;

use crate::collect::{Collected, Question};
use crate::figure::{Count, RuleRef};
use crate::input::{Input, Options};

/// Two readers on one finding under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairAgreement {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// First reader.
    pub first: String,
    /// Second reader.
    pub second: String,
    /// Studies on which they agree, of those both decided.
    pub agreed: Count,
    /// Patients these studies come from.
    pub patients: u64,
    /// Both positive.
    pub both_positive: u64,
    /// Positive by the first only.
    pub first_only: u64,
    /// Positive by the second only.
    pub second_only: u64,
    /// Both negative.
    pub both_negative: u64,
    /// Observed agreement.
    pub observed: Option<f64>,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// How the interval was made.
    pub method: &'static str,
    /// Whether kappa is ±1 and the interval a point.
    pub degenerate: bool,
    /// Gwet's AC1.
    pub ac1: Option<f64>,
    /// Agreement on positive studies.
    pub positive_agreement: Option<f64>,
    /// Agreement on negative studies.
    pub negative_agreement: Option<f64>,
    /// Why kappa is missing.
    pub reason: Option<String>,
}

/// Every pair of readers who have studies in common, per finding and rule.
pub(crate) fn agreement(
    input: &Input<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<PairAgreement> {
    let mut out = Vec::new();
    let readers = collected.readers.len();
    for question in &collected.questions {
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            for first in 0..readers {
                for second in first + 1..readers {
                    let pair = (first, second);
                    out.extend(compare(options, collected, question, rule.threshold, &id, pair));
                }
            }
        }
    }
    out
}

fn compare(
    options: &Options,
    collected: &Collected<'_>,
    question: &Question<'_>,
    threshold: Level,
    rule: &RuleRef,
    (first, second): (usize, usize),
) -> Option<PairAgreement> {
    let [mut a, mut b, mut c, mut d] = [0_u64; 4];
    let mut patients = Vec::new();
    for unit in &question.units {
        let by = |reader| {
            let mark = unit.marks.iter().find(|mark| mark.reader == reader)?;
            mark.answer.level().map(|level| level.meets(threshold))
        };
        let (Some(x), Some(y)) = (by(first), by(second)) else { continue };
        patients.push(unit.study.patient);
        match (x, y) {
            (true, true) => a += 1,
            (true, false) => b += 1,
            (false, true) => c += 1,
            (false, false) => d += 1,
        }
    }
    patients.sort_unstable();
    patients.dedup();
    let n = a + b + c + d;
    if n == 0 {
        return None;
    }
    let table = [vec![d, c], vec![b, a]];
    let both = two_rater(&table, false, options.stats_level());
    let result = both.kappa;
    Some(PairAgreement {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        rule: rule.clone(),
        first: collected.readers.get(first)?.name.clone(),
        second: collected.readers.get(second)?.name.clone(),
        agreed: Count { x: a + d, n },
        patients: patients.len() as u64,
        both_positive: a,
        first_only: b,
        second_only: c,
        both_negative: d,
        observed: result.po,
        kappa: result.kappa,
        interval: result.ci_fce,
        method: if result.ci_fce.is_some() { "Fleiss–Cohen–Everitt" } else { "none" },
        degenerate: result.is_degenerate(),
        ac1: both.gwet_ac1.est,
        positive_agreement: both.binary.and_then(|b| b.positive_agreement.est),
        negative_agreement: both.binary.and_then(|b| b.negative_agreement.est),
        reason: result.reason.map(|reason| reason.to_string()),
    })
}
