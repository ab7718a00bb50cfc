//! Does a rate move while reading goes on.

use serde::Serialize;

use crate::dist::two_sided_p;
use crate::estimate::Level;
use crate::proportion::{Proportion, proportion};

/// Cochran–Armitage trend over ordered groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// The statistic; `None` when every or no observation is a success, or the groups have one score.
    pub z: Option<f64>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// Rates per group.
    pub rates: Vec<Option<f64>>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Trend of `k/n` over groups with scores `w` (0, 1, 2 … when absent): z = Σw(k−np)/sqrt(p(1−p)(Σnw²−(Σnw)²/N)).
///
/// # References
/// Armitage 1955; Fleiss 1981, page 139.
pub fn trend(k: &[u64], n: &[u64], w: Option<&[f64]>) -> Trend {
    let rates = k.iter().zip(n).map(|(k, n)| (*n > 0).then(|| *k as f64 / *n as f64)).collect();
    let total: u64 = n.iter().sum();
    let hits: u64 = k.iter().sum();
    let mut out = Trend { z: None, p: None, rates, reason: None };
    if total == 0 || hits == 0 || hits >= total {
        out.reason = Some(match (total, hits) {
            (0, _) => "n=0",
            (_, 0) => "no observation is a success",
            _ => "every observation is a success",
        });
        return out;
    }
    let score = |i: usize| w.map_or(i as f64, |w| w.get(i).copied().unwrap_or(i as f64));
    let p = hits as f64 / total as f64;
    let used: Vec<(f64, f64, f64)> = k
        .iter()
        .zip(n)
        .enumerate()
        .filter(|(_, (_, n))| **n > 0)
        .map(|(i, (k, n))| (*k as f64, *n as f64, score(i)))
        .collect();
    // Around their mean the scores lose no digits, however large they are.
    let mean = used.iter().map(|(_, n, w)| n * w).sum::<f64>() / total as f64;
    let top: f64 = used.iter().map(|(k, n, w)| (w - mean) * (k - n * p)).sum();
    let spread: f64 = used.iter().map(|(_, n, w)| n * (w - mean).powi(2)).sum();
    let differ = used.windows(2).any(|pair| pair[0].2 != pair[1].2);
    let variance = p * (1.0 - p) * spread;
    if differ && variance > 0.0 {
        let z = top / variance.sqrt();
        out.z = Some(z);
        out.p = Some(two_sided_p(z));
    } else {
        out.reason = Some("all observations have one score");
    }
    out
}

/// Logistic regression of a binary outcome on one variable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Logistic {
    /// Slope; all `None` with one class, separation, or a constant variable.
    pub slope: Option<f64>,
    /// Wald standard error.
    pub se: Option<f64>,
    /// slope/se.
    pub z: Option<f64>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// Intercept.
    pub intercept: Option<f64>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Maximum-likelihood logistic slope with Wald error, by Newton's method.
///
/// The maximum does not exist when one value of x separates the classes (also when they only touch): undefined.
pub fn logistic(x: &[f64], y: &[bool]) -> Logistic {
    let missing = |reason: &'static str| Logistic {
        slope: None,
        se: None,
        z: None,
        p: None,
        intercept: None,
        reason: Some(reason),
    };
    if y.iter().all(|y| *y) || !y.iter().any(|y| *y) {
        return missing("the outcome has only one class");
    }
    if !maximum_exists(x, y) {
        return missing("the classes separate, or x is constant");
    }
    // Centring keeps the two coefficients nearly uncorrelated.
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let spread = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let u: Vec<f64> = x.iter().map(|x| (x - mean) / spread).collect();
    let hits = y.iter().filter(|y| **y).count() as f64;
    let (mut a, mut b) = ((hits / (n - hits)).ln(), 0.0);
    let loglik = |a: f64, b: f64| -> f64 {
        u.iter()
            .zip(y)
            .map(|(u, y)| {
                let eta = a + b * u;
                let soft = eta.max(0.0) + (-eta.abs()).exp().ln_1p();
                if *y { eta - soft } else { -soft }
            })
            .sum()
    };
    let mut information = (0.0, 0.0, 0.0);
    let mut reached = loglik(a, b);
    for _ in 0..200 {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (u, y) in u.iter().zip(y) {
            let p = 1.0 / (1.0 + (-(a + b * u)).exp());
            let residual = f64::from(u8::from(*y)) - p;
            let w = p * (1.0 - p);
            g0 += residual;
            g1 += residual * u;
            h00 += w;
            h01 += w * u;
            h11 += w * u * u;
        }
        information = (h00, h01, h11);
        let det = h00 * h11 - h01 * h01;
        if det <= 0.0 {
            return missing("the likelihood is too flat for a maximum");
        }
        let (da, db) = ((h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det);
        let mut step = 1.0;
        let mut tried = loglik(a + step * da, b + step * db);
        while step > 1e-10 && tried < reached - 1e-12 {
            step /= 2.0;
            tried = loglik(a + step * da, b + step * db);
        }
        reached = tried;
        a += step * da;
        b += step * db;
        if da.abs() + db.abs() < 1e-12 * (1.0 + a.abs() + b.abs()) {
            break;
        }
    }
    let (h00, h01, h11) = information;
    let se = (h00 / (h00 * h11 - h01 * h01)).sqrt() / spread;
    let slope = b / spread;
    let z = slope / se;
    Logistic {
        slope: Some(slope),
        se: Some(se),
        z: Some(z),
        p: Some(two_sided_p(z)),
        intercept: Some(a - slope * mean),
        reason: None,
    }
}

fn maximum_exists(x: &[f64], y: &[bool]) -> bool {
    let range = |class: bool| {
        x.iter()
            .zip(y)
            .filter(|(_, y)| **y == class)
            .map(|(x, _)| *x)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
    };
    let (low1, high1) = range(true);
    let (low0, high0) = range(false);
    // An empty class has low = +inf and fails both comparisons.
    low1 < high0 && low0 < high1
}

/// What moves along a reading order.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Successes and observations per block.
    pub blocks: Vec<(u64, u64)>,
    /// Trend over the blocks.
    pub trend: Trend,
    /// Slope over the position 0..1.
    pub logistic: Logistic,
}

/// Rates over blocks of the reading order, with trend and slope.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// Observations.
    pub n: usize,
    /// Rates per block.
    pub blocks: Vec<Proportion>,
    /// Trend over the blocks.
    pub trend: Trend,
    /// Slope over the position 0..1.
    pub logistic: Logistic,
}

/// Drift of a yes/no series read at positions `pos` (ties keep their order); block of item i is floor(i·blocks/n).
///
/// Readings of one session come in a chosen order: in a list sorted by class, drift is confounded with the class.
pub fn drift(pos: &[f64], y: &[bool], blocks: usize, level: Level) -> Drift {
    let found = course(pos, y, blocks);
    Drift {
        n: pos.len().min(y.len()),
        blocks: found.blocks.iter().map(|(k, n)| proportion(*k, *n, level)).collect(),
        trend: found.trend,
        logistic: found.logistic,
    }
}

/// The counts and tests of [`drift`], without intervals of the blocks.
pub fn course(pos: &[f64], y: &[bool], blocks: usize) -> Course {
    let n = pos.len().min(y.len());
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| pos[*a].total_cmp(&pos[*b]));
    let ordered: Vec<bool> = order.iter().map(|i| y[*i]).collect();
    // More blocks than items would leave empty ones, which are dropped.
    let blocks = blocks.clamp(1, n.max(1));
    let mut counts = vec![(0_u64, 0_u64); blocks];
    for (i, y) in ordered.iter().enumerate() {
        let (k, size) = &mut counts[i * blocks / n];
        *k += u64::from(*y);
        *size += 1;
    }
    counts.retain(|(_, size)| *size > 0);
    let (k, sizes): (Vec<u64>, Vec<u64>) = counts.iter().copied().unzip();
    let last = n.saturating_sub(1).max(1) as f64;
    let x: Vec<f64> = (0..n).map(|i| i as f64 / last).collect();
    Course { trend: trend(&k, &sizes, None), logistic: logistic(&x, &ordered), blocks: counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversing_the_order_turns_the_sign() {
        let y = [true, true, false, true, true, false, true, false, false, false];
        let pos: Vec<f64> = (0..10).map(f64::from).collect();
        let back: Vec<f64> = pos.iter().map(|p| -p).collect();
        let (one, two) = (drift(&pos, &y, 5, Level::P95), drift(&back, &y, 5, Level::P95));
        assert!((one.trend.z.unwrap() + two.trend.z.unwrap()).abs() < 1e-12);
        assert!((one.logistic.slope.unwrap() + two.logistic.slope.unwrap()).abs() < 1e-9);
    }

    #[test]
    fn touching_classes_have_no_maximum() {
        assert_eq!(logistic(&[0.0, 1.0, 1.0, 2.0], &[false, false, true, true]).slope, None);
        assert_eq!(logistic(&[0.0, 1.0], &[true, true]).slope, None);
        assert_eq!(logistic(&[1.0, 1.0], &[true, false]).slope, None);
    }

    #[test]
    fn more_blocks_than_items_are_one_item_each() {
        let y = [true, false, true];
        let pos = [0.0, 1.0, 2.0];
        let (three, many) = (course(&pos, &y, 3), course(&pos, &y, usize::MAX));
        assert_eq!(three, many);
        assert_eq!(many.blocks, [(1, 1), (0, 1), (1, 1)]);
        assert_eq!(course(&[], &[], 5).blocks, []);
    }
}
