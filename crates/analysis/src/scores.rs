//! Models as readers: scores against the reference, against each other, and beside the readers.

use std::collections::BTreeMap;

use overread_core::{Level, StudyId};
use overread_stats::Interval;
use overread_stats::bootstrap::{PatientTriples, kappa_difference_bootstrap};
use overread_stats::cluster::{Cluster, clustered_proportion};
use overread_stats::kappa::{Weights, kappa};
use overread_stats::paired::mcnemar;
use overread_stats::roc::{delong, roc};
use serde::Serialize;

use crate::collect::{Collected, Question, Unit};
use crate::figure::{Count, RuleRef, with_width};
use crate::ground::Ground;
use crate::input::Options;
use crate::splits::Rater;

/// Scores of one model on one finding, averaged over the views of each study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelScores {
    /// The model.
    pub model: String,
    /// Id of the finding; `None` for scores that are about any finding.
    pub finding: Option<String>,
    /// Above it the model calls a study positive.
    pub threshold: f64,
    /// Mean score of each study.
    pub scores: BTreeMap<StudyId, f64>,
}

/// A point of the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Positive when the score reaches this; `None` for the start.
    pub threshold: Option<f64>,
    /// Share of the reference-negatives called positive.
    pub false_positive: f64,
    /// Share of the reference-positives called positive.
    pub true_positive: f64,
}

/// One model on one finding under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelFigures {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule of the reference.
    pub rule: RuleRef,
    /// The model.
    pub model: String,
    /// Scored studies with a reference.
    pub n: u64,
    /// Reference-positives among them.
    pub positives: u64,
    /// Area under the ROC curve.
    pub auroc: Option<f64>,
    /// `DeLong`'s interval.
    pub interval: Option<Interval>,
    /// The stated threshold; a score must lie above it.
    pub threshold: f64,
    /// Sensitivity at the threshold.
    pub sensitivity: Count,
    /// Specificity at the threshold.
    pub specificity: Count,
    /// Cohen's kappa against the reference at the threshold.
    pub kappa: Option<f64>,
    /// Its interval.
    pub kappa_interval: Option<Interval>,
    /// The curve.
    pub curve: Vec<CurvePoint>,
    /// Whether the studies were drawn by label: then all of this describes the sample, not the dataset.
    pub sample_value: bool,
    /// Why there is no area.
    pub reason: Option<String>,
}

/// A reader, or the dataset label, as a point on the ROC plot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperatingMark {
    /// Id of the finding.
    pub finding: String,
    /// Name of the rule.
    pub rule: String,
    /// Reader, or `dataset`.
    pub rater: String,
    /// What it is held against: `reference`, or `other readers` for a reader with a vote in the reference.
    pub against: &'static str,
    /// Of the positives.
    pub sensitivity: Count,
    /// Wilson interval on the effective sample, patients as clusters.
    pub sensitivity_interval: Option<Interval>,
    /// Of the negatives.
    pub specificity: Count,
    /// Its interval.
    pub specificity_interval: Option<Interval>,
}

/// Two raters against the same reference on the same studies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairedComparison {
    /// Id of the finding.
    pub finding: String,
    /// Name of the rule.
    pub rule: String,
    /// First: a model.
    pub first: String,
    /// Second: another model, a reader, or `dataset`.
    pub second: String,
    /// What both are held against: `reference`, or `other readers` where the second is a reader with a vote in the
    /// reference: then it is the majority of the others.
    pub against: &'static str,
    /// Studies that both and the reference decided.
    pub n: u64,
    /// Areas: first minus second, for two models.
    pub auroc_difference: Option<f64>,
    /// `DeLong`'s paired interval.
    pub auroc_interval: Option<Interval>,
    /// Its p-value.
    pub auroc_p: Option<f64>,
    /// Exact `McNemar` p-value of the sensitivities.
    pub sensitivity_p: f64,
    /// Positives right by the first only, by the second only.
    pub sensitivity_discordant: (u64, u64),
    /// Exact `McNemar` p-value of the specificities.
    pub specificity_p: f64,
    /// Negatives right by the first only, by the second only.
    pub specificity_discordant: (u64, u64),
    /// Kappa of the first minus kappa of the second.
    pub kappa_difference: Option<f64>,
    /// Bootstrap interval, when asked for.
    pub kappa_interval: Option<Interval>,
}

/// Everything that rests on scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Each model, finding by finding.
    pub models: Vec<ModelFigures>,
    /// Readers and the label as points.
    pub points: Vec<OperatingMark>,
    /// Paired comparisons.
    pub paired: Vec<PairedComparison>,
}

/// Models as raters of one question.
pub(crate) fn model_raters<'a>(
    input: &'a Ground<'_>,
    question: &Question<'_>,
) -> impl Iterator<Item = Rater<'a>> + use<'a> {
    of_question(input, question).map(Rater::Model)
}

/// Scores about the question's finding; those about any finding only where there are no others of the model.
fn of_question<'a>(
    input: &'a Ground<'_>,
    question: &Question<'_>,
) -> impl Iterator<Item = &'a ModelScores> + use<'a> {
    let id = question.finding.id.clone();
    input.scores.iter().filter(move |s| match &s.finding {
        Some(finding) => *finding == id,
        None => !input
            .scores
            .iter()
            .any(|o| o.model == s.model && o.finding.as_deref() == Some(id.as_str())),
    })
}

/// Every model against the reference, readers as points, and paired comparisons.
pub(crate) fn scores(input: &Ground<'_>, options: &Options, collected: &Collected<'_>) -> Scores {
    let mut out = Scores::default();
    if input.scores.is_empty() {
        return out;
    }
    for question in &collected.questions {
        let models: Vec<&ModelScores> = of_question(input, question).collect();
        if models.is_empty() {
            continue;
        }
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            for model in &models {
                out.models.extend(figures(input, options, question, rule.threshold, &id, model));
            }
            let others = second_raters(collected, question, rule.threshold);
            for (at, model) in models.iter().enumerate() {
                for second in models.iter().skip(at + 1) {
                    out.paired.extend(two_models(
                        options,
                        question,
                        rule.threshold,
                        &id,
                        model,
                        second,
                    ));
                }
                for Second { name, against, decided } in &others {
                    let rows = decided.iter().filter_map(|(unit, own, truth)| {
                        let score = model.scores.get(&unit.study.id)?;
                        Some(Row {
                            patient: unit.study.patient,
                            first: *score > model.threshold,
                            second: *own,
                            truth: *truth,
                        })
                    });
                    let rows: Vec<Row> = rows.collect();
                    let who = (model.model.as_str(), name.as_str(), *against);
                    out.paired.extend(paired(options, question, &id, who, &rows));
                }
            }
            for second in &others {
                out.points.push(mark(options, question, &id, second));
            }
        }
    }
    out
}

/// Decided units of one rater: unit, its answer, and the reference.
type Decided<'q, 'a> = Vec<(&'q Unit<'a>, bool, bool)>;

/// The reference, as a rater is held against it.
const REFERENCE: &str = "reference";
/// What stands in its place for a reader who has a vote in it.
const OTHERS: &str = "other readers";

/// Whoever a model is compared with.
struct Second<'q, 'a> {
    name: String,
    against: &'static str,
    decided: Decided<'q, 'a>,
}

/// Readers and the dataset label with the reference; a reader who has a vote in the reference with the majority of all
/// others.
fn second_raters<'q, 'a>(
    collected: &Collected<'a>,
    question: &'q Question<'a>,
    threshold: Level,
) -> Vec<Second<'q, 'a>> {
    let mut out = Vec::new();
    if 1 < collected.readers.len() {
        for (index, reader) in collected.readers.iter().enumerate() {
            let votes = collected.gold.as_ref().is_none_or(|panel| panel.contains(&index));
            let truth = |unit: &Unit<'_>| {
                let others = || unit.majority_without(index, threshold);
                if votes { others() } else { unit.reference(threshold) }
            };
            let decided: Decided<'q, 'a> = question
                .units
                .iter()
                .filter_map(|unit| {
                    let own = unit.by(index)?.meets(threshold);
                    Some((unit, own, truth(unit)?))
                })
                .collect();
            if !decided.is_empty() {
                let against = if votes { OTHERS } else { REFERENCE };
                out.push(Second { name: (*reader).to_owned(), against, decided });
            }
        }
    }
    let described = question.chances.unequal().is_none();
    if question.labelled && !question.deck.label_known() && described {
        let decided: Decided<'q, 'a> = question
            .units
            .iter()
            .filter_map(|unit| Some((unit, unit.stated_label()?, unit.reference(threshold)?)))
            .collect();
        if !decided.is_empty() {
            out.push(Second { name: "dataset".to_owned(), against: REFERENCE, decided });
        }
    }
    out
}

fn mark(
    options: &Options,
    question: &Question<'_>,
    rule: &RuleRef,
    Second { name, against, decided }: &Second<'_, '_>,
) -> OperatingMark {
    let (mut sensitivity, mut specificity) = (Count::default(), Count::default());
    // Successes and size of each patient, among positives and among negatives.
    let mut patients: [BTreeMap<u32, Cluster>; 2] = Default::default();
    for &(unit, own, truth) in decided {
        let (count, right) = if truth { (&mut sensitivity, own) } else { (&mut specificity, !own) };
        count.add(right);
        let none = Cluster { successes: 0, size: 0 };
        let cluster = patients[usize::from(truth)].entry(unit.study.patient).or_insert(none);
        cluster.size += 1;
        cluster.successes += u64::from(right);
    }
    let [specificity_interval, sensitivity_interval] = patients.map(|by| {
        let clusters: Vec<Cluster> = by.into_values().collect();
        clustered_proportion(&clusters, options.stats_level()).ci_wilson_neff
    });
    OperatingMark {
        finding: question.finding.id.clone(),
        rule: rule.name.clone(),
        rater: name.clone(),
        against,
        sensitivity,
        sensitivity_interval,
        specificity,
        specificity_interval,
    }
}

/// Scored units with a reference.
fn scored(question: &Question<'_>, threshold: Level, model: &ModelScores) -> (Vec<bool>, Vec<f64>) {
    question
        .units
        .iter()
        .filter_map(|unit| Some((unit.reference(threshold)?, *model.scores.get(&unit.study.id)?)))
        .unzip()
}

fn figures(
    input: &Ground<'_>,
    options: &Options,
    question: &Question<'_>,
    threshold: Level,
    rule: &RuleRef,
    model: &ModelScores,
) -> Option<ModelFigures> {
    let (truth, score) = scored(question, threshold, model);
    if truth.is_empty() {
        return None;
    }
    let level = options.stats_level();
    let found = roc(&truth, &score, model.threshold, level);
    let t = found.operating_point.table;
    let agreement = kappa(&[vec![t.tn, t.fn_], vec![t.fp, t.tp]], Weights::Identity, level);
    let positives = truth.iter().filter(|t| **t).count() as u64;
    Some(ModelFigures {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        rule: rule.clone(),
        model: model.model.clone(),
        n: truth.len() as u64,
        positives,
        auroc: found.delong.auc,
        interval: found.delong.ci,
        threshold: model.threshold,
        sensitivity: Count { x: t.tp, n: t.tp + t.fn_ },
        specificity: Count { x: t.tn, n: t.tn + t.fp },
        kappa: agreement.kappa,
        kappa_interval: with_width(agreement.ci_fce),
        curve: found
            .points
            .iter()
            .filter_map(|p| {
                Some(CurvePoint {
                    threshold: p.threshold,
                    false_positive: p.fpr?,
                    true_positive: p.tpr?,
                })
            })
            .collect(),
        sample_value: question.describes_sample(input),
        reason: found.delong.auc.is_none().then(|| "the reference has only one class".to_owned()),
    })
}

/// One study's two calls and the truth.
struct Row {
    patient: u32,
    first: bool,
    second: bool,
    truth: bool,
}

fn paired(
    options: &Options,
    question: &Question<'_>,
    rule: &RuleRef,
    (first, second, against): (&str, &str, &'static str),
    rows: &[Row],
) -> Option<PairedComparison> {
    if rows.is_empty() {
        return None;
    }
    let discordant = |wanted: bool| {
        let only = |of_first: bool| {
            let right = |row: &&Row| {
                let (a, b) = (row.first == row.truth, row.second == row.truth);
                row.truth == wanted && a != b && a == of_first
            };
            rows.iter().filter(right).count() as u64
        };
        (only(true), only(false))
    };
    let value = |pick: fn(&Row) -> bool| {
        let mut table = vec![vec![0_u64; 2]; 2];
        for row in rows {
            table[usize::from(pick(row))][usize::from(row.truth)] += 1;
        }
        kappa(&table, Weights::Identity, options.stats_level()).kappa
    };
    let (positives, negatives) = (discordant(true), discordant(false));
    let mut patients: BTreeMap<u32, PatientTriples> = BTreeMap::new();
    for row in rows {
        let triple = (usize::from(row.truth), usize::from(row.first), usize::from(row.second));
        patients.entry(row.patient).or_default().push(triple);
    }
    let patients: Vec<PatientTriples> = patients.into_values().collect();
    Some(PairedComparison {
        finding: question.finding.id.clone(),
        rule: rule.name.clone(),
        first: first.to_owned(),
        second: second.to_owned(),
        against,
        n: rows.len() as u64,
        auroc_difference: None,
        auroc_interval: None,
        auroc_p: None,
        sensitivity_p: mcnemar(positives.0, positives.1).exact_p,
        sensitivity_discordant: positives,
        specificity_p: mcnemar(negatives.0, negatives.1).exact_p,
        specificity_discordant: negatives,
        kappa_difference: value(|row| row.first).zip(value(|row| row.second)).map(|(a, b)| a - b),
        kappa_interval: options.resampling().and_then(|plan| {
            let level = options.stats_level();
            kappa_difference_bootstrap(&patients, 2, Weights::Identity, plan, level).ci
        }),
    })
}

fn two_models(
    options: &Options,
    question: &Question<'_>,
    threshold: Level,
    rule: &RuleRef,
    first: &ModelScores,
    second: &ModelScores,
) -> Option<PairedComparison> {
    let (mut rows, mut truths, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for unit in &question.units {
        let id = unit.study.id;
        let (Some(truth), Some(x), Some(y)) =
            (unit.reference(threshold), first.scores.get(&id), second.scores.get(&id))
        else {
            continue;
        };
        rows.push(Row {
            patient: unit.study.patient,
            first: *x > first.threshold,
            second: *y > second.threshold,
            truth,
        });
        truths.push(truth);
        a.push(*x);
        b.push(*y);
    }
    let who = (first.model.as_str(), second.model.as_str(), REFERENCE);
    let mut out = paired(options, question, rule, who, &rows)?;
    let areas = delong(&truths, &[&a, &b], options.stats_level());
    out.auroc_difference = areas.diff;
    out.auroc_interval = areas.ci;
    out.auroc_p = areas.p;
    Some(out)
}
