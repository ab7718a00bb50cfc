//! How many studies to read.

use serde::Serialize;

use crate::dist::normal_quantile;
use crate::estimate::Level;

/// What the sample size functions cannot answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A probability outside its range.
    #[error("{0} must lie strictly between 0 and 1")]
    Probability(&'static str),
    /// A share outside 0 to 1.
    #[error("{0} must lie between 0 and 1")]
    Share(&'static str),
    /// A kappa that no two raters can have.
    #[error("{0} must lie between -1 and 1")]
    Kappa(&'static str),
    /// A dataset of less than no studies.
    #[error("{0} must not be negative")]
    Negative(&'static str),
    /// A half-width or design effect that is not positive.
    #[error("{0} must be greater than 0")]
    NotPositive(&'static str),
    /// Nothing to detect.
    #[error("kappa0 and kappa1 must differ")]
    NoDifference,
    /// More studies than can be counted.
    #[error("no sample of a countable size is precise enough")]
    TooLarge,
    /// More studies than the dataset holds.
    #[error("the dataset does not hold enough studies for that")]
    NotHeld,
}

/// Studies for a proportion of a wanted precision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "n is what they are")]
pub struct ProportionPlan {
    /// By the normal approximation.
    pub n_wald: u64,
    /// By the Wilson interval, which is what will be shown.
    pub n_wilson: u64,
    /// The former before design effect, finite population and rounding.
    pub n_wald_raw: f64,
}

fn probability(p: f64, name: &'static str) -> Result<f64, PlanError> {
    if p > 0.0 && p < 1.0 { Ok(p) } else { Err(PlanError::Probability(name)) }
}

fn positive(x: f64, name: &'static str) -> Result<f64, PlanError> {
    if x > 0.0 && x.is_finite() { Ok(x) } else { Err(PlanError::NotPositive(name)) }
}

fn possible_kappa(kappa: f64, name: &'static str) -> Result<(), PlanError> {
    if (-1.0..=1.0).contains(&kappa) { Ok(()) } else { Err(PlanError::Kappa(name)) }
}

/// The next whole number, forgiving rounding.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be in range"
)]
fn ceil(x: f64) -> Result<u64, PlanError> {
    let up = (x - 1e-9).ceil().max(0.0);
    if up < 9e15 { Ok(up as u64) } else { Err(PlanError::TooLarge) }
}

/// Half-width of the Wilson interval at k = p·n.
pub fn wilson_half_width(p: f64, n: f64, level: Level) -> f64 {
    let z = level.z();
    z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n)
}

/// Studies so that the interval of a proportion near `p` reaches at most `half_width` to each side.
///
/// `deff` multiplies for several studies per patient; `population` applies n/(1+(n−1)/N).
pub fn plan_proportion(
    p: f64,
    half_width: f64,
    deff: f64,
    population: Option<f64>,
    level: Level,
) -> Result<ProportionPlan, PlanError> {
    if !(0.0..=1.0).contains(&p) {
        return Err(PlanError::Share("p"));
    }
    positive(half_width, "half_width")?;
    positive(deff, "deff")?;
    if population.is_some_and(|size| size.is_nan() || size < 0.0) {
        return Err(PlanError::Negative("N"));
    }
    let raw = level.z() * level.z() * p * (1.0 - p) / (half_width * half_width);
    let finish = |n: f64| {
        let n = n * deff;
        ceil(population.filter(|size| *size > 0.0).map_or(n, |size| n / (1.0 + (n - 1.0) / size)))
    };
    let wilson = least_wilson(p, half_width, level)?;
    Ok(ProportionPlan { n_wald: finish(raw)?, n_wilson: finish(wilson)?, n_wald_raw: raw })
}

fn least_wilson(p: f64, half_width: f64, level: Level) -> Result<f64, PlanError> {
    let enough = |n: f64| wilson_half_width(p, n, level) <= half_width;
    let mut high = 1.0;
    while !enough(high) {
        high *= 2.0;
        if high > 9e15 {
            return Err(PlanError::TooLarge);
        }
    }
    let mut low = 0.0;
    while high - low > 1.0 {
        let middle = f64::midpoint(low, high).floor();
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

/// Studies so that kappa of two raters is known to `half_width`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KappaPrecisionPlan {
    /// Studies.
    pub n: u64,
    /// Large-sample variance times n.
    pub var_times_n: f64,
}

/// Studies for an interval of kappa of the given half-width, two raters, a binary finding of the given prevalence.
///
/// # References
/// Bloch & Kraemer, Biometrics 1989;45:269.
pub fn plan_kappa_precision(
    kappa: f64,
    prevalence: f64,
    half_width: f64,
    level: Level,
) -> Result<KappaPrecisionPlan, PlanError> {
    possible_kappa(kappa, "kappa")?;
    probability(prevalence, "prevalence")?;
    positive(half_width, "half_width")?;
    let spread = prevalence * (1.0 - prevalence);
    let variance = (1.0 - kappa)
        * ((1.0 - kappa) * (1.0 - 2.0 * kappa) + kappa * (2.0 - kappa) / (2.0 * spread));
    let n = ceil(level.z() * level.z() * variance / (half_width * half_width))?;
    Ok(KappaPrecisionPlan { n, var_times_n: variance })
}

/// Studies to tell kappa1 from kappa0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KappaTestPlan {
    /// Studies.
    pub n: u64,
    /// Before rounding up.
    pub raw: f64,
}

/// Studies for the goodness-of-fit test of kappa = `kappa0` to have `power` at `kappa1`; the non-centrality is
/// the large-power approximation (z for alpha/2 plus z for the power)².
///
/// # References
/// Donner & Eliasziw, Stat Med 1992;11:1511.
pub fn plan_kappa_test(
    kappa0: f64,
    kappa1: f64,
    prevalence: f64,
    power: f64,
    level: Level,
) -> Result<KappaTestPlan, PlanError> {
    possible_kappa(kappa0, "kappa0")?;
    possible_kappa(kappa1, "kappa1")?;
    probability(prevalence, "prevalence")?;
    probability(power, "power")?;
    if kappa0 == kappa1 {
        return Err(PlanError::NoDifference);
    }
    let (p, q) = (prevalence, 1.0 - prevalence);
    let cells =
        |kappa: f64| [p * p + kappa * p * q, 2.0 * p * q * (1.0 - kappa), q * q + kappa * p * q];
    let null = cells(kappa0);
    if null.iter().any(|c| *c <= 0.0) {
        return Err(PlanError::Probability("each expected share under kappa0"));
    }
    if cells(kappa1).iter().any(|c| *c < 0.0) {
        return Err(PlanError::Share("each expected share under kappa1"));
    }
    let per_study: f64 =
        null.iter().zip(cells(kappa1)).map(|(p0, p1)| (p1 - p0).powi(2) / p0).sum();
    let raw = (level.z() + normal_quantile(power)).powi(2) / per_study;
    Ok(KappaTestPlan { n: ceil(raw)?, raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_wilson_size_is_least() {
        let plan = plan_proportion(0.9, 0.05, 1.0, None, Level::P95).unwrap();
        let n = plan.n_wilson as f64;
        assert!(wilson_half_width(0.9, n, Level::P95) <= 0.05);
        assert!(wilson_half_width(0.9, n - 1.0, Level::P95) > 0.05);
    }

    #[test]
    fn a_finite_dataset_never_asks_for_more_than_it_has() {
        let plan = plan_proportion(0.5, 0.001, 1.0, Some(300.0), Level::P95).unwrap();
        assert!(plan.n_wald <= 300 && plan.n_wilson <= 300);
    }

    #[test]
    fn impossible_wishes_are_errors() {
        assert!(plan_proportion(0.5, 0.0, 1.0, None, Level::P95).is_err());
        assert!(plan_proportion(0.5, 0.1, 1.0, Some(-5.0), Level::P95).is_err());
        assert!(plan_kappa_test(0.4, 0.4, 0.3, 0.8, Level::P95).is_err());
        assert!(plan_kappa_test(0.4, 1.5, 0.3, 0.8, Level::P95).is_err());
        assert!(plan_kappa_test(0.4, -0.9, 0.1, 0.8, Level::P95).is_err());
        for kappa in [2.0, f64::INFINITY, f64::NAN, 1e308] {
            assert!(plan_kappa_precision(kappa, 0.3, 0.1, Level::P95).is_err());
        }
    }
}
