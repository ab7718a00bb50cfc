//! Agreement of readers who read the same studies.

use overread_core::Level;
use overread_stats::Interval;
use overread_stats::kappa::{Weights, kappa_value};
use overread_stats::proportion::wilson;
use overread_stats::two_rater::beyond_chance;
use serde::Serialize;

use crate::collect::{Collected, Question, Unit};
use crate::figure::{Count, RuleRef, with_width};
use crate::ground::Ground;
use crate::input::Options;
use crate::panel::{by_patient, over_patients};

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
    /// Its Wilson interval, which says something also where kappa has none.
    pub observed_interval: Option<Interval>,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
    /// Its interval; none where its standard error is 0, which says nothing.
    pub interval: Option<Interval>,
    /// How the interval was made.
    pub method: &'static str,
    /// Whether kappa has a value and the standard error 0: all agree, all disagree, or a reader is constant.
    pub degenerate: bool,
    /// Gwet's AC1.
    pub ac1: Option<f64>,
    /// Prevalence-adjusted bias-adjusted kappa.
    pub pabak: Option<f64>,
    /// Linearly weighted kappa of the levels, where there are more than two and both give levels.
    pub linear_kappa: Option<f64>,
    /// Quadratically weighted kappa of the levels.
    pub quadratic_kappa: Option<f64>,
    /// Kappa's percentile interval over resampled patients, when asked for.
    pub patient_bootstrap: Option<Interval>,
    /// Whether the studies were drawn by label or with unequal probabilities: then kappa describes the sample, not the dataset.
    pub sample_value: bool,
    /// Agreement on positive studies.
    pub positive_agreement: Option<f64>,
    /// Agreement on negative studies.
    pub negative_agreement: Option<f64>,
    /// Why kappa is missing.
    pub reason: Option<String>,
}

impl PairAgreement {
    /// Leaves the counts of the sample alone.
    fn withhold(&mut self, why: &str) {
        self.observed = None;
        self.observed_interval = None;
        self.kappa = None;
        self.interval = None;
        self.method = "none";
        self.degenerate = false;
        self.ac1 = None;
        self.pabak = None;
        self.patient_bootstrap = None;
        self.positive_agreement = None;
        self.negative_agreement = None;
        self.reason = Some(why.to_owned());
    }
}

/// Every pair of readers who have studies in common, per finding and rule.
pub(crate) fn agreement(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<PairAgreement> {
    let mut out = Vec::new();
    let readers = collected.readers;
    for question in &collected.questions {
        for rule in &input.protocol.rules {
            let pairs = Pairs::new(input, options, question, rule);
            for (i, first) in readers.iter().enumerate() {
                for (j, second) in readers.iter().enumerate().skip(i + 1) {
                    let names = (*first, *second);
                    out.extend(pairs.compare(names, &|unit| unit.by(i).zip(unit.by(j))));
                }
            }
        }
    }
    out
}

/// Every reader beside the dataset label, as one more rater; not where the label is known from the question.
pub(crate) fn against_label(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<PairAgreement> {
    let mut out = Vec::new();
    let asked = |q: &&Question<'_>| q.labelled && !q.deck.label_known();
    for question in collected.questions.iter().filter(asked) {
        for rule in &input.protocol.rules {
            let pairs = Pairs::new(input, options, question, rule);
            for (i, reader) in collected.readers.iter().enumerate() {
                // The label has two values: it counts as the lowest or as the highest level.
                let both = |unit: &Unit<'_>| {
                    let label = unit.stated_label()?;
                    let level = if label { input.protocol.top_level() } else { Level::ABSENT };
                    Some((unit.by(i)?, level))
                };
                let mut found = pairs.compare((reader, "dataset"), &both);
                if let Some(pair) = &mut found {
                    pair.linear_kappa = None;
                    pair.quadratic_kappa = None;
                    if let Some(why) = question.chances.unequal() {
                        pair.withhold(why);
                    }
                }
                out.extend(found);
            }
        }
    }
    out
}

/// What all pairs of one question under one rule share.
struct Pairs<'a> {
    options: &'a Options,
    question: &'a Question<'a>,
    threshold: Level,
    rule: RuleRef,
    top: Level,
    sample_value: bool,
}

impl<'a> Pairs<'a> {
    fn new(
        input: &Ground<'_>,
        options: &'a Options,
        question: &'a Question<'a>,
        rule: &overread_core::protocol::Rule,
    ) -> Self {
        Self {
            options,
            question,
            threshold: rule.threshold,
            rule: RuleRef { name: rule.name.clone(), version: input.protocol.version },
            top: input.protocol.top_level(),
            sample_value: question.describes_sample(input),
        }
    }

    fn compare(
        &self,
        (first, second): (&str, &str),
        both: &dyn Fn(&Unit<'_>) -> Option<(Level, Level)>,
    ) -> Option<PairAgreement> {
        let q = usize::from(self.top.0) + 1;
        let mut levels = vec![vec![0_u64; q]; q];
        let (mut pairs, mut patients) = (Vec::new(), Vec::new());
        for unit in &self.question.units {
            let Some((x, y)) = both(unit) else { continue };
            if let Some(cell) =
                levels.get_mut(usize::from(x.0)).and_then(|row| row.get_mut(usize::from(y.0)))
            {
                *cell += 1;
            }
            pairs.push((x.meets(self.threshold), y.meets(self.threshold)));
            patients.push(unit.study.patient);
        }
        let n = pairs.len() as u64;
        if n == 0 {
            return None;
        }
        let [[d, c], [b, a]] = counted(pairs.iter());
        let level = self.options.stats_level();
        let found = beyond_chance(&[vec![d, c], vec![b, a]], level);
        let result = found.kappa;
        let interval = with_width(result.ci_fce);
        let clusters = by_patient(&patients);
        let weighted = |weights| {
            let flat: Vec<u64> = levels.iter().flatten().copied().collect();
            (2 < q).then(|| kappa_value(&flat, q, weights)).flatten()
        };
        Some(PairAgreement {
            finding: self.question.finding.id.clone(),
            name: self.question.finding.name.clone(),
            rule: self.rule.clone(),
            first: first.to_owned(),
            second: second.to_owned(),
            agreed: Count { x: a + d, n },
            patients: clusters.len() as u64,
            both_positive: a,
            first_only: b,
            second_only: c,
            both_negative: d,
            observed: result.po,
            observed_interval: Some(wilson((a + d) as f64, n as f64, level)),
            kappa: result.kappa,
            interval,
            method: if interval.is_some() { "Fleiss–Cohen–Everitt" } else { "none" },
            degenerate: result.kappa.is_some() && interval.is_none(),
            ac1: found.gwet_ac1.est,
            pabak: found.pabak.est,
            linear_kappa: weighted(Weights::Linear),
            quadratic_kappa: weighted(Weights::Quadratic),
            patient_bootstrap: self.options.resampling().and_then(|plan| {
                over_patients(&clusters, plan, level, &|places| {
                    let [[d, c], [b, a]] = counted(places.iter().filter_map(|i| pairs.get(*i)));
                    kappa_value(&[d, c, b, a], 2, Weights::Identity)
                })
            }),
            sample_value: self.sample_value,
            positive_agreement: found.binary.and_then(|b| b.positive_agreement.est),
            negative_agreement: found.binary.and_then(|b| b.negative_agreement.est),
            reason: result.reason.map(|reason| reason.to_string()),
        })
    }
}

/// Rows: the first; columns: the second; negative first.
fn counted<'p>(pairs: impl Iterator<Item = &'p (bool, bool)>) -> [[u64; 2]; 2] {
    let mut table = [[0; 2]; 2];
    for (x, y) in pairs {
        table[usize::from(*x)][usize::from(*y)] += 1;
    }
    table
}
