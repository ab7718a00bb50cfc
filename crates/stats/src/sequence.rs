//! The confidence sequence that may be looked at after every read.

use serde::Serialize;

use crate::dist::ln_gamma;
use crate::estimate::Interval;

/// The confidence sequence at one look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ConfidenceSequence {
    /// Successes so far.
    pub k: u64,
    /// Observations so far.
    pub n: u64,
    /// The set of values not excluded; `None` before the first observation.
    pub ci: Option<Interval>,
}

/// Robbins' beta-binomial confidence sequence with a uniform prior: all p with
/// `B(k+1, n−k+1) / (p^k (1−p)^(n−k)) < 1/alpha`.
///
/// Holds at every n at once with probability 1 − alpha for independent observations. One-sided (0 or 1 as an end)
/// at k = 0 and k = n. `alpha` must lie strictly between 0 and 1, otherwise there is no interval; n = 0 has none.
///
/// # References
/// Robbins 1970; Howard, Ramdas et al. 2021.
pub fn confidence_sequence(k: u64, n: u64, alpha: f64) -> ConfidenceSequence {
    let k = k.min(n);
    let ci = (n > 0 && alpha > 0.0 && alpha < 1.0).then(|| sequence_interval(k, n, alpha));
    ConfidenceSequence { k, n, ci }
}

fn sequence_interval(k: u64, n: u64, alpha: f64) -> Interval {
    let (hits, misses) = (k as f64, (n - k) as f64);
    let ln_beta = ln_gamma(hits + 1.0) + ln_gamma(misses + 1.0) - ln_gamma(hits + misses + 2.0);
    let level = ln_beta + alpha.ln();
    let low = if k == 0 { 0.0 } else { lower_end(hits, misses, level) };
    let high = if k == n { 1.0 } else { 1.0 - lower_end(misses, hits, level) };
    Interval { low, high }
}

/// The lower root in p of `level − hits·ln p − misses·ln(1−p)`, which is positive outside the set and convex in ln p.
///
/// Newton's steps in ln p from where the part of the hits alone is 0: from there they only rise, and never past the root.
fn lower_end(hits: f64, misses: f64, level: f64) -> f64 {
    let mut at = level / hits;
    for _ in 0..STEPS {
        let p = at.exp();
        let excess = level - hits * at - misses * (-p).ln_1p();
        let step = excess / (hits - misses * p / (1.0 - p));
        // Rounding may make the last steps negative or endless.
        if step.is_nan() || step <= at.abs() * f64::EPSILON {
            break;
        }
        at += step;
    }
    at.exp()
}

/// More than any convergence needs.
const STEPS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(k: u64, n: u64) -> (f64, f64) {
        let ci = confidence_sequence(k, n, 0.05).ci.unwrap();
        ((ci.low * 1000.0).round() / 1000.0, (ci.high * 1000.0).round() / 1000.0)
    }

    #[test]
    fn published_check_values_are_reproduced() {
        assert_eq!(ends(35, 50), (0.483, 0.869));
        assert_eq!(ends(45, 50), (0.712, 0.984));
        assert_eq!(ends(152, 200), (0.651, 0.850));
    }

    #[test]
    fn it_holds_its_promise_at_the_one_sided_ends() {
        let none = confidence_sequence(0, 20, 0.05).ci.unwrap();
        assert_eq!(none.low, 0.0);
        // (1-p)^n = alpha/(n+1) at the upper end.
        assert!(((1.0 - none.high).powi(20) - 0.05 / 21.0).abs() < 1e-12);
        assert_eq!(confidence_sequence(20, 20, 0.05).ci.unwrap().high, 1.0);
    }

    #[test]
    fn both_ends_solve_the_equation_at_any_size() {
        for n in [1_u64, 2, 7, 50, 1_000, 200_000] {
            for k in [0, 1, n / 3, n / 2, n - n / 7, n - 1, n] {
                let k = k.min(n);
                let ci = confidence_sequence(k, n, 0.05).ci.unwrap();
                let (hits, misses) = (k as f64, (n - k) as f64);
                let level = ln_gamma(hits + 1.0) + ln_gamma(misses + 1.0)
                    - ln_gamma(hits + misses + 2.0)
                    + 0.05_f64.ln();
                let excess = |p: f64| {
                    let part = |count: f64, ln: f64| if count == 0.0 { 0.0 } else { count * ln };
                    level - part(hits, p.ln()) - part(misses, (-p).ln_1p())
                };
                let p = hits / n as f64;
                assert!(ci.low <= p && p <= ci.high);
                for (end, open) in [(ci.low, k > 0), (ci.high, k < n)] {
                    // Terms of this size cancel, and an end near 1 is as coarse as numbers there are.
                    let coarse = misses * f64::EPSILON / (1.0 - end).max(f64::EPSILON);
                    let close = 1e-9 * (1.0 + level.abs()) + 2.0 * coarse;
                    assert!(!open || excess(end).abs() < close, "{k}/{n}: {ci:?}");
                }
            }
        }
    }

    #[test]
    fn a_smaller_alpha_is_wider() {
        let wide = confidence_sequence(7, 50, 0.025).ci.unwrap();
        let narrow = confidence_sequence(7, 50, 0.05).ci.unwrap();
        assert!(wide.low < narrow.low && narrow.high < wide.high);
    }
}
