//! What is taken as truth where several readers read: majority, adjudication, latent classes.

use overread_core::protocol::Reference;
use overread_stats::dawid_skene::dawid_skene;
use serde::Serialize;

use crate::collect::{Collected, Question, Unit};
use crate::figure::{Count, RuleRef};
use crate::ground::Ground;
use crate::latent::{classes, identified, ratings};

/// A reader's error rates under the latent-class model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatentReader {
    /// Pseudonym.
    pub reader: String,
    /// Studies read.
    pub studies: u64,
    /// Probability of calling a truly positive study positive.
    pub sensitivity: f64,
    /// Probability of calling a truly negative study negative.
    pub specificity: f64,
}

/// The latent-class estimate of Dawid and Skene.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latent {
    /// Estimated share of truly positive studies among those read.
    pub prevalence: f64,
    /// Studies more likely positive than not.
    pub positive: Count,
    /// Whether the likelihood settled.
    pub converged: bool,
    /// Expectation steps.
    pub iterations: u32,
    /// Each reader.
    pub readers: Vec<LatentReader>,
    /// Label-positives among studies more likely positive, where the label says so: the label's sensitivity against this reference.
    pub label_sensitivity: Count,
    /// Label-negatives among studies more likely negative.
    pub label_specificity: Count,
}

/// The reference of one finding under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consensus {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// Studies that any reader decided.
    pub read: u64,
    /// Readers of the gold panel, whose majority it is; empty where all readers have a vote.
    pub gold: Vec<String>,
    /// Positive by majority, of those decided.
    pub positive: Count,
    /// Evenly divided and not adjudicated, or not answered by anybody with a vote: left out of every figure that rests on
    /// the reference.
    pub tied: u64,
    /// Decided by the answer of one reader alone: no other gave one, and nobody adjudicated.
    pub alone: u64,
    /// Read by several readers who do not all say the same.
    pub disagreed: u64,
    /// Decided by an adjudicator instead of the majority.
    pub adjudicated: u64,
    /// Of these, decided against the majority.
    pub overturned: u64,
    /// Whether the studies were drawn by label or with unequal probabilities: then the figures describe the sample, not the dataset.
    pub sample_value: bool,
    /// Latent classes; `None` with fewer than three readers.
    pub latent: Option<Latent>,
    /// Why there are none.
    pub latent_reason: Option<String>,
}

/// The reference of every question under every rule, where several readers read.
pub(crate) fn consensus(input: &Ground<'_>, collected: &Collected<'_>) -> Vec<Consensus> {
    if collected.readers.len() < 2 {
        return Vec::new();
    }
    let mut out = Vec::new();
    for question in &collected.questions {
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            out.push(of(input, collected, question, rule.threshold, id));
        }
    }
    out
}

fn names(collected: &Collected<'_>) -> Vec<String> {
    let panel = collected.gold.iter().flatten();
    let named = panel.filter_map(|at| collected.readers.get(*at));
    named.map(|name| (*name).to_owned()).collect()
}

fn of(
    input: &Ground<'_>,
    collected: &Collected<'_>,
    question: &Question<'_>,
    threshold: overread_core::Level,
    rule: RuleRef,
) -> Consensus {
    let mut out = Consensus {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        rule,
        read: 0,
        gold: names(collected),
        positive: Count::default(),
        tied: 0,
        alone: 0,
        disagreed: 0,
        adjudicated: 0,
        overturned: 0,
        sample_value: question.describes_sample(input),
        latent: None,
        latent_reason: None,
    };
    let readers = collected.readers.len();
    let mut units: Vec<&Unit<'_>> = Vec::new();
    for unit in &question.units {
        let mut votes =
            unit.marks.iter().filter_map(|mark| Some(mark.answer.level()?.meets(threshold)));
        let Some(first) = votes.next() else { continue };
        out.read += 1;
        out.disagreed += u64::from(votes.any(|vote| vote != first));
        let majority = unit.majority(threshold);
        if let Some(level) = unit.adjudicated {
            out.adjudicated += 1;
            let decided = level.meets(threshold);
            out.overturned += u64::from(majority.is_some_and(|m| m != decided));
        }
        let voting = |mark: &&crate::collect::Mark<'_>| mark.votes && mark.answer.level().is_some();
        let alone = unit.marks.iter().filter(voting).count() == 1;
        out.alone += u64::from(alone && unit.adjudicated.is_none());
        match unit.reference(threshold) {
            Some(positive) => out.positive.add(positive),
            None => out.tied += 1,
        }
        units.push(unit);
    }
    // Where the classes are the truth, those are shown that are: of the readers who have a vote.
    let truth = input.protocol.panel.reference == Reference::LatentClass;
    let ratings = ratings(units.iter().copied(), readers, (threshold, truth));
    if !identified(&ratings) {
        out.latent_reason =
            Some("latent classes need at least three readers of the same studies".to_owned());
        return out;
    }
    match dawid_skene(&ratings, 2) {
        None => out.latent_reason = Some("no study that counts was read".to_owned()),
        Some(fit) => {
            let mut latent = Latent {
                prevalence: fit.prevalence.get(1).copied().unwrap_or(0.0),
                positive: Count::default(),
                converged: fit.converged,
                iterations: fit.iterations,
                readers: Vec::new(),
                label_sensitivity: Count::default(),
                label_specificity: Count::default(),
            };
            for (unit, class) in units.iter().zip(classes(&fit)) {
                let Some(truth) = class else { continue };
                latent.positive.add(truth);
                match (truth, unit.stated_label()) {
                    (true, Some(label)) => latent.label_sensitivity.add(label),
                    (false, Some(label)) => latent.label_specificity.add(!label),
                    (_, None) => {}
                }
            }
            for (index, reader) in collected.readers.iter().enumerate() {
                let studies = ratings
                    .iter()
                    .filter(|row| row.get(index).is_some_and(|cell| !cell.is_empty()))
                    .count() as u64;
                let rate = |class: usize| {
                    fit.confusion
                        .get(index)
                        .and_then(|m| m.get(class))
                        .and_then(|row| row.get(class))
                        .copied()
                };
                if let (true, Some(specificity), Some(sensitivity)) =
                    (0 < studies, rate(0), rate(1))
                {
                    let reader = (*reader).to_owned();
                    latent.readers.push(LatentReader { reader, studies, sensitivity, specificity });
                }
            }
            out.latent = Some(latent);
        }
    }
    out
}
