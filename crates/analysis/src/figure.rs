//! One computed figure with everything needed to trace it.

use overread_stats::cluster::{Cluster, clustered_share};
use overread_stats::proportion::wilson;
use overread_stats::stratified::Weighted;
use overread_stats::{Interval, Level, confidence_sequence};
use serde::Serialize;

/// A rule and the version of the protocol that words it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleRef {
    /// Name of the rule.
    pub name: String,
    /// Version of the protocol.
    pub version: u32,
}

/// Successes of a number of studies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Successes.
    pub x: u64,
    /// Of how many.
    pub n: u64,
}

impl Count {
    /// Counts one more.
    pub fn add(&mut self, success: bool) {
        self.n += 1;
        self.x += u64::from(success);
    }
}

/// An interval of no width comes from a standard error of 0, which says nothing: it is none.
pub(crate) fn with_width(interval: Option<Interval>) -> Option<Interval> {
    interval.filter(|ends| 1e-12 < ends.high - ends.low)
}

/// Why a weighted share stands without an interval.
pub(crate) const ONE_OF_A_STRATUM: &str = "no interval: one study of a stratum was read";

/// What may be done with an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// The planned number was reached: the interval to report.
    Final,
    /// A confidence sequence: may be looked at after every read.
    Running,
    /// Made with inclusion weights, for the whole dataset.
    Weighted,
    /// There is none.
    None,
}

/// A figure: estimand, counts, value, interval and how they were made, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What is estimated: `ppv`, `npv`, `sensitivity` …
    pub estimand: &'static str,
    /// Successes among the studies read.
    pub x: u64,
    /// Studies read that count.
    pub n: u64,
    /// Patients they come from.
    pub patients: u64,
    /// The estimate.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// What kind of interval it is.
    pub kind: IntervalKind,
    /// How the interval was made.
    pub method: &'static str,
    /// Wilson interval on studies, patients disregarded, for comparison.
    pub plain: Option<Interval>,
    /// Design effect of several studies per patient.
    pub design_effect: Option<f64>,
    /// What a running interval rests on: each patient's first study.
    pub first_studies: Option<Count>,
    /// The rule and its version.
    pub rule: Option<RuleRef>,
    /// Why there is no value, or no interval.
    pub reason: Option<String>,
}

impl Figure {
    /// A figure that cannot be given.
    pub(crate) fn refused(
        estimand: &'static str,
        rule: Option<&RuleRef>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            estimand,
            x: 0,
            n: 0,
            patients: 0,
            value: None,
            interval: None,
            kind: IntervalKind::None,
            method: "none",
            plain: None,
            design_effect: None,
            first_studies: None,
            rule: rule.cloned(),
            reason: Some(reason.into()),
        }
    }

    /// The counts of the sample without the value that they do not support.
    pub(crate) fn withheld(self, reason: &str) -> Self {
        Self {
            x: self.x,
            n: self.n,
            patients: self.patients,
            ..Self::refused(self.estimand, self.rule.as_ref(), reason)
        }
    }

    /// The counts of the sample beside an estimate made with inclusion weights; `missing` says why there is none.
    pub(crate) fn weighted(self, estimate: Weighted, missing: &str) -> Self {
        let reason = match (estimate.est, estimate.ci) {
            (None, _) => Some(missing.to_owned()),
            (Some(_), None) => Some(ONE_OF_A_STRATUM.to_owned()),
            (Some(_), Some(_)) => None,
        };
        let kind = if estimate.ci.is_some() { IntervalKind::Weighted } else { IntervalKind::None };
        let method = if estimate.ci.is_some() { estimate.ci_method } else { "none" };
        Self {
            value: estimate.est,
            interval: estimate.ci,
            kind,
            method,
            reason,
            ..self.withheld("")
        }
    }

    /// The counts.
    pub fn count(&self) -> Count {
        Count { x: self.x, n: self.n }
    }
}

/// One study's part in a proportion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    /// Cluster.
    pub patient: u32,
    /// Outcome.
    pub success: bool,
}

/// A proportion over studies in reading order: final over patients when complete, a confidence
/// sequence over each patient's first study while not.
pub(crate) fn share(
    estimand: &'static str,
    rule: Option<&RuleRef>,
    trials: &[Trial],
    complete: bool,
    level: Level,
) -> Figure {
    let mut by_patient = trials.to_vec();
    // Stable: each patient's first study stays the first.
    by_patient.sort_by_key(|trial| trial.patient);
    let mut clusters: Vec<Cluster> = Vec::with_capacity(by_patient.len());
    let mut first = Count::default();
    for of_one in by_patient.chunk_by(|a, b| a.patient == b.patient) {
        first.add(of_one.first().is_some_and(|trial| trial.success));
        clusters.push(Cluster {
            successes: of_one.iter().filter(|trial| trial.success).count() as u64,
            size: of_one.len() as u64,
        });
    }
    let clustered = clustered_share(&clusters, level);
    let mut figure = Figure {
        x: clustered.k,
        n: clustered.n,
        patients: clustered.clusters,
        value: clustered.est,
        plain: (0 < clustered.n).then(|| wilson(clustered.k as f64, clustered.n as f64, level)),
        reason: None,
        ..Figure::refused(estimand, rule, "")
    };
    if figure.n == 0 {
        figure.reason = Some("no study that counts was read".to_owned());
    } else if !complete {
        figure.interval = confidence_sequence(first.x, first.n, level.alpha()).ci;
        figure.kind = IntervalKind::Running;
        figure.method = "confidence sequence over each patient's first study";
        figure.first_studies = Some(first);
    } else if let Some(interval) = clustered.ci_wilson_neff {
        figure.interval = Some(interval);
        figure.kind = IntervalKind::Final;
        figure.method = "Wilson on the effective sample (patients)";
        figure.design_effect = clustered.deff;
    } else {
        figure.reason = Some("no interval: fewer than two patients".to_owned());
    }
    figure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(patients: &[u32], success: &[bool]) -> Vec<Trial> {
        patients
            .iter()
            .zip(success)
            .map(|(&patient, &success)| Trial { patient, success })
            .collect()
    }

    #[test]
    fn while_unfinished_only_each_patients_first_study_feeds_the_interval() {
        let all = trials(&[1, 1, 2, 3], &[true, false, true, false]);
        let figure = share("ppv", None, &all, false, Level::P95);
        assert_eq!((figure.x, figure.n, figure.patients), (2, 4, 3));
        assert_eq!(figure.first_studies, Some(Count { x: 2, n: 3 }));
        assert_eq!(figure.kind, IntervalKind::Running);
        let low = |i: Option<Interval>| i.unwrap().low;
        let expected = confidence_sequence(2, 3, 0.05).ci;
        assert!((low(figure.interval) - low(expected)).abs() < 1e-12);
    }

    #[test]
    fn one_patient_gives_a_value_without_an_interval_and_says_why() {
        let figure = share("ppv", None, &trials(&[1, 1], &[true, true]), true, Level::P95);
        assert_eq!((figure.value, figure.interval), (Some(1.0), None));
        assert_eq!(figure.kind, IntervalKind::None);
        assert!(figure.reason.is_some_and(|r| r.contains("two patients")));
    }
}
