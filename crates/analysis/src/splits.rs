//! Readers, models and the dataset label against the majority of others: over every possible gold panel, and each
//! reader against the rest.

use overread_core::Level;
use overread_stats::Interval;
use overread_stats::consensus::combinations;
use overread_stats::kappa::{Weights, kappa};
use serde::Serialize;

use crate::collect::{Collected, Question, Unit};
use crate::figure::{Count, RuleRef, with_width};
use crate::ground::Ground;
use crate::input::Options;
use crate::scores::ModelScores;

/// Kappa against one gold panel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PanelKappa {
    /// Who the panel is.
    pub gold: Vec<String>,
    /// Studies decided by the panel and by who is compared with it.
    pub n: u64,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
}

/// One rater against every panel that does not contain it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitAgreement {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// Who: a reader, a model, or `dataset`.
    pub rater: String,
    /// `reader`, `model` or `dataset`.
    pub kind: &'static str,
    /// Readers in each panel.
    pub gold_size: u64,
    /// Whether the studies were drawn by label or with unequal probabilities: then the figures describe the sample, not the dataset.
    pub sample_value: bool,
    /// Every panel, in order of the readers.
    pub panels: Vec<PanelKappa>,
    /// Median of the defined kappas.
    pub median: Option<f64>,
    /// Their range; not an interval.
    pub range: Option<Interval>,
    /// Against the panel that the protocol declares, where the rater is not in it.
    pub declared: Option<PanelKappa>,
}

/// One reader against the majority of all others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeaveOneOut {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// The reader, or `dataset`.
    pub rater: String,
    /// Studies on which they agree.
    pub agreed: Count,
    /// Studies left out because the others are evenly divided.
    pub tied: u64,
    /// Positive by the rater, of those the majority calls positive.
    pub sensitivity: Count,
    /// Negative by the rater, of those the majority calls negative.
    pub specificity: Count,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
    /// Its interval; none where its standard error is 0.
    pub interval: Option<Interval>,
    /// Whether the studies were drawn by label or with unequal probabilities: then the figures describe the sample, not the dataset.
    pub sample_value: bool,
    /// Why there is no kappa.
    pub reason: Option<String>,
}

/// Who can be compared with a panel of readers.
pub(crate) enum Rater<'a> {
    Reader(usize, &'a str),
    Dataset,
    Model(&'a ModelScores),
}

impl Rater<'_> {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Reader(_, name) => name,
            Self::Model(model) => &model.model,
            Self::Dataset => "dataset",
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Reader(..) => "reader",
            Self::Dataset => "dataset",
            Self::Model(..) => "model",
        }
    }

    pub(crate) fn says(&self, unit: &Unit<'_>, threshold: Level) -> Option<bool> {
        match self {
            Self::Reader(index, _) => unit.by(*index).map(|level| level.meets(threshold)),
            Self::Dataset => unit.stated_label(),
            Self::Model(model) => {
                model.scores.get(&unit.study.id).map(|score| *score > model.threshold)
            }
        }
    }
}

/// Rows: the rater; columns: the majority; negative first.
type Table = [[u64; 2]; 2];

fn as_rows(table: Table) -> Vec<Vec<u64>> {
    table.iter().map(|row| row.to_vec()).collect()
}

fn total(table: Table) -> u64 {
    table.iter().flatten().sum()
}

/// Panels above which the spread is not computed.
const MOST_PANELS: usize = 5_000;

/// The size of gold panels: the declared one, else three of at least four readers.
fn gold_size(readers: usize, declared: Option<usize>) -> Option<usize> {
    let size = declared.unwrap_or(3);
    (size % 2 == 1 && size < readers).then_some(size)
}

/// Every split of every question.
pub(crate) fn splits(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<SplitAgreement> {
    let readers = collected.readers.len();
    let declared = collected.gold.as_deref();
    let Some(size) = gold_size(readers, declared.map(<[usize]>::len)) else {
        return Vec::new();
    };
    let panels = combinations(readers, size);
    if MOST_PANELS < panels.len() {
        return Vec::new();
    }
    let mut out = Vec::new();
    for question in &collected.questions {
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            for rater in raters(input, collected, question) {
                let split = split(
                    (input, options),
                    collected,
                    question,
                    (rule.threshold, &id),
                    &rater,
                    (&panels, declared),
                );
                out.extend(split);
            }
        }
    }
    out
}

pub(crate) fn raters<'a>(
    input: &'a Ground<'_>,
    collected: &'a Collected<'_>,
    question: &Question<'_>,
) -> Vec<Rater<'a>> {
    let mut out: Vec<Rater<'a>> = collected
        .readers
        .iter()
        .enumerate()
        .map(|(index, reader)| Rater::Reader(index, reader))
        .collect();
    // In a deck of label-positives alone the label is a constant; where studies were drawn with unequal
    // probabilities its agreement with a panel would not describe the dataset.
    let described = question.chances.unequal().is_none();
    if question.labelled && !question.deck.label_known() && described {
        out.push(Rater::Dataset);
    }
    out.extend(crate::scores::model_raters(input, question));
    out
}

fn split(
    (input, options): (&Ground<'_>, &Options),
    collected: &Collected<'_>,
    question: &Question<'_>,
    (threshold, rule): (Level, &RuleRef),
    rater: &Rater<'_>,
    (panels, declared): (&[Vec<usize>], Option<&[usize]>),
) -> Option<SplitAgreement> {
    let against = |panel: &[usize]| -> Option<PanelKappa> {
        if let Rater::Reader(index, _) = rater
            && panel.contains(index)
        {
            return None;
        }
        let mut table = Table::default();
        for unit in &question.units {
            if let (Some(gold), Some(own)) =
                (unit.majority_among(panel, threshold), rater.says(unit, threshold))
            {
                table[usize::from(own)][usize::from(gold)] += 1;
            }
        }
        let n = total(table);
        (0 < n).then(|| PanelKappa {
            gold: panel
                .iter()
                .filter_map(|i| collected.readers.get(*i))
                .map(|name| (*name).to_owned())
                .collect(),
            n,
            kappa: kappa(&as_rows(table), Weights::Identity, options.stats_level()).kappa,
        })
    };
    let found: Vec<PanelKappa> = panels.iter().filter_map(|panel| against(panel)).collect();
    let mut values: Vec<f64> = found.iter().filter_map(|p| p.kappa).collect();
    values.sort_by(f64::total_cmp);
    let first = found.first()?;
    Some(SplitAgreement {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        rule: rule.clone(),
        rater: rater.name().to_owned(),
        kind: rater.kind(),
        gold_size: first.gold.len() as u64,
        sample_value: question.describes_sample(input),
        median: overread_stats::bootstrap::quantile(&values, 0.5),
        range: values.first().zip(values.last()).map(|(low, high)| Interval::new(*low, *high)),
        declared: declared.and_then(against),
        panels: found,
    })
}

/// Each reader against the majority of the others, and the dataset label against all.
pub(crate) fn leave_one_out(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<LeaveOneOut> {
    if collected.readers.len() < 2 {
        return Vec::new();
    }
    let mut out = Vec::new();
    for question in &collected.questions {
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            for rater in raters(input, collected, question) {
                out.extend(against_the_rest(
                    (input, options),
                    question,
                    (rule.threshold, &id),
                    &rater,
                ));
            }
        }
    }
    out
}

fn against_the_rest(
    (input, options): (&Ground<'_>, &Options),
    question: &Question<'_>,
    (threshold, rule): (Level, &RuleRef),
    rater: &Rater<'_>,
) -> Option<LeaveOneOut> {
    let own_index = match rater {
        Rater::Reader(index, _) => Some(*index),
        Rater::Dataset | Rater::Model(..) => None,
    };
    let (mut table, mut tied) = (Table::default(), 0);
    for unit in &question.units {
        let Some(own) = rater.says(unit, threshold) else { continue };
        let (mut yes, mut no) = (0_u64, 0_u64);
        for mark in unit.marks.iter().filter(|mark| Some(mark.reader) != own_index) {
            match mark.answer.level() {
                Some(level) if level.meets(threshold) => yes += 1,
                Some(_) => no += 1,
                None => {}
            }
        }
        if yes + no == 0 {
            continue;
        }
        if yes == no {
            tied += 1;
        } else {
            table[usize::from(own)][usize::from(no < yes)] += 1;
        }
    }
    let n = total(table);
    if n + tied == 0 {
        return None;
    }
    let [[tn, fn_], [fp, tp]] = table;
    let result = kappa(&as_rows(table), Weights::Identity, options.stats_level());
    Some(LeaveOneOut {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        rule: rule.clone(),
        rater: rater.name().to_owned(),
        agreed: Count { x: tp + tn, n },
        tied,
        sensitivity: Count { x: tp, n: tp + fn_ },
        specificity: Count { x: tn, n: tn + fp },
        kappa: result.kappa,
        interval: with_width(result.ci_fce),
        sample_value: question.describes_sample(input),
        reason: result.reason.map(|reason| reason.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_six_readers_give_twenty_panels() {
        assert_eq!(gold_size(6, None), Some(3));
        assert_eq!(combinations(6, 3).len(), 20);
        assert_eq!(gold_size(3, None), None);
        assert_eq!(gold_size(5, Some(4)), None, "an even panel ties");
    }
}
