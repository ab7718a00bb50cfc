//! Label quality per finding and rule.

use overread_core::protocol::{PerPatient, Polarity};
use overread_core::{DatasetLabel, Level};
use overread_stats::Interval;
use overread_stats::label_quality::{Confusion, Ratio, f1, likelihood_ratio};
use overread_stats::stratified::{DesignEstimates, Stratum, Weighted, stratified};
use serde::Serialize;

use crate::chances::Chances;
use crate::collect::{Collected, Question};
use crate::figure::{Count, Figure, IntervalKind, ONE_OF_A_STRATUM, RuleRef, Trial, share};
use crate::ground::Ground;
use crate::input::Options;
use crate::published::{Published, beside};

/// What has to stand beside figures of a deck without controls.
const LABEL_KNOWN: &str = "label known to the reader (deck without controls)";
/// Why a figure of a one-arm deck is refused.
pub(crate) const ONE_ARM: &str = "no label-negative study was read";
/// The same for a deck, or a stratum, without label-positives.
pub(crate) const NO_POSITIVE: &str = "no label-positive study was read";
/// Why there is no share although both arms were read.
pub(crate) const ONE_CLASS: &str = "the reference has only one class";
/// Why a figure without a confidence sequence is refused in an unfinished deck.
pub(crate) const UNFINISHED: &str =
    "the deck is unfinished; this figure has no interval that holds at every look";

/// The 2×2 table of label and reference among the studies read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table2x2 {
    /// Label positive, reference positive.
    pub tp: u64,
    /// Label positive, reference negative.
    pub fp: u64,
    /// Label negative, reference positive.
    #[serde(rename = "fn")]
    pub fn_: u64,
    /// Label negative, reference negative.
    pub tn: u64,
}

/// A ratio with its interval or the reason why it has none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatioFigure {
    /// `lr_positive`, `lr_negative`, `f1`.
    pub estimand: &'static str,
    /// The estimate.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Studies it rests on.
    pub n: u64,
    /// How the interval was made.
    pub method: &'static str,
    /// Why a part is missing.
    pub reason: Option<String>,
}

/// One reader's own figure beside the reference's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReaderCount {
    /// Pseudonym.
    pub reader: String,
    /// Label-positives that the reader confirms.
    pub count: Count,
    /// The share of them, with its interval.
    pub ppv: Figure,
}

/// Studies that were read and have no reference: every figure that rests on it leaves them out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WithoutReference {
    /// Label-positives on which the votes are evenly divided.
    pub divided: u64,
    /// Label-positives to which nobody with a vote gave a level.
    pub unanswered: u64,
    /// Label-negatives without a reference.
    pub label_negative: u64,
    /// The PPV if none of these label-positives were truly positive.
    pub ppv_if_none: Option<f64>,
    /// The PPV if all of them were.
    pub ppv_if_all: Option<f64>,
    /// What weighted figures take for granted of these studies.
    pub assumption: Option<String>,
}

impl WithoutReference {
    /// Label-positives without a reference.
    pub fn label_positive(&self) -> u64 {
        self.divided + self.unanswered
    }
}

/// Label quality of one finding under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleQuality {
    /// Name of the rule.
    pub rule: String,
    /// Label against reference among the studies read.
    pub table: Table2x2,
    /// Positive predictive value.
    pub ppv: Figure,
    /// The same without reads after label-dependent figures were shown, where there are such reads.
    pub ppv_before_release: Option<Count>,
    /// Negative predictive value.
    pub npv: Figure,
    /// Share of truly positive studies that carry the label.
    pub sensitivity: Figure,
    /// Share of truly negative studies without the label.
    pub specificity: Figure,
    /// Share of truly positive studies.
    pub prevalence: Figure,
    /// Share of studies whose label is right.
    pub accuracy: Figure,
    /// F1 and likelihood ratios, where the sample has the dataset's prevalence.
    pub ratios: Vec<RatioFigure>,
    /// Published values of the PPV.
    pub published: Vec<Published>,
    /// Studies that were read and have no reference.
    pub without_reference: WithoutReference,
    /// Every reader's own figure, where there are several.
    pub by_reader: Vec<ReaderCount>,
}

/// Label quality of one finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingQuality {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The dataset's label.
    pub label: Option<String>,
    /// Whether `positive` means normal.
    pub absence: bool,
    /// Index of the deck.
    pub deck: u32,
    /// Studies in the label-positive arm of the frame; `None` where the draw did not look at labels.
    pub frame_positive: Option<u64>,
    /// Studies in the label-negative arm of the frame.
    pub frame_negative: Option<u64>,
    /// Label-positives drawn.
    pub drawn_positive: u64,
    /// Label-negatives drawn.
    pub drawn_negative: u64,
    /// Different patients in the deck.
    pub deck_patients: u64,
    /// Whether the planned number was read.
    pub complete: bool,
    /// Studies left out because their label is uncertain or blank.
    pub label_not_stated: u64,
    /// Studies left out although readers decided them, under the first rule: the reference's votes are evenly divided, or
    /// nobody with a vote in it gave an answer.
    pub tied: u64,
    /// Whether the reader could tell the label from the question.
    pub label_known: bool,
    /// The same in the words that have to stand beside the figures.
    pub blinding: Option<&'static str>,
    /// Under each rule.
    pub rules: Vec<RuleQuality>,
}

/// How the deck of a question was drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Draw {
    /// By label: estimates for the dataset need weights.
    ByLabel,
    /// By other strata, unequally: estimates need weights as well.
    ByStratum,
    /// At dataset prevalence.
    Simple,
}

/// Label quality of every question.
pub(crate) fn label_quality_of(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<FindingQuality> {
    collected.questions.iter().map(|q| finding_quality(input, options, collected, q)).collect()
}

fn finding_quality(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
    question: &Question<'_>,
) -> FindingQuality {
    let label = label_name(question);
    let by_label = input.by_label();
    let arm = |positive: bool| {
        let mut members = question.units.iter().filter(move |u| u.drawn_positive == positive);
        by_label.then(|| members.next().map(|u| u64::from(u.frame))).flatten()
    };
    let drawn = |wanted| question.units.iter().filter(|u| u.label == wanted).count() as u64;
    let mut patients: Vec<u32> = question.units.iter().map(|u| u.study.patient).collect();
    patients.sort_unstable();
    patients.dedup();
    let first_rule = input.protocol.rules.first().map_or(Level(1), |rule| rule.threshold);
    let voted = |u: &&crate::collect::Unit<'_>| {
        u.marks.iter().any(|m| m.answer.level().is_some()) && u.reference(first_rule).is_none()
    };
    FindingQuality {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        label: question.labelled.then(|| label.clone()),
        absence: question.finding.polarity == Polarity::Absence,
        deck: question.deck_index,
        frame_positive: arm(true),
        frame_negative: arm(false),
        drawn_positive: drawn(DatasetLabel::Positive),
        drawn_negative: drawn(DatasetLabel::Negative),
        deck_patients: patients.len() as u64,
        complete: question.complete,
        label_not_stated: drawn(DatasetLabel::Uncertain) + drawn(DatasetLabel::Blank),
        tied: question.units.iter().filter(voted).count() as u64,
        label_known: question.deck.label_known(),
        blinding: question.deck.label_known().then_some(LABEL_KNOWN),
        rules: input
            .protocol
            .rules
            .iter()
            .map(|rule| {
                let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
                let mut out = rule_quality(input, options, question, rule.threshold, &id);
                out.published = beside(
                    &input.dataset.format,
                    &label,
                    &rule.name,
                    &out.ppv,
                    options.stats_level(),
                );
                out.by_reader = by_reader(options, collected, question, (rule.threshold, &id));
                out
            })
            .collect(),
    }
}

pub(crate) fn label_name(question: &Question<'_>) -> String {
    question.finding.label.clone().unwrap_or_else(|| question.finding.id.clone())
}

fn rule_quality(
    input: &Ground<'_>,
    options: &Options,
    question: &Question<'_>,
    threshold: Level,
    rule: &RuleRef,
) -> RuleQuality {
    let level = options.stats_level();
    let mut table = Confusion::default();
    let mut rows: Vec<(bool, Trial)> = Vec::new();
    let mut before = Count::default();
    let mut after_release = false;
    for unit in &question.units {
        let positive = match unit.label {
            DatasetLabel::Positive => true,
            DatasetLabel::Negative => false,
            DatasetLabel::Uncertain | DatasetLabel::Blank => continue,
        };
        let Some(reference) = unit.reference(threshold) else { continue };
        table.add(positive, reference);
        rows.push((positive, Trial { patient: unit.study.patient, success: reference }));
        if unit.after_release() {
            after_release = true;
        } else if positive {
            before.add(reference);
        }
    }
    let whole = Whole { input, question, table, rule, level };
    let of = |estimand, pick: &dyn Fn(bool, bool) -> Option<bool>| {
        let trials: Vec<Trial> = rows
            .iter()
            .filter_map(|&(label, trial)| {
                let success = pick(label, trial.success)?;
                Some(Trial { success, ..trial })
            })
            .collect();
        let figure = share(estimand, Some(rule), &trials, question.complete, level);
        match whole.unequal() {
            Some(why) if figure.n > 0 => figure.withheld(why),
            _ => figure,
        }
    };
    let ppv = if question.labelled {
        of("ppv", &|label, truth| label.then_some(truth))
    } else {
        Figure::refused("ppv", Some(rule), "the dataset has no label for this finding")
    };
    let npv = if table.fn_ + table.tn == 0 {
        Figure::refused("npv", Some(rule), refusal(question, table))
    } else {
        of("npv", &|label, truth| (!label).then_some(!truth))
    };
    let [sensitivity, specificity, prevalence, accuracy] = match whole.draw() {
        Ok(Draw::Simple | Draw::ByStratum) => [
            of("sensitivity", &|label, truth| truth.then_some(label)),
            of("specificity", &|label, truth| (!truth).then_some(!label)),
            of("prevalence", &|_, truth| Some(truth)),
            of("accuracy", &|label, truth| Some(label == truth)),
        ],
        Ok(Draw::ByLabel) => whole.weighted(),
        Err(reason) => WHOLE.map(|name| Figure::refused(name, Some(rule), reason.clone())),
    };
    let mut figures = [ppv, npv, sensitivity, specificity, prevalence, accuracy];
    if let Some(strata) = whole.strata(threshold, None) {
        let d = strata.design;
        let estimates = [d.ppv, d.npv, d.sensitivity, d.specificity, d.prevalence, d.accuracy];
        figures = weigh(figures, &estimates, &strata.missing);
    }
    let [ppv, npv, sensitivity, specificity, prevalence, accuracy] = figures;
    RuleQuality {
        rule: rule.name.clone(),
        table: Table2x2 { tp: table.tp, fp: table.fp, fn_: table.fn_, tn: table.tn },
        ppv,
        ppv_before_release: (after_release && !question.deck.label_known()).then_some(before),
        npv,
        sensitivity,
        specificity,
        prevalence,
        accuracy,
        ratios: whole.ratios(),
        published: Vec::new(),
        without_reference: whole.without_reference(threshold),
        by_reader: Vec::new(),
    }
}

fn refusal(question: &Question<'_>, table: Confusion) -> &'static str {
    if !question.labelled {
        "the dataset has no label for this finding"
    } else if table.n() == 0 {
        "no study that counts was read"
    } else if table.fn_ + table.tn == 0 {
        ONE_ARM
    } else {
        NO_POSITIVE
    }
}

/// Puts the estimate for the dataset in the place of each figure that has studies.
fn weigh(figures: [Figure; 6], estimates: &[Weighted; 6], missing: &str) -> [Figure; 6] {
    let mut estimates = estimates.iter().copied();
    figures.map(|figure| match estimates.next() {
        Some(estimate) if figure.n > 0 => figure.weighted(estimate, missing),
        _ => figure,
    })
}

/// Estimates over strata of the draw, and why one of them may be missing.
struct Strata {
    design: DesignEstimates,
    missing: String,
}

const WHOLE: [&str; 4] = ["sensitivity", "specificity", "prevalence", "accuracy"];

/// Figures that speak about the whole dataset.
struct Whole<'a> {
    input: &'a Ground<'a>,
    question: &'a Question<'a>,
    table: Confusion,
    rule: &'a RuleRef,
    level: overread_stats::Level,
}

impl Whole<'_> {
    /// How the deck stands for the dataset, or why it cannot.
    fn draw(&self) -> Result<Draw, String> {
        let t = self.table;
        if !self.question.labelled || t.n() == 0 || t.tp + t.fp == 0 || t.fn_ + t.tn == 0 {
            return Err(refusal(self.question, t).to_owned());
        }
        if !self.input.by_label() {
            let equal = self.question.chances == Chances::Equal;
            return Ok(if equal { Draw::Simple } else { Draw::ByStratum });
        }
        if let Some(why) = self.question.chances.unequal() {
            return Err(why.to_owned());
        }
        if !self.question.complete {
            return Err(UNFINISHED.to_owned());
        }
        Ok(Draw::ByLabel)
    }

    /// Why the plain share of the sample is not the figure, where it is not.
    fn unequal(&self) -> Option<&str> {
        let why = self.question.chances.unequal()?;
        let by_patient = self.input.protocol.sampling.per_patient == PerPatient::One;
        Some(if self.question.complete || by_patient { why } else { UNFINISHED })
    }

    /// Weights every stratum of the draw, divided by label, to its size in the frame: given how many of each part
    /// were drawn, they are a simple random sample of it.
    /// A study without a reference counts as `undecided` says, or not at all.
    fn strata(&self, threshold: Level, undecided: Option<bool>) -> Option<Strata> {
        let Chances::Unequal { cells, .. } = &self.question.chances else { return None };
        if cells.is_empty() || !self.question.complete {
            return None;
        }
        let mut strata: Vec<Stratum> = cells
            .iter()
            .map(|((name, label), &population)| Stratum {
                name: name.clone(),
                label: *label,
                population,
                sampled: 0,
                positive: 0,
            })
            .collect();
        for unit in &self.question.units {
            let undecided = undecided.filter(|_| !unit.marks.is_empty());
            let truth = unit.reference(threshold).or(undecided);
            let (Some(label), Some(truth)) = (unit.stated_label(), truth) else { continue };
            let own = |s: &&mut Stratum| s.label == label && Some(s.name.as_str()) == unit.stratum;
            if let Some(stratum) = strata.iter_mut().find(own) {
                stratum.sampled += 1;
                stratum.positive += u64::from(truth);
            }
        }
        let unread = strata.iter().filter(|s| s.sampled == 0).map(|s| {
            format!("{} ({})", s.name, if s.label { "label-positive" } else { "label-negative" })
        });
        let unread: Vec<String> = unread.collect();
        let missing = if unread.is_empty() {
            ONE_CLASS.to_owned()
        } else {
            format!(
                "studies were drawn with unequal probabilities, and no study that counts was read of: {}",
                unread.join("; ")
            )
        };
        Some(Strata { design: stratified(&strata, self.level).design, missing })
    }

    fn weighted(&self) -> [Figure; 4] {
        let t = self.table;
        let stratum = |label: bool, sampled, positive| {
            let arm = self.question.units.iter().find(|u| u.drawn_positive == label);
            Stratum {
                name: if label { "label-positive" } else { "label-negative" }.to_owned(),
                label,
                population: arm.map_or(0, |u| u64::from(u.frame)),
                sampled,
                positive,
            }
        };
        let strata = [stratum(true, t.tp + t.fp, t.tp), stratum(false, t.fn_ + t.tn, t.fn_)];
        let design = stratified(&strata, self.level).design;
        let figure = |estimand, count: (u64, u64), w: Weighted| Figure {
            x: count.0,
            n: count.1,
            value: w.est,
            interval: w.ci,
            kind: if w.ci.is_some() { IntervalKind::Weighted } else { IntervalKind::None },
            method: w.ci_method,
            patients: self.patients(),
            reason: match (w.est, w.ci) {
                (None, _) => Some(ONE_CLASS.to_owned()),
                (Some(_), None) => Some(ONE_OF_A_STRATUM.to_owned()),
                (Some(_), Some(_)) => None,
            },
            ..Figure::refused(estimand, Some(self.rule), "")
        };
        [
            figure("sensitivity", (t.tp, t.tp + t.fn_), design.sensitivity),
            figure("specificity", (t.tn, t.tn + t.fp), design.specificity),
            figure("prevalence", (t.tp + t.fn_, t.n()), design.prevalence),
            figure("accuracy", (t.tp + t.tn, t.n()), design.accuracy),
        ]
    }

    /// What was read and is left out, and how far that could move the PPV.
    fn without_reference(&self, threshold: Level) -> WithoutReference {
        let mut out = WithoutReference::default();
        let read = self.question.units.iter().filter(|unit| !unit.marks.is_empty());
        for unit in read.filter(|unit| unit.reference(threshold).is_none()) {
            let voted = unit.marks.iter().any(|m| m.votes && m.answer.level().is_some());
            match (unit.stated_label(), voted) {
                (Some(true), true) => out.divided += 1,
                (Some(true), false) => out.unanswered += 1,
                (Some(false), _) => out.label_negative += 1,
                (None, _) => {}
            }
        }
        let dropped = out.label_positive();
        if 0 < dropped {
            let ends = self.ppv_ends(threshold, dropped);
            (out.ppv_if_none, out.ppv_if_all) = (ends[0], ends[1]);
        }
        let left_out = dropped + out.label_negative;
        let weighted = self.draw() == Ok(Draw::ByLabel) || !self.cells().is_empty();
        out.assumption = (weighted && 0 < left_out).then(|| {
            format!(
                "{left_out} of the studies read have no reference; weighted figures and their intervals, finite-population correction included, take them as missing at random within their arm"
            )
        });
        out
    }

    /// The PPV if none, and if all, of the label-positives without a reference were truly positive.
    fn ppv_ends(&self, threshold: Level, dropped: u64) -> [Option<f64>; 2] {
        let decided = self.table.tp + self.table.fp;
        [(false, 0), (true, dropped)].map(|(all, more)| match self.unequal() {
            Some(_) => self.strata(threshold, Some(all)).and_then(|s| s.design.ppv.est),
            None => Some((self.table.tp + more) as f64 / (decided + dropped) as f64),
        })
    }

    /// Studies of the frame by stratum and label, where these are weights.
    fn cells(&self) -> &std::collections::BTreeMap<(String, bool), u64> {
        static NONE: std::collections::BTreeMap<(String, bool), u64> =
            std::collections::BTreeMap::new();
        match &self.question.chances {
            Chances::Unequal { cells, .. } => cells,
            Chances::Equal => &NONE,
        }
    }

    fn patients(&self) -> u64 {
        let read = self.question.units.iter().filter(|u| !u.marks.is_empty());
        let mut patients: Vec<u32> = read.map(|u| u.study.patient).collect();
        patients.sort_unstable();
        patients.dedup();
        patients.len() as u64
    }

    /// F1, LR+ and LR− of the sample; none where only one arm was read.
    fn sample_ratios(&self) -> Option<[Ratio; 3]> {
        let Confusion { tp, fp, fn_, tn } = self.table;
        let ratio = |a, b| likelihood_ratio(a, tp + fn_, b, tn + fp, self.level);
        let arms = 0 < tp + fp && 0 < fn_ + tn;
        arms.then(|| [f1(tp, fp, fn_, self.level), ratio(tp, fp), ratio(fn_, tn)])
    }

    fn ratios(&self) -> Vec<RatioFigure> {
        let names = ["f1", "lr_positive", "lr_negative"];
        let reason = match self.draw() {
            Ok(Draw::ByLabel) => Some(
                "the sample is enriched by label: only weighted figures describe the dataset"
                    .to_owned(),
            ),
            Ok(Draw::ByStratum) => self.question.chances.unequal().map(str::to_owned),
            Ok(Draw::Simple) if !self.question.complete => Some(UNFINISHED.to_owned()),
            Ok(Draw::Simple) => None,
            Err(reason) => Some(reason),
        };
        let n = self.table.n();
        let all = self.sample_ratios().map_or([const { None }; 3], |all| all.map(Some));
        let methods =
            ["Wilson of the Jaccard index, mapped", "Simel log interval", "Simel log interval"];
        names
            .into_iter()
            .zip(all)
            .zip(methods)
            .map(|((estimand, ratio), method)| {
                let refused = |why: Option<String>| RatioFigure {
                    estimand,
                    value: None,
                    interval: None,
                    n,
                    method: "none",
                    reason: why,
                };
                match (&reason, ratio) {
                    (None, Some(Ratio { est, ci, reason })) => RatioFigure {
                        value: est,
                        interval: ci,
                        method: if ci.is_some() { method } else { "none" },
                        ..refused(reason.map(|r| r.to_string()))
                    },
                    (None, None) => refused(Some(ONE_CLASS.to_owned())),
                    (Some(why), _) => refused(Some(why.clone())),
                }
            })
            .collect()
    }
}

fn by_reader(
    options: &Options,
    collected: &Collected<'_>,
    question: &Question<'_>,
    (threshold, rule): (Level, &RuleRef),
) -> Vec<ReaderCount> {
    if collected.readers.len() < 2 {
        return Vec::new();
    }
    let mut trials: Vec<Vec<Trial>> = vec![Vec::new(); collected.readers.len()];
    for unit in question.units.iter().filter(|u| u.label == DatasetLabel::Positive) {
        for mark in &unit.marks {
            if let (Some(level), Some(own)) = (mark.answer.level(), trials.get_mut(mark.reader)) {
                own.push(Trial { patient: unit.study.patient, success: level.meets(threshold) });
            }
        }
    }
    let of = |(reader, trials): (&&str, Vec<Trial>)| {
        let level = options.stats_level();
        let ppv = share("ppv", Some(rule), &trials, question.complete, level);
        let ppv = match question.chances.unequal() {
            Some(why) if 0 < ppv.n => ppv.withheld(why),
            _ => ppv,
        };
        ReaderCount { reader: (*reader).to_owned(), count: ppv.count(), ppv }
    };
    collected.readers.iter().zip(trials).map(of).collect()
}
