//! Ways in which a published interval may have been made, the right ones and the usual slips.
//!
//! For the audit of published tables: which whole-number tables print an estimate, and which way of making an interval
//! prints its limits.

use crate::dist::beta_quantile;
use crate::estimate::{Interval, Level};
use crate::kappa::root;
use crate::printed::Printed;
use crate::proportion::{clopper_pearson, wilson};

/// A way of making an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipe {
    /// Wilson score, for proportions.
    Wilson,
    /// Wilson score with continuity correction.
    WilsonCorrected,
    /// Clopper–Pearson.
    ClopperPearson,
    /// p ± z·SE.
    Wald,
    /// Agresti–Coull.
    AgrestiCoull,
    /// Jeffreys (beta prior ½, ½).
    Jeffreys,
    /// kappa ± z·SE after `McHugh` (Cohen 1960).
    McHugh,
    /// kappa ± z·SE after Fleiss, Cohen & Everitt.
    FleissCohenEveritt,
    /// ± z·SE²: the square root is missing.
    NoRoot,
    /// The same with the Fleiss–Cohen–Everitt error.
    NoRootFleiss,
    /// ± z·SE/√n: divided by n twice, once inside the root and once more.
    TwiceN,
    /// The same with the Fleiss–Cohen–Everitt error.
    TwiceNFleiss,
    /// ± SE, called a 95 % interval.
    OneError,
}

impl Recipe {
    /// Right ways for a proportion.
    pub const PROPORTION: [Self; 6] = [
        Self::Wilson,
        Self::ClopperPearson,
        Self::Wald,
        Self::AgrestiCoull,
        Self::WilsonCorrected,
        Self::Jeffreys,
    ];
    /// Slips with a proportion.
    pub const PROPORTION_SLIPS: [Self; 3] = [Self::NoRoot, Self::TwiceN, Self::OneError];
    /// Right ways for kappa.
    pub const KAPPA: [Self; 2] = [Self::McHugh, Self::FleissCohenEveritt];
    /// Slips with kappa.
    pub const KAPPA_SLIPS: [Self; 5] =
        [Self::NoRoot, Self::NoRootFleiss, Self::TwiceN, Self::TwiceNFleiss, Self::OneError];

    /// In words, for a sentence that begins `looks like`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Wilson => "Wilson's interval",
            Self::WilsonCorrected => "Wilson's interval with continuity correction",
            Self::ClopperPearson => "Clopper–Pearson's interval",
            Self::Wald => "estimate ± 1.96·SE (Wald)",
            Self::AgrestiCoull => "Agresti–Coull's interval",
            Self::Jeffreys => "Jeffreys' interval",
            Self::McHugh => "kappa ± 1.96·SE (McHugh)",
            Self::FleissCohenEveritt => "kappa ± 1.96·SE (Fleiss–Cohen–Everitt)",
            Self::NoRoot => "estimate ± 1.96·SE² (the square root is missing)",
            Self::NoRootFleiss => {
                "estimate ± 1.96·SE² with the Fleiss–Cohen–Everitt error (the square root is missing)"
            }
            Self::TwiceN => "estimate ± 1.96·SE/√n (divided by n twice)",
            Self::TwiceNFleiss => {
                "estimate ± 1.96·SE/√n with the Fleiss–Cohen–Everitt error (divided by n twice)"
            }
            Self::OneError => "estimate ± SE (one standard error, not 1.96)",
        }
    }
}

/// The interval of k/n that a recipe makes, not cut to 0–1; `None` for recipes of kappa and at n = 0.
pub fn proportion_interval(k: u64, n: u64, recipe: Recipe, level: Level) -> Option<Interval> {
    if n == 0 || n < k {
        return None;
    }
    let (x, m, z) = (k as f64, n as f64, level.z());
    let p = x / m;
    let variance = p * (1.0 - p) / m;
    let around = |half: f64| Some(Interval::around(p, half));
    match recipe {
        Recipe::Wilson => Some(wilson(x, m, level)),
        Recipe::WilsonCorrected => Some(wilson_corrected(p, m, z)),
        Recipe::ClopperPearson => Some(clopper_pearson(k, n, level)),
        Recipe::Wald => around(z * variance.sqrt()),
        Recipe::AgrestiCoull => {
            let weight = m + z * z;
            let centre = (x + z * z / 2.0) / weight;
            Some(Interval::around(centre, z * (centre * (1.0 - centre) / weight).sqrt()))
        }
        Recipe::Jeffreys => {
            let half = level.alpha() / 2.0;
            let (a, b) = (x + 0.5, m - x + 0.5);
            let low = if k == 0 { 0.0 } else { beta_quantile(half, a, b) };
            let high = if k == n { 1.0 } else { 1.0 - beta_quantile(half, b, a) };
            Some(Interval::new(low, high))
        }
        Recipe::NoRoot => around(z * variance),
        Recipe::TwiceN => around(z * (variance / m).sqrt()),
        Recipe::OneError => around(variance.sqrt()),
        Recipe::McHugh
        | Recipe::FleissCohenEveritt
        | Recipe::NoRootFleiss
        | Recipe::TwiceNFleiss => None,
    }
}

fn wilson_corrected(p: f64, n: f64, z: f64) -> Interval {
    let scale = 2.0 * (n + z * z);
    let centre = 2.0 * n * p + z * z;
    let side = |shift: f64| {
        let (q, sign) = (1.0 - p, shift.signum());
        let inside = z * z - 2.0 * sign - 1.0 / n + 4.0 * p * (n * q + sign);
        z * inside.max(0.0).sqrt() + 1.0
    };
    let low = if p == 0.0 { 0.0 } else { ((centre - side(1.0)) / scale).max(0.0) };
    let high = if p == 1.0 { 1.0 } else { ((centre + side(-1.0)) / scale).min(1.0) };
    Interval::new(low, high)
}

/// Two raters and two classes as margins: n studies, of which the first calls `first` positive, the second `second`, and both `both`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairTable {
    /// Studies.
    pub n: u64,
    /// Positive by the first rater.
    pub first: u64,
    /// Positive by the second.
    pub second: u64,
    /// Positive by both.
    pub both: u64,
}

impl PairTable {
    fn shares(self) -> (f64, f64) {
        let n = self.n as f64;
        let (r, c, a) = (self.first as f64, self.second as f64, self.both as f64);
        let agreed = (n - r - c + 2.0 * a) / n;
        let chance = (r * c + (n - r) * (n - c)) / (n * n);
        (agreed, chance)
    }

    /// This table and those that differ from it only in the order of raters or in the names of the classes.
    pub fn turned(self) -> [Self; 4] {
        let swapped = Self { first: self.second, second: self.first, ..self };
        let relabelled = |t: Self| Self {
            n: t.n,
            first: t.n - t.first,
            second: t.n - t.second,
            both: t.n + t.both - t.first - t.second,
        };
        [self, swapped, relabelled(self), relabelled(swapped)]
    }

    /// Cohen's kappa; `None` where chance agreement is 1.
    pub fn kappa(self) -> Option<f64> {
        let (po, pe) = self.shares();
        (1.0 - pe >= 1e-12).then(|| (po - pe) / (1.0 - pe))
    }

    /// Standard error after `McHugh`.
    pub fn se_mchugh(self) -> f64 {
        let (po, pe) = self.shares();
        root(po * (1.0 - po) / self.n as f64) / (1.0 - pe)
    }

    /// Standard error after Fleiss, Cohen & Everitt.
    pub fn se_fce(self) -> f64 {
        let n = self.n as f64;
        let (po, pe) = self.shares();
        let kappa = (po - pe) / (1.0 - pe);
        let (r, c) = (self.first as f64 / n, self.second as f64 / n);
        let a = self.both as f64 / n;
        let cells = [[1.0 - r - c + a, c - a], [r - a, a]];
        let (rows, columns) = ([1.0 - r, r], [1.0 - c, c]);
        let mut sum = 0.0;
        for (i, row) in cells.iter().enumerate() {
            for (j, p) in row.iter().enumerate() {
                let w = f64::from(u8::from(i == j));
                sum += p * (w - (columns[i] + rows[j]) * (1.0 - kappa)).powi(2);
            }
        }
        root(sum - (kappa - pe * (1.0 - kappa)).powi(2)) / ((1.0 - pe) * n.sqrt())
    }

    /// The interval that a recipe makes, not cut; `None` for recipes of proportions and where kappa is undefined.
    pub fn interval(self, recipe: Recipe, level: Level) -> Option<Interval> {
        let (kappa, z, root_n) = (self.kappa()?, level.z(), (self.n as f64).sqrt());
        let half = match recipe {
            Recipe::McHugh => z * self.se_mchugh(),
            Recipe::FleissCohenEveritt => z * self.se_fce(),
            Recipe::NoRoot => z * self.se_mchugh().powi(2),
            Recipe::NoRootFleiss => z * self.se_fce().powi(2),
            Recipe::TwiceN => z * self.se_mchugh() / root_n,
            Recipe::TwiceNFleiss => z * self.se_fce() / root_n,
            Recipe::OneError => self.se_mchugh(),
            _ => return None,
        };
        Some(Interval::around(kappa, half))
    }
}

/// Every table of n studies whose kappa rounds to `printed`, one of each class of tables that differ only in the order
/// of raters or in the names of the two classes: kappa and its errors are the same in all of them.
pub fn kappa_tables(n: u64, printed: Printed) -> Vec<PairTable> {
    let mut out = Vec::new();
    for_each_kappa_table(n, printed, &mut |table| out.push(table));
    out
}

/// The same one by one: of many studies there are more than memory holds.
pub fn for_each_kappa_table(n: u64, printed: Printed, visit: &mut impl FnMut(PairTable)) {
    for first in 0..=n / 2 {
        for second in first..=n - first {
            with_margins(n, first, second, printed, visit);
        }
    }
}

/// With both margins fixed kappa grows with the number both call positive, so the tables are a range.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=n")]
fn with_margins(
    n: u64,
    first: u64,
    second: u64,
    printed: Printed,
    visit: &mut impl FnMut(PairTable),
) {
    let (size, r, c) = (n as f64, first as f64, second as f64);
    let chance = (r * c + (size - r) * (size - c)) / (size * size);
    if 1.0 - chance < 1e-12 {
        return;
    }
    let both = |kappa: f64| {
        let agreed = kappa * (1.0 - chance) + chance;
        (size * agreed - size + r + c) / 2.0
    };
    let bounds = printed.bounds();
    let least = (first + second).saturating_sub(n);
    let most = first.min(second);
    let low = (both(bounds.low) - 1e-6).ceil().clamp(0.0, size) as u64;
    let high = (both(bounds.high) + 1e-6).floor().clamp(0.0, size) as u64;
    for both in low.max(least)..=high.min(most) {
        let table = PairTable { n, first, second, both };
        if table.kappa().is_some_and(|kappa| printed.prints(kappa)) {
            visit(table);
        }
    }
}

/// Whether both limits print as stated, cut to `[floor, 1]` or not.
pub fn prints_interval(interval: Interval, low: Printed, high: Printed, floor: f64) -> bool {
    let cut = interval.clipped(floor, 1.0);
    (low.prints(interval.low) || low.prints(cut.low))
        && (high.prints(interval.high) || high.prints(cut.high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kappa::{Weights, kappa};

    fn printed(text: &str) -> Printed {
        Printed::parse(text).unwrap()
    }

    #[test]
    fn the_margins_give_the_kappa_of_the_table() {
        for (n, first, second, both) in [(28, 12, 10, 10), (207, 90, 71, 60), (30, 3, 28, 2)] {
            let table = PairTable { n, first, second, both };
            let cells = [vec![n + both - first - second, second - both], vec![first - both, both]];
            let whole = kappa(&cells, Weights::Identity, Level::P95);
            assert!((table.kappa().unwrap() - whole.kappa.unwrap()).abs() < 1e-12);
            assert!((table.se_mchugh() - whole.se_mchugh.unwrap()).abs() < 1e-12);
            assert!((table.se_fce() - whole.se_fce.unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn the_enumeration_misses_no_table() {
        for (n, text) in [(11, "0.45"), (17, "-0.1"), (12, "1.000"), (9, "0.0")] {
            let want = printed(text);
            let found = kappa_tables(n, want);
            for first in 0..=n {
                for second in 0..=n {
                    for both in (first + second).saturating_sub(n)..=first.min(second) {
                        let table = PairTable { n, first, second, both };
                        if !table.kappa().is_some_and(|k| want.prints(k)) {
                            continue;
                        }
                        let (small, large) = (first.min(second), first.max(second));
                        let turned = small + large > n;
                        let canonical = if turned {
                            let both = n + both - first - second;
                            PairTable { n, first: n - large, second: n - small, both }
                        } else {
                            PairTable { n, first: small, second: large, both }
                        };
                        assert!(found.contains(&canonical), "{table:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_variance_taken_for_an_error_is_recognised() {
        let tables = kappa_tables(28, printed("0.850"));
        let prints = |recipe| {
            tables.iter().any(|table| {
                let ci = table.interval(recipe, Level::P95).unwrap();
                prints_interval(ci, printed("0.830"), printed("0.871"), -1.0)
            })
        };
        assert!(prints(Recipe::NoRoot));
        assert!(!prints(Recipe::McHugh) && !prints(Recipe::FleissCohenEveritt));
    }

    #[test]
    fn wilson_with_correction_has_the_values_of_newcombe() {
        // Newcombe, Stat Med 1998;17:857, Table I, method 4: 81/263 and 15/148.
        for (k, n, low, high) in [(81, 263, 0.2535, 0.3682), (15, 148, 0.0598, 0.1644)] {
            let ci = proportion_interval(k, n, Recipe::WilsonCorrected, Level::P95).unwrap();
            assert!((ci.low - low).abs() < 5e-5 && (ci.high - high).abs() < 5e-5, "{ci:?}");
        }
    }
}
