//! Krippendorff's alpha.

use serde::Serialize;

use crate::bootstrap::{Bootstrap, Resampling, bootstrap};
use crate::estimate::{Level, NotEstimable};
use crate::panel::Panel;
use crate::raters::Counts;
use crate::tally::Codes;

/// How far apart two values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// Equal or not.
    #[default]
    Nominal,
    /// Ranks between them (mid-ranks).
    Ordinal,
    /// Squared difference.
    Interval,
    /// Squared relative difference.
    Ratio,
}

/// Krippendorff's alpha with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the key of the serialised form")]
pub struct Alpha {
    /// Metric.
    pub metric: Metric,
    /// Units with at least two values.
    pub units_pairable: u64,
    /// Values in them.
    pub pairable_values: u64,
    /// The value; `None` when nothing is expected to differ.
    pub alpha: Option<f64>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotEstimable>,
    /// Bootstrap over units, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
}

/// Krippendorff's alpha from counts per unit; `values` are the categories as numbers (for interval and ratio).
///
/// Units with fewer than two values are left out. Undefined when all values are equal. With `plan`, the units with
/// at least two values are resampled in the order given.
///
/// # References
/// Krippendorff, Computing Krippendorff's alpha-reliability, 2011.
pub fn krippendorff_alpha(
    units: &[Counts],
    values: &[f64],
    metric: Metric,
    plan: Option<Resampling>,
    level: Level,
) -> Alpha {
    alpha_of_panel(&Panel::of_counts(units), values, metric, plan, level)
}

/// The same from a panel that is grouped already.
pub fn alpha_of_panel(
    panel: &Panel,
    values: &[f64],
    metric: Metric,
    plan: Option<Resampling>,
    level: Level,
) -> Alpha {
    let pairable = |counts: &[u64]| counts.iter().sum::<u64>() >= 2;
    let q = values.len();
    let times: Vec<u64> =
        panel.rows().map(|(counts, times)| if pairable(counts) { times } else { 0 }).collect();
    let units: u64 = times.iter().sum();
    let mut coincidence = vec![0.0; q * q];
    let value_of = |coincidence: &mut [f64], times: &[u64]| {
        coincidence.fill(0.0);
        for ((counts, _), times) in panel.rows().zip(times) {
            if *times > 0 {
                add_units(coincidence, counts, *times, q);
            }
        }
        alpha_of(coincidence, values, metric)
    };
    let alpha = value_of(&mut coincidence, &times);
    let replicates = plan.filter(|p| p.reps > 0).map(|plan| {
        let drawn = panel.of_subject().iter().copied().filter(|place| pairable(panel.row(*place)));
        let codes = Codes::new(drawn, panel.kinds());
        let empty = || (vec![0.0; q * q], vec![0_u64; panel.kinds()]);
        bootstrap(units, plan, level, empty, |(coincidence, times), draws| {
            draws.tally(&codes, times);
            value_of(coincidence, times)
        })
    });
    let reason = match alpha {
        Some(_) => None,
        None if units == 0 => Some(NotEstimable::NothingRatedTwice),
        None => Some(NotEstimable::Other("all values are equal".to_owned())),
    };
    let ratings = |(counts, times): (&Counts, &u64)| counts.iter().sum::<u64>() * times;
    Alpha {
        metric,
        units_pairable: units,
        pairable_values: panel.rows().map(|(c, _)| c).zip(&times).map(ratings).sum(),
        alpha,
        reason,
        bootstrap: replicates,
    }
}

/// Adds `times` units with the same counts.
fn add_units(coincidence: &mut [f64], unit: &[u64], times: u64, q: usize) {
    let size: u64 = unit.iter().sum();
    let scale = times as f64 / (size.max(2) - 1) as f64;
    for (c, &n_c) in unit.iter().enumerate().take(q) {
        for (k, &n_k) in unit.iter().enumerate().take(q) {
            let pairs = if c == k { n_c * n_c.saturating_sub(1) } else { n_c * n_k };
            coincidence[c * q + k] += pairs as f64 * scale;
        }
    }
}

fn alpha_of(coincidence: &[f64], values: &[f64], metric: Metric) -> Option<f64> {
    let q = values.len();
    let totals: Vec<f64> = (0..q).map(|c| coincidence[c * q..(c + 1) * q].iter().sum()).collect();
    let n: f64 = totals.iter().sum();
    let (mut observed, mut expected) = (0.0, 0.0);
    for c in 0..q {
        for k in 0..q {
            let distance = squared_distance(c, k, values, &totals, metric);
            observed += coincidence[c * q + k] * distance;
            expected += totals[c] * totals[k] * distance;
        }
    }
    (expected > 0.0).then(|| 1.0 - (n - 1.0) * observed / expected)
}

fn squared_distance(c: usize, k: usize, values: &[f64], totals: &[f64], metric: Metric) -> f64 {
    if c == k {
        return 0.0;
    }
    let (a, b) = (values[c], values[k]);
    match metric {
        Metric::Nominal => 1.0,
        Metric::Ordinal => {
            let (low, high) = (c.min(k), c.max(k));
            let between: f64 = totals[low..=high].iter().sum();
            (between - f64::midpoint(totals[c], totals[k])).powi(2)
        }
        Metric::Interval => (a - b).powi(2),
        Metric::Ratio => {
            if a + b == 0.0 {
                0.0
            } else {
                ((a - b) / (a + b)).powi(2)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kappa::Weights;
    use crate::raters::fleiss;

    #[test]
    fn complete_binary_data_tie_alpha_to_fleiss() {
        let units = vec![vec![3, 0], vec![2, 1], vec![0, 3], vec![1, 2], vec![3, 0], vec![0, 3]];
        let alpha = krippendorff_alpha(&units, &[0.0, 1.0], Metric::Nominal, None, Level::P95);
        let kappa = fleiss(&units, Weights::Identity, Level::P95).coefficient.est.unwrap();
        let values = 18.0;
        let expected = 1.0 - (1.0 - kappa) * (values - 1.0) / values;
        assert!((alpha.alpha.unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn equal_values_everywhere_leave_alpha_undefined() {
        let out = krippendorff_alpha(&[vec![0, 3]], &[0.0, 1.0], Metric::Nominal, None, Level::P95);
        assert_eq!(out.alpha, None);
    }
}
