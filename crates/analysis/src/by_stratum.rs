//! Label quality within each value of an attribute: the layout of a table by region.

use overread_core::Level;
use overread_stats::label_quality::Confusion;
use overread_stats::stratified::{DesignEstimates, Stratum, stratified};
use rayon::prelude::*;
use serde::Serialize;

use crate::collect::{Collected, Question, Unit};
use crate::dataset::{Attribute, DatasetSummary, NOT_STATED};
use crate::figure::{Figure, RuleRef, Trial, share};
use crate::ground::Ground;
use crate::input::Options;
use crate::quality::{NO_POSITIVE, ONE_ARM, ONE_CLASS, Table2x2};

/// One finding within one value of an attribute, under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StratumQuality {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// The attribute.
    pub attribute: &'static str,
    /// Its value.
    pub value: String,
    /// Studies read in it.
    pub table: Table2x2,
    /// Share of the label-positives that is truly positive.
    pub ppv: Figure,
    /// Share of the label-negatives that is truly negative.
    pub npv: Figure,
    /// Share of the truly positive that the label finds.
    pub sensitivity: Figure,
    /// Share of the truly negative that the label clears.
    pub specificity: Figure,
}

/// Label quality by every attribute that divides the read studies.
pub(crate) fn by_stratum(
    input: &Ground<'_>,
    options: &Options,
    summary: &DatasetSummary,
    collected: &Collected<'_>,
) -> Vec<StratumQuality> {
    let of_question = |question: &Question<'_>| {
        let mut out = Vec::new();
        for attribute in Attribute::STRATA {
            let read: Vec<(&str, &Unit<'_>)> = question
                .units
                .iter()
                .filter(|unit| !unit.marks.is_empty())
                .map(|unit| (attribute.value(unit.study, &summary.per_patient), unit))
                .collect();
            let mut values: Vec<&str> = read.iter().map(|(value, _)| *value).collect();
            values.sort_unstable();
            values.dedup();
            if values.len() < 2 {
                continue;
            }
            for value in values.into_iter().filter(|value| *value != NOT_STATED) {
                let same = read.iter().filter(|(of, _)| *of == value);
                let units: Vec<&Unit<'_>> = same.map(|(_, unit)| *unit).collect();
                for rule in &input.protocol.rules {
                    let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
                    let unequal = question.chances.unequal_among(input, attribute.name(), &units);
                    let same = Within { input, options, question, rule: &id, unequal };
                    out.push(same.quality(attribute, value, &units, rule.threshold));
                }
            }
        }
        out
    };
    let questions = collected.questions.par_iter().filter(|q| q.labelled);
    questions.flat_map_iter(of_question).collect()
}

/// The figure, or its counts alone where studies were drawn with unequal probabilities.
fn withheld(figure: Figure, unequal: Option<&str>) -> Figure {
    match unequal {
        Some(why) if 0 < figure.n => figure.withheld(why),
        _ => figure,
    }
}

struct Within<'a> {
    input: &'a Ground<'a>,
    options: &'a Options,
    question: &'a Question<'a>,
    rule: &'a RuleRef,
    /// Why plain shares of these studies do not hold, where they do not.
    unequal: Option<&'a str>,
}

impl Within<'_> {
    fn quality(
        &self,
        attribute: Attribute,
        value: &str,
        units: &[&Unit<'_>],
        threshold: Level,
    ) -> StratumQuality {
        let mut table = Confusion::default();
        let mut rows: Vec<(bool, bool, u32)> = Vec::new();
        for unit in units {
            if let (Some(label), Some(truth)) = (unit.stated_label(), unit.reference(threshold)) {
                table.add(label, truth);
                rows.push((label, truth, unit.study.patient));
            }
        }
        let figure = |estimand, pick: &dyn Fn(bool, bool) -> Option<bool>| {
            let trials: Vec<Trial> = rows
                .iter()
                .filter_map(|&(label, truth, patient)| {
                    Some(Trial { patient, success: pick(label, truth)? })
                })
                .collect();
            let level = self.options.stats_level();
            let figure = share(estimand, Some(self.rule), &trials, self.question.complete, level);
            withheld(figure, self.unequal)
        };
        let refused = |estimand, reason: &str| Figure::refused(estimand, Some(self.rule), reason);
        let missing_arm = if table.fn_ + table.tn == 0 {
            Some(ONE_ARM)
        } else {
            (table.tp + table.fp == 0).then_some(NO_POSITIVE)
        };
        let sensitivity = || figure("sensitivity", &|label, truth| truth.then_some(label));
        let specificity = || figure("specificity", &|label, truth| (!truth).then_some(!label));
        let whole = match (missing_arm, self.input.by_label()) {
            (Some(why), _) => Err(why),
            (None, false) => Ok([sensitivity(), specificity()]),
            (None, true) => self.weights(attribute, value, table).map(|design| {
                let weighted = [design.sensitivity, design.specificity];
                let mut weighted = weighted.into_iter();
                [sensitivity(), specificity()].map(|figure| match weighted.next() {
                    Some(estimate) => figure.weighted(estimate, ONE_CLASS),
                    None => figure,
                })
            }),
        };
        let [sensitivity, specificity] =
            whole.unwrap_or_else(|why| ["sensitivity", "specificity"].map(|of| refused(of, why)));
        StratumQuality {
            finding: self.question.finding.id.clone(),
            name: self.question.finding.name.clone(),
            rule: self.rule.clone(),
            attribute: attribute.name(),
            value: value.to_owned(),
            table: Table2x2 { tp: table.tp, fp: table.fp, fn_: table.fn_, tn: table.tn },
            ppv: figure("ppv", &|label, truth| label.then_some(truth)),
            npv: if table.fn_ + table.tn == 0 {
                refused("npv", ONE_ARM)
            } else {
                figure("npv", &|label, truth| (!label).then_some(!truth))
            },
            sensitivity,
            specificity,
        }
    }

    /// Estimates for the studies of the frame with this value, of a deck that was drawn by label.
    ///
    /// Given how many of each label were drawn with the value, they are a simple random sample of those in the frame,
    /// so that each label within the value is a stratum whose size is counted.
    fn weights(
        &self,
        attribute: Attribute,
        value: &str,
        table: Confusion,
    ) -> Result<DesignEstimates, &str> {
        if let Some(why) = self.unequal {
            return Err(why);
        }
        let held = self.question.frame_values.with(attribute, value)?;
        let read =
            [(true, table.tp + table.fp, table.tp), (false, table.fn_ + table.tn, table.fn_)];
        let arms = held.into_iter().zip(read);
        let strata: Vec<Stratum> = arms
            .map(|(population, (label, sampled, positive))| Stratum {
                name: if label { "label-positive" } else { "label-negative" }.to_owned(),
                label,
                population,
                sampled,
                positive,
            })
            .collect();
        Ok(stratified(&strata, self.options.stats_level()).design)
    }
}

/// A label against one pathology of the several that make a study abnormal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathologyQuality {
    /// Id of the composite finding that has the label.
    pub composite: String,
    /// Its name.
    pub composite_name: String,
    /// Id of the pathology, or of a finding of the composite's parts.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// P(label positive | pathology present).
    pub sensitivity: Figure,
    /// P(label normal | pathology absent): the others may be there.
    pub specificity_pathology_absent: Figure,
    /// P(label normal | no pathology at all): the same for every pathology.
    pub specificity_no_pathology: Figure,
    /// Of the label-positives that were read, those with the pathology.
    pub among_label_positives: Figure,
    /// Of the label-negatives that were read, those with the pathology: what a look at label-positives alone misses.
    pub among_label_negatives: Figure,
}

/// Each part of a composite finding against the composite's label, and the composition on both sides of the label.
pub(crate) fn by_pathology(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<PathologyQuality> {
    let mut out = Vec::new();
    for whole in collected.questions.iter().filter(|q| q.labelled && !q.finding.any_of.is_empty()) {
        for id in &whole.finding.any_of {
            let part = collected
                .questions
                .iter()
                .find(|q| q.deck_index == whole.deck_index && q.finding.id == *id);
            let Some(part) = part else { continue };
            for rule in &input.protocol.rules {
                let version = RuleRef { name: rule.name.clone(), version: input.protocol.version };
                out.push(pathology(input, options, (whole, part), rule.threshold, &version));
            }
        }
    }
    out
}

fn pathology(
    input: &Ground<'_>,
    options: &Options,
    (whole, part): (&Question<'_>, &Question<'_>),
    threshold: Level,
    rule: &RuleRef,
) -> PathologyQuality {
    // Label, this pathology, any pathology.
    let mut rows: Vec<(bool, bool, Option<bool>, u32)> = Vec::new();
    for unit in &part.units {
        let twin = whole.units.iter().find(|u| u.study.id == unit.study.id);
        let Some(twin) = twin else { continue };
        if let (Some(label), Some(present)) = (twin.stated_label(), unit.reference(threshold)) {
            rows.push((label, present, twin.reference(threshold), unit.study.patient));
        }
    }
    let level = options.stats_level();
    let arms = rows.iter().any(|r| r.0) && rows.iter().any(|r| !r.0);
    let figure = |estimand,
                  pick: &dyn Fn(bool, bool, Option<bool>) -> Option<bool>,
                  needs: bool| {
        if needs && !arms {
            return Figure::refused(estimand, Some(rule), ONE_ARM);
        }
        if needs && input.by_label() {
            let why = "the sample is enriched by label: only weighted figures describe the dataset";
            return Figure::refused(estimand, Some(rule), why);
        }
        let trials: Vec<Trial> = rows
            .iter()
            .filter_map(|&(label, present, any, patient)| {
                Some(Trial { patient, success: pick(label, present, any)? })
            })
            .collect();
        withheld(share(estimand, Some(rule), &trials, part.complete, level), part.chances.unequal())
    };
    PathologyQuality {
        composite: whole.finding.id.clone(),
        composite_name: whole.finding.name.clone(),
        finding: part.finding.id.clone(),
        name: part.finding.name.clone(),
        rule: rule.clone(),
        sensitivity: figure("sensitivity", &|l, p, _| p.then_some(l), true),
        specificity_pathology_absent: figure(
            "specificity_pathology_absent",
            &|l, p, _| (!p).then_some(!l),
            true,
        ),
        specificity_no_pathology: figure(
            "specificity_no_pathology",
            &|l, _, any| (any == Some(false)).then_some(!l),
            true,
        ),
        among_label_positives: figure("share", &|l, p, _| l.then_some(p), false),
        among_label_negatives: figure("share", &|l, p, _| (!l).then_some(p), false),
    }
}
