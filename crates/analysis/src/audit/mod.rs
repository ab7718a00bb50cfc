//! Audits a published table: could these numbers come from whole studies, and do they fit each other?
//!
//! A finding is *cannot be* only where every whole-number table was tried and none prints what is printed (or where a
//! count contradicts it); anything else is *looks like*.

mod builtin;
mod intervals;
mod kappa_sums;
mod kappas;
mod shares;
mod similar;
mod statements;
mod table;
mod two_by_two;

use std::collections::BTreeMap;

use serde::Serialize;

pub use builtin::{BUILTIN, builtin};
pub use table::TableError;

use statements::Notes;
use table::{Cell, Table};

/// Name and version of the serialised form.
pub const AUDIT_SCHEMA: &str = "overread.audit/1";

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Verdict {
    /// Proved: no table of whole studies prints this, or a count contradicts it.
    #[serde(rename = "cannot be")]
    CannotBe,
    /// A cause or a reading that fits, or a claim that the numbers do not bear.
    #[serde(rename = "looks like")]
    LooksLike,
    /// The check was passed.
    #[serde(rename = "holds")]
    Holds,
}

impl Verdict {
    /// As reports print it.
    pub fn words(self) -> &'static str {
        match self {
            Self::CannotBe => "cannot be",
            Self::LooksLike => "looks like",
            Self::Holds => "holds",
        }
    }
}

/// From where to where a value can lie; shares as proportions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// Least possible value.
    pub low: f64,
    /// Greatest possible value.
    pub high: f64,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Row of the table.
    pub row: String,
    /// Metric of the cell.
    pub metric: String,
    /// Which check: `impossible_at_n`, `impossible_interval`, `recombination`, …
    pub kind: &'static str,
    /// How sure it is.
    pub verdict: Verdict,
    /// The cell as printed.
    pub printed: String,
    /// What is possible instead: of the estimate, or for intervals the right one.
    pub possible: Option<Range>,
    /// The same in words.
    pub possible_text: Option<String>,
    /// A cause that reproduces the print.
    pub looks_like: Option<String>,
    /// What was tried and what came out.
    pub explanation: String,
}

impl Finding {
    fn new(cell: &Cell, kind: &'static str, verdict: Verdict, explanation: String) -> Self {
        Self {
            row: cell.row.clone(),
            metric: cell.metric.clone(),
            kind,
            verdict,
            printed: cell.shown(),
            possible: None,
            possible_text: None,
            looks_like: None,
            explanation,
        }
    }

    fn possible(mut self, low: f64, high: f64, text: String) -> Self {
        self.possible = Some(Range { low, high });
        self.possible_text = Some(text);
        self
    }
}

/// A cell, or a check of it, for which the table says too little.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// Row of the table.
    pub row: String,
    /// Metric of the cell.
    pub metric: String,
    /// What is missing.
    pub reason: String,
}

/// Numbers of studies that a table does not print but betrays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inferred {
    /// Row of the table.
    pub row: String,
    /// Every n at which all cells of the row come out.
    pub n: Vec<u64>,
    /// The one that makes the rows add up to the printed total, where one does.
    pub fitting: Option<u64>,
    /// Under which way of making the intervals.
    pub recipe: String,
}

/// Everything an audit of one table found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// Name and version of the serialised form.
    pub schema: &'static str,
    /// Name of the table.
    pub table: String,
    /// What it is.
    pub title: Option<String>,
    /// Where it was published.
    pub citation: Option<String>,
    /// Where its figures were taken from.
    pub source: Option<String>,
    /// Numbers in the table.
    pub cells: u64,
    /// What does not hold.
    pub findings: Vec<Finding>,
    /// What was checked and holds.
    pub holds: Vec<Finding>,
    /// Numbers of studies found out.
    pub inferred: Vec<Inferred>,
    /// What could not be checked.
    pub not_checked: Vec<NotChecked>,
    /// Columns of the file that mean nothing here.
    pub ignored_columns: Vec<String>,
}

/// Audits a table given as CSV with the columns `row, n, metric, estimate, low, high, decimals, total` and optionally `x`.
pub fn audit_table(name: &str, text: &str) -> Result<Audit, TableError> {
    Ok(audit(name, &Table::parse(text)?, &Notes::default()))
}

fn audit(name: &str, table: &Table, notes: &Notes) -> Audit {
    let mut out = Audit {
        schema: AUDIT_SCHEMA,
        table: name.to_owned(),
        title: notes.title.clone(),
        citation: notes.citation.clone(),
        source: notes.source.clone(),
        cells: table.cells.len() as u64,
        findings: Vec::new(),
        holds: Vec::new(),
        inferred: Vec::new(),
        not_checked: Vec::new(),
        ignored_columns: table.ignored.clone(),
    };
    let given = |metric: &str| notes.given.iter().any(|g| g == metric);
    two_by_two::check(table, &mut out);
    kappas::check(table, notes.same_reference, &mut out);
    shares::check(table, &given, &mut out);
    statements::check(table, notes, &mut out);
    let (holds, mut findings): (Vec<Finding>, Vec<Finding>) =
        std::mem::take(&mut out.findings).into_iter().partition(|f| f.verdict == Verdict::Holds);
    let rows: BTreeMap<&str, usize> =
        table.rows().into_iter().enumerate().map(|(i, row)| (row, i)).collect();
    findings.sort_by_key(|f| (f.verdict, rows.get(f.row.as_str()).copied().unwrap_or(usize::MAX)));
    out.findings = findings;
    out.holds = holds;
    out
}

/// A share as it is printed here: one decimal more than a percentage in whole numbers.
fn percent(value: f64) -> String {
    format!("{:.1}%", value * 100.0)
}

/// A range of shares or of other values, as the cell's metric is printed.
fn range_text(cell: &Cell, low: f64, high: f64) -> String {
    let decimals = cell.estimate.decimals() as usize;
    if cell.percent {
        let decimals = decimals.saturating_sub(2) + 1;
        format!("{:.*}–{:.*}%", decimals, low * 100.0, decimals, high * 100.0)
    } else {
        limits(low, high, decimals)
    }
}

/// `0.638–0.824`, or `−0.024 to 0.631` as soon as a limit is negative.
fn limits(low: f64, high: f64, decimals: usize) -> String {
    let text = |x: f64| format!("{x:.decimals$}").replace('-', "−");
    let between = if low < 0.0 { " to " } else { "–" };
    format!("{}{between}{}", text(low), text(high))
}

/// Thousands with commas.
fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
