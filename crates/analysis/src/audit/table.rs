//! A published table as it is printed: one row of the file is one number of the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use csv::StringRecord;
use overread_stats::printed::Printed;

/// What a number of the table measures, by the first word of its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Kappa,
    Sensitivity,
    Specificity,
    /// Share that the label under test calls positive.
    LabelPositive,
    /// Share that the reference calls positive.
    ReferencePositive,
    /// Share called positive by the label or by the reference: the table does not say by which.
    SharePositive,
    /// Any other share of n.
    Proportion,
    Count,
    Other,
}

impl Kind {
    fn of(metric: &str) -> Self {
        let word = metric.split([' ', ':', '(', '%']).next().unwrap_or("").to_lowercase();
        match word.as_str() {
            "kappa" => Self::Kappa,
            "sensitivity" | "recall" => Self::Sensitivity,
            "specificity" => Self::Specificity,
            "label_positive" => Self::LabelPositive,
            "reference_positive" | "prevalence" => Self::ReferencePositive,
            "share_positive" => Self::SharePositive,
            "ppv" | "npv" | "precision" | "accuracy" | "agreement" | "share" | "proportion"
            | "percent" | "percentage" | "rate" => Self::Proportion,
            "count" | "studies" | "patients" | "images" | "number" => Self::Count,
            _ => Self::Other,
        }
    }

    pub(super) fn is_share(self) -> bool {
        !matches!(self, Self::Kappa | Self::Count | Self::Other)
    }
}

/// How a row takes part in totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A stratum; of the named total, or of the only one.
    Stratum(Option<String>),
    Total,
}

/// One printed number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) row: String,
    pub(super) metric: String,
    pub(super) kind: Kind,
    pub(super) n: Option<u64>,
    /// Count printed beside it.
    pub(super) x: Option<u64>,
    /// Shares as proportions.
    pub(super) estimate: Printed,
    /// Printed as `< estimate`.
    pub(super) below: bool,
    pub(super) interval: Option<(Printed, Printed)>,
    /// Whether it is printed as a percentage.
    pub(super) percent: bool,
    pub(super) role: Role,
    /// As it stands in the table.
    pub(super) text: String,
}

impl Cell {
    /// The metric without its kind: whose it is.
    pub(super) fn series(&self) -> &str {
        self.metric.split_once([' ', ':', '(']).map_or("", |(_, rest)| rest.trim())
    }

    /// As printed, with its interval.
    pub(super) fn shown(&self) -> String {
        let unit = if self.percent { "%" } else { "" };
        let sign = if self.below { "<" } else { "" };
        let mut out = format!("{sign}{}{unit}", self.number(self.estimate));
        if let Some((low, high)) = self.interval {
            write!(out, " ({}–{})", self.number(low), self.number(high)).ok();
        }
        out
    }

    fn number(&self, printed: Printed) -> String {
        let decimals = printed.decimals() as usize;
        if self.percent {
            format!("{:.*}", decimals.saturating_sub(2), printed.value() * 100.0)
        } else {
            format!("{:.*}", decimals, printed.value())
        }
    }
}

/// Why a table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct TableError {
    /// Line in the file, the header being 1.
    pub line: u64,
    /// Column name.
    pub column: String,
    /// What is wrong and what to write.
    pub reason: String,
}

/// A whole table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) cells: Vec<Cell>,
    pub(super) ignored: Vec<String>,
}

impl Table {
    /// Rows in their order.
    pub(super) fn rows(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.cells.iter().map(|c| c.row.as_str()).filter(|row| seen.insert(*row)).collect()
    }

    /// Metrics in their order.
    pub(super) fn metrics(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.cells.iter().map(|c| c.metric.as_str()).filter(|m| seen.insert(*m)).collect()
    }

    pub(super) fn cell(&self, row: &str, metric: &str) -> Option<&Cell> {
        self.cells.iter().find(|c| c.row == row && c.metric == metric)
    }

    /// Each total of a metric with its strata.
    pub(super) fn totals(&self, metric: &str) -> Vec<(&Cell, Vec<&Cell>)> {
        let of = || self.cells.iter().filter(move |c| c.metric == metric);
        of().filter(|total| total.role == Role::Total)
            .map(|total| {
                let strata = of()
                    .filter(|c| match &c.role {
                        Role::Total => false,
                        Role::Stratum(None) => true,
                        Role::Stratum(Some(name)) => *name == total.row,
                    })
                    .collect();
                (total, strata)
            })
            .collect()
    }

    pub(super) fn parse(text: &str) -> Result<Self, TableError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| broken(&e))?.clone();
        let columns = Columns::new(&header)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| broken(&e))?;
            let line = record.position().map_or(0, |at| {
                overread_core::lines::line_of_row(text.as_bytes(), at.byte(), at.line())
            });
            rows.push(Row { columns: &columns, record, line }.read()?);
        }
        if rows.is_empty() {
            return Err(wrong(2, "row", "the table has no rows"));
        }
        let ignored = columns.ignored.clone();
        Ok(Self { cells: finish(rows)?, ignored })
    }
}

fn wrong(line: u64, column: &str, reason: impl Into<String>) -> TableError {
    TableError { line, column: column.to_owned(), reason: reason.into() }
}

fn broken(error: &csv::Error) -> TableError {
    let line = error.position().map_or(1, csv::Position::line);
    wrong(line, "all", format!("this is no CSV: {error}"))
}

const KNOWN: [&str; 9] =
    ["row", "n", "metric", "estimate", "low", "high", "decimals", "total", "x"];

struct Columns {
    at: BTreeMap<String, usize>,
    width: usize,
    ignored: Vec<String>,
}

impl Columns {
    fn new(header: &StringRecord) -> Result<Self, TableError> {
        let mut out = Self { at: BTreeMap::new(), width: header.len(), ignored: Vec::new() };
        for (i, name) in header.iter().enumerate() {
            let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
            if !KNOWN.contains(&name.as_str()) {
                out.ignored.push(name);
            } else if out.at.insert(name.clone(), i).is_some() {
                return Err(wrong(1, &name, "this column occurs twice"));
            }
        }
        for name in ["row", "metric", "estimate"] {
            if !out.at.contains_key(name) {
                let all = KNOWN.join(", ");
                return Err(wrong(1, name, format!("this column is missing; columns are {all}")));
            }
        }
        Ok(out)
    }
}

/// A line of the file before it is known whether its metric is in percent.
struct Raw {
    cell: Cell,
    line: u64,
    low: Option<Number>,
    high: Option<Number>,
    estimate: Number,
    decimals: Option<u32>,
}

#[derive(Clone, Copy)]
struct Number {
    printed: Printed,
    percent: bool,
    below: bool,
}

struct Row<'a> {
    columns: &'a Columns,
    record: StringRecord,
    line: u64,
}

impl Row<'_> {
    fn wrong(&self, column: &str, reason: impl Into<String>) -> TableError {
        wrong(self.line, column, reason)
    }

    /// The trimmed cell, `None` where it is blank.
    fn text(&self, column: &str) -> Option<&str> {
        let at = *self.columns.at.get(column)?;
        self.record.get(at).map(str::trim).filter(|text| !text.is_empty())
    }

    fn needed(&self, column: &str) -> Result<&str, TableError> {
        self.text(column).ok_or_else(|| self.wrong(column, "must not be blank"))
    }

    fn count(&self, column: &str) -> Result<Option<u64>, TableError> {
        self.text(column)
            .map(|text| {
                text.replace(',', "").parse().map_err(|error: std::num::ParseIntError| {
                    self.wrong(column, format!("`{text}` is no whole number: {error}"))
                })
            })
            .transpose()
    }

    fn number(&self, column: &str) -> Result<Option<Number>, TableError> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let (bare, percent) = text.strip_suffix('%').map_or((text, false), |t| (t.trim(), true));
        let (bare, below) = bare.strip_prefix('<').map_or((bare, false), |t| (t.trim(), true));
        match Printed::parse(bare) {
            Some(printed) => Ok(Some(Number { printed, percent, below })),
            None => Err(self.wrong(column, format!("`{text}` is no number"))),
        }
    }

    fn read(&self) -> Result<Raw, TableError> {
        if self.record.len() != self.columns.width {
            let (have, want) = (self.record.len(), self.columns.width);
            return Err(self.wrong("all", format!("{have} cells where the header has {want}")));
        }
        let row = self.needed("row")?.to_owned();
        let metric = self.needed("metric")?.to_owned();
        let n = self.count("n")?;
        if n == Some(0) {
            return Err(self.wrong("n", "must be at least 1, or blank where it is not known"));
        }
        let x = self.count("x")?;
        if x.zip(n).is_some_and(|(x, n)| n < x) {
            return Err(self.wrong("x", "is larger than n"));
        }
        self.needed("estimate")?;
        let Some(estimate) = self.number("estimate")? else {
            return Err(self.wrong("estimate", "must not be blank"));
        };
        let (low, high) = (self.number("low")?, self.number("high")?);
        match (low, high) {
            (Some(_), None) => return Err(self.wrong("high", "is blank although low is not")),
            (None, Some(_)) => return Err(self.wrong("low", "is blank although high is not")),
            (Some(low), Some(high)) if high.printed.value() < low.printed.value() => {
                return Err(self.wrong("low", "is larger than high"));
            }
            _ => {}
        }
        let decimals = self
            .text("decimals")
            .map(|text| {
                text.parse::<u32>().ok().filter(|d| *d <= 8).ok_or_else(|| {
                    self.wrong("decimals", format!("`{text}` is no number from 0 to 8"))
                })
            })
            .transpose()?;
        let role = match self.text("total") {
            None => Role::Stratum(None),
            Some(text) => match text.to_lowercase().as_str() {
                "0" | "no" | "false" => Role::Stratum(None),
                "1" | "yes" | "true" | "x" | "total" => Role::Total,
                _ => Role::Stratum(Some(text.to_owned())),
            },
        };
        let kind = Kind::of(&metric);
        let text = self.text("estimate").unwrap_or_default().to_owned();
        let cell = Cell {
            row,
            metric,
            kind,
            n,
            x,
            estimate: estimate.printed,
            below: estimate.below,
            interval: None,
            percent: false,
            role,
            text,
        };
        Ok(Raw { cell, line: self.line, low, high, estimate, decimals })
    }
}

/// Decides which metrics are in percent, brings every number to its decimals, and checks what only the whole table shows.
fn finish(rows: Vec<Raw>) -> Result<Vec<Cell>, TableError> {
    let mut percent: BTreeMap<String, bool> = BTreeMap::new();
    for raw in &rows {
        let numbers = [Some(raw.estimate), raw.low, raw.high];
        let any =
            numbers.iter().flatten().any(|number| number.percent || number.printed.value() > 1.0);
        *percent.entry(raw.cell.metric.clone()).or_default() |= any && raw.cell.kind.is_share();
    }
    let mut seen = BTreeSet::new();
    let totals: BTreeSet<(String, String)> = rows
        .iter()
        .filter(|raw| raw.cell.role == Role::Total)
        .map(|raw| (raw.cell.row.clone(), raw.cell.metric.clone()))
        .collect();
    let mut cells = Vec::with_capacity(rows.len());
    for raw in rows {
        let (line, in_percent) = (raw.line, percent.get(&raw.cell.metric) == Some(&true));
        let mut cell = raw.cell;
        if !seen.insert((cell.row.clone(), cell.metric.clone())) {
            let reason = format!("`{}` has `{}` twice", cell.row, cell.metric);
            return Err(wrong(line, "metric", reason));
        }
        if let Role::Stratum(Some(total)) = &cell.role
            && !totals.contains(&(total.clone(), cell.metric.clone()))
        {
            let reason = format!("there is no row `{total}` that is marked as a total");
            return Err(wrong(line, "total", reason));
        }
        let settle = |number: Number, column: &str| {
            let printed = match raw.decimals {
                None => Some(number.printed),
                Some(decimals) => number.printed.with_decimals(decimals),
            };
            let Some(printed) = printed else {
                return Err(wrong(line, column, "has more digits than column decimals says"));
            };
            let whole = if in_percent { printed.of_percent() } else { Some(printed) };
            whole.ok_or_else(|| wrong(line, column, "has too many digits"))
        };
        cell.estimate = settle(raw.estimate, "estimate")?;
        if let (Some(low), Some(high)) = (raw.low, raw.high) {
            cell.interval = Some((settle(low, "low")?, settle(high, "high")?));
        }
        cell.percent = in_percent;
        cells.push(cell);
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "row,n,metric,estimate,low,high,decimals,total\n";

    fn error(rows: &str) -> (u64, String) {
        let error = Table::parse(&format!("{HEADER}{rows}")).unwrap_err();
        (error.line, error.column)
    }

    #[test]
    fn every_bad_cell_is_named_by_line_and_column() {
        assert_eq!(error("A,ten,ppv,0.5,,,1,\n"), (2, "n".to_owned()));
        assert_eq!(error("A,10,ppv,0.5,,,1,\nA,10,ppv,0.6,,,1,\n"), (3, "metric".to_owned()));
        assert_eq!(error("A,10,ppv,,,,1,\n"), (2, "estimate".to_owned()));
        assert_eq!(error("A,10,ppv,0.5,0.4,,1,\n"), (2, "high".to_owned()));
        assert_eq!(error("A,10,ppv,0.5,0.7,0.6,1,\n"), (2, "low".to_owned()));
        assert_eq!(error("A,10,ppv,0.55,,,1,\n"), (2, "estimate".to_owned()));
        assert_eq!(error("A,10,ppv,0.5,,,many,\n"), (2, "decimals".to_owned()));
        assert_eq!(error("A,10,ppv,0.5,,,1,All\n"), (2, "total".to_owned()));
        assert_eq!(error("A,0,ppv,0.5,,,1,\n"), (2, "n".to_owned()));
        assert_eq!(error("A,10,ppv,0.5\n"), (2, "all".to_owned()));
        assert_eq!(error(""), (2, "row".to_owned()));
        let missing = Table::parse("row,metric\nA,ppv\n").unwrap_err();
        assert_eq!((missing.line, missing.column.as_str()), (1, "estimate"));
    }

    #[test]
    fn a_metric_is_in_percent_when_any_of_its_numbers_is() {
        let text = format!("{HEADER}A,50,ppv,90,78,97,0,\nB,50,ppv,1,0,9,0,\nA,50,npv,0.9,,,,\n");
        let table = Table::parse(&text).unwrap();
        let shown: Vec<String> = table.cells.iter().map(Cell::shown).collect();
        assert_eq!(shown, ["90% (78–97)", "1% (0–9)", "0.9"]);
        assert_eq!(table.cells[1].estimate.value(), 0.01);
    }
}
