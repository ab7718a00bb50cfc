//! Kappas: does any table of that n print them, and which way of making an interval prints their limits?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use overread_stats::recipes::{
    PairTable, Recipe, for_each_kappa_table, kappa_tables, prints_interval,
};
use overread_stats::{Interval, Level};

use super::intervals::Tried;
use super::kappa_sums::{Part, sums};
use super::shares::impossible_interval;
use super::table::{Cell, Kind, Role, Table};
use super::{Audit, Finding, Inferred, NotChecked, Verdict, limits};

/// Studies up to which an n that is not printed is searched for, where no total bounds it.
const MOST_STUDIES: u64 = 400;

/// Two-by-two tables of one printed n that are tried at most, and tables kept of one way of making the interval.
const MOST_TABLES: f64 = 2e7;
const MOST_KEPT: usize = 300_000;

/// What the tables of one cell allow.
struct Searched<'a> {
    cell: &'a Cell,
    /// n at which some table prints the estimate.
    possible: BTreeSet<u64>,
    /// Tables that print estimate and limits, by recipe and n.
    by_recipe: BTreeMap<Recipe, BTreeMap<u64, Vec<PairTable>>>,
}

impl Searched<'_> {
    fn sizes(&self, recipe: Recipe) -> BTreeSet<u64> {
        self.by_recipe.get(&recipe).into_iter().flat_map(|m| m.keys().copied()).collect()
    }

    fn right(&self) -> Option<Recipe> {
        Recipe::KAPPA.into_iter().find(|recipe| self.by_recipe.contains_key(recipe))
    }
}

pub(super) fn check(table: &Table, same_reference: bool, out: &mut Audit) {
    let (kappas, large): (Vec<&Cell>, Vec<&Cell>) = table
        .cells
        .iter()
        .filter(|c| c.kind == Kind::Kappa)
        .partition(|cell| cell.n.is_none_or(|n| tables_at(cell, n) <= MOST_TABLES));
    for cell in large {
        out.not_checked.push(NotChecked {
            row: cell.row.clone(),
            metric: cell.metric.clone(),
            reason: "too many two-by-two tables of that n print it to try them all".to_owned(),
        });
    }
    if kappas.is_empty() {
        return;
    }
    let total = kappas.iter().filter(|c| c.role == Role::Total).find_map(|c| c.n);
    // A larger total bounds n, but not by as many as can be tried.
    let total = total.filter(|n| *n <= MOST_STUDIES);
    let limit = total.unwrap_or(MOST_STUDIES);
    let mut rows = Vec::new();
    for row in table.rows() {
        let cells: Vec<Searched<'_>> =
            kappas.iter().filter(|c| c.row == row).map(|cell| search(cell, limit)).collect();
        if !cells.is_empty() {
            rows.push((row, cells));
        }
    }
    let inferred = infer(&rows, total);
    let totals = recombined(table, &rows, &inferred, same_reference, out);
    for (row, cells) in &rows {
        let found = inferred.iter().find(|i| i.row == *row);
        for searched in cells {
            let sums = totals.iter().find(|(cell, _)| std::ptr::eq(*cell, searched.cell));
            let sums = sums.map(|(_, tables)| tables.as_slice());
            judge(searched, found, sums, (limit, total.is_some()), out);
        }
    }
    out.inferred.extend(inferred);
}

/// About how many tables of n studies print a cell: the margins, times the numbers that both call positive.
fn tables_at(cell: &Cell, n: u64) -> f64 {
    let n = n as f64;
    let scale = 10_f64.powi(cell.estimate.decimals().cast_signed());
    n * n / 4.0 * (n / (4.0 * scale)).max(1.0)
}

/// Every n and every table that prints a cell.
fn search(cell: &Cell, limit: u64) -> Searched<'_> {
    let mut out = Searched { cell, possible: BTreeSet::new(), by_recipe: BTreeMap::new() };
    let sizes = cell.n.map_or(2..=limit, |n| n..=n);
    for n in sizes {
        for_each_kappa_table(n, cell.estimate, &mut |table| {
            out.possible.insert(n);
            let Some((low, high)) = cell.interval else { return };
            for recipe in Recipe::KAPPA.into_iter().chain(Recipe::KAPPA_SLIPS) {
                let prints = table
                    .interval(recipe, Level::P95)
                    .is_some_and(|ci| prints_interval(ci, low, high, -1.0));
                if prints {
                    let kept = out.by_recipe.entry(recipe).or_default().entry(n).or_default();
                    if kept.len() < MOST_KEPT {
                        kept.push(table);
                    }
                }
            }
        });
    }
    out
}

type Rows<'a> = [(&'a str, Vec<Searched<'a>>)];

/// Numbers of studies at which all cells of a row come out under one recipe, the right ones first.
fn infer(rows: &Rows<'_>, total: Option<u64>) -> Vec<Inferred> {
    let mut best: Vec<Inferred> = Vec::new();
    for recipe in Recipe::KAPPA.into_iter().chain(Recipe::KAPPA_SLIPS) {
        let mut found = Vec::new();
        for (row, cells) in rows {
            if cells.iter().any(|s| s.cell.n.is_some() || s.cell.interval.is_none()) {
                continue;
            }
            let mut sizes = cells.iter().map(|s| s.sizes(recipe));
            let first = sizes.next().unwrap_or_default();
            let common = sizes.fold(first, |a, b| a.intersection(&b).copied().collect());
            if !common.is_empty() {
                found.push(Inferred {
                    row: (*row).to_owned(),
                    n: common.into_iter().collect(),
                    fitting: None,
                    recipe: recipe.words().to_owned(),
                });
            }
        }
        if best.len() < found.len() {
            best = found;
        }
    }
    if let Some(total) = total {
        fit(&mut best, rows, total);
    }
    best
}

/// Where exactly one choice of n over the rows adds up to the total, names it.
fn fit(found: &mut [Inferred], rows: &Rows<'_>, total: u64) {
    let strata = rows.iter().filter(|(_, cells)| cells.iter().all(|s| s.cell.role != Role::Total));
    let printed: Vec<Option<u64>> =
        strata.map(|(_, cells)| cells.iter().find_map(|s| s.cell.n)).collect();
    let known: u64 = printed.iter().flatten().sum();
    if printed.len() != printed.iter().flatten().count() + found.len() {
        return;
    }
    let Some(rest) = total.checked_sub(known) else { return };
    let mut ways: Vec<Vec<u64>> = vec![Vec::new()];
    for row in found.iter() {
        let mut next = Vec::new();
        for way in &ways {
            let used: u64 = way.iter().sum();
            for &n in row.n.iter().filter(|n| used + **n <= rest) {
                let mut longer = way.clone();
                longer.push(n);
                next.push(longer);
            }
        }
        // Too many to mean anything.
        if next.len() > 1_000_000 {
            return;
        }
        ways = next;
    }
    ways.retain(|way| way.iter().sum::<u64>() == rest);
    if let [only] = ways.as_slice() {
        for (row, n) in found.iter_mut().zip(only) {
            row.fitting = Some(*n);
        }
    }
}

fn judge(
    searched: &Searched<'_>,
    inferred: Option<&Inferred>,
    sums: Option<&[PairTable]>,
    (limit, bounded): (u64, bool),
    out: &mut Audit,
) {
    let cell = searched.cell;
    // Without a total a larger n than those tried may exist.
    let proved = cell.n.is_some() || bounded;
    let verdict = if proved { Verdict::CannotBe } else { Verdict::LooksLike };
    let sizes = match cell.n {
        Some(n) => format!("of {n} studies"),
        None => format!("of any n from 2 to {limit}"),
    };
    if !(-1.0..=1.0).contains(&cell.estimate.value()) || searched.possible.is_empty() {
        let text = format!("No two-by-two table {sizes} has a kappa that rounds to it.");
        let finding = Finding::new(cell, "impossible_at_n", verdict, text);
        out.findings.push(finding);
        return;
    }
    if cell.interval.is_none() {
        out.not_checked.push(NotChecked {
            row: cell.row.clone(),
            metric: cell.metric.clone(),
            reason: "no interval is printed; the estimate itself is possible".to_owned(),
        });
        return;
    }
    if let Some(right) = searched.right() {
        let text = format!("Some table {sizes} prints it with {}.", right.words());
        out.findings.push(Finding::new(cell, "interval", Verdict::Holds, text));
        return;
    }
    let n = cell.n.or_else(|| inferred.and_then(|i| i.fitting));
    let slip = Recipe::KAPPA_SLIPS.into_iter().find(|recipe| {
        searched.by_recipe.get(recipe).is_some_and(|m| n.is_none_or(|n| m.contains_key(&n)))
    });
    let mut tried = Tried::default();
    let mut text = format!(
        "No two-by-two table {sizes} whose kappa rounds to the estimate has these limits, with McHugh's standard error or that of Fleiss, Cohen and Everitt."
    );
    if let Some(slip) = slip {
        tried.slips.push(match n {
            Some(n) => format!("{} at n = {n}", slip.words()),
            None => slip.words().to_owned(),
        });
        let tables = searched.by_recipe.get(&slip).into_iter().flat_map(|by_n| {
            by_n.iter().filter(|(size, _)| n.is_none_or(|n| n == **size)).flat_map(|(_, t)| t)
        });
        tried.usual = span(tables.copied());
    } else if let Some(n) = n {
        tried.usual = span(kappa_tables(n, cell.estimate).into_iter());
    }
    if let Some(sums) = sums.filter(|sums| !sums.is_empty()) {
        tried.usual = span(sums.iter().copied());
    }
    if let (Some(usual), Some(n)) = (tried.usual, n) {
        let decimals = cell.estimate.decimals() as usize;
        let shown = limits(usual.low, usual.high, decimals);
        write!(text, " McHugh's interval at n = {n} is {shown}.").ok();
    }
    let mut finding = impossible_interval(cell, &tried, &text);
    finding.verdict = verdict;
    out.findings.push(finding);
}

/// The tables of each total that its strata can add up to; a finding where there is none.
fn recombined<'a>(
    table: &'a Table,
    rows: &[(&str, Vec<Searched<'a>>)],
    inferred: &[Inferred],
    same_reference: bool,
    out: &mut Audit,
) -> Vec<(&'a Cell, Vec<PairTable>)> {
    let all = || rows.iter().flat_map(|(_, cells)| cells);
    let part = |cell: &Cell| -> Option<Part> {
        let searched = all().find(|s| std::ptr::eq(s.cell, cell))?;
        let fitting = inferred.iter().find(|i| i.row == cell.row).and_then(|i| i.fitting);
        let n = cell.n.or(fitting)?;
        let tables = Recipe::KAPPA
            .into_iter()
            .chain(Recipe::KAPPA_SLIPS)
            .find_map(|recipe| searched.by_recipe.get(&recipe)?.get(&n))
            // Of more tables than were kept nothing can be said.
            .filter(|tables| tables.len() < MOST_KEPT)?;
        Some(Part { row: cell.row.clone(), n, tables: tables.clone() })
    };
    let mut groups = Vec::new();
    for metric in table.metrics() {
        for (total, strata) in table.totals(metric) {
            if total.kind != Kind::Kappa || strata.is_empty() {
                continue;
            }
            let parts: Option<Vec<Part>> = strata.iter().map(|cell| part(cell)).collect();
            if let (Some(whole), Some(parts)) = (part(total), parts)
                && parts.iter().map(|p| p.n).sum::<u64>() == whole.n
            {
                groups.push((total, whole, parts));
            }
        }
    }
    let mut found = Vec::new();
    let cells: Vec<&Cell> = groups.iter().map(|(cell, ..)| *cell).collect();
    let parts: Vec<(Part, Vec<Part>)> = groups.into_iter().map(|(_, w, p)| (w, p)).collect();
    for (cell, tables) in cells.into_iter().zip(sums(&parts, same_reference)) {
        let Some(tables) = tables else { continue };
        let (verdict, text) = if tables.is_empty() {
            let text =
                "No choice of tables that print its strata adds up to a table that prints it.";
            (Verdict::CannotBe, text.to_owned())
        } else {
            let text =
                format!("Tables that print its strata add up to {} that print it.", tables.len());
            (Verdict::Holds, text)
        };
        out.findings.push(Finding::new(cell, "recombination", verdict, text));
        found.push((cell, tables));
    }
    found
}

/// The span of `McHugh`'s interval over tables.
fn span(tables: impl Iterator<Item = PairTable>) -> Option<Interval> {
    let mut out: Option<Interval> = None;
    for table in tables {
        let Some(ci) = table.interval(Recipe::McHugh, Level::P95) else { continue };
        let ci = ci.clipped(-1.0, 1.0);
        out = Some(out.map_or(ci, |o| Interval::new(o.low.min(ci.low), o.high.max(ci.high))));
    }
    out
}
