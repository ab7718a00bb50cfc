//! The same studies decided twice: two rules, or two raters.

use serde::Serialize;

use crate::dist::{binomial_half_cdf, binomial_pmf, chi_square_sf};
use crate::estimate::{Interval, Level};
use crate::proportion::wilson;

/// `McNemar`'s tests on the discordant pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Positive only under the first.
    pub b: u64,
    /// Positive only under the second.
    pub c: u64,
    /// Exact binomial two-sided p-value.
    pub exact_p: f64,
    /// Mid-p version of it.
    pub mid_p: f64,
    /// (b−c)²/(b+c); `None` without discordant pairs.
    pub chi2: Option<f64>,
    /// Its p-value.
    pub chi2_p: Option<f64>,
    /// With continuity correction.
    pub chi2_cc: Option<f64>,
    /// Its p-value.
    pub chi2_cc_p: Option<f64>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Tests whether two paired decisions are positive equally often; without discordant pairs both p-values are 1.
///
/// # References
/// Fagerland, Lydersen & Laake, BMC Med Res Methodol 2013;13:91.
pub fn mcnemar(b: u64, c: u64) -> McNemar {
    let total = b + c;
    if total == 0 {
        return McNemar {
            b,
            c,
            exact_p: 1.0,
            mid_p: 1.0,
            chi2: None,
            chi2_p: None,
            chi2_cc: None,
            chi2_cc_p: None,
            reason: Some("no discordant pairs"),
        };
    }
    let least = b.min(c);
    let exact_p = (2.0 * binomial_half_cdf(least, total)).min(1.0);
    let at_least = binomial_pmf(least as f64, total as f64, 0.5);
    let mid_p = if b == c { 1.0 - 0.5 * at_least } else { exact_p - at_least };
    let gap = b.abs_diff(c) as f64;
    let chi2 = gap * gap / total as f64;
    let corrected = (gap - 1.0).max(0.0).powi(2) / total as f64;
    McNemar {
        b,
        c,
        exact_p,
        mid_p,
        chi2: Some(chi2),
        chi2_p: Some(chi_square_sf(chi2, 1.0)),
        chi2_cc: Some(corrected),
        chi2_cc_p: Some(chi_square_sf(corrected, 1.0)),
        reason: None,
    }
}

/// The paired difference (b−c)/n with two intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairedDifference {
    /// (b−c)/n.
    pub diff: Option<f64>,
    /// Newcombe's hybrid score interval for paired data.
    pub newcombe: Option<Interval>,
    /// Wald interval, for comparison with older tables.
    pub wald: Option<Interval>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// The difference of two paired shares of the table a (both), b (first only), c (second only), d (neither);
/// `None` throughout when the table is empty.
///
/// # References
/// Newcombe, Stat Med 1998;17:2635 (method 10).
pub fn paired_difference(a: u64, b: u64, c: u64, d: u64, level: Level) -> PairedDifference {
    let n = (a + b + c + d) as f64;
    if n == 0.0 {
        return PairedDifference { diff: None, newcombe: None, wald: None, reason: Some("n=0") };
    }
    let (fa, fb, fc, fd) = (a as f64, b as f64, c as f64, d as f64);
    let diff = (fb - fc) / n;
    let se = (fb + fc - (fb - fc).powi(2) / n).max(0.0).sqrt() / n;
    let (p1, p2) = ((fa + fb) / n, (fa + fc) / n);
    let w1 = wilson(fa + fb, n, level);
    let w2 = wilson(fa + fc, n, level);
    let margins = (fa + fb) * (fc + fd) * (fa + fc) * (fb + fd);
    let cross = fa * fd - fb * fc;
    let corrected = if cross > 0.0 { (cross - n / 2.0).max(0.0) } else { cross };
    let phi = if margins > 0.0 { corrected / margins.sqrt() } else { 0.0 };
    let arm = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let down = arm(p1 - w1.low, w2.high - p2);
    let up = arm(w1.high - p1, p2 - w2.low);
    PairedDifference {
        diff: Some(diff),
        newcombe: Some(Interval::new(diff - down, diff + up).clipped(-1.0, 1.0)),
        wald: Some(Interval::around(diff, level.z() * se)),
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_discordant_pairs_the_p_values_are_one() {
        let out = mcnemar(0, 0);
        assert_eq!((out.exact_p, out.mid_p, out.chi2), (1.0, 1.0, None));
    }

    #[test]
    fn swapping_the_two_rules_changes_no_p_value() {
        let (x, y) = (mcnemar(3, 11), mcnemar(11, 3));
        assert_eq!((x.exact_p, x.mid_p), (y.exact_p, y.mid_p));
    }

    #[test]
    fn mid_p_at_equal_counts_is_one_minus_half_the_point() {
        let out = mcnemar(2, 2);
        assert!((out.mid_p - (1.0 - 0.5 * 0.375)).abs() < 1e-14);
        assert_eq!(out.exact_p, 1.0);
    }
}
