//! Everything two raters' square table says.

use serde::Serialize;

use crate::estimate::{Interval, Level};
use crate::kappa::{Kappa, Weights, kappa};
use crate::label_quality::twice_over_one_plus;
use crate::paired::{McNemar, mcnemar};
use crate::proportion::{Proportion, proportion, wilson};
use crate::raters::{Chance, Coefficient, Counts, coefficient_grouped};

/// Prevalence-adjusted bias-adjusted kappa.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pabak {
    /// (q·po−1)/(q−1).
    pub est: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// Wilson interval of po, mapped.
    pub ci: Option<Interval>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Scott's pi.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ScottPi {
    /// The value; `None` when chance agreement is 1.
    pub est: Option<f64>,
    /// Chance agreement.
    pub pe: Option<f64>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Agreement on one category.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpecificAgreement {
    /// 2a/(2a+b+c); `None` at 0/0.
    pub est: Option<f64>,
    /// Wilson interval of a/(a+b+c), mapped.
    pub ci: Option<Interval>,
    /// Why something above is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// What only a 2×2 table has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Binary {
    /// Agreement on the positives.
    pub positive_agreement: SpecificAgreement,
    /// Agreement on the negatives.
    pub negative_agreement: SpecificAgreement,
    /// (both positive − both negative)/n.
    pub prevalence_index: Option<f64>,
    /// (first only − second only)/n.
    pub bias_index: Option<f64>,
    /// The largest kappa these margins allow.
    pub kappa_max: Option<f64>,
}

/// Weighted kappas of ordered categories.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ordinal {
    /// Linear weights.
    pub kappa_linear: Kappa,
    /// Quadratic weights.
    pub kappa_quadratic: Kappa,
}

/// Two raters on the same subjects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TwoRater {
    /// Subjects rated by both.
    pub n: u64,
    /// Rows: first rater, columns: second.
    pub table: Vec<Vec<u64>>,
    /// Cohen's kappa.
    pub kappa: Kappa,
    /// Share of equal answers.
    pub percent_agreement: Proportion,
    /// Prevalence-adjusted bias-adjusted kappa.
    pub pabak: Pabak,
    /// Scott's pi.
    pub scott_pi: ScottPi,
    /// Test of equal margins, for two categories.
    pub mcnemar: Option<McNemar>,
    /// What only a 2×2 table has.
    #[serde(flatten)]
    pub binary: Option<Binary>,
    /// Weighted kappas, when the categories are ordered.
    #[serde(flatten)]
    pub ordinal: Option<Ordinal>,
    /// Gwet's AC1.
    pub gwet_ac1: Coefficient,
}

/// Agreement beyond chance, without what only a whole table of statistics shows.
#[derive(Clone, Debug, PartialEq)]
pub struct BeyondChance {
    /// Cohen's kappa.
    pub kappa: Kappa,
    /// Gwet's AC1.
    pub gwet_ac1: Coefficient,
    /// Prevalence-adjusted bias-adjusted kappa.
    pub pabak: Pabak,
    /// What only a 2×2 table has.
    pub binary: Option<Binary>,
}

/// The part of [`two_rater`] that needs no exact limits; the same figures to the last bit.
pub fn beyond_chance(table: &[Vec<u64>], level: Level) -> BeyondChance {
    let q = table.len();
    let n: u64 = table.iter().flatten().sum();
    let kappa = kappa(table, Weights::Identity, level);
    BeyondChance {
        gwet_ac1: ac1(table, level),
        pabak: pabak(same(table), n, q, level),
        binary: (q == 2).then(|| binary(table, n, &kappa, level)),
        kappa,
    }
}

/// Subjects on the diagonal.
fn same(table: &[Vec<u64>]) -> u64 {
    table.iter().enumerate().map(|(i, row)| row.get(i).copied().unwrap_or(0)).sum()
}

/// Compares two raters from their square table; `ordinal` adds the weighted kappas.
///
/// For two categories, index 1 is the positive one.
///
/// # References
/// Cohen 1960; Byrt, Bishop & Carlin 1993; Scott 1955; Gwet 2008; Cicchetti & Feinstein 1990.
pub fn two_rater(table: &[Vec<u64>], ordinal: bool, level: Level) -> TwoRater {
    let q = table.len();
    let n: u64 = table.iter().flatten().sum();
    let BeyondChance { kappa: plain, gwet_ac1, pabak, binary } = beyond_chance(table, level);
    TwoRater {
        n,
        table: table.to_vec(),
        percent_agreement: proportion(same(table), n, level),
        pabak,
        scott_pi: scott_pi(table, n),
        mcnemar: (q == 2).then(|| mcnemar(table[1][0], table[0][1])),
        binary,
        ordinal: ordinal.then(|| Ordinal {
            kappa_linear: kappa(table, Weights::Linear, level),
            kappa_quadratic: kappa(table, Weights::Quadratic, level),
        }),
        gwet_ac1,
        kappa: plain,
    }
}

/// The prevalence-adjusted bias-adjusted kappa of `same` equal answers among `n` in `q` categories.
pub fn pabak(same: u64, n: u64, q: usize, level: Level) -> Pabak {
    if n == 0 || q < 2 {
        return Pabak { est: None, se: None, ci: None, reason: Some("n=0") };
    }
    let q = q as f64;
    let po = same as f64 / n as f64;
    let map = |p: f64| (q * p - 1.0) / (q - 1.0);
    let se = q / (q - 1.0) * (po * (1.0 - po) / n as f64).sqrt();
    let ci = wilson(same as f64, n as f64, level).map(map);
    Pabak { est: Some(map(po)), se: Some(se), ci: Some(ci), reason: None }
}

fn margins(table: &[Vec<u64>]) -> (Vec<u64>, Vec<u64>) {
    let q = table.len();
    let rows = table.iter().map(|r| r.iter().sum()).collect();
    let columns =
        (0..q).map(|j| table.iter().map(|r| r.get(j).copied().unwrap_or(0)).sum()).collect();
    (rows, columns)
}

fn scott_pi(table: &[Vec<u64>], n: u64) -> ScottPi {
    if n == 0 {
        return ScottPi { est: None, pe: None, reason: Some("n=0") };
    }
    let (rows, columns) = margins(table);
    let total = n as f64;
    let pe: f64 =
        rows.iter().zip(&columns).map(|(r, c)| ((r + c) as f64 / (2.0 * total)).powi(2)).sum();
    let po = same(table) as f64 / total;
    let est = (1.0 - pe >= 1e-12).then(|| (po - pe) / (1.0 - pe));
    let reason = est.is_none().then_some("pe=1 (both raters constant in one category)");
    ScottPi { est, pe: Some(pe), reason }
}

fn specific(same: u64, different: u64, level: Level) -> SpecificAgreement {
    let any = same + different;
    if any == 0 {
        return SpecificAgreement { est: None, ci: None, reason: Some("0/0") };
    }
    let est = 2.0 * same as f64 / (2 * same + different) as f64;
    let ci = wilson(same as f64, any as f64, level).map(twice_over_one_plus);
    SpecificAgreement { est: Some(est), ci: Some(ci), reason: None }
}

fn binary(table: &[Vec<u64>], n: u64, plain: &Kappa, level: Level) -> Binary {
    let (a, b, c, d) = (table[1][1], table[1][0], table[0][1], table[0][0]);
    let share = |x: u64, y: u64| (n > 0).then(|| (x as f64 - y as f64) / n as f64);
    let (rows, columns) = margins(table);
    let largest: u64 = rows.iter().zip(&columns).map(|(r, c)| r.min(c)).sum();
    let kappa_max = plain
        .pe
        .filter(|pe| 1.0 - pe >= 1e-12)
        .map(|pe| (largest as f64 / n as f64 - pe) / (1.0 - pe));
    Binary {
        positive_agreement: specific(a, b + c, level),
        negative_agreement: specific(d, b + c, level),
        prevalence_index: share(a, d),
        bias_index: share(b, c),
        kappa_max,
    }
}

fn ac1(table: &[Vec<u64>], level: Level) -> Coefficient {
    let q = table.len();
    let mut rows: Vec<(Counts, u64)> = Vec::with_capacity(q * q);
    for (i, row) in table.iter().enumerate() {
        for (j, &times) in row.iter().enumerate().take(q) {
            let mut counts = vec![0; q];
            counts[i] += 1;
            counts[j] += 1;
            rows.push((counts, times));
        }
    }
    let rows: Vec<(&Counts, u64)> = rows.iter().map(|(c, t)| (c, *t)).collect();
    coefficient_grouped(&rows, Chance::Gwet, Weights::Identity, level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapping_the_raters_keeps_every_symmetric_figure() {
        let out = two_rater(&[vec![40, 9], vec![6, 45]], false, Level::P95);
        let swapped = two_rater(&[vec![40, 6], vec![9, 45]], false, Level::P95);
        assert!((out.kappa.kappa.unwrap() - swapped.kappa.kappa.unwrap()).abs() < 1e-14);
        assert!((out.kappa.se_fce.unwrap() - swapped.kappa.se_fce.unwrap()).abs() < 1e-14);
        assert_eq!(out.gwet_ac1.est, swapped.gwet_ac1.est);
        let (one, two) = (out.binary.unwrap(), swapped.binary.unwrap());
        assert_eq!(one.bias_index, two.bias_index.map(|b| -b));
        assert_eq!(one.positive_agreement, two.positive_agreement);
    }
}
