//! Percentages and counts: possible at that n, and in agreement with their total?

use std::ops::RangeInclusive;

use super::intervals::{Tried, try_share};
use super::table::{Cell, Kind, Table};
use super::{Audit, Finding, NotChecked, Verdict, count, percent, range_text};

/// Studies above which denominators that are not printed are not searched for.
const MOST_DENOMINATORS: u64 = 2_000;

/// Counts above which the intervals of all that print a share are not made.
const MOST_COUNTS: u64 = 5_000;

/// Checks every share and count of the table; metrics that are `given` belong to another table and are only used.
pub(super) fn check(table: &Table, given: &dyn Fn(&str) -> bool, out: &mut Audit) {
    for metric in table.metrics() {
        let cells: Vec<&Cell> = table.cells.iter().filter(|c| c.metric == metric).collect();
        let Some(kind) = cells.first().map(|c| c.kind) else { continue };
        if given(metric) {
            continue;
        }
        match kind {
            Kind::Kappa => {}
            Kind::Count => counts_add_up(table, metric, out),
            Kind::Other => {
                for cell in cells {
                    other(cell, out);
                }
            }
            _ => {
                let mut possible = 0;
                for &cell in &cells {
                    possible += u64::from(share(table, cell, out));
                }
                let checked = cells.iter().filter(|c| c.n.is_some()).count() as u64;
                if let (Some(first), true) = (cells.first(), 1 < possible) {
                    summary(first, possible, checked, &cells, out);
                }
                shares_recombine(table, metric, out);
            }
        }
    }
}

fn summary(first: &Cell, possible: u64, checked: u64, cells: &[&Cell], out: &mut Audit) {
    let exact = cells.iter().filter(|c| exact_count(c).is_some()).count() as u64;
    let mut text = format!("{possible} of {checked} are shares that some whole count of n prints");
    if exact == possible {
        text.push_str(", each exactly k/n");
    }
    text.push('.');
    let mut finding = Finding::new(first, "possible_at_n", Verdict::Holds, text);
    "all rows".clone_into(&mut finding.row);
    finding.printed = format!("{} values", cells.len());
    out.findings.push(finding);
}

/// The only count that prints the share, where it equals the share exactly.
fn exact_count(cell: &Cell) -> Option<u64> {
    let n = cell.n?;
    let counts = cell.estimate.counts(n)?;
    let (low, high) = (*counts.start(), *counts.end());
    let exact = low as f64 / n as f64;
    (low == high && (exact - cell.estimate.value()).abs() < 1e-12).then_some(low)
}

/// Whether sensitivity and specificity of one row share an n that is then the number of studies, not a denominator.
pub(super) fn denominator_is_hidden(table: &Table, cell: &Cell) -> bool {
    let other = match cell.kind {
        Kind::Sensitivity => Kind::Specificity,
        Kind::Specificity => Kind::Sensitivity,
        _ => return false,
    };
    table.cells.iter().any(|c| {
        c.row == cell.row && c.kind == other && c.series() == cell.series() && c.n == cell.n
    })
}

/// Whether a share can be what it says; findings say why not.
fn share(table: &Table, cell: &Cell, out: &mut Audit) -> bool {
    let value = cell.estimate.value();
    if !(0.0..=1.0).contains(&value) {
        let text = "A share lies between 0 and 100%.".to_owned();
        out.findings.push(Finding::new(cell, "impossible_at_n", Verdict::CannotBe, text).possible(
            0.0,
            1.0,
            "0–100%".to_owned(),
        ));
        return false;
    }
    let Some(n) = cell.n else {
        outside_its_interval(cell, out);
        out.not_checked.push(NotChecked {
            row: cell.row.clone(),
            metric: cell.metric.clone(),
            reason: "n is not printed".to_owned(),
        });
        return false;
    };
    if let Some(x) = cell.x {
        return counted(cell, x, n, out);
    }
    let counts: Vec<(u64, u64)> = if denominator_is_hidden(table, cell) {
        hidden(cell, n)
    } else {
        let counts = cell.estimate.counts(n);
        if counts.as_ref().is_some_and(|k| MOST_COUNTS <= k.end() - k.start()) {
            too_many(cell, out);
            return true;
        }
        counts.into_iter().flatten().map(|k| (k, n)).collect()
    };
    if counts.is_empty() {
        impossible(cell, n, out);
        return false;
    }
    interval(cell, &counts, out);
    true
}

/// A share that so many counts print that their intervals are not tried one by one.
fn too_many(cell: &Cell, out: &mut Audit) {
    outside_its_interval(cell, out);
    if cell.interval.is_some() {
        out.not_checked.push(NotChecked {
            row: cell.row.clone(),
            metric: cell.metric.clone(),
            reason: format!(
                "more than {} counts print the estimate: their intervals were not tried",
                count(MOST_COUNTS)
            ),
        });
    }
}

/// Every count over every denominator up to n that prints the share.
fn hidden(cell: &Cell, n: u64) -> Vec<(u64, u64)> {
    let most = if cell.interval.is_some() { n.min(MOST_DENOMINATORS) } else { n };
    let mut out = Vec::new();
    for m in 1..=most {
        out.extend(cell.estimate.counts(m).into_iter().flatten().map(|k| (k, m)));
        if cell.interval.is_none() && !out.is_empty() {
            break;
        }
    }
    out
}

fn impossible(cell: &Cell, n: u64, out: &mut Audit) {
    let near = cell.estimate.neighbours(n);
    let (below, above) = ((near.low * n as f64).round(), (near.high * n as f64).round());
    let text = format!(
        "No whole count of {} rounds to it: {below}/{n} is {} and {above}/{n} is {}.",
        count(n),
        percent(near.low),
        percent(near.high)
    );
    let mut finding = Finding::new(cell, "impossible_at_n", Verdict::CannotBe, text).possible(
        near.low,
        near.high,
        format!("{} or {}", percent(near.low), percent(near.high)),
    );
    if cell.estimate.cuts(near.high) {
        finding.looks_like = Some(format!("{above}/{n} with the decimals cut off, not rounded"));
    }
    out.findings.push(finding);
}

/// A share whose count is known.
fn counted(cell: &Cell, x: u64, n: u64, out: &mut Audit) -> bool {
    let exact = x as f64 / n as f64;
    let fits = if cell.below { exact < cell.estimate.value() } else { cell.estimate.prints(exact) };
    if fits {
        interval(cell, &[(x, n)], out);
        return true;
    }
    let decimals = cell.estimate.decimals().saturating_sub(2) as usize;
    let digits = if exact < 0.01 { 3 } else { decimals + 2 };
    let shown = format!("{:.digits$}%", exact * 100.0);
    let text = format!("{}/{} is {shown}.", count(x), count(n));
    let mut finding = Finding::new(cell, "differs_from_count", Verdict::CannotBe, text).possible(
        exact,
        exact,
        shown.clone(),
    );
    if !cell.below && rounded_twice(cell, exact) {
        finding.looks_like =
            Some(format!("rounding twice: {shown} to {:.1}% and that up", exact * 100.0));
    } else if cell.below && exact / 100.0 < cell.estimate.value() {
        finding.looks_like = Some(format!("the proportion {exact:.5} taken for a percentage"));
    }
    out.findings.push(finding);
    false
}

/// Whether rounding to one decimal more first, and then half up, prints the share.
fn rounded_twice(cell: &Cell, exact: f64) -> bool {
    let scale = 10_f64.powi(cell.estimate.decimals().cast_signed());
    let once = (exact * scale * 10.0).round() / 10.0;
    ((once + 0.5).floor() / scale - cell.estimate.value()).abs() < 1e-12
}

fn outside_its_interval(cell: &Cell, out: &mut Audit) {
    let Some((low, high)) = cell.interval else { return };
    let value = cell.estimate.bounds();
    if value.high < low.bounds().low || high.bounds().high < value.low {
        let text = "The estimate lies outside its own interval.".to_owned();
        out.findings.push(Finding::new(
            cell,
            "estimate_outside_interval",
            Verdict::LooksLike,
            text,
        ));
    }
}

fn other(cell: &Cell, out: &mut Audit) {
    outside_its_interval(cell, out);
    out.not_checked.push(NotChecked {
        row: cell.row.clone(),
        metric: cell.metric.clone(),
        reason: "there is no enumeration for this metric; shares, counts and kappa have one"
            .to_owned(),
    });
}

fn interval(cell: &Cell, counts: &[(u64, u64)], out: &mut Audit) {
    if cell.interval.is_none() {
        return;
    }
    let tried = try_share(cell, counts);
    if let Some(right) = tried.right.first() {
        let text = format!("It is {right}.");
        out.findings.push(Finding::new(cell, "interval", Verdict::Holds, text));
        return;
    }
    out.findings.push(impossible_interval(cell, &tried, "Wilson's, Clopper–Pearson's, Wald's, Agresti–Coull's and Jeffreys' intervals of every count that prints the estimate were tried; none prints these limits."));
}

pub(super) fn impossible_interval(cell: &Cell, tried: &Tried, text: &str) -> Finding {
    let mut finding = Finding::new(cell, "impossible_interval", Verdict::CannotBe, text.to_owned());
    if let Some(usual) = tried.usual {
        let words = range_text(cell, usual.low, usual.high);
        finding = finding.possible(usual.low, usual.high, words);
    }
    finding.looks_like = tried.slips.first().cloned();
    finding
}

/// Strata whose numbers of studies add up to the total's.
fn partition<'a>(total: &Cell, strata: &[&'a Cell]) -> Result<Vec<(&'a Cell, u64)>, String> {
    let Some(n) = total.n else { return Err("n of the total is not printed".to_owned()) };
    let mut parts = Vec::new();
    for &cell in strata {
        let Some(part) = cell.n else { return Err(format!("n of `{}` is not printed", cell.row)) };
        parts.push((cell, part));
    }
    let sum: u64 = parts.iter().map(|(_, n)| n).sum();
    if sum == n {
        Ok(parts)
    } else {
        let (sum, n) = (count(sum), count(n));
        Err(format!("the strata hold {sum} studies and the total {n}: they are no partition"))
    }
}

fn shares_recombine(table: &Table, metric: &str, out: &mut Audit) {
    for (total, strata) in table.totals(metric) {
        if strata.is_empty() || denominator_is_hidden(table, total) {
            continue;
        }
        match partition(total, &strata) {
            Ok(parts) => recombine(total, &parts, out),
            Err(reason) => out.not_checked.push(NotChecked {
                row: total.row.clone(),
                metric: metric.to_owned(),
                reason: format!("recombination: {reason}"),
            }),
        }
    }
}

/// The counts that a stratum can hold: whole ones, or where none prints its share everything that rounds to it.
fn stratum_counts(cell: &Cell, n: u64) -> (f64, f64, bool) {
    if let Some(x) = cell.x {
        return (x as f64, x as f64, true);
    }
    if let Some((low, high)) = cell.estimate.counts(n).map(RangeInclusive::into_inner) {
        return (low as f64, high as f64, true);
    }
    let bounds = cell.estimate.bounds();
    (bounds.low * n as f64, bounds.high * n as f64, false)
}

fn recombine(total: &Cell, parts: &[(&Cell, u64)], out: &mut Audit) {
    let n: u64 = parts.iter().map(|(_, n)| n).sum();
    let size = n as f64;
    let mut whole = true;
    let (mut low, mut high) = (0.0, 0.0);
    for &(cell, part) in parts {
        let (least, most, counted) = stratum_counts(cell, part);
        low += least;
        high += most;
        whole &= counted;
    }
    if !whole {
        // A stratum that no count prints: plain interval arithmetic for all, so that nothing rests on it.
        low = parts.iter().map(|(c, n)| c.estimate.bounds().low.max(0.0) * *n as f64).sum();
        high = parts.iter().map(|(c, n)| c.estimate.bounds().high.min(1.0) * *n as f64).sum();
    }
    let (low, high) = (low / size, high / size);
    let printed = total.estimate.bounds();
    let text = range_text(total, low, high);
    if printed.low <= high && low <= printed.high {
        let words = format!("Its strata give {text}.");
        out.findings.push(
            Finding::new(total, "recombination", Verdict::Holds, words).possible(low, high, text),
        );
        return;
    }
    let how = if whole {
        "over all whole counts that round to what its strata print"
    } else {
        "over all values that round to what its strata print"
    };
    let words = format!("Its {} strata of together {} give {text}, {how}.", parts.len(), count(n));
    out.findings.push(
        Finding::new(total, "recombination", Verdict::CannotBe, words).possible(low, high, text),
    );
}

fn counts_add_up(table: &Table, metric: &str, out: &mut Audit) {
    for (total, strata) in table.totals(metric) {
        if strata.is_empty() {
            continue;
        }
        let least: f64 = strata.iter().map(|c| c.estimate.bounds().low).sum();
        let most: f64 = strata.iter().map(|c| c.estimate.bounds().high).sum();
        let plain = |cell: &Cell| cell.estimate.decimals() == 0;
        let (low, high) = if strata.iter().all(|c| plain(c)) && plain(total) {
            let sum: f64 = strata.iter().map(|c| c.estimate.value()).sum();
            (sum, sum)
        } else {
            (least, most)
        };
        let printed = total.estimate.value();
        let shown = if low == high { format!("{low}") } else { format!("{low}–{high}") };
        let holds = low <= printed && printed <= high;
        let verdict = if holds { Verdict::Holds } else { Verdict::CannotBe };
        let words = format!("Its strata add up to {shown}.");
        out.findings.push(Finding::new(total, "sum", verdict, words).possible(low, high, shown));
    }
}
