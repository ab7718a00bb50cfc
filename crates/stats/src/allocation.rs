//! How many studies to meet a stratum, and how to share studies between the arms of an enriched deck.

use serde::Serialize;

use crate::dist::{beta_cdf, hypergeometric_pmf};
use crate::estimate::Level;
use crate::planning::PlanError;

/// Studies needed to meet a stratum a stated number of times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StratumPlan {
    /// Studies to draw.
    pub n: u64,
    /// The probability that this number gives, at least the one wanted.
    pub probability: f64,
    /// Mean number of studies of the stratum among them.
    pub expected: f64,
}

/// Sizes above this are not searched.
const LARGEST: u64 = 1 << 53;

fn open(value: f64, name: &'static str) -> Result<(), PlanError> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(PlanError::Probability(name)) }
}

/// Probability of at least `times` studies of a stratum among `n`: binomial, or hypergeometric when drawn from `population` studies.
pub fn meets(n: u64, times: u64, prevalence: f64, population: Option<u64>) -> f64 {
    if times == 0 {
        return 1.0;
    }
    if n < times {
        return 0.0;
    }
    match population {
        None => beta_cdf(prevalence, times as f64, (n - times + 1) as f64),
        Some(size) => {
            let marked = marked(prevalence, size);
            if n >= size {
                return f64::from(u8::from(times <= marked));
            }
            at_least(times, marked, size - marked, n)
        }
    }
}

/// Hypergeometric tail from `times` on, by the shorter of the two sides and only as far as it has weight.
fn at_least(times: u64, marked: u64, others: u64, n: u64) -> f64 {
    let mass = |k: u64| hypergeometric_pmf(k, marked, others, n);
    let sum = |side: &mut dyn Iterator<Item = u64>| {
        let mut total = 0.0;
        for k in side {
            let term = mass(k);
            total += term;
            if term <= total * 1e-18 {
                break;
            }
        }
        total
    };
    let (least, most) = (n.saturating_sub(others), n.min(marked));
    let mode = (u128::from(n) + 1) * (u128::from(marked) + 1) / (u128::from(marked + others) + 2);
    let tail = if u128::from(times) <= mode {
        1.0 - sum(&mut (least..times.min(most + 1)).rev())
    } else {
        sum(&mut (times..=most))
    };
    tail.clamp(0.0, 1.0)
}

/// Studies of a stratum in a population, to the nearest whole study.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and size")]
fn marked(prevalence: f64, size: u64) -> u64 {
    (prevalence * size as f64).round().clamp(0.0, size as f64) as u64
}

/// The least number of studies among which a stratum of that prevalence is met at least `times` times with that
/// probability.
pub fn plan_stratum(
    prevalence: f64,
    times: u64,
    probability: f64,
    population: Option<u64>,
) -> Result<StratumPlan, PlanError> {
    open(prevalence, "prevalence")?;
    open(probability, "probability")?;
    if times == 0 {
        return Err(PlanError::NotPositive("times"));
    }
    let reached = |n: u64| probability <= meets(n, times, prevalence, population);
    let most = population.unwrap_or(LARGEST);
    if population.is_some() && !reached(most) {
        return Err(PlanError::NotHeld);
    }
    let mut high = times;
    while high < most && !reached(high) {
        high = high.saturating_mul(2).min(most);
    }
    if !reached(high) {
        return Err(PlanError::TooLarge);
    }
    let mut low = times.saturating_sub(1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reached(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(StratumPlan {
        n: high,
        probability: meets(high, times, prevalence, population),
        expected: high as f64
            * population.map_or(prevalence, |size| marked(prevalence, size) as f64 / size as f64),
    })
}

/// What a deck enriched by label would say about sensitivity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SensitivityPlan {
    /// Label-positives to read.
    pub positives: u64,
    /// Label-negatives to read.
    pub negatives: u64,
    /// Both.
    pub n: u64,
    /// Sensitivity in the dataset under the assumed shares.
    pub sensitivity: f64,
    /// Half-width of its interval.
    pub half_width: f64,
    /// Half-width if the same number were shared equally.
    pub half_width_equal: f64,
}

/// The arms of a dataset and what is assumed of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arms {
    /// Share of the label-positives that are truly positive.
    pub ppv: f64,
    /// Share of the label-negatives that are truly positive: 1 − NPV.
    pub missed: f64,
    /// Label-positive studies of the dataset.
    pub positives: u64,
    /// Label-negative studies of the dataset.
    pub negatives: u64,
}

impl Arms {
    fn checked(self) -> Result<Self, PlanError> {
        open(self.ppv, "ppv")?;
        open(self.missed, "missed")?;
        if self.positives == 0 || self.negatives == 0 {
            return Err(PlanError::NotPositive("each arm of the dataset"));
        }
        Ok(self)
    }

    /// The share of the reads that Neyman's rule gives to the label-positives.
    ///
    /// The variance of A/(A+B) by the delta method is `(B²·V(A) + A²·V(B))/(A+B)⁴` with `V = N²·p(1−p)/n` in each arm;
    /// it is least where `n₁/n₀ = √(q(1−p)/(p(1−q)))`, whatever the sizes of the arms.
    fn positive_share(self) -> f64 {
        let ratio = (self.missed * (1.0 - self.ppv) / (self.ppv * (1.0 - self.missed))).sqrt();
        ratio / (1.0 + ratio)
    }

    fn half_width(self, positives: u64, negatives: u64, level: Level) -> f64 {
        let arm = |size: u64, share: f64, read: u64| {
            let (size, read) = (size as f64, read as f64);
            (size * share, size * size * (1.0 - read / size) * share * (1.0 - share) / read)
        };
        let (a, va) = arm(self.positives, self.ppv, positives);
        let (b, vb) = arm(self.negatives, self.missed, negatives);
        level.z() * (b * b * va + a * a * vb).sqrt() / (a + b).powi(2)
    }

    /// `n` reads shared so that the label-positives get `share` of them, at least one and at most all of each arm.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=n")]
    fn split(self, n: u64, share: f64) -> (u64, u64) {
        let wanted = (n as f64 * share).round().clamp(1.0, n.max(2) as f64 - 1.0) as u64;
        let positives = wanted.min(self.positives);
        let negatives = (n - positives.min(n)).clamp(1, self.negatives);
        // What one arm does not hold goes to the other.
        let positives = n.saturating_sub(negatives).clamp(1, self.positives);
        (positives, negatives)
    }

    /// What `n` reads would give, shared by Neyman's rule.
    pub fn plan(self, n: u64, level: Level) -> Result<SensitivityPlan, PlanError> {
        let arms = self.checked()?;
        if n < 2 || arms.positives + arms.negatives < n {
            return Err(PlanError::NotHeld);
        }
        let (positives, negatives) = arms.split(n, arms.positive_share());
        let (x, y) = arms.split(n, 0.5);
        let (a, b) = (arms.positives as f64 * arms.ppv, arms.negatives as f64 * arms.missed);
        Ok(SensitivityPlan {
            positives,
            negatives,
            n: positives + negatives,
            sensitivity: a / (a + b),
            half_width: arms.half_width(positives, negatives, level),
            half_width_equal: arms.half_width(x, y, level),
        })
    }

    /// The least number of reads that reaches a half-width.
    pub fn plan_to(self, half_width: f64, level: Level) -> Result<SensitivityPlan, PlanError> {
        if half_width.is_nan() || half_width <= 0.0 {
            return Err(PlanError::NotPositive("half_width"));
        }
        let (mut low, mut high) = (1, self.checked()?.positives + self.negatives);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.plan(middle, level)?.half_width <= half_width {
                high = middle;
            } else {
                low = middle;
            }
        }
        self.plan(high, level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_stratum_is_met_by_the_rule_of_three() {
        // 1 − (1−p)ⁿ ≥ 0.95.
        let plan = plan_stratum(0.02, 1, 0.95, None).unwrap();
        assert_eq!(plan.n, 149);
        assert!((plan.probability - (1.0 - 0.98_f64.powi(149))).abs() < 1e-12);
        for times in [1, 5, 20] {
            let plan = plan_stratum(0.2, times, 0.9, None).unwrap();
            assert!(meets(plan.n, times, 0.2, None) >= 0.9);
            assert!(meets(plan.n - 1, times, 0.2, None) < 0.9);
        }
    }

    #[test]
    fn a_small_class_is_met_sooner_than_an_endless_one() {
        let endless = plan_stratum(0.1, 5, 0.95, None).unwrap().n;
        let finite = plan_stratum(0.1, 5, 0.95, Some(100)).unwrap();
        assert!(finite.n < endless);
        assert!(meets(finite.n - 1, 5, 0.1, Some(100)) < 0.95);
        assert_eq!(plan_stratum(0.1, 11, 0.5, Some(100)), Err(PlanError::NotHeld));
    }

    #[test]
    fn a_large_class_is_answered_as_exactly_as_a_small_one() {
        let all = |times, marked, others, n| -> f64 {
            (times..=n).map(|k| hypergeometric_pmf(k, marked, others, n)).sum()
        };
        for (times, marked, others, n) in
            [(5, 10, 90, 40), (9, 10, 90, 40), (1, 3, 5, 8), (4, 3, 5, 8), (300, 600, 400, 500)]
        {
            let got = at_least(times, marked, others, n);
            assert!((got - all(times, marked, others, n)).abs() < 1e-12, "{times} {n}: {got}");
        }
        let plan = plan_stratum(0.5, 5_000_000, 0.95, Some(100_000_000)).unwrap();
        assert!(plan.n > 10_000_000 && plan.n < 10_010_000);
    }

    #[test]
    fn no_other_sharing_of_the_same_reads_is_more_precise() {
        let arms = Arms { ppv: 0.8, missed: 0.02, positives: 5_000, negatives: 100_000 };
        let plan = arms.plan(400, Level::P95).unwrap();
        for positives in 1..400 {
            let other = arms.half_width(positives, 400 - positives, Level::P95);
            assert!(plan.half_width <= other * 1.000_5, "{positives}: {other} {plan:?}");
        }
        assert!(plan.half_width < plan.half_width_equal);
        let wanted = arms.plan_to(0.05, Level::P95).unwrap();
        assert!(wanted.half_width <= 0.05);
        assert!(arms.plan(wanted.n - 1, Level::P95).unwrap().half_width > 0.05);
    }

    #[test]
    fn an_arm_never_gives_more_than_it_holds() {
        let arms = Arms { ppv: 0.1, missed: 0.4, positives: 30, negatives: 500 };
        let plan = arms.plan(300, Level::P95).unwrap();
        assert_eq!((plan.positives, plan.negatives), (30, 270));
        assert_eq!(arms.plan(600, Level::P95), Err(PlanError::NotHeld));
    }
}
