//! The dataset label against a reference, as a 2×2 table.

use serde::Serialize;

use crate::compare::{log_interval, newcombe_difference};
use crate::estimate::{Interval, Level, NotEstimable};
use crate::kappa::{Kappa, Weights, kappa};
use crate::proportion::{Proportion, proportion, wilson};

/// A value with an interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The estimate; `None` where undefined.
    pub est: Option<f64>,
    /// Its interval.
    pub ci: Option<Interval>,
    /// Why the value or its interval is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotEstimable>,
}

impl Ratio {
    fn of(est: f64, ci: Interval) -> Self {
        Self { est: Some(est), ci: Some(ci), reason: None }
    }

    fn missing(reason: NotEstimable) -> Self {
        Self { est: None, ci: None, reason: Some(reason) }
    }
}

/// A 2×2 table: label against reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
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

impl Confusion {
    /// Counts one study.
    #[expect(clippy::fn_params_excessive_bools, reason = "row and column of a 2×2 table")]
    pub fn add(&mut self, label: bool, reference: bool) {
        match (label, reference) {
            (true, true) => self.tp += 1,
            (true, false) => self.fp += 1,
            (false, true) => self.fn_ += 1,
            (false, false) => self.tn += 1,
        }
    }

    /// All studies.
    pub const fn n(&self) -> u64 {
        self.tp + self.fp + self.fn_ + self.tn
    }
}

/// What a 2×2 table says about a label, and what it cannot say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelQuality {
    /// The table.
    #[serde(flatten)]
    pub table: Confusion,
    /// Studies.
    pub n: u64,
    /// Label-positive studies.
    pub n_label_pos: u64,
    /// Label-negative studies.
    pub n_label_neg: u64,
    /// Reference-positive studies.
    pub n_ref_pos: u64,
    /// Reference-negative studies.
    pub n_ref_neg: u64,
    /// Whether only one label arm was sampled.
    pub one_arm: bool,
    /// tp/(tp+fp).
    pub ppv: Proportion,
    /// tn/(tn+fn).
    pub npv: Proportion,
    /// tp/(tp+fn); `None`, as everything below, when one arm only was sampled.
    pub sensitivity: Option<Proportion>,
    /// tn/(tn+fp).
    pub specificity: Option<Proportion>,
    /// (tp+tn)/n.
    pub accuracy: Option<Proportion>,
    /// (tp+fn)/n in this sample.
    pub prevalence: Option<Proportion>,
    /// (tp+fp)/n in this sample.
    pub label_prevalence: Option<Proportion>,
    /// 2tp/(2tp+fp+fn).
    pub f1: Option<Ratio>,
    /// Sensitivity + specificity − 1.
    pub youden: Option<Ratio>,
    /// (sensitivity + specificity)/2.
    pub balanced_accuracy: Option<Ratio>,
    /// Sensitivity/(1 − specificity).
    pub lr_pos: Option<Ratio>,
    /// (1 − sensitivity)/specificity.
    pub lr_neg: Option<Ratio>,
    /// Cohen's kappa of label and reference.
    pub kappa: Option<Kappa>,
    /// Why the design does not identify what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_identified_reason: Option<NotEstimable>,
}

/// The quality of a label from its 2×2 table against the reference.
///
/// If only one label arm was sampled, everything but PPV (or NPV) is not identified and stays `None` with the reason;
/// the arithmetic would give a sensitivity of 1 and a specificity of 0. On samples enriched by label the unweighted
/// values describe the sample, not the dataset: use [`crate::stratified`] there.
pub fn label_quality(table: Confusion, level: Level) -> LabelQuality {
    let Confusion { tp, fp, fn_, tn } = table;
    let n = table.n();
    let (label_pos, label_neg) = (tp + fp, fn_ + tn);
    let (ref_pos, ref_neg) = (tp + fn_, tn + fp);
    let one_arm = label_pos == 0 || label_neg == 0;
    let mut out = LabelQuality {
        table,
        n,
        n_label_pos: label_pos,
        n_label_neg: label_neg,
        n_ref_pos: ref_pos,
        n_ref_neg: ref_neg,
        one_arm,
        ppv: proportion(tp, label_pos, level),
        npv: proportion(tn, label_neg, level),
        sensitivity: None,
        specificity: None,
        accuracy: None,
        prevalence: None,
        label_prevalence: None,
        f1: None,
        youden: None,
        balanced_accuracy: None,
        lr_pos: None,
        lr_neg: None,
        kappa: None,
        not_identified_reason: None,
    };
    if one_arm {
        out.not_identified_reason = Some(if n == 0 {
            NotEstimable::NoObservations
        } else if label_neg == 0 {
            NotEstimable::NoLabelNegatives
        } else {
            NotEstimable::NoLabelPositives
        });
        return out;
    }
    out.sensitivity = Some(proportion(tp, ref_pos, level));
    out.specificity = Some(proportion(tn, ref_neg, level));
    out.accuracy = Some(proportion(tp + tn, n, level));
    out.prevalence = Some(proportion(ref_pos, n, level));
    out.label_prevalence = Some(proportion(label_pos, n, level));
    out.f1 = Some(f1(tp, fp, fn_, level));
    let youden = youden(table, level);
    out.balanced_accuracy = Some(Ratio {
        est: youden.est.map(|j| f64::midpoint(1.0, j)),
        ci: youden.ci.map(|ci| ci.map(|j| f64::midpoint(1.0, j))),
        reason: youden.reason.clone(),
    });
    out.youden = Some(youden);
    out.lr_pos = Some(likelihood_ratio(tp, ref_pos, fp, ref_neg, level));
    out.lr_neg = Some(likelihood_ratio(fn_, ref_pos, tn, ref_neg, level));
    out.kappa = Some(kappa(&[vec![tn, fn_], vec![fp, tp]], Weights::Identity, level));
    out
}

/// F1 = 2tp/(2tp+fp+fn), with the Wilson interval of tp/(tp+fp+fn) mapped by 2x/(1+x); undefined when all are 0.
pub fn f1(tp: u64, fp: u64, fn_: u64, level: Level) -> Ratio {
    let any = tp + fp + fn_;
    if any == 0 {
        return Ratio::missing(NotEstimable::ZeroOverZero);
    }
    let est = 2.0 * tp as f64 / (2 * tp + fp + fn_) as f64;
    Ratio::of(est, wilson(tp as f64, any as f64, level).map(twice_over_one_plus))
}

/// Jaccard to Dice: 2x/(1+x).
pub(crate) fn twice_over_one_plus(x: f64) -> f64 {
    2.0 * x / (1.0 + x)
}

/// Youden's J with Newcombe's hybrid score interval; undefined unless the reference has both classes.
fn youden(t: Confusion, level: Level) -> Ratio {
    let (pos, neg) = (t.tp + t.fn_, t.tn + t.fp);
    match newcombe_difference(t.tp, pos, t.fp, neg, level) {
        Some(ci) => Ratio::of(t.tp as f64 / pos as f64 - t.fp as f64 / neg as f64, ci),
        None => Ratio::missing(NotEstimable::OneReferenceClass),
    }
}

/// The ratio (a/A)/(b/B) with Simel's log interval.
///
/// Undefined when a group is empty, infinite at b = 0, 0 without interval at a = 0.
///
/// # References
/// Simel, Samsa & Matchar, J Clin Epidemiol 1991;44:763.
pub fn likelihood_ratio(a: u64, of_a: u64, b: u64, of_b: u64, level: Level) -> Ratio {
    if of_a == 0 || of_b == 0 {
        return Ratio::missing(NotEstimable::OneReferenceClass);
    }
    if b == 0 {
        let reason = if a == 0 { NotEstimable::ZeroOverZero } else { NotEstimable::Infinite };
        return Ratio::missing(reason);
    }
    if a == 0 {
        let reason = Some(NotEstimable::Other("zero".to_owned()));
        return Ratio { est: Some(0.0), ci: None, reason };
    }
    let (x, of_x, y, of_y) = (a as f64, of_a as f64, b as f64, of_b as f64);
    let ratio = (x / of_x) / (y / of_y);
    let s = (1.0 / x - 1.0 / of_x + 1.0 / y - 1.0 / of_y).max(0.0).sqrt();
    Ratio::of(ratio, log_interval(ratio, s, level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_arm_identifies_nothing_but_its_predictive_value() {
        let out = label_quality(Confusion { tp: 43, fp: 7, fn_: 0, tn: 0 }, Level::P95);
        assert_eq!(out.ppv.k, 43);
        assert!(out.sensitivity.is_none() && out.kappa.is_none() && out.f1.is_none());
        assert_eq!(out.not_identified_reason, Some(NotEstimable::NoLabelNegatives));
    }

    #[test]
    fn an_infinite_ratio_is_refused() {
        let out = likelihood_ratio(5, 10, 0, 10, Level::P95);
        assert_eq!((out.est, out.reason), (None, Some(NotEstimable::Infinite)));
    }
}
