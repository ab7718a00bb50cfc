//! From CSV text to rows, with line and column of whatever is wrong.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use csv::StringRecord;

use super::{ReadsOptions, ReadsTableError};

/// One read as the table has it; a row with a level becomes one read per rule.
///
/// Names are places in the table's sorted lists, so that comparing places compares names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) study: usize,
    pub(super) reader: usize,
    pub(super) rule: usize,
    pub(super) finding: usize,
    /// Category index; `None` when missing.
    pub(super) value: Option<usize>,
    /// Which read of the same study, reader, rule and finding.
    pub(super) number: u64,
    pub(super) seq: Option<f64>,
    /// Category index of the dataset label.
    pub(super) label: Option<usize>,
    pub(super) patient: Option<Arc<str>>,
    pub(super) stratum: Option<Arc<str>>,
    /// The cell as it stands.
    pub(super) tags: Option<Arc<str>>,
    pub(super) score: Option<f64>,
}

/// A reads table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadsTable {
    /// In file order.
    pub(super) reads: Vec<Read>,
    pub(super) studies: Vec<String>,
    pub(super) readers: Vec<String>,
    pub(super) rules: Vec<String>,
    pub(super) findings: Vec<String>,
    pub(super) rows: u64,
    pub(super) blank_values: u64,
    pub(super) unsure: u64,
    pub(super) inadequate: u64,
    pub(super) has_labels: bool,
    pub(super) has_strata: bool,
    pub(super) has_tags: bool,
    pub(super) ignored: Vec<String>,
}

/// Names by order of appearance.
#[derive(Default)]
struct Names {
    at: HashMap<String, usize>,
}

impl Names {
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.at.get(name) {
            return *place;
        }
        let next = self.at.len();
        self.at.insert(name.to_owned(), next);
        next
    }

    /// The names in order, and the new place of each old one.
    fn sorted(self) -> (Vec<String>, Vec<usize>) {
        let mut names: Vec<(String, usize)> = self.at.into_iter().collect();
        names.sort();
        let mut places = vec![0; names.len()];
        for (place, (_, old)) in names.iter().enumerate() {
            places[*old] = place;
        }
        (names.into_iter().map(|(name, _)| name).collect(), places)
    }
}

/// Equal texts share one allocation.
#[derive(Default)]
struct Texts {
    known: HashSet<Arc<str>>,
}

impl Texts {
    fn shared(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        let text = text?;
        if let Some(known) = self.known.get(text) {
            return Some(Arc::clone(known));
        }
        let new: Arc<str> = text.into();
        self.known.insert(Arc::clone(&new));
        Some(new)
    }
}

const REQUIRED: [&str; 3] = ["study_id", "reader_id", "finding"];
const OPTIONAL: [&str; 11] = [
    "rule",
    "value",
    "level",
    "patient_id",
    "dataset_label",
    "stratum",
    "tag",
    "score",
    "read_no",
    "seq",
    "no_answer",
];

/// The columns of a table by name, and how to complain about one.
pub(super) struct Columns {
    table: &'static str,
    at: HashMap<String, usize>,
    width: usize,
    pub(super) ignored: Vec<String>,
}

impl Columns {
    pub(super) fn new(
        table: &'static str,
        header: &StringRecord,
        known: &[&str],
    ) -> Result<Self, ReadsTableError> {
        let mut out = Self { table, at: HashMap::new(), width: header.len(), ignored: Vec::new() };
        for (i, name) in header.iter().enumerate() {
            let name = name.trim_start_matches('\u{feff}').trim();
            if !known.contains(&name) {
                out.ignored.push(name.to_owned());
            } else if out.at.insert(name.to_owned(), i).is_some() {
                return Err(out.wrong(1, name, "this column occurs twice"));
            }
        }
        Ok(out)
    }

    pub(super) fn wrong(
        &self,
        line: u64,
        column: &str,
        reason: impl Into<String>,
    ) -> ReadsTableError {
        let reason = reason.into();
        ReadsTableError::Table { table: self.table, line, column: column.to_owned(), reason }
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.at.contains_key(column)
    }

    pub(super) fn require(&self, column: &str) -> Result<(), ReadsTableError> {
        if self.has(column) { Ok(()) } else { Err(self.wrong(1, column, "this column is missing")) }
    }

    /// The trimmed cell; `None` when blank or without such a column.
    pub(super) fn cell<'r>(&self, record: &'r StringRecord, column: &str) -> Option<&'r str> {
        let at = *self.at.get(column)?;
        record.get(at).map(str::trim).filter(|cell| !cell.is_empty())
    }

    pub(super) fn needed<'r>(
        &self,
        record: &'r StringRecord,
        line: u64,
        column: &str,
    ) -> Result<&'r str, ReadsTableError> {
        self.cell(record, column).ok_or_else(|| self.wrong(line, column, "must not be blank"))
    }

    pub(super) fn number(
        &self,
        record: &StringRecord,
        line: u64,
        column: &str,
    ) -> Result<Option<f64>, ReadsTableError> {
        let Some(cell) = self.cell(record, column) else { return Ok(None) };
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.wrong(line, column, format!("`{cell}` is not a number"))),
        }
    }

    pub(super) fn check_width(
        &self,
        record: &StringRecord,
        line: u64,
    ) -> Result<(), ReadsTableError> {
        if record.len() == self.width {
            return Ok(());
        }
        let reason = format!("{} cells where the header has {}", record.len(), self.width);
        Err(self.wrong(line, &format!("{}", record.len().min(self.width) + 1), reason))
    }

    pub(super) fn broken(&self, error: &csv::Error) -> ReadsTableError {
        self.wrong(error.position().map_or(1, csv::Position::line), "1", error.to_string())
    }
}

impl ReadsTable {
    /// Reads a table; blank values are missing reads, unknown columns are listed as ignored.
    pub fn parse(text: &str, options: &ReadsOptions) -> Result<Self, ReadsTableError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let known: Vec<&str> = REQUIRED.iter().chain(&OPTIONAL).copied().collect();
        let blank = StringRecord::new();
        let header = reader.headers().unwrap_or(&blank).clone();
        let mut columns = Columns::new("reads", &header, &known)?;
        for column in REQUIRED {
            columns.require(column)?;
        }
        let by_level = columns.has("level") && !(columns.has("rule") && columns.has("value"));
        if by_level {
            for column in ["rule", "value"].into_iter().filter(|c| columns.at.contains_key(*c)) {
                columns.ignored.push(column.to_owned());
            }
        } else {
            columns.require("rule")?;
            columns.require("value")?;
            if columns.has("level") {
                columns.ignored.push("level".to_owned());
            }
        }
        let mut builder = Builder {
            options,
            by_level,
            seen: HashSet::new(),
            numbered: HashMap::new(),
            names: Default::default(),
            texts: Texts::default(),
            table: Self {
                has_labels: columns.has("dataset_label"),
                has_strata: columns.has("stratum"),
                has_tags: columns.has("tag"),
                ignored: columns.ignored.clone(),
                ..Self::default()
            },
            columns,
        };
        for record in reader.records() {
            let record = record.map_err(|e| builder.columns.broken(&e))?;
            builder.row(&record)?;
        }
        Ok(builder.finished())
    }
}

/// Study, reader, rule and finding.
type Key = [usize; 4];

struct Builder<'o> {
    options: &'o ReadsOptions,
    columns: Columns,
    by_level: bool,
    seen: HashSet<(Key, u64)>,
    numbered: HashMap<Key, u64>,
    /// Of studies, readers, rules and findings.
    names: [Names; 4],
    texts: Texts,
    table: ReadsTable,
}

impl Builder<'_> {
    fn row(&mut self, record: &StringRecord) -> Result<(), ReadsTableError> {
        let line = record.position().map_or(0, csv::Position::line);
        self.columns.check_width(record, line)?;
        let values = self.values(record, line)?;
        self.table.rows += 1;
        let blank = values.iter().all(|(_, value)| value.is_none());
        self.table.blank_values += u64::from(blank);
        self.no_answer(record, line, blank)?;
        let given = self.read_no(record, line)?;
        let label = self.label(record, line)?;
        let columns = &self.columns;
        let mut text = |column: &str| self.texts.shared(columns.cell(record, column));
        let [studies, readers, rules, findings] = &mut self.names;
        let first = Read {
            study: studies.place(columns.needed(record, line, "study_id")?),
            reader: readers.place(columns.needed(record, line, "reader_id")?),
            rule: 0,
            finding: findings.place(columns.needed(record, line, "finding")?),
            value: None,
            number: 0,
            seq: columns.number(record, line, "seq")?,
            label,
            patient: text("patient_id"),
            stratum: text("stratum"),
            tags: text("tag"),
            score: columns.number(record, line, "score")?,
        };
        let values: Vec<(usize, Option<usize>)> =
            values.into_iter().map(|(rule, value)| (rules.place(&rule), value)).collect();
        for (rule, value) in values {
            let mut read = Read { rule, value, ..first.clone() };
            read.number = self.numbered(&read, given, record, line)?;
            self.table.reads.push(read);
        }
        Ok(())
    }

    /// Puts the names in order and points every read at its new places.
    fn finished(self) -> ReadsTable {
        let mut table = self.table;
        let [studies, readers, rules, findings] = self.names.map(Names::sorted);
        for read in &mut table.reads {
            read.study = studies.1[read.study];
            read.reader = readers.1[read.reader];
            read.rule = rules.1[read.rule];
            read.finding = findings.1[read.finding];
        }
        table.studies = studies.0;
        table.readers = readers.0;
        table.rules = rules.0;
        table.findings = findings.0;
        table
    }

    /// The value under each rule that this row answers.
    fn values(
        &self,
        record: &StringRecord,
        line: u64,
    ) -> Result<Vec<(String, Option<usize>)>, ReadsTableError> {
        let columns = &self.columns;
        if !self.by_level {
            let rule = columns.needed(record, line, "rule")?.to_owned();
            return Ok(vec![(rule, self.category(record, line, "value")?)]);
        }
        let rules = &self.options.rules;
        let level = match columns.cell(record, "level") {
            None => None,
            Some("absent") => Some(0),
            Some("plausible") => Some(1),
            Some("reportable") => Some(2),
            Some(cell) => {
                Some(cell.parse::<usize>().ok().filter(|l| *l <= rules.len()).ok_or_else(|| {
                    let reason = format!("`{cell}` is not a level from 0 to {}", rules.len());
                    columns.wrong(line, "level", reason)
                })?)
            }
        };
        let reached = |i: usize| level.map(|level| usize::from(level > i));
        Ok(rules.iter().enumerate().map(|(i, rule)| (rule.clone(), reached(i))).collect())
    }

    fn category(
        &self,
        record: &StringRecord,
        line: u64,
        column: &str,
    ) -> Result<Option<usize>, ReadsTableError> {
        let Some(cell) = self.columns.cell(record, column) else { return Ok(None) };
        let index = cell.parse::<f64>().ok().and_then(|value| self.options.category(value));
        index.map(Some).ok_or_else(|| {
            let declared: Vec<String> =
                self.options.categories.iter().map(ToString::to_string).collect();
            let reason = format!("`{cell}` is none of the categories {}", declared.join(", "));
            self.columns.wrong(line, column, reason)
        })
    }

    fn label(&self, record: &StringRecord, line: u64) -> Result<Option<usize>, ReadsTableError> {
        match self.columns.cell(record, "dataset_label") {
            Some("positive") => Ok(Some(self.options.categories.len() - 1)),
            Some("negative") => Ok(Some(0)),
            // Neither claim: as if not stated.
            Some("uncertain") => Ok(None),
            _ => self.category(record, line, "dataset_label"),
        }
    }

    fn no_answer(
        &mut self,
        record: &StringRecord,
        line: u64,
        blank: bool,
    ) -> Result<(), ReadsTableError> {
        let Some(cell) = self.columns.cell(record, "no_answer") else { return Ok(()) };
        match cell {
            "unsure" => self.table.unsure += 1,
            "inadequate" => self.table.inadequate += 1,
            other => {
                let reason = format!("`{other}` is neither `unsure` nor `inadequate`");
                return Err(self.columns.wrong(line, "no_answer", reason));
            }
        }
        if blank {
            return Ok(());
        }
        Err(self.columns.wrong(line, "no_answer", "this row has an answer as well"))
    }

    fn read_no(&self, record: &StringRecord, line: u64) -> Result<Option<u64>, ReadsTableError> {
        let Some(cell) = self.columns.cell(record, "read_no") else { return Ok(None) };
        cell.parse::<u64>().map(Some).map_err(|_error| {
            self.columns.wrong(line, "read_no", format!("`{cell}` is not a whole number"))
        })
    }

    /// The number given, or the next one in file order; the same number twice is an error.
    fn numbered(
        &mut self,
        read: &Read,
        given: Option<u64>,
        record: &StringRecord,
        line: u64,
    ) -> Result<u64, ReadsTableError> {
        let key = [read.study, read.reader, read.rule, read.finding];
        let count = self.numbered.entry(key).or_insert(0);
        *count += 1;
        let number = given.unwrap_or(*count);
        if !self.columns.has("read_no") || self.seen.insert((key, number)) {
            return Ok(number);
        }
        let name = |column: &str| self.columns.cell(record, column).unwrap_or("");
        let reason = format!(
            "read {number} of study `{}`, reader `{}`, finding `{}` under this rule occurs twice",
            name("study_id"),
            name("reader_id"),
            name("finding")
        );
        Err(self.columns.wrong(line, "read_no", reason))
    }
}

/// The tags of a cell, several separated by `;`.
pub(super) fn tags(cell: &str) -> Vec<String> {
    let set: BTreeSet<&str> = cell.split(';').map(str::trim).filter(|t| !t.is_empty()).collect();
    set.into_iter().map(str::to_owned).collect()
}
