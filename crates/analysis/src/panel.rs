//! Agreement of a whole panel: every reader of a study at once.

use std::collections::BTreeMap;

use overread_core::Level;
use overread_stats::alpha::{Metric, krippendorff_alpha};
use overread_stats::bootstrap::{Resampling, bootstrap};
use overread_stats::kappa::Weights;
use overread_stats::raters::{Chance, coefficient, conger, specific_agreement};
use overread_stats::{Interval, NotEstimable};
use serde::Serialize;

use crate::collect::{Collected, Question};
use crate::figure::{Count, RuleRef, with_width};
use crate::ground::Ground;
use crate::input::Options;

/// One coefficient of agreement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PanelCoefficient {
    /// `fleiss`, `gwet_ac1`, `brennan_prediger`, `conger`, `krippendorff_alpha`, `krippendorff_alpha_ordinal`, `gwet_ac2_quadratic`.
    pub name: &'static str,
    /// The value.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// How the interval was made.
    pub method: &'static str,
    /// Bootstrap over patients, when asked for.
    pub patient_bootstrap: Option<Interval>,
    /// Why there is no value.
    pub reason: Option<String>,
}

/// All readers on one finding under one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PanelAgreement {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule; `None` for agreement on the levels themselves.
    pub rule: Option<RuleRef>,
    /// Readers who decided any of the studies.
    pub readers: u64,
    /// Studies that at least two readers decided.
    pub studies: u64,
    /// Their patients.
    pub patients: u64,
    /// Of the studies that every reader decided, those on which all agree.
    pub unanimous: Count,
    /// Agreement on positive studies.
    pub positive_agreement: Option<f64>,
    /// Agreement on negative studies.
    pub negative_agreement: Option<f64>,
    /// Whether the studies were drawn by label or with unequal probabilities: then the figures describe the sample, not the dataset.
    pub sample_value: bool,
    /// The coefficients.
    pub coefficients: Vec<PanelCoefficient>,
}

/// Panel agreement of every question under every rule, and on the levels where there are more than two.
pub(crate) fn panels(
    input: &Ground<'_>,
    options: &Options,
    collected: &Collected<'_>,
) -> Vec<PanelAgreement> {
    if collected.readers.len() < 2 {
        return Vec::new();
    }
    let mut out = Vec::new();
    let top = input.protocol.top_level();
    for question in &collected.questions {
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            let category = |level: Level| usize::from(level.meets(rule.threshold));
            let scale = Scale { categories: 2, rule: Some(id) };
            out.extend(panel((input, options), collected, question, &scale, category));
        }
        if 1 < top.0 {
            let scale = Scale { categories: usize::from(top.0) + 1, rule: None };
            let category = |level: Level| usize::from(level.0);
            out.extend(panel((input, options), collected, question, &scale, category));
        }
    }
    out
}

/// On what readers agree or not.
struct Scale {
    categories: usize,
    rule: Option<RuleRef>,
}

fn panel(
    (input, options): (&Ground<'_>, &Options),
    collected: &Collected<'_>,
    question: &Question<'_>,
    scale: &Scale,
    category: impl Fn(Level) -> usize,
) -> Option<PanelAgreement> {
    let (mut ratings, mut patients) = (Vec::new(), Vec::new());
    for unit in &question.units {
        let mut row = vec![None; collected.readers.len()];
        for mark in &unit.marks {
            if let (Some(slot), Some(level)) = (row.get_mut(mark.reader), mark.answer.level()) {
                *slot = Some(category(level));
            }
        }
        if 2 <= row.iter().flatten().count() {
            ratings.push(row);
            patients.push(unit.study.patient);
        }
    }
    if ratings.is_empty() {
        return None;
    }
    let q = scale.categories;
    let counts: Vec<Vec<u64>> = ratings.iter().map(|row| counted(row, q)).collect();
    let reading: Vec<bool> = (0..collected.readers.len())
        .map(|r| ratings.iter().any(|row| row.get(r).is_some_and(Option::is_some)))
        .collect();
    let readers = reading.iter().filter(|reads| **reads).count();
    let mut unanimous = Count::default();
    for row in ratings.iter().filter(|row| row.iter().flatten().count() == readers) {
        let mut given = row.iter().flatten();
        let first = given.next();
        unanimous.add(given.all(|value| Some(value) == first));
    }
    let mut distinct = patients.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let binary = q == 2;
    Some(PanelAgreement {
        finding: question.finding.id.clone(),
        name: question.finding.name.clone(),
        rule: scale.rule.clone(),
        readers: readers as u64,
        studies: ratings.len() as u64,
        patients: distinct.len() as u64,
        unanimous,
        positive_agreement: binary.then(|| specific_agreement(&counts, 1)).flatten(),
        negative_agreement: binary.then(|| specific_agreement(&counts, 0)).flatten(),
        sample_value: question.describes_sample(input),
        coefficients: coefficients(options, &ratings, &counts, &by_patient(&patients), q),
    })
}

fn counted(row: &[Option<usize>], q: usize) -> Vec<u64> {
    let mut counts = vec![0; q];
    for &value in row.iter().flatten() {
        if let Some(count) = counts.get_mut(value) {
            *count += 1;
        }
    }
    counts
}

/// Places of each patient's studies, patients in order.
pub(crate) fn by_patient(patients: &[u32]) -> Vec<Vec<usize>> {
    let mut out: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, &patient) in patients.iter().enumerate() {
        out.entry(patient).or_default().push(place);
    }
    out.into_values().collect()
}

fn coefficients(
    options: &Options,
    ratings: &[Vec<Option<usize>>],
    counts: &[Vec<u64>],
    clusters: &[Vec<usize>],
    q: usize,
) -> Vec<PanelCoefficient> {
    let level = options.stats_level();
    let resampled = |statistic: &(dyn Fn(&[Vec<u64>]) -> Option<f64> + Sync)| {
        let plan = options.resampling()?;
        let of = |places: &[usize]| -> Vec<Vec<u64>> {
            places.iter().filter_map(|i| counts.get(*i).cloned()).collect()
        };
        over_patients(clusters, plan, level, &|places| statistic(&of(places)))
    };
    let mut out = Vec::new();
    let chances: &[(&'static str, Chance, Weights)] = if q == 2 {
        &[
            ("fleiss", Chance::Fleiss, Weights::Identity),
            ("gwet_ac1", Chance::Gwet, Weights::Identity),
            ("brennan_prediger", Chance::BrennanPrediger, Weights::Identity),
        ]
    } else {
        &[
            ("fleiss", Chance::Fleiss, Weights::Identity),
            ("fleiss_quadratic", Chance::Fleiss, Weights::Quadratic),
            ("gwet_ac2_quadratic", Chance::Gwet, Weights::Quadratic),
        ]
    };
    for &(name, chance, weights) in chances {
        let found = coefficient(counts, chance, weights, level);
        let interval = with_width(found.ci_t);
        out.push(PanelCoefficient {
            name,
            value: found.est,
            interval,
            method: if interval.is_some() { "Gwet, t over studies" } else { "none" },
            patient_bootstrap: resampled(&|rows| coefficient(rows, chance, weights, level).est),
            reason: found.estimate().err().map(|reason| reason.to_string()),
        });
    }
    let panel = conger(ratings, q, Weights::Identity);
    out.push(PanelCoefficient {
        name: "conger",
        value: panel.as_ref().ok().map(|e| e.value),
        interval: None,
        method: "none",
        patient_bootstrap: options.resampling().and_then(|plan| {
            over_patients(clusters, plan, level, &|places| {
                let rows: Vec<Vec<Option<usize>>> =
                    places.iter().filter_map(|i| ratings.get(*i).cloned()).collect();
                conger(&rows, q, Weights::Identity).ok().map(|e| e.value)
            })
        }),
        reason: panel.err().map(|reason: NotEstimable| reason.to_string()),
    });
    let (name, metric) = if q == 2 {
        ("krippendorff_alpha", Metric::Nominal)
    } else {
        ("krippendorff_alpha_ordinal", Metric::Ordinal)
    };
    let values: Vec<f64> = (0..q).map(|k| k as f64).collect();
    let alpha = krippendorff_alpha(counts, &values, metric, None, level);
    out.push(PanelCoefficient {
        name,
        value: alpha.alpha,
        interval: None,
        method: "none",
        patient_bootstrap: resampled(&|rows| {
            krippendorff_alpha(rows, &values, metric, None, level).alpha
        }),
        reason: alpha.reason.map(|reason| reason.to_string()),
    });
    out
}

/// The percentile interval of a statistic over resampled patients.
pub(crate) fn over_patients(
    clusters: &[Vec<usize>],
    plan: Resampling,
    level: overread_stats::Level,
    statistic: &(dyn Fn(&[usize]) -> Option<f64> + Sync),
) -> Option<Interval> {
    let n = clusters.len() as u64;
    if n < 2 {
        return None;
    }
    let drawn = bootstrap(n, plan, level, Vec::new, |places: &mut Vec<usize>, draws| {
        places.clear();
        for i in draws.indices() {
            places.extend(clusters.get(i)?);
        }
        statistic(places)
    });
    with_width(drawn.ci)
}
