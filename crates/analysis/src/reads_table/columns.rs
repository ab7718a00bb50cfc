//! The cells of a CSV table by column name, and complaints that name line and column.

use csv::{ErrorKind, StringRecord};

use super::ReadsTableError;

/// The columns of a table by name, and how to complain about one.
pub(super) struct Columns {
    table: &'static str,
    /// The known columns and their places, in the order of the table.
    at: Vec<(&'static str, usize)>,
    names: Vec<String>,
    /// Columns that nothing here reads.
    pub(super) ignored: Vec<String>,
}

impl Columns {
    /// Reads the header of `reader`; unknown columns are ignored, a known one may stand only once.
    pub(super) fn new(
        table: &'static str,
        reader: &mut csv::Reader<&[u8]>,
        known: &[&'static str],
    ) -> Result<Self, ReadsTableError> {
        let mut out = Self { table, at: Vec::new(), names: Vec::new(), ignored: Vec::new() };
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(out.broken(&[], &error)),
        };
        out.names =
            header.iter().map(|n| n.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        if out.names.iter().all(String::is_empty) {
            return Err(out.wrong(1, "1", "the table is empty; it needs a header"));
        }
        for (i, name) in out.names.clone().into_iter().enumerate() {
            let Some(known) = known.iter().find(|known| **known == name) else {
                out.ignored.push(name);
                continue;
            };
            if out.has(known) {
                return Err(out.wrong(1, &name, "this column occurs twice"));
            }
            out.at.push((known, i));
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
        self.place(column).is_some()
    }

    /// The known columns that the table has.
    pub(super) fn known(&self) -> Vec<&'static str> {
        self.at.iter().map(|(name, _)| *name).collect()
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.at.iter().find(|(name, _)| *name == column).map(|(_, at)| *at)
    }

    /// A column that is there but not used.
    pub(super) fn ignore(&mut self, column: &str) {
        if self.has(column) {
            self.ignored.push(column.to_owned());
        }
    }

    pub(super) fn require(&self, column: &str) -> Result<(), ReadsTableError> {
        if self.has(column) {
            return Ok(());
        }
        let held = |delimiter: char| self.names.iter().any(|name| name.contains(delimiter));
        let delimiter = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];
        let reason = match delimiter.iter().find(|(delimiter, _)| held(*delimiter)) {
            Some((_, name)) => format!(
                "this column is missing; the header is divided by {name}, save the table with commas"
            ),
            None => format!("this column is missing; the table has {}", self.names.join(", ")),
        };
        Err(self.wrong(1, column, reason))
    }

    /// The trimmed cell; `None` when blank or without such a column.
    pub(super) fn cell<'r>(&self, record: &'r StringRecord, column: &str) -> Option<&'r str> {
        let at = self.place(column)?;
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

    /// Whether a row can be a row of this table: as many cells as the header, and nothing in them that no cell may hold.
    pub(super) fn check(&self, record: &StringRecord, line: u64) -> Result<(), ReadsTableError> {
        let (cells, width) = (record.len(), self.names.len());
        if cells != width {
            let reason = format!("{cells} cells where the header has {width}");
            let number = (cells.min(width) + 1).to_string();
            let column = self.names.get(cells).filter(|name| !name.is_empty()).unwrap_or(&number);
            return Err(self.wrong(line, column, reason));
        }
        let all = record.as_slice();
        if !all.contains(['\0', '\n', '\r', '=']) {
            return Ok(());
        }
        for (column, at) in &self.at {
            let cell = record.get(*at).unwrap_or_default();
            let reason = if cell.contains('\0') {
                "holds a NUL byte; this is not a text table"
            } else if cell.contains(['\n', '\r']) {
                "holds a line break: is a quotation mark not closed"
            } else if cell.trim_start().starts_with('=') {
                "starts like a formula; save the values, not the formulas"
            } else {
                continue;
            };
            return Err(self.wrong(line, column, reason));
        }
        Ok(())
    }

    /// What the CSV reader could not read.
    pub(super) fn broken(&self, text: &[u8], error: &csv::Error) -> ReadsTableError {
        let line = error.position().map_or(1, |at| line_at(text, at));
        if let ErrorKind::Utf8 { err, .. } = error.kind() {
            let number = (err.field() + 1).to_string();
            let column = self.names.get(err.field()).unwrap_or(&number);
            return self.wrong(line, column, "is not UTF-8; save the table as CSV in UTF-8");
        }
        self.wrong(line, "1", error.to_string())
    }
}

/// The line on which a row of the text begins.
pub(super) fn line_of(text: &[u8], record: &StringRecord) -> u64 {
    record.position().map_or(0, |at| line_at(text, at))
}

fn line_at(text: &[u8], at: &csv::Position) -> u64 {
    overread_core::lines::line_of_row(text, at.byte(), at.line())
}

/// A reader of CSV whose rows may differ in length, so that the wrong one can be named.
pub(super) fn reader(text: &[u8]) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().flexible(true).from_reader(text)
}

/// Text of two bytes a character begins with one of these.
pub(super) fn check_encoding(table: &'static str, text: &[u8]) -> Result<(), ReadsTableError> {
    if text.starts_with(&[0xFF, 0xFE]) || text.starts_with(&[0xFE, 0xFF]) {
        let reason = "is UTF-16; save the table as CSV in UTF-8".to_owned();
        return Err(ReadsTableError::Table { table, line: 1, column: "1".to_owned(), reason });
    }
    Ok(())
}
