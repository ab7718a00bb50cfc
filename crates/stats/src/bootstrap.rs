//! Resampling that gives the same figures in any language and on any number of threads.

use rayon::prelude::*;
use serde::Serialize;

use crate::cluster::Cluster;
use crate::estimate::{Interval, Level};
use crate::kappa::{Weights, kappa_value};
use crate::rng::SplitMix64;
use crate::tally::{Codes, tally};

/// How often to resample, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// Replicates.
    pub reps: u64,
    /// Seed of the stream; every statistic restarts it, so two statistics of a report share their resamples.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { reps: 2000, seed: 20_170_601 }
    }
}

/// The percentile interval of a bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bootstrap {
    /// Replicates drawn.
    pub reps: u64,
    /// Replicates in which the statistic was defined.
    pub defined: u64,
    /// Seed of the stream.
    pub seed: u64,
    /// Percentile interval; `None` when no replicate was defined.
    pub ci: Option<Interval>,
    /// Standard deviation of the defined replicates (n−1); `None` with fewer than two.
    pub se: Option<f64>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// The draws of one replicate: `n` numbers of the stream from `start` on.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    stream: SplitMix64,
    start: u64,
    n: u64,
}

impl Draws {
    /// The indices `0..n` drawn with replacement.
    pub fn indices(self) -> impl Iterator<Item = usize> {
        self.stream.indices(self.start, self.n, self.n).map(index)
    }

    /// Draws number `from..from + count` mapped to `0..n`, for samples made of several strata.
    pub fn indices_within(self, from: u64, count: u64, n: u64) -> impl Iterator<Item = u64> {
        self.stream.indices(self.start.wrapping_add(from), count, n)
    }

    /// How often each code was drawn; `codes` has one for each of the `n` units, all below the length of `counts`.
    pub(crate) fn tally(self, codes: &Codes, counts: &mut [u64]) {
        tally(self.stream, self.start, self.n, codes, counts);
    }
}

fn index(i: u64) -> usize {
    usize::try_from(i).unwrap_or(usize::MAX)
}

/// Computes a statistic on `reps` resamples of `n` units; `None` replicates are dropped and counted.
///
/// `scratch` makes a buffer per thread. Replicate b uses draws b·n … b·n+n−1, whatever thread computes it.
pub fn bootstrap<S, M, F>(n: u64, plan: Resampling, level: Level, scratch: M, f: F) -> Bootstrap
where
    S: Send,
    M: Fn() -> S + Sync + Send,
    F: Fn(&mut S, Draws) -> Option<f64> + Sync + Send,
{
    let stream = SplitMix64::new(plan.seed);
    let replicates: Vec<Option<f64>> = (0..plan.reps)
        .into_par_iter()
        .map_init(scratch, |buffer, b| {
            f(buffer, Draws { stream, start: b.wrapping_mul(n), n }).filter(|v| v.is_finite())
        })
        .collect();
    summarise(replicates.into_iter().flatten().collect(), plan, level)
}

fn summarise(mut values: Vec<f64>, plan: Resampling, level: Level) -> Bootstrap {
    let defined = values.len();
    let mean = values.iter().sum::<f64>() / defined.max(1) as f64;
    let se = (defined > 1).then(|| {
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (squares / (defined - 1) as f64).sqrt()
    });
    values.sort_by(f64::total_cmp);
    let tail = level.alpha() / 2.0;
    let ci = quantile(&values, tail)
        .zip(quantile(&values, 1.0 - tail))
        .map(|(low, high)| Interval { low, high });
    let reason = match defined {
        0 => Some("the statistic was defined in no replicate"),
        1 => Some("the statistic was defined in one replicate only"),
        _ => None,
    };
    Bootstrap { reps: plan.reps, defined: defined as u64, seed: plan.seed, ci, se, reason }
}

/// The type 7 (linear) quantile of sorted values; `None` when there are none.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    // Rounding in p·(n−1) must not move to a neighbour when the position is whole.
    let nearest = position.round();
    let position = if (position - nearest).abs() < 1e-9 { nearest } else { position };
    let below = sorted.iter().enumerate().take_while(|(i, _)| *i as f64 <= position).last()?.0;
    let fraction = position - below as f64;
    let low = sorted.get(below)?;
    let high = sorted.get(below + 1).unwrap_or(low);
    Some(low + (high - low) * fraction)
}

/// Patient bootstrap of Σy/Σm; clusters in the order given (sorted patient ids by convention), those without a study
/// in the denominator dropped before anything is drawn.
pub fn cluster_bootstrap(clusters: &[Cluster], plan: Resampling, level: Level) -> Bootstrap {
    let clusters: Vec<Cluster> = clusters.iter().copied().filter(|c| c.size > 0).collect();
    let n = clusters.len() as u64;
    let packed: Option<Vec<u64>> = clusters.iter().map(|c| pack(*c, n)).collect();
    let draw = |draws: Draws| -> Option<(u64, u64)> {
        match &packed {
            Some(packed) => {
                let sum: u64 = draws.indices().map(|i| packed.get(i).copied().unwrap_or(0)).sum();
                Some((sum >> 32, sum & LOW))
            }
            None => draws.indices().try_fold((0, 0), |(hits, size), i| {
                let cluster = clusters.get(i)?;
                Some((hits + cluster.successes, size + cluster.size))
            }),
        }
    };
    bootstrap(
        n,
        plan,
        level,
        || (),
        |(), draws| {
            let (hits, size) = draw(draws)?;
            (size > 0).then(|| hits as f64 / size as f64)
        },
    )
}

/// The lower half of a word.
const LOW: u64 = 0xFFFF_FFFF;

/// Both counts of a cluster in one word, when sums over `n` of them still fit.
fn pack(cluster: Cluster, n: u64) -> Option<u64> {
    let most = LOW / n.max(1);
    let fits = cluster.size <= most && cluster.successes <= most;
    fits.then_some((cluster.successes << 32) | cluster.size)
}

/// Bootstrap of Cohen's kappa over subjects; `pairs` holds the two category indices (below `q`) of each subject.
pub fn kappa_bootstrap(
    pairs: &[(usize, usize)],
    q: usize,
    weights: Weights,
    plan: Resampling,
    level: Level,
) -> Bootstrap {
    let cells = Codes::new(pairs.iter().map(|(i, j)| i * q + j), q * q);
    let n = pairs.len() as u64;
    bootstrap(
        n,
        plan,
        level,
        || vec![0_u64; q * q],
        |table, draws| {
            draws.tally(&cells, table);
            kappa_value(table, q, weights)
        },
    )
}

/// One patient's subjects: reference, first rater, second rater as category indices.
pub type PatientTriples = Vec<(usize, usize, usize)>;

/// Patient bootstrap of kappa(first, reference) − kappa(second, reference): the paired comparison of two raters.
pub fn kappa_difference_bootstrap(
    patients: &[PatientTriples],
    q: usize,
    weights: Weights,
    plan: Resampling,
    level: Level,
) -> Bootstrap {
    let n = patients.len() as u64;
    let empty = || (vec![0_u64; q * q], vec![0_u64; q * q]);
    bootstrap(n, plan, level, empty, |(first, second), draws| {
        first.fill(0);
        second.fill(0);
        for i in draws.indices() {
            for &(reference, a, b) in patients.get(i)? {
                *first.get_mut(a * q + reference)? += 1;
                *second.get_mut(b * q + reference)? += 1;
            }
        }
        Some(kappa_value(first, q, weights)? - kappa_value(second, q, weights)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_and_many_give_the_same_bits() {
        let clusters: Vec<Cluster> =
            (0..37).map(|i| Cluster { successes: i % 3, size: 2 + i % 2 }).collect();
        let run = || cluster_bootstrap(&clusters, Resampling { reps: 500, seed: 3 }, Level::P95);
        let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        assert_eq!(pool(1).install(run), pool(4).install(run));
    }

    #[test]
    fn quantiles_are_linear_between_order_statistics() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_rater_compared_with_itself_differs_by_nothing() {
        let patients: Vec<PatientTriples> =
            (0..30).map(|i| vec![(i % 2, (i / 3) % 2, (i / 3) % 2)]).collect();
        let plan = Resampling { reps: 100, seed: 1 };
        let out = kappa_difference_bootstrap(&patients, 2, Weights::Identity, plan, Level::P95);
        assert_eq!(out.ci, Some(Interval::new(0.0, 0.0)));
    }
}
