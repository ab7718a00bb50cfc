//! Cohen's kappa of two raters, plain and weighted.

use serde::Serialize;

use crate::dist::two_sided_p;
use crate::estimate::{Estimate, Estimated, Interval, Level, NotEstimable};

/// Agreement weights between categories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// 1 on the diagonal, 0 elsewhere.
    #[default]
    Identity,
    /// 1 − |i−j|/(q−1).
    Linear,
    /// 1 − (i−j)²/(q−1)².
    Quadratic,
}

impl Weights {
    /// The weight of categories `i` and `j` among `q`.
    pub fn weight(self, i: usize, j: usize, q: usize) -> f64 {
        if i == j {
            return 1.0;
        }
        let distance = i.abs_diff(j) as f64 / (q.max(2) - 1) as f64;
        match self {
            Self::Identity => 0.0,
            Self::Linear => 1.0 - distance,
            Self::Quadratic => 1.0 - distance * distance,
        }
    }

    /// All weights as a matrix.
    pub fn matrix(self, q: usize) -> Vec<Vec<f64>> {
        (0..q).map(|i| (0..q).map(|j| self.weight(i, j, q)).collect()).collect()
    }
}

/// Cohen's kappa with the standard errors in use.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the key of the serialised form")]
pub struct Kappa {
    /// Subjects.
    pub n: u64,
    /// Observed (weighted) agreement.
    pub po: Option<f64>,
    /// Agreement by chance.
    pub pe: Option<f64>,
    /// (po−pe)/(1−pe).
    pub kappa: Option<f64>,
    /// `McHugh`'s (Cohen's 1960) standard error, for comparison with published tables.
    pub se_mchugh: Option<f64>,
    /// kappa ± z·`se_mchugh`, cut to `[-1, 1]`.
    pub ci_mchugh: Option<Interval>,
    /// Fleiss–Cohen–Everitt standard error.
    pub se_fce: Option<f64>,
    /// kappa ± z·`se_fce`, cut to `[-1, 1]`: the interval to show.
    pub ci_fce: Option<Interval>,
    /// Standard error under kappa = 0, for the test only.
    pub se_null: Option<f64>,
    /// kappa/`se_null`.
    pub z: Option<f64>,
    /// Two-sided p-value of kappa = 0.
    pub p: Option<f64>,
    /// Why kappa is undefined.
    pub reason: Option<NotEstimable>,
    /// Why there is no test although there is a kappa.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_reason: Option<&'static str>,
}

impl Kappa {
    /// Kappa with the Fleiss–Cohen–Everitt interval.
    pub fn estimate(&self) -> Estimated {
        let value = self
            .kappa
            .ok_or_else(|| self.reason.clone().unwrap_or(NotEstimable::NoObservations))?;
        let method = "Fleiss–Cohen–Everitt";
        Ok(Estimate { value, interval: self.ci_fce, n: self.n, method })
    }

    /// At kappa = ±1 the standard error is 0 and the interval a point: it must be shown as degenerate.
    pub fn is_degenerate(&self) -> bool {
        self.kappa.is_some_and(|k| k.abs() == 1.0) && self.se_fce == Some(0.0)
    }
}

/// Sums of squares below this are rounding, not variance.
const DUST: f64 = 1e-14;

pub(crate) fn root(variance: f64) -> f64 {
    if variance < DUST { 0.0 } else { variance.sqrt() }
}

/// Cohen's kappa of a square table (rows: first rater, columns: second).
///
/// Undefined without subjects, and where both raters put everything into one category (1 − pe < 1e-12), even though
/// they agree. One constant rater gives 0.
///
/// # References
/// Cohen 1960, 1968; Fleiss, Cohen & Everitt, Psychol Bull 1969;72:323; `McHugh` 2012.
pub fn kappa(table: &[Vec<u64>], weights: Weights, level: Level) -> Kappa {
    let q = table.len();
    let n: u64 = table.iter().flatten().sum();
    let mut out = Kappa {
        n,
        po: None,
        pe: None,
        kappa: None,
        se_mchugh: None,
        ci_mchugh: None,
        se_fce: None,
        ci_fce: None,
        se_null: None,
        z: None,
        p: None,
        reason: None,
        p_reason: None,
    };
    if n == 0 {
        out.reason = Some(NotEstimable::NoObservations);
        return out;
    }
    let total = n as f64;
    let cell = |i: usize, j: usize| table[i].get(j).copied().unwrap_or(0) as f64 / total;
    let rows: Vec<f64> = (0..q).map(|i| (0..q).map(|j| cell(i, j)).sum()).collect();
    let columns: Vec<f64> = (0..q).map(|j| (0..q).map(|i| cell(i, j)).sum()).collect();
    let w = weights.matrix(q);
    let pairs = || (0..q).flat_map(|i| (0..q).map(move |j| (i, j)));
    let po: f64 = pairs().map(|(i, j)| w[i][j] * cell(i, j)).sum();
    let pe: f64 = pairs().map(|(i, j)| w[i][j] * rows[i] * columns[j]).sum();
    out.po = Some(po);
    out.pe = Some(pe);
    if 1.0 - pe < 1e-12 {
        out.reason = Some(NotEstimable::ChanceAgreementIsOne);
        return out;
    }
    let value = (po - pe) / (1.0 - pe);
    let row_mean: Vec<f64> = (0..q).map(|i| (0..q).map(|j| w[i][j] * columns[j]).sum()).collect();
    let column_mean: Vec<f64> = (0..q).map(|j| (0..q).map(|i| w[i][j] * rows[i]).sum()).collect();
    let spread = |at: f64, f: &dyn Fn(usize, usize) -> f64| -> f64 {
        pairs()
            .map(|(i, j)| f(i, j) * (w[i][j] - (row_mean[i] + column_mean[j]) * at).powi(2))
            .sum()
    };
    let scale = (1.0 - pe) * total.sqrt();
    let fce = spread(1.0 - value, &cell) - (value - pe * (1.0 - value)).powi(2);
    let null = spread(1.0, &|i, j| rows[i] * columns[j]) - pe * pe;
    let se_mchugh = root(po * (1.0 - po)) / scale;
    let se_fce = root(fce) / scale;
    let se_null = root(null) / scale;
    let around = |se: f64| Interval::around(value, level.z() * se).clipped(-1.0, 1.0);
    out.kappa = Some(value);
    out.se_mchugh = Some(se_mchugh);
    out.ci_mchugh = Some(around(se_mchugh));
    out.se_fce = Some(se_fce);
    out.ci_fce = Some(around(se_fce));
    out.se_null = Some(se_null);
    if se_null > 0.0 {
        out.z = Some(value / se_null);
        out.p = Some(two_sided_p(value / se_null));
    } else {
        out.p_reason = Some("no error under kappa = 0 (a rater is constant): no test");
    }
    out
}

/// The value alone, from a flat row-major table; `None` where undefined.
pub fn kappa_value(table: &[u64], q: usize, weights: Weights) -> Option<f64> {
    let n: u64 = table.iter().sum();
    if n == 0 || table.len() != q * q {
        return None;
    }
    let total = n as f64;
    let (mut po, mut pe) = (0.0, 0.0);
    for i in 0..q {
        let row: u64 = table[i * q..(i + 1) * q].iter().sum();
        for j in 0..q {
            let column: u64 = table.iter().skip(j).step_by(q).sum();
            let w = weights.weight(i, j, q);
            po += w * table[i * q + j] as f64 / total;
            pe += w * (row as f64 / total) * (column as f64 / total);
        }
    }
    (1.0 - pe >= 1e-12).then(|| (po - pe) / (1.0 - pe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_agreement_is_degenerate_not_certain() {
        let out = kappa(&[vec![4, 0], vec![0, 6]], Weights::Identity, Level::P95);
        assert!(out.is_degenerate());
    }

    #[test]
    fn a_constant_rater_gives_zero_and_two_give_nothing() {
        let one = kappa(&[vec![0, 0], vec![5, 15]], Weights::Identity, Level::P95);
        assert_eq!((one.kappa, one.z), (Some(0.0), None));
        let both = kappa(&[vec![9, 0], vec![0, 0]], Weights::Identity, Level::P95);
        assert_eq!(both.reason, Some(NotEstimable::ChanceAgreementIsOne));
    }
}
