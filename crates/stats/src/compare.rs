//! Two independent shares: difference, ratio, odds ratio, tests.

use serde::Serialize;

use crate::dist::{Hypergeometric, hypergeometric_pmf, two_sided_p};
use crate::estimate::{Interval, Level};
use crate::proportion::wilson;

/// `k1/n1` against `k2/n2`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TwoProportions {
    /// Successes in the first group.
    pub k1: u64,
    /// Size of the first group.
    pub n1: u64,
    /// Successes in the second group.
    pub k2: u64,
    /// Size of the second group.
    pub n2: u64,
    /// First share.
    pub p1: Option<f64>,
    /// Second share.
    pub p2: Option<f64>,
    /// p1 − p2.
    pub diff: Option<f64>,
    /// Newcombe's hybrid score interval of the difference.
    pub newcombe: Option<Interval>,
    /// Fisher's exact two-sided p-value.
    pub fisher_p: Option<f64>,
    /// Risk ratio.
    pub rr: Option<f64>,
    /// Katz's log interval of the risk ratio.
    pub rr_ci: Option<Interval>,
    /// Sample odds ratio.
    pub or: Option<f64>,
    /// Woolf's interval of the odds ratio.
    pub or_ci: Option<Interval>,
    /// p-value of the pooled z-test (= chi-square without correction).
    pub chi2_p: Option<f64>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Compares two independent shares.
///
/// A group without observations leaves everything but its partner's share undefined. Risk ratio: undefined at k2 = 0,
/// without interval at k1 = 0. Odds ratio: undefined when `b·c = 0`, without interval when any cell is 0. The pooled
/// test is undefined when the pooled share is 0 or 1.
///
/// # References
/// Newcombe, Stat Med 1998;17:873 (method 10); Fisher 1935; Katz 1978; Woolf 1955.
pub fn two_proportions(k1: u64, n1: u64, k2: u64, n2: u64, level: Level) -> TwoProportions {
    let share = |k: u64, n: u64| (n > 0).then(|| k as f64 / n as f64);
    let mut out = TwoProportions {
        k1,
        n1,
        k2,
        n2,
        p1: share(k1, n1),
        p2: share(k2, n2),
        diff: None,
        newcombe: None,
        fisher_p: None,
        rr: None,
        rr_ci: None,
        or: None,
        or_ci: None,
        chi2_p: None,
        reason: missing(k1, n1, k2, n2),
    };
    let (Some(p1), Some(p2)) = (out.p1, out.p2) else { return out };
    out.diff = Some(p1 - p2);
    out.newcombe = newcombe_difference(k1, n1, k2, n2, level);
    out.fisher_p = Some(fisher_exact(k1, n1.saturating_sub(k1), k2, n2.saturating_sub(k2)));
    let (a, b) = (k1 as f64, n1.saturating_sub(k1) as f64);
    let (c, d) = (k2 as f64, n2.saturating_sub(k2) as f64);
    if k2 > 0 {
        out.rr = Some(p1 / p2);
        if k1 > 0 {
            let s = (1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d)).max(0.0).sqrt();
            out.rr_ci = Some(log_interval(p1 / p2, s, level));
        }
    }
    if b * c > 0.0 {
        let ratio = a * d / (b * c);
        out.or = Some(ratio);
        if a > 0.0 && d > 0.0 {
            let s = (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt();
            out.or_ci = Some(log_interval(ratio, s, level));
        }
    }
    let pooled = (a + c) / (a + b + c + d);
    if pooled > 0.0 && pooled < 1.0 {
        let se = (pooled * (1.0 - pooled) * (1.0 / (a + b) + 1.0 / (c + d))).sqrt();
        out.chi2_p = Some(two_sided_p((p1 - p2) / se));
    }
    out
}

/// What of the two groups is undefined, if anything.
fn missing(k1: u64, n1: u64, k2: u64, n2: u64) -> Option<&'static str> {
    let (b, d) = (n1.saturating_sub(k1), n2.saturating_sub(k2));
    if n1 == 0 || n2 == 0 {
        Some("a group has no observations")
    } else if k1 == 0 && k2 == 0 {
        Some("no successes: no ratio, no odds ratio, no pooled test")
    } else if b == 0 && d == 0 {
        Some("no failures: no odds ratio, no pooled test")
    } else if k2 == 0 {
        Some("no success in the second group: the ratios are infinite")
    } else if b == 0 {
        Some("no failure in the first group: the odds ratio is infinite")
    } else if k1 == 0 {
        Some("no success in the first group: a ratio of 0 has no interval")
    } else if d == 0 {
        Some("no failure in the second group: an odds ratio of 0 has no interval")
    } else {
        None
    }
}

/// exp(ln ratio ± z·s).
pub(crate) fn log_interval(ratio: f64, s: f64, level: Level) -> Interval {
    Interval::around(ratio.ln(), level.z() * s).map(f64::exp)
}

/// Newcombe's hybrid score interval for the difference of independent shares; `None` when a group is empty.
pub fn newcombe_difference(k1: u64, n1: u64, k2: u64, n2: u64, level: Level) -> Option<Interval> {
    if n1 == 0 || n2 == 0 {
        return None;
    }
    let (p1, p2) = (k1 as f64 / n1 as f64, k2 as f64 / n2 as f64);
    let w1 = wilson(k1 as f64, n1 as f64, level);
    let w2 = wilson(k2 as f64, n2 as f64, level);
    let down = (p1 - w1.low).hypot(w2.high - p2);
    let up = (w1.high - p1).hypot(p2 - w2.low);
    let diff = p1 - p2;
    Some(Interval::new(diff - down, diff + up).clipped(-1.0, 1.0))
}

/// Fisher's exact two-sided p-value of the table `[[a, b], [c, d]]`: the sum of all tables with the same margins that
/// are no more probable than the observed one. 1 when a margin is empty.
pub fn fisher_exact(a: u64, b: u64, c: u64, d: u64) -> f64 {
    let row = a + b;
    let marked = a + c;
    let unmarked = b + d;
    // Ties in probability must count as ties in spite of rounding.
    let limit = hypergeometric_pmf(a, marked, unmarked, row) * (1.0 + 1e-7);
    Hypergeometric { marked, unmarked, drawn: row }.no_likelier_than(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chest_drain_example_of_the_audit_is_reproduced() {
        let out = two_proportions(39, 40, 6, 10, Level::P95);
        assert!((out.fisher_p.unwrap() - 0.004_083_520_549_755_516).abs() < 1e-12);
        let ci = out.newcombe.unwrap();
        assert!((ci.low - 0.121).abs() < 5e-4 && (ci.high - 0.663).abs() < 5e-4);
    }

    #[test]
    fn swapping_the_groups_mirrors_the_difference() {
        let ab = two_proportions(9, 10, 3, 12, Level::P95);
        let ba = two_proportions(3, 12, 9, 10, Level::P95);
        assert!((ab.fisher_p.unwrap() - ba.fisher_p.unwrap()).abs() < 1e-14);
        assert!((ab.newcombe.unwrap().low + ba.newcombe.unwrap().high).abs() < 1e-14);
    }
}
