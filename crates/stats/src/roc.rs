//! Scores against a two-class reference.

use rayon::slice::ParallelSliceMut as _;
use serde::Serialize;

use crate::dist::two_sided_p;
use crate::estimate::{Interval, Level};
use crate::label_quality::Confusion;
use crate::proportion::{Proportion, proportion};
use crate::stratified::logit_interval;

/// The area under the ROC curve with `DeLong`'s error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the key of the serialised form")]
pub struct Auc {
    /// The area; `None` when a class is absent.
    pub auc: Option<f64>,
    /// Positives.
    pub n_pos: u64,
    /// Negatives.
    pub n_neg: u64,
    /// `DeLong`'s standard error; `None` with fewer than two of a class.
    pub se: Option<f64>,
    /// Normal interval cut to `[0, 1]`.
    pub ci: Option<Interval>,
    /// Interval on the logit; `None` at 0 and 1.
    pub ci_logit: Option<Interval>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Why there is no curve.
const ONE_CLASS: &str = "the reference has only one class";

impl Auc {
    const fn undefined(n_pos: usize, n_neg: usize) -> Self {
        Self {
            auc: None,
            n_pos: n_pos as u64,
            n_neg: n_neg as u64,
            se: None,
            ci: None,
            ci_logit: None,
            reason: Some(ONE_CLASS),
        }
    }
}

/// Areas of several scores on the same subjects, and the paired comparison of the first two.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeLong {
    /// One area per score.
    pub models: Vec<Auc>,
    /// First minus second.
    pub diff: Option<f64>,
    /// Its standard error.
    pub se_diff: Option<f64>,
    /// Covariance of the two areas.
    pub cov: Option<f64>,
    /// Interval of the difference.
    pub ci: Option<Interval>,
    /// diff/se.
    pub z: Option<f64>,
    /// Two-sided p-value; 1 when both difference and error are 0.
    pub p: Option<f64>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Placement values: per positive the share of negatives below it (ties ½), and per negative the share of positives above.
struct Placements {
    auc: f64,
    positive: Vec<f64>,
    negative: Vec<f64>,
}

/// A score as a word that sorts like it; 0 and −0 are one value.
fn sort_key(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// One sort and one walk over the groups of equal scores; both classes must be there.
fn placements(y: &[bool], score: &[f64], positives: usize) -> Placements {
    // The class travels with the score: the walk then reads nothing out of order.
    let mut order: Vec<(u64, usize, bool)> =
        score.iter().zip(y).zip(0..).map(|((score, y), i)| (sort_key(*score), i, *y)).collect();
    order.par_sort_unstable_by_key(|(key, ..)| *key);
    let negatives = y.len() - positives;
    let (m, n) = (positives as f64, negatives as f64);
    let mut value = vec![0.0; y.len()];
    let (mut positives_below, mut negatives_below, mut sum) = (0_usize, 0_usize, 0.0);
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let hits = group.iter().filter(|(.., y)| *y).count();
        let misses = group.len() - hits;
        let above = positives - positives_below - hits;
        let of_positive = (negatives_below as f64 + misses as f64 / 2.0) / n;
        let of_negative = (above as f64 + hits as f64 / 2.0) / m;
        for (_, i, y) in group {
            value[*i] = if *y { of_positive } else { of_negative };
        }
        sum += of_positive * hits as f64;
        positives_below += hits;
        negatives_below += misses;
    }
    let pick =
        |class: bool| y.iter().zip(&value).filter(move |(y, _)| **y == class).map(|(_, v)| *v);
    let mut of = (Vec::with_capacity(positives), Vec::with_capacity(negatives));
    of.0.extend(pick(true));
    of.1.extend(pick(false));
    Placements { auc: sum / m, positive: of.0, negative: of.1 }
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    a.iter().zip(b).map(|(x, y)| (x - mean_a) * (y - mean_b)).sum::<f64>() / (n - 1.0)
}

/// Variances below this are rounding.
fn error(variance: f64) -> f64 {
    if variance < 1e-20 { 0.0 } else { variance.sqrt() }
}

fn auc_of(p: &Placements, level: Level) -> Auc {
    let (m, n) = (p.positive.len(), p.negative.len());
    let se = (m >= 2 && n >= 2).then(|| error(variance(p, p)));
    let ci = se.map(|se| Interval::around(p.auc, level.z() * se).clipped(0.0, 1.0));
    let inside = p.auc > 0.0 && p.auc < 1.0;
    let ci_logit =
        se.filter(|_| inside).map(|se| logit_interval(p.auc, se / (p.auc * (1.0 - p.auc)), level));
    let reason = if se.is_none() {
        Some("fewer than two of a class: no error")
    } else if inside {
        None
    } else {
        Some("the classes separate: the interval is degenerate and has no logit")
    };
    Auc { auc: Some(p.auc), n_pos: m as u64, n_neg: n as u64, se, ci, ci_logit, reason }
}

fn variance(a: &Placements, b: &Placements) -> f64 {
    covariance(&a.positive, &b.positive) / a.positive.len() as f64
        + covariance(&a.negative, &b.negative) / a.negative.len() as f64
}

/// Areas under the curve by `DeLong`'s method in the fast form of Sun & Xu; with two scores, their paired difference.
///
/// A class without subjects leaves the areas undefined, fewer than two of a class their errors. Scores must be finite.
///
/// # References
/// `DeLong`, `DeLong` & Clarke-Pearson, Biometrics 1988;44:837; Sun & Xu, IEEE Signal Process Lett 2014;21:1389.
pub fn delong(y: &[bool], scores: &[&[f64]], level: Level) -> DeLong {
    let n_pos = y.iter().filter(|y| **y).count();
    let n_neg = y.len() - n_pos;
    let mut out = DeLong {
        models: Vec::new(),
        diff: None,
        se_diff: None,
        cov: None,
        ci: None,
        z: None,
        p: None,
        reason: None,
    };
    if n_pos == 0 || n_neg == 0 {
        out.models = vec![Auc::undefined(n_pos, n_neg); scores.len()];
        out.reason = Some(ONE_CLASS);
        return out;
    }
    let all: Vec<Placements> = scores.iter().map(|score| placements(y, score, n_pos)).collect();
    out.models = all.iter().map(|p| auc_of(p, level)).collect();
    let [a, b, ..] = all.as_slice() else {
        out.reason = Some("one score: nothing to compare");
        return out;
    };
    let diff = a.auc - b.auc;
    out.diff = Some(diff);
    if n_pos < 2 || n_neg < 2 {
        out.reason = Some("fewer than two of a class: no error");
        return out;
    }
    let cov = variance(a, b);
    let se = error(variance(a, a) + variance(b, b) - 2.0 * cov);
    out.cov = Some(cov);
    out.se_diff = Some(se);
    out.ci = Some(Interval::around(diff, level.z() * se).clipped(-1.0, 1.0));
    if se > 0.0 {
        out.z = Some(diff / se);
        out.p = Some(two_sided_p(diff / se));
    } else if diff.abs() < 1e-12 {
        out.p = Some(1.0);
        out.reason = Some("the two scores rank alike: no error, no z");
    } else {
        out.reason = Some("the areas differ but their difference has no error");
    }
    out
}

/// A point of the ROC curve; serialised as `[threshold, fpr, tpr]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Positive when score ≥ threshold; `None` for the starting point where nothing is.
    pub threshold: Option<f64>,
    /// False positive rate.
    pub fpr: Option<f64>,
    /// True positive rate.
    pub tpr: Option<f64>,
}

impl Serialize for RocPoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.threshold, self.fpr, self.tpr).serialize(serializer)
    }
}

/// The points of the ROC curve, thresholds descending, from (0, 0) to (1, 1).
pub fn roc_points(y: &[bool], score: &[f64]) -> Vec<RocPoint> {
    let n_pos = y.iter().filter(|y| **y).count();
    let n_neg = y.len() - n_pos;
    let share = |k: usize, n: usize| (n > 0).then(|| k as f64 / n as f64);
    let mut order: Vec<usize> = (0..score.len().min(y.len())).collect();
    order.sort_by(|a, b| score[*b].total_cmp(&score[*a]));
    let (mut hits, mut alarms) = (0, 0);
    let mut points = vec![RocPoint { threshold: None, fpr: share(0, n_neg), tpr: share(0, n_pos) }];
    for (at, &i) in order.iter().enumerate() {
        if y[i] {
            hits += 1;
        } else {
            alarms += 1;
        }
        let last_of_ties = order.get(at + 1).is_none_or(|next| score[*next] != score[i]);
        if last_of_ties {
            points.push(RocPoint {
                threshold: Some(score[i]),
                fpr: share(alarms, n_neg),
                tpr: share(hits, n_pos),
            });
        }
    }
    points
}

/// The table at a fixed threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// Positive when score > threshold.
    pub threshold: f64,
    /// Always true: a score equal to the threshold is negative.
    pub strict: bool,
    /// The table.
    #[serde(flatten)]
    pub table: Confusion,
    /// tp/(tp+fn).
    pub sensitivity: Proportion,
    /// tn/(tn+fp).
    pub specificity: Proportion,
}

/// The table of `score > threshold` (strict) against the reference.
pub fn operating_point(y: &[bool], score: &[f64], threshold: f64, level: Level) -> OperatingPoint {
    let mut table = Confusion::default();
    for (y, score) in y.iter().zip(score) {
        table.add(*score > threshold, *y);
    }
    OperatingPoint {
        threshold,
        strict: true,
        table,
        sensitivity: proportion(table.tp, table.tp + table.fn_, level),
        specificity: proportion(table.tn, table.tn + table.fp, level),
    }
}

/// Where sensitivity + specificity − 1 is largest; on ties the highest threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct YoudenPoint {
    /// Positive when score ≥ this; `None` when calling nothing positive is best.
    pub threshold_ge: Option<f64>,
    /// The index.
    pub j: f64,
    /// False positive rate there.
    pub fpr: f64,
    /// True positive rate there.
    pub tpr: f64,
}

/// The best point by Youden's index; `None` when a class is absent.
pub fn youden_point(points: &[RocPoint]) -> Option<YoudenPoint> {
    let mut best: Option<YoudenPoint> = None;
    for point in points {
        let (fpr, tpr) = (point.fpr?, point.tpr?);
        let j = tpr - fpr;
        if best.is_none_or(|b| j > b.j) {
            best = Some(YoudenPoint { threshold_ge: point.threshold, j, fpr, tpr });
        }
    }
    best
}

/// Everything about one score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Roc {
    /// Area with its error.
    pub delong: Auc,
    /// Points of the curve, the start included.
    pub n_points: usize,
    /// The table at the declared threshold.
    pub operating_point: OperatingPoint,
    /// The best point; chosen on these data, so optimistic.
    pub youden: Option<YoudenPoint>,
    /// The curve.
    pub points: Vec<RocPoint>,
}

/// ROC analysis of one score at a declared threshold.
pub fn roc(y: &[bool], score: &[f64], threshold: f64, level: Level) -> Roc {
    let points = roc_points(y, score);
    let mut areas = delong(y, &[score], level).models;
    Roc {
        delong: areas.pop().unwrap_or(Auc::undefined(0, 0)),
        n_points: points.len(),
        operating_point: operating_point(y, score, threshold, level),
        youden: youden_point(&points),
        points,
    }
}

/// The area over false positive rates up to `max_fpr` (0 < max ≤ 1), by the trapezoid rule; `None` when undefined.
///
/// # References
/// `McClish`, Med Decis Making 1989;9:190.
pub fn partial_auc(points: &[RocPoint], max_fpr: f64) -> Option<f64> {
    if !(max_fpr > 0.0 && max_fpr <= 1.0) {
        return None;
    }
    let mut area = 0.0;
    for pair in points.windows(2) {
        let [from, to] = pair else { continue };
        let (x0, y0, x1, y1) = (from.fpr?, from.tpr?, to.fpr?, to.tpr?);
        let end = x1.min(max_fpr);
        if end <= x0 {
            continue;
        }
        let y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0);
        area += (end - x0) * f64::midpoint(y0, y_end);
    }
    Some(area)
}

/// `McClish`'s standardisation of a partial area: 0.5 for chance, 1 for perfect.
pub fn standardised_partial_auc(area: f64, max_fpr: f64) -> f64 {
    let least = max_fpr * max_fpr / 2.0;
    f64::midpoint(1.0, (area - least) / (max_fpr - least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverting_the_score_mirrors_the_area() {
        let y = [false, true, false, true, true];
        let score = [0.1, 0.4, 0.4, 0.8, 0.3];
        let inverted: Vec<f64> = score.iter().map(|s| -s).collect();
        let out = delong(&y, &[&score, &inverted], Level::P95);
        let (a, b) = (out.models[0], out.models[1]);
        assert!((a.auc.unwrap() + b.auc.unwrap() - 1.0).abs() < 1e-12);
        assert!((a.se.unwrap() - b.se.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn a_score_compared_with_itself_has_p_one_and_no_z() {
        let y = [false, true, false, true];
        let score = [0.1, 0.4, 0.5, 0.8];
        let out = delong(&y, &[&score, &score], Level::P95);
        assert_eq!((out.diff, out.p, out.z), (Some(0.0), Some(1.0), None));
    }

    #[test]
    fn the_whole_partial_area_is_the_area() {
        let y = [false, true, false, true, true, false];
        let score = [0.1, 0.4, 0.4, 0.8, 0.3, 0.35];
        let points = roc_points(&y, &score);
        let auc = delong(&y, &[&score], Level::P95).models[0].auc.unwrap();
        assert!((partial_auc(&points, 1.0).unwrap() - auc).abs() < 1e-12);
        assert!((standardised_partial_auc(0.02, 0.2) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_score_at_the_threshold_is_negative() {
        let out = operating_point(&[true], &[0.5], 0.5, Level::P95);
        assert_eq!((out.table.tp, out.table.fn_), (0, 1));
    }
}
