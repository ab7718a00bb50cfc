//! The worst of many strata, shrunken towards what the others show.

use serde::Serialize;

use crate::estimate::NotEstimable;

/// Positives and negatives inside and outside a stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Truly positive inside.
    pub inside_true: u64,
    /// Falsely positive inside.
    pub inside_false: u64,
    /// Truly positive outside.
    pub outside_true: u64,
    /// Falsely positive outside.
    pub outside_false: u64,
}

/// One stratum after shrinkage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shrunken {
    /// Observed log odds ratio (½ added to each cell).
    pub log_odds_ratio: f64,
    /// Its standard error.
    pub se: f64,
    /// Posterior mean of the log odds ratio.
    pub posterior: f64,
    /// Share of the observed deviation that is kept, 0..1.
    pub kept: f64,
    /// The gap in predictive value that goes with it, at the observed share outside.
    pub gap: f64,
}

/// All strata tried, and the spread between them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shrinkage {
    /// Mean log odds ratio.
    pub mean: f64,
    /// Variance of the true log odds ratios between strata.
    pub tau2: f64,
    /// One entry per stratum, in the order given.
    pub strata: Vec<Shrunken>,
}

/// Strata needed to estimate a spread between them.
pub const LEAST_STRATA: usize = 10;

/// Empirical-Bayes shrinkage of log odds ratios with the method-of-moments spread.
///
/// Not estimable with fewer than [`LEAST_STRATA`] strata. All strata tried belong in, also those discarded.
///
/// # References
/// `DerSimonian` & Laird 1986; Efron & Morris 1975.
pub fn shrink_gaps(splits: &[Split]) -> Result<Shrinkage, NotEstimable> {
    if splits.len() < LEAST_STRATA {
        return Err(NotEstimable::TooFew { needed: LEAST_STRATA, have: splits.len() });
    }
    let observed: Vec<(f64, f64)> = splits
        .iter()
        .map(|s| {
            let [a, b, c, d] = [s.inside_true, s.inside_false, s.outside_true, s.outside_false]
                .map(|x| x as f64 + 0.5);
            ((a * d / (b * c)).ln(), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d)
        })
        .collect();
    let sum = |f: &dyn Fn(f64, f64) -> f64| observed.iter().map(|(x, v)| f(*x, *v)).sum::<f64>();
    let weights = sum(&|_, v| 1.0 / v);
    let fixed = sum(&|x, v| x / v) / weights;
    let heterogeneity = sum(&|x, v| (x - fixed).powi(2) / v);
    let scale = weights - sum(&|_, v| 1.0 / (v * v)) / weights;
    let tau2 = ((heterogeneity - (observed.len() - 1) as f64) / scale).max(0.0);
    let mean = sum(&|x, v| x / (v + tau2)) / sum(&|_, v| 1.0 / (v + tau2));
    let strata = observed
        .iter()
        .zip(splits)
        .map(|(&(x, v), split)| {
            let kept = tau2 / (tau2 + v);
            let posterior = mean + kept * (x - mean);
            Shrunken {
                log_odds_ratio: x,
                se: v.sqrt(),
                posterior,
                kept,
                gap: gap(split, posterior),
            }
        })
        .collect();
    Ok(Shrinkage { mean, tau2, strata })
}

/// Inside minus outside at the observed outside share and the given log odds ratio.
fn gap(split: &Split, log_odds_ratio: f64) -> f64 {
    let (c, d) = (split.outside_true as f64 + 0.5, split.outside_false as f64 + 0.5);
    let odds = c / d * log_odds_ratio.exp();
    odds / (1.0 + odds) - c / (c + d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_strata_are_too_few() {
        let split = Split { inside_true: 8, inside_false: 2, outside_true: 30, outside_false: 10 };
        assert!(matches!(shrink_gaps(&[split; 9]), Err(NotEstimable::TooFew { have: 9, .. })));
    }

    #[test]
    fn strata_that_differ_by_chance_only_shrink_completely() {
        let split = Split { inside_true: 8, inside_false: 2, outside_true: 30, outside_false: 10 };
        let out = shrink_gaps(&[split; 12]).unwrap();
        assert_eq!(out.tau2, 0.0);
        assert!((out.strata[0].posterior - out.mean).abs() < 1e-12);
    }

    #[test]
    fn the_worst_of_many_moves_towards_the_others() {
        let mut splits =
            vec![
                Split { inside_true: 20, inside_false: 10, outside_true: 30, outside_false: 15 };
                11
            ];
        splits.push(Split { inside_true: 3, inside_false: 30, outside_true: 40, outside_false: 5 });
        let out = shrink_gaps(&splits).unwrap();
        let worst = out.strata[11];
        assert!(worst.log_odds_ratio < worst.posterior && worst.posterior < out.mean);
    }
}
