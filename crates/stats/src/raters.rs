//! Agreement of any number of raters, with missing ratings.

use serde::Serialize;

use crate::dist::{t_two_sided, two_sided_p};
use crate::estimate::{Estimate, Estimated, Interval, Level, NotEstimable};
use crate::kappa::{Weights, root};
use crate::panel::Panel;

/// How often a subject was put into each declared category.
pub type Counts = Vec<u64>;

/// Which chance agreement is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chance {
    /// Shares of the categories (Fleiss; Scott's pi with two raters).
    Fleiss,
    /// Gwet's AC1, or AC2 with weights.
    Gwet,
    /// Every category equally likely (Brennan–Prediger).
    BrennanPrediger,
    /// Rater by rater (Conger); see [`conger`].
    Conger,
}

/// A chance-corrected coefficient of many raters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coefficient {
    /// Subjects rated at least once.
    pub n: u64,
    /// Subjects rated at least twice.
    pub n_ge2: u64,
    /// Observed agreement.
    pub pa: Option<f64>,
    /// Agreement by chance.
    pub pe: Option<f64>,
    /// (pa−pe)/(1−pe).
    pub est: Option<f64>,
    /// Linearised standard error over subjects.
    pub se: Option<f64>,
    /// est ± t·se, cut to `[-1, 1]`.
    pub ci_t: Option<Interval>,
    /// est ± z·se, cut to `[-1, 1]`.
    pub ci_z: Option<Interval>,
    /// Why there is no value.
    pub reason: Option<NotEstimable>,
}

impl Coefficient {
    const fn undefined(n: u64, n_ge2: u64, reason: NotEstimable) -> Self {
        Self {
            n,
            n_ge2,
            pa: None,
            pe: None,
            est: None,
            se: None,
            ci_t: None,
            ci_z: None,
            reason: Some(reason),
        }
    }

    /// The value with its t interval.
    pub fn estimate(&self) -> Estimated {
        let value = self
            .est
            .ok_or_else(|| self.reason.clone().unwrap_or(NotEstimable::NothingRatedTwice))?;
        Ok(Estimate {
            value,
            interval: self.ci_t,
            n: self.n,
            method: "linearised over subjects, t",
        })
    }
}

fn ratings(counts: &[u64]) -> f64 {
    counts.iter().sum::<u64>() as f64
}

/// Agreement within one subject with at least two ratings.
fn subject_agreement(counts: &[u64], w: &[Vec<f64>]) -> f64 {
    let r = ratings(counts);
    let mut sum = 0.0;
    for (k, &n_k) in counts.iter().enumerate() {
        let starred: f64 = counts.iter().zip(&w[k]).map(|(&n, weight)| n as f64 * weight).sum();
        sum += n_k as f64 * (starred - 1.0);
    }
    sum / (r * (r - 1.0))
}

/// A coefficient from counts per subject and category, in the framework of Gwet 2014.
///
/// `pa` averages over subjects rated at least twice, the category shares over subjects rated at least once, each subject
/// with equal weight. Undefined when no subject was rated twice or chance agreement is 1. `Chance::Conger` needs to
/// know who rated: it is treated as Fleiss here, use [`conger`] instead.
///
/// # References
/// Gwet, Handbook of Inter-Rater Reliability, 2014; Fleiss 1971; Brennan & Prediger 1981.
pub fn coefficient(
    subjects: &[Counts],
    chance: Chance,
    weights: Weights,
    level: Level,
) -> Coefficient {
    of_panel(&Panel::of_counts(subjects), chance, weights, level)
}

/// The same from a panel that is grouped already.
pub fn of_panel(panel: &Panel, chance: Chance, weights: Weights, level: Level) -> Coefficient {
    let rows: Vec<(&Counts, u64)> = panel.rows().collect();
    coefficient_grouped(&rows, chance, weights, level)
}

/// The same from distinct rows with the number of subjects that have them.
pub fn coefficient_grouped(
    subjects: &[(&Counts, u64)],
    chance: Chance,
    weights: Weights,
    level: Level,
) -> Coefficient {
    let rated: Vec<(&Counts, f64)> = subjects
        .iter()
        .filter(|(c, times)| *times > 0 && c.iter().any(|k| *k > 0))
        .map(|(c, times)| (*c, *times as f64))
        .collect();
    let twice = |c: &Counts| c.iter().sum::<u64>() >= 2;
    let size = |rows: &mut dyn Iterator<Item = f64>| rows.sum::<f64>();
    let n = size(&mut rated.iter().map(|(_, t)| *t));
    let n2 = size(&mut rated.iter().filter(|(c, _)| twice(c)).map(|(_, t)| *t));
    let count = |x: f64| subjects_count(x);
    if n2 == 0.0 {
        return Coefficient::undefined(count(n), 0, NotEstimable::NothingRatedTwice);
    }
    let q = rated.first().map_or(0, |(c, _)| c.len());
    let w = weights.matrix(q);
    let total_weight: f64 = w.iter().flatten().sum();
    let own: Vec<f64> =
        rated.iter().map(|(c, _)| if twice(c) { subject_agreement(c, &w) } else { 0.0 }).collect();
    let pa = rated.iter().zip(&own).map(|((_, t), a)| t * a).sum::<f64>() / n2;
    let shares: Vec<f64> = (0..q)
        .map(|k| rated.iter().map(|(c, t)| t * c[k] as f64 / ratings(c)).sum::<f64>() / n)
        .collect();
    let weighted_shares: Vec<f64> =
        w.iter().map(|row| row.iter().zip(&shares).map(|(w, s)| w * s).sum()).collect();
    let gwet_scale = total_weight / (q as f64 * (q as f64 - 1.0)).max(1.0);
    let pe = match chance {
        Chance::Fleiss | Chance::Conger => {
            shares.iter().zip(&weighted_shares).map(|(a, b)| a * b).sum::<f64>()
        }
        Chance::Gwet => gwet_scale * shares.iter().map(|s| s * (1.0 - s)).sum::<f64>(),
        Chance::BrennanPrediger => total_weight / (q as f64 * q as f64),
    };
    if 1.0 - pe < 1e-12 {
        let reason = NotEstimable::ChanceAgreementIsOne;
        let none = Coefficient::undefined(count(n), count(n2), reason);
        return Coefficient { pa: Some(pa), pe: Some(pe), ..none };
    }
    let est = (pa - pe) / (1.0 - pe);
    let own_chance = |c: &Counts| -> f64 {
        let r = ratings(c);
        let over = |f: &dyn Fn(usize) -> f64| -> f64 {
            c.iter().enumerate().map(|(k, n)| f(k) * *n as f64 / r).sum()
        };
        match chance {
            Chance::Fleiss | Chance::Conger => over(&|k| weighted_shares[k]),
            Chance::Gwet => gwet_scale * over(&|k| 1.0 - shares[k]),
            Chance::BrennanPrediger => pe,
        }
    };
    let squares: f64 = rated
        .iter()
        .zip(&own)
        .map(|((c, times), a)| {
            let agreement = if twice(c) { n / n2 * (a - pe) / (1.0 - pe) } else { 0.0 };
            let x = agreement - 2.0 * (1.0 - est) * (own_chance(c) - pe) / (1.0 - pe);
            times * (x - est).powi(2)
        })
        .sum();
    let mut out = Coefficient {
        n: count(n),
        n_ge2: count(n2),
        pa: Some(pa),
        pe: Some(pe),
        est: Some(est),
        se: None,
        ci_t: None,
        ci_z: None,
        reason: None,
    };
    set_intervals(&mut out, est, squares, n, level);
    out
}

fn set_intervals(out: &mut Coefficient, est: f64, squares: f64, n: f64, level: Level) {
    if n < 2.0 {
        return;
    }
    let se = root(squares / (n - 1.0)) / n.sqrt();
    let around = |x: f64| Interval::around(est, x * se).clipped(-1.0, 1.0);
    out.se = Some(se);
    out.ci_t = Some(around(t_two_sided(level.alpha(), n - 1.0)));
    out.ci_z = Some(around(level.z()));
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of whole counts"
)]
fn subjects_count(x: f64) -> u64 {
    x.round() as u64
}

/// Fleiss' kappa with the test of Fleiss, Nee & Landis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fleiss {
    /// The coefficient with its interval.
    #[serde(flatten)]
    pub coefficient: Coefficient,
    /// Standard error under kappa = 0, for complete data only.
    pub se_null_fnl1979: Option<f64>,
    /// kappa over it.
    pub z: Option<f64>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// Whether every subject has the same number of ratings.
    pub balanced: bool,
}

/// Fleiss' kappa; with two raters it is Scott's pi, not Cohen's kappa.
///
/// # References
/// Fleiss 1971; Fleiss, Nee & Landis, Psychol Bull 1979;86:974.
pub fn fleiss(subjects: &[Counts], weights: Weights, level: Level) -> Fleiss {
    fleiss_of_panel(&Panel::of_counts(subjects), weights, level)
}

/// The same from a panel that is grouped already.
pub fn fleiss_of_panel(panel: &Panel, weights: Weights, level: Level) -> Fleiss {
    let coefficient = of_panel(panel, Chance::Fleiss, weights, level);
    let mut sizes = panel.rows().map(|(c, _)| c.iter().sum::<u64>()).filter(|r| *r > 0);
    let first = sizes.next();
    let balanced = first.is_some_and(|m| sizes.all(|r| r == m));
    let se_null = first.filter(|m| balanced && *m >= 2).and_then(|m| fleiss_null(panel, m));
    let z = coefficient.est.zip(se_null).filter(|(_, se)| *se > 0.0).map(|(est, se)| est / se);
    let p = z.map(two_sided_p);
    Fleiss { coefficient, se_null_fnl1979: se_null, z, p, balanced }
}

fn fleiss_null(panel: &Panel, m: u64) -> Option<f64> {
    let rated: Vec<(&Counts, u64)> =
        panel.rows().filter(|(c, _)| c.iter().any(|k| *k > 0)).collect();
    let q = rated.first()?.0.len();
    let n = rated.iter().map(|(_, times)| times).sum::<u64>() as f64;
    let m = m as f64;
    let (mut spread, mut skew) = (0.0, 0.0);
    for k in 0..q {
        let p = rated.iter().map(|(c, times)| c[k] * times).sum::<u64>() as f64 / (n * m);
        spread += p * (1.0 - p);
        skew += p * (1.0 - p) * (1.0 - 2.0 * p);
    }
    if spread < 1e-12 {
        return None;
    }
    let variance = 2.0 / (n * m * (m - 1.0) * spread * spread) * (spread * spread - skew);
    Some(root(variance))
}

/// Gwet's AC1 (identity weights) or AC2.
pub fn gwet(subjects: &[Counts], weights: Weights, level: Level) -> Coefficient {
    coefficient(subjects, Chance::Gwet, weights, level)
}

/// Brennan–Prediger.
pub fn brennan_prediger(subjects: &[Counts], weights: Weights, level: Level) -> Coefficient {
    coefficient(subjects, Chance::BrennanPrediger, weights, level)
}

/// Conger's kappa, the many-rater form of Cohen's: chance agreement over pairs of different raters.
///
/// `ratings[i][g]` is the category index of rater g on subject i. Chance uses each rater's own shares over the
/// subjects that rater rated; a rater without ratings is left out. The value equals Cohen's kappa for two complete raters.
/// Undefined like the others; its standard error is not given.
///
/// # References
/// Conger, Psychol Bull 1980;88:322; Gwet 2014.
pub fn conger(ratings: &[Vec<Option<usize>>], q: usize, weights: Weights) -> Estimated {
    let w = weights.matrix(q);
    let raters = ratings.first().map_or(0, Vec::len);
    let mut marginals: Vec<Vec<f64>> = Vec::new();
    for g in 0..raters {
        let mut share = vec![0.0; q];
        for value in ratings.iter().filter_map(|row| row.get(g).copied().flatten()) {
            if let Some(s) = share.get_mut(value) {
                *s += 1.0;
            }
        }
        let total: f64 = share.iter().sum();
        if total > 0.0 {
            marginals.push(share.iter().map(|s| s / total).collect());
        }
    }
    let mut n = 0_u64;
    let mut agreement = 0.0;
    for row in ratings {
        let mut counts = vec![0_u64; q];
        for &value in row.iter().flatten() {
            if let Some(c) = counts.get_mut(value) {
                *c += 1;
            }
        }
        if counts.iter().sum::<u64>() >= 2 {
            n += 1;
            agreement += subject_agreement(&counts, &w);
        }
    }
    if n == 0 || marginals.len() < 2 {
        return Err(NotEstimable::NothingRatedTwice);
    }
    let pa = agreement / n as f64;
    let (mut pe, mut pairs) = (0.0, 0.0);
    for (g, a) in marginals.iter().enumerate() {
        for b in marginals.iter().skip(g + 1) {
            pairs += 1.0;
            for i in 0..q {
                for j in 0..q {
                    pe += w[i][j] * a[i] * b[j];
                }
            }
        }
    }
    pe /= pairs;
    if 1.0 - pe < 1e-12 {
        return Err(NotEstimable::ChanceAgreementIsOne);
    }
    Ok(Estimate {
        value: (pa - pe) / (1.0 - pe),
        interval: None,
        n,
        method: "no interval: use a bootstrap",
    })
}

/// Specific agreement of category `k`: Σ n(n−1)/Σ n(r−1); `None` when nothing was put there by a rater with a partner.
///
/// # References
/// Cicchetti & Feinstein 1990; Uebersax.
pub fn specific_agreement(subjects: &[Counts], k: usize) -> Option<f64> {
    specific_of_panel(&Panel::of_counts(subjects), k)
}

/// The same from a panel that is grouped already.
pub fn specific_of_panel(panel: &Panel, k: usize) -> Option<f64> {
    let (mut same, mut all) = (0_u64, 0_u64);
    for (counts, times) in panel.rows() {
        let n = counts.get(k).copied().unwrap_or(0);
        let r: u64 = counts.iter().sum();
        same += times * n * n.saturating_sub(1);
        all += times * n * r.saturating_sub(1);
    }
    (all > 0).then(|| same as f64 / all as f64)
}

/// Light's kappa: the mean of the defined pairwise kappas.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LightKappa {
    /// The mean; `None` when no pair is defined.
    pub est: Option<f64>,
    /// Pairs with a defined kappa.
    pub pairs_defined: usize,
    /// Pairs without one.
    pub pairs_undefined: usize,
}

/// Light's kappa from pairwise kappas (pairwise complete data).
pub fn light_kappa(pairs: &[Option<f64>]) -> LightKappa {
    let defined: Vec<f64> = pairs.iter().flatten().copied().collect();
    LightKappa {
        est: (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64),
        pairs_defined: defined.len(),
        pairs_undefined: pairs.len() - defined.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kappa::kappa;

    #[test]
    fn fleiss_with_two_raters_is_scotts_pi() {
        // Table [[40, 9], [6, 45]]: Scott's pi 0.6992.
        let mut subjects = vec![vec![2, 0]; 40];
        subjects.extend(vec![vec![1, 1]; 15]);
        subjects.extend(vec![vec![0, 2]; 45]);
        let out = fleiss(&subjects, Weights::Identity, Level::P95);
        assert!((out.coefficient.est.unwrap() - 0.699_248_120_300_751_9).abs() < 1e-12);
    }

    #[test]
    fn conger_with_two_raters_is_cohens_kappa() {
        let table = [vec![7_u64, 2, 1], vec![3, 9, 0], vec![1, 2, 5]];
        let mut ratings = Vec::new();
        for (i, row) in table.iter().enumerate() {
            for (j, &n) in row.iter().enumerate() {
                for _ in 0..n {
                    ratings.push(vec![Some(i), Some(j)]);
                }
            }
        }
        for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
            let cohen = kappa(&table, weights, Level::P95).kappa.unwrap();
            let value = conger(&ratings, 3, weights).unwrap().value;
            assert!((cohen - value).abs() < 1e-12);
        }
    }

    #[test]
    fn everything_in_one_category_leaves_fleiss_undefined_and_ac1_at_one() {
        let subjects = vec![vec![0, 3]; 12];
        assert_eq!(fleiss(&subjects, Weights::Identity, Level::P95).coefficient.est, None);
        assert_eq!(gwet(&subjects, Weights::Identity, Level::P95).est, Some(1.0));
    }

    #[test]
    fn grouping_equal_rows_changes_nothing() {
        let (a, b) = (vec![2, 1], vec![0, 3]);
        let plain = [a.clone(), b.clone(), a.clone(), b.clone(), b.clone()];
        let one = coefficient(&plain, Chance::Gwet, Weights::Identity, Level::P95);
        let rows = [(&a, 2), (&b, 3)];
        let two = coefficient_grouped(&rows, Chance::Gwet, Weights::Identity, Level::P95);
        assert!((one.se.unwrap() - two.se.unwrap()).abs() < 1e-14);
    }
}
