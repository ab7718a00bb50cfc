//! Shares of studies when several studies come from one patient.

use serde::Serialize;

use crate::dist::t_two_sided;
use crate::estimate::{Estimate, Estimated, Interval, Level, NotEstimable};
use crate::proportion::wilson;

/// One patient: `successes` of `size` studies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Successes among the patient's studies.
    pub successes: u64,
    /// The patient's studies in the denominator.
    pub size: u64,
}

/// A proportion over clusters with its design effect.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClusteredProportion {
    /// Patients with at least one study in the denominator.
    pub clusters: u64,
    /// Studies.
    pub n: u64,
    /// Successes.
    pub k: u64,
    /// Σy/Σm.
    pub est: Option<f64>,
    /// Linearised standard error; `None` with fewer than two patients.
    pub se: Option<f64>,
    /// Design effect; `None` when p is 0 or 1.
    pub deff: Option<f64>,
    /// Effective number of studies.
    pub n_eff: Option<f64>,
    /// One-way analysis-of-variance intraclass correlation.
    pub icc: Option<f64>,
    /// Wilson interval on the effective sample.
    pub ci_wilson_neff: Option<Interval>,
    /// p ± t·se, cut to `[0, 1]`.
    pub ci_linear_t: Option<Interval>,
    /// The most studies of one patient.
    pub max_cluster: u64,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl ClusteredProportion {
    /// The value with the Wilson interval on the effective sample.
    pub fn estimate(&self) -> Estimated {
        let value = self.est.ok_or(NotEstimable::NoObservations)?;
        let method = "Wilson on the effective sample (patients)";
        Ok(Estimate { value, interval: self.ci_wilson_neff, n: self.n, method })
    }
}

/// The ratio estimator Σy/Σm over patients with variance `C/(C−1)·Σ(y−pm)²/M²`.
///
/// Patients without a study in the denominator are dropped. The Wilson interval uses `n_eff = M/max(deff, 1)`; where
/// p is 0 or 1 the variance says nothing and `n_eff` is the number of patients. Fewer than two patients: no interval.
///
/// # References
/// Rao & Scott, Biometrics 1992;48:577; Cochran 1977, section 3.12.
pub fn clustered_proportion(clusters: &[Cluster], level: Level) -> ClusteredProportion {
    let mut out = clustered_share(clusters, level);
    if let (Some(p), Some(se), Some(_)) = (out.est, out.se, out.deff) {
        let half = t_two_sided(level.alpha(), out.clusters as f64 - 1.0) * se;
        out.ci_linear_t = Some(Interval::around(p, half).clipped(0.0, 1.0));
    }
    out
}

/// The same without the t interval, whose quantile costs more than all the rest.
pub fn clustered_share(clusters: &[Cluster], level: Level) -> ClusteredProportion {
    let used: Vec<Cluster> = clusters.iter().copied().filter(|c| c.size > 0).collect();
    let n: u64 = used.iter().map(|c| c.size).sum();
    let k: u64 = used.iter().map(|c| c.successes.min(c.size)).sum();
    let mut out = ClusteredProportion {
        clusters: used.len() as u64,
        n,
        k,
        est: (n > 0).then(|| k as f64 / n as f64),
        se: None,
        deff: None,
        n_eff: None,
        icc: None,
        ci_wilson_neff: None,
        ci_linear_t: None,
        max_cluster: used.iter().map(|c| c.size).max().unwrap_or(0),
        reason: None,
    };
    let Some(p) = out.est else {
        out.reason = Some("n=0");
        return out;
    };
    if used.len() < 2 {
        out.reason = Some("fewer than two patients");
        return out;
    }
    let count = used.len() as f64;
    let size = n as f64;
    if k == 0 || k == n {
        out.reason = Some("no variation: every patient counts as one study, no design effect");
        out.se = Some(0.0);
        out.n_eff = Some(count);
        out.ci_wilson_neff =
            Some(if k == 0 { wilson(0.0, count, level) } else { wilson(count, count, level) });
        return out;
    }
    let residual: f64 = used.iter().map(|c| (c.successes as f64 - p * c.size as f64).powi(2)).sum();
    let variance = count / (count - 1.0) * residual / (size * size);
    let deff = variance / (p * (1.0 - p) / size);
    let n_eff = size / deff.max(1.0);
    out.se = Some(variance.sqrt());
    out.deff = Some(deff);
    out.n_eff = Some(n_eff);
    out.icc = intraclass_correlation(&used, p);
    if out.icc.is_none() {
        out.reason = Some("one study per patient: no intraclass correlation");
    }
    out.ci_wilson_neff = Some(wilson(p * n_eff, n_eff, level));
    out
}

/// (MSB−MSW)/(MSB+(m₀−1)MSW) of binary data; `None` when every patient has one study or nothing varies.
fn intraclass_correlation(clusters: &[Cluster], p: f64) -> Option<f64> {
    let count = clusters.len() as f64;
    let size: f64 = clusters.iter().map(|c| c.size as f64).sum();
    if size <= count || count < 2.0 {
        return None;
    }
    let squares: f64 = clusters.iter().map(|c| (c.size as f64).powi(2)).sum();
    let (mut between, mut within) = (0.0, 0.0);
    for c in clusters {
        let m = c.size as f64;
        let mean = c.successes as f64 / m;
        between += m * (mean - p).powi(2);
        within += m * mean * (1.0 - mean);
    }
    let msb = between / (count - 1.0);
    let msw = within / (size - count);
    let m0 = (size - squares / size) / (count - 1.0);
    let total = msb + (m0 - 1.0) * msw;
    (total != 0.0).then(|| (msb - msw) / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_study_per_patient_never_widens_below_plain_wilson() {
        let clusters: Vec<Cluster> =
            (0..50).map(|i| Cluster { successes: u64::from(i < 40), size: 1 }).collect();
        let out = clustered_proportion(&clusters, Level::P95);
        // deff is C/(C-1) here: the variance divides by n-1.
        assert!((out.deff.unwrap() - 50.0 / 49.0).abs() < 1e-12);
        assert_eq!(out.icc, None);
    }

    #[test]
    fn identical_answers_within_a_patient_leave_as_many_units_as_patients() {
        let clusters = [Cluster { successes: 0, size: 3 }, Cluster { successes: 0, size: 4 }];
        let out = clustered_proportion(&clusters, Level::P95);
        assert_eq!(out.n_eff, Some(2.0));
        assert_eq!(out.deff, None);
    }
}
