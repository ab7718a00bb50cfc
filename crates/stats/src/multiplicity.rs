//! Adjusted p-values over a declared family.

use serde::Serialize;

/// Holm and Benjamini–Hochberg adjusted p-values in the order given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Adjusted {
    /// Holm: controls the chance of any false finding.
    pub holm: Vec<Option<f64>>,
    /// Benjamini–Hochberg: controls the share of false findings.
    pub bh: Vec<Option<f64>>,
    /// Tests counted, undefined ones left out.
    pub m: usize,
}

/// Adjusts a family of p-values; an undefined one passes through and does not count.
///
/// # References
/// Holm 1979; Benjamini & Hochberg 1995.
pub fn adjust(p: &[Option<f64>]) -> Adjusted {
    let mut ranked: Vec<(usize, f64)> =
        p.iter().enumerate().filter_map(|(i, p)| p.map(|p| (i, p))).collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    let m = ranked.len();
    let mut out = Adjusted { holm: vec![None; p.len()], bh: vec![None; p.len()], m };
    let mut worst = 0.0_f64;
    for (rank, &(i, value)) in ranked.iter().enumerate() {
        worst = worst.max(((m - rank) as f64 * value).min(1.0));
        out.holm[i] = Some(worst);
    }
    let mut best = 1.0_f64;
    for (rank, &(i, value)) in ranked.iter().enumerate().rev() {
        best = best.min(m as f64 * value / (rank + 1) as f64);
        out.bh[i] = Some(best);
    }
    out
}

/// Holm-adjusted p-values.
pub fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    adjust(p).holm
}

/// Benjamini–Hochberg q-values.
pub fn benjamini_hochberg(p: &[Option<f64>]) -> Vec<Option<f64>> {
    adjust(p).bh
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_tests_pass_through_and_do_not_count() {
        let out = adjust(&[Some(0.01), None, Some(0.04)]);
        assert_eq!(out.m, 2);
        assert_eq!(out.holm, [Some(0.02), None, Some(0.04)]);
        assert_eq!(out.bh, [Some(0.02), None, Some(0.04)]);
    }

    #[test]
    fn adjusted_values_keep_the_order_of_the_raw_ones() {
        let p = [Some(0.03), Some(0.001), Some(0.2), Some(0.03)];
        let out = adjust(&p);
        for (i, j) in [(1, 0), (0, 2), (3, 2)] {
            assert!(out.holm[i] <= out.holm[j] && out.bh[i] <= out.bh[j]);
        }
    }
}
