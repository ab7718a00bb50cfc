//! A share of studies with its two intervals.

use serde::Serialize;

use crate::dist::beta_quantile;
use crate::estimate::{Estimate, Estimated, Interval, Level, NotEstimable};

/// `k` of `n` with Wilson and Clopper–Pearson intervals; everything `None` when n = 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Proportion {
    /// Successes.
    pub k: u64,
    /// Denominator.
    pub n: u64,
    /// k/n.
    pub est: Option<f64>,
    /// Wilson score interval without continuity correction.
    pub wilson: Option<Interval>,
    /// Clopper–Pearson interval.
    pub clopper_pearson: Option<Interval>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Proportion {
    /// The value with its Wilson interval.
    pub fn estimate(&self) -> Estimated {
        let value = self.est.ok_or(NotEstimable::NoObservations)?;
        Ok(Estimate { value, interval: self.wilson, n: self.n, method: "Wilson" })
    }
}

/// The share `k/n` at the given level.
///
/// Undefined (all `None`) at n = 0; `k` above `n` is taken as `n`.
///
/// # References
/// Wilson 1927; Clopper & Pearson 1934; Newcombe, Stat Med 1998;17:857; Brown, Cai & `DasGupta`, Stat Sci 2001.
pub fn proportion(k: u64, n: u64, level: Level) -> Proportion {
    let k = k.min(n);
    if n == 0 {
        let reason = Some("n=0");
        return Proportion { k, n, est: None, wilson: None, clopper_pearson: None, reason };
    }
    Proportion {
        k,
        n,
        est: Some(k as f64 / n as f64),
        wilson: Some(wilson(k as f64, n as f64, level)),
        clopper_pearson: Some(clopper_pearson(k, n, level)),
        reason: None,
    }
}

/// The Wilson score interval for real-valued counts (an effective sample need not be whole), n > 0:
/// `centre (p + z²/2n)/(1+z²/n)`, half-width `z·sqrt(p(1-p)/n + z²/4n²)/(1+z²/n)`.
///
/// The lower end is exactly 0 at k = 0, the upper exactly 1 at k = n.
pub fn wilson(k: f64, n: f64, level: Level) -> Interval {
    let z2 = level.z() * level.z();
    let p = k / n;
    let scale = 1.0 + z2 / n;
    let centre = (p + z2 / (2.0 * n)) / scale;
    let half = level.z() * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0).sqrt() / scale;
    let low = if k <= 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if k >= n { 1.0 } else { (centre + half).min(1.0) };
    Interval { low, high }
}

/// The Clopper–Pearson interval, n > 0: beta quantiles, exactly 0 at k = 0 and exactly 1 at k = n.
pub fn clopper_pearson(k: u64, n: u64, level: Level) -> Interval {
    let half_alpha = level.alpha() / 2.0;
    let (successes, failures) = (k as f64, n.saturating_sub(k) as f64);
    let low = if k == 0 { 0.0 } else { beta_quantile(half_alpha, successes, failures + 1.0) };
    let high =
        if k >= n { 1.0 } else { 1.0 - beta_quantile(half_alpha, failures, successes + 1.0) };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_exact_at_nothing_and_everything() {
        for n in [1, 7, 112_120] {
            let none = proportion(0, n, Level::P95);
            let all = proportion(n, n, Level::P95);
            assert_eq!(none.wilson.unwrap().low, 0.0);
            assert_eq!(none.clopper_pearson.unwrap().low, 0.0);
            assert_eq!(all.wilson.unwrap().high, 1.0);
            assert_eq!(all.clopper_pearson.unwrap().high, 1.0);
        }
    }

    #[test]
    fn nothing_observed_has_no_estimate() {
        assert_eq!(proportion(0, 0, Level::P95).estimate(), Err(NotEstimable::NoObservations));
    }
}
