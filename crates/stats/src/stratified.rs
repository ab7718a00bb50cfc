//! Dataset-level estimates from samples stratified on the label (verification-bias correction).

use serde::Serialize;

use crate::bootstrap::{Bootstrap, Resampling, bootstrap};
use crate::estimate::{Interval, Level};
use crate::proportion::clopper_pearson;

/// One stratum of the population, its label, its size, its sample and the positives found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stratum {
    /// Name, for the record.
    pub name: String,
    /// Whether the stratum holds label-positive studies.
    pub label: bool,
    /// Studies in the population.
    pub population: u64,
    /// Studies sampled and decided.
    pub sampled: u64,
    /// Reference positives among them.
    pub positive: u64,
}

impl Stratum {
    fn is_census(&self) -> bool {
        self.sampled >= self.population
    }

    fn rate(&self) -> Option<f64> {
        (self.sampled > 0).then(|| self.positive.min(self.sampled) as f64 / self.sampled as f64)
    }

    /// Clopper–Pearson limits of the rate; the rate itself when every study was read.
    fn limits(&self, level: Level) -> Option<Interval> {
        let p = self.rate()?;
        if self.is_census() {
            return Some(Interval::new(p, p));
        }
        Some(clopper_pearson(self.positive, self.sampled, level))
    }
}

/// A stratum with its weight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StratumRow {
    /// Name.
    pub name: String,
    /// 1 for label-positive, 0 for label-negative.
    pub label: u8,
    /// Studies in the population.
    #[serde(rename = "N")]
    pub population: u64,
    /// Studies sampled.
    pub n: u64,
    /// Positives among them.
    pub k: u64,
    /// Population studies that one sampled study stands for.
    pub weight: Option<f64>,
    /// Finite population correction 1 − n/N.
    pub fpc: Option<f64>,
}

/// Expected counts of the whole dataset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExpectedTable {
    /// Label-positive and truly positive.
    pub tp: Option<f64>,
    /// Label-positive and truly negative.
    pub fp: Option<f64>,
    /// Label-negative and truly positive.
    #[serde(rename = "fn")]
    pub fn_: Option<f64>,
    /// Label-negative and truly negative.
    pub tn: Option<f64>,
}

/// A weighted estimate with the method of its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Weighted {
    /// The estimate.
    pub est: Option<f64>,
    /// Design standard error; `None` where the plug-in variance would lie.
    pub se: Option<f64>,
    /// Its interval.
    pub ci: Option<Interval>,
    /// How the interval was made.
    pub ci_method: &'static str,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Weighted {
    const UNDEFINED: Self = Self {
        est: None,
        se: None,
        ci: None,
        ci_method: "undefined",
        reason: Some("a stratum that it needs was not sampled, or nothing falls into it"),
    };

    /// An estimate of which some stratum has a single study.
    fn without_variance(est: f64) -> Self {
        let reason = Some("a stratum with one sampled study has no variance");
        Self { est: Some(est), reason, ..Self::UNDEFINED }
    }
}

/// The design-based estimates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DesignEstimates {
    /// TP/(TP+FN) of the dataset.
    pub sensitivity: Weighted,
    /// TN/(TN+FP) of the dataset.
    pub specificity: Weighted,
    /// TP/N₁.
    pub ppv: Weighted,
    /// TN/N₀.
    pub npv: Weighted,
    /// (TP+FN)/N.
    pub prevalence: Weighted,
    /// (TP+TN)/N.
    pub accuracy: Weighted,
}

/// A Begg–Greenes estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BeggGreenesEstimate {
    /// The estimate.
    pub est: Option<f64>,
    /// Standard error on the logit.
    pub se_logit: Option<f64>,
    /// Its interval.
    pub ci: Option<Interval>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Begg–Greenes, defined for exactly one stratum per label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BeggGreenes {
    /// Corrected sensitivity.
    pub sensitivity: Option<BeggGreenesEstimate>,
    /// Corrected specificity.
    pub specificity: Option<BeggGreenesEstimate>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Unweighted values of the sample, biased for the dataset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Naive {
    /// Sensitivity within the sample.
    pub sensitivity: Option<f64>,
    /// Specificity within the sample.
    pub specificity: Option<f64>,
    /// Prevalence within the sample.
    pub prevalence: Option<f64>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Everything a label-stratified sample identifies about the dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stratified {
    /// The strata with weights.
    pub strata: Vec<StratumRow>,
    /// Population size.
    #[serde(rename = "N")]
    pub population: u64,
    /// Sample size.
    pub n: u64,
    /// Expected counts of the dataset.
    pub expected_table: ExpectedTable,
    /// Design-based estimates: the studies of this dataset are the target.
    pub design: DesignEstimates,
    /// Superpopulation estimates.
    pub begg_greenes: BeggGreenes,
    /// Unweighted values.
    pub naive: Naive,
    /// Strata of the population without a sampled study.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsampled_strata: Vec<String>,
}

/// A total Σ N·p over strata: its value, variance and limits.
#[derive(Clone, Copy, Debug)]
struct Total {
    value: f64,
    /// `None` when a stratum with one sampled study varies from none.
    variance: Option<f64>,
    limits: Interval,
    census: bool,
    /// No stratum shows variation, although not every study was read.
    flat: bool,
    strata: usize,
    size: f64,
}

/// Strata with the limits of their rates; `hit` counts positives (true) or negatives (false) per stratum.
fn total<'a>(strata: impl Iterator<Item = (&'a Stratum, Option<Interval>, bool)>) -> Option<Total> {
    let mut out = Total {
        value: 0.0,
        variance: Some(0.0),
        limits: Interval::new(0.0, 0.0),
        census: true,
        flat: true,
        strata: 0,
        size: 0.0,
    };
    for (stratum, limits, hit) in strata {
        let rate = stratum.rate()?;
        let limits = limits?;
        let size = stratum.population as f64;
        let n = stratum.sampled as f64;
        out.strata += 1;
        out.size += size;
        out.value += size * if hit { rate } else { 1.0 - rate };
        let (low, high) =
            if hit { (limits.low, limits.high) } else { (1.0 - limits.high, 1.0 - limits.low) };
        out.limits.low += size * low;
        out.limits.high += size * high;
        if stratum.is_census() {
            continue;
        }
        out.census = false;
        let spread = rate * (1.0 - rate);
        out.flat &= spread == 0.0;
        let variance = (n >= 2.0).then(|| size * size * (1.0 - n / size) * spread / (n - 1.0));
        out.variance = out.variance.zip(variance).map(|(a, b)| a + b);
    }
    out.flat &= !out.census;
    Some(out)
}

/// Why a flat arm has an interval but no error.
const FLAT: &str = "an arm shows no variation: the limits of its strata stand in for an error";

/// The ratio A/(A+B) of two independent totals.
fn ratio_of_totals(a: Option<Total>, b: Option<Total>, level: Level) -> Weighted {
    let (Some(a), Some(b)) = (a, b) else { return Weighted::UNDEFINED };
    let sum = a.value + b.value;
    // Of a population with one label only, arithmetic would say 1 or 0 without a study of the other.
    if sum <= 0.0 || a.strata == 0 || b.strata == 0 {
        return Weighted::UNDEFINED;
    }
    let est = a.value / sum;
    if a.flat || b.flat || a.value == 0.0 || b.value == 0.0 {
        // The plug-in variance would be 0 without the arm being known.
        let end = |x: f64, y: f64| if x + y > 0.0 { x / (x + y) } else { est };
        let ci = Interval::new(end(a.limits.low, b.limits.high), end(a.limits.high, b.limits.low));
        let known = a.census && b.census;
        return Weighted {
            est: Some(est),
            se: known.then_some(0.0),
            ci: Some(ci),
            ci_method: if known { "census" } else { "plug-in clopper-pearson" },
            reason: (!known).then_some(FLAT),
        };
    }
    let (Some(va), Some(vb)) = (a.variance, b.variance) else {
        return Weighted::without_variance(est);
    };
    let se = (b.value * b.value * va + a.value * a.value * vb).sqrt() / (sum * sum);
    let on_logit = (va / (a.value * a.value) + vb / (b.value * b.value)).sqrt();
    let ci = logit_interval(est, on_logit, level);
    Weighted { est: Some(est), se: Some(se), ci: Some(ci), ci_method: "logit-delta", reason: None }
}

/// The mean of a total over its strata.
fn mean_of_total(total: Option<Total>, level: Level) -> Weighted {
    let Some(t) = total.filter(|t| t.size > 0.0) else { return Weighted::UNDEFINED };
    let est = t.value / t.size;
    if t.census {
        let ci = Some(Interval::new(est, est));
        return Weighted { est: Some(est), se: Some(0.0), ci, ci_method: "census", reason: None };
    }
    if t.flat || t.value <= 0.0 || t.value >= t.size {
        let ci = Interval::new(t.limits.low / t.size, t.limits.high / t.size);
        let ci_method =
            if t.strata == 1 { "clopper-pearson (no fpc)" } else { "plug-in clopper-pearson" };
        return Weighted { est: Some(est), se: None, ci: Some(ci), ci_method, reason: Some(FLAT) };
    }
    let Some(variance) = t.variance else { return Weighted::without_variance(est) };
    let se = variance.sqrt() / t.size;
    let ci = logit_interval(est, se / (est * (1.0 - est)), level);
    Weighted { est: Some(est), se: Some(se), ci: Some(ci), ci_method: "logit", reason: None }
}

/// p with a normal interval on the logit, mapped back; the point itself when the error is 0.
pub(crate) fn logit_interval(p: f64, se_logit: f64, level: Level) -> Interval {
    if se_logit == 0.0 {
        return Interval::new(p, p);
    }
    let logit = (p / (1.0 - p)).ln();
    Interval::around(logit, level.z() * se_logit).map(|x| 1.0 / (1.0 + (-x).exp()))
}

/// Estimates the label's quality in the dataset from a sample stratified on the label.
///
/// Totals are Horvitz–Thompson sums Σ N·p with the variance of simple random sampling without replacement in each
/// stratum (n−1 and finite population correction). A stratum that is empty in the population is ignored; one that was
/// not sampled makes everything that needs it undefined. An arm without variation that is no census gets the
/// Clopper–Pearson limits of every stratum of both arms plugged in instead of a delta interval that would lie.
///
/// # References
/// Cochran 1977; Begg & Greenes, Biometrics 1983;39:207; Zhou, Obuchowski & `McClish` 2011, chapter 10.
pub fn stratified(strata: &[Stratum], level: Level) -> Stratified {
    let used: Vec<&Stratum> = strata.iter().filter(|s| s.population > 0).collect();
    // The limits are costly, and serve only where a stratum lies at 0 or 1.
    let at_an_end = used.iter().filter_map(|s| s.rate()).any(|rate| rate <= 0.0 || rate >= 1.0);
    let limits = |s: &Stratum| {
        if at_an_end { s.limits(level) } else { s.rate().map(|rate| Interval::new(rate, rate)) }
    };
    let limited: Vec<(&Stratum, Option<Interval>)> = used.iter().map(|s| (*s, limits(s))).collect();
    let arm = |label: bool, hit: bool| {
        let arm = limited.iter().filter(move |(s, _)| s.label == label);
        total(arm.map(move |(s, limits)| (*s, *limits, hit)))
    };
    let (tp, fp) = (arm(true, true), arm(true, false));
    let (false_negative, tn) = (arm(false, true), arm(false, false));
    let overall = |hit: &dyn Fn(&Stratum) -> bool| {
        total(limited.iter().map(|(s, limits)| (*s, *limits, hit(s))))
    };
    let value = |t: Option<Total>| t.map(|t| t.value);
    Stratified {
        strata: strata.iter().map(row).collect(),
        population: strata.iter().map(|s| s.population).sum(),
        n: strata.iter().map(|s| s.sampled).sum(),
        expected_table: ExpectedTable {
            tp: value(tp),
            fp: value(fp),
            fn_: value(false_negative),
            tn: value(tn),
        },
        design: DesignEstimates {
            sensitivity: ratio_of_totals(tp, false_negative, level),
            specificity: ratio_of_totals(tn, fp, level),
            ppv: mean_of_total(tp, level),
            npv: mean_of_total(tn, level),
            prevalence: mean_of_total(overall(&|_| true), level),
            accuracy: mean_of_total(overall(&|s| s.label), level),
        },
        begg_greenes: begg_greenes(&used, level),
        naive: naive(&used),
        unsampled_strata: used.iter().filter(|s| s.sampled == 0).map(|s| s.name.clone()).collect(),
    }
}

/// Bootstrap of the two ratios; no finite population correction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StratifiedBootstrap {
    /// Of the sensitivity.
    pub sensitivity: Bootstrap,
    /// Of the specificity.
    pub specificity: Bootstrap,
}

/// Resamples every stratum on its own, in the order given: of `n` draws, those below `k` are positive.
pub fn stratified_bootstrap(
    strata: &[Stratum],
    plan: Resampling,
    level: Level,
) -> StratifiedBootstrap {
    let used: Vec<&Stratum> = strata.iter().filter(|s| s.population > 0 && s.sampled > 0).collect();
    let complete = strata.iter().all(|s| s.population == 0 || s.sampled > 0);
    let n: u64 = used.iter().map(|s| s.sampled).sum();
    let run = |positives: bool| {
        bootstrap(
            n,
            plan,
            level,
            || (),
            |(), draws| {
                let (mut same, mut other, mut from) = (0.0, 0.0, 0);
                for s in &used {
                    let drawn = draws.indices_within(from, s.sampled, s.sampled);
                    from += s.sampled;
                    let hits = drawn.filter(|i| *i < s.positive).count() as f64;
                    let rate = hits / s.sampled as f64;
                    let share = if positives { rate } else { 1.0 - rate };
                    let total = s.population as f64 * share;
                    if s.label == positives {
                        same += total;
                    } else {
                        other += total;
                    }
                }
                (complete && same + other > 0.0).then(|| same / (same + other))
            },
        )
    };
    StratifiedBootstrap { sensitivity: run(true), specificity: run(false) }
}

fn row(s: &Stratum) -> StratumRow {
    let (size, n) = (s.population as f64, s.sampled as f64);
    StratumRow {
        name: s.name.clone(),
        label: u8::from(s.label),
        population: s.population,
        n: s.sampled,
        k: s.positive,
        weight: (s.sampled > 0).then(|| size / n),
        fpc: (s.population > 0).then(|| 1.0 - n / size),
    }
}

fn naive(strata: &[&Stratum]) -> Naive {
    let sum = |label: Option<bool>, f: &dyn Fn(&Stratum) -> u64| -> u64 {
        strata.iter().filter(|s| label.is_none_or(|l| l == s.label)).map(|s| f(s)).sum()
    };
    let share = |k: u64, n: u64| (n > 0).then(|| k as f64 / n as f64);
    let positive = |s: &Stratum| s.positive;
    let negative = |s: &Stratum| s.sampled.saturating_sub(s.positive);
    let (positives, negatives) = (sum(None, &positive), sum(None, &negative));
    Naive {
        sensitivity: share(sum(Some(true), &positive), positives),
        specificity: share(sum(Some(false), &negative), negatives),
        prevalence: share(positives, sum(None, &|s| s.sampled)),
        reason: match (positives, negatives) {
            (0, 0) => Some("n=0"),
            (0, _) => Some("no positives in the sample"),
            (_, 0) => Some("no negatives in the sample"),
            _ => None,
        },
    }
}

/// Begg & Greenes: φ = share of label-positives, p and q = positives given the label.
fn begg_greenes(strata: &[&Stratum], level: Level) -> BeggGreenes {
    let reason = Some("needs exactly one stratum of each label, both sampled");
    let none = BeggGreenes { sensitivity: None, specificity: None, reason };
    let (positive, negative) = match strata {
        [a, b] if a.label && !b.label => (a, b),
        [a, b] if b.label && !a.label => (b, a),
        _ => return none,
    };
    let (Some(p), Some(q)) = (positive.rate(), negative.rate()) else { return none };
    let size = (positive.population + negative.population) as f64;
    let phi = positive.population as f64 / size;
    let spread = 1.0 / (size * phi * (1.0 - phi));
    let (n1, n0) = (positive.sampled as f64, negative.sampled as f64);
    let estimate = |hit: f64, miss: f64, variance: f64| {
        let est = (hit + miss > 0.0).then(|| hit / (hit + miss));
        let defined = hit > 0.0 && miss > 0.0;
        let se_logit = defined.then(|| (spread + variance).sqrt());
        let ci = est.zip(se_logit).map(|(est, se)| logit_interval(est, se, level));
        let reason = match (est, se_logit) {
            (None, _) => Some("0/0"),
            (_, None) => Some("no positives or no negatives in one arm: no error"),
            _ => None,
        };
        BeggGreenesEstimate { est, se_logit, ci, reason }
    };
    BeggGreenes {
        sensitivity: Some(estimate(
            phi * p,
            (1.0 - phi) * q,
            (1.0 - p) / (p * n1) + (1.0 - q) / (q * n0),
        )),
        specificity: Some(estimate(
            (1.0 - phi) * (1.0 - q),
            phi * (1.0 - p),
            q / ((1.0 - q) * n0) + p / ((1.0 - p) * n1),
        )),
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(label: bool, population: u64, sampled: u64, positive: u64) -> Stratum {
        let name = if label { "label1" } else { "label0" };
        Stratum { name: name.to_owned(), label, population, sampled, positive }
    }

    #[test]
    fn proportional_sampling_gives_the_unweighted_values() {
        let out = stratified(&[arm(true, 1000, 100, 80), arm(false, 4000, 400, 40)], Level::P95);
        let sensitivity = out.design.sensitivity.est.unwrap();
        assert!((sensitivity - out.naive.sensitivity.unwrap()).abs() < 1e-12);
        let specificity = out.design.specificity.est.unwrap();
        assert!((specificity - out.naive.specificity.unwrap()).abs() < 1e-12);
    }

    #[test]
    fn a_stratum_never_sampled_takes_what_needs_it_along() {
        let out = stratified(&[arm(true, 1000, 50, 40), arm(false, 9000, 0, 0)], Level::P95);
        assert_eq!(out.unsampled_strata, ["label0"]);
        assert!(out.design.sensitivity.est.is_none() && out.design.npv.est.is_none());
        assert_eq!(out.design.ppv.est, Some(0.8));
    }

    #[test]
    fn a_population_of_one_label_identifies_neither_sensitivity_nor_specificity() {
        let out = stratified(&[arm(true, 1000, 50, 40)], Level::P95);
        assert_eq!((out.design.sensitivity.est, out.design.specificity.est), (None, None));
        assert_eq!(out.design.ppv.est, Some(0.8));
    }

    #[test]
    fn nothing_found_among_label_negatives_says_almost_nothing_about_sensitivity() {
        let out = stratified(&[arm(true, 1431, 50, 50), arm(false, 110_689, 50, 0)], Level::P95);
        let sensitivity = out.design.sensitivity;
        assert_eq!((sensitivity.est, sensitivity.se), (Some(1.0), None));
        assert!(sensitivity.ci.unwrap().low < 0.15);
    }
}
