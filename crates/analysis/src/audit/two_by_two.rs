//! Sensitivity and specificity of the same studies: does a two-by-two table print both, and do strata give the total?

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use overread_stats::Interval;
use overread_stats::printed::{Printed, ratio_range};

use super::table::{Cell, Kind, Table};
use super::{Audit, Finding, NotChecked, Verdict, count, range_text};

/// Who called the share of positives that a table prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Nothing is printed.
    None,
    /// The label.
    Label,
    /// The reference.
    Reference,
}

impl Reading {
    fn words(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Label => "if the share positive is the label's",
            Self::Reference => "if the share positive is the reference's",
        }
    }
}

/// One row's printed sensitivity, specificity and share of positives.
struct RowFacts<'a> {
    n: u64,
    sensitivity: &'a Cell,
    specificity: &'a Cell,
    share: Option<&'a Cell>,
}

/// Studies above which two-by-two tables are not enumerated.
const MOST_STUDIES: u64 = 200_000;

/// Two-by-two tables with one number of reference positives: what the label can have right among them and among the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tables {
    positive: u64,
    found: RangeInclusive<u64>,
    cleared: RangeInclusive<u64>,
}

impl Tables {
    /// Those in which the label calls a number of studies positive that lies in `allowed`.
    ///
    /// Called are `found + negative − cleared`. Sums over two runs of whole numbers are a run, so the ends of what
    /// remains of either are reached.
    fn calling(self, negative: u64, allowed: &RangeInclusive<u64>) -> Option<Self> {
        let whole = |x: &u64| i128::from(*x);
        let negative = i128::from(negative);
        let (least, most) = (whole(allowed.start()), whole(allowed.end()));
        let (f0, f1) = (whole(self.found.start()), whole(self.found.end()));
        let (c0, c1) = (whole(self.cleared.start()), whole(self.cleared.end()));
        let cut = |low: i128, high: i128| {
            let (low, high) = (u64::try_from(low).ok()?, u64::try_from(high).ok()?);
            (low <= high).then_some(low..=high)
        };
        let found = cut(f0.max(least - negative + c0), f1.min(most - negative + c1))?;
        let cleared = cut(c0.max(f0 + negative - most), c1.min(f1 + negative - least))?;
        Some(Self { positive: self.positive, found, cleared })
    }
}

/// Whether a share of `n` can be that of `positive` studies; yes where none is printed.
fn shared_by(share: Option<Printed>, n: u64, positive: u64) -> bool {
    share.and_then(|s| s.counts(n)).is_none_or(|counts| counts.contains(&positive))
}

impl RowFacts<'_> {
    fn readings(&self) -> Vec<Reading> {
        match self.share.map(|c| c.kind) {
            None => vec![Reading::None],
            Some(Kind::LabelPositive) => vec![Reading::Label],
            Some(Kind::ReferencePositive) => vec![Reading::Reference],
            Some(_) => vec![Reading::Label, Reading::Reference],
        }
    }

    /// Whole tables that print everything, by the number of reference positives.
    fn tables(&self, reading: Reading) -> impl Iterator<Item = Tables> {
        let share = self.share.map(|c| c.estimate);
        let shared = share.and_then(|s| s.counts(self.n));
        let printable = reading == Reading::None || shared.is_some();
        let allowed = shared.unwrap_or(0..=self.n);
        let last = if printable { self.n } else { 1 };
        (1..last)
            .filter(move |positive| {
                reading != Reading::Reference || shared_by(share, self.n, *positive)
            })
            .filter_map(move |positive| {
                let negative = self.n - positive;
                let found = self.sensitivity.estimate.counts(positive)?;
                let cleared = self.specificity.estimate.counts(negative)?;
                let all = Tables { positive, found, cleared };
                if reading == Reading::Label { all.calling(negative, &allowed) } else { Some(all) }
            })
    }

    /// The corners of what any values within rounding allow, as (positives, true positives, true negatives).
    fn corners(&self, reading: Reading) -> Vec<(f64, f64, f64)> {
        let n = self.n as f64;
        let ends = |printed: Printed| {
            let bounds = printed.bounds().clipped(0.0, 1.0);
            [bounds.low, bounds.high]
        };
        let mut out = Vec::new();
        for s in ends(self.sensitivity.estimate) {
            for t in ends(self.specificity.estimate) {
                let shares = self.share.map_or([0.0, 1.0], |c| ends(c.estimate));
                for share in shares {
                    let positive = match reading {
                        Reading::None | Reading::Reference => share * n,
                        // label positives = s·P + (1−t)·(n−P)
                        Reading::Label if (s + t - 1.0).abs() < 1e-9 => continue,
                        Reading::Label => (share - (1.0 - t)) * n / (s + t - 1.0),
                    };
                    let positive = positive.clamp(0.0, n);
                    out.push((positive, s * positive, t * (n - positive)));
                }
            }
        }
        out
    }
}

fn facts<'a>(table: &'a Table, sensitivity: &'a Cell) -> Option<RowFacts<'a>> {
    let same = |c: &&Cell| c.row == sensitivity.row && c.series() == sensitivity.series();
    let specificity = table.cells.iter().filter(same).find(|c| c.kind == Kind::Specificity)?;
    let n = sensitivity.n.filter(|n| specificity.n == Some(*n))?;
    let share = table.cells.iter().filter(|c| c.row == sensitivity.row).find(|c| {
        matches!(c.kind, Kind::LabelPositive | Kind::ReferencePositive | Kind::SharePositive)
            && c.n == Some(n)
    });
    (n <= MOST_STUDIES).then_some(RowFacts { n, sensitivity, specificity, share })
}

pub(super) fn check(table: &Table, out: &mut Audit) {
    let mut metrics: Vec<&str> = Vec::new();
    for cell in table.cells.iter().filter(|c| c.kind == Kind::Sensitivity) {
        if let Some(facts) = facts(table, cell) {
            one_row(&facts, out);
            if !metrics.contains(&cell.metric.as_str()) {
                metrics.push(&cell.metric);
            }
        }
    }
    for metric in metrics {
        for (total, strata) in table.totals(metric) {
            recombine(table, total, &strata, out);
        }
    }
}

/// Whether any two-by-two table prints a row.
fn one_row(facts: &RowFacts<'_>, out: &mut Audit) {
    let readings = facts.readings();
    let (n, cell) = (count(facts.n), facts.sensitivity);
    let both = format!(
        "sensitivity {} and specificity {}",
        facts.sensitivity.shown(),
        facts.specificity.shown()
    );
    let mut with_share = both.clone();
    if let Some(share) = facts.share {
        write!(with_share, " with {} positive", share.shown()).ok();
    }
    if readings.iter().any(|reading| facts.tables(*reading).next().is_some()) {
        let text = format!("Some two-by-two table of {n} studies prints {with_share}.");
        out.findings.push(Finding::new(cell, "two_by_two", Verdict::Holds, text));
        return;
    }
    let alone = facts.tables(Reading::None).next().is_some();
    let mut text = format!("No two-by-two table of {n} whole studies prints {with_share}");
    if alone {
        text.push_str("; without the share of positives there are such tables");
        if 1 < readings.len() {
            text.push_str(", and neither the label's nor the reference's share allows one");
        }
    }
    text.push('.');
    let mut finding = Finding::new(cell, "two_by_two", Verdict::CannotBe, text);
    finding.metric = format!("{} and {}", facts.sensitivity.metric, facts.specificity.metric);
    finding.printed = format!("{} and {}", facts.sensitivity.shown(), facts.specificity.shown());
    out.findings.push(finding);
}

/// What strata allow of a total under one reading.
struct Allowed {
    reading: Reading,
    sensitivity: Interval,
    specificity: Interval,
    /// Whether every stratum was enumerated in whole studies.
    whole: bool,
}

fn allowed(strata: &[RowFacts<'_>], reading: Reading) -> Option<Allowed> {
    let tables: Vec<Vec<Tables>> = strata.iter().map(|s| s.tables(reading).collect()).collect();
    let whole = tables.iter().all(|t| !t.is_empty());
    let mut found: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut cleared: Vec<Vec<(f64, f64)>> = Vec::new();
    for (facts, tables) in strata.iter().zip(&tables) {
        let n = facts.n as f64;
        if whole {
            let ends = |range: &RangeInclusive<u64>, of: f64| {
                [(*range.start() as f64, of), (*range.end() as f64, of)]
            };
            found.push(tables.iter().flat_map(|t| ends(&t.found, t.positive as f64)).collect());
            cleared.push(
                tables.iter().flat_map(|t| ends(&t.cleared, n - t.positive as f64)).collect(),
            );
        } else {
            // Where some stratum has no whole table, all are taken as any values within rounding.
            let corners = facts.corners(reading);
            found.push(corners.iter().map(|&(p, tp, _)| (tp, p)).collect());
            cleared.push(corners.iter().map(|&(p, _, tn)| (tn, n - p)).collect());
        }
    }
    let (sensitivity, specificity) = (ratio_range(&found)?, ratio_range(&cleared)?);
    Some(Allowed { reading, sensitivity, specificity, whole })
}

fn recombine(table: &Table, total: &Cell, strata: &[&Cell], out: &mut Audit) {
    let Some(whole) = facts(table, total) else { return };
    let parts: Vec<RowFacts<'_>> = strata.iter().filter_map(|c| facts(table, c)).collect();
    let sum: u64 = parts.iter().map(|p| p.n).sum();
    if parts.len() != strata.len() || parts.is_empty() || sum != whole.n {
        out.not_checked.push(NotChecked {
            row: total.row.clone(),
            metric: total.metric.clone(),
            reason: format!(
                "recombination: the strata with both values hold {} of {} studies",
                count(sum),
                count(whole.n)
            ),
        });
        return;
    }
    let readings = whole.readings();
    let all: Vec<Allowed> =
        readings.iter().filter_map(|reading| allowed(&parts, *reading)).collect();
    if all.is_empty() {
        return;
    }
    for (cell, pick) in [
        (whole.sensitivity, (|a: &Allowed| a.sensitivity) as fn(&Allowed) -> Interval),
        (whole.specificity, |a: &Allowed| a.specificity),
    ] {
        out.findings.push(total_finding(cell, &all, pick));
    }
}

fn total_finding(cell: &Cell, all: &[Allowed], pick: fn(&Allowed) -> Interval) -> Finding {
    let printed = cell.estimate.bounds();
    let fits = all.iter().any(|a| {
        let range = pick(a);
        printed.low <= range.high + 1e-12 && range.low <= printed.high + 1e-12
    });
    let low = all.iter().map(|a| pick(a).low).fold(f64::INFINITY, f64::min);
    let high = all.iter().map(|a| pick(a).high).fold(f64::NEG_INFINITY, f64::max);
    let each: Vec<String> = all
        .iter()
        .map(|a| {
            let range = range_text(cell, pick(a).low, pick(a).high);
            format!("{range} {}", a.reading.words()).trim().to_owned()
        })
        .collect();
    let how = if all.iter().all(|a| a.whole) {
        "over all whole tables that print the strata"
    } else {
        "over all values that round to what the strata print (some stratum has no whole table)"
    };
    let text = format!("Its strata give {}, {how}.", each.join(", and "));
    let verdict = if fits { Verdict::Holds } else { Verdict::CannotBe };
    Finding::new(cell, "recombination", verdict, text).possible(low, high, each.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table of n studies that prints the three shares, by trying all of them.
    fn tried(n: u64, printed: [&str; 3], reading: Reading) -> Vec<(u64, u64, u64)> {
        let [sensitivity, specificity, share] = printed.map(|text| Printed::parse(text).unwrap());
        let mut out = Vec::new();
        for positive in 1..n {
            for tp in 0..=positive {
                for tn in 0..=n - positive {
                    let (p, q) = (positive as f64, (n - positive) as f64);
                    let of = match reading {
                        Reading::Label => tp as f64 + q - tn as f64,
                        _ => p,
                    } / n as f64;
                    let fits = reading == Reading::None || share.prints(of);
                    if fits
                        && sensitivity.prints(tp as f64 / p)
                        && specificity.prints(tn as f64 / q)
                    {
                        out.push((positive, tp, tn));
                    }
                }
            }
        }
        out
    }

    #[test]
    fn the_runs_of_counts_end_where_trying_every_table_ends() {
        let printed = [
            ["0.8", "0.7", "0.4"],
            ["0.94", "0.81", "0.33"],
            ["0.56", "0.90", "0.28"],
            ["1.0", "0.9", "0.5"],
        ];
        for n in [12, 19, 45] {
            for [sensitivity, specificity, share] in printed {
                let text = format!(
                    "row,n,metric,estimate\na,{n},sensitivity,{sensitivity}\na,{n},specificity,{specificity}\na,{n},share_positive,{share}\n"
                );
                let table = Table::parse(&text).unwrap();
                let facts = facts(&table, &table.cells[0]).unwrap();
                for reading in [Reading::None, Reading::Label, Reading::Reference] {
                    let all = tried(n, [sensitivity, specificity, share], reading);
                    let mut left = all.len();
                    for run in facts.tables(reading) {
                        let own = all.iter().filter(|t| t.0 == run.positive);
                        let (tp, tn): (Vec<u64>, Vec<u64>) = own.map(|t| (t.1, t.2)).unzip();
                        left -= tp.len();
                        let ends = |x: &[u64]| Some(*x.iter().min()?..=*x.iter().max()?);
                        assert_eq!(ends(&tp), Some(run.found), "{n} {text} {reading:?}");
                        assert_eq!(ends(&tn), Some(run.cleared), "{n} {text} {reading:?}");
                    }
                    assert_eq!(left, 0, "{n} {text} {reading:?}");
                }
            }
        }
    }
}
