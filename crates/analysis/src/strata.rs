//! Hidden strata: does a label's quality, or its meaning, hang on a part of its studies?

use overread_core::{DatasetLabel, Level};
use overread_stats::compare::two_proportions;
use overread_stats::multiplicity::benjamini_hochberg;
use overread_stats::shrink::{Split, shrink_gaps};
use overread_stats::{Interval, confidence_sequence};
use rayon::prelude::*;
use serde::Serialize;

use crate::collect::{Collected, Question, Unit};
use crate::dataset::{Attribute, DatasetSummary, NOT_STATED};
use crate::figure::{Figure, IntervalKind, RuleRef, Trial, share};
use crate::ground::Ground;
use crate::input::Options;

/// What makes a stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StratumKind {
    /// Set by the reader.
    Tag,
    /// Known from data.
    Attribute,
    /// Two of these together.
    Pair,
}

/// Why a stratum is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// The PPV differs inside and outside.
    QualityGap,
    /// More than half of the class is this stratum: the label may mean the stratum.
    DominantStratum,
}

/// On what grounds an alarm is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmStage {
    /// While the deck is unfinished, by confidence sequences.
    Candidate,
    /// At the planned number.
    Final,
}

/// One stratum of one finding's label-positives under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StratumRow {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// Name of the rule.
    pub rule: String,
    /// Tag or attribute.
    pub kind: StratumKind,
    /// Id of the tag, or name of the attribute.
    pub key: String,
    /// What it is called in tables: `chest drain`, `view position AP`.
    pub stratum: String,
    /// Share of the label-positives that belong to it.
    pub share: Figure,
    /// PPV inside.
    pub inside: Figure,
    /// PPV outside.
    pub outside: Figure,
    /// Inside minus outside.
    pub difference: Option<f64>,
    /// Newcombe's interval, at the planned number.
    pub interval: Option<Interval>,
    /// Fisher's exact p-value, at the planned number.
    pub fisher_p: Option<f64>,
    /// Benjamini–Hochberg over every finding and stratum tried under the rule.
    pub bh_q: Option<f64>,
    /// Inside minus outside after shrinking towards all strata tried under the rule.
    pub shrunken: Option<f64>,
    /// Whether there are enough studies inside and outside for a gap to be called.
    pub supported: bool,
    /// Alarms, if any.
    pub alarms: Vec<Alarm>,
    /// Their grounds.
    pub stage: AlarmStage,
    /// Why there is no test.
    pub reason: Option<String>,
    /// Whether half of the dataset has the value anyway: then it does not tell what a label means.
    #[serde(skip)]
    pub(crate) usual: bool,
}

/// All strata tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Strata {
    /// Finding by finding, rule by rule, tags before attributes.
    pub rows: Vec<StratumRow>,
    /// Size of the family that the correction is over, by rule.
    pub families: Vec<Family>,
    /// Least support inside and outside.
    pub minimum_support: u64,
    /// Why the observed gaps are not shrunken, where they are not.
    pub shrunken_reason: Option<String>,
}

/// One family of tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Family {
    /// Name of the rule.
    pub rule: String,
    /// Tests that have a p-value.
    pub tests: u64,
}

struct Candidate {
    kind: StratumKind,
    key: String,
    name: String,
    members: Vec<bool>,
    usual: bool,
}

/// Tries every tag and every attribute of every finding of a deck; [`correct`] completes the rows.
pub(crate) fn strata(
    input: &Ground<'_>,
    options: &Options,
    summary: &DatasetSummary,
    collected: &Collected<'_>,
) -> Vec<StratumRow> {
    let of_question = |question: &Question<'_>| {
        let mut rows = Vec::new();
        let positives: Vec<&Unit<'_>> = question
            .units
            .iter()
            .filter(|u| u.label == DatasetLabel::Positive && !u.marks.is_empty())
            .collect();
        for candidate in candidates(input, options, summary, question, &positives) {
            for rule in &input.protocol.rules {
                let version = input.protocol.version;
                let id = RuleRef { name: rule.name.clone(), version };
                let mut row = row(options, question, &positives, &candidate, rule.threshold, &id);
                // While reading, no other stratum has a say in it.
                if row.stage == AlarmStage::Candidate {
                    row.alarms = alarms(options, &row);
                }
                rows.push(row);
            }
        }
        rows
    };
    let questions = collected.questions.par_iter().filter(|q| q.labelled);
    questions.flat_map_iter(of_question).collect()
}

/// What rests on all strata tried, of whatever deck.
pub(crate) fn correct(input: &Ground<'_>, options: &Options, mut rows: Vec<StratumRow>) -> Strata {
    let families = families(input, &mut rows);
    let shrunken_reason = shrink(input, &mut rows);
    for row in rows.iter_mut().filter(|row| row.stage == AlarmStage::Final) {
        row.alarms = alarms(options, row);
    }
    Strata { rows, families, minimum_support: options.minimum_support, shrunken_reason }
}

fn candidates(
    input: &Ground<'_>,
    options: &Options,
    summary: &DatasetSummary,
    question: &Question<'_>,
    positives: &[&Unit<'_>],
) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = input
        .protocol
        .tags
        .iter()
        .filter(|tag| tag.offered_for(question.deck.finding.as_deref()))
        .map(|tag| Candidate {
            kind: StratumKind::Tag,
            key: tag.id.clone(),
            name: tag.name.clone(),
            members: positives.iter().map(|u| u.has_tag(&tag.id)).collect(),
            usual: false,
        })
        .collect();
    for attribute in Attribute::STRATA {
        let values: Vec<&str> =
            positives.iter().map(|u| attribute.value(u.study, &summary.per_patient)).collect();
        let mut distinct = values.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 2 {
            continue;
        }
        // Of two values that complement each other one says everything.
        let shown = if distinct.len() == 2 { 1 } else { distinct.len() };
        for value in distinct.into_iter().filter(|v| *v != NOT_STATED).take(shown) {
            out.push(Candidate {
                kind: StratumKind::Attribute,
                key: attribute.name().to_owned(),
                name: format!("{} {value}", attribute.name()),
                members: values.iter().map(|v| *v == value).collect(),
                usual: usual(summary, attribute, value),
            });
        }
    }
    if options.pairs_of_strata {
        let pairs = pairs(options, &out);
        out.extend(pairs);
    }
    out
}

/// Every two strata that share enough studies; values of one attribute exclude each other.
fn pairs(options: &Options, single: &[Candidate]) -> Vec<Candidate> {
    let mut out = Vec::new();
    for (at, first) in single.iter().enumerate() {
        for second in single.iter().skip(at + 1) {
            let same = first.kind == StratumKind::Attribute && first.key == second.key;
            let both = first.members.iter().zip(&second.members).map(|(a, b)| *a && *b);
            let members: Vec<bool> = both.collect();
            let inside = members.iter().filter(|member| **member).count() as u64;
            if same || inside < options.minimum_support {
                continue;
            }
            out.push(Candidate {
                kind: StratumKind::Pair,
                key: format!("{} & {}", first.key, second.key),
                name: format!("{} and {}", first.name, second.name),
                members,
                usual: first.usual && second.usual,
            });
        }
    }
    out
}

/// Whether half of the dataset has the value anyway.
fn usual(summary: &DatasetSummary, attribute: Attribute, value: &str) -> bool {
    if attribute == Attribute::Repeats {
        return true;
    }
    if attribute == Attribute::GreyLevels {
        return summary.grey_levels.is_usual(value);
    }
    let distribution = summary.attributes.iter().find(|d| d.attribute == attribute.name());
    let count = distribution.and_then(|d| d.values.iter().find(|v| v.value == value));
    count.is_some_and(|v| summary.studies < 2 * v.studies)
}

fn row(
    options: &Options,
    question: &Question<'_>,
    positives: &[&Unit<'_>],
    candidate: &Candidate,
    threshold: Level,
    rule: &RuleRef,
) -> StratumRow {
    let (mut shares, mut inside, mut outside) = (Vec::new(), Vec::new(), Vec::new());
    for (unit, &member) in positives.iter().zip(&candidate.members) {
        let Some(success) = unit.reference(threshold) else { continue };
        let patient = unit.study.patient;
        shares.push(Trial { patient, success: member });
        let side = if member { &mut inside } else { &mut outside };
        side.push(Trial { patient, success });
    }
    let level = options.stats_level();
    let complete = question.complete;
    let unequal = question.chances.unequal();
    let figure = |name, trials: &[Trial]| {
        let figure = share(name, Some(rule), trials, complete, level);
        match unequal {
            Some(why) if 0 < figure.n => figure.withheld(why),
            _ => figure,
        }
    };
    let (inside, outside) = (figure("ppv", &inside), figure("ppv", &outside));
    let mut out = StratumRow {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        rule: rule.name.clone(),
        kind: candidate.kind,
        key: candidate.key.clone(),
        stratum: candidate.name.clone(),
        share: figure("share", &shares),
        difference: None,
        interval: None,
        fisher_p: None,
        bh_q: None,
        shrunken: None,
        supported: options.minimum_support <= inside.n && options.minimum_support <= outside.n,
        alarms: Vec::new(),
        stage: if complete { AlarmStage::Final } else { AlarmStage::Candidate },
        reason: None,
        usual: candidate.usual,
        inside,
        outside,
    };
    if out.inside.n == 0 || out.outside.n == 0 {
        out.reason = Some(format!(
            "no study {} the stratum",
            if out.inside.n == 0 { "inside" } else { "outside" }
        ));
        return out;
    }
    if let Some(why) = unequal {
        out.reason = Some(why.to_owned());
        return out;
    }
    let (a, b) = (&out.inside, &out.outside);
    let compared = two_proportions(a.x, a.n, b.x, b.n, level);
    out.difference = compared.diff;
    if complete {
        out.interval = compared.newcombe;
        out.fisher_p = compared.fisher_p;
    } else {
        out.reason = Some(
            "the deck is unfinished: interval and test are made once, at the planned number"
                .to_owned(),
        );
    }
    out
}

/// Benjamini–Hochberg within each rule.
fn families(input: &Ground<'_>, rows: &mut [StratumRow]) -> Vec<Family> {
    let mut families = Vec::new();
    for rule in &input.protocol.rules {
        let of_rule = |row: &&mut StratumRow| row.rule == rule.name;
        let p: Vec<Option<f64>> = rows.iter_mut().filter(of_rule).map(|row| row.fisher_p).collect();
        let tests = p.iter().flatten().count() as u64;
        for (row, q) in rows.iter_mut().filter(of_rule).zip(benjamini_hochberg(&p)) {
            row.bh_q = q;
        }
        families.push(Family { rule: rule.name.clone(), tests });
    }
    families
}

/// Shrinks the observed gaps of each rule; the reason where there are too few of them.
fn shrink(input: &Ground<'_>, rows: &mut [StratumRow]) -> Option<String> {
    let mut reason = None;
    for rule in &input.protocol.rules {
        let tested = |row: &&mut StratumRow| row.rule == rule.name && row.fisher_p.is_some();
        let splits: Vec<Split> = rows
            .iter_mut()
            .filter(tested)
            .map(|row| Split {
                inside_true: row.inside.x,
                inside_false: row.inside.n - row.inside.x,
                outside_true: row.outside.x,
                outside_false: row.outside.n - row.outside.x,
            })
            .collect();
        match shrink_gaps(&splits) {
            Ok(shrinkage) => {
                for (row, shrunken) in rows.iter_mut().filter(tested).zip(shrinkage.strata) {
                    row.shrunken = Some(shrunken.gap);
                }
            }
            Err(why) => reason = Some(format!("strata tested at the planned number: {why}")),
        }
    }
    reason
}

/// The level below which q calls a gap.
const GAP_Q: f64 = 0.05;
/// Half of the alpha for each of the two sequences that must not overlap.
const CANDIDATE_ALPHA: f64 = 0.025;

fn alarms(options: &Options, row: &StratumRow) -> Vec<Alarm> {
    let mut out = Vec::new();
    let gap = || match row.stage {
        AlarmStage::Final => row.bh_q.is_some_and(|q| q < GAP_Q),
        AlarmStage::Candidate => apart(&row.inside, &row.outside),
    };
    if row.supported && gap() {
        out.push(Alarm::QualityGap);
    }
    let more_than_half = match row.stage {
        AlarmStage::Final => row.share.kind == IntervalKind::Final,
        AlarmStage::Candidate => row.share.kind == IntervalKind::Running,
    } && row.share.interval.is_some_and(|ci| 0.5 < ci.low);
    if more_than_half && !row.usual && options.minimum_support <= row.inside.n {
        out.push(Alarm::DominantStratum);
    }
    out
}

/// Whether the two confidence sequences no longer overlap.
fn apart(inside: &Figure, outside: &Figure) -> bool {
    let sequence = |figure: &Figure| {
        figure
            .first_studies
            .and_then(|first| confidence_sequence(first.x, first.n, CANDIDATE_ALPHA).ci)
    };
    match (sequence(inside), sequence(outside)) {
        (Some(a), Some(b)) => !a.overlaps(b),
        _ => false,
    }
}
