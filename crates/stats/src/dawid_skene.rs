//! Latent-class reference: each rater's own error rates, estimated without a truth.

use serde::Serialize;

/// The maximum-likelihood solution found from the majority start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DawidSkene {
    /// Subjects with at least one rating.
    pub n: usize,
    /// Share of each category.
    pub prevalence: Vec<f64>,
    /// Probability of each category, per subject; `None` for a subject without ratings.
    pub posterior: Vec<Option<Vec<f64>>>,
    /// Expectation steps made.
    pub iterations: u32,
    /// Whether the likelihood settled.
    pub converged: bool,
    /// Log-likelihood.
    pub loglik: f64,
    /// Per rater: row = true category, column = answer.
    pub confusion: Vec<Vec<Vec<f64>>>,
}

/// When to stop.
const TOLERANCE: f64 = 1e-10;
const MAX_ITERATIONS: u32 = 5000;

/// One distinct pattern of answers: counts per rater and category, and how many subjects have it.
struct Pattern {
    /// (rater, category, times).
    answers: Vec<(usize, usize, f64)>,
    times: f64,
}

/// Fits the model of Dawid & Skene by EM from vote fractions, without smoothing.
///
/// `ratings[i][j]` holds the category indices (below `q`) that rater j gave subject i, possibly several, possibly none.
/// A rater/category without mass is taken as uniform. Label switching is not corrected: the majority start decides.
/// `None` when nothing was rated or `q` is 0. The result is an estimate under conditional independence of the raters, not a truth.
///
/// # References
/// Dawid & Skene, Appl Stat 1979;28:20.
pub fn dawid_skene(ratings: &[Vec<Vec<usize>>], q: usize) -> Option<DawidSkene> {
    let raters = ratings.iter().map(Vec::len).max().unwrap_or(0);
    let (patterns, of_subject) = patterns(ratings, q);
    let n: f64 = patterns.iter().map(|p| p.times).sum();
    if n == 0.0 || q == 0 {
        return None;
    }
    let mut posterior: Vec<Vec<f64>> = patterns
        .iter()
        .map(|p| {
            let mut votes = vec![0.0; q];
            for &(_, k, times) in &p.answers {
                votes[k] += times;
            }
            let total: f64 = votes.iter().sum();
            votes.iter().map(|v| v / total).collect()
        })
        .collect();
    let mut confusion = Vec::new();
    let mut loglik = f64::NEG_INFINITY;
    let (mut iterations, mut converged) = (0, false);
    while iterations < MAX_ITERATIONS && !converged {
        iterations += 1;
        let prevalence = class_shares(&patterns, &posterior, q, n);
        confusion = confusion_matrices(&patterns, &posterior, raters, q);
        let now = expectation(&patterns, &mut posterior, &prevalence, &confusion, q);
        converged = iterations > 1 && (now - loglik).abs() < TOLERANCE * (1.0 + now.abs());
        loglik = now;
    }
    let prevalence = class_shares(&patterns, &posterior, q, n);
    Some(DawidSkene {
        n: of_subject.iter().flatten().count(),
        prevalence,
        posterior: of_subject.iter().map(|p| p.map(|p| posterior[p].clone())).collect(),
        iterations,
        converged,
        loglik,
        confusion,
    })
}

/// Subjects with equal answers share one pattern, in order of first appearance.
fn patterns(ratings: &[Vec<Vec<usize>>], q: usize) -> (Vec<Pattern>, Vec<Option<usize>>) {
    let mut known = std::collections::HashMap::<Vec<(usize, usize, u32)>, usize>::new();
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut of_subject = Vec::with_capacity(ratings.len());
    for subject in ratings {
        let mut key: Vec<(usize, usize, u32)> = Vec::new();
        for (rater, answers) in subject.iter().enumerate() {
            let mut counts = vec![0_u32; q];
            for &k in answers {
                if let Some(c) = counts.get_mut(k) {
                    *c += 1;
                }
            }
            key.extend(
                counts.iter().enumerate().filter(|(_, c)| **c > 0).map(|(k, c)| (rater, k, *c)),
            );
        }
        if key.is_empty() {
            of_subject.push(None);
            continue;
        }
        let next = patterns.len();
        let at = *known.entry(key.clone()).or_insert(next);
        if at == next {
            let answers = key.iter().map(|&(j, k, c)| (j, k, f64::from(c))).collect();
            patterns.push(Pattern { answers, times: 0.0 });
        }
        patterns[at].times += 1.0;
        of_subject.push(Some(at));
    }
    (patterns, of_subject)
}

fn class_shares(patterns: &[Pattern], posterior: &[Vec<f64>], q: usize, n: f64) -> Vec<f64> {
    let mut shares = vec![0.0; q];
    for (p, t) in patterns.iter().zip(posterior) {
        for (share, t) in shares.iter_mut().zip(t) {
            *share += p.times * t;
        }
    }
    shares.iter().map(|s| s / n).collect()
}

fn confusion_matrices(
    patterns: &[Pattern],
    posterior: &[Vec<f64>],
    raters: usize,
    q: usize,
) -> Vec<Vec<Vec<f64>>> {
    let mut out = vec![vec![vec![0.0; q]; q]; raters];
    for (p, t) in patterns.iter().zip(posterior) {
        for &(rater, answer, times) in &p.answers {
            for (truth, t) in t.iter().enumerate() {
                out[rater][truth][answer] += p.times * t * times;
            }
        }
    }
    for row in out.iter_mut().flatten() {
        let mass: f64 = row.iter().sum();
        for cell in row.iter_mut() {
            *cell = if mass > 0.0 { *cell / mass } else { 1.0 / q as f64 };
        }
    }
    out
}

/// Updates the posteriors and returns the log-likelihood.
fn expectation(
    patterns: &[Pattern],
    posterior: &mut [Vec<f64>],
    prevalence: &[f64],
    confusion: &[Vec<Vec<f64>>],
    q: usize,
) -> f64 {
    let mut loglik = 0.0;
    for (p, t) in patterns.iter().zip(posterior) {
        let logs: Vec<f64> = (0..q)
            .map(|k| {
                let answers: f64 = p
                    .answers
                    .iter()
                    .map(|&(rater, answer, times)| times * confusion[rater][k][answer].ln())
                    .sum();
                prevalence[k].ln() + answers
            })
            .collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
        loglik += p.times * (largest + sum.ln());
        for (t, l) in t.iter_mut().zip(&logs) {
            *t = (l - largest).exp() / sum;
        }
    }
    loglik
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(rows: &[[usize; 3]]) -> Vec<Vec<Vec<usize>>> {
        rows.iter().map(|r| r.iter().map(|v| vec![*v]).collect()).collect()
    }

    #[test]
    fn unanimous_raters_are_perfect() {
        let out = dawid_skene(&panel(&[[0, 0, 0], [1, 1, 1], [1, 1, 1]]), 2).unwrap();
        assert!(out.converged);
        assert!((out.prevalence[1] - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(out.confusion[0][1], [0.0, 1.0]);
    }

    #[test]
    fn subjects_without_answers_are_left_out() {
        let mut ratings = panel(&[[0, 0, 1], [1, 1, 1]]);
        ratings.push(vec![vec![], vec![], vec![]]);
        let out = dawid_skene(&ratings, 2).unwrap();
        assert_eq!((out.n, out.posterior[2].clone()), (2, None));
        assert_eq!(dawid_skene(&[], 2), None);
    }
}
