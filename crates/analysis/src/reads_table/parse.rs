//! From CSV text to rows, with line and column of whatever is wrong.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use csv::StringRecord;

use super::columns::{self, Columns};
use super::{ReadsOptions, ReadsTableError};

/// A place in one of the table's lists of texts.
pub(super) type Place = u32;

/// One read as the table has it; a row with a level becomes one read per rule.
///
/// Names are places in the table's sorted lists, so that comparing places compares names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    pub(super) study: Place,
    pub(super) reader: Place,
    pub(super) rule: Place,
    pub(super) finding: Place,
    /// Category index; `None` when missing.
    pub(super) value: Option<u16>,
    /// Category index of the dataset label.
    pub(super) label: Option<u16>,
    /// Places in [`ReadsTable::texts`].
    pub(super) patient: Option<Place>,
    pub(super) stratum: Option<Place>,
    /// The cell as it stands.
    pub(super) tags: Option<Place>,
    /// Which read of the same study, reader, rule and finding.
    pub(super) number: u64,
    pub(super) seq: Option<f64>,
    pub(super) score: Option<f64>,
}

impl Read {
    /// What a reader may answer once, or several times in order.
    fn key(&self) -> [Place; 4] {
        [self.rule, self.finding, self.study, self.reader]
    }
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
    /// Patients, strata and tag cells by order of appearance.
    pub(super) texts: Vec<Arc<str>>,
    pub(super) rows: u64,
    pub(super) blank_values: u64,
    pub(super) unsure: u64,
    pub(super) inadequate: u64,
    pub(super) columns: Vec<&'static str>,
    pub(super) ignored: Vec<String>,
}

/// Texts by order of appearance.
#[derive(Default)]
pub(super) struct Names {
    at: HashMap<String, Place>,
}

impl Names {
    pub(super) fn place(&mut self, name: &str) -> Place {
        if let Some(place) = self.at.get(name) {
            return *place;
        }
        let next = Place::try_from(self.at.len()).unwrap_or(Place::MAX);
        self.at.insert(name.to_owned(), next);
        next
    }

    fn listed(self) -> Vec<Arc<str>> {
        let mut names: Vec<(Place, String)> = self.at.into_iter().map(|(n, at)| (at, n)).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name.into()).collect()
    }

    /// The names in order, and the new place of each old one.
    fn sorted(self) -> (Vec<String>, Vec<Place>) {
        let mut names: Vec<(String, Place)> = self.at.into_iter().collect();
        names.sort_unstable();
        let mut places = vec![0; names.len()];
        for (place, (_, old)) in (0..).zip(&names) {
            places[*old as usize] = place;
        }
        (names.into_iter().map(|(name, _)| name).collect(), places)
    }
}

const REQUIRED: [&str; 3] = ["study_id", "reader_id", "finding"];
const KNOWN: [&str; 14] = [
    "study_id",
    "reader_id",
    "finding",
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

impl ReadsTable {
    /// Puts the names of studies, readers, rules and findings in order, and points every read at its new places.
    pub(super) fn settle(&mut self, names: [Names; 4], texts: Names) {
        let [studies, readers, rules, findings] = names.map(Names::sorted);
        for read in &mut self.reads {
            read.study = studies.1[read.study as usize];
            read.reader = readers.1[read.reader as usize];
            read.rule = rules.1[read.rule as usize];
            read.finding = findings.1[read.finding as usize];
        }
        self.studies = studies.0;
        self.readers = readers.0;
        self.rules = rules.0;
        self.findings = findings.0;
        self.texts = texts.listed();
    }

    /// Whether the table has a column, be it blank throughout.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains(&column)
    }

    /// Reads a table; blank values are missing reads, unknown columns are listed as ignored.
    pub fn parse(text: &[u8], options: &ReadsOptions) -> Result<Self, ReadsTableError> {
        columns::check_encoding("reads", text)?;
        let mut reader = columns::reader(text);
        let mut columns = Columns::new("reads", &mut reader, &KNOWN)?;
        for column in REQUIRED {
            columns.require(column)?;
        }
        let by_level = columns.has("level") && !(columns.has("rule") && columns.has("value"));
        if by_level {
            columns.ignore("rule");
            columns.ignore("value");
        } else {
            columns.require("rule")?;
            columns.require("value")?;
            columns.ignore("level");
        }
        let mut builder = Builder {
            options,
            by_level,
            names: Default::default(),
            texts: Names::default(),
            lines: Vec::new(),
            table: Self {
                columns: columns.known(),
                ignored: columns.ignored.clone(),
                ..Self::default()
            },
            columns,
        };
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| builder.columns.broken(text, &e))? {
            builder.row(&record, columns::line_of(text, &record))?;
        }
        builder.finished()
    }
}

struct Builder<'o> {
    options: &'o ReadsOptions,
    columns: Columns,
    by_level: bool,
    /// Of studies, readers, rules and findings.
    names: [Names; 4],
    texts: Names,
    /// The line of every read.
    lines: Vec<u64>,
    table: ReadsTable,
}

impl Builder<'_> {
    fn row(&mut self, record: &StringRecord, line: u64) -> Result<(), ReadsTableError> {
        self.columns.check(record, line)?;
        self.table.rows += 1;
        let given = self.read_no(record, line)?;
        let label = self.label(record, line)?;
        let columns = &self.columns;
        let mut text =
            |column: &str| columns.cell(record, column).map(|text| self.texts.place(text));
        let [studies, readers, _, findings] = &mut self.names;
        let read = Read {
            study: studies.place(columns.needed(record, line, "study_id")?),
            reader: readers.place(columns.needed(record, line, "reader_id")?),
            rule: 0,
            finding: findings.place(columns.needed(record, line, "finding")?),
            value: None,
            label,
            patient: text("patient_id"),
            stratum: text("stratum"),
            tags: text("tag"),
            // 0: to be counted; a number given is one more than it is.
            number: given.map_or(0, |number| number.saturating_add(1)),
            seq: columns.number(record, line, "seq")?,
            score: columns.number(record, line, "score")?,
        };
        let blank = self.answers(record, line, &read)?;
        self.table.blank_values += u64::from(blank);
        self.no_answer(record, line, blank)
    }

    /// Adds the read under each rule that the row answers; whether the answer is blank.
    fn answers(
        &mut self,
        record: &StringRecord,
        line: u64,
        read: &Read,
    ) -> Result<bool, ReadsTableError> {
        if !self.by_level {
            let rule = self.columns.needed(record, line, "rule")?;
            let value = self.category(record, line, "value")?;
            let rule = self.names[2].place(rule);
            self.table.reads.push(Read { rule, value, ..read.clone() });
            self.lines.push(line);
            return Ok(value.is_none());
        }
        let level = self.level(record, line)?;
        for (i, rule) in self.options.rules.iter().enumerate() {
            let rule = self.names[2].place(rule);
            let value = level.map(|level| u16::from(level > i));
            self.table.reads.push(Read { rule, value, ..read.clone() });
            self.lines.push(line);
        }
        Ok(level.is_none())
    }

    fn level(&self, record: &StringRecord, line: u64) -> Result<Option<usize>, ReadsTableError> {
        let rules = self.options.rules.len();
        let level = match self.columns.cell(record, "level") {
            None => return Ok(None),
            Some("absent") => 0,
            Some("plausible") => 1,
            Some("reportable") => 2,
            Some(cell) => cell.parse::<usize>().unwrap_or(usize::MAX),
        };
        if level <= rules {
            return Ok(Some(level));
        }
        let cell = self.columns.cell(record, "level").unwrap_or_default();
        let reason = format!("`{cell}` is not a level from 0 to {rules}");
        Err(self.columns.wrong(line, "level", reason))
    }

    fn category(
        &self,
        record: &StringRecord,
        line: u64,
        column: &str,
    ) -> Result<Option<u16>, ReadsTableError> {
        let Some(cell) = self.columns.cell(record, column) else { return Ok(None) };
        let index = cell.parse::<f64>().ok().and_then(|value| self.options.category(value));
        let index = index.and_then(|index| u16::try_from(index).ok());
        index.map(Some).ok_or_else(|| {
            let declared: Vec<String> =
                self.options.categories.iter().map(ToString::to_string).collect();
            let reason = format!("`{cell}` is none of the categories {}", declared.join(", "));
            self.columns.wrong(line, column, reason)
        })
    }

    fn label(&self, record: &StringRecord, line: u64) -> Result<Option<u16>, ReadsTableError> {
        match self.columns.cell(record, "dataset_label") {
            Some("positive") => Ok(u16::try_from(self.options.categories.len() - 1).ok()),
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

    fn finished(self) -> Result<ReadsTable, ReadsTableError> {
        let Self { mut table, columns, lines, .. } = self;
        table.settle(self.names, self.texts);
        match number(&mut table.reads, columns.has("read_no")) {
            None => Ok(table),
            Some(again) => Err(repeated(&table, &columns, again, lines[again])),
        }
    }
}

/// Numbers the reads of each key as given, or in file order; the first read whose number was taken, if any.
pub(super) fn number(reads: &mut [Read], numbered: bool) -> Option<usize> {
    let mut order: Vec<usize> = (0..reads.len()).collect();
    let sorted = reads.is_sorted_by(|a, b| a.key() < b.key());
    if !sorted {
        order.sort_by_key(|at| reads[*at].key());
    }
    let mut again = None;
    let mut start = 0;
    while start < order.len() {
        let key = reads[order[start]].key();
        let same = order[start..].iter().take_while(|at| reads[**at].key() == key).count();
        for (count, at) in (1..).zip(&order[start..start + same]) {
            let given = reads[*at].number.checked_sub(1);
            reads[*at].number = given.unwrap_or(count);
        }
        if numbered && same > 1 {
            let mut taken: Vec<(u64, usize)> =
                order[start..start + same].iter().map(|at| (reads[*at].number, *at)).collect();
            taken.sort_unstable();
            let twice = taken.windows(2).filter(|w| w[0].0 == w[1].0).map(|w| w[1].1);
            again = twice.chain(again).min();
        }
        start += same;
    }
    again
}

fn repeated(table: &ReadsTable, columns: &Columns, at: usize, line: u64) -> ReadsTableError {
    let read = &table.reads[at];
    let reason = format!(
        "read {} of study `{}`, reader `{}`, rule `{}`, finding `{}` occurs twice",
        read.number,
        table.studies[read.study as usize],
        table.readers[read.reader as usize],
        table.rules[read.rule as usize],
        table.findings[read.finding as usize],
    );
    columns.wrong(line, "read_no", reason)
}

/// The tags of a cell, several separated by `;`.
pub(super) fn tags(cell: &str) -> Vec<String> {
    let set: BTreeSet<&str> = cell.split(';').map(str::trim).filter(|t| !t.is_empty()).collect();
    set.into_iter().map(str::to_owned).collect()
}
